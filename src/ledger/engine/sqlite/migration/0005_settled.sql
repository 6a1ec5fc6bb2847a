-- The entry of the trail under which a later export brought what waited in quarantine.
ALTER TABLE quarantine ADD COLUMN settled INTEGER;
CREATE INDEX quarantine_settled ON quarantine (settled) WHERE settled IS NOT NULL;
