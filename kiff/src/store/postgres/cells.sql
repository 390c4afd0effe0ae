-- Small values beside the log. None of them is evidence.
CREATE TABLE kiff.cells (
    tenant text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (tenant, name)
) WITH (autovacuum_analyze_threshold = 2000, autovacuum_vacuum_threshold = 2000);
