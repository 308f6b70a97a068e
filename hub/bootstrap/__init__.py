"""Composition root: Settings -> every object; nothing else makes adapters."""

from hub.bootstrap.build import build_hub
from hub.bootstrap.running import Hub
from hub.bootstrap.store import Store, open_store

__all__ = ["Hub", "Store", "build_hub", "open_store"]
