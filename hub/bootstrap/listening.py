"""Listeners of agencies' systems: connections on which they speak by themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Accept, Listener, System
from hub import telemetry


@dataclass(frozen=True)
class AgencyEars:
    """Every agency's listeners, by agency. One that fails takes nobody along."""

    listeners: Sequence[tuple[str, Listener]] = ()

    @classmethod
    def of(cls, systems: Mapping[str, System]) -> "AgencyEars":
        """Ask every system for its listeners."""
        return cls(
            [
                (name, ear)
                for name, system in systems.items()
                for ear in system.listeners()
            ]
        )

    def start(self, accept: Accept) -> None:
        """Begin to listen; what cannot is logged, and the others begin."""
        for agency, listener in self.listeners:
            try:
                listener.start(accept)
            except Exception as error:  # noqa: BLE001 - one agency stops no hub
                telemetry.log.error("listener_failed", agency=agency, error=error)

    def stop(self) -> None:
        """End listening; what is in flight is answered first."""
        for agency, listener in self.listeners:
            try:
                listener.stop()
            except Exception as error:  # noqa: BLE001 - the others end, too
                telemetry.log.error("listener_failed", agency=agency, error=error)
