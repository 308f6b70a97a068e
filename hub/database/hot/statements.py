"""The statements of the hot path on PostgreSQL; each admits one plan.

What is looked up by key is looked up row by row, by the index of that key, whatever
the planner believes about sizes: `cross join lateral (… limit 1)`, and plans that
read a table from end to end are off for the transaction (`pipeline.ONE_PLAN`).
"""

from functools import cache

import sqlalchemy as sa

from hub.database.hot.batch import Sheet
from hub.database.hot.packing import element_type

READ = """
SELECT j.id::text, j.lane, j.source, j.received_at, j.crashes, j.waits, j.revised,
       j.parent_id::text, j.item_no, j.complaint_id::text, j.code, j.public_number,
       j.content_hash, j.data_key_id::text, r.sealed, r.blob_id::text, k.wrapped
  FROM unnest(%b::uuid[]) AS wanted(id)
 CROSS JOIN LATERAL (SELECT * FROM journal WHERE id = wanted.id LIMIT 1) AS j
  LEFT JOIN LATERAL
       (SELECT * FROM journal_raw WHERE journal_id = j.id LIMIT 1) AS r ON true
  LEFT JOIN LATERAL
       (SELECT wrapped FROM data_keys WHERE id = j.data_key_id LIMIT 1) AS k ON true
 WHERE j.state IN ('new', 'waiting') AND j.due_at <= %s
 ORDER BY j.id
"""

LOCK = """
SELECT j.id::text FROM unnest(%b::uuid[]) AS wanted(id)
 CROSS JOIN LATERAL (
       SELECT id FROM journal
        WHERE id = wanted.id AND state IN ('new', 'waiting')
          AND coalesce(due_at, 'infinity') <= %s
        LIMIT 1
          FOR NO KEY UPDATE SKIP LOCKED) AS j
"""
"""In the order of the ids that are given; row by row, so that each looks at its month
only: a list is not compared with the bounds of partitions before it is known.
`coalesce` keeps the planner from the index of what is due, which looks cheap in an
empty month."""

LOCK_PERSONS = """
SELECT count(pg_advisory_xact_lock(person)) FROM unnest(%b::int8[]) AS person
"""

SAME_WORDS = """
SELECT given.n, c.complaint_id::text
  FROM unnest(%b::text[], %b::bytea[], %b::bytea[])
       WITH ORDINALITY AS given(kind, hmac, words, n)
 CROSS JOIN LATERAL (
       SELECT complaint_id FROM contacts
        WHERE kind = given.kind AND hmac = given.hmac
          AND words_hash = given.words AND received_at > %s
        ORDER BY received_at LIMIT 1) AS c
"""

KNOWN_KEYS = """
SELECT given.n, k.content_hash, k.journal_id::text, k.expires_at
  FROM unnest(%b::text[], %b::bytea[]) WITH ORDINALITY AS given(source, hash, n)
 CROSS JOIN LATERAL (
       SELECT content_hash, journal_id, expires_at FROM source_keys
        WHERE source = given.source AND key_hash = given.hash
        LIMIT 100) AS k
 ORDER BY given.n, k.journal_id
"""

TAKEN_CODES = """
SELECT given.code FROM unnest(%b::text[]) AS given(code)
 CROSS JOIN LATERAL (SELECT 1 FROM codes WHERE code = given.code LIMIT 1) AS c
"""

READING = (READ, LOCK, SAME_WORDS, KNOWN_KEYS, TAKEN_CODES)
"""Those whose plan matters."""


@cache
def writing(sheet: Sheet) -> str:
    """Write the statement that stores a sheet of any length."""
    names = sheet.names
    types = [element_type(sheet.table.c[name]) for name in names]
    arrays = ", ".join(f"%b::{kind}[]" for kind in types)
    columns = ", ".join(f'"{name}"' for name in names)
    table = sheet.table.name
    if not sheet.key:
        return f'INSERT INTO "{table}" ({columns}) SELECT * FROM unnest({arrays})'  # noqa: S608 - names from our metadata
    changes = ", ".join(f'"{name}" = given."{name}"' for name in sheet.columns)
    same = " AND ".join(f'"{name}" = given."{name}"' for name in sheet.key)
    # By its place: a join on the key may be turned round, and read the whole table.
    found, place = "ctid", "kept.ctid = found.ctid"
    if is_partitioned(sheet.table):
        # Partitions have rows at equal places; and the key leads to one of them.
        found = ", ".join(("tableoid", "ctid", *(f'"{name}"' for name in sheet.key)))
        place += " AND kept.tableoid = found.tableoid" + "".join(
            f' AND kept."{name}" = found."{name}"' for name in sheet.key
        )
    return (
        f'UPDATE "{table}" AS kept SET {changes} '  # noqa: S608 - as above
        f"FROM unnest({arrays}) AS given({columns}) CROSS JOIN LATERAL "
        f'(SELECT {found} FROM "{table}" WHERE {same} LIMIT 1) AS found '
        f"WHERE {place}"
    )


def is_partitioned(table: sa.Table) -> bool:
    """Tell whether PostgreSQL keeps the table in partitions."""
    return table.dialect_options["postgresql"]["partition_by"] is not None
