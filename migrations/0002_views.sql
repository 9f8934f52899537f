-- Read models: derived from entries alone, dropped and rebuilt at will.
-- Each row points at the entry that it shows; content is read from there.

CREATE TABLE partner (
    log BIGINT NOT NULL PRIMARY KEY,
    entry_index BIGINT NOT NULL,      -- newest descriptor
    node_info_index BIGINT,
    partner BYTEA NOT NULL,
    country TEXT NOT NULL,
    domain TEXT NOT NULL,
    search_text TEXT NOT NULL
);

CREATE TABLE descriptor (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    PRIMARY KEY (log, entry_index)
);

CREATE TABLE organisation (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);

CREATE TABLE listing (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    published_at BIGINT NOT NULL,     -- issued_at of revision 1: the order of lists
    expires_at BIGINT NOT NULL,
    language TEXT NOT NULL,
    country TEXT NOT NULL,            -- '' online
    slots BIGINT NOT NULL,
    search_text TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX listing_order ON listing (published_at, log, entry_index);

-- The best translation of each (translator, revision, language).
CREATE TABLE translation (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    of_partner BYTEA NOT NULL,
    of_subject BYTEA NOT NULL,
    source BYTEA NOT NULL,            -- record id of the revision that it renders
    language TEXT NOT NULL,
    quality BIGINT NOT NULL,          -- 4 owner's human, 3 reviewed, 2 human, 1 machine
    search_text TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX translation_of ON translation (of_partner, of_subject);

CREATE TABLE conference (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    starts_on TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);

CREATE TABLE material (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    conference BYTEA NOT NULL,
    PRIMARY KEY (log, subject)
);

CREATE TABLE agreement (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    other BYTEA NOT NULL,
    terms BYTEA NOT NULL,             -- SHA-256 of the terms' bytes
    ended_index BIGINT,               -- of the first AgreementEnd
    PRIMARY KEY (log, subject)
);

-- Named: what stands without opening.
CREATE TABLE profile (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    consent BYTEA NOT NULL,           -- record id
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (log, subject)
);

CREATE TABLE consent (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    profile BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (log, subject)
);
