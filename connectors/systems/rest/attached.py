"""How attachments reach an API, as its field maps say."""

from collections.abc import Mapping

from connectors.contract import FilesWay
from connectors.systems.rest.settings import RestSettings

_SHOWN = ("attachments.note", "attachments.links")


def files_way(settings: RestSettings) -> FilesWay:
    """Read how files go with a complaint: in the body, as links, or said."""
    submit = settings.submit
    return _way(submit.fields) if submit.files is None else "upload"


def files_events_way(settings: RestSettings) -> FilesWay:
    """Read how files go with a later event: nothing is uploaded with one."""
    return "line" if settings.send is None else _way(settings.send.fields)


def shows_files(settings: RestSettings) -> bool:
    """Tell whether both field maps have a place for what does not go along."""
    maps = [settings.submit.fields]
    maps += [settings.send.fields] if settings.send is not None else []
    return all(any(s.startswith(_SHOWN) for s in one.values()) for one in maps)


def _way(fields: Mapping[str, str]) -> FilesWay:
    links = any(one.startswith("attachments.links") for one in fields.values())
    return "link" if links else "line"
