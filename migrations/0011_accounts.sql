-- Who works at this partner, and how they prove it. Secrets that somebody else chose or holds stand here as hashes alone.

CREATE TABLE account (
    id BYTEA NOT NULL PRIMARY KEY,    -- 16 random bytes
    login TEXT NOT NULL UNIQUE,       -- lower-case
    name TEXT NOT NULL,               -- as others see it
    password TEXT NOT NULL,           -- Argon2id, PHC string; '': none
    totp BYTEA NOT NULL,              -- secret of the second factor; empty: none
    totp_step BIGINT NOT NULL,        -- of the newest code that was taken: each counts once
    locked BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL           -- 0: never
);

CREATE TABLE account_role (
    account BYTEA NOT NULL,
    organisation BYTEA NOT NULL,      -- subject; empty: the whole partner
    role TEXT NOT NULL,
    PRIMARY KEY (account, organisation, role)
);

CREATE TABLE passkey (
    id BYTEA NOT NULL PRIMARY KEY,    -- credential id
    account BYTEA NOT NULL,
    name TEXT NOT NULL,
    credential TEXT NOT NULL,         -- JSON of webauthn-rs
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL           -- 0: never
);
CREATE INDEX passkey_account ON passkey (account);

-- Keys of sessions, tokens and invitations: SHA-256 of what their owners hold.
CREATE TABLE session (
    hash BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

CREATE TABLE token (
    hash BYTEA NOT NULL PRIMARY KEY,
    id BYTEA NOT NULL UNIQUE,
    account BYTEA NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,             -- JSON
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL
);
CREATE INDEX token_account ON token (account);

-- Open ones; a used one is gone.
CREATE TABLE invitation (
    hash BYTEA NOT NULL PRIMARY KEY,
    id BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    roles TEXT NOT NULL,              -- JSON
    account BYTEA NOT NULL,           -- that it opens again; empty: it makes one
    invited_by BYTEA NOT NULL,        -- account; empty: whoever made the node
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
