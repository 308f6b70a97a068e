"""What the README of the system says is what it does."""

import re
from pathlib import Path

from connectors import registry
from connectors.systems import open311
from connectors.systems.open311.settings import Open311Settings
from connectors.systems.open311.statuses import EVENTS

README = (Path(open311.__file__).parent / "README.md").read_text()


def test_the_example_loads(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    file = tmp_path / "perumda_contoh" / "agency.toml"
    file.parent.mkdir()
    file.write_text(example)

    agency = registry.load_agency(file, {"SIMPUL_CONTOH_KEY": "k3y"})

    can = agency.system.capabilities
    assert (can.honours_key, can.finds, can.sends) == (True, True, True)
    assert (can.files, can.polls, can.snapshots) == ("link", "cases", "cases")
    assert len([line for line in example.splitlines() if line.strip()]) <= 25


def test_every_setting_is_described_and_no_other() -> None:
    section = README.partition("## Settings")[2].partition("## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE)

    assert [name for name, _ in rows] == list(Open311Settings.model_fields)
    for name, said in rows:
        if (words := said.strip(" `")) and words != "none":
            default = Open311Settings.model_fields[name].get_default()
            assert str(default).casefold() == words


def test_every_status_is_described() -> None:
    section = README.partition("## Statuses")[2].partition("## ")[0]
    rows = re.findall(r"^\| ([a-z_, ]+) \| `(\w+)` \|$", section, re.MULTILINE)

    said = {word: event for words, event in rows for word in words.split(", ")}
    assert said == {str(word): event for word, event in EVENTS.items()}
