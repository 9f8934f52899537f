-- How many records an author says that it has addressed to this node, and the size of its log when it said so first.
CREATE TABLE told (
    log BIGINT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    nth BIGINT NOT NULL
);

-- How many of a log below a size are for a partner: what it is told.
CREATE INDEX recipient_of ON recipient (log, partner, entry_index);
