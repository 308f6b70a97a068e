"""Columns as PostgreSQL's binary arrays, packed by hand.

Not the hub's own: a measure that grew slower with what it measures would show nothing.
"""

import struct
from collections.abc import Sequence

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format

_HEADER = struct.Struct(">iiIii")
_LENGTH = struct.Struct(">i").pack
_NULL = b"\xff\xff\xff\xff"
INT4, INT8, BYTEA, TEXT, UUID = 23, 20, 17, 25, 2950


class Packed(bytes):
    """A whole array as it goes over the wire; its type stands in the statement."""


class _PackedDumper(Dumper):
    format = Format.BINARY
    oid = 0

    def dump(self, obj: Packed) -> Buffer:
        return bytes(obj)


psycopg.adapters.register_dumper(Packed, _PackedDumper)


def numbers(values: Sequence[int], oid: int = INT8) -> Packed:
    """Pack whole numbers, of eight bytes or of four."""
    size, code = (8, "iq") if oid == INT8 else (4, "ii")
    flat = [size] * (2 * len(values))
    flat[1::2] = values
    return _array(oid, len(values), struct.pack(">" + code * len(values), *flat))


def pieces(values: Sequence[bytes | None], oid: int = BYTEA) -> Packed:
    """Pack byte strings, texts in UTF-8, or ids of sixteen bytes."""
    content = [_NULL if v is None else _LENGTH(len(v)) + v for v in values]
    return _array(oid, len(values), b"".join(content))


def texts(values: Sequence[str]) -> Packed:
    """Pack texts."""
    return pieces([value.encode() for value in values], TEXT)


def _array(oid: int, count: int, content: bytes) -> Packed:
    # An empty array has no dimension.
    head = _HEADER.pack(1 if count else 0, 1, oid, count, 1)
    return Packed(head[: None if count else 12] + content)
