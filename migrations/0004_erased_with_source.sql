-- entry.state 6: erased with its source, as a holder says.
-- Why a body isn't here though no Withdrawal in its log names it: it was made from a record that its author withdrew.
CREATE TABLE erased_with_source (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    source BYTEA NOT NULL,            -- record id
    partner BYTEA NOT NULL,           -- the source's author
    epoch BIGINT NOT NULL,            -- and where it withdrew it
    withdrawal BIGINT NOT NULL,
    claimed BOOLEAN NOT NULL,         -- a holder says so; else it was seen here
    at BIGINT NOT NULL,               -- since when it is known here
    PRIMARY KEY (log, entry_index)
);
CREATE INDEX erased_with_source_of ON erased_with_source (source);
