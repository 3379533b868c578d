"""The tables of the schema `dialctl`, and every statement that reads or writes them.

Each statement is a transaction of its own, so that a pooler may give each to another session. Each can be repeated
after its answer was lost: it does nothing the second time, and what is kept tells that it was done.

    places    a row for each lock: the lock, and who holds its lease until when
    journal   a row for each line since the lock
    lists     a row for each line of the lists beside the lock
    rounds    a row for each lock: a note about the last round of `dialctl run`
"""

from __future__ import annotations

CREATE = """
SELECT pg_advisory_xact_lock(7308324465783251);
CREATE SCHEMA IF NOT EXISTS dialctl;
CREATE TABLE IF NOT EXISTS dialctl.places (
    prefix text PRIMARY KEY,
    lock bytea,
    version bigint NOT NULL DEFAULT 0,
    folded bigint NOT NULL DEFAULT 0,
    tail bigint NOT NULL DEFAULT 0,
    token text,
    lease_id text,
    holder bytea,
    ends_at timestamptz
);
CREATE TABLE IF NOT EXISTS dialctl.journal (
    prefix text NOT NULL,
    number bigint NOT NULL,
    line bytea NOT NULL,
    PRIMARY KEY (prefix, number)
);
CREATE TABLE IF NOT EXISTS dialctl.lists (
    prefix text NOT NULL,
    name text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    id text NOT NULL UNIQUE,
    line bytea NOT NULL,
    PRIMARY KEY (prefix, name, number)
);
CREATE TABLE IF NOT EXISTS dialctl.rounds (
    prefix text PRIMARY KEY,
    note bytea NOT NULL
)
"""
"""Of `places`: `version` counts the folds, `tail` and `folded` are the numbers of the last journal line and of the last
one that the lock has taken in. `token` is of one taking of the lease, `lease_id` that of `dialctl force-unlock`. The
first line is a lock until the end of the transaction: two runs that create a schema at once fail otherwise. Without
parameters all are one message, and so one transaction."""

# Protocol 1: what is answered is durable, whatever the role, the database or the server were told to do otherwise. The
# setting ends with the transaction. Only waiting for a standby to have applied the write is stricter than `on`.
_DURABLE = """set_config('synchronous_commit', CASE current_setting('synchronous_commit')
    WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true) IS NOT NULL"""

# Protocol 11: the lease is checked by the server's clock in the statement that writes.
_HELD = "prefix = %(prefix)s AND token = %(token)s AND ends_at > clock_timestamp()"

LOAD = """
SELECT 0::bigint AS number, version, folded, tail, lock AS body FROM dialctl.places WHERE prefix = %(prefix)s
UNION ALL
SELECT number, 0, 0, 0, line FROM dialctl.journal WHERE prefix = %(prefix)s
ORDER BY number
"""
"""The place, then the lines of its journal, all as of one moment."""

APPEND = f"""
WITH fence AS (
    UPDATE dialctl.places SET tail = tail + 1
    WHERE {_HELD} AND tail = %(tail)s AND {_DURABLE}
    RETURNING prefix, tail
)
INSERT INTO dialctl.journal (prefix, number, line) SELECT prefix, tail, %(line)s FROM fence RETURNING number
"""

FOLD = f"""
WITH fence AS (
    UPDATE dialctl.places SET lock = %(lock)s, version = version + 1, folded = tail
    WHERE {_HELD} AND tail = %(tail)s AND version = %(version)s AND {_DURABLE}
    RETURNING prefix, tail
), dropped AS (
    DELETE FROM dialctl.journal USING fence WHERE journal.prefix = fence.prefix AND journal.number <= fence.tail
)
SELECT tail FROM fence
"""

STANDING = """
SELECT token = %(token)s AND ends_at > clock_timestamp(), version, tail, lock = %(lock)s,
    (SELECT line = %(line)s FROM dialctl.journal WHERE journal.prefix = places.prefix AND number = tail)
FROM dialctl.places WHERE prefix = %(prefix)s
"""
"""Whether the lease is held, how lock and journal end, and whether they end with what was to be written."""

TAKE = f"""
INSERT INTO dialctl.places AS place (prefix, token, lease_id, holder, ends_at)
SELECT %(prefix)s, %(token)s, %(lease_id)s, %(holder)s, clock_timestamp() + make_interval(secs => %(duration)s)
WHERE {_DURABLE}
ON CONFLICT (prefix) DO UPDATE SET
    token = EXCLUDED.token, lease_id = EXCLUDED.lease_id, holder = EXCLUDED.holder,
    ends_at = clock_timestamp() + make_interval(secs => %(duration)s)
WHERE place.token IS NULL OR place.token = EXCLUDED.token OR place.ends_at <= clock_timestamp()
RETURNING tail
"""

RENEW = f"""
UPDATE dialctl.places SET ends_at = clock_timestamp() + make_interval(secs => %(duration)s)
WHERE {_HELD} RETURNING tail
"""

HOLDER = """
SELECT holder, token FROM dialctl.places
WHERE prefix = %(prefix)s AND token IS NOT NULL AND ends_at > clock_timestamp()
"""

RELEASE = "UPDATE dialctl.places SET token = NULL WHERE prefix = %(prefix)s AND token = %(token)s RETURNING tail"

BREAK = f"""
UPDATE dialctl.places SET token = NULL
WHERE prefix = %(prefix)s AND lease_id = %(lease_id)s AND token IS NOT NULL AND ends_at > clock_timestamp()
    AND {_DURABLE} RETURNING tail
"""

READ_LINES = "SELECT line FROM dialctl.lists WHERE prefix = %(prefix)s AND name = %(name)s ORDER BY number"

ADD_LINE = f"""
INSERT INTO dialctl.lists (prefix, name, id, line)
SELECT %(prefix)s, %(name)s, %(id)s, %(line)s WHERE {_DURABLE}
ON CONFLICT (id) DO NOTHING
"""

READ_ROUND = "SELECT note FROM dialctl.rounds WHERE prefix = %(prefix)s"

WRITE_ROUND = """
INSERT INTO dialctl.rounds (prefix, note) VALUES (%(prefix)s, %(note)s)
ON CONFLICT (prefix) DO UPDATE SET note = EXCLUDED.note
"""
