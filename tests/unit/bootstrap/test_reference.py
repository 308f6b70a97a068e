"""Reference data comes with the project and from the deployment's own folder."""

from pathlib import Path

import pytest

from connectors import registry
from hub.bootstrap.reference import load_reference, load_routing
from hub.domain.routing_check import check
from hub.settings import Settings
from tests.unit.domain.reference import TODAY

NAMED = {
    "32": "Jawa Barat",
    "32.76": "Kota Depok, Jawa Barat",
    "32.76.01": "Pancoran Mas, Kota Depok, Jawa Barat",
}


def settings(folder: Path, *, examples: bool = True, own: bool = False) -> Settings:
    return Settings(
        data_dir=folder,
        with_examples=examples,
        agencies_dir=folder if own else None,
    )


@pytest.mark.parametrize("code", NAMED)
def test_regions_have_the_names_of_kemendagri(tmp_path: Path, code: str) -> None:
    regions = load_reference(settings(tmp_path)).regions

    assert regions.scheme == "kemendagri"
    assert regions.name(code) == NAMED[code]
    assert not regions.lacks(code)


@pytest.mark.parametrize("code", ["99", "32.99", "32.76.99.9999"])
def test_a_code_that_is_no_region_is_told_apart(tmp_path: Path, code: str) -> None:
    assert load_reference(settings(tmp_path)).regions.lacks(code)


def test_the_rules_of_the_samples_can_do_what_they_say(tmp_path: Path) -> None:
    found = load_reference(settings(tmp_path))
    table = load_routing(settings(tmp_path))

    assert check(table, found.tree.agencies, found, TODAY) == []
    assert found.tree.lacks() == []


def test_every_code_that_the_region_writes_about_is_a_category(tmp_path: Path) -> None:
    categories = load_reference(settings(tmp_path)).categories
    table = load_routing(settings(tmp_path))

    codes = {code for rule in table.rules for code in rule.category}
    assert {code for code in codes if categories.entry(code) is None} == set()
    roots = [one for one in categories.all if not one.parent]
    assert len(roots) >= 29
    assert len(categories.within("kesehatan")) == 10


def test_a_deployment_has_its_own_categories_and_rules(tmp_path: Path) -> None:
    (tmp_path / "routing.toml").write_text('zone = "Asia/Jayapura"\n')
    text = '[[categories]]\ncode = "baru"\nname = { id = "Baru", en = "New" }\n'
    (tmp_path / "categories.toml").write_text(text)
    given = settings(tmp_path, own=True)

    table = load_routing(given)
    found = load_reference(given, table.zone)

    assert (table.rules, found.zone) == ((), "Asia/Jayapura")
    assert found.categories.name("baru", "en") == "New"
    assert found.categories.entry("agama") is not None


def test_without_a_folder_there_are_no_rules_and_no_agencies(tmp_path: Path) -> None:
    given = settings(tmp_path, examples=False)

    assert load_routing(given).rules == ()
    assert load_reference(given).tree.agencies == {}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(registry.ConfigError, match="no such directory"):
        load_reference(settings(tmp_path / "gone", own=True))
