-- A backup carries a row without a beginning: a ledger that is opened with one was restored, and does not know what was
-- sent after the backup was made.
CREATE TABLE epoch (
    number INTEGER PRIMARY KEY,
    backed_up TEXT NOT NULL,
    since TEXT
);
