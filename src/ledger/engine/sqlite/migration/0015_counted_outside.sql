-- No rule stands in the database any more: what is counted is counted by whoever changes what it counts, in the same
-- transaction, and what is worked out of a payload is a plain column or table. What was counted until now is carried over.
DROP TRIGGER tally_comes;
DROP TRIGGER tally_goes;
DROP TRIGGER tally_moves;
DROP TRIGGER missing_comes;
DROP TRIGGER missing_goes;
DROP TRIGGER missing_before;
DROP TRIGGER missing_after;
DROP TRIGGER outcome_day_comes;
DROP TRIGGER held_goes_on;
DROP TRIGGER unseen_comes;
DROP TRIGGER unseen_changes;
DROP TRIGGER unseen_seen;
DROP TRIGGER unseen_seen_again;
DROP TRIGGER first_look_comes;
DROP TRIGGER first_lack_comes;
DROP TRIGGER decision_comes;
DROP TRIGGER duty_tally_comes;
DROP TRIGGER duty_tally_moves;
DROP VIEW lacking;

-- What a request that is not decided lacks for one child, by its last check: what `missing` counts.
CREATE TABLE lack (
    submission TEXT NOT NULL,
    person INTEGER NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (submission, person, code, subject)
) WITHOUT ROWID;
INSERT INTO lack SELECT DISTINCT c.submission, c.person, json_extract(f.value, '$.code'), json_extract(f.value, '$.subject')
    FROM checked c, json_each(c.payload) f
    WHERE c.settled <> 1 AND c.payload <> '[]' AND json_extract(f.value, '$.severity') = 'blocking'
    AND json_extract(f.value, '$.code') IN ('document-missing', 'document-stale', 'document-undated',
        'answer-missing', 'answer-invalid', 'approval-missing', 'fact-unknown');
DELETE FROM missing;
INSERT INTO missing SELECT c.panel, l.code, l.subject, count(*) FROM lack l
    JOIN checked c ON c.submission = l.submission AND c.person = l.person
    WHERE c.settled = 0 AND c.panel IS NOT NULL GROUP BY c.panel, l.code, l.subject;

-- Events by kind and day: what an agenda follows and who is invited. '~', after every day: it goes on.
CREATE TABLE event_day (
    authority TEXT NOT NULL,
    kind TEXT NOT NULL,
    starts TEXT NOT NULL,
    ends TEXT NOT NULL,
    person INTEGER NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (authority, kind, starts, person, key)
) WITHOUT ROWID;
INSERT INTO event_day SELECT authority, event_kind, event_on, event_until, person, key FROM record
    WHERE extract = 'events' ORDER BY authority, event_kind, event_on;
CREATE INDEX event_day_ends ON event_day (authority, kind, ends, starts);
DROP INDEX record_event_until;
DROP INDEX record_event_on;
ALTER TABLE record DROP COLUMN event_kind;
ALTER TABLE record DROP COLUMN event_on;
ALTER TABLE record DROP COLUMN event_until;

-- The day on which a duty is due, in the time of its office, and whether it was kept by then: what `duty_tally` counts.
ALTER TABLE duty ADD COLUMN due_day TEXT NOT NULL DEFAULT '';
ALTER TABLE duty ADD COLUMN was_in_time INTEGER NOT NULL DEFAULT 0;
UPDATE duty SET due_day = due_on, was_in_time = in_time;
ALTER TABLE duty DROP COLUMN in_time;
ALTER TABLE duty DROP COLUMN due_on;

-- Found by their columns alone, whichever database looks for them.
DROP INDEX outcome_person;
CREATE INDEX outcome_child ON outcome (panel, person, state, submission);
CREATE INDEX outcome_standing ON outcome (submission, state);
DROP INDEX write_back_state;
CREATE INDEX write_back_authority ON write_back (authority, state, sequence);
DROP INDEX write_back_needed;
