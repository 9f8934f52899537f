-- Read models: derived from entries alone, dropped and rebuilt at will.
-- Each row points at the entry that it shows; content is read from there.
-- `named`: the record is sealed, and shown to this node's staff only.

CREATE TABLE partner (
    log BIGINT NOT NULL PRIMARY KEY,
    entry_index BIGINT NOT NULL,      -- newest descriptor; -1: not shown yet
    node_info_index BIGINT NOT NULL,  -- newest NodeInfo; -1: none
    country TEXT NOT NULL,
    search_text TEXT NOT NULL
);

-- Every descriptor of a log: its keys follow from them.
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
CREATE INDEX organisation_order ON organisation (subject, log);

CREATE TABLE listing (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    named BOOLEAN NOT NULL,
    published_at BIGINT NOT NULL,     -- issued_at of revision 1: the order of lists
    expires_at BIGINT NOT NULL,       -- 0: never
    language TEXT NOT NULL,           -- lower case
    country TEXT NOT NULL,            -- '' online
    search_text TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX listing_order ON listing (published_at, subject, log);

-- One of each (translator, subject, language), if translators keep to one subject for each.
CREATE TABLE translation (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    named BOOLEAN NOT NULL,
    of_partner BYTEA NOT NULL,
    of_subject BYTEA NOT NULL,
    source BYTEA NOT NULL,            -- record id of the revision that it renders
    language TEXT NOT NULL,           -- lower case
    quality BIGINT NOT NULL,          -- 4 owner's human, 3 reviewed, 2 human, 1 machine
    search_text TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX translation_of ON translation (of_subject);

CREATE TABLE conference (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    named BOOLEAN NOT NULL,
    starts_at BIGINT NOT NULL,        -- its first day, in UTC: the order of lists
    PRIMARY KEY (log, subject)
);
CREATE INDEX conference_order ON conference (starts_at, subject, log);

CREATE TABLE material (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    named BOOLEAN NOT NULL,
    conference BYTEA NOT NULL,
    blob BYTEA NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX material_order ON material (subject, log);
CREATE INDEX material_blob ON material (blob);

-- Every Agreement is a half of its own; none replaces another.
CREATE TABLE agreement (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    other BYTEA NOT NULL,
    terms BYTEA NOT NULL,             -- SHA-256 of the terms' bytes
    PRIMARY KEY (log, entry_index)
);

-- The first AgreementEnd of each.
CREATE TABLE agreement_end (
    log BIGINT NOT NULL,
    agreement BYTEA NOT NULL,         -- record id
    entry_index BIGINT NOT NULL,
    PRIMARY KEY (log, agreement)
);

-- Named always: what stands without opening.
CREATE TABLE profile (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    consent BYTEA NOT NULL,           -- record id
    expires_at BIGINT NOT NULL,       -- 0: never
    PRIMARY KEY (log, subject)
);
CREATE INDEX profile_id ON profile (id);

CREATE TABLE consent (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    profile BYTEA NOT NULL,           -- subject
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX consent_id ON consent (id);
