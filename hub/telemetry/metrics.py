"""What Prometheus reads; labels are parties, lanes and outcomes, never people."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

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
answers_capped = Counter(
    "simpul_answers_capped",
    "Answers that were not given, and complaints that an officer sees first, because "
    "one address wrote too much.",
    ["limit"],
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
clock_steps = Counter(
    "simpul_clock_steps",
    "Steps of deadlines that were noted: warnings, breaches, what follows by itself.",
    ["clock", "event"],
    registry=REGISTRY,
)
clocks_due = Gauge(
    "simpul_clocks_due",
    "Complaints with a step of a deadline that is due and not noted yet.",
    registry=REGISTRY,
)
overdue = Gauge(
    "simpul_overdue_complaints",
    "Complaints of which a clock is over its limit and not stopped yet.",
    registry=REGISTRY,
)
file_fetches = Counter(
    "simpul_file_fetches",
    "Attachments that parties fetched by a link, or would have.",
    ["party", "outcome"],
    registry=REGISTRY,
)
polled = Counter(
    "simpul_polls",
    "Questions to agencies' systems by outcome: page, or the name of the error.",
    ["source", "outcome"],
    registry=REGISTRY,
)
source_age_seconds = Gauge(
    "simpul_source_age_seconds",
    "How long ago a system that is asked answered well; from the database.",
    ["source"],
    registry=REGISTRY,
)
source_skew_seconds = Gauge(
    "simpul_source_skew_seconds",
    "How far a system's clock is ahead of ours, where its answers tell it.",
    ["source"],
    registry=REGISTRY,
)
drift = Gauge(
    "simpul_drift",
    "Cases that differ between an agency's view and ours, at the last comparison.",
    ["party", "kind"],
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
