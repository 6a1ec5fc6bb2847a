-- What was read of papers that somebody has kept with a request: one row a file and child.
CREATE TABLE kept_paper (
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    key TEXT NOT NULL,
    payload TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (submission, person, key)
) WITHOUT ROWID;
-- That such a paper was taken away, and why. What was read of it is gone.
CREATE TABLE forgotten_paper (
    id INTEGER PRIMARY KEY,
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL
);
