-- What the administrators' pages read. Nothing here says anything that is not said elsewhere: all of it can be made
-- again from what the trail vouches for.

-- Whether a request waits for a panel: 0, it does; 1, it is decided, and its sitting is the one that decided; 2, it is
-- no request any more.
ALTER TABLE checked ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
-- Whether it was handed in after the cutoff of its sitting; NULL while it is open, and where there is no cutoff.
ALTER TABLE checked ADD COLUMN late INTEGER;
-- What sorts requests as they came, those that are not handed in last.
ALTER TABLE checked ADD COLUMN place TEXT AS (ifnull(handed_in, '~')) VIRTUAL;
UPDATE checked SET settled = 1, (panel, sitting) =
    (SELECT o.panel, o.sitting FROM outcome o WHERE o.submission = checked.submission AND o.state = 'approved'
     ORDER BY o.person = checked.person DESC, o.sitting DESC LIMIT 1)
    WHERE EXISTS (SELECT 1 FROM outcome o WHERE o.submission = checked.submission AND o.state = 'approved');
UPDATE checked SET settled = 2 WHERE settled = 0 AND NOT EXISTS
    (SELECT 1 FROM submission s WHERE s.id = checked.submission AND s.is_request AND s.panel IS NOT NULL);
DROP INDEX checked_sitting;
CREATE INDEX checked_booked ON checked (panel, sitting, place, submission, settled) WHERE settled < 2;

-- How many children of requests are at which sitting, and how they stand; -1 where `late` is NULL.
CREATE TABLE tally (
    panel TEXT NOT NULL,
    sitting TEXT NOT NULL,
    settled INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    late INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (panel, sitting, settled, verdict, late)
) WITHOUT ROWID;
INSERT INTO tally SELECT panel, sitting, settled, verdict, ifnull(late, -1), count(*) FROM checked
    WHERE panel IS NOT NULL AND sitting IS NOT NULL GROUP BY panel, sitting, settled, verdict, ifnull(late, -1);
