-- Grows the ledger of a rehearsal to :requests submissions by copying what it holds, under other ids and for other
-- people. `day` holds the sittings of every panel: a request goes to one of them by its number. The trail does not vouch
-- for the copies: this is a ledger to be read from, not to be proved.
CREATE TEMP TABLE base AS SELECT row_number() OVER (ORDER BY c.submission, c.person) - 1 AS i, s.*, r.payload AS said,
    r.file, r.entry, c.person, c.inputs, c.verdict, c.payload AS found, c.panel AS asked
    FROM checked c JOIN submission s ON s.id = c.submission JOIN revision r ON r.submission = s.id AND r.number = s.latest
    WHERE c.panel IS NOT NULL;
CREATE INDEX temp.base_i ON base (i);
CREATE TEMP TABLE days AS SELECT panel, count(*) AS n FROM day GROUP BY panel;
CREATE TEMP TABLE one AS WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :requests)
    SELECT n, (n - 1) % (SELECT count(*) FROM base) AS i, 2000000 + n * 7919 % 400000 AS person, n * 2654435761 % 1000003 AS dice
    FROM number;
CREATE TEMP TABLE new AS SELECT o.n, o.i, b.authority || '-' || (900000000 + o.n) AS id, o.person, b.asked AS panel,
    d.date AS sitting, o.dice % 10 = 0 AS late, d.date < :today AND o.dice % 20 <> 1 AS decided,
    date(d.date, '-' || iif(o.dice % 10 = 0, 1, 6 + o.dice % 20) || ' days') || 'T16:40:' || printf('%02d', o.dice % 60) AS at
    FROM one o JOIN base b ON b.i = o.i JOIN days ON days.panel = b.asked
    JOIN day d ON d.panel = b.asked AND d.i = o.dice % days.n;
CREATE INDEX temp.new_n ON new (n);

INSERT INTO submission SELECT new.id, b.authority, b.panel, b.form, b.version, 1, 1, randomblob(32)
    FROM new JOIN base b ON b.i = new.i ORDER BY new.n;
INSERT INTO revision SELECT new.id, 1, randomblob(32), json_set(b.said, '$.id', new.id, '$.people', json_array(new.person),
    '$.completed_on', new.at), b.file, b.entry, new.at || 'Z' FROM new JOIN base b ON b.i = new.i ORDER BY new.n;
INSERT INTO subject SELECT b.authority, new.person, new.id FROM new JOIN base b ON b.i = new.i ORDER BY 1, 2, 3;
INSERT INTO checked (submission, person, inputs, verdict, payload, at, panel, sitting, handed_in, place, settled, late)
    SELECT new.id, new.person, b.inputs, b.verdict, b.found, '2026-11-27T02:00:00Z', new.panel, new.sitting, new.at || 'Z',
    new.at || 'Z', new.decided, new.late FROM new JOIN base b ON b.i = new.i ORDER BY new.n;

-- The trail vouches for the first looks as little as for the rest.
INSERT INTO first_look SELECT new.id, new.panel, substr(new.at, 1, 10), new.late, new.n % 3 > 0, new.at || 'Z', NULL
    FROM new ORDER BY new.id;
INSERT INTO first_lack SELECT new.id, 'document-missing', 'paper-' || (new.n % 11) FROM new WHERE new.n % 3 = 0 ORDER BY new.id;

CREATE TEMP TABLE decision AS SELECT row_number() OVER (ORDER BY submission, person, revision) - 1 AS i, payload, loaded_by,
    decided_by FROM outcome WHERE state = 'approved';
CREATE INDEX temp.decision_i ON decision (i);
INSERT INTO outcome (submission, person, panel, sitting, revision, state, payload, loaded_by, decided_by, at)
    SELECT new.id, new.person, new.panel, new.sitting, 1, iif(new.sitting >= date(:today, '-14 days'), 'loaded', 'approved'),
    json_set(d.payload, '$.submission', new.id, '$.person', new.person, '$.panel', new.panel, '$.sitting', new.sitting,
        '$.revision', 1, iif(new.n % 7 = 0, '$.decision.fields.review-on', '$.decision.fields.other'), date(new.sitting, '+42 days')),
    d.loaded_by, d.decided_by, new.sitting || 'T17:00:00Z'
    FROM new JOIN decision d ON d.i = new.n % (SELECT count(*) FROM decision) WHERE new.decided AND new.n % 3 = 0 ORDER BY new.n;

