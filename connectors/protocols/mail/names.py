"""The name of an attachment, from wherever the sender put it."""

import re
from urllib.parse import unquote

from connectors.protocols.mail.headers import Headers
from connectors.protocols.mail.structure import inner_headers

EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "audio/amr": ".amr",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
    "video/3gpp": ".3gp",
    "video/mp4": ".mp4",
}
"""Media type -> file extension, for parts without any name."""

NAME_CHARS_MAX = 200
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f"*:<>?|\u200b-\u200f\u202a-\u202e\ufeff]')


def parameter_name(headers: Headers) -> str:
    """Give the file name that a part declares in a parameter, or nothing."""
    for header, parameter in (
        ("content-disposition", "filename"),
        ("content-type", "name"),
    ):
        if name := safe_name(headers.parameter(header, parameter)):
            return name
    return ""


def declared_name(headers: Headers) -> str:
    """Give the name that a part declares for itself anywhere, or nothing."""
    if name := parameter_name(headers):
        return name
    location = headers.source("content-location").partition("?")[0]
    return safe_name(unquote(location)) if "." in location[-6:] else ""


def attachment_name(kind: str, headers: Headers, raw: bytes, number: int) -> str:
    """Give a part a file name: its own, else one by its kind and number."""
    if name := declared_name(headers):
        return name
    extension = EXTENSIONS.get(kind, ".bin")
    if kind == "message/rfc822":
        subject = safe_name(inner_headers(raw).text("subject").replace("/", " "))
        return f"{subject or 'pesan'}{extension}"
    return f"lampiran-{number}{extension}"


def safe_name(name: str) -> str:
    """Take the last step of a path and drop what file systems stumble over."""
    step = re.split(r"[/\\]", name.strip())[-1]
    step = " ".join(_UNSAFE.sub("", step).split()).strip(". ")
    if len(step) <= NAME_CHARS_MAX:
        return step
    stem, dot, extension = step.rpartition(".")
    if not dot or len(extension) > 10:  # noqa: PLR2004 - no extension is so long
        return step[:NAME_CHARS_MAX]
    return stem[: NAME_CHARS_MAX - len(extension) - 1] + "." + extension


def unique_name(name: str, taken: set[str]) -> str:
    """Take a name, with a number where another file of the mail has it."""
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, dot + extension) if stem else (name, "")
    candidate, number = name, 1
    while candidate.lower() in taken:
        number += 1
        candidate = f"{stem} ({number}){extension}"
    taken.add(candidate.lower())
    return candidate
