"""What a platform's manifest may say, and what is found wrong at load."""

from pathlib import Path

import pytest

from connectors import registry
from connectors.registry import ConfigError
from hub.bootstrap.reference import load_reference
from hub.settings import Settings
from tests.unit.connectors.sp4n.conftest import MANIFEST

ENVIRON = {
    "SIMPUL_SP4N_URL": "http://127.0.0.1:9",
    "SIMPUL_SP4N_TOKEN": "t0ken",
    "SIMPUL_SP4N_APP_TOKEN": "t0ken",
}


def load(folder: Path, *changes: tuple[str, str]) -> None:
    text = MANIFEST.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "sp4n_lapor" / "agency.toml"
    path.parent.mkdir()
    path.write_text(text)
    registry.load_agency(path, ENVIRON)


def test_the_sample_may_mirror(tmp_path: Path) -> None:
    load(tmp_path, ('kind = "upstream"', 'kind = "upstream"\nmirror = true'))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (('kind = "upstream"', 'kind = "agency"'), "statuses.1: unknown"),
        (('"2" = "verified" ', '"2" = "work_started" '), "statuses.2: unknown"),
        (('    "confidential", ', "    "), "'confidential' is needed"),
        (("[settings.events]", "[settings.events]\nnews = { template = 'x' }"), "news"),
        (("complaint = 1", "praise = 1"), "classifications"),
        (("institution_id = 5201", "institution_id = 0"), "institution_id"),
    ],
)
def test_what_does_not_fit_is_named(
    tmp_path: Path, change: tuple[str, str], why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        load(tmp_path, change)


def test_only_a_platform_mirrors_and_only_with_the_flag_of_secrecy(
    tmp_path: Path,
) -> None:
    with pytest.raises(ConfigError, match="mirror is for kind"):
        load(tmp_path, ('kind = "upstream"', "mirror = true"))
    (tmp_path / "more").mkdir()
    with pytest.raises(ConfigError, match="mirror needs `confidential`"):
        load(
            tmp_path / "more",
            ('kind = "upstream"', 'kind = "upstream"\nmirror = true'),
            ('    "confidential", ', "    "),
        )


def test_a_platform_is_no_place_to_route_to(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, with_examples=True)
    assert "sp4n_lapor" not in load_reference(settings).tree.agencies
