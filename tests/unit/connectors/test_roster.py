"""One agency's mistake is its own: it is named, and all others are loaded."""

from pathlib import Path

import pytest

from connectors import registry
from connectors.registry import ConfigError, mapping_version
from connectors.roster import Lack, Version, older_agency, read_roster
from hub.bootstrap.switching import merged
from schemas.agency import RoutingTable
from tests.unit.connectors.rest.test_registry import ENVIRON, MANIFEST, write

OTHER = MANIFEST.replace("RSUD Sukamaju", "RSUD Kedua")


def version(text: str, *, applied: bool = True, live: bool = True) -> Version:
    content = text.encode()
    return Version("rsud", 1, mapping_version(content), content, live, applied)


def test_a_file_that_is_no_toml_is_named_and_its_neighbour_loaded(
    tmp_path: Path,
) -> None:
    write(tmp_path)
    broken = write(tmp_path, "this is [not toml", "dinkes")

    roster = read_roster([tmp_path], ENVIRON)

    assert list(roster.agencies) == ["rsud"]
    assert str(broken) in roster.failures["dinkes"].why
    assert roster.failures["dinkes"].lack is Lack.MISCONFIGURED
    assert roster.manifests["dinkes"].title == "dinkes"
    assert list(roster.held_back) == ["dinkes"]


def test_a_secret_that_is_missing_leaves_the_agency_in_the_tree(tmp_path: Path) -> None:
    write(tmp_path)

    roster = read_roster([tmp_path], {})

    assert roster.agencies == {}
    assert "RSUD_URL is not set" in roster.failures["rsud"].why
    assert roster.manifests["rsud"].title == "RSUD Sukamaju"
    registry.check_routing(RoutingTable(), roster.manifests)


def test_a_sample_without_its_variables_is_not_set_up() -> None:
    roster = read_roster([registry.SAMPLES], {})

    assert {one.lack for one in roster.failures.values()} == {Lack.NOT_SET_UP}


def test_a_system_that_fails_in_its_own_way_is_named_by_the_error_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.setattr(registry, "system_class", lambda _: None)

    failure = read_roster([tmp_path], ENVIRON).failures["rsud"]

    assert failure.why.endswith("its system failed with AttributeError")


def test_a_version_that_was_applied_runs_whatever_the_file_says(tmp_path: Path) -> None:
    write(tmp_path, "this is [not toml")

    roster = read_roster([tmp_path], ENVIRON, [version(OTHER)])

    assert roster.manifests["rsud"].title == "RSUD Kedua"
    assert roster.failures == {}
    assert roster.not_applied["rsud"].startswith("version 1 runs; its file is wrong: ")


def test_a_version_on_trial_is_loaded_and_held_back(tmp_path: Path) -> None:
    write(tmp_path)

    roster = read_roster([tmp_path], ENVIRON, [version(MANIFEST, live=False)])

    assert list(roster.agencies) == ["rsud"]
    assert roster.held_back == {"rsud": "on trial: not live yet"}


def test_a_broken_file_keeps_the_words_of_the_last_that_ran(tmp_path: Path) -> None:
    write(tmp_path, "this is [not toml")

    roster = read_roster([tmp_path], ENVIRON, [version(OTHER, applied=False)])

    assert list(roster.failures) == ["rsud"]
    assert roster.manifests["rsud"].title == "RSUD Kedua"


def test_an_older_version_has_its_words_and_the_address_of_today(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, MANIFEST.replace("env:RSUD_URL", "http://127.0.0.1:1"))
    today = registry.load_agency(file, ENVIRON).extra["manifest"]

    old = older_agency(file, version(OTHER), today, ENVIRON)

    assert old.extra["manifest"].title == "RSUD Kedua"
    assert old.extra["manifest"].settings["base_url"] == "http://127.0.0.1:1"
    assert old.mapping_version == mapping_version(OTHER.encode())


def test_an_older_version_without_its_secret_is_a_config_error(tmp_path: Path) -> None:
    file = write(tmp_path)
    today = registry.load_agency(file, ENVIRON).extra["manifest"]

    with pytest.raises(ConfigError, match="is not set"):
        older_agency(file, version(OTHER), today, {})


def test_what_was_not_applied_stays_as_it_was_begun(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, MANIFEST.replace('"rsud"', '"dinkes"'), "dinkes")
    before = read_roster([tmp_path], ENVIRON)
    write(tmp_path, "this is [not toml", "dinkes")

    found = read_roster([tmp_path], ENVIRON, [version(OTHER)])
    after = merged(before, found, ["rsud"])

    assert after.agencies["dinkes"] is before.agencies["dinkes"]
    assert after.agencies["rsud"] is found.agencies["rsud"]
    assert after.failures == {}


def test_an_agency_whose_text_is_the_same_keeps_its_connections(tmp_path: Path) -> None:
    write(tmp_path)
    before = read_roster([tmp_path], ENVIRON)

    found = read_roster([tmp_path], ENVIRON, [version(MANIFEST)])

    assert merged(before, found, ["rsud"]).agencies == before.agencies
