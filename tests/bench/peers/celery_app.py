"""The job as a Celery task: acknowledged late, published with confirms.

`celery -A tests.bench.peers.celery_app worker -c 2`, or `-P threads -c 8`
"""

from typing import Any

from celery import Celery
from kombu import Queue

from tests.bench.peers.job import (
    NEXT,
    TAKEN,
    Complaint,
    Rows,
    broker_url,
    configured_routing,
)
from tests.bench.peers.sync_store import store

QUORUM = {"x-queue-type": "quorum"}

app = Celery("complaints", broker=broker_url())
app.conf.update(
    task_queues=[Queue(name, queue_arguments=QUORUM) for name in (TAKEN, NEXT)],
    task_routes={"take": {"queue": TAKEN}, "deliver": {"queue": NEXT}},
    task_default_queue=TAKEN,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    broker_transport_options={"confirm_publish": True},
    worker_prefetch_multiplier=32,
    worker_hijack_root_logger=False,
)
routing = configured_routing()


@app.task(name="take")
def take(message: dict[str, Any]) -> None:
    """Do the job on one message."""
    complaint = Complaint.model_validate(message)
    rows = Rows(complaint, routing)
    store(rows)
    deliver.delay(rows.next().model_dump(mode="json"))


@app.task(name="deliver")
def deliver(message: dict[str, Any]) -> None:
    """Stand for the next stage, which nobody runs here."""
