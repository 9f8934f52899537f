-- A node's tables, in the subset that SQLite and PostgreSQL share.
-- Times are Unix milliseconds. Logs are numbered here so that entries stay narrow.

-- Always empty: PostgreSQL locks it while a transaction writes, so that there is one writer, as in SQLite.
CREATE TABLE writer (turn BIGINT NOT NULL);

-- What is kept of every log: own, followed, relayed.
CREATE TABLE log (
    number BIGINT NOT NULL PRIMARY KEY,
    partner BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    origin TEXT NOT NULL,
    own BOOLEAN NOT NULL,
    size BIGINT NOT NULL,             -- verified and durable entries
    frontier BYTEA NOT NULL,          -- proto tlog::Frontier
    checkpoint TEXT NOT NULL,         -- newest signed note, with known cosignatures; '' before the first
    checkpoint_size BIGINT NOT NULL,
    signed_at BIGINT NOT NULL,        -- time of its ML-DSA-44 line; 0: none
    known_size BIGINT NOT NULL,       -- the largest size that anyone has shown
    frozen BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (partner, epoch)
);

-- When each size of a log was first signed with ML-DSA-44, as far as this node saw it: when records were logged.
CREATE TABLE signed_size (
    log BIGINT NOT NULL,
    size BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (log, size)
);

-- state: 0 held, 1 absent (public: wanted or withheld), 2 erased, 3 erased with its source,
-- 4 not for us, 5 unsupported leaf.
-- verdict: 0 counts, 1 not entry-valid, 2 not content-valid, 3 unknown kind, 4 needs a newer node.
CREATE TABLE entry (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    leaf BYTEA NOT NULL,
    id_prefix BIGINT NOT NULL,        -- first 8 bytes of the record id, big-endian
    state BIGINT NOT NULL,
    verdict BIGINT NOT NULL,
    body BYTEA,
    PRIMARY KEY (log, entry_index)
);
CREATE INDEX entry_id_prefix ON entry (id_prefix);
CREATE INDEX entry_state ON entry (log, state, entry_index) WHERE state <> 0;
CREATE INDEX entry_verdict ON entry (log, entry_index) WHERE verdict <> 0;

-- Merkle tree hashes above the leaves: tile (level, number) holds up to 256 hashes of 32 bytes.
CREATE TABLE tile (
    log BIGINT NOT NULL,
    level BIGINT NOT NULL,
    number BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    PRIMARY KEY (log, level, number)
);

-- Checkpoints that must stay: one per change of the log keys, at size d + 1.
CREATE TABLE group_end (
    log BIGINT NOT NULL,
    size BIGINT NOT NULL,
    checkpoint TEXT NOT NULL,
    PRIMARY KEY (log, size)
);

-- What this node has cosigned, by role ('witness', 'mirror').
CREATE TABLE cosigned (
    role TEXT NOT NULL,
    origin TEXT NOT NULL,
    size BIGINT NOT NULL,
    root BYTEA NOT NULL,
    PRIMARY KEY (role, origin)
);

-- Two signed histories of one log.
CREATE TABLE evidence (
    log BIGINT NOT NULL,
    found_at BIGINT NOT NULL,
    file BYTEA NOT NULL,
    PRIMARY KEY (log, found_at)
);

-- Partners that the operator admitted.
CREATE TABLE peer (
    partner BYTEA NOT NULL PRIMARY KEY,
    endpoints TEXT NOT NULL,          -- JSON list of host:port; [] if reached through others
    descriptor BYTEA,                 -- first body, if it was added by file
    admitted_at BIGINT NOT NULL,
    suspended BOOLEAN NOT NULL
);

-- Revisions of subjects, as the fold of protocol section 6 reads them.
CREATE TABLE revision (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    previous BYTEA,
    republishes BYTEA,
    audience BYTEA NOT NULL,          -- proto Statement::audience
    kind TEXT NOT NULL,
    class BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    current BOOLEAN NOT NULL,
    PRIMARY KEY (log, subject, entry_index)
);
CREATE INDEX revision_kind ON revision (kind, log, entry_index) WHERE current;
CREATE INDEX revision_entry ON revision (log, entry_index);

-- Records that others were made from: erased with their sources.
CREATE TABLE source (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    source BYTEA NOT NULL,
    source_prefix BIGINT NOT NULL,    -- first 8 bytes of source
    PRIMARY KEY (log, entry_index, source)
);
CREATE INDEX source_prefix ON source (source_prefix);

-- Ids that a Withdrawal of this log names.
CREATE TABLE withdrawn (
    log BIGINT NOT NULL,
    id BYTEA NOT NULL,
    by_index BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (log, id)
);

-- Receipts of partners: everything withdrawn below size is erased there.
CREATE TABLE erasure_receipt (
    holder BYTEA NOT NULL,
    partner BYTEA NOT NULL,
    epoch BIGINT NOT NULL,
    size BIGINT NOT NULL,
    erased_at BIGINT NOT NULL,
    backups_by BIGINT NOT NULL,
    PRIMARY KEY (holder, partner, epoch)
);

-- Recipients of own named records, and of those carried for others.
CREATE TABLE recipient (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    partner BYTEA NOT NULL,
    nth BIGINT NOT NULL,              -- 0: carried, not known
    delivered BOOLEAN NOT NULL,
    kept_until BIGINT NOT NULL,       -- carriers: then dropped; 0: own
    PRIMARY KEY (log, entry_index, partner)
);
CREATE INDEX recipient_waiting ON recipient (partner, log, entry_index) WHERE NOT delivered;
CREATE INDEX recipient_carried ON recipient (kept_until) WHERE kept_until > 0;

-- How many records of an own log each recipient has got.
CREATE TABLE recipient_count (
    log BIGINT NOT NULL,
    partner BYTEA NOT NULL,
    nth BIGINT NOT NULL,
    PRIMARY KEY (log, partner)
);

-- Records addressed to this node, by their number; gaps are shown.
CREATE TABLE received (
    log BIGINT NOT NULL,
    nth BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    PRIMARY KEY (log, nth)
);

-- Answers to requests that may come twice.
CREATE TABLE idempotency (
    idempotency_key TEXT NOT NULL PRIMARY KEY,
    request BYTEA NOT NULL,           -- SHA-256
    log BIGINT NOT NULL,
    entry_indexes TEXT NOT NULL,      -- JSON
    at BIGINT NOT NULL
);

-- Everything refused: which peer or partner, which index, which rule.
CREATE TABLE refusal (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    partner BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,      -- -1: not an entry
    code TEXT NOT NULL,
    field TEXT NOT NULL
);

-- Each opening of a person's data.
CREATE TABLE access (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    record BYTEA NOT NULL,
    partner BYTEA NOT NULL,           -- for whom: this node's partner or another
    actor TEXT NOT NULL,
    purpose TEXT NOT NULL
);
CREATE INDEX access_record ON access (record, number);

-- Blobs that records name; held once the bytes are verified and durable. Keyed with the size that the record
-- states: a record that lies about it must not hide the same blob from one that doesn't.
CREATE TABLE blob (
    hash BYTEA NOT NULL,
    size BIGINT NOT NULL,
    held BOOLEAN NOT NULL,
    PRIMARY KEY (hash, size)
);
CREATE INDEX blob_wanted ON blob (hash) WHERE NOT held;

CREATE TABLE blob_use (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    size BIGINT NOT NULL,
    PRIMARY KEY (log, entry_index, hash)
);
CREATE INDEX blob_use_hash ON blob_use (hash);

-- What happened in the directory, for those who watch it.
CREATE TABLE change (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    subject BYTEA NOT NULL
);
