"""SP4N-LAPOR!, the national complaint platform, by its REST API (third generation)."""

from connectors.systems.sp4n.system import Sp4nSystem

__all__ = ["Sp4nSystem"]
