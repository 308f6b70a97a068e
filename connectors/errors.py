"""Errors of connectors, named by what the hub does next."""


class ConnectorError(Exception):
    """A call to a foreign system did not end well.

    `fingerprint` groups equal failures; it must hold no personal data.
    """

    def __init__(
        self, why: str, *, fingerprint: str = "", response: bytes = b""
    ) -> None:
        super().__init__(why)
        self.why = why
        self.fingerprint = fingerprint or f"{type(self).__name__}: {why}"
        self.response = response


class Retryable(ConnectorError):
    """Nothing was done; try again later, at the earliest after `after_seconds`.

    `throttled` says that the party asked for it: then the whole party waits.
    """

    def __init__(
        self,
        why: str,
        *,
        after_seconds: float | None = None,
        throttled: bool = False,
        fingerprint: str = "",
        response: bytes = b"",
    ) -> None:
        super().__init__(why, fingerprint=fingerprint, response=response)
        self.after_seconds = after_seconds
        self.throttled = throttled


class OutcomeUnknown(ConnectorError):
    """It was sent and nobody knows whether it was done."""


class Refused(ConnectorError):
    """It will never pass as it is.

    `contact_gone` says that nothing will ever reach this contact.
    """

    def __init__(
        self,
        why: str,
        *,
        fingerprint: str = "",
        response: bytes = b"",
        contact_gone: bool = False,
    ) -> None:
        super().__init__(why, fingerprint=fingerprint, response=response)
        self.contact_gone = contact_gone


class Misconfigured(ConnectorError):
    """The way to the party is wrong (401, TLS, address): pause it, burn nothing."""
