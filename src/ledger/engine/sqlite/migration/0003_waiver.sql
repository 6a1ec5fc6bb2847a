-- Findings for which somebody has answered: in which role, why, and until when.
CREATE TABLE waiver (
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    payload TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (submission, person, fingerprint)
) WITHOUT ROWID;
