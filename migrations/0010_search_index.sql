-- Listings are found by the index in the folder `search/`: the database needn't hold their words a second time.

ALTER TABLE listing DROP COLUMN search_text;
ALTER TABLE translation DROP COLUMN search_text;
