-- Listings from files. The file itself lies in the data folder until it is dealt with.

CREATE TABLE import (
    id BYTEA NOT NULL PRIMARY KEY,    -- 16 random bytes
    version BIGINT NOT NULL,          -- grows with each change
    state TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    organisation BYTEA NOT NULL,      -- subject; empty: the partner's own
    setting BYTEA NOT NULL,           -- node.v1.ImportSetting
    preview BYTEA NOT NULL,           -- node.v1.ImportPreview
    brought_by BYTEA NOT NULL,        -- account; empty: whoever runs the machine
    started_by BYTEA NOT NULL,
    total BIGINT NOT NULL,
    good BIGINT NOT NULL,
    faulty BIGINT NOT NULL,
    faults BIGINT NOT NULL,
    done BIGINT NOT NULL,             -- where it goes on after a restart
    published BIGINT NOT NULL,
    revised BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL,       -- 0: not yet
    changed_at BIGINT NOT NULL
);
CREATE INDEX import_order ON import (created_at, id);
CREATE INDEX import_state ON import (state, changed_at);

CREATE TABLE import_fault (
    import BYTEA NOT NULL,
    number BIGINT NOT NULL,           -- from 0
    in_row BIGINT NOT NULL,
    in_column TEXT NOT NULL,
    code TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (import, number)
);

CREATE TABLE import_listing (
    import BYTEA NOT NULL,
    number BIGINT NOT NULL,           -- from 0, in the order of the file
    in_row BIGINT NOT NULL,
    reference TEXT NOT NULL,
    subject BYTEA NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (import, number)
);

-- Feeds of those who have no node: how far each was read, and what its items are here.
CREATE TABLE feed (
    url TEXT NOT NULL PRIMARY KEY,    -- as the configuration names it
    next TEXT NOT NULL,               -- the page that comes next
    read_at BIGINT NOT NULL
);
CREATE TABLE feed_item (
    feed TEXT NOT NULL,
    item TEXT NOT NULL,               -- its id within the feed
    subject BYTEA NOT NULL,
    PRIMARY KEY (feed, item)
);
