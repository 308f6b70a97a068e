"""The report that a manager reads: one HTML page without scripts, in two languages."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from connectors.kit.row import Verdict, Words
from connectors.kit.suite import Report

VERDICTS: Mapping[Verdict, Words] = {
    Verdict.PASS: Words("Lulus", "Pass"),
    Verdict.FAIL: Words("Gagal", "Fail"),
    Verdict.NOT_SUPPORTED: Words("Tidak didukung", "Not supported"),
    Verdict.NOT_TRIED: Words("Tidak diuji", "Not tried"),
}
LEVELS: Mapping[int, Words] = {
    0: Words("hanya surat elektronik", "mail only"),
    1: Words(
        "aduan diteruskan, nomor kembali", "complaints go out, a number comes back"
    ),
    2: Words("status kembali", "status comes back"),
    3: Words("aduan lahir di instansi", "complaints begin at the agency"),
}


def html(report: Report) -> str:
    """Write the page; everything in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2")
    return page.render(
        report=report,
        verdicts=VERDICTS,
        levels=LEVELS,
        PASS=Verdict.PASS,
        FAIL=Verdict.FAIL,
    )
