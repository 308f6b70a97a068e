"""How attachments reach an API, as its tables say."""

from connectors.contract import FilesWay
from connectors.systems.rest.calls import Call
from connectors.systems.rest.settings import RestSettings

_SHOWN = ("attachments.note", "attachments.links")


def files_way(settings: RestSettings) -> FilesWay:
    """Read how files go with a complaint: in a call, as links, or said."""
    if settings.submit.files is not None or settings.upload is not None:
        return "upload"
    return "link" if _links(settings.submit) else settings.files


def files_events_way(settings: RestSettings) -> FilesWay:
    """Read how files go with a later event: nothing is uploaded with one."""
    linked = any(_links(call) for call in settings.send)
    return "link" if linked else settings.files


def shows_files(settings: RestSettings) -> bool:
    """Tell whether every call has a place for what does not go along."""
    return all(_shows(call) for call in (settings.submit, *settings.send))


def _shows(call: Call) -> bool:
    named = any(str(source).startswith(_SHOWN) for source in call.fields.values())
    return named or _in_body(call, "attachments")


def _links(call: Call) -> bool:
    named = any(
        str(source).startswith("attachments.links") for source in call.fields.values()
    )
    return named or _in_body(call, "attachments.links")


def _in_body(call: Call, name: str) -> bool:
    return call.body is not None and name in call.body.text
