//! `mappings`: list, verify, try.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::installation::Rulebook;
use super::submissions::{AnswerShown, answers};
use super::{Failure, Mistake, Thing, Workplace};
use crate::diagnostic::Severity;
use crate::domain::ExtractType;
use crate::export::{self, Headings};
use crate::mapping::{FormMapping, Recognised};
use crate::mosaic::Dialect;
use crate::report;

/// A form mapping in a list.
#[derive(Debug, Serialize)]
pub struct MappingListed {
    /// Whose it is.
    pub authority: String,
    /// The form.
    pub form: String,
    /// The version.
    pub version: String,
    /// The form's title.
    pub title: String,
    /// The panel that it asks.
    pub panel: Option<String>,
    /// The file.
    pub file: String,
    /// `built-in`, or `installation` for one of the configuration's folder.
    pub from: &'static str,
}

/// What verifying has come to.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    /// Files that were read.
    pub files: usize,
    /// Mistakes because of which a file cannot be used.
    pub errors: usize,
    /// Things that a person should look at.
    pub warnings: usize,
    /// All of them.
    pub diagnostics: Vec<DiagnosticShown>,
}

/// A mistake in a mapping file.
#[derive(Debug, Serialize)]
pub struct DiagnosticShown {
    /// The file.
    pub file: String,
    /// Line and column.
    pub place: String,
    /// `error` or `warning`.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What was verified, and the mistakes with the lines they point at.
#[derive(Debug)]
pub struct Verified {
    /// The report.
    pub report: VerifyReport,
    /// The mistakes.
    pub mistakes: Vec<Mistake>,
}

/// What a mapping would read.
#[derive(Debug, Serialize)]
pub struct TryReport {
    /// The mapping.
    pub mapping: String,
    /// Records of the export.
    pub records: usize,
    /// Records that the mapping would read.
    pub read: usize,
    /// Why it would not read the others, and how many.
    pub not_read: Vec<(String, usize)>,
    /// The first records that it would read.
    pub shown: Vec<TriedRecord>,
}

/// One record as the mapping would read it.
#[derive(Debug, Serialize)]
pub struct TriedRecord {
    /// Its id.
    pub submission: String,
    /// Where it stands.
    pub place: String,
    /// Its answers.
    pub answers: Vec<AnswerShown>,
    /// Fields without an answer.
    pub unanswered: Vec<String>,
    /// Questions that the mapping does not know.
    pub unmapped: Vec<String>,
}

/// What was tried, and what is wrong with mapping files.
#[derive(Debug)]
pub struct Tried {
    /// The report.
    pub report: TryReport,
    /// The mistakes.
    pub mistakes: Vec<Mistake>,
}

/// The form mappings.
pub fn mappings_list(workplace: Option<&Workplace>) -> Result<Vec<MappingListed>, Failure> {
    let rules = Rulebook::at(workplace)?;
    let served = |name| workplace.is_none_or(|workplace| workplace.configuration().authority(name).is_some());
    let authorities = rules.mappings.authorities().filter(|authority| served(&authority.name));
    let listed = authorities.flat_map(|authority| {
        rules.mappings.forms(&authority.name).map(|mapping| MappingListed {
            authority: authority.name.to_string(),
            form: mapping.form.to_string(),
            version: mapping.version.to_string(),
            title: mapping.title.clone(),
            panel: mapping.panel.as_ref().map(ToString::to_string),
            file: mapping.path.to_string(),
            from: if rules.library.is_built_in(&mapping.path) { "built-in" } else { "installation" },
        })
    });
    Ok(listed.collect())
}

/// Every mistake in the mapping files.
pub fn mappings_verify(workplace: Option<&Workplace>, folder: Option<&Path>) -> Result<Verified, Failure> {
    let rules = match folder {
        Some(folder) => Arc::new(Rulebook::in_folder(folder)?),
        None => Rulebook::at(workplace)?,
    };
    let mut mistakes = rules.mistakes.clone();
    for (path, _) in rules.library.files_in("dialects") {
        let Some(text) = rules.library.text(path) else { continue };
        let said = Dialect::read(path, text).1.into_iter();
        mistakes.extend(said.map(|diagnostic| Mistake { diagnostic, source: Some(text.clone()) }));
    }
    let shown = mistakes.iter().map(|mistake| &mistake.diagnostic).map(|diagnostic| DiagnosticShown {
        file: diagnostic.file.clone(),
        place: diagnostic.place.to_string(),
        severity: diagnostic.severity,
        message: diagnostic.message.clone(),
        help: diagnostic.help.clone(),
    });
    let diagnostics: Vec<DiagnosticShown> = shown.collect();
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    let report = VerifyReport {
        files: rules.library.paths().count(),
        errors,
        warnings: diagnostics.len() - errors,
        diagnostics,
    };
    Ok(Verified { report, mistakes })
}

/// What a mapping would read from an export.
pub fn mappings_try(
    workplace: Option<&Workplace>,
    mapping: &str,
    export: &Path,
    records: usize,
) -> Result<Tried, Failure> {
    let rules = Rulebook::at(workplace)?;
    let found = found(&rules, mapping)?;
    let authority = crate::domain::AuthorityName::new(found.path.split('/').next().unwrap_or(""));
    let (parts, troubles) = export::parts(export);
    if let Some(trouble) = troubles.first().filter(|_| parts.is_empty()) {
        let message = format!("{}: {}", export.display(), trouble.message);
        return Err(Failure::invalid(message, trouble.help.clone()));
    }
    let mut report =
        TryReport { mapping: found.path.to_string(), records: 0, read: 0, not_read: Vec::new(), shown: Vec::new() };
    let extract = rules.mappings.extract(&authority, ExtractType::Forms);
    let headings = extract.map_or_else(Headings::default, |extract| Headings::with(&extract.columns));
    for part in parts {
        let forms = part.forms(&headings, &std::env::temp_dir());
        let forms = forms
            .map_err(|trouble| Failure::invalid(format_args!("{}: {}", part.name(), trouble.message), trouble.help))?;
        for record in forms {
            report.records += 1;
            let read = record.and_then(|record| match rules.mappings.recognise(&authority, &record) {
                Recognised::One(one) if one.path == found.path => {
                    rules.mappings.read(&authority, Some(found), part.name(), &record).map(Ok)
                }
                Recognised::One(other) => Ok(Err(format!("read by {}", other.path))),
                Recognised::Several(several) => {
                    let paths: Vec<&str> = several.iter().map(|one| &*one.path).collect();
                    Ok(Err(format!("recognised by {}", paths.join(" and "))))
                }
                Recognised::OtherAuthority(other) => Ok(Err(format!("a form of {other}"))),
                Recognised::None(why) => {
                    let why = why.into_iter().find(|(one, _)| one.path == found.path).map(|(_, why)| why);
                    Ok(Err(why.unwrap_or_else(|| "not recognised".to_owned())))
                }
            });
            match read {
                Ok(Ok(submission)) => {
                    report.read += 1;
                    if report.shown.len() < records {
                        report.shown.push(TriedRecord::of(found, &submission));
                    }
                }
                Ok(Err(why)) => report.count(why),
                Err(trouble) => report.count(trouble.message),
            }
        }
    }
    Ok(Tried { report, mistakes: rules.mistakes.clone() })
}

/// A mapping by its name, or by the path of its file.
fn found<'r>(rules: &'r Rulebook, name: &str) -> Result<&'r FormMapping, Failure> {
    if let Some(mapping) = rules.mappings.named(name) {
        return Ok(mapping);
    }
    // A path to the file itself ends with the path in the library.
    let slashes = name.replace('\\', "/");
    let mut all = rules.mappings.authorities().flat_map(|authority| rules.mappings.forms(&authority.name));
    let by_path = all.find(|mapping| slashes.ends_with(&format!("/{}", mapping.path)) || *mapping.path == *slashes);
    by_path.ok_or_else(|| {
        let failure = Failure::not_found(Thing::Mapping, name);
        // It may be there and have mistakes.
        let mistakes = rules.mistakes.iter().filter(|mistake| slashes.ends_with(&mistake.diagnostic.file)).cloned();
        failure.with_mistakes(mistakes.collect())
    })
}

