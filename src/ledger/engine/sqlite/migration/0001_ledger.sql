CREATE TABLE file (
    id INTEGER PRIMARY KEY,
    authority TEXT NOT NULL,
    extract TEXT NOT NULL,
    name TEXT NOT NULL,
    series TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    mappings BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    records INTEGER NOT NULL DEFAULT 0,
    taken INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    quarantined INTEGER NOT NULL DEFAULT 0,
    finished INTEGER NOT NULL DEFAULT 0,
    at TEXT NOT NULL,
    UNIQUE (authority, extract, name, sha256, mappings),
    CHECK (records = taken + unchanged + quarantined)
);
CREATE INDEX file_series ON file (authority, extract, series, id);

CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    authority TEXT NOT NULL,
    panel TEXT,
    form TEXT NOT NULL,
    version TEXT NOT NULL,
    is_request INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    content_hash BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX submission_panel ON submission (panel, is_request, id);
CREATE INDEX submission_authority ON submission (authority, is_request, id);

CREATE TABLE revision (
    submission TEXT NOT NULL REFERENCES submission (id),
    number INTEGER NOT NULL,
    content_hash BLOB NOT NULL,
    payload TEXT NOT NULL,
    file INTEGER NOT NULL REFERENCES file (id),
    entry INTEGER NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (submission, number)
);
CREATE INDEX revision_entry ON revision (entry);

CREATE TABLE subject (
    authority TEXT NOT NULL,
    person INTEGER NOT NULL,
    submission TEXT NOT NULL,
    PRIMARY KEY (authority, person, submission)
) WITHOUT ROWID;

CREATE TABLE moved (
    submission TEXT NOT NULL,
    revision INTEGER NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (submission, revision)
) WITHOUT ROWID;

-- Documents, events and persons: what the latest extract says of each.
CREATE TABLE record (
    authority TEXT NOT NULL,
    extract TEXT NOT NULL,
    person INTEGER NOT NULL,
    key TEXT NOT NULL,
    content_hash BLOB NOT NULL,
    payload TEXT NOT NULL,
    file INTEGER NOT NULL REFERENCES file (id),
    entry INTEGER NOT NULL,
    PRIMARY KEY (authority, extract, person, key)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    authority TEXT NOT NULL,
    extract TEXT NOT NULL,
    file TEXT NOT NULL,
    path TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    place TEXT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    help TEXT NOT NULL,
    submission TEXT,
    record TEXT,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'replayed', 'taken-later', 'discarded')),
    why TEXT,
    at TEXT NOT NULL,
    UNIQUE (authority, extract, file, sha256, place, reason)
);
CREATE INDEX quarantine_state ON quarantine (state, id);
CREATE INDEX quarantine_submission ON quarantine (submission) WHERE submission IS NOT NULL;

CREATE TABLE outcome (
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    panel TEXT NOT NULL,
    sitting TEXT NOT NULL,
    revision INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('loaded', 'approved', 'rejected', 'superseded')),
    payload TEXT NOT NULL,
    loaded_by TEXT NOT NULL,
    decided_by TEXT,
    reason TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (submission, person, sitting, revision)
);
CREATE INDEX outcome_person ON outcome (panel, person);

CREATE TABLE write_back (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    authority TEXT NOT NULL,
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    sitting TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('planned', 'approved', 'sending', 'sent', 'refused', 'uncertain', 'held')),
    fence INTEGER NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX write_back_state ON write_back (state, person, sequence);
CREATE INDEX write_back_person ON write_back (authority, person, sequence);
CREATE INDEX write_back_submission ON write_back (submission);

CREATE TABLE checked (
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    inputs BLOB NOT NULL,
    verdict TEXT NOT NULL,
    payload TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (submission, person)
) WITHOUT ROWID;

CREATE TABLE stated (
    submission TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (submission, name)
) WITHOUT ROWID;

CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before BLOB NOT NULL,
    after BLOB NOT NULL,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, sequence);
