"""An agency whose system is a JSON API over HTTP, described by its manifest."""

from connectors.systems.rest.system import RestSystem

__all__ = ["RestSystem"]
