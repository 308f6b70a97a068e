"""Tables and statements of the prototype."""

TABLES = """
CREATE TABLE data_key (id bigint PRIMARY KEY, wrapped bytea NOT NULL);
CREATE TABLE journal (
    id bigint PRIMARY KEY,
    lane smallint NOT NULL,
    state smallint NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    key_id bigint NOT NULL,
    content_hash bytea NOT NULL,
    code text NOT NULL,
    complaint bigint) WITH (fillfactor = 70);
CREATE INDEX ON journal (lane, received_at) WHERE state = 0;
CREATE INDEX ON journal (content_hash);
CREATE TABLE journal_raw (id bigint PRIMARY KEY, sealed bytea NOT NULL);
CREATE TABLE complaint (
    id bigint PRIMARY KEY,
    code text NOT NULL UNIQUE,
    reporter_key bytea NOT NULL,
    category text NOT NULL,
    status smallint NOT NULL,
    head_seq int NOT NULL,
    key_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE INDEX ON complaint (reporter_key);
CREATE TABLE event (
    complaint bigint,
    seq int,
    id uuid NOT NULL,
    author text NOT NULL,
    cause bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    status_after smallint NOT NULL,
    sealed bytea,
    PRIMARY KEY (complaint, seq));
CREATE TABLE leg (
    complaint bigint,
    party int,
    n smallint,
    role smallint NOT NULL,
    status smallint NOT NULL,
    reference text,
    PRIMARY KEY (complaint, party, n));
CREATE TABLE cursor (
    complaint bigint,
    party int,
    recipient bytea NOT NULL,
    lane int NOT NULL,
    delivered_seq int NOT NULL DEFAULT 0,
    target_seq int NOT NULL,
    due_at timestamptz,
    lease_until timestamptz,
    epoch int NOT NULL DEFAULT 0,
    attempts int NOT NULL DEFAULT 0,
    reference text,
    PRIMARY KEY (complaint, party, recipient));
CREATE INDEX ON cursor (lane, due_at) WHERE due_at IS NOT NULL;
"""
COUNTED = ("complaint", "event", "leg", "cursor")

READ = """
SELECT j.id, j.code, j.content_hash, j.key_id, k.wrapped, r.sealed
  FROM unnest(%b::int8[]) AS wanted(id)
  JOIN journal AS j USING (id)
  JOIN journal_raw AS r USING (id)
  JOIN data_key AS k ON k.id = j.key_id
 WHERE j.state = 0
"""
LOCK = """
SELECT id FROM journal WHERE id = ANY(%b::int8[]) AND state = 0
   FOR NO KEY UPDATE SKIP LOCKED
"""
PERSONS = "SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%b::int8[]) AS k"
SAME = """
SELECT given.hash, j.id
  FROM unnest(%b::bytea[]) AS given(hash)
 CROSS JOIN LATERAL (
       SELECT id FROM journal
        WHERE content_hash = given.hash AND state = 1 LIMIT 1) AS j
"""
STORE = """
WITH c AS (
    INSERT INTO complaint
        (id, code, reporter_key, category, status, head_seq, key_id)
    SELECT id, code, reporter, category, 4, head, key
      FROM unnest(%b::int8[], %b::text[], %b::bytea[], %b::text[], %b::int4[],
                  %b::int8[]) AS t(id, code, reporter, category, head, key)),
e AS (
    INSERT INTO event (complaint, seq, id, author, cause, status_after, sealed)
    SELECT complaint, seq, id, author, complaint, least(seq, 4), sealed
      FROM unnest(%b::int8[], %b::int4[], %b::uuid[], %b::text[], %b::bytea[])
        AS t(complaint, seq, id, author, sealed)),
k AS MATERIALIZED (
    SELECT * FROM unnest(%b::int8[], %b::int4[], %b::bytea[], %b::int4[])
        AS t(complaint, party, recipient, target)),
cu AS (
    INSERT INTO cursor (complaint, party, recipient, lane, target_seq, due_at)
    SELECT complaint, party, recipient, party, target, clock_timestamp() FROM k),
l AS (
    INSERT INTO leg (complaint, party, n, role, status)
    SELECT complaint, party, 1, 1, 1 FROM k WHERE party >= 0)
UPDATE journal AS j SET state = 1, complaint = j.id
  FROM unnest(%b::int8[]) AS t(id) WHERE j.id = t.id
"""
DUPLICATES = """
UPDATE journal AS j SET state = 2, complaint = t.first
  FROM unnest(%b::int8[], %b::int8[]) AS t(id, first) WHERE j.id = t.id
"""
