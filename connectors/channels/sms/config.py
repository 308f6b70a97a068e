"""What an operator sets for the SMS channel."""

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from schemas.base import Model

GatewayName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Keyword = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,40}$", to_upper=True)
]
Secret = Annotated[SecretStr, Field(min_length=1)]


class Gateway(Model):
    """One gateway: how it calls us and how we call it."""

    secret: Secret
    """What it shows us: `Authorization: Bearer <secret>`."""
    send_url: str = Field(pattern=r"^https?://")
    send_secret: Secret
    """What we show it."""
    line: str = Field(min_length=1, max_length=20)
    """Number that citizens write to; the answers come from there."""
    deadline_seconds: float = Field(default=10, gt=0)
    """Total time of one call to it."""


class SmsConfig(Model):
    """Settings of the channel; unknown keys are refused."""

    gateways: dict[GatewayName, Gateway] = Field(min_length=1)
    keywords: dict[Keyword, Annotated[str, Field(max_length=40)]] = Field(
        default={"LAPOR": ""}
    )
    """First word -> keyword for routing; empty for words that only say "complaint",
    which are then no part of the text."""
    segments_max: int = Field(default=3, ge=1, le=10)
    """Longest answer, in messages of the air."""
    link: str = Field(default="", max_length=100)
    """Address of the tracking page with `{code}`; empty leaves it out."""
