"""Columns of values as PostgreSQL's binary arrays.

psycopg writes lists value by value, in Python, as text: that costs more than all other
work on a row. Here a column becomes one value: a header, then length and bytes of
each element.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

from hub.database.types import Instant, compact_json

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
"""PostgreSQL counts the microseconds since then."""
_MICROSECOND = timedelta(microseconds=1)
_HEADER = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i").pack
_LONG = struct.Struct(">iq").pack
_DOUBLE = struct.Struct(">id").pack
_INTEGER = struct.Struct(">ii").pack
_NULL = b"\xff\xff\xff\xff"
_JSONB_VERSION = b"\x01"

Packer = Callable[[Sequence[Any]], "Packed"]


class Packed(bytes):
    """A whole array in PostgreSQL's binary format; its type stands in the statement."""


class _PackedDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Any) -> Buffer:
        """Hand the bytes over as they are."""
        return bytes(obj)


psycopg.adapters.register_dumper(Packed, _PackedDumper)


def _load_json(content: str | bytes | bytearray) -> Any:
    """Read a JSON value; it is always UTF-8, so nobody needs to guess."""
    return json.loads(content if isinstance(content, str) else content.decode())


set_json_loads(_load_json)


class _Memo(dict[Any, bytes]):
    """Elements by value: most columns repeat a few values over and over."""

    def __init__(self, element: Callable[[Any], bytes]) -> None:
        super().__init__({None: _NULL})
        self._element = element

    def __missing__(self, value: Any) -> bytes:
        found = self[value] = self._element(value)
        return found


def _packer(oid: int, element: Callable[[Any], bytes]) -> Packer:
    def pack(values: Sequence[Any]) -> Packed:
        elements = map(_Memo(element).__getitem__, values)
        return _array(oid, len(values), b"".join(elements))

    return pack


def _array(oid: int, count: int, elements: bytes) -> Packed:
    # The flag "has nulls" only says that there may be some.
    return Packed(
        _HEADER.pack(1 if count else 0, 1, oid, count, 1)[: _head(count)] + elements
    )


def _head(count: int) -> int:
    """An empty array has no dimension."""
    return _HEADER.size if count else 12


def _text(value: str) -> bytes:
    content = value.encode()
    return _LENGTH(len(content)) + content


def _instant(value: datetime) -> bytes:
    return _LONG(8, (value - _EPOCH) // _MICROSECOND)


def _boolean(value: bool) -> bytes:  # noqa: FBT001 - an element of a column
    return b"\0\0\0\1\1" if value else b"\0\0\0\1\0"


def pack_uuids(values: Sequence[str | None]) -> Packed:
    """Pack ids from their text; one conversion for the whole column."""
    text = "".join(["ffffffff" if v is None else "00000010" + v for v in values])
    return _array(2950, len(values), bytes.fromhex(text.replace("-", "")))


def pack_bytes(values: Sequence[bytes | None]) -> Packed:
    """Pack byte strings; they rarely repeat, so none is remembered."""
    elements = [_NULL if v is None else _LENGTH(len(v)) + v for v in values]
    return _array(17, len(values), b"".join(elements))


def pack_json(values: Sequence[Any]) -> Packed:
    """Pack JSON values as jsonb; a value that repeats is dumped once."""
    known: dict[int, bytes] = {}
    elements = []
    for value in values:
        found = known.get(id(value))
        if found is None:
            content = _JSONB_VERSION + compact_json(value)
            found = known[id(value)] = _LENGTH(len(content)) + content
        elements.append(found)
    return _array(3802, len(values), b"".join(elements))


PACKERS: Mapping[str, Packer] = MappingProxyType(
    {
        "uuid": pack_uuids,
        "text": _packer(25, _text),
        "int4": _packer(23, lambda value: _INTEGER(4, value)),
        "int8": _packer(20, lambda value: _LONG(8, value)),
        "float8": _packer(701, lambda value: _DOUBLE(8, value)),
        "bool": _packer(16, _boolean),
        "timestamptz": _packer(1184, _instant),
        "bytea": pack_bytes,
        "jsonb": pack_json,
    }
)
"""Element type in PostgreSQL -> the packer of a column of it."""

_TYPES: tuple[tuple[type[Any], str], ...] = (
    (sa.Uuid, "uuid"),
    (Instant, "timestamptz"),
    (sa.JSON, "jsonb"),
    (sa.LargeBinary, "bytea"),
    (sa.Boolean, "bool"),
    (sa.BigInteger, "int8"),
    (sa.Integer, "int4"),
    (sa.Float, "float8"),
    (sa.String, "text"),
)


@cache
def packers_of(table: sa.Table, names: tuple[str, ...]) -> tuple[Packer, ...]:
    """Name the packers of some columns of a table."""
    return tuple(PACKERS[element_type(table.c[name])] for name in names)


def element_type(column: sa.Column[Any]) -> str:
    """Name the PostgreSQL type of a column's values."""
    for kind, name in _TYPES:
        if isinstance(column.type, kind):
            return name
    msg = f"no array is made of {column.type!r}"
    raise TypeError(msg)
