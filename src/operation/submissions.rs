//! `submissions`: what was read.

use std::collections::BTreeSet;

use serde::Serialize;

use super::installation::Installation;
use super::kept_pack::kept_with;
use super::seen::seen_on;
use super::{CheckedRequest, Failure, KeptPaper, OutcomeListed, Page, Paging, WriteBackListed};
use crate::domain::{AnswerNote, AuthorityName, PanelName, PersonId, Submission, SubmissionId};
use crate::ledger::{Ledger, Selection, Span, SubmissionRow};
use crate::report;

/// Which submissions are meant.
#[derive(Debug, Clone, Default)]
pub struct SubmissionFilter {
    /// Of this authority only.
    pub authority: Option<String>,
    /// That ask this panel only.
    pub panel: Option<String>,
    /// About this person only, by Mosaic's id.
    pub person: Option<String>,
    /// Those that are no requests too.
    pub all: bool,
    /// At most so many.
    pub limit: u32,
}

/// A submission in a list.
#[derive(Debug, Clone, Serialize)]
pub struct SubmissionListed {
    /// Its id.
    pub submission: SubmissionId,
    /// Whose it is.
    #[serde(skip)]
    pub authority: AuthorityName,
    /// Its form.
    pub form: String,
    /// Its form's version.
    pub version: String,
    /// The panel that it asks.
    pub panel: Option<PanelName>,
    /// Everybody it is about.
    pub people: Vec<String>,
    /// The status of its step.
    pub status: &'static str,
    /// How many states of it were read.
    pub revision: u64,
    /// Where the latest was read.
    pub read_at: String,
}

/// A list of submissions.
#[derive(Debug)]
pub struct Submissions {
    /// The submissions.
    pub submissions: Vec<SubmissionListed>,
    /// Whether there are more.
    pub more: bool,
}

/// The whole story of one submission.
#[derive(Debug, Serialize)]
pub struct SubmissionStory {
    /// As in a list.
    #[serde(flatten)]
    pub listed: SubmissionListed,
    /// The mapping that read it.
    pub mapping: String,
    /// Its answers, with the place of each.
    pub answers: Vec<AnswerShown>,
    /// Questions that the mapping does not know.
    pub unmapped: Vec<String>,
    /// Its states, first to last.
    pub revisions: Vec<RevisionShown>,
    /// What people have stated about it.
    pub stated: Vec<FactStated>,
    /// The papers that are kept with it.
    pub kept: Vec<KeptPaper>,
    /// What the check says of it now, for each child; nothing where it asks no panel or is no request.
    pub checked: Vec<CheckedRequest>,
    /// What was decided on it.
    pub outcomes: Vec<OutcomeListed>,
    /// What is written on the record, with the receipts.
    pub write_backs: Vec<WriteBackListed>,
}

/// A fact that a person has stated.
#[derive(Debug, Serialize)]
pub struct FactStated {
    /// Its name.
    pub fact: String,
    /// Whether it is so.
    pub value: bool,
}

/// One answer.
#[derive(Debug, Serialize)]
pub struct AnswerShown {
    /// Our name for what was asked, `table[row].column` in a table.
    pub field: String,
    /// What was answered.
    pub value: String,
    /// The one child it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Mosaic's question.
    pub question: String,
    /// Where it was read.
    pub place: String,
    /// What is odd about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One state.
#[derive(Debug, Serialize)]
pub struct RevisionShown {
    /// Its number.
    pub number: u64,
    /// When it was taken.
    pub at: String,
    /// Where it was read.
    pub read_at: String,
    /// The status of its step.
    pub status: &'static str,
    /// People before and after, where the form moved to another record in Mosaic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<(String, String)>,
}

impl Installation {
    /// A list of submissions. That somebody looked stands in the audit trail.
    pub fn submissions_list(&mut self, filter: &SubmissionFilter) -> Result<Submissions, Failure> {
        let panel = filter.panel.as_ref().map(|name| self.rules.panel(name, &self.configuration)).transpose()?;
        let selection = Selection {
            authority: filter.authority.as_deref().map(AuthorityName::new),
            panel: panel.map(|profile| profile.name.clone()),
            requests: !filter.all,
            open: false,
            after: None,
            limit: filter.limit.saturating_add(1),
        };
        let rows = self.ledger.submissions(&selection)?;
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let submissions: Vec<SubmissionListed> = rows.iter().take(limit).map(SubmissionListed::of).collect();
        self.viewed("list of requests", &seen_on(&submissions))?;
        Ok(Submissions { submissions, more })
    }

