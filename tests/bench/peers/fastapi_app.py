"""An HTTP door as FastAPI's users write it: one commit per request, on asyncpg.

`uvicorn tests.bench.peers.fastapi_app:app`
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated
from uuid import uuid4

import asyncpg
from fastapi import FastAPI, Header
from pydantic import BaseModel

from tests.bench.peers.job import Code, Person, Place, database_url

TABLES = """
CREATE TABLE request (
    key text PRIMARY KEY,
    id uuid NOT NULL UNIQUE,
    body text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now())
"""
INSERT = """
INSERT INTO request (key, id, body) VALUES ($1, $2, $3)
ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id
"""


class Request(BaseModel):
    """What is posted."""

    type: str = "complaint"
    title: str
    body: str
    language: str = "id"
    region: Code
    place: Place = Place()
    category: Code
    reporter: Person


class Answer(BaseModel):
    """What the sender is told."""

    code: str


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Hold the connections to the database."""
    async with asyncpg.create_pool(database_url()) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/api/v1/complaints", status_code=202)
async def take(
    request: Request, idempotency_key: Annotated[str, Header(min_length=8)]
) -> Answer:
    """Store a request; the same key gets the same answer."""
    content = request.model_dump_json()
    stored = await app.state.pool.fetchval(INSERT, idempotency_key, uuid4(), content)
    return Answer(code=stored.hex[:9])
