"""Why a mail was read as it was: each decision of the channel, for the trace.

Evidence in the clear is codes and numbers; addresses and codes of complaints are
private, and are stored under the mail's own key.
"""

from collections.abc import Sequence
from itertools import groupby

from connectors.channels.email.carriers import CARRIERS, Carried
from connectors.channels.email.sender import Sender
from connectors.contract import Decision, File, decided, facts
from connectors.protocols.mail.machine import Kind, Machine
from connectors.protocols.mail.parts import Mail
from connectors.protocols.mail.spans import Split
from schemas.parties import IdentityLevel

_SPANS_SHOWN_MAX = 20


def classified(machine: Machine | None) -> Decision:
    """Tell who or what wrote it, by which rule."""
    if machine is None:
        return decided("classification", "no_rule_of_machines", kind=Kind.HUMAN)
    return decided("classification", machine.rule, kind=machine.kind)


def decoded(mail: Mail) -> Decision:
    """Tell by which charset its words were read, and whether letters were lost."""
    lossy = "letters_lost" in mail.defects
    other = lossy or "wrong_charset" in mail.defects
    return decided(
        "charset",
        "guessed" if other else "declared",
        used=mail.charset or "none",
        lossy=lossy,
    )


def broken(mail: Mail) -> tuple[Decision, ...]:
    """Tell what is wrong with it, where something is."""
    found = ",".join(mail.defects)
    return (decided("defects", "read_all_the_same", found=found),) if found else ()


def dated(rule: str, *, in_a_mailbox: bool) -> Decision:
    """Tell which date counts, and why: the header's, the mailbox's, or our arrival."""
    arrival = "internal_date" if in_a_mailbox else "arrival"
    return decided("date", rule, used="header" if rule == "header" else arrival)


def identified(sender: Sender) -> Decision:
    """Tell how sure the sender is, and why."""
    return Decision(
        "identity",
        sender.verdict.rule,
        facts(level=sender.level, server=sender.verdict.server),
        facts(sender=sender.box.address),
    )


def forwarded(sender: Sender) -> tuple[Decision, ...]:
    """Tell whose words it passes on, and who is therefore the reporter."""
    if sender.forwarded is None:
        return ()
    inner = sender.forwarded.inner
    reporter = "inner" if sender.is_forwarder else "forwarder"
    found = Decision(
        "on_behalf_of",
        sender.forwarded.rule,
        facts(reporter=reporter, level=IdentityLevel.CLAIMED),
        facts(inner=f"{inner.name} <{inner.address}>"),
    )
    return (found,)


def threaded(carried: Carried) -> Decision:
    """Tell what names a complaint in it, and what was looked at."""
    return Decision(
        "thread",
        carried.carrier or "none",
        facts(looked_at=",".join(CARRIERS), present=",".join(carried.present)),
        facts(code=carried.code, number=carried.number),
    )


def divided(split: Split) -> Decision:
    """Tell what is new in an answer, by which rules, and how sure that is."""
    shown = [
        "+".join([kind, *sorted({span.rule for span in run if span.rule})])
        for kind, run in groupby(split.spans, key=lambda span: span.kind)
    ]
    rules = sorted({span.rule for span in split.spans if span.rule})
    return decided(
        "reply_split",
        ",".join(rules) or "all_is_new",
        spans=" ".join(shown[:_SPANS_SHOWN_MAX]),
        confidence=split.confidence,
    )


def with_files(files: Sequence[File], *, left_out: bool) -> tuple[Decision, ...]:
    """Tell how many files were kept, and whether some were too large or too many."""
    if not files and not left_out:
        return ()
    inline = sum(file.inline for file in files)
    rule = "over_the_limit" if left_out else "kept"
    return (decided("files", rule, kept=len(files), inline=inline or ""),)


def suspected(verdict: str) -> tuple[Decision, ...]:
    """Tell that our own mail server calls it spam."""
    return (decided("spam", verdict.replace("-", "_")),) if verdict else ()
