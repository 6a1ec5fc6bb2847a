-- What the year teaches. What the first check of a request has said, once it was handed in, cannot be made again: the
-- trail vouches for it, with one entry over all that were looked at in one transaction. Of a request that was handed in
-- before the ledger kept this nobody knows it: it has a row without an entry, and is never counted as complete.
CREATE TABLE first_look (
    submission TEXT PRIMARY KEY,
    panel TEXT NOT NULL,
    -- The day on which it was handed in, in the time of the office.
    handed_on TEXT NOT NULL,
    -- Whether that was after the cutoff of the sitting that was meant; NULL where there is none.
    late INTEGER,
    -- Whether anything but that stood against it; NULL where nobody knows.
    complete INTEGER,
    at TEXT NOT NULL,
    entry INTEGER
) WITHOUT ROWID;
CREATE INDEX first_look_entry ON first_look (entry) WHERE entry IS NOT NULL;
CREATE TABLE first_lack (
    submission TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (submission, code, subject)
) WITHOUT ROWID;

-- The same, counted by the month in which requests were handed in; -1 where a column is NULL.
CREATE TABLE first_look_tally (
    panel TEXT NOT NULL,
    month TEXT NOT NULL,
    late INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (panel, month, late, complete)
) WITHOUT ROWID;
CREATE TABLE first_lack_tally (
    panel TEXT NOT NULL,
    month TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (panel, month, code, subject)
) WITHOUT ROWID;
CREATE TRIGGER first_look_comes AFTER INSERT ON first_look BEGIN
    INSERT INTO first_look_tally
        VALUES (NEW.panel, substr(NEW.handed_on, 1, 7), ifnull(NEW.late, -1), ifnull(NEW.complete, -1), 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER first_lack_comes AFTER INSERT ON first_lack BEGIN
    INSERT INTO first_lack_tally SELECT panel, substr(handed_on, 1, 7), NEW.code, NEW.subject, 1 FROM first_look
        WHERE submission = NEW.submission ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- Moments are kept in UTC. From the last Sunday of March to that of October, 01:00, the office is an hour ahead.
INSERT INTO first_look (submission, panel, handed_on, late, at)
    SELECT submission, max(panel), min(date(handed_in, iif(
            handed_in >= date(substr(handed_in, 1, 4) || '-03-25', 'weekday 0') || 'T01'
            AND handed_in < date(substr(handed_in, 1, 4) || '-10-25', 'weekday 0') || 'T01', '+1 hour', '+0 hours'))),
        max(late), max(at)
    FROM checked WHERE handed_in IS NOT NULL AND panel IS NOT NULL GROUP BY submission;

-- How long the child of a request has waited for a decision: days from the day on which the request was handed in to the
-- sitting; 0 where the panel has heard it before, NULL where nobody knows.
CREATE TABLE waited (
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    sitting TEXT NOT NULL,
    days INTEGER,
    PRIMARY KEY (submission, person, sitting)
) WITHOUT ROWID;
-- The decisions that stand, by the month of the sitting and by days; -1 where those are NULL.
CREATE TABLE decision_tally (
    panel TEXT NOT NULL,
    month TEXT NOT NULL,
    decision TEXT NOT NULL,
    days INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (panel, month, decision, days)
) WITHOUT ROWID;
-- A later revision that is approved takes the place of the one before.
CREATE TRIGGER decision_comes AFTER UPDATE OF state ON outcome WHEN NEW.state = 'approved' AND OLD.state <> 'approved' BEGIN
    INSERT OR IGNORE INTO waited SELECT NEW.submission, NEW.person, NEW.sitting,
        (SELECT max(0, CAST(julianday(NEW.sitting) - julianday(f.handed_on) AS INTEGER)) FROM first_look f
         WHERE f.submission = NEW.submission);
    UPDATE decision_tally SET n = n - 1 FROM
        (SELECT panel, substr(sitting, 1, 7) AS month, ifnull(json_extract(payload, '$.decision.decision'), '') AS decision FROM outcome
         WHERE submission = NEW.submission AND person = NEW.person AND sitting = NEW.sitting AND revision < NEW.revision
         AND state = 'approved' ORDER BY revision DESC LIMIT 1) before
        WHERE decision_tally.panel = before.panel AND decision_tally.month = before.month
        AND decision_tally.decision = before.decision AND decision_tally.days = (SELECT ifnull(days, -1) FROM waited
            WHERE submission = NEW.submission AND person = NEW.person AND sitting = NEW.sitting);
    INSERT INTO decision_tally SELECT NEW.panel, substr(NEW.sitting, 1, 7), ifnull(json_extract(NEW.payload, '$.decision.decision'), ''),
        ifnull(days, -1), 1 FROM waited WHERE submission = NEW.submission AND person = NEW.person AND sitting = NEW.sitting
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
INSERT INTO waited SELECT DISTINCT o.submission, o.person, o.sitting,
    max(0, CAST(julianday(o.sitting) - julianday(f.handed_on) AS INTEGER))
    FROM outcome o LEFT JOIN first_look f ON f.submission = o.submission WHERE o.state = 'approved';
INSERT INTO decision_tally SELECT o.panel, substr(o.sitting, 1, 7), ifnull(json_extract(o.payload, '$.decision.decision'), ''),
    ifnull(w.days, -1), count(*) FROM outcome o JOIN waited w USING (submission, person, sitting)
    WHERE o.state = 'approved' AND o.revision = (SELECT max(revision) FROM outcome later WHERE later.state = 'approved'
        AND later.submission = o.submission AND later.person = o.person AND later.sitting = o.sitting)
    GROUP BY 1, 2, 3, 4;

-- The day on which a duty is due, in the time of the office, and whether what shows that it is done is of that day or
-- before; where it names a moment, of that moment. Without either, what counts is when somebody has said that it is done.
ALTER TABLE duty ADD COLUMN due_on TEXT AS (date(due, iif(
    due >= date(substr(due, 1, 4) || '-03-25', 'weekday 0') || 'T01'
    AND due < date(substr(due, 1, 4) || '-10-25', 'weekday 0') || 'T01', '+1 hour', '+0 hours'))) VIRTUAL;
ALTER TABLE duty ADD COLUMN in_time INTEGER AS (CASE
    WHEN state <> 'done' THEN 0
    WHEN json_extract(evidence, '$.on') IS NOT NULL THEN json_extract(evidence, '$.on') <= due_on
    WHEN json_extract(evidence, '$.at') IS NOT NULL THEN json_extract(evidence, '$.at') <= due
    -- The same moment, as it was kept before.
    WHEN json_extract(evidence, '$.what') LIKE 'written back with a receipt, %Z'
        THEN substr(json_extract(evidence, '$.what'), 30) <= due
    ELSE closed_at <= due END) VIRTUAL;
DROP TRIGGER duty_tally_comes;
DROP TRIGGER duty_tally_moves;
DELETE FROM duty_tally;
INSERT INTO duty_tally SELECT panel, substr(due_on, 1, 7), rule, state, in_time, count(*) FROM duty GROUP BY 1, 2, 3, 4, 5;
CREATE TRIGGER duty_tally_comes AFTER INSERT ON duty BEGIN
    INSERT INTO duty_tally VALUES (NEW.panel, substr(NEW.due_on, 1, 7), NEW.rule, NEW.state, NEW.in_time, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER duty_tally_moves AFTER UPDATE OF due, state, evidence, closed_at ON duty BEGIN
    UPDATE duty_tally SET n = n - 1 WHERE panel = OLD.panel AND month = substr(OLD.due_on, 1, 7) AND rule = OLD.rule
        AND state = OLD.state AND in_time = OLD.in_time;
    INSERT INTO duty_tally VALUES (NEW.panel, substr(NEW.due_on, 1, 7), NEW.rule, NEW.state, NEW.in_time, 1)
        ON CONFLICT DO UPDATE SET n = n + 1;
END;
