-- What sorts requests as they came is a column of its own, not a computed one, so that a sitting is read from its index
-- alone. '~' sorts after every time: those that are not handed in are last.
DROP INDEX checked_booked;
ALTER TABLE checked DROP COLUMN place;
ALTER TABLE checked ADD COLUMN place TEXT NOT NULL DEFAULT '~';
UPDATE checked SET place = handed_in WHERE handed_in IS NOT NULL;
CREATE INDEX checked_booked ON checked (panel, sitting, place, submission, settled) WHERE settled < 2;
