-- The notes of the newest of these sizes, with the cosignatures that have come for them; '' for older ones.
ALTER TABLE signed_size ADD COLUMN note TEXT NOT NULL DEFAULT '';
