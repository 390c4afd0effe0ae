//! The texts of the statements that run often. `kiff` stands for the schema.

/// The usual batch: records after one stream's head, which guards nothing and closes nothing.
///
/// The statement is a transaction of its own, so its answer is the answer of its commit. It gives no row if
/// the stream is elsewhere. All tables but the head's are written from what the head gave, so nobody is waited for
/// with a claim in hands. A stream that should have a head and has none gets one below zero, and that undoes
/// everything, as a claim that is taken does. It only inserts, so no plan of it can be a bad one.
pub(super) const APPEND: &str = "
WITH now (clock) AS MATERIALIZED (
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
), head AS (
    INSERT INTO kiff.streams AS s (tenant, stream, seq, clock)
    SELECT $1, $2, $4, CASE $3::bigint WHEN 0 THEN clock ELSE -1 END FROM now
    ON CONFLICT (tenant, stream) DO UPDATE
    SET seq = excluded.seq, clock = greatest((SELECT clock FROM now), s.clock + 1) WHERE s.seq = $3
    RETURNING clock
), recorded AS (
    INSERT INTO kiff.records (tenant, stream, seq, bytes)
    SELECT $1, $2, r.seq, r.bytes FROM head, unnest($5::bigint[], $6::bytea[]) AS r (seq, bytes)
), waits AS (
    INSERT INTO kiff.pending (tenant, clock, stream, streams, afters, heads)
    SELECT $1, clock, $2, ARRAY[$2], ARRAY[$3], ARRAY[$4] FROM head
), claimed AS (
    INSERT INTO kiff.claims (tenant, claim, stream, seq)
    SELECT $1, c.claim, $2, c.seq FROM head, unnest($7::text[], $8::bigint[]) AS c (claim, seq)
    ON CONFLICT DO NOTHING RETURNING 1
), opened AS (
    INSERT INTO kiff.open (tenant, id, kind, stream, seq)
    SELECT $1, o.id, o.kind, $2, o.seq FROM head, unnest($9::text[], $10::text[], $11::bigint[]) AS o (id, kind, seq)
    ON CONFLICT DO NOTHING
)
SELECT CASE WHEN clock >= 0 AND (SELECT count(*) FROM claimed) = cardinality($7::text[]) THEN 'done'
       ELSE kiff.met_another() END AS outcome,
    set_config('synchronous_commit',
        CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE $12 END, true)
FROM head";

/// Any batch, and the answer to one that the statement above could not append. What it does is the function
/// `append_1` of the schema.
pub(super) const APPEND_CAREFULLY: &str = "
SELECT a.outcome, a.place, a.actual, set_config('synchronous_commit',
    CASE current_setting('synchronous_commit') WHEN 'remote_apply' THEN 'remote_apply' ELSE $24 END, true)
FROM kiff.append_1($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) a";

pub(super) const READ_STREAM: &str = "
SELECT bytes FROM kiff.records WHERE tenant = $1 AND stream = $2 AND seq > $3
ORDER BY seq LIMIT $4 / (NOT pg_is_in_recovery())::integer";

/// Looked up one by one, so that no plan ever reads all records of the table for a page.
pub(super) const READ_LOG: &str = "
SELECT (SELECT r.bytes FROM kiff.records r WHERE r.tenant = l.tenant AND r.stream = l.stream AND r.seq = l.seq)
FROM kiff.log l WHERE l.tenant = $1 AND l.idx >= $2 ORDER BY l.idx LIMIT $3 / (NOT pg_is_in_recovery())::integer";

pub(super) const FIND: &str = "
SELECT stream, seq, closed FROM kiff.claims WHERE tenant = $1 AND claim = $2
LIMIT 1 / (NOT pg_is_in_recovery())::integer";

pub(super) const OPEN: &str = "
SELECT stream, seq, id FROM kiff.open
WHERE tenant = $1 AND kind = $2 AND (stream, seq, id) > ($3, $4, $5)
ORDER BY stream, seq, id LIMIT $6 / (NOT pg_is_in_recovery())::integer";

/// The length of the log, and whether a batch waits for its place: one look at one moment.
pub(super) const WAITING: &str = "
SELECT coalesce((SELECT length FROM kiff.lengths WHERE tenant = $1), 0),
       EXISTS (SELECT FROM kiff.pending WHERE tenant = $1)
LIMIT 1 / (NOT pg_is_in_recovery())::integer";

/// One sequencer at a time. The upsert waits for the other one, and locks the row.
pub(super) const LOCK_LENGTH: &str = "
INSERT INTO kiff.lengths AS l (tenant, length) VALUES ($1, 0)
ON CONFLICT (tenant) DO UPDATE SET length = l.length";

/// Runs under that lock, with a snapshot taken after it was got.
pub(super) const PLACE: &str = "
WITH next AS MATERIALIZED (
    SELECT clock, stream FROM kiff.pending WHERE tenant = $1 ORDER BY clock, stream LIMIT $2
), taken AS (
    DELETE FROM kiff.pending p USING next n
    WHERE p.tenant = $1 AND p.clock = n.clock AND p.stream = n.stream
    RETURNING p.clock, p.stream, p.streams, p.afters, p.heads
), placed AS (
    SELECT part.stream, s.seq, row_number() OVER (ORDER BY t.clock, t.stream, part.place, s.seq) AS place
    FROM taken t
    CROSS JOIN LATERAL unnest(t.streams, t.afters, t.heads) WITH ORDINALITY AS part (stream, after, head, place)
    CROSS JOIN LATERAL generate_series(part.after + 1, part.head) AS s (seq)
), logged AS (
    INSERT INTO kiff.log (tenant, idx, stream, seq)
    SELECT $1, l.length + p.place - 1, p.stream, p.seq
    FROM placed p CROSS JOIN (SELECT length FROM kiff.lengths WHERE tenant = $1) l
    ORDER BY p.place
    RETURNING idx
)
UPDATE kiff.lengths SET length = length + (SELECT count(*) FROM logged)
WHERE tenant = $1
RETURNING length, (SELECT count(*) FROM taken)";

pub(super) const READ_CELL: &str = "
SELECT revision, value FROM kiff.cells WHERE tenant = $1 AND name = $2
LIMIT 1 / (NOT pg_is_in_recovery())::integer";

/// Compares and sets. A cell is never deleted, so one that this statement sees is there to be updated; one that
/// another session makes meanwhile is waited for, and is at another revision than 0.
pub(super) const SET_CELL: &str = "
INSERT INTO kiff.cells AS c (tenant, name, revision, value)
SELECT $1, $2, 1, $4
WHERE $3::bigint = 0 OR EXISTS (SELECT FROM kiff.cells WHERE tenant = $1 AND name = $2)
ON CONFLICT (tenant, name) DO UPDATE SET revision = c.revision + 1, value = excluded.value WHERE c.revision = $3
RETURNING set_config('synchronous_commit', $5, true)";
