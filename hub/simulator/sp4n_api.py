"""The REST API of the simulated SP4N-LAPOR!, third generation, quirks included."""

import email
import email.policy
import re
from collections.abc import Mapping
from typing import Any

from hub.simulator.cases import UnknownCase
from hub.simulator.misbehaviour import Answer
from hub.simulator.server import RecordedRequest
from hub.simulator.sp4n_book import INSTITUTIONS, Sp4nBook, Sp4nCase, local

UPLOAD = "/complaints/complaint/file"
CREATE = "/complaints/complaint-lmw"
FOLLOW_UP = "/complaints/followup/add"
LIST = "/complaints"
MASTERS = "/masters/institutions/external"
TEMPLATES = "/masters/templates"
ONE = re.compile(r"/complaints/(?P<nomor>\d+)/(?P<what>complaint|followups)")
REJECT = re.compile(r"/complaints/process/(?P<nomor>\d+)/reject")
REQUIRED = ("title", "content", "channel", "user_id", "classification_id")
NAMED = re.compile(r"\[(\d+(,\d+)*)\]\.")
"""How the files of a complaint are named: a list as text, with a dot behind it."""
NOT_HERE = Answer.of(404, {"message": "tidak ditemukan"})


class Sp4nApi:
    """Answers requests out of the book, and files what they bring."""

    def __init__(self, book: Sp4nBook, token: str, app_token: str) -> None:
        self._book = book
        self._token = token
        self._app_token = app_token

    def answer(self, request: RecordedRequest) -> Answer:
        """Do what the request asks for; both headers are needed."""
        known = request.headers.get("token") == self._app_token
        if not (known and request.bears(self._token)):
            return Answer.of(401, {"message": "token tidak dikenal"})
        try:
            return self._get(request) if request.method == "GET" else self._do(request)
        except UnknownCase:
            return NOT_HERE
        except ValueError:
            return _refused("permintaan tidak dapat dibaca")

    def _get(self, request: RecordedRequest) -> Answer:
        if match := ONE.fullmatch(request.path):
            case = self._book.case(match["nomor"])
            if match["what"] == "followups":
                return _results({"data": list(case.followups)})
            return _results({"data": _status(case), "data_logs": list(case.logs)})
        if request.path == LIST:
            return self._list(request.query)
        if request.path == MASTERS:
            data = [{"id": n, "name": name} for n, name in INSTITUTIONS.items()]
            return _results({"data": data})
        if request.path == TEMPLATES:
            return _results({"data": [{"code": "tindak_lanjut"}]})
        return NOT_HERE

    def _list(self, query: Mapping[str, str]) -> Answer:
        page, size = int(query.get("page", 1)), int(query.get("page_size", 100))
        found = self._book.listed(
            int(query.get("disposition_id", 0)), query.get("updated_from", "")
        )
        rows = [_row(case) for case in found[(page - 1) * size : page * size]]
        return _results({"data": rows})

    def _do(self, request: RecordedRequest) -> Answer:
        if request.path == UPLOAD:
            return self._upload(request)
        if request.path == CREATE:
            return self._create(request.json())
        if request.path == FOLLOW_UP:
            return self._follow_up(request)
        if match := REJECT.fullmatch(request.path):
            self._book.request(match["nomor"], request.json())
            return _results({"message": "permintaan diterima"})
        return NOT_HERE

    def _upload(self, request: RecordedRequest) -> Answer:
        found: dict[str, list[dict[str, int]]] = {"images": [], "docs": []}
        parts = _parts(request)
        if not parts:
            return _refused("attachments[] wajib diisi")
        for name, file_name, kind, content in parts:
            if name != "attachments[]":
                return _refused("attachments[] wajib diisi")
            number = self._book.keep(file_name, content)
            place = "images" if kind.startswith("image/") else "docs"
            found[place].append({"id": number})
        return _results(found)

    def _create(self, body: Any) -> Answer:
        missing = [name for name in REQUIRED if body.get(name) in (None, "")]
        if missing:
            return _refused(f"wajib diisi: {', '.join(missing)}")
        named = body.get("attachments")
        if named is not False:
            match = NAMED.fullmatch(str(named))
            if match is None:
                return _refused("attachments tidak dapat dibaca")
            ids = [int(one) for one in match[1].split(",")]
            if strange := [one for one in ids if one not in self._book.files]:
                return _refused(f"berkas tidak dikenal: {strange}")
        case = self._book.open(body, filed=True)
        return _results({"complaint_id": case.nomor})

    def _follow_up(self, request: RecordedRequest) -> Answer:
        fields: dict[str, str] = {}
        for name, file_name, _, content in _parts(request):
            if file_name:
                self._book.keep(file_name, content)
            else:
                fields[name] = content.decode()
        if not (fields.get("content") and fields.get("template_code")):
            return _refused("content dan template_code wajib diisi")
        nomor = fields.pop("complaint_id", "")
        self._book.follow_up(nomor, fields)
        return _results({"message": "berhasil"})


def _results(value: Mapping[str, Any]) -> Answer:
    return Answer.of(200, {"results": value})


def _status(case: Sp4nCase) -> dict[str, Any]:
    return {
        "id": case.nomor,
        "status_code": case.status,
        "status_name": case.word,
        "disposition_id": case.disposition_id,
        "disposition_name": INSTITUTIONS.get(case.disposition_id, ""),
        "updated_at": local(case.updated_at),
    }


def _row(case: Sp4nCase) -> dict[str, Any]:
    shown = ("title", "content", "classification_id", "category_id", "location_id")
    flags = ("is_anonymous", "is_secret", "tags_raw")
    return {
        **_status(case),
        **{name: case.body.get(name) for name in (*shown, *flags)},
        "created_at": local(case.created_at),
    }


def _parts(request: RecordedRequest) -> list[tuple[str, str, str, bytes]]:
    """Read a form in parts: (name, file name, media type, content) each; or none."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return []
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=email.policy.HTTP)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", "", header="content-disposition")
        content = part.get_payload(decode=True)
        found.append(
            (
                str(name),
                part.get_filename() or "",
                part.get_content_type(),
                content if isinstance(content, bytes) else b"",
            )
        )
    return found


def _refused(why: str) -> Answer:
    return Answer.of(422, {"message": why})
