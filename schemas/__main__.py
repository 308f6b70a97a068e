"""`python -m schemas`: write the JSON Schema of every published model, and AsyncAPI."""

import json
from pathlib import Path

from pydantic import BaseModel

from schemas import asyncapi
from schemas.agency import AgencyManifest, RoutingTable
from schemas.catalogue import CATALOGUE
from schemas.category import CategoryTable
from schemas.complaint import Complaint, NewComplaint
from schemas.deadlines import DeadlineTable
from schemas.events import LogEvent
from schemas.updates import AgencyUpdate

FOLDER = Path(__file__).parent / "json"
MODELS: dict[str, type[BaseModel]] = {
    "complaint": Complaint,
    "new_complaint": NewComplaint,
    "log_event": LogEvent,
    "agency_update": AgencyUpdate,
    "agency_manifest": AgencyManifest,
    "routing_table": RoutingTable,
    "category_table": CategoryTable,
    "deadline_table": DeadlineTable,
}
DOOR_VERSION = "1.0.0"
"""Of the AMQP door: an agency reads it to see whether anything changed."""


def documents() -> dict[str, str]:
    """Make every document: file name -> text."""
    found = {
        f"{name}.json": _text(model.model_json_schema())
        for name, model in MODELS.items()
    }
    catalogue = {
        name: {
            "meaning": row.meaning,
            "emitted_by": sorted(row.emitters),
            "visible_to": sorted(row.visible_to),
            "told_by_default": sorted(row.wanted_by),
            "effect": row.effect.model_dump(mode="json"),
            "payload": row.payload.model_json_schema(),
        }
        for name, row in CATALOGUE.items()
    }
    return found | {
        "event_catalogue.json": _text(catalogue),
        "asyncapi.json": _text(asyncapi.document(DOOR_VERSION)),
    }


def _text(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the documents."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in documents().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
