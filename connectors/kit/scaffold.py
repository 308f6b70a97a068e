"""The first file of an agency, with comments that say what to fill in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SCHEMA = "agency.schema.json"
"""The schema for editors, beside the file; relative, so that it needs no network."""
SYSTEMS = ("rest", "open311", "email")
"""Kinds of system that a scaffold is written for; others have a sample to copy."""

FIELDS: Mapping[str, str] = {
    "nomor_publik": "public_number",
    "judul": "title",
    "isi": "body",
    "kategori": "category.code",
    "wilayah": "region.code",
    "lokasi.alamat": "place_text",
    "lokasi.lintang": "latitude",
    "lokasi.bujur": "longitude",
    "kanal": "channel",
    "rahasia": "confidential",
    "diterima_pada": "received_at",
}
"""Field map that a file begins with: their field -> ours."""


@dataclass(frozen=True)
class RestApi:
    """What is known of a JSON API."""

    base_url: str = ""
    path: str = "/api/laporan"
    fields: Mapping[str, str] = field(default_factory=lambda: dict(FIELDS))
    required: Sequence[str] = ()
    """Their fields that must be there and for which we have found none of ours."""
    reference: str = "data.nomor"
    key_field: str = "kunci"
    """Their field that takes our key; none where it is empty."""
    notes: Sequence[str] = ()
    """What was found and could not be written down."""


@dataclass(frozen=True)
class Open311Server:
    """What is known of an Open311 server."""

    base_url: str = ""
    services: Sequence[tuple[str, str]] = ()
    """Code and name of each of its services."""
    required: Mapping[str, str] = field(default_factory=dict)
    """Required attribute of the first service -> its description."""
    jurisdiction_id: str = ""


def rest(name: str, title: str, api: RestApi) -> str:
    """Write agency.toml for a JSON API."""
    prefix = f"SIMPUL_{name.upper()}"
    tops = {source.partition(".")[0] for source in api.fields.values()}
    exact = [f for f in api.fields.values() if f.startswith("reporter.")]
    allow = sorted({top for top in tops if top not in ("reporter", "")} | set(exact))
    rows = [f"{_text(their)} = {_text(ours)}" for their, ours in api.fields.items()]
    rows += [
        f'{_text(their)} = "=ISI"  # required there: a field of ours, or =constant'
        for their in api.required
    ]
    address = f"# The API's description says {api.base_url}\n" if api.base_url else ""
    notes = "".join(f"# {note}\n" for note in api.notes)
    key = f"key_field = {_text(api.key_field)}\n" if api.key_field else ""
    return f"""\
{_head(name, title, "rest", allow)}
# How much the agency's system bears: ask the people who run it.
[limits]
rate_per_second = 5
concurrency = 2
deadline_seconds = 10

{_STATUSES}
[settings]
{address}base_url = "env:{prefix}_URL"
auth = {{ kind = "bearer", token = "env:{prefix}_TOKEN" }}
# true only if the agency says in writing that a repeated call with one
# Idempotency-Key makes one case.
honours_key = false
webhook = {{ secret = "env:{prefix}_WEBHOOK_SECRET" }}

{notes}[settings.submit]
path = {_text(api.path)}
{key}# Where the answer has their number of the case.
reference = {_text(api.reference)}

# Their field = our field. Each of ours must be in `allow` above.
[settings.submit.fields]
{chr(10).join(rows)}

# How a case is looked for by our key; leave it out where there is no such thing.
# [settings.find]
# path = "/api/laporan"
# parameter = "kunci"
# items = "data"
# reference = "nomor"

# How later events are told; leave it out where they cannot be taken.
# [settings.send]
# path = "/api/laporan/{{reference}}/peristiwa"
# items = "peristiwa"
#
# [settings.send.fields]
# "id" = "event_id"
# "jenis" = "type"
# "waktu" = "occurred_at"
# "isi" = "text"

