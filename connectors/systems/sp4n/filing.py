"""Filing a complaint: files first, then the complaint that names them."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import Delivery, Done, File, Pending
from connectors.errors import OutcomeUnknown, Refused, Retryable
from connectors.systems.sp4n.settings import Files, Sp4nSettings
from connectors.systems.sp4n.wire import Wire, as_number, case_of, results, rows

UPLOAD = "/complaints/complaint/file"
TITLE_CHARACTERS_MAX = 255
BODY_CHARACTERS_MAX = 10_000
ANY = "*"
TAG = re.compile(r"\[Nomor Simpul: (\d{15})\]|\bsimpul:(\d{15})\b")
"""Our own number in a text or among the tags: it shows what is ours, come back."""


def file_complaint(
    wire: Wire, settings: Sp4nSettings, delivery: Delivery
) -> Done | Pending:
    """Do the next step of filing; what was uploaded is in `delivery.progress`.

    Uploads are committed before the complaint is made, so that they are done once.
    """
    body = complaint_body(settings, delivery)
    taken = fitting(settings.files, delivery.files)
    if taken and not delivery.progress:
        ids = _upload(wire, delivery, taken)
        return Pending(progress=json.dumps(ids).encode(), poll_after_seconds=0)
    uploaded = json.loads(delivery.progress) if delivery.progress else []
    body["attachments"] = attachments(uploaded)
    answer = wire.post("create", settings.create_path, body)
    return Done(reference=case_of(answer))


def _upload(wire: Wire, delivery: Delivery, files: Sequence[File]) -> list[str]:
    parts = [("attachments[]", file) for file in files]
    try:
        answer = wire.post_form("upload", UPLOAD, {}, parts, delivery.key)
    except OutcomeUnknown as error:
        # What was stored without a complaint is a file that nobody names.
        raise Retryable(error.why, fingerprint=error.fingerprint) from error
    found = [
        as_number(row.get("id"))
        for name in ("images", "docs")
        for row in rows(results(answer, name))
    ]
    if len(found) != len(files) or not all(found):
        why = f"of {len(files)} files it named {len([one for one in found if one])}"
        raise Retryable(why, fingerprint="sp4n files not named")
    return found


def attachments(ids: Sequence[str]) -> str | bool:
    """Write the ids as its own clients do: a list as text, with a dot behind it."""
    return f"[{','.join(ids)}]." if ids else False


def fitting(limits: Files, files: Sequence[File]) -> list[File]:
    """Choose what its upload takes."""
    found = [
        file
        for file in files
        if file.media_type in limits.media_types
        and len(file.content) <= limits.bytes_max
    ]
    return found[: limits.count_max]


def complaint_body(settings: Sp4nSettings, delivery: Delivery) -> dict[str, Any]:
    """Write a complaint in its numbers; raises Refused for what has none.

    Who reports is never written into it: it has no field for that, and free text is
    no place for a person's data.
    """
    ours = delivery.complaint
    number = str(ours.get("public_number", ""))
    left = len(delivery.files) - len(fitting(settings.files, delivery.files))
    return {
        "title": str(ours.get("title") or ours.get("body", ""))[:TITLE_CHARACTERS_MAX],
        "content": _content(str(ours.get("body", "")), number, left),
        "channel": settings.channel,
        "user_id": settings.user_id,
        "classification_id": _number(
            "classifications",
            {str(name): n for name, n in settings.classifications.items()},
            str(ours.get("type", "")),
        ),
        "disposition_id": settings.disposition_id,
        "category_id": _number(
            "categories", settings.categories, _code(ours.get("category"))
        ),
        "location_id": _number(
            "locations", settings.locations, _code(ours.get("region")), whole=False
        ),
        "date_of_incident": _date(ours.get("incident_on")),
        "is_anonymous": "reporter" not in ours,
        "is_secret": ours.get("confidential") is not False,
        "is_priority": False,
        "is_approval": False,
        "copy_externals": [],
        "tags_raw": f"simpul:{number}",
    }


def _content(body: str, number: str, left: int) -> str:
    tail = f"\n\n[Nomor Simpul: {number}]"
    if left:
        tail = f"\n\n({left} lampiran tidak dapat dikirim.){tail}"
    return body[: BODY_CHARACTERS_MAX - len(tail)] + tail


def _code(value: Any) -> str:
    return str(value.get("code", "")) if isinstance(value, Mapping) else ""


def _date(value: Any) -> str | None:
    year, _, rest = str(value or "").partition("-")
    month, _, day = rest.partition("-")
    return f"{day}-{month}-{year}" if day else None


def _number(
    table: str, numbers: Mapping[str, int], code: str, *, whole: bool = True
) -> int | None:
    """Find its number for a code of ours; None where we have no code ourselves.

    What is in no table is named, and never guessed: the group is mended at once.
    """
    parts = code.split(".")
    known = [code] if whole else [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    for one in (*known, ANY):
        if one in numbers:
            return numbers[one]
    if not code and table != "classifications":
        return None
    why = f"settings.{table} has no number for {code!r}: add it, then retry"
    raise Refused(why, fingerprint=f"sp4n unmapped {table} {code}")
