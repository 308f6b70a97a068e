"""Ways to prove who we are to a foreign API, as tables of `agency.toml`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, Union

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

SIGNED_PARTS = frozenset(
    {"method", "path", "timestamp", "nonce", "body", "body_sha256"}
)


def _signed(template: str) -> str:
    unknown = {*re.findall(r"\{(\w*)\}", template)} - SIGNED_PARTS
    if unknown:
        legal = ", ".join(sorted(SIGNED_PARTS))
        msg = f"unknown {', '.join(sorted(unknown))} in what is signed; legal: {legal}"
        raise ValueError(msg)
    return template


Text = Annotated[str, Field(min_length=1)]
SignedTemplate = Annotated[str, Field(min_length=1), AfterValidator(_signed)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class AuthTable(BaseModel):
    """A table that refuses unknown keys and keeps secrets out of error texts."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
    )


class NoAuth(AuthTable):
    """The API asks for nothing, or the certificate says it all."""

    kind: Literal["none"] = "none"


class Bearer(AuthTable):
    """A fixed token in the header `Authorization`."""

    kind: Literal["bearer"] = "bearer"
    token: Secret
    previous_token: Secret | None = None
    """Is tried when the token is refused, while the token is being changed."""
    scheme: Text = "Bearer"
    """The word before it: `Bearer`, `Token`, `Api-Key`; after one that ends with `=`,
    such as `Token token=`, the token follows without a space."""


class Basic(AuthTable):
    """A name and a password (RFC 7617)."""

    kind: Literal["basic"]
    user: Text
    password: Secret
    previous_password: Secret | None = None


class ApiKey(AuthTable):
    """A fixed key in a header or in the query."""

    kind: Literal["api_key"]
    key: Secret
    previous_key: Secret | None = None
    header: str = ""
    parameter: str = ""
    """Name of the query parameter; a header is better, since addresses are logged."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.header) == bool(self.parameter):
            msg = "name either a header or a parameter for the key"
            raise ValueError(msg)
        return self


class Headers(AuthTable):
    """Several fixed headers at once, for example a bearer token and a `token`."""

    kind: Literal["headers"]
    headers: dict[str, Secret] = Field(min_length=1)


class OAuth2(AuthTable):
    """Client credentials (RFC 6749, 4.4); the token is renewed in time and on 401."""

    kind: Literal["oauth2"]
    token_url: Text
    client_id: Text
    client_secret: Secret
    scope: str = ""
    parameters: dict[str, str] = {}
    """What the token address wants beside, for example an audience."""
    credentials_in: Literal["header", "body"] = "header"
    token_path: Text = "access_token"  # noqa: S105 - a field's name
    expires_path: Text = "expires_in"


class Splp(AuthTable):
    """The national gateway SPLP: below `context` and `version` of its address.

    Either the header `Apikey`, or a token of client credentials.
    """

    kind: Literal["splp"]
    context: Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$")]
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]
    apikey: Secret | None = None
    previous_apikey: Secret | None = None
    oauth2: OAuth2 | None = None

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.apikey is None) == (self.oauth2 is None):
            msg = "name either apikey or oauth2"
            raise ValueError(msg)
        return self

    @property
    def base_path(self) -> str:
        """What stands between the gateway's address and the paths."""
        return f"/{self.context.strip('/')}/{self.version}"


class Hmac(AuthTable):
    """Every request is signed with a shared secret."""

    kind: Literal["hmac"]
    secret: Secret
    header: Text = "X-Signature"
    prefix: str = ""
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    signed: SignedTemplate = "{body}"
    """What is signed: text with {method}, {path} (with its query), {timestamp},
    {nonce}, {body}, {body_sha256}; \\n begins a line."""
    timestamp_header: str = ""
    """Header that tells the seconds since 1970 that were signed."""
    nonce_header: str = ""
    headers: dict[str, Secret] = {}
    """Fixed headers beside, for example the id of the key."""


KINDS: Mapping[str, type[AuthTable]] = {
    "none": NoAuth,
    "bearer": Bearer,
    "basic": Basic,
    "api_key": ApiKey,
    "headers": Headers,
    "oauth2": OAuth2,
    "splp": Splp,
    "hmac": Hmac,
}


def by_kind(kinds: Mapping[str, type[BaseModel]], otherwise: str) -> PlainValidator:
    """Choose a table by its `kind`, so that faults are named without the choice."""

    def choose(value: Any) -> BaseModel:
        if isinstance(value, BaseModel):
            return value
        kind = value.get("kind", otherwise) if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in kinds:
            legal = ", ".join(kinds)
            why = PydanticCustomError("kind", f"no such kind; legal: {legal}")
            rows = [InitErrorDetails(type=why, loc=("kind",), input=None)]
            title = "table"
            raise ValidationError.from_exception_data(title, rows)
        return kinds[kind].model_validate(value)

    # Fields of a table are checked by its own kind; the schema names all of them.
    table: Any = Union[tuple(dict.fromkeys(kinds.values()))]  # noqa: UP007
    return PlainValidator(choose, json_schema_input_type=table)


Auth = Annotated[
    NoAuth | Bearer | Basic | ApiKey | Headers | OAuth2 | Splp | Hmac,
    by_kind(KINDS, "bearer"),
]
"""One of the tables, told by its `kind`."""


class ClientTls(AuthTable):
    """What is special about TLS: our certificate, or an authority of the agency's own.

    Each is the content of a PEM file, so `file:client.pem` in agency.toml.
    """

    certificate: SecretStr | None = None
    """Our certificate, with the chain below it (mTLS)."""
    key: SecretStr | None = None
    authority: SecretStr | None = None
    """Authorities beside those that the machine trusts."""

    @model_validator(mode="after")
    def _a_pair(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            msg = "certificate and key belong together"
            raise ValueError(msg)
        return self
