"""Whether a Docker engine answers on this machine."""

import contextlib
import functools
import gc
import warnings
from collections.abc import Iterator

# An engine that is there answers within milliseconds; one that is far away and hangs
# must not hold the tests up.
ANSWER_SECONDS_MAX = 3


@functools.cache
def docker_answers() -> bool:
    """Ask once per process, the way the containers themselves will be asked for."""
    with quiet_docker():
        from docker.errors import DockerException  # noqa: PLC0415
        from testcontainers.core.docker_client import DockerClient  # noqa: PLC0415

        try:
            client = DockerClient(timeout=ANSWER_SECONDS_MAX).client
        except DockerException:
            return False
        try:
            return bool(client.ping())
        except DockerException:
            return False
        finally:
            client.close()


@contextlib.contextmanager
def quiet_docker() -> Iterator[None]:
    """Keep the warnings of the Docker libraries from failing a test.

    A refused connection leaves a socket for the garbage collector, and their own
    modules use functions that they deprecate.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()
