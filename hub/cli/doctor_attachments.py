"""`simpul doctor`: whether attachments reach the agencies."""

from typing import TYPE_CHECKING

from hub.cli.check import Check

if TYPE_CHECKING:
    from hub.bootstrap import Store

LISTED_MAX = 1000


def examine_attachments(store: "Store") -> Check:
    """Find files that agencies need and did not get, or cannot fetch by a link."""
    failed = store.attachments.failed(LISTED_MAX)
    unlinked = not store.settings.server.public_url and store.attachments.unlinked()
    if failed:
        detail = f"{len(failed)} did not reach their agency"
        detail += ": simpul complaints attachments"
    elif unlinked:
        detail = "no link can be made, they are only mentioned: set server.public_url"
    else:
        detail = "every one reached its agency, or was announced there"
    shown = ("complaint_id", "party", "event", "n", "why")
    findings = tuple({name: row[name] for name in shown} for row in failed)
    return Check("attachments", not failed and not unlinked, detail, findings)
