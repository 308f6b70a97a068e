"""Logs and metrics: what an operator reads, never personal data."""

import contextlib
import io
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REDACTED_KEYS = frozenset(
    {
        "address",
        "authorization",
        "body",
        "code",
        "contact",
        "email",
        "name_of_reporter",
        "nik",
        "password",
        "phone",
        "reporter",
        "secret",
        "subject",
        "text",
        "title",
        "token",
    }
)
_PATTERNS = (
    re.compile(r"\b\d{16}\b"),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"(?<!\w)(?:\+?62|0)8\d{7,11}\b"),
    re.compile(r"\b[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]\b"),
)
"""Identity number, e-mail, mobile number, tracking code."""


def redact(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide personal data by key and by pattern."""
    del logger, method
    for key, value in event.items():
        if key in REDACTED_KEYS:
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = redact_text(value)
    return event


def redact_text(text: str) -> str:
    """Hide what looks like personal data in a text."""
    for pattern in _PATTERNS:
        text = pattern.sub("[redacted]", text)
    return text


class _StdlibRedaction(logging.Filter):
    """Lines of libraries pass the same redaction; their tracebacks are dropped."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = redact_text(record.getMessage())
        record.args = None
        if record.exc_info and record.exc_info[0] is not None:
            record.msg = f"{record.msg} ({record.exc_info[0].__name__})"
            record.exc_info = None
            record.exc_text = None
        return True


class _CurrentStderr(io.TextIOBase):
    """Whatever stderr is now; a stream that was closed must not fail the work."""

    def write(self, text: str, /) -> int:
        with contextlib.suppress(ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with contextlib.suppress(ValueError):
            sys.stderr.flush()


def configure_logging(log_format: str, level: str) -> None:
    """Send structured lines to stderr; JSON unless a person is watching."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer()
        if console
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
            _name_errors,
            redact,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _CurrentStderr())),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(_CurrentStderr())
    handler.addFilter(_StdlibRedaction())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def _name_errors(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Log an exception by its class: its text may hold personal data."""
    del logger, method
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error.type"] = type(error).__name__
    elif error is not None:
        event["error"] = error
    event.pop("exc_info", None)
    return event


log = structlog.get_logger("simpul")

REGISTRY = CollectorRegistry()
received = Counter(
    "simpul_messages_received", "Raw messages accepted.", ["source"], registry=REGISTRY
)
processed = Counter(
    "simpul_messages_processed",
    "Journal rows settled.",
    ["stage", "outcome"],
    registry=REGISTRY,
)
attempts = Counter(
    "simpul_delivery_attempts",
    "Calls to parties by outcome.",
    ["party", "outcome"],
    registry=REGISTRY,
)
delivery_seconds = Histogram(
    "simpul_delivery_duration_seconds",
    "Duration of calls to parties.",
    ["party"],
    registry=REGISTRY,
)
work_started = Counter(
    "simpul_work_started",
    "Rows taken to work, by what found them.",
    ["by"],
    registry=REGISTRY,
)
hints_published = Counter(
    "simpul_hints_published",
    "Rows in hints that the broker confirmed.",
    registry=REGISTRY,
)
hints_dropped = Counter(
    "simpul_hints_dropped",
    "Rows in hints that the broker does not have; the sweep finds them.",
    ["reason"],
    registry=REGISTRY,
)
hints_netted = Counter(
    "simpul_hints_netted",
    "Rows in hints that ended in the safety net: their worker died again and again.",
    ["lane"],
    registry=REGISTRY,
)
broker_reconnects = Counter(
    "simpul_broker_reconnects", "Connections lost.", ["link"], registry=REGISTRY
)
consumer_stuck = Counter(
    "simpul_consumer_stuck",
    "Times that hints waited, none came, and the connection was made anew.",
    registry=REGISTRY,
)
due_rows = Gauge(
    "simpul_due_rows",
    "Rows that want work now; from the database.",
    ["lane"],
    registry=REGISTRY,
)
due_oldest_seconds = Gauge(
    "simpul_due_oldest_seconds",
    "How long the oldest of them is due.",
    ["lane"],
    registry=REGISTRY,
)
broker_blocked = Gauge(
    "simpul_broker_blocked", "1 while the broker takes no hints.", registry=REGISTRY
)
for _by in ("hint", "sweep", "timer"):
    work_started.labels(by=_by)
for _reason in ("full", "nacked", "returned"):
    hints_dropped.labels(reason=_reason)
for _link in ("publisher", "consumer"):
    broker_reconnects.labels(link=_link)
