"""Routing tables and channels are built from configuration, or refused."""

from pathlib import Path
from typing import Any

import pytest

from connectors import registry
from connectors.registry import ConfigError

RULE = '[[rules]]\nid = "{id}"\nwhy = "because"\nmain = ["{main}"]\n'


def routing(folder: Path, text: str) -> Path:
    path = folder / "routing.toml"
    path.write_text(text, "utf-8")
    return path


def test_rules_keep_their_order(tmp_path: Path) -> None:
    text = RULE.format(id="b", main="rsud") + RULE.format(id="aa", main="rsud")
    path = routing(tmp_path, text.replace('"b"', '"bb"'))

    assert [rule.id for rule in registry.load_routing(path).rules] == ["bb", "aa"]


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    path = routing(tmp_path, RULE.format(id="aa", main="rsud") * 2)

    with pytest.raises(ConfigError, match="rules: ids used twice: aa"):
        registry.load_routing(path)


def test_a_fault_in_a_rule_is_named_with_its_number(tmp_path: Path) -> None:
    path = routing(tmp_path, RULE.format(id="aa", main="rsud") + "mian = []\n")

    with pytest.raises(ConfigError, match=r"rules\.0\.mian: Extra inputs"):
        registry.load_routing(path)


def test_a_rule_for_an_agency_that_is_not_loaded_is_refused(tmp_path: Path) -> None:
    table = registry.load_routing(routing(tmp_path, RULE.format(id="aa", main="x")))

    with pytest.raises(ConfigError, match=r"rule 'aa' names 'x'.*loaded: rsud"):
        registry.check_routing(table, {"rsud": None})


def test_a_channel_that_does_not_exist_is_refused_with_the_legal_list() -> None:
    with pytest.raises(ConfigError, match="legal: email, sms, web"):
        registry.channel("fax", {}, {})


def test_a_channel_gets_its_table_with_secrets_resolved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "a_channel_of_the_tests.py"
    module.write_text(
        "class Fax:\n"
        "    @classmethod\n"
        "    def from_config(cls, config):\n"
        "        if 'bad' in config:\n"
        "            raise ValueError('nobody wants this')\n"
        "        made = cls()\n"
        "        made.config = config\n"
        "        return made\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    channels = {"fax": "a_channel_of_the_tests:Fax"}
    monkeypatch.setattr(registry, "CHANNELS", channels)

    made: Any = registry.channel("fax", {"secret": "env:S"}, {"S": "1"})

    assert made.config == {"secret": "1"}
    with pytest.raises(ConfigError, match=r"channels\.fax: secret: .* S is not set"):
        registry.channel("fax", {"secret": "env:S"}, {})
    with pytest.raises(ConfigError, match=r"channels\.fax: nobody wants this"):
        registry.channel("fax", {"bad": 1}, {})


@pytest.mark.parametrize("place", [*registry.SYSTEMS.values()])
def test_every_system_that_is_named_exists(place: str) -> None:
    assert callable(registry._load(place).from_manifest)


@pytest.mark.parametrize("place", [*registry.CHANNELS.values()])
def test_every_channel_that_is_named_exists(place: str) -> None:
    assert callable(registry._load(place).from_config)


def test_a_zone_that_there_is_not_is_refused(tmp_path: Path) -> None:
    path = routing(tmp_path, 'zone = "Asia/Atlantis"\n')

    with pytest.raises(ConfigError, match="zone: no time zone 'Asia/Atlantis'"):
        registry.load_routing(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("valid_from = 2026-02-01\nvalid_until = 2026-01-31", "lies before"),
        ('examples = [{ text = "a", region = "Depok" }]', r"rules\.0\.examples\.0"),
    ],
)
def test_days_and_examples_that_cannot_be_are_refused(
    tmp_path: Path, line: str, told: str
) -> None:
    path = routing(tmp_path, RULE.format(id="aa", main="rsud") + line)

    with pytest.raises(ConfigError, match=told):
        registry.load_routing(path)


CATEGORY = '[[categories]]\ncode = "{code}"\nname = {{ id = "{id}", en = "{id}" }}\n'


def categories(folder: Path, text: str) -> Path:
    path = folder / "categories.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_deployment_changes_and_adds_single_categories(tmp_path: Path) -> None:
    ended = CATEGORY.format(code="agama", id="Agama") + "valid_until = 2026-01-31\n"
    path = categories(tmp_path, ended + CATEGORY.format(code="baru", id="Baru"))

    own = {
        c.code: c for c in registry.load_categories([registry.CATEGORIES]).categories
    }
    table = registry.load_categories([registry.CATEGORIES, path])
    found = {one.code: one for one in table.categories}

    assert str(found["agama"].valid_until) == "2026-01-31"
    assert found.keys() - own.keys() == {"baru"}
    assert found["kesehatan"] == own["kesehatan"]


def test_categories_of_another_scheme_are_refused(tmp_path: Path) -> None:
    path = categories(tmp_path, 'scheme = "jaki"\n')

    with pytest.raises(ConfigError, match="scheme: must be 'sp4n'"):
        registry.load_categories([registry.CATEGORIES, path])


def test_a_category_below_none_is_refused(tmp_path: Path) -> None:
    text = CATEGORY.format(code="aa.bb", id="B") + 'parent = "aa"\n'

    with pytest.raises(ConfigError, match="not of the first level"):
        registry.load_categories([categories(tmp_path, text)])
