-- Of which duties a role has been told, for which due moment last, and how often. What is closed stays on its desk, so
-- that the desk can be asked for what was done; what is untold is worked out from the open duties.
ALTER TABLE duty_role ADD COLUMN told_due TEXT;
ALTER TABLE duty_role ADD COLUMN times INTEGER NOT NULL DEFAULT 0;
DROP INDEX duty_role_untold;

-- Until now a duty that was closed left the desks on which nobody had been told of it.
INSERT OR IGNORE INTO duty_role (role, since, duty)
    SELECT json_extract(payload, '$.role'), '', id FROM duty WHERE state <> 'open' AND json_valid(payload);
INSERT OR IGNORE INTO duty_role (role, since, duty)
    SELECT json_extract(e.value, '$.to'), json_extract(e.value, '$.at'), d.id
    FROM (SELECT id, payload FROM duty WHERE state <> 'open' AND json_valid(payload)) d,
        json_each(d.payload, '$.escalations') e;

-- Each reminder as it went, or was put into the outbox: whom it told, and of which duties due when.
CREATE TABLE reminder (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    authority TEXT NOT NULL,
    role TEXT NOT NULL,
    told_at TEXT NOT NULL,
    payload TEXT NOT NULL
);
