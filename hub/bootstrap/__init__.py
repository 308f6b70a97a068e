"""Composition root: Settings -> every concrete object; nothing else constructs adapters."""

from hub.bootstrap.build import Hub, Store, build_hub, open_store

__all__ = ["Hub", "Store", "build_hub", "open_store"]
