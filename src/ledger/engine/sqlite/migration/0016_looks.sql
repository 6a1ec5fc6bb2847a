-- Whom a list has shown: the ids that an entry of the trail is about besides its subject. The entry's `after` is the hash
-- over them, so that they are as much a part of the chain as the entry is.
CREATE TABLE audit_shown (
    entry BIGINT NOT NULL REFERENCES audit (sequence),
    id TEXT NOT NULL,
    PRIMARY KEY (entry, id)
);
CREATE INDEX audit_shown_by_id ON audit_shown (id, entry);
