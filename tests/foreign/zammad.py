"""Zammad's REST API: tickets with articles, and a webhook signed with HMAC-SHA1.

https://docs.zammad.org/en/latest/api/intro.html,
https://admin-docs.zammad.org/en/latest/manage/webhook.html
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import httpx2

from tests.foreign.serving import Answer, Product, Request, Route

TOKEN = "token-zammad-uji"
WEBHOOK_SECRET = "rahasia-webhook-uji"
STATES = {1: "new", 2: "open", 3: "pending reminder", 4: "closed"}


class Zammad(Product):
    """Takes tickets; a trigger of its calls the hub when one changes."""

    def __init__(self) -> None:
        super().__init__()
        self.tickets: dict[int, dict[str, Any]] = {}
        self.articles: list[dict[str, Any]] = []
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        """Headers and body of what the hub was told, oldest first."""
        self.hook = ""
        """Address of the hub's door for its updates."""

    def admits(self, request: Request) -> Answer | None:
        """A token in a word of its own."""
        if request.headers.get("authorization") == f"Token token={TOKEN}":
            return None
        return Answer.of({"error": "Invalid BASIC authentication credentials"}, 401)

    def routes(self) -> list[Route]:
        """The part of its API that a hub needs."""
        return [
            ("POST", r"/api/v1/tickets", self._create),
            ("GET", r"/api/v1/tickets/search", self._search),
            ("GET", r"/api/v1/tickets/(\d+)", self._show),
            ("PUT", r"/api/v1/tickets/(\d+)", self._update),
            ("POST", r"/api/v1/ticket_articles", self._article),
        ]

    def say(self, number: int, state: int, text: str = "") -> int:
        """Let an officer change a ticket; returns what the hub answered."""
        with self.lock:
            ticket = self.tickets[number]
            ticket |= {"state_id": state, "state": STATES[state], "updated_at": _now()}
            article = self._said(number, text, "Agent") if text else {}
            body = json.dumps({"ticket": ticket, "article": article}).encode()
        mark = hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha1).hexdigest()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "X-Hub-Signature": f"sha1={mark}",
            "X-Zammad-Trigger": "Kabari Simpul",
            "X-Zammad-Delivery": f"kirim-{len(self.deliveries) + 1}",
        }
        self.deliveries.append((headers, body))
        return self.repeat()

    def repeat(self) -> int:
        """Call the hub with the last change again, as after a lost answer."""
        headers, body = self.deliveries[-1]
        return httpx2.post(self.hook, content=body, headers=headers).status_code

    def _create(self, request: Request) -> Answer:
        given = request.json()
        for name in ("title", "group", "customer"):
            if not given.get(name):
                return Answer.of({"error": f"Missing required value for {name}!"}, 422)
        number = len(self.tickets) + 1
        article = given.get("article", {})
        self.tickets[number] = {
            "id": number,
            "number": f"{20_000 + number}",
            "title": given["title"],
            "group": given["group"],
            "state_id": 1,
            "state": STATES[1],
            "lapor_nomor": given.get("lapor_nomor", ""),
            "created_at": _now(),
            "updated_at": _now(),
        }
        self._said(number, article.get("body", ""), "Customer", article)
        return Answer.of(self.tickets[number], 201)

    def _search(self, request: Request) -> Answer:
        field, _, text = request.query.get("query", "").partition(":")
        found = [
            ticket
            for ticket in self.tickets.values()
            if str(ticket.get(field, "")) == text.strip('"')
        ]
        return Answer.of(found)

    def _show(self, request: Request) -> Answer:
        number = int(request.at[0])
        if number not in self.tickets:
            return Answer.of({"error": "Couldn't find Ticket"}, 404)
        return Answer.of(self.tickets[number])

    def _update(self, request: Request) -> Answer:
        number = int(request.at[0])
        if number not in self.tickets:
            return Answer.of({"error": "Couldn't find Ticket"}, 404)
        self.tickets[number] |= {**request.json(), "updated_at": _now()}
        return Answer.of(self.tickets[number])

    def _article(self, request: Request) -> Answer:
        given = request.json()
        number = given.get("ticket_id")
        if number not in self.tickets:
            return Answer.of({"error": "Couldn't find Ticket"}, 422)
        return Answer.of(self._said(number, given["body"], "Agent", given), 201)

    def _said(
        self, number: int, text: str, sender: str, given: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        article = {
            "id": len(self.articles) + 1,
            "ticket_id": number,
            "body": text,
            "sender": sender,
            "created_at": _now(),
            "attachments": (given or {}).get("attachments", []),
        }
        self.articles.append(article)
        return article


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
