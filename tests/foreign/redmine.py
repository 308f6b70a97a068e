"""Redmine's REST API: wrapped JSON, uploads by token, empty answers, status ids.

https://www.redmine.org/projects/redmine/wiki/Rest_api
"""

from datetime import UTC, datetime
from typing import Any

from tests.foreign.serving import Answer, Product, Request, Route

KEY = "kunci-redmine-uji"
STATUSES = {1: "Baru", 2: "Dikerjakan", 3: "Selesai", 5: "Ditutup", 6: "Ditolak"}


class Redmine(Product):
    """Takes issues; its officers set a status and write journals."""

    def __init__(self) -> None:
        super().__init__()
        self.issues: dict[int, dict[str, Any]] = {}
        self.uploads: dict[str, bytes] = {}

    def admits(self, request: Request) -> Answer | None:
        """A key in its own header."""
        if request.headers.get("x-redmine-api-key") == KEY:
            return None
        return Answer(401, b"")

    def routes(self) -> list[Route]:
        """The part of its API that a hub needs."""
        return [
            ("POST", r"/issues\.json", self._create),
            ("GET", r"/issues\.json", self._list),
            ("GET", r"/issues/(\d+)\.json", self._show),
            ("PUT", r"/issues/(\d+)\.json", self._update),
            ("POST", r"/uploads\.json", self._upload),
        ]

    def say(self, number: int, status: int, note: str = "") -> None:
        """Let an officer change an issue."""
        with self.lock:
            issue = self.issues[number]
            issue["status"] = {"id": status, "name": STATUSES[status]}
            issue["updated_on"] = _now()
            self._note(issue, note, "Petugas Loket")

    def _create(self, request: Request) -> Answer:
        given = request.json().get("issue", {})
        lacks = [name for name in ("project_id", "subject") if not given.get(name)]
        if lacks:
            errors = [f"{name} cannot be blank" for name in lacks]
            return Answer.of({"errors": errors}, 422)
        number = len(self.issues) + 1
        files = [self.uploads[each["token"]] for each in given.get("uploads", ())]
        self.issues[number] = {
            "id": number,
            "project": {"id": given["project_id"], "name": "Pengaduan"},
            "status": {"id": 1, "name": STATUSES[1]},
            "subject": given["subject"],
            "description": given.get("description", ""),
            "custom_fields": given.get("custom_fields", []),
            "created_on": _now(),
            "updated_on": _now(),
            "journals": [],
            "files": files,
        }
        return Answer.of({"issue": self._shown(number)}, 201)

    def _list(self, request: Request) -> Answer:
        since = request.query.get("updated_on", "").removeprefix(">=")
        found = [
            number
            for number, issue in self.issues.items()
            if issue["updated_on"] >= since and _has_fields(issue, request.query)
        ]
        offset = int(request.query.get("offset", 0))
        limit = min(100, int(request.query.get("limit", 25)))
        page = [self._shown(number) for number in found[offset : offset + limit]]
        return Answer.of(
            {
                "issues": page,
                "total_count": len(found),
                "offset": offset,
                "limit": limit,
            }
        )

    def _show(self, request: Request) -> Answer:
        number = int(request.at[0])
        if number not in self.issues:
            return Answer(404, b"")
        shown = self._shown(number)
        if "journals" in request.query.get("include", ""):
            shown["journals"] = self.issues[number]["journals"]
        return Answer.of({"issue": shown})

    def _update(self, request: Request) -> Answer:
        number = int(request.at[0])
        if number not in self.issues:
            return Answer(404, b"")
        given = request.json()["issue"]
        issue = self.issues[number]
        if status := given.get("status_id"):
            issue["status"] = {"id": status, "name": STATUSES[status]}
        self._note(issue, given.get("notes", ""), "Simpul")
        issue["updated_on"] = _now()
        return Answer(204)

    def _upload(self, request: Request) -> Answer:
        if request.headers.get("content-type") != "application/octet-stream":
            return Answer(406, b"")
        token = f"{len(self.uploads) + 1}.ba55"
        self.uploads[token] = request.body
        return Answer.of({"upload": {"id": len(self.uploads), "token": token}}, 201)

    def _shown(self, number: int) -> dict[str, Any]:
        hidden = {"journals", "files"}
        return {k: v for k, v in self.issues[number].items() if k not in hidden}

    @staticmethod
    def _note(issue: dict[str, Any], note: str, who: str) -> None:
        if note:
            number = len(issue["journals"]) + 1
            said = {"id": number, "user": {"name": who}, "notes": note}
            issue["journals"].append({**said, "created_on": _now()})


def _has_fields(issue: dict[str, Any], query: Any) -> bool:
    """Filter by custom fields: `cf_7=text`."""
    values = {f"cf_{each['id']}": each["value"] for each in issue["custom_fields"]}
    asked = {name: text for name, text in query.items() if name.startswith("cf_")}
    return all(values.get(name) == text for name, text in asked.items())


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
