-- The tables. A plan that was made for a few rows is kept while they become many, so none is made from the
-- statistics of a small table.

-- What is stored: the exact bytes of each record. Rows are never changed.
CREATE TABLE kiff.records (
    tenant text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    bytes bytea NOT NULL,
    PRIMARY KEY (tenant, stream, seq)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
-- The head of each stream: what an append compares and sets. The clock orders batches that are not in the
-- log yet: it is greater than that of every batch before it in the same stream.
CREATE TABLE kiff.streams (
    tenant text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    clock bigint NOT NULL,
    PRIMARY KEY (tenant, stream)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000, fillfactor = 70);
-- The names that only one record may have.
CREATE TABLE kiff.claims (
    tenant text COLLATE "C" NOT NULL,
    claim text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    closed bigint,
    PRIMARY KEY (tenant, claim)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
-- The approvals and executions that are open.
CREATE TABLE kiff.open (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (tenant, id)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
CREATE INDEX open_by_place ON kiff.open (tenant, kind, stream, seq, id);
-- The batches that have no place in the log yet: for each stream the sequences before and at their end.
CREATE TABLE kiff.pending (
    tenant text COLLATE "C" NOT NULL,
    clock bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    streams text[] NOT NULL,
    afters bigint[] NOT NULL,
    heads bigint[] NOT NULL,
    PRIMARY KEY (tenant, clock, stream)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
-- The order of each tenant's log, from 0, without gaps. Rows are never changed.
CREATE TABLE kiff.log (
    tenant text COLLATE "C" NOT NULL,
    idx bigint NOT NULL,
    stream text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (tenant, idx)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
-- The length of each tenant's log. Its row is the sequencer's lock.
CREATE TABLE kiff.lengths (
    tenant text COLLATE "C" PRIMARY KEY,
    length bigint NOT NULL
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
