-- Listings before they travel. What is written here leaves the node only when it is published.

CREATE TABLE draft (
    id BYTEA NOT NULL PRIMARY KEY,    -- 16 random bytes
    version BIGINT NOT NULL,          -- grows with each change
    state TEXT NOT NULL,
    organisation BYTEA NOT NULL,      -- subject; empty: the partner's own
    subject BYTEA NOT NULL,           -- the listing's
    revises BOOLEAN NOT NULL,         -- the subject is published already
    content BYTEA NOT NULL,           -- node.v1.DraftContent
    submitted BYTEA NOT NULL,         -- the content that was last handed in, or is published; empty: none
    remarks BYTEA NOT NULL,           -- node.v1.Remarks of the last review
    author BYTEA NOT NULL,            -- accounts; empty: whoever runs the machine
    changed_by BYTEA NOT NULL,
    submitted_by BYTEA NOT NULL,
    decided_by BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    publish_at BIGINT NOT NULL        -- 0: when somebody says so
);
CREATE INDEX draft_order ON draft (changed_at, id);
CREATE INDEX draft_subject ON draft (subject);
