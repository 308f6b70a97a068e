"""What all test servers have in common: one may break those of one's own."""

from typing import Generic, Protocol, Self, TypeVar

LOG_CHARACTERS_MAX = 10_000


class NotPossible(Exception):
    """Only a server of our own can be broken, not one named by the environment."""


class NotStarted(Exception):
    """The server ended, or did not answer in time; the text is the end of its log."""

    def __init__(self, log: str) -> None:
        # Erlang's last words alone are some 3000 characters.
        super().__init__(log[-LOG_CHARACTERS_MAX:])


class Machine(Protocol):
    """What a server of our own runs on: a private folder here, or a container."""

    @property
    def is_running(self) -> bool:
        """Whether the server's process is there, suspended or not."""
        ...

    def start(self) -> None:
        """Start with the files and ports of before; return when clients are served.

        Raises NotStarted.
        """
        ...

    def kill(self) -> None:
        """End all processes of the server at once; a second call does nothing."""
        ...

    def suspend(self) -> None:
        """Stop all processes of the server where they are."""
        ...

    def resume(self) -> None:
        """Let a suspended server go on."""
        ...

    def remove(self) -> None:
        """End the server and remove its files; a second call does nothing."""
        ...


M = TypeVar("M", bound=Machine)


class Server(Generic[M]):
    """A server for tests; without a machine of our own, breaking it is NotPossible."""

    def __init__(self, machine: M | None) -> None:
        self._machine = machine

    def kill(self) -> None:
        """End the server at once, as a power cut would; a second call does nothing."""
        self._own_machine("kill").kill()

    def restart(self) -> None:
        """Start it again, killed before or not, with the same files and addresses."""
        machine = self._own_machine("restart")
        if machine.is_running:
            machine.kill()
        machine.start()

    def suspend(self) -> None:
        """Stop the server where it is; its sockets stay open and say nothing."""
        self._own_machine("suspend").suspend()

    def resume(self) -> None:
        """Let a suspended server go on."""
        self._own_machine("resume").resume()

    def stop(self) -> None:
        """Leave nothing behind; a second call does nothing."""
        if self._machine is not None:
            self._machine.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _own_machine(self, operation: str) -> M:
        if self._machine is None:
            text = f"{operation}() on a server that is named by the environment"
            raise NotPossible(text)
        return self._machine
