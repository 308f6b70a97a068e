"""A journal that has grown, for looking at plans."""

from datetime import UTC, datetime

from hub.database.partitions import first_id

LARGE = 20_000
THIS = datetime.now(UTC).date().replace(day=1)
ID = f"overlay(gen_random_uuid()::text placing '{first_id(THIS)[:13]}' from 1)::uuid"
JOURNAL = f"""
INSERT INTO journal (id, lane, source, received_at, state, due_at, data_key_id,
                     content_hash, complaint_id, code, public_number, raw_sha256)
SELECT {ID}, 'intake.web', 'web', now(),
       CASE WHEN n % 10 = 0 THEN 'new' ELSE 'done' END,
       CASE WHEN n % 10 = 0 THEN now() END, gen_random_uuid(), 'h', gen_random_uuid(),
       'C' || n, 'P' || n, 'h'
  FROM generate_series(1, {LARGE}) AS n;
INSERT INTO journal_raw (journal_id, sealed) SELECT id, 's' FROM journal;
INSERT INTO data_keys (id, complaint_id, wrapped, ring_id)
SELECT data_key_id, complaint_id, 'w', gen_random_uuid() FROM journal;
INSERT INTO source_keys (source, key_hash, content_hash, journal_id)
SELECT source, code::bytea, 'h', id FROM journal;
INSERT INTO contacts (kind, hmac, complaint_id, reporter_id, words_hash, received_at)
SELECT 'email', code::bytea, complaint_id, gen_random_uuid(), 'w', now() FROM journal;
"""  # noqa: S608 - numbers and a time of our own
