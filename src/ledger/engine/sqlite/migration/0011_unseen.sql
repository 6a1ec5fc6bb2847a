-- Requests that no check has seen as they are now: nobody knows yet at which sitting they are.
CREATE TABLE unseen (
    panel TEXT NOT NULL,
    submission TEXT NOT NULL,
    PRIMARY KEY (panel, submission)
) WITHOUT ROWID;
INSERT INTO unseen SELECT panel, id FROM submission s WHERE is_request = 1 AND panel IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM checked c WHERE c.submission = s.id);
CREATE TRIGGER unseen_comes AFTER INSERT ON submission WHEN NEW.is_request = 1 AND NEW.panel IS NOT NULL BEGIN
    INSERT OR IGNORE INTO unseen VALUES (NEW.panel, NEW.id);
END;
CREATE TRIGGER unseen_changes AFTER UPDATE OF panel, is_request, latest ON submission BEGIN
    DELETE FROM unseen WHERE panel = OLD.panel AND submission = OLD.id;
    INSERT OR IGNORE INTO unseen SELECT NEW.panel, NEW.id WHERE NEW.is_request = 1 AND NEW.panel IS NOT NULL;
END;
CREATE TRIGGER unseen_seen AFTER INSERT ON checked BEGIN
    DELETE FROM unseen WHERE submission = NEW.submission
        AND panel = (SELECT panel FROM submission WHERE id = NEW.submission);
END;
CREATE TRIGGER unseen_seen_again AFTER UPDATE OF inputs ON checked BEGIN
    DELETE FROM unseen WHERE submission = NEW.submission
        AND panel = (SELECT panel FROM submission WHERE id = NEW.submission);
END;
