-- Organisations that move from one partner to another, how organisations and listings are gone on with, and until when
-- organisations are checked: all of it follows from records. What was seen at a check stays at home.

INSERT INTO stale_view SELECT 'listing' FROM listing LIMIT 1;
ALTER TABLE listing ADD COLUMN organisation BYTEA NOT NULL DEFAULT '';     -- subject; empty if it is sealed

INSERT INTO stale_view SELECT 'organisation' FROM organisation LIMIT 1;
ALTER TABLE organisation ADD COLUMN checked_until TEXT NOT NULL DEFAULT ''; -- YYYY-MM-DD; '': not checked
-- Which checks end next; most organisations of others have none.
CREATE INDEX organisation_checked ON organisation (checked_until, subject, log) WHERE checked_until <> '';

-- Both halves of handovers, as they were published.
CREATE TABLE handover (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,                -- of the record
    partner BYTEA NOT NULL,           -- who has the organisation
    organisation BYTEA NOT NULL,      -- subject
    receiver BYTEA NOT NULL,          -- who is to take it over, or says that it does
    first BYTEA NOT NULL,             -- second half: id of the first; empty: it is the first
    day TEXT NOT NULL,                -- first half: its last day; second: the day of the move
    PRIMARY KEY (log, entry_index)
);
CREATE INDEX handover_organisation ON handover (partner, organisation);

-- Organisations whose handover has both halves.
CREATE TABLE moved (
    partner BYTEA NOT NULL,           -- who had it
    subject BYTEA NOT NULL,
    receiver BYTEA NOT NULL,          -- who has it
    moved_on TEXT NOT NULL,
    first BYTEA NOT NULL,             -- ids of the two records
    second BYTEA NOT NULL,
    PRIMARY KEY (partner, subject)
);
CREATE INDEX moved_subject ON moved (subject);

-- Public organisations and listings that say which other they go on from, whether or not that counts.
CREATE TABLE continued (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    kind TEXT NOT NULL,
    of_partner BYTEA NOT NULL,
    of_subject BYTEA NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX continued_of ON continued (of_subject, of_partner);
CREATE INDEX continued_subject ON continued (subject);

-- What was looked at before an organisation was checked, in the words of who looked. Never published.
CREATE TABLE organisation_note (
    id BYTEA NOT NULL PRIMARY KEY,    -- 16 random bytes
    subject BYTEA NOT NULL,           -- the organisation
    what TEXT NOT NULL,               -- documents, references or visit
    note TEXT NOT NULL,
    seen_on TEXT NOT NULL,            -- YYYY-MM-DD
    account BYTEA NOT NULL,           -- who looked; empty: whoever runs the machine
    at BIGINT NOT NULL
);
CREATE INDEX organisation_note_subject ON organisation_note (subject, seen_on);

-- What drafts of listings begin with.
CREATE TABLE draft_template (
    id BYTEA NOT NULL PRIMARY KEY,    -- 16 random bytes
    organisation BYTEA NOT NULL,      -- subject; empty: for the whole partner
    name TEXT NOT NULL,
    content BYTEA NOT NULL,           -- node.v1.DraftContent
    account BYTEA NOT NULL,           -- who saved it; empty: whoever runs the machine
    changed_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX draft_template_name ON draft_template (organisation, name);
