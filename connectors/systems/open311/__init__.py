"""An agency whose system is an Open311 GeoReport v2 server."""

from connectors.systems.open311.system import Open311System

__all__ = ["Open311System"]
