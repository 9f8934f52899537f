-- By place, in which rows are added at the end, and by subject alone: with the log before it PostgreSQL, while it knows
-- nothing of the table yet, reads all of a log's revisions for each look-up.
CREATE TABLE revision_by_place (
    log BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    subject BYTEA NOT NULL,
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
    PRIMARY KEY (log, entry_index)
);
INSERT INTO revision_by_place
    SELECT log, entry_index, subject, id, number, previous, republishes, audience, kind, class,
           issued_at, expires_at, current
    FROM revision;
DROP TABLE revision;
ALTER TABLE revision_by_place RENAME TO revision;
CREATE INDEX revision_subject ON revision (subject);
CREATE INDEX revision_expires ON revision (expires_at) WHERE class = 2 AND expires_at > 0;
