-- Several Withdrawals may name one id, and one that comes before its target takes nothing back: all are kept.
CREATE TABLE withdrawn_by (
    log BIGINT NOT NULL,
    id BYTEA NOT NULL,
    by_index BIGINT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (log, id, by_index)
);
INSERT INTO withdrawn_by (log, id, by_index, reason) SELECT log, id, by_index, reason FROM withdrawn;
DROP TABLE withdrawn;
ALTER TABLE withdrawn_by RENAME TO withdrawn;
