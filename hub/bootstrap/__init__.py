"""Composition root: Settings -> every object; nothing else makes adapters."""

from hub.bootstrap.build import Hub, Store, build_hub, open_store

__all__ = ["Hub", "Store", "build_hub", "open_store"]