# Where an update says what.
[settings.update]
items = "items"
reference = "nomor"
status = "status"
time = "waktu"
event_id = "id"
text = "catatan"
"""


def open311(name: str, title: str, server: Open311Server) -> str:
    """Write agency.toml for an Open311 server."""
    prefix = f"SIMPUL_{name.upper()}"
    first = server.services[0][0] if server.services else "ISI"
    services = [
        f'# "our category code" = {_text(code)}  # {_line(called)}'
        for code, called in server.services
    ]
    needed = [
        f'{_text(code)} = "=ISI"  # required there: {_line(why)}'
        for code, why in server.required.items()
    ]
    jurisdiction = (
        f"jurisdiction_id = {_text(server.jurisdiction_id)}\n"
        if server.jurisdiction_id
        else ""
    )
    address = f"# {server.base_url}\n" if server.base_url else ""
    allow = ["title", "body", "place_text", "latitude", "longitude", "category"]
    return f"""\
{_head(name, title, "open311", allow)}
[limits]
rate_per_second = 1
concurrency = 1
deadline_seconds = 20

[statuses]
"open" = "acknowledged"
"closed" = "resolved"

[settings]
{address}base_url = "env:{prefix}_URL"
{jurisdiction}api_key = "env:{prefix}_TOKEN"
# What our categories do not name goes to this service.
service_code = {_text(first)}

# Our category code = their service code.
[settings.services]
{chr(10).join(services)}

[settings.attributes]
{chr(10).join(needed)}
"""


def email(name: str, title: str) -> str:
    """Write agency.toml for an agency that has only a mailbox."""
    allow = ["public_number", "type", "title", "body", "incident_on", "place_text"]
    allow += ["category", "channel", "confidential", "received_at", "attachments"]
    return f"""\
{_head(name, title, "email", allow)}
# How much its mail server, and its people, bear; larger files are links or lines.
[limits]
rate_per_second = 1
concurrency = 1
deadline_seconds = 20
file_bytes_max = 8000000

# The menu that stands in every mail: an officer answers with one of these words, or
# its number. Words of one meaning share a number. All types: docs/events.md
[statuses]
"DITERIMA" = "acknowledged"
"RECEIVED" = "acknowledged"
"DIKERJAKAN" = "work_started"
"IN PROGRESS" = "work_started"
"SELESAI" = "resolved"
"DONE" = "resolved"
"BUKAN WEWENANG" = "return_requested"
"NOT OURS" = "return_requested"

[settings]
# Its mailboxes. Every mail goes to all of them.
to = ["pengaduan@{name.replace("_", "-")}.example"]
# The server that takes our mails, host:port; the same as of the channel `email`.
relay = "env:SIMPUL_MAIL_RELAY"
# relay_security = "starttls"
# relay_user = "simpul"
# relay_password = "env:SIMPUL_MAIL_RELAY_PASSWORD"
# As in the channel `email`: answers come back to its mailbox, under marks that this
# secret makes. At least 16 signs.
domain = "simpul.example"
mailbox = "lapor"
reply_secret = "env:SIMPUL_MAIL_REPLY_SECRET"
"""


def _head(name: str, title: str, system: str, allow: Sequence[str]) -> str:
    return f"""\
#:schema ./{SCHEMA}
# {title}. Check it with: simpul agencies check {name}
name = {_text(name)}
title = {_text(title)}
system = {_text(system)}
# Zone of times that the agency gives without one.
zone = "Asia/Jakarta"
# "sequence" if it numbers its updates, "time" if its clock is right, else "arrival".
order_by = "arrival"
# What it may see of a complaint; nothing else ever leaves the hub.
allow = {json.dumps(list(allow))}
"""


_STATUSES = """\
# Their status word = our event type. A word that is missing is shown to operators
# and never guessed. All types: docs/events.md
[statuses]
"Diterima" = "acknowledged"
"Dikerjakan" = "work_started"
"Selesai" = "resolved"
"""


def _text(value: str) -> str:
    """Write a TOML string: JSON's escapes are all legal there."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(value: str) -> str:
    """Make one line of words that come from elsewhere."""
    return "".join(c for c in " ".join(value.split()) if c.isprintable())[:80]
