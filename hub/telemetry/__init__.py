"""Logs, metrics and fault points: what an operator reads, and what a test breaks."""

from hub.telemetry.logs import configure_logging, log, redact, redact_text
from hub.telemetry.metrics import (
    REGISTRY,
    attempts,
    broker_blocked,
    broker_reconnects,
    clock_steps,
    clocks_due,
    consumer_stuck,
    delivery_seconds,
    due_oldest_seconds,
    due_rows,
    hints_dropped,
    hints_netted,
    hints_published,
    overdue,
    processed,
    received,
    work_started,
)
from hub.telemetry.points import doing, point

__all__ = [
    "REGISTRY",
    "attempts",
    "broker_blocked",
    "broker_reconnects",
    "clock_steps",
    "clocks_due",
    "configure_logging",
    "consumer_stuck",
    "delivery_seconds",
    "doing",
    "due_oldest_seconds",
    "due_rows",
    "hints_dropped",
    "hints_netted",
    "hints_published",
    "log",
    "overdue",
    "point",
    "processed",
    "received",
    "redact",
    "redact_text",
    "work_started",
]
