"""A server in a Docker container that may be killed and started again."""

from collections.abc import Mapping

from tests.services.engine import quiet_docker
from tests.services.ports import free_ports
from tests.services.server import NotStarted

with quiet_docker():
    from testcontainers.core.container import DockerContainer

# As many as RabbitMQ needs; an engine cannot give more than it has itself.
OPEN_FILES = 20_000


class Container:
    """One container; Testcontainers removes it when this process is gone.

    `ports` are those inside. Outside, each has one port for the container's whole life.
    """

    def __init__(
        self,
        image: str,
        ports: tuple[int, ...],
        environment: Mapping[str, str],
        command: list[str] | None = None,
    ) -> None:
        """Prepare the container; `start` runs it."""
        limit = {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES}
        self._container = DockerContainer(image).with_kwargs(ulimits=[limit])
        self._container.with_envs(**environment)
        if command:
            self._container.with_command(command)
        # Left to itself, Docker chooses other ports at every start.
        for inside, outside in zip(ports, free_ports(len(ports)), strict=True):
            self._container.with_bind_ports(inside, outside)
        self._inside = ports
        self._outside: dict[int, int] = {}
        self._is_created = False
        self._is_suspended = False
        self._is_removed = False

    @property
    def host(self) -> str:
        """Where the engine of the container is reached."""
        return self._container.get_container_host_ip()

    def port(self, inside: int) -> int:
        """Return what a port of the container is called outside."""
        return self._outside[inside]

    @property
    def is_running(self) -> bool:
        """Whether the container's processes are there, suspended or not."""
        self._container.reload()
        return self._container.status in {"running", "paused"}

    def start(self) -> None:
        """Run the container, with the files and ports of before if it ran before.

        Raises NotStarted when it ends at once.
        """
        if self._is_created:
            self._container.get_wrapped_container().start()
        else:
            self._is_created = True
            self._container.start()
        try:
            self._outside = {
                port: self._container.get_exposed_port(port) for port in self._inside
            }
        except TimeoutError:
            raise self.not_started() from None

    def start_or_remove(self) -> None:
        """Start for the first time; leave nothing behind when that fails."""
        try:
            self.start()
        except BaseException:
            self.remove()
            raise

    def kill(self, signal: str = "SIGKILL") -> None:
        """Send a signal that ends the container; return when it has ended."""
        if not self.is_running:
            return
        self.resume()
        container = self._container.get_wrapped_container()
        container.kill(signal)
        container.wait()

    def suspend(self) -> None:
        """Stop all processes of the container where they are."""
        self._container.get_wrapped_container().pause()
        self._is_suspended = True

    def resume(self) -> None:
        """Let a suspended container go on."""
        if self._is_suspended:
            self._container.get_wrapped_container().unpause()
            self._is_suspended = False

    def execute(self, *command: str) -> None:
        """Run a command in the container; raises RuntimeError when it fails."""
        code, output = self._container.exec(list(command))
        if code != 0:
            raise RuntimeError(output.decode(errors="replace"))

    def remove(self) -> None:
        """End the container and remove its files; a second call does nothing."""
        if not self._is_removed:
            self._container.stop()
            self._is_removed = True

    def not_started(self) -> NotStarted:
        """Return the error of a server that does not answer, with its log."""
        text = b"".join(self._container.get_logs()).decode(errors="replace")
        return NotStarted(text)
