-- Who may sign in to the pages.
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    payload TEXT NOT NULL
) WITHOUT ROWID;
