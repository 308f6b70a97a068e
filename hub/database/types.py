"""Column types that mean the same on SQLite and PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[datetime]):
    """An instant in UTC: timestamptz, or microseconds since 1970 on SQLite."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Choose the column type of the database."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(sa.DateTime(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write an instant."""
        if value is None or dialect.name == "postgresql":
            return value
        return to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read an instant."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return value.astimezone(UTC)  # type: ignore[no-any-return]
        return from_microseconds(value)


def to_microseconds(moment: datetime) -> int:
    """Count the microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """Read microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


_encode = json.JSONEncoder(separators=(",", ":")).encode


def compact_json(value: Any) -> bytes:
    """Write a JSON value without spaces; the encoder is made once."""
    return _encode(value).encode()


Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Id = sa.Uuid(as_uuid=False)
"""A UUID, handed around as its canonical text."""
Sealed = sa.LargeBinary
"""`v1.` + key id + nonce + ciphertext (see hub/database/vault.py)."""
