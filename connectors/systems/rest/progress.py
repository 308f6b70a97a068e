"""How far a delivery of several calls came; kept by the hub between them."""

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

VERSION = 1


class Progress(BaseModel):
    """What is done of one delivery; survives restarts of the hub."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = VERSION
    key: str
    """Key of the delivery; another delivery begins anew."""
    uploads: tuple[str, ...] = ()
    """Ids of the files that were put, in their order; empty where there is none."""
    not_taken: tuple[int, ...] = ()
    """Places of files that the case stays without: the API refused them."""
    token: str = ""
    """By which the answer of the hand-over is asked for."""
    reference: str = ""
    """Id of the case, once it is there."""
    done: int = 0
    """Calls that change something and are done, uploads aside."""
    kept: dict[str, Any] = {}
    """Variables that those calls kept."""

    @classmethod
    def of(cls, written: bytes, key: str) -> Self:
        """Read it back; what is empty, of another delivery or version begins anew."""
        if written:
            try:
                found = cls.model_validate(json.loads(written))
            except (ValueError, ValidationError):
                return cls(key=key)
            if found.key == key and found.version == VERSION:
                return found
        return cls(key=key)

    def written(self) -> bytes:
        """Write it for the hub to keep."""
        return self.model_dump_json().encode()
