"""Listeners of agencies' systems: connections on which they speak by themselves."""

import threading
from collections.abc import Mapping, Sequence

from connectors.contract import Accept, Listener, System
from hub import telemetry


class AgencyEars:
    """Every agency's listeners, by agency. One that fails takes nobody along."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accept: Accept | None = None
        self._ears: dict[str, tuple[System, Sequence[Listener]]] = {}

    @property
    def listeners(self) -> list[tuple[str, Listener]]:
        """Name each listener with its agency."""
        return [(name, ear) for name, (_, ears) in self._ears.items() for ear in ears]

    def listen_to(self, systems: Mapping[str, System]) -> None:
        """Listen to these and to no others; who is the same goes on undisturbed."""
        with self._lock:
            for name in [
                n for n, (s, _) in self._ears.items() if systems.get(n) is not s
            ]:
                _, ears = self._ears.pop(name)
                self._stop(name, ears)
            for name, system in systems.items():
                if name not in self._ears:
                    self._ears[name] = (system, system.listeners())
                    self._start(name, self._ears[name][1])

    def start(self, accept: Accept) -> None:
        """Begin to listen; what cannot is logged, and the others begin."""
        with self._lock:
            self._accept = accept
            for name, (_, ears) in self._ears.items():
                self._start(name, ears)

    def stop(self) -> None:
        """End listening; what is in flight is answered first."""
        with self._lock:
            self._accept = None
            for name, (_, ears) in self._ears.items():
                self._stop(name, ears)

    def _start(self, agency: str, ears: Sequence[Listener]) -> None:
        if self._accept is None:
            return
        for ear in ears:
            try:
                ear.start(self._accept)
            except Exception as error:  # noqa: BLE001 - one agency stops no hub
                telemetry.log.error("listener_failed", agency=agency, error=error)

    @staticmethod
    def _stop(agency: str, ears: Sequence[Listener]) -> None:
        for ear in ears:
            try:
                ear.stop()
            except Exception as error:  # noqa: BLE001 - the others end, too
                telemetry.log.error("listener_failed", agency=agency, error=error)
