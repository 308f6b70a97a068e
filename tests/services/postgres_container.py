"""PostgreSQL in a container of our own."""

from collections.abc import Mapping

from tests.services.container import Container
from tests.services.postgres_node import SUPERUSER, answers_postgres
from tests.services.waiting import wait_until

IMAGE = "postgres:17"
PORT = 5432
START_SECONDS_MAX = 120.0


class PostgresContainer(Container):
    """A container that is started on construction; raises NotStarted."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        environment = {
            "POSTGRES_USER": SUPERUSER,
            "POSTGRES_DB": "postgres",
            "POSTGRES_HOST_AUTH_METHOD": "trust",
            "POSTGRES_INITDB_ARGS": "-E UTF8 --locale=C.UTF-8",
        }
        options = [part for item in settings.items() for part in ("-c", "=".join(item))]
        super().__init__(IMAGE, (PORT,), environment, ["postgres", *options])
        self.start_or_remove()

    def start(self) -> None:
        """Run it, with the files and port of before; return when clients are served."""
        super().start()
        if not wait_until(
            lambda: answers_postgres(self.host, self.port(PORT)),
            START_SECONDS_MAX,
            give_up=lambda: not self.is_running,
        ):
            raise self.not_started()

    def quit(self) -> None:
        """Have the server end without tidying up."""
        self.kill("SIGQUIT")