INSERT INTO waited SELECT submission, person, sitting, abs(random()) % 40 FROM outcome o WHERE state = 'approved'
    AND NOT EXISTS (SELECT 1 FROM waited w WHERE w.submission = o.submission);
INSERT INTO decision_tally SELECT panel, substr(sitting, 1, 7), json_extract(payload, '$.decision.decision'), w.days, count(*)
    FROM outcome JOIN waited w USING (submission, person, sitting) WHERE state = 'approved' GROUP BY 1, 2, 3, 4
    ON CONFLICT DO UPDATE SET n = n + excluded.n;

CREATE TEMP TABLE written AS SELECT row_number() OVER (ORDER BY sequence) - 1 AS i, authority, payload FROM write_back;
CREATE INDEX temp.written_i ON written (i);
INSERT INTO write_back (id, authority, submission, person, sitting, state, fence, payload)
    SELECT id, authority, submission, person, sitting, state, 2, json_set(payload, '$.id', id, '$.submission', submission,
        '$.person', person, '$.sitting', sitting, '$.state', json(iif(state = 'held',
        '{"state":"held","reason":"a person must look"}', json_extract(payload, '$.state'))))
    FROM (SELECT lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)), hex(randomblob(2)), substr(hex(randomblob(2)), 2),
        substr(hex(randomblob(2)), 2), hex(randomblob(6)))) AS id, w.authority, new.id AS submission, new.person,
        new.sitting, iif(new.n % 1999 = 0, 'held', 'sent') AS state, w.payload
        FROM new JOIN written w ON w.i = new.n % (SELECT count(*) FROM written) WHERE new.decided AND new.n % 3 = 0
        ORDER BY new.n);

CREATE TEMP TABLE event AS SELECT row_number() OVER (ORDER BY person, key) - 1 AS i, * FROM record WHERE extract = 'events';
CREATE TEMP TABLE paper AS SELECT row_number() OVER (ORDER BY person, key) - 1 AS i, * FROM record WHERE extract = 'documents';
CREATE TEMP TABLE someone AS SELECT DISTINCT new.person, b.authority FROM new JOIN base b ON b.i = new.i;
INSERT INTO record SELECT s.authority, 'events', s.person, 'e' || s.person, e.content_hash,
    json_set(e.payload, '$.authority', s.authority, '$.person', s.person, '$.on', date(:today, '-' || (s.person % 3000) || ' days'),
        '$.until', iif(s.person % 200 = 0, NULL, date(:today, '-' || max(s.person % 3000 - 60, 1) || ' days'))), e.file, e.entry
    FROM someone s JOIN event e ON e.i = s.person % (SELECT count(*) FROM event) ORDER BY 1, 3;
INSERT INTO record SELECT s.authority, 'documents', s.person, 'd' || s.person, p.content_hash,
    json_set(p.payload, '$.authority', s.authority, '$.person', s.person), p.file, p.entry
    FROM someone s JOIN paper p ON p.i = s.person % (SELECT count(*) FROM paper) ORDER BY 1, 3;
INSERT INTO quarantine (authority, extract, file, path, sha256, place, reason, message, help, state, at)
    SELECT q.authority, q.extract, q.file || new.n, q.path, q.sha256, q.place, q.reason, q.message, q.help,
    iif(new.n % 1000 = 0, 'waiting', 'taken-later'), q.at FROM new JOIN quarantine q ON q.id = 1 WHERE new.n % 20 = 0;
INSERT INTO audit SELECT (SELECT max(sequence) FROM audit) + n, at || 'Z', 'administrator:' || (n % 40), 'viewed', id, zeroblob(0),
    zeroblob(0), randomblob(32), randomblob(32) FROM new WHERE n % 2 = 0 OR n % 3 = 0;
