-- Requests that were expected at a sitting when it was held, and are expected at a later one since: no outcome has come.
CREATE TABLE held (
    panel TEXT NOT NULL,
    sitting TEXT NOT NULL,
    submission TEXT NOT NULL,
    PRIMARY KEY (panel, sitting, submission)
) WITHOUT ROWID;
CREATE TRIGGER held_goes_on BEFORE UPDATE OF panel, sitting ON checked
WHEN OLD.settled = 0 AND NEW.settled = 0 AND OLD.panel IS NOT NULL AND OLD.sitting < substr(NEW.at, 1, 10)
    AND (NEW.sitting IS NOT OLD.sitting OR NEW.panel IS NOT OLD.panel) BEGIN
    INSERT OR IGNORE INTO held VALUES (OLD.panel, OLD.sitting, OLD.submission);
END;