impl TriedRecord {
    fn of(mapping: &FormMapping, submission: &crate::domain::Submission) -> Self {
        let answered = |name: &str| {
            submission.answer(name).is_some() || submission.tables.iter().any(|table| *table.field == *name)
        };
        Self {
            submission: submission.id.to_string(),
            place: submission.origin.place.to_string(),
            answers: answers(submission),
            unanswered: mapping
                .fields
                .iter()
                .filter(|f| !answered(&f.name))
                .map(|field| field.name.to_string())
                .collect(),
            unmapped: submission.unmapped.iter().map(|unmapped| unmapped.question.to_string()).collect(),
        }
    }
}

impl TryReport {
    fn count(&mut self, why: String) {
        match self.not_read.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => *count += 1,
            None => self.not_read.push((why, 1)),
        }
    }

    /// What would be read, in words.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} would read {} of {}. Nothing was changed.\n",
            self.mapping,
            self.read,
            report::count(self.records, "record")
        );
        for (why, count) in &self.not_read {
            text.push_str(&format!("  {} not: {why}\n", report::count(*count, "record")));
        }
        for record in &self.shown {
            text.push_str(&format!("\n{} ({})\n", record.submission, record.place));
            for answer in &record.answers {
                text.push_str(&format!("  {}: {}\n", answer.field, answer.value));
            }
            for field in &record.unanswered {
                text.push_str(&format!("  {field}: unanswered\n"));
            }
            for question in &record.unmapped {
                text.push_str(&format!("  not known to the mapping: {question}\n"));
            }
        }
        text
    }
}

impl VerifyReport {
    /// What it has come to, in words.
    pub fn text(&self) -> String {
        let files = report::count(self.files, "file");
        match (self.errors, self.warnings) {
            (0, 0) => format!("{files}, no mistake.\n"),
            (errors, warnings) => {
                format!("{files}: {}, {}.\n", report::count(errors, "mistake"), report::count(warnings, "warning"))
            }
        }
    }
}

/// Mappings as a table.
pub fn mappings_table(mappings: &[MappingListed]) -> String {
    let rows: Vec<Vec<String>> = mappings
        .iter()
        .map(|one| {
            let panel = one.panel.clone().unwrap_or_default();
            vec![
                one.authority.clone(),
                one.form.clone(),
                one.version.clone(),
                panel,
                one.from.to_owned(),
                one.file.clone(),
            ]
        })
        .collect();
    report::table(&["authority", "form", "version", "panel", "from", "file"], &rows)
}
