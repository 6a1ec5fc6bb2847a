-- At which sitting each open request was last expected, and when it was handed in: slots are given in that order.
ALTER TABLE checked ADD COLUMN panel TEXT;
ALTER TABLE checked ADD COLUMN sitting TEXT;
ALTER TABLE checked ADD COLUMN handed_in TEXT;
CREATE INDEX checked_sitting ON checked (panel, sitting);
