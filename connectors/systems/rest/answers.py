"""Reads an answer and judges it by the rules of its call."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NoReturn
from xml.etree import ElementTree as ET

from connectors.errors import Misconfigured, OutcomeUnknown, Refused, Retryable
from connectors.protocols.expressions import Expression, ExpressionError
from connectors.protocols.http.answer import HttpAnswer
from connectors.protocols.http.outcome import require_success, retry_after_seconds
from connectors.systems.rest.calls import Call, ErrorRule, Success

TEXT_CHARACTERS_MAX = 100_000


class NotReadable(ValueError):
    """The bytes are not in the language that they should be in."""


class AlreadyThere(Exception):
    """The API says that it has this already."""

    def __init__(self, answer: HttpAnswer, *, declared: bool) -> None:
        super().__init__()
        self.answer = answer
        self.declared = declared
        """A rule of agency.toml says so, not just the status 409."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that is a success, and what is in it."""

    answer: HttpAnswer
    tree: Any = field(repr=False)
    """Parsed body; None where there is none."""
    readable: bool = True


def parse(body: bytes, language: str) -> Any:
    """Parse an answer; None for an empty one. Raises NotReadable."""
    if not body.strip():
        return None
    try:
        return _of_xml(body) if language == "xml" else json.loads(body)
    except (ValueError, RecursionError, ET.ParseError) as error:
        msg = f"not {language.upper()}"
        raise NotReadable(msg) from error


def _of_xml(body: bytes) -> dict[str, Any]:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        msg = "a document type is not read"
        raise NotReadable(msg)
    root = ET.fromstring(body)  # noqa: S314 - entities were refused above
    return {_local(root.tag): _element(root)}


def _element(element: ET.Element) -> Any:
    """Make an object of its children, attributes as `@name`; else its text."""
    tree: dict[str, Any] = {f"@{_local(k)}": v for k, v in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _element(child)
        if name not in tree:
            tree[name] = value
        elif isinstance(tree[name], list):
            tree[name].append(value)
        else:
            tree[name] = [tree[name], value]
    text = (element.text or "").strip()
    if not tree:
        return text
    if text:
        tree["#text"] = text
    return tree


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def judge(
    call: Call,
    common: Sequence[ErrorRule],
    answer: HttpAnswer,
    language: str,
    step: str,
) -> Answered:
    """Return a success.

    Raises AlreadyThere, or an error of `connectors.errors` for anything else.
    """
    try:
        tree, readable = parse(answer.body, language), True
    except NotReadable:
        tree, readable = None, False
    seen = sight(answer, tree)
    rule = next((r for r in (*call.errors, *common) if _fits(r, seen)), None)
    if rule is not None and rule.then != "done":
        _raise(rule.then, rule, answer, f"{call.method} {step}")
    if rule is None:
        _require(call.success, seen, answer, call, step)
    return Answered(answer, tree, readable)


def sight(answer: HttpAnswer, tree: Any) -> dict[str, Any]:
    """Return what conditions see of an answer."""
    text = answer.body.decode("utf-8", "replace")[:TEXT_CHARACTERS_MAX]
    return {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": tree,
        "text": text,
    }


def holds(condition: Expression, seen: Any) -> bool:
    """Tell whether a condition is true; one that fails is not."""
    try:
        return condition.evaluate(seen) is True
    except ExpressionError:
        return False


def _fits(rule: ErrorRule, seen: Mapping[str, Any]) -> bool:
    if rule.status and seen["status"] not in rule.status:
        return False
    header = seen["headers"].get(rule.header.lower())
    if rule.header and header is None:
        return False
    if rule.match is not None:
        text = header if rule.header else seen["text"]
        if not rule.match.search(str(text)):
            return False
    return rule.where is None or holds(rule.where, seen)


def _require(
    success: Success, seen: Mapping[str, Any], answer: HttpAnswer, call: Call, step: str
) -> None:
    declared = answer.status in success.status
    if not declared:
        if answer.status == HTTPStatus.CONFLICT:
            raise AlreadyThere(answer, declared=False)
        if answer.status == HTTPStatus.PRECONDITION_FAILED and _has_condition(call):
            why = "answered 412: the case was changed meanwhile; it is read again"
            raise Retryable(why, fingerprint=f"http 412 {call.method} {step}")
        now = datetime.now(UTC)
        require_success(answer, method=call.method, step=step, now=now)
        if success.status:
            why = f"answered {answer.status}, which is not among success.status"
            _raise_as(success.otherwise, why, answer, f"{call.method} {step}")
    named = not success.header or success.header.lower() in seen["headers"]
    if not named or not (success.where is None or holds(success.where, seen)):
        why = f"answered {answer.status}, but not what `success` asks for"
        _raise_as(success.otherwise, why, answer, f"{call.method} {step}")


def _has_condition(call: Call) -> bool:
    return any(name.lower() in {"if-match", "if-none-match"} for name in call.headers)


def _raise(then: str, rule: ErrorRule, answer: HttpAnswer, what: str) -> NoReturn:
    if then == "exists":
        raise AlreadyThere(answer, declared=True)
    why = rule.why or f"answered {answer.status}, which agency.toml calls {then}"
    _raise_as(then, why, answer, what, rule.after_seconds)


def _raise_as(
    then: str,
    why: str,
    answer: HttpAnswer,
    what: str,
    after_seconds: float | None = None,
) -> NoReturn:
    fingerprint = f"http {answer.status} {then} {what}"
    if then == "retry":
        told = retry_after_seconds(answer.headers, datetime.now(UTC))
        after = after_seconds if told is None else told
        raise Retryable(
            why,
            after_seconds=after,
            throttled=told is not None,
            fingerprint=fingerprint,
            response=answer.body,
        )
    kinds = {"refused": Refused, "misconfigured": Misconfigured}
    kind = kinds.get(then, OutcomeUnknown)
    raise kind(why, fingerprint=fingerprint, response=answer.body)
