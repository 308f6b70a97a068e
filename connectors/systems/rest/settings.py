"""`[settings]` of an agency whose system is an API over HTTP."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from connectors.protocols.http.auth import Auth, ClientTls, NoAuth
from connectors.systems.rest.calls import ErrorRule
from connectors.systems.rest.coming_in import (
    Born,
    Poll,
    Snapshot,
    Update,
    WebhookSettings,
    one_or_many,
)
from connectors.systems.rest.going_out import (
    Find,
    Send,
    Submit,
    TokenCall,
    Upload,
)
from connectors.systems.rest.words import Base, Section


class RestSettings(Section):
    """Everything that the system `rest` needs to know of one agency."""

    base_url: Base
    auth: Auth = NoAuth()
    tls: ClientTls = ClientTls()
    honours_key: bool = False
    """True if a repeated call with one Idempotency-Key has one effect."""
    key_header: str = "Idempotency-Key"
    """Header of our key, on every call that may change something; empty: none."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Headers of every call, for example of the API's version."""
    answers: Literal["json", "xml"] = "json"
    """What the API's answers, and its pushed updates, are written in."""
    errors: tuple[ErrorRule, ...] = ()
    """For every call, after its own."""
    tables: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Look-up tables for expressions: `$lookup(tables.status, event.status)`."""
    files: Literal["line", "link"] = "line"
    """How attachments are told where the API takes none."""
    submit: Submit
    upload: Upload | None = None
    token: TokenCall | None = None
    find: Find | None = None
    send: Annotated[tuple[Send, ...], one_or_many(Send)] = ()
    find_event: Find | None = None
    webhook: WebhookSettings | None = None
    update: Update | None = None
    born: Born | None = None
    poll: Poll | None = None
    snapshot: Snapshot | None = None

    @property
    def follow_ups(self) -> bool:
        """Tell whether calls follow once the case is there."""
        follows = self.upload is not None and self.upload.follows
        return bool(self.submit.after) or follows

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.find is not None and self.find.reference is None:
            msg = "find.reference is missing: where is the id of the case found?"
            raise ValueError(msg)
        for name in ("webhook", "born", "poll", "snapshot"):
            if getattr(self, name) is not None and self.update is None:
                msg = f"{name} without update: say where an update has which field"
                raise ValueError(msg)
        if (self.submit.token is None) != (self.token is None):
            msg = "submit.token and the table token belong together"
            raise ValueError(msg)
        return self
