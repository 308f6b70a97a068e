"""A city's own desk in PHP, as many were: forms, a key in the address, 200 always.

Invented, of habits that are common: errors come with status 200, the id of a case is
text with a slash, times are local and begin with the day, a status is a code.
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.foreign.serving import Answer, Product, Request, Route

KEY = "kunci-kota-uji"
STATUSES = {"A": "diterima", "B": "disposisi", "C": "dikerjakan", "D": "selesai"}
PER_PAGE = 5


class Kota(Product):
    """Takes complaints by form."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: dict[str, dict[str, Any]] = {}

    def admits(self, request: Request) -> Answer | None:
        """A key in the query; a wrong one gets the page to log in."""
        if request.query.get("apikey") == KEY:
            return None
        page = b"<html><body><form action='login.php'>Masuk</form></body></html>"
        return Answer(200, page, {"Content-Type": "text/html"})

    def routes(self) -> list[Route]:
        """Two scripts."""
        return [
            ("POST", r"/index\.php/api/pengaduan", self._create),
            ("POST", r"/index\.php/api/catatan", self._note),
            ("GET", r"/index\.php/api/perubahan", self._changes),
            ("GET", r"/index\.php/api/cari", self._find),
        ]

    def say(self, number: str, code: str, note: str = "") -> None:
        """Let an officer change a case."""
        with self.lock:
            change = {"nomor": number, "kode_status": code, "waktu": _now()}
            self.cases[number]["log"].append({**change, "keterangan": note})

    def _create(self, request: Request) -> Answer:
        given = request.form()
        if not given.get("isi"):
            return Answer.of({"sukses": False, "pesan": "isi wajib diisi", "kode": 12})
        number = f"{len(self.cases) + 1:04d}/PGD/2026"
        first = {"nomor": number, "kode_status": "A", "waktu": _now(), "keterangan": ""}
        self.cases[number] = {**given, "log": [first], "catatan": []}
        return Answer.of({"sukses": True, "data": {"nomor_pengaduan": number}})

    def _note(self, request: Request) -> Answer:
        given = request.form()
        if given.get("nomor") not in self.cases:
            return Answer.of({"sukses": False, "pesan": "tidak ada", "kode": 40})
        self.cases[given["nomor"]]["catatan"].append(given.get("isi", ""))
        return Answer.of({"sukses": True})

    def _changes(self, request: Request) -> Answer:
        rows = [row for case in self.cases.values() for row in case["log"]]
        page = int(request.query.get("hal", 1))
        found = rows[(page - 1) * PER_PAGE : page * PER_PAGE]
        return Answer.of({"sukses": True, "hal": page, "data": found})

    def _find(self, request: Request) -> Answer:
        mark = request.query.get("rujukan", "")
        found = [n for n, case in self.cases.items() if case.get("rujukan") == mark]
        return Answer.of({"sukses": True, "data": [{"nomor": n} for n in found]})


def _now() -> str:
    return (
        datetime.now(UTC)
        .astimezone(ZoneInfo("Asia/Makassar"))
        .strftime("%d/%m/%Y %H:%M:%S")
    )
