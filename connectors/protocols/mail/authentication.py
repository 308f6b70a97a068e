"""What our own mail server found out about a sender (RFC 8601).

Everybody can write a header. Ours are the ones above: each server puts its own on top
of what it took over. So a result counts by where it stands and by the name before it.

The grammar is read by hand, strictly: `authres` was last released in 2018, raises where
it stumbles, and knows nothing of the place where a header stands.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from connectors.protocols.mail.headers import Headers

RESULTS_HEADER = "authentication-results"
_CHARS_MAX = 8_000
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_DEPTH_MAX = 5
_NAME = re.compile(r"[\w.:/-]{1,255}(?:\s+\d{1,4})?")
_METHOD = re.compile(r"([a-z][a-z0-9-]{0,30})\s*(?:/\s*\d+\s*)?=\s*([a-z]{1,20})\b")
_PROPERTY = re.compile(r"\b([a-z]{1,20}\.[a-z0-9_-]{1,40})\s*=\s*([^\s;]{1,320})")
_OF_OUR_SERVER = re.compile(
    r"authentication-results|received-spf|arc-[a-z-]+|x-received|dkim-filter|"
    r"x-(?:spam|ses|virus|rspamd)[a-z0-9-]*"
)
"""What servers write directly below the Received line of theirs."""


@dataclass(frozen=True)
class Trust:
    """Which part of a mail's header our own servers wrote."""

    servers: tuple[str, ...] = ()
    """Names that they write into Authentication-Results; empty: nothing is trusted."""
    hops: int = 1
    """Received lines that every mail from outside gets from them, at the least."""
    below_received: bool = False
    """They write their results below the Received line, not above it."""


@dataclass(frozen=True)
class Verdict:
    """Whether the domain of the From line vouches for a mail, and why not."""

    rule: str
    server: str = ""
    """The name of our server that says so."""

    @property
    def is_verified(self) -> bool:
        """True where the From domain vouches for the mail."""
        return self.rule == "dmarc_pass"


def trusted_part(headers: Headers, trust: Trust) -> Headers | None:
    """Cut off what an outsider may have written; None where no line shows the border.

    What stands above the last Received line of ours was added after the mail had come
    in. Below it, where servers are said to write there, only their unbroken run counts.
    """
    if not trust.servers:
        return None
    fields = headers.fields
    received = [n for n, (name, _) in enumerate(fields) if name == "received"]
    if len(received) < trust.hops:
        return None
    border = received[trust.hops - 1] + 1
    if trust.below_received:
        while border < len(fields) and _OF_OUR_SERVER.fullmatch(fields[border][0]):
            border += 1
    return Headers(fields[:border])


def verify_sender(headers: Headers, trust: Trust) -> Verdict:
    """Say whether our own server found that the From domain vouches for the mail."""
    ours = trusted_part(headers, trust)
    if ours is None:
        return Verdict("no_trusted_hop" if trust.servers else "no_trusted_server")
    senders = headers.mailboxes("from")
    if len(headers.sources("from")) != 1 or len(senders) != 1:
        return Verdict("not_one_sender")
    found = _dmarc(ours, trust.servers)
    if found is None:
        return Verdict("no_trusted_result")
    server, result, domain = found
    own = senders[0].address.rpartition("@")[2].lower()
    is_other = result == "pass" and domain != own
    return Verdict("dmarc_of_another_domain" if is_other else f"dmarc_{result}", server)


def _dmarc(headers: Headers, servers: Collection[str]) -> tuple[str, str, str] | None:
    """Find the topmost result of ours: its server, what it says, and of which domain.

    Filters of one server may each write a header; the topmost with a result decides.
    """
    for value in headers.sources(RESULTS_HEADER):
        server, results = read_results(value)
        if server in servers and "dmarc" in results:
            result, properties = results["dmarc"]
            return server, result, properties.get("header.from", "")
    return None


def read_results(value: str) -> tuple[str, Mapping[str, tuple[str, dict[str, str]]]]:
    """Read one header: who wrote it, and method -> (result, properties).

    All in lower case. What is not by the grammar is left out; of two results of one
    method the worse counts: any that is not `pass`.
    """
    bare = _without_comments(value[:_CHARS_MAX].lower())
    head, *rest = bare.split(";")
    if not _NAME.fullmatch(head.strip()):
        return "", {}
    found: dict[str, tuple[str, dict[str, str]]] = {}
    for part in rest:
        method = _METHOD.match(part.strip())
        if method is None:
            continue
        if method[1] not in found or found[method[1]][0] == "pass":
            found[method[1]] = (method[2], dict(_PROPERTY.findall(part)))
    return head.split()[0], found


def _without_comments(text: str) -> str:
    """Take quotation marks and comments out; a quoted text keeps plain signs only."""
    text = _QUOTED.sub(lambda m: re.sub(r"[^\w.@:/-]", "", m[1]), text)
    for _ in range(_DEPTH_MAX):  # comments nest
        text, count = _COMMENT.subn(" ", text)
        if not count:
            break
    return text