    /// A page of the submissions that a filter lets through, in order of id; the page says how many. That somebody looked
    /// stands in the audit trail.
    pub fn submissions_page(
        &mut self,
        filter: &SubmissionFilter,
        paging: &Paging,
    ) -> Result<Page<SubmissionListed>, Failure> {
        let page = self.submissions_on(filter, paging)?;
        let subject = filter.person.as_ref().map(|person| format!("requests of person {person}"));
        self.viewed(&subject.unwrap_or_else(|| "list of requests".to_owned()), &seen_on(&page.rows))?;
        Ok(page)
    }

    fn submissions_on(&self, filter: &SubmissionFilter, paging: &Paging) -> Result<Page<SubmissionListed>, Failure> {
        let ledger = &self.ledger;
        let panel = filter.panel.as_ref().map(|name| self.rules.panel(name, &self.configuration));
        let panel = panel.transpose()?.map(|profile| &profile.name);
        let authorities = self.configuration.authorities.iter().map(|authority| &authority.name);
        let wanted = |name: &&AuthorityName| filter.authority.as_deref().is_none_or(|wanted| wanted == name.as_str());
        let authorities: Vec<&AuthorityName> = authorities.filter(wanted).collect();
        let after = paging.after.as_deref().unwrap_or_default();
        let mut ids: BTreeSet<SubmissionId> = BTreeSet::new();
        if let Some(person) = &filter.person {
            let person: PersonId = person.parse().map_err(|why| {
                Failure::invalid(format_args!("this is no person's id in Mosaic: {why}"), "write the digits of the id")
                    .on_page("This is not a Mosaic ID.", "Enter the digits of the ID: up to nine.")
            })?;
            for authority in authorities {
                let about = ledger.submissions_about(authority, person)?;
                ids.extend(about.into_iter().filter(|id| id.as_str() > after));
            }
        } else {
            let kinds: &[bool] = if filter.all { &[true, false] } else { &[true] };
            let spans = |is_request: &bool| match panel {
                Some(panel) => vec![Span::Panel(panel, *is_request)],
                None => authorities.iter().map(|name| Span::Authority(name, *is_request)).collect(),
            };
            for span in kinds.iter().flat_map(spans) {
                ids.extend(ledger.ids(span, after, paging.rows_and_one())?);
            }
        }
        listed_page(ledger, ids, paging, |submission| {
            let asks = panel.is_none_or(|panel| submission.panel.as_ref() == Some(panel));
            let is_of = filter.authority.as_deref().is_none_or(|name| submission.authority.as_str() == name);
            asks && is_of && (filter.all || submission.is_request())
        })
    }
}

/// The first of some submissions that are wanted.
pub(super) fn listed_page(
    ledger: &Ledger,
    ids: BTreeSet<SubmissionId>,
    paging: &Paging,
    is_wanted: impl Fn(&Submission) -> bool,
) -> Result<Page<SubmissionListed>, Failure> {
    let limit = usize::try_from(paging.rows_and_one()).unwrap_or(usize::MAX);
    let mut rows: Vec<SubmissionRow> = Vec::new();
    for id in ids {
        rows.extend(ledger.submission(&id)?.filter(|row| is_wanted(&row.submission)));
        if rows.len() == limit {
            break;
        }
    }
    Ok(Page::of(paging, rows, |row| row.submission.id.to_string(), SubmissionListed::of))
}

impl Installation {
    /// The whole story of one submission. That somebody looked stands in the audit trail, or nothing is shown.
    pub fn submission_show(&mut self, id: &SubmissionId) -> Result<SubmissionStory, Failure> {
        Ok(self.request_page(id)?.story)
    }
}

/// The story of a submission, with what the check says of it now.
pub(super) fn told(
    installation: &Installation,
    row: &SubmissionRow,
    checked: Vec<CheckedRequest>,
) -> Result<SubmissionStory, Failure> {
    let (ledger, submission) = (&installation.ledger, &row.submission);
    let id = &submission.id;
    let stated = ledger.stated_facts(id)?.into_iter().map(|(fact, value)| FactStated { fact, value });
    let revisions = ledger.revisions(id)?.into_iter().map(|revision| RevisionShown {
        number: revision.number,
        at: revision.at,
        read_at: read_at(&revision.submission),
        status: revision.submission.status.as_str(),
        moved: revision.moved,
    });
    Ok(SubmissionStory {
        listed: SubmissionListed::of(row),
        mapping: submission.origin.mapping.to_string(),
        answers: answers(submission),
        unmapped: submission.unmapped.iter().map(|unmapped| unmapped.question.to_string()).collect(),
        revisions: revisions.collect(),
        stated: stated.collect(),
        kept: kept_with(installation, submission)?,
        checked,
        outcomes: ledger.outcomes(Some(id))?.iter().map(OutcomeListed::of).collect(),
        write_backs: ledger.write_backs_of(id)?.iter().map(WriteBackListed::of).collect(),
    })
}

fn read_at(submission: &Submission) -> String {
    format!("{}, {}", submission.origin.file, submission.origin.place)
}

pub(super) fn answers(submission: &Submission) -> Vec<AnswerShown> {
    let shown = |field: String, answer: &crate::domain::Answer| AnswerShown {
        field,
        value: answer.value.to_string(),
        person: answer.subject.map(|subject| subject.to_string()),
        question: answer.question.to_string(),
        place: answer.place.to_string(),
        note: answer.note.map(|note| match note {
            AnswerNote::CutAt(length) => format!("exactly {length} characters: probably cut"),
            AnswerNote::CutInMarkup => "ends in the middle of its markup".to_owned(),
        }),
    };
    let mut answers: Vec<AnswerShown> =
        submission.answers.iter().map(|answer| shown(answer.field.to_string(), answer)).collect();
    for table in &submission.tables {
        for row in &table.rows {
            let name = |column: &str| format!("{}[{}].{column}", table.field, row.row);
            answers.extend(row.answers.iter().map(|answer| shown(name(&answer.field), answer)));
        }
    }
    answers
}

impl SubmissionListed {
    fn of(row: &SubmissionRow) -> Self {
        let submission = &row.submission;
        Self {
            submission: submission.id.clone(),
            authority: submission.authority.clone(),
            form: submission.form.to_string(),
            version: submission.version.to_string(),
            panel: submission.panel.clone(),
            people: submission.people.iter().map(ToString::to_string).collect(),
            status: submission.status.as_str(),
            revision: row.revision,
            read_at: read_at(submission),
        }
    }
}

impl Submissions {
    /// The submissions as a table.
    pub fn table(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .submissions
            .iter()
            .map(|one| {
                vec![
                    one.submission.to_string(),
                    format!("{} {}", one.form, one.version),
                    one.panel.as_ref().map(ToString::to_string).unwrap_or_default(),
                    one.people.join(" "),
                    one.status.to_owned(),
                    one.revision.to_string(),
                ]
            })
            .collect();
        report::table(&["submission", "form", "panel", "people", "status", "revision"], &rows)
    }
}

impl SubmissionStory {
    /// The story as a person reads it.
    pub fn text(&self) -> String {
        let SubmissionListed { submission, form, version, people, status, .. } = &self.listed;
        let panel = self.listed.panel.as_ref().map_or_else(|| "no panel".to_owned(), ToString::to_string);
        let mut text = format!(
            "{submission}: {form} version {version} to {panel}, {status}\nabout {}\nread by {}\n\n",
            people.join(", "),
            self.mapping
        );
        for answer in &self.answers {
            let whose = answer.person.as_ref().map_or_else(String::new, |person| format!(" (person {person})"));
            let note = answer.note.as_ref().map_or_else(String::new, |note| format!(" [{note}]"));
            text.push_str(&format!(
                "{}{whose}: {}{note}\n    {}, {}\n",
                answer.field, answer.value, answer.question, answer.place
            ));
        }
        for question in &self.unmapped {
            text.push_str(&format!("not known to the mapping: {question}\n"));
        }
        text.push('\n');
        for revision in &self.revisions {
            let RevisionShown { number, at, read_at, status, moved } = revision;
            text.push_str(&format!("revision {number}, {status}, taken {at} from {read_at}\n"));
            if let Some((before, after)) = moved {
                text.push_str(&format!("    moved in Mosaic from person {before} to {after}\n"));
            }
        }
        for FactStated { fact, value } in &self.stated {
            text.push_str(&format!("stated: {fact} = {}\n", if *value { "yes" } else { "no" }));
        }
        text.extend(self.kept.iter().map(KeptPaper::text));
        for checked in &self.checked {
            text.push_str(&format!("\n{}{}", checked.text(), checked.papers_text()));
        }
        for OutcomeListed { panel, sitting, decision, state, revision, .. } in &self.outcomes {
            text.push_str(&format!(
                "\noutcome {revision} of {panel}, {}: {decision}, {state}\n",
                report::day(*sitting)
            ));
        }
        for WriteBackListed { kind, person, state, reference, reason, .. } in &self.write_backs {
            let why = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            text.push_str(&format!("written back: {kind} for person {person}, {state}, {reference}{why}\n"));
        }
        text
    }
}
