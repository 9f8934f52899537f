-- Saved searches: new listings by mail. The address is sealed with a key of the node's; erasing the row erases all of it.

CREATE TABLE saved_search (
    id BYTEA NOT NULL PRIMARY KEY,    -- 16 random bytes
    hash BYTEA NOT NULL UNIQUE,       -- SHA-256 of the link's secret
    mail BYTEA NOT NULL,              -- ChaCha20-Poly1305, nonce first
    mail_hash BYTEA NOT NULL,         -- HMAC of it: so many unconfirmed for one address
    label TEXT NOT NULL,
    language TEXT NOT NULL,
    query BYTEA NOT NULL,             -- node.v1.ListingQuery
    every_ms BIGINT NOT NULL,
    confirmed BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,          -- 0: nothing yet
    next_at BIGINT NOT NULL           -- when is looked again; unconfirmed: when it is forgotten
);
CREATE INDEX saved_search_next ON saved_search (confirmed, next_at);
CREATE INDEX saved_search_mail ON saved_search (mail_hash);

-- What its owner has been told, so that a listing that arrives late is told all the same, and each once.
CREATE TABLE saved_search_told (
    search BYTEA NOT NULL,
    partner BYTEA NOT NULL,
    subject BYTEA NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (search, partner, subject)
);
