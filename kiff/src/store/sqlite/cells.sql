
-- Small values beside the log, such as how far a reader has come. None of them is evidence.
CREATE TABLE cells (
    tenant   TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    revision INTEGER NOT NULL, -- how often it was set
    value    BLOB    NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
