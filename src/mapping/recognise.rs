//! Which mapping reads a record: by evidence, never by guess.

use jiff::civil::Date;

use super::form::{Evidence, FormMapping};
use super::read::plain_version;
use super::text::folded;
use super::value;
use crate::domain::AuthorityName;
use crate::export::{Column, Record};

/// What is known of a record's form.
#[derive(Debug)]
pub enum Recognised<'m> {
    /// One mapping fits.
    One(&'m FormMapping),
    /// None does; for each why not.
    None(Vec<(&'m FormMapping, String)>),
    /// Several do.
    Several(Vec<&'m FormMapping>),
    /// None of this authority's does, and one of another authority's does.
    OtherAuthority(AuthorityName),
}

/// Why a version does not fit a record. It is put into words only when nobody fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Misfit<'e> {
    Said(&'static str),
    Template(i64),
    Version(&'e str),
    Lacks(&'e str),
    Has(&'e str),
    Before(Date),
    After(Date),
}

impl std::fmt::Display for Misfit<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Said(said) => f.write_str(said),
            Self::Template(id) => write!(f, "the template id is {id} and not one of this version"),
            Self::Version(version) => write!(f, "the version is {version}"),
            Self::Lacks(question) => write!(f, "the question `{question}` is not there"),
            Self::Has(question) => write!(f, "the question `{question}` is there and should not be"),
            Self::Before(day) => write!(f, "the step was started on {day}, before this version began"),
            Self::After(day) => write!(f, "the step was started on {day}, after this version ended"),
        }
    }
}

/// What a record says of its form, prepared once for all mappings.
pub(super) struct Signs<'r> {
    record: &'r Record,
    template_id: Option<i64>,
    version: Option<&'r str>,
    code: Option<String>,
    title: Option<String>,
    step_type: Option<String>,
    started: Option<Date>,
}

impl<'r> Signs<'r> {
    pub(super) fn of(record: &'r Record) -> Self {
        let text = |column| record.head(column).map(folded);
        let started = record.head(Column::StartedOn).and_then(|text| value::moment(text).ok().flatten());
        Self {
            record,
            template_id: record.head(Column::TemplateId).and_then(|id| plain_version(id).parse().ok()),
            version: record.head(Column::Version).map(plain_version),
            code: text(Column::TemplateUserCode),
            title: text(Column::Title),
            step_type: text(Column::WorkflowStepType),
            started: started.map(|moment| moment.date()),
        }
    }

    /// Whether the evidence fits the record, or why not.
    pub(super) fn fit<'e>(&'e self, evidence: &'e Evidence) -> Result<(), Misfit<'e>> {
        let named = self.is_named(evidence)?;
        let by_id = self.template_fits(evidence)?;
        let by_version = self.version_fits(evidence)?;
        self.questions_fit(evidence)?;
        self.date_fits(evidence)?;
        if by_id || named && by_version {
            return Ok(());
        }
        let says_version = self.template_id.is_some() || self.version.is_some();
        match (named, says_version) {
            // The record says nothing that tells versions apart: then its questions must.
            (_, false) if !evidence.questions.is_empty() => Ok(()),
            (_, false) => {
                Err(Misfit::Said("the record names neither template nor version, and the mapping names no `questions`"))
            }
            (true, true) => Err(Misfit::Said("the form fits, and nothing says that the version does")),
            (false, true) => Err(Misfit::Said("the record does not name this form")),
        }
    }

    /// Whether code, title or step type name the form; an error where the code names another.
    fn is_named<'e>(&'e self, evidence: &'e Evidence) -> Result<bool, Misfit<'e>> {
        let fits = |sign: &Option<String>, known: &[String]| sign.as_ref().is_some_and(|sign| known.contains(sign));
        let code_known = self.code.is_some() && !evidence.template_codes.is_empty();
        if code_known && !fits(&self.code, &evidence.template_codes) {
            return Err(Misfit::Said("the template's code is another form's"));
        }
        Ok(code_known || fits(&self.title, &evidence.titles) || fits(&self.step_type, &evidence.step_types))
    }

    fn template_fits<'e>(&'e self, evidence: &'e Evidence) -> Result<bool, Misfit<'e>> {
        match self.template_id {
            Some(id) if !evidence.template_ids.is_empty() => match evidence.template_ids.contains(&id) {
                true => Ok(true),
                false => Err(Misfit::Template(id)),
            },
            _ => Ok(false),
        }
    }

    fn version_fits<'e>(&'e self, evidence: &'e Evidence) -> Result<bool, Misfit<'e>> {
        match self.version {
            Some(version) if !evidence.versions.is_empty() => {
                match evidence.versions.iter().any(|known| known == version) {
                    true => Ok(true),
                    false => Err(Misfit::Version(version)),
                }
            }
            _ => Ok(false),
        }
    }

    fn questions_fit<'e>(&'e self, evidence: &'e Evidence) -> Result<(), Misfit<'e>> {
        if evidence.questions.is_empty() && evidence.absent.is_empty() {
            return Ok(());
        }
        let there: Vec<String> = self
            .record
            .answers()
            .flat_map(|answer| [Some(answer.code), answer.wording])
            .flatten()
            .map(folded)
            .collect();
        if let Some(missing) = evidence.questions.iter().find(|question| !there.contains(question)) {
            return Err(Misfit::Lacks(missing));
        }
        match evidence.absent.iter().find(|question| there.contains(question)) {
            Some(present) => Err(Misfit::Has(present)),
            None => Ok(()),
        }
    }

    fn date_fits<'e>(&'e self, evidence: &'e Evidence) -> Result<(), Misfit<'e>> {
        let Some(started) = self.started else { return Ok(()) };
        if evidence.from.is_some_and(|from| started < from) {
            return Err(Misfit::Before(started));
        }
        if evidence.until.is_some_and(|until| started > until) {
            return Err(Misfit::After(started));
        }
        Ok(())
    }
}
