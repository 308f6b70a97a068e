"""An error is logged by class and place, never by its text."""

import json

import pytest

from hub import telemetry


def fail() -> None:
    msg = "kontak budi@warga.example tidak ditemukan"
    raise LookupError(msg)


def test_an_error_shows_where_it_happened_and_not_what_it_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    telemetry.configure_logging("json", "INFO")
    try:
        fail()
    except LookupError as error:
        telemetry.log.error("it_failed", error=error)

    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert line["error.type"] == "LookupError"
    assert line["error.at"][-1].startswith("test_errors.py:")
    assert "budi" not in json.dumps(line)
