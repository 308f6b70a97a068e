"""Structured log lines that hold no personal data."""

import contextlib
import io
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

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


FRAMES_SHOWN = 4
"""Innermost frames of an error that are logged, outermost first."""


def _name_errors(
    logger: Any, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Log an exception by its class and place: its text may hold personal data."""
    del logger, method
    error = event.pop("error", None)
    if isinstance(error, BaseException):
        event["error.type"] = type(error).__name__
        if frames := traceback.extract_tb(error.__traceback__)[-FRAMES_SHOWN:]:
            event["error.at"] = [f"{Path(f.filename).name}:{f.lineno}" for f in frames]
    elif error is not None:
        event["error"] = error
    event.pop("exc_info", None)
    return event


log = structlog.get_logger("simpul")
