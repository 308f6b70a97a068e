"""What another mapping changes, as people read it: counts and names, never values."""

from collections.abc import Mapping
from typing import Any

from hub.cli.output import counted, print_table, say

SHOWN = ("what", "times")


def tell(found: Mapping[str, Any]) -> None:
    """Tell what was counted: the document of a `MappingChange`."""
    rows = [
        *({"what": f"field {name}", "times": n} for name, n in found["fields"].items()),
        *({"what": f"fails: {why}", "times": n} for why, n in found["faults"].items()),
        *({"what": how, "times": n} for how, n in found["read_otherwise"].items()),
    ]
    if rows:
        print_table(rows, SHOWN)
    bodies = counted(found["differ"], "body differs", "bodies differ")
    say(
        f"{counted(found['deliveries'], 'delivery', 'deliveries')}: {bodies}, "
        f"{found['fail_now']} would fail."
    )
    say(
        f"{counted(found['updates'], 'message')}: "
        f"{sum(found['read_otherwise'].values())} read otherwise, "
        f"{found['would_pass']} in quarantine would pass."
    )
    if found["closed"]:
        say(f"Not looked at, since their keys are gone: {found['closed']}.")
