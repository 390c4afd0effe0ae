-- Every record, once. The bytes are the record: the other columns repeat what they say, to be searched.
CREATE TABLE records (
    tenant      TEXT    NOT NULL,
    idx         INTEGER NOT NULL, -- the place in the tenant's log: 0, 1, 2 .. without a gap
    entity      TEXT    NOT NULL, -- the stream, such as order:ord_1
    seq         INTEGER NOT NULL, -- the place in the stream: 1, 2, 3 .. without a gap
    kind        TEXT    NOT NULL,
    recorded_at TEXT    NOT NULL,
    leaf        BLOB    NOT NULL, -- the leaf hash of the bytes
    bytes       BLOB    NOT NULL, -- one line of JSON, as it was hashed
    PRIMARY KEY (tenant, idx),
    UNIQUE (tenant, entity, seq)
) STRICT;

-- The names that only one record of a tenant may have, and which record has them.
CREATE TABLE claims (
    tenant TEXT    NOT NULL,
    kind   TEXT    NOT NULL, -- event, key, approval, receipt or execution
    owner  TEXT    NOT NULL, -- the actor of an event or a key; empty for the others
    name   TEXT    NOT NULL,
    entity TEXT    NOT NULL,
    seq    INTEGER NOT NULL,
    closed INTEGER,          -- the record that closed the approval or the execution last
    PRIMARY KEY (tenant, kind, owner, name)
) STRICT, WITHOUT ROWID;

-- What is open now: approvals that wait, and executions without a settled outcome.
CREATE TABLE marks (
    tenant TEXT    NOT NULL,
    kind   TEXT    NOT NULL, -- approval or execution
    entity TEXT    NOT NULL,
    seq    INTEGER NOT NULL, -- the record that opened it
    id     TEXT    NOT NULL,
    PRIMARY KEY (tenant, kind, entity, seq, id),
    UNIQUE (tenant, kind, id)
) STRICT, WITHOUT ROWID;

-- Against accidents. Against intent there are the hashes.
CREATE TRIGGER records_are_not_changed BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'a record is never changed'); END;
CREATE TRIGGER records_are_not_deleted BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'a record is never deleted'); END;

-- For people who look.
CREATE VIEW log AS
    SELECT tenant, idx, entity, seq, kind, recorded_at, lower(hex(leaf)) AS leaf, CAST(bytes AS TEXT) AS record
    FROM records ORDER BY tenant, idx;
CREATE VIEW streams AS
    SELECT tenant, entity, max(seq) AS seq FROM records GROUP BY tenant, entity;
