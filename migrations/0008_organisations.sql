-- Organisations in the order of their names, and by what they are filtered by. Bytes and not text: both databases
-- compare bytes alike, whatever their locale.

-- Views whose rows a migration took away: the node derives all of them anew before it serves.
CREATE TABLE stale_view (name TEXT NOT NULL);
INSERT INTO stale_view SELECT 'organisation' FROM organisation LIMIT 1;
DROP TABLE organisation;
CREATE TABLE organisation (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    parent BYTEA NOT NULL,            -- subject of another of the same partner; empty: none
    level TEXT NOT NULL,
    country TEXT NOT NULL,            -- '' if it has no place
    region TEXT NOT NULL,             -- as the record has it
    sort_zh BYTEA NOT NULL,           -- its Chinese name, folded, else the first
    sort_en BYTEA NOT NULL,           -- its English name, folded, else the first
    search_text TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX organisation_parent ON organisation (parent, log);
-- What is filtered by stands behind the order, so that a rare region is found without reading all rows.
CREATE INDEX organisation_order ON organisation (subject, log, country, region, level);
CREATE INDEX organisation_zh ON organisation (sort_zh, subject, log, country, region, level);
CREATE INDEX organisation_en ON organisation (sort_en, subject, log, country, region, level);
