"""Every mistake at once, each with its line and what to do."""

import json
from pathlib import Path

import pytest

from connectors import registry
from connectors.contract import System
from connectors.kit.checking import STAND_IN_SECRET, Found, check
from schemas.agency import AgencyManifest

ENVIRON = {
    "SIMPUL_PUPR_URL": "https://pupr.example",
    "SIMPUL_PUPR_TOKEN": "a-token",
    "SIMPUL_PUPR_WEBHOOK_SECRET": STAND_IN_SECRET,
}
GOOD = (registry.SAMPLES / "dinas_pupr" / "agency.toml").read_text()


def build(manifest: AgencyManifest) -> System:
    return registry.system_maker(manifest.system)(manifest)


def checked(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> Found:
    path = tmp_path / "dinas_pupr" / "agency.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    given = ENVIRON if environ is None else environ
    return check(path, kinds=registry.SYSTEMS, build=build, environ=given)


def test_a_good_file_has_no_mistake(tmp_path: Path) -> None:
    found = checked(tmp_path, GOOD)

    assert found.findings == []
    assert found.system is not None


def test_mistakes_of_all_kinds_come_at_once_with_their_lines(tmp_path: Path) -> None:
    text = (
        GOOD.replace('"landmark",', '"landmrk",', 1)
        .replace('"resolved"', '"resolvd"')
        .replace("concurrency", "concurency")
        .replace('path = "/api/laporan"\nkey', 'pat = "/api/laporan"\nkey')
    )
    lines = text.split("\n")
    found = checked(tmp_path, text, {})

    rows = {finding.key: finding for finding in found.findings}
    expected = {
        "allow": "'landmark'",
        "limits.concurency": "'concurrency'",
        "statuses.Selesai": "'resolved'",
        "settings.base_url": "SIMPUL_PUPR_URL",
        "settings.auth.token": "SIMPUL_PUPR_TOKEN",
        "settings.webhook.secret": "SIMPUL_PUPR_WEBHOOK_SECRET",
        "settings.submit.pat": "'path'",
    }
    assert all(words in rows[key].why for key, words in expected.items())
    for key, row in rows.items():
        if key in expected and key != "settings.submit.path":
            last = key.rpartition(".")[2]
            assert last in lines[row.line - 1] or key.startswith("settings.auth")


def test_what_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, 'name = "x"\ntitle = \n').findings

    assert finding.line == 2


def test_no_mistake_shows_a_secret(tmp_path: Path) -> None:
    environ = {**ENVIRON, "SIMPUL_PUPR_WEBHOOK_SECRET": "not-a-webhook-secret"}
    found = checked(tmp_path, GOOD, environ)

    assert [finding.key for finding in found.findings] == ["settings.webhook.secret"]
    assert "not-a-webhook-secret" not in str(found.findings)


def test_what_a_scaffold_leaves_open_is_named(tmp_path: Path) -> None:
    found = checked(tmp_path, GOOD.replace('"=simpul"', '"=ISI"'))

    assert [finding.key for finding in found.findings] == [
        "settings.submit.fields.sumber"
    ]


@pytest.mark.parametrize(
    ("case", "count"),
    [
        ({"complaint": {"title": "a"}, "expected": {"judul": "b"}}, 3),
        (
            {
                "complaint": {"title": "a"},
                "expected": {"judul": "a", "sumber": "simpul", "kunci": "golden"},
            },
            0,
        ),
        (
            {
                "update": {"items": [{"nomor": "1", "status": "Selesai", "urutan": 3}]},
                "expected": [{"reference": "1", "event_type": "resolved"}],
            },
            0,
        ),
        (
            {
                "update": {"items": [{"nomor": "1", "status": "Selesai", "urutan": 3}]},
                "expected": [{"reference": "1", "event_type": "work_started"}],
            },
            1,
        ),
        ({"update": {"items": []}}, 1),
        ([], 1),
    ],
)
def test_golden_cases_are_compared(tmp_path: Path, case: object, count: int) -> None:
    checked(tmp_path, GOOD)
    folder = tmp_path / "dinas_pupr" / "golden"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(case))

    assert len(checked(tmp_path, GOOD).findings) == count
