-- What accounts did, for operators and auditors: who, what, about whom. No secrets, and nothing that somebody typed.

CREATE TABLE account_event (
    number BIGINT NOT NULL PRIMARY KEY, -- grows; the newest has the largest
    at BIGINT NOT NULL,
    doer TEXT NOT NULL,                 -- 'person', 'program', 'machine', 'node', 'nobody'
    account BYTEA NOT NULL,             -- the person's, or the program's owner's; empty: none, or none that is known
    what TEXT NOT NULL,
    about BYTEA NOT NULL,               -- account; empty: none
    detail TEXT NOT NULL,               -- as `what` needs it: roles as JSON, a way to sign in, a listing, a token
    address TEXT NOT NULL               -- of sign-ins alone, shortened; '': none
);
CREATE INDEX account_event_at ON account_event (at);

-- Accounts of an OpenID Connect issuer by which somebody signs in. They were linked by their owner, never by an address.
CREATE TABLE account_identity (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,              -- as the issuer names it, for ever
    id BYTEA NOT NULL UNIQUE,           -- 16 random bytes
    account BYTEA NOT NULL,
    name TEXT NOT NULL,                 -- as the issuer called it when it was linked
    created_at BIGINT NOT NULL,
    used_at BIGINT NOT NULL,            -- 0: never
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX account_identity_account ON account_identity (account);

-- Grows with each deed; a number of it is kept beside the database, which tells an old copy of the database from the
-- newest one (threats.md F17).
CREATE TABLE account_mark (
    deeds BIGINT NOT NULL
);
INSERT INTO account_mark (deeds) VALUES (0);

-- Grows whenever the account can be signed in to in fewer ways, or may do less, than before.
ALTER TABLE account ADD COLUMN changes BIGINT NOT NULL DEFAULT 0;
