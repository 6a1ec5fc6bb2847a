//! Whether what the ledger looks things up by agrees with what it keeps of them, and with the trail.
//!
//! A column is there to be searched; what counts is the payload, whose hash stands in the trail. Whoever changes a
//! column would have a write-back sent again, or out of its turn, without touching what it says.

use super::{Ledger, LedgerTrouble};

/// What is looked for, and whose columns are wrong where it is found.
const WRONG: [(&str, &str); 10] = [
    (
        "SELECT id FROM write_back WHERE id IS NOT json_extract(payload, '$.id')
         OR submission IS NOT json_extract(payload, '$.submission') OR state IS NOT json_extract(payload, '$.state.state')
         OR person IS NOT CAST(json_extract(payload, '$.person') AS INTEGER) OR fence IS NOT json_extract(payload, '$.fence')
         OR sitting IS NOT json_extract(payload, '$.sitting')
         OR json_extract(payload, '$.panel') NOT LIKE replace(replace(authority, '_', '\\_'), '%', '\\%') || '/%' ESCAPE '\\'
         LIMIT 1",
        "write-back",
    ),
    (
        "SELECT id FROM (SELECT w.id, w.sequence, lag(w.sequence) OVER (ORDER BY a.sequence) AS before
         FROM write_back w JOIN audit a ON a.subject = w.id AND a.action = 'planned') WHERE before > sequence LIMIT 1",
        "the order of write-back",
    ),
    (
        "SELECT submission FROM outcome WHERE submission IS NOT json_extract(payload, '$.submission')
         OR person IS NOT CAST(json_extract(payload, '$.person') AS INTEGER)
         OR sitting IS NOT json_extract(payload, '$.sitting') OR panel IS NOT json_extract(payload, '$.panel')
         OR revision IS NOT json_extract(payload, '$.revision') LIMIT 1",
        "an outcome of",
    ),
    (
        "SELECT r.submission FROM revision r LEFT JOIN submission s ON s.id = r.submission
         WHERE s.id IS NULL OR NOT EXISTS (SELECT 1 FROM audit a WHERE a.sequence = r.entry AND a.action = 'imported')
         LIMIT 1",
        "a revision of",
    ),
    (
        "SELECT s.id FROM submission s LEFT JOIN revision r ON r.submission = s.id AND r.number = s.latest
         WHERE r.content_hash IS NOT s.content_hash OR s.panel IS NOT json_extract(r.payload, '$.panel')
         OR s.form IS NOT json_extract(r.payload, '$.form') OR s.version IS NOT json_extract(r.payload, '$.version')
         OR s.authority IS NOT json_extract(r.payload, '$.authority')
         OR EXISTS (SELECT 1 FROM revision later WHERE later.submission = s.id AND later.number > s.latest) LIMIT 1",
        "the latest state of",
    ),
    (
        "WITH said AS (SELECT s.authority, CAST(p.value AS INTEGER) AS person, s.id AS submission
         FROM submission s JOIN revision r ON r.submission = s.id AND r.number = s.latest,
         json_each(r.payload, '$.people') p)
         SELECT submission FROM (SELECT authority, person, submission FROM subject EXCEPT SELECT * FROM said)
         UNION ALL
         SELECT submission FROM (SELECT * FROM said EXCEPT SELECT authority, person, submission FROM subject) LIMIT 1",
        "whom a submission is about:",
    ),
    (
        "SELECT r.submission FROM revision r JOIN revision p ON p.submission = r.submission AND p.number = r.number - 1
         WHERE (json_array_length(p.payload, '$.people') > 0 AND NOT EXISTS (
             SELECT 1 FROM json_each(p.payload, '$.people') a JOIN json_each(r.payload, '$.people') b ON a.value = b.value))
         IS NOT EXISTS (SELECT 1 FROM moved m WHERE m.submission = r.submission AND m.revision = r.number)
         UNION ALL SELECT m.submission FROM moved m
         WHERE m.revision < 2 OR NOT EXISTS (SELECT 1 FROM revision r WHERE r.submission = m.submission AND r.number = m.revision)
         LIMIT 1",
        "that a submission has moved to other people:",
    ),
    (
        "SELECT submission FROM (SELECT submission, by, at, 'fact-stated' AS action FROM stated
         UNION ALL SELECT submission, by, at, 'finding-waived' FROM waiver
         UNION ALL SELECT submission, NULL, at, 'finding-waived' FROM waiver
                   WHERE fingerprint IS NOT json_extract(payload, '$.fingerprint')) said
         WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.subject = said.submission AND a.action = said.action
         AND a.actor = said.by AND a.at = said.at) LIMIT 1",
        "something that was stated about",
    ),
    (
        "SELECT since FROM (SELECT since FROM epoch WHERE since IS NOT NULL
         EXCEPT SELECT at FROM audit WHERE action = 'restored' AND subject = 'ledger')
         UNION ALL SELECT at FROM (SELECT at FROM audit WHERE action = 'restored' AND subject = 'ledger'
         EXCEPT SELECT since FROM epoch) LIMIT 1",
        "that the ledger was restored at",
    ),
    (
        "SELECT submission FROM first_look WHERE (entry IS NULL AND complete IS NOT NULL) OR (entry IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.sequence = entry AND a.action = 'first-look'))
         UNION ALL SELECT l.submission FROM first_lack l
         WHERE NOT EXISTS (SELECT 1 FROM first_look f WHERE f.submission = l.submission AND f.entry IS NOT NULL) LIMIT 1",
        "the first look at",
    ),
];

impl Ledger {
    /// The first thing whose columns are not as its payload or the trail says.
    pub(super) fn first_wrong_column(&self) -> Result<Option<String>, LedgerTrouble> {
        for (sql, whose) in WRONG {
            let subject: Option<String> = self.database.first(sql, &[], |row| row.get(0))?;
            if let Some(subject) = subject {
                return Ok(Some(format!("{whose} {subject} is not as the trail says")));
            }
        }
        Ok(None)
    }
}
