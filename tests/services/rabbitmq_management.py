"""The management interface of RabbitMQ, as far as test servers need it."""

from urllib.parse import quote, urlsplit

import httpx2

from tests.services.waiting import wait_until

ANSWER_SECONDS_MAX = 30.0
ALARM_SECONDS_MAX = 30.0


class Management:
    """Virtual hosts and alarms over HTTP: some ten milliseconds per call."""

    def __init__(self, url: str) -> None:
        """Take an address with credentials, such as http://guest:guest@host:15672."""
        self.url = url
        self._user = urlsplit(url).username or "guest"
        self._client = httpx2.Client(
            base_url=f"{url.rstrip('/')}/api/",
            timeout=ANSWER_SECONDS_MAX,
            trust_env=False,
        )

    def create_vhost(self, name: str) -> None:
        """Make a virtual host in which the user of the address may do everything."""
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        permissions = _path("permissions", name, self._user)
        self._client.put(_path("vhosts", name), json={}).raise_for_status()
        self._client.put(permissions, json=everything).raise_for_status()

    def drop_vhost(self, name: str) -> None:
        """Remove a virtual host with all that is in it, whoever is connected."""
        self._client.delete(_path("vhosts", name)).raise_for_status()

    def wait_for_alarm(self, *, on: bool) -> None:
        """Return when the node has an alarm in effect, or none; else TimeoutError."""

        def is_so() -> bool:
            answer = self._client.get("health/checks/local-alarms")
            return answer.is_success != on

        if not wait_until(is_so, ALARM_SECONDS_MAX):
            change = "set" if on else "cleared"
            text = f"the alarm was not {change} within {ALARM_SECONDS_MAX:g} seconds"
            raise TimeoutError(text)

    def close(self) -> None:
        """Close the connections; a second call does nothing."""
        self._client.close()


def _path(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)
