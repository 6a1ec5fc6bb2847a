-- What somebody must do by a time. The payload is the duty as it was raised last; the trail has every change.
CREATE TABLE duty (
    id TEXT PRIMARY KEY,
    panel TEXT NOT NULL,
    rule TEXT NOT NULL,
    person INTEGER,
    submission TEXT,
    state TEXT NOT NULL,
    due TEXT NOT NULL,
    payload TEXT NOT NULL,
    evidence TEXT,
    raised_at TEXT NOT NULL,
    closed_at TEXT
) WITHOUT ROWID;
CREATE INDEX duty_due ON duty (state, due, id);
CREATE INDEX duty_panel_due ON duty (panel, state, due, id);
CREATE INDEX duty_submission ON duty (submission) WHERE submission IS NOT NULL;

-- Which roles a duty puts on somebody's desk and since when: whoever must do it, and whoever it is escalated to.
CREATE TABLE duty_role (
    role TEXT NOT NULL,
    since TEXT NOT NULL,
    duty TEXT NOT NULL,
    told_at TEXT,
    PRIMARY KEY (duty, role)
) WITHOUT ROWID;
CREATE INDEX duty_role_untold ON duty_role (since, duty) WHERE told_at IS NULL;

-- How the duties of each panel were kept, month by month of their due day: 1, in time.
CREATE TABLE duty_tally (
    panel TEXT NOT NULL,
    month TEXT NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL,
    in_time INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (panel, month, rule, state, in_time)
) WITHOUT ROWID;
CREATE TRIGGER duty_tally_comes AFTER INSERT ON duty BEGIN
    INSERT INTO duty_tally VALUES (NEW.panel, substr(NEW.due, 1, 7), NEW.rule, NEW.state,
        NEW.closed_at IS NOT NULL AND NEW.closed_at <= NEW.due, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER duty_tally_moves AFTER UPDATE OF due, state, closed_at ON duty BEGIN
    UPDATE duty_tally SET n = n - 1 WHERE panel = OLD.panel AND month = substr(OLD.due, 1, 7) AND rule = OLD.rule
        AND state = OLD.state AND in_time = (OLD.closed_at IS NOT NULL AND OLD.closed_at <= OLD.due);
    INSERT INTO duty_tally VALUES (NEW.panel, substr(NEW.due, 1, 7), NEW.rule, NEW.state,
        NEW.closed_at IS NOT NULL AND NEW.closed_at <= NEW.due, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
