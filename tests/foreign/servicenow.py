"""ServiceNow's Table API: `result` around everything, times in UTC without a zone.

https://www.servicenow.com/docs: REST API reference, Table API and Attachment API
"""

import base64
import re
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tests.foreign.serving import Answer, Product, Request, Route

USER, PASSWORD = "simpul.integrasi", "sandi-uji"
STATES = {
    "1": "New",
    "2": "In Progress",
    "3": "On Hold",
    "6": "Resolved",
    "7": "Closed",
}
TABLE = r"/api/now/table/incident"


class ServiceNow(Product):
    """Takes incidents."""

    def __init__(self) -> None:
        super().__init__()
        self.incidents: dict[str, dict[str, Any]] = {}
        self.attachments: list[dict[str, str]] = []

    def admits(self, request: Request) -> Answer | None:
        """Name and password (Basic)."""
        proof = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") == f"Basic {proof}":
            return None
        error = {"message": "User Not Authenticated", "detail": "Required to provide"}
        return Answer.of({"error": error, "status": "failure"}, 401)

    def routes(self) -> list[Route]:
        """The part of its API that a hub needs."""
        return [
            ("POST", TABLE, self._create),
            ("GET", TABLE, self._list),
            ("POST", r"/api/now/attachment/file", self._attach),
            ("GET", TABLE + r"/([0-9a-f]{32})", self._show),
            ("PATCH", TABLE + r"/([0-9a-f]{32})", self._update),
        ]

    def say(self, number: str, state: str, note: str = "") -> None:
        """Let an officer change an incident."""
        with self.lock:
            (found,) = [i for i in self.incidents.values() if i["number"] == number]
            found |= {"state": state, "sys_updated_on": _now(), "close_notes": note}

    def _create(self, request: Request) -> Answer:
        given = request.json()
        key = uuid.uuid4().hex
        number = f"INC{len(self.incidents) + 10_001:07d}"
        self.incidents[key] = {
            **given,
            "sys_id": key,
            "number": number,
            "state": "1",
            "sys_created_on": _now(),
            "sys_updated_on": _now(),
            "close_notes": "",
            "comments": [],
        }
        place = f"{self.url}/api/now/table/incident/{key}"
        return Answer.of({"result": self._shown(key)}, 201, Location=place)

    def _attach(self, request: Request) -> Answer:
        key = request.query.get("table_sys_id", "")
        known = request.query.get("table_name") == "incident" and key in self.incidents
        if not known or not request.query.get("file_name"):
            error = {"message": "Invalid table or record", "detail": ""}
            return Answer.of({"error": error, "status": "failure"}, 400)
        kept = {
            "sys_id": uuid.uuid4().hex,
            "table_sys_id": key,
            "file_name": request.query["file_name"],
            "content_type": request.headers["content-type"],
            "size_bytes": str(len(request.body)),
        }
        self.attachments.append(kept)
        return Answer.of({"result": kept}, 201)

    def _list(self, request: Request) -> Answer:
        found = [i for i in self.incidents if self._matches(i, request.query)]
        found.sort(key=lambda i: self.incidents[i]["sys_updated_on"])
        limit = int(request.query.get("sysparm_limit", 10_000))
        offset = int(request.query.get("sysparm_offset", 0))
        page = [self._shown(i) for i in found[offset : offset + limit]]
        links = {}
        if offset + limit < len(found):
            query = request.query.get("sysparm_query", "")
            after = f"sysparm_query={quote(query)}&sysparm_limit={limit}"
            after += f"&sysparm_offset={offset + limit}"
            links = {"Link": f'<{self.url}{request.path}?{after}>;rel="next"'}
        return Answer.of({"result": page}, 200, **links)

    def _matches(self, key: str, query: Any) -> bool:
        incident = self.incidents[key]
        for term in query.get("sysparm_query", "").split("^"):
            if match := re.fullmatch(r"sys_updated_on>=(.+)", term):
                if incident["sys_updated_on"] < match[1]:
                    return False
            elif (match := re.fullmatch(r"(\w+)=(.*)", term)) and (
                str(incident.get(match[1], "")) != match[2]
            ):
                return False
        return True

    def _show(self, request: Request) -> Answer:
        if request.at[0] not in self.incidents:
            error = {"message": "No Record found", "detail": "Record doesn't exist"}
            return Answer.of({"error": error, "status": "failure"}, 404)
        return Answer.of({"result": self._shown(request.at[0])})

    def _update(self, request: Request) -> Answer:
        if request.at[0] not in self.incidents:
            return Answer.of({"error": {"message": "No Record found"}}, 404)
        given = request.json()
        incident = self.incidents[request.at[0]]
        incident["comments"].append(given.get("comments", ""))
        incident["sys_updated_on"] = _now()
        return Answer.of({"result": self._shown(request.at[0])})

    def _shown(self, key: str) -> dict[str, Any]:
        # A journal field is never given back.
        return {**self.incidents[key], "comments": ""}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
