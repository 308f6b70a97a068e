"""What is wrong with a deployment's files is named at start, and stops nothing."""

from datetime import UTC, datetime
from pathlib import Path

import structlog

from hub.bootstrap.configuration import load_configuration, name_what_is_wrong
from hub.settings import Settings
from tests.unit.connectors.rest.test_registry import ENVIRON, MANIFEST, write

RULES = """
[[rules]]
id = "all"
why = "Everything."
main = ["rsud"]
examples = [{ text = "Obat habis" }]

[[rules]]
id = "never"
why = "Too far behind."
region = ["99"]
category = ["puisi"]
main = ["rsud"]
"""
NOW = datetime(2026, 11, 24, 5, tzinfo=UTC)


def test_rules_and_agencies_that_are_wrong_are_logged_by_name(tmp_path: Path) -> None:
    write(tmp_path, MANIFEST.replace('title = "', 'parent = "gone"\ntitle = "'))
    (tmp_path / "routing.toml").write_text(RULES)
    settings = Settings(data_dir=tmp_path, agencies_dir=tmp_path)

    config = load_configuration(settings, ENVIRON)
    with structlog.testing.capture_logs() as lines:
        name_what_is_wrong(config, NOW)

    assert [(line["event"], line.get("what", "")) for line in lines] == [
        ("routing_is_wrong", "unknown_category"),
        ("routing_is_wrong", "unknown_region"),
        ("routing_is_wrong", "shadowed"),
        ("agencies_are_wrong", ""),
    ]
    assert {line.get("place") for line in lines} == {"never", None}