CREATE TRIGGER tally_comes AFTER INSERT ON checked WHEN NEW.panel IS NOT NULL AND NEW.sitting IS NOT NULL BEGIN
    INSERT INTO tally VALUES (NEW.panel, NEW.sitting, NEW.settled, NEW.verdict, ifnull(NEW.late, -1), 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_goes AFTER DELETE ON checked WHEN OLD.panel IS NOT NULL AND OLD.sitting IS NOT NULL BEGIN
    UPDATE tally SET n = n - 1 WHERE panel = OLD.panel AND sitting = OLD.sitting AND settled = OLD.settled
        AND verdict = OLD.verdict AND late = ifnull(OLD.late, -1);
END;
CREATE TRIGGER tally_moves AFTER UPDATE OF panel, sitting, settled, verdict, late ON checked
WHEN OLD.panel IS NOT NEW.panel OR OLD.sitting IS NOT NEW.sitting OR OLD.settled <> NEW.settled
    OR OLD.verdict <> NEW.verdict OR OLD.late IS NOT NEW.late BEGIN
    UPDATE tally SET n = n - 1 WHERE panel = OLD.panel AND sitting = OLD.sitting AND settled = OLD.settled
        AND verdict = OLD.verdict AND late = ifnull(OLD.late, -1);
    INSERT INTO tally SELECT NEW.panel, NEW.sitting, NEW.settled, NEW.verdict, ifnull(NEW.late, -1), 1
        WHERE NEW.panel IS NOT NULL AND NEW.sitting IS NOT NULL ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- What the open requests of a panel lack, and how many of them.
CREATE VIEW lacking AS SELECT c.submission, c.person, c.panel, json_extract(f.value, '$.code') AS code,
    json_extract(f.value, '$.subject') AS subject FROM checked c, json_each(c.payload) f
    WHERE c.settled = 0 AND c.panel IS NOT NULL AND json_extract(f.value, '$.severity') = 'blocking'
    AND json_extract(f.value, '$.code') IN ('document-missing', 'document-stale', 'document-undated',
        'answer-missing', 'answer-invalid', 'approval-missing', 'fact-unknown');
CREATE TABLE missing (
    panel TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (panel, code, subject)
) WITHOUT ROWID;
INSERT INTO missing SELECT panel, code, subject, count(*) FROM lacking GROUP BY panel, code, subject;
CREATE TRIGGER missing_comes AFTER INSERT ON checked
WHEN NEW.settled = 0 AND NEW.panel IS NOT NULL AND NEW.payload <> '[]' BEGIN
    INSERT INTO missing SELECT panel, code, subject, 1 FROM lacking
        WHERE submission = NEW.submission AND person = NEW.person ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER missing_goes BEFORE DELETE ON checked
WHEN OLD.settled = 0 AND OLD.panel IS NOT NULL AND OLD.payload <> '[]' BEGIN
    UPDATE missing SET n = n - l.times FROM (SELECT panel, code, subject, count(*) AS times FROM lacking
            WHERE submission = OLD.submission AND person = OLD.person GROUP BY panel, code, subject) l
        WHERE missing.panel = l.panel AND missing.code = l.code AND missing.subject = l.subject;
END;
CREATE TRIGGER missing_before BEFORE UPDATE OF panel, settled, payload ON checked
WHEN OLD.panel IS NOT NEW.panel OR OLD.settled <> NEW.settled OR OLD.payload <> NEW.payload BEGIN
    UPDATE missing SET n = n - l.times FROM (SELECT panel, code, subject, count(*) AS times FROM lacking
            WHERE submission = OLD.submission AND person = OLD.person GROUP BY panel, code, subject) l
        WHERE missing.panel = l.panel AND missing.code = l.code AND missing.subject = l.subject;
END;
CREATE TRIGGER missing_after AFTER UPDATE OF panel, settled, payload ON checked
WHEN OLD.panel IS NOT NEW.panel OR OLD.settled <> NEW.settled OR OLD.payload <> NEW.payload BEGIN
    INSERT INTO missing SELECT panel, code, subject, 1 FROM lacking
        WHERE submission = NEW.submission AND person = NEW.person ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- Events by kind and day: what an agenda follows and who is invited.
ALTER TABLE record ADD COLUMN event_kind TEXT AS (json_extract(payload, '$.kind')) VIRTUAL;
ALTER TABLE record ADD COLUMN event_on TEXT AS (json_extract(payload, '$.on')) VIRTUAL;
ALTER TABLE record ADD COLUMN event_until TEXT AS (ifnull(json_extract(payload, '$.until'), '~')) VIRTUAL;
CREATE INDEX record_event_until ON record (authority, event_kind, event_until, event_on) WHERE extract = 'events';
CREATE INDEX record_event_on ON record (authority, event_kind, event_on) WHERE extract = 'events';

-- The days that outcomes name: on some of them a request comes back to the panel, which its profile knows.
CREATE TABLE outcome_day (
    panel TEXT NOT NULL,
    day TEXT NOT NULL,
    field TEXT NOT NULL,
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    sitting TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (panel, field, day, submission, person, sitting, revision)
) WITHOUT ROWID;
INSERT OR IGNORE INTO outcome_day SELECT o.panel, f.value, f.key, o.submission, o.person, o.sitting, o.revision
    FROM outcome o, json_each(o.payload, '$.decision.fields') f
    WHERE f.value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]';
CREATE TRIGGER outcome_day_comes AFTER INSERT ON outcome BEGIN
    INSERT OR IGNORE INTO outcome_day
        SELECT NEW.panel, f.value, f.key, NEW.submission, NEW.person, NEW.sitting, NEW.revision
        FROM json_each(NEW.payload, '$.decision.fields') f
        WHERE f.value GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]';
END;

CREATE INDEX outcome_newest ON outcome (sitting, submission, person, revision);
CREATE INDEX outcome_state ON outcome (state, sitting, submission, person, revision);
CREATE INDEX outcome_panel ON outcome (panel, sitting, submission, person, revision);
CREATE INDEX outcome_panel_state ON outcome (panel, state, sitting, submission, person, revision);
CREATE INDEX write_back_newest ON write_back (state, sequence);
CREATE INDEX write_back_needed ON write_back (sequence) WHERE state IN ('refused', 'uncertain', 'held');
CREATE INDEX audit_actor ON audit (actor, sequence);
