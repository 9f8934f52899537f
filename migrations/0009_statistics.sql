-- What figures are counted from, beside the listings that they are of, and the figures that partners have signed.

INSERT INTO stale_view SELECT 'listing' FROM listing LIMIT 1;
ALTER TABLE listing ADD COLUMN starts_month TEXT NOT NULL DEFAULT '';      -- YYYY-MM; '': none
ALTER TABLE listing ADD COLUMN sdgs BIGINT NOT NULL DEFAULT 0;             -- bit n for goal n
ALTER TABLE listing ADD COLUMN open_slots BIGINT NOT NULL DEFAULT 0;       -- apart from the last day to apply
ALTER TABLE listing ADD COLUMN open_until BIGINT NOT NULL DEFAULT 0;       -- when that day is over; 0: never
ALTER TABLE listing ADD COLUMN filled_slots BIGINT NOT NULL DEFAULT 0;

CREATE TABLE statistics (
    log BIGINT NOT NULL,
    subject BYTEA NOT NULL,
    entry_index BIGINT NOT NULL,
    month TEXT NOT NULL,              -- YYYY-MM
    country TEXT NOT NULL,            -- '' with region '': of the whole partner
    region TEXT NOT NULL,
    PRIMARY KEY (log, subject)
);
CREATE INDEX statistics_month ON statistics (month, log);
