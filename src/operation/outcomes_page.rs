//! The outcomes of a sitting, filled in on a page: what the page shows, what is wrong with what was filled in, what it
//! would write, and recording it. The checks are those of the workbook.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use super::at_sitting::{AtSitting, Listed};
use super::installation::{Installation, Writing as _};
use super::outcomes::shown;
use super::outcomes_workbook::{checked, deciding_panel, loaded_outcome, record, would_record};
use super::{Failure, OutcomeListed, OutcomesLoaded, Paging};
use crate::domain::{OutcomeState, PanelName, SubmissionId};
use crate::ledger::{OutcomeRow, Recorded, Seen};
use crate::outcome::{CellTrouble, FilledIn, Loaded, Page, PageRow};
use crate::panel::{Choice, OutcomeField, OutcomeFieldKind, Profile};

/// What the page for a sitting's outcomes shows.
#[derive(Debug, Clone, Serialize)]
pub struct OutcomeFormShown {
    /// The panel.
    pub panel: PanelName,
    /// What a person calls it.
    pub title: String,
    /// The day it sits.
    pub sitting: Date,
    /// What it can decide.
    pub decisions: Vec<ChoiceShown>,
    /// What is recorded with a decision, in the order of the profile.
    pub fields: Vec<FieldShown>,
    /// The requests of the page, each child by itself, in the order of the agenda.
    pub rows: Vec<OutcomeFormRow>,
    /// Where the next page begins: hand it in as `after`. `None` at the end.
    pub next: Option<String>,
}

/// Something that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChoiceShown {
    /// Its name, which is what is filled in.
    pub name: String,
    /// What a person is shown.
    pub title: String,
}

/// A field that is recorded with a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldShown {
    /// Its name.
    pub name: String,
    /// What a person is shown.
    pub title: String,
    /// What to write there.
    pub help: String,
    /// What may stand in it: `text`, `date`, `choice` or `yes-no`.
    pub kind: &'static str,
    /// What can be chosen, where it is a choice or `yes-no`.
    pub choices: Vec<ChoiceShown>,
    /// The names of the decisions with which it must be filled in.
    pub required_with: Vec<String>,
    /// The clause that asks for it.
    pub policy: String,
}

/// One request for one child, with what is recorded of it.
#[derive(Clone, Serialize)]
pub struct OutcomeFormRow {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// The child's initials.
    pub initials: Option<String>,
    /// What it asks for, as a person reads it.
    pub kinds: Vec<String>,
    /// The revision that is recorded; 0 where none is.
    pub revision: u32,
    /// Where that revision stands.
    pub state: Option<OutcomeState>,
    /// What was decided, by its name.
    pub decision: Option<String>,
    /// What stands in the fields, by their names: a day as `YYYY-MM-DD`, a choice by its name, `yes` or `no`.
    pub fields: BTreeMap<String, String>,
    /// Who recorded that revision, as the trail keeps it.
    pub recorded_by: Option<String>,
    /// When that was (RFC 3339).
    pub recorded_at: Option<String>,
}

/// One request for one child, as it was filled in.
#[derive(Clone, PartialEq, Eq)]
pub struct FilledRow {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// The revision that the page showed; 0 where nothing was recorded.
    pub seen_revision: u32,
    /// The decision, by its name.
    pub decision: Option<String>,
    /// What stands in the fields, by their names. One that is not there is empty, as browsers leave out what is not
    /// chosen.
    pub fields: BTreeMap<String, String>,
}

/// A field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldTrouble {
    /// The request.
    pub submission: SubmissionId,
    /// The child.
    pub person: String,
    /// The field's name, or `decision`: what is about the row as a whole stands there too.
    pub field: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What was recorded from a page.
#[derive(Debug, Serialize)]
pub struct OutcomesRecorded {
    /// What was recorded, as for a workbook.
    pub loaded: OutcomesLoaded,
    /// What is wrong, field by field: the requests that it is about were left out.
    pub troubles: Vec<FieldTrouble>,
}

/// What is to become of what was filled in on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormStep {
    /// It is shown again, to be changed.
    Change,
    /// It is checked, and what it would write is shown.
    Check,
    /// It is recorded.
    Record,
}

/// A page on which something was filled in, and what became of it.
#[derive(Debug)]
pub struct OutcomeFormFilled {
    /// The page.
    pub form: OutcomeFormShown,
    /// What was filled in on it.
    pub filled: Vec<FilledRow>,
    /// What is wrong, field by field: the requests that it is about were left out.
    pub troubles: Vec<FieldTrouble>,
    /// Exactly what would be written; empty unless it was checked and nothing is wrong.
    pub preview: Vec<OutcomeListed>,
    /// What was recorded; nothing unless it was to be.
    pub recorded: Option<OutcomesLoaded>,
}

impl Installation {
    /// What a page for a sitting's outcomes shows: rows of its workbook, so many requests of them as the paging says. That
    /// it was shown is in the trail.
    pub fn outcome_form(&mut self, panel: &str, date: Date, paging: &Paging) -> Result<OutcomeFormShown, Failure> {
        let profile = deciding_panel(self, panel)?;
        let shown = OutcomeFormShown::of(&profile, date, AtSitting::open(self, &profile, date)?.page(paging)?);
        self.form_shown(&shown)?;
        Ok(shown)
    }

    /// Takes what was filled in on that page a step further; who is at the sitting is worked out once. That the page was
    /// shown again is in the trail.
    pub fn outcome_form_filled(
        &mut self,
        panel: &str,
        date: Date,
        paging: &Paging,
        fill: &dyn Fn(&OutcomeFormShown) -> Vec<FilledRow>,
        step: FormStep,
    ) -> Result<OutcomeFormFilled, Failure> {
        let profile = deciding_panel(self, panel)?;
        let taken = |all: &mut Self| all.taken(&profile, date, paging, fill, step);
        // Whatever is compared when it is recorded is still so then.
        let answer = if step == FormStep::Record { self.atomically(taken)? } else { taken(self)? };
        answer.recorded.iter().for_each(OutcomesLoaded::tell);
        if step != FormStep::Record || !answer.troubles.is_empty() {
            self.form_shown(&answer.form)?;
        }
        Ok(answer)
    }

    fn taken(
        &mut self,
        profile: &Profile,
        date: Date,
        paging: &Paging,
        fill: &dyn Fn(&OutcomeFormShown) -> Vec<FilledRow>,
        step: FormStep,
    ) -> Result<OutcomeFormFilled, Failure> {
        let at = AtSitting::open(self, profile, date)?;
        let form = OutcomeFormShown::of(profile, date, at.page(paging)?);
        let filled = fill(&form);
        let (troubles, preview) = (Vec::new(), Vec::new());
        let mut answer = OutcomeFormFilled { form, filled, troubles, preview, recorded: None };
        if step == FormStep::Change {
            return Ok(answer);
        }
        let loaded = read(self, &at, &answer.filled)?;
        answer.troubles = FieldTrouble::all(&loaded, &answer.filled);
        if step == FormStep::Record {
            let actor = self.actor.clone();
            answer.recorded = Some(record(self, &actor, loaded, false, "the page")?);
        } else if answer.troubles.is_empty() {
            answer.preview = previewed(self, loaded)?;
        }
        Ok(answer)
    }

    fn form_shown(&mut self, form: &OutcomeFormShown) -> Result<(), Failure> {
        let mut seen = Seen::default();
        for row in &form.rows {
            seen.id(row.submission.as_str());
            seen.person(&row.person);
        }
        Ok(self.ledger.audit_look(&self.actor, "outcome-form-shown", form.panel.as_str(), &seen)?)
    }

    /// Records what was filled in on a page: all or nothing for each request, and twice is once. A row of which another
    /// revision was recorded since the page was shown is refused.
    pub fn outcomes_record(
        &mut self,
        panel: &str,
        date: Date,
        filled: &[FilledRow],
        dry_run: bool,
    ) -> Result<OutcomesRecorded, Failure> {
        let work = |all: &mut Self| {
            let profile = deciding_panel(all, panel)?;
            let loaded = read(all, &AtSitting::open(all, &profile, date)?, filled)?;
            let troubles = FieldTrouble::all(&loaded, filled);
            let actor = all.actor.clone();
            let loaded = record(all, &actor, loaded, dry_run, "the page")?;
            Ok(OutcomesRecorded { loaded, troubles })
        };
        // Whatever is compared here is still so when it is recorded.
        if dry_run { work(self) } else { self.atomically(work) }
    }

    /// Exactly what would be written where if what was filled in were recorded and approved: an entry for each outcome that
    /// would be new or revised. Changes nothing.
    pub fn outcomes_preview(
        &self,
        panel: &str,
        date: Date,
        filled: &[FilledRow],
    ) -> Result<Vec<OutcomeListed>, Failure> {
        let profile = deciding_panel(self, panel)?;
        previewed(self, read(self, &AtSitting::open(self, &profile, date)?, filled)?)
    }
}

/// What would be written if what was read were recorded and approved.
fn previewed(installation: &Installation, loaded: Loaded) -> Result<Vec<OutcomeListed>, Failure> {
    let mut listed = Vec::new();
    for read in loaded.outcomes {
        let mut outcome = loaded_outcome(read);
        outcome.revision = match would_record(installation, &outcome)? {
            Recorded::Unchanged => continue,
            Recorded::New => 1,
            Recorded::Revised(revision) => revision,
        };
        let (loaded_by, at) = (installation.actor.as_str().to_owned(), installation.clock.now().to_string());
        let row = OutcomeRow { outcome, loaded_by, decided_by: None, reason: None, at };
        listed.push(shown(installation, &installation.actor, &row)?);
    }
    Ok(listed)
}

/// Checks what was filled in. Only requests of the sitting are taken: a page can name any.
fn read(installation: &Installation, at: &AtSitting<'_>, filled: &[FilledRow]) -> Result<Loaded, Failure> {
    let (profile, date) = at.meant();
    let asked = filled.iter().map(|row| row.submission.clone()).collect();
    let listed = at.among(&asked)?;
    let rows = filled.iter().map(|row| PageRow {
        submission: &row.submission,
        person: &row.person,
        seen_revision: row.seen_revision,
        decision: row.decision.as_deref(),
        fields: &row.fields,
    });
    let page = Page { panel: &profile.name, sitting: date, form: &profile.outcome };
    checked(installation, &FilledIn::of_rows(page, &rows.collect::<Vec<_>>()), Some(&listed))
}

fn choices(choices: &[Choice]) -> Vec<ChoiceShown> {
    let shown = choices.iter().map(|choice| ChoiceShown { name: choice.name.clone(), title: choice.title.clone() });
    shown.collect()
}

impl FieldShown {
    fn of(field: &OutcomeField) -> Self {
        let (kind, choices) = match &field.kind {
            OutcomeFieldKind::Text => ("text", Vec::new()),
            OutcomeFieldKind::Date => ("date", Vec::new()),
            OutcomeFieldKind::Choice(choices) => ("choice", self::choices(choices)),
            OutcomeFieldKind::YesNo => {
                let choice =
                    |(name, title): (&str, &str)| ChoiceShown { name: name.to_owned(), title: title.to_owned() };
                ("yes-no", [("yes", "Yes"), ("no", "No")].map(choice).into())
            }
        };
        Self {
            name: field.name.clone(),
            title: field.title.clone(),
            help: field.help.clone(),
            kind,
            choices,
            required_with: field.required_with.clone(),
            policy: field.policy.clone(),
        }
    }
}

impl OutcomeFormRow {
    fn of(listed: Listed, profile: &Profile) -> Self {
        let Listed { line, kinds, recorded: by } = listed;
        let recorded = line.recorded;
        let (recorded_by, recorded_at) = by.unzip();
        // What the profile has no field for any more stays as it is recorded, and is not on the page.
        let fields = recorded.iter().flat_map(|outcome| &outcome.decision.fields);
        let fields = fields.filter(|(name, _)| profile.outcome.field(name).is_some());
        Self {
            fields: fields.map(|(name, value)| (name.clone(), value.expose().clone())).collect(),
            submission: line.submission,
            person: line.person.to_string(),
            initials: line.initials.map(crate::domain::Private::into_exposed),
            kinds,
            revision: recorded.as_ref().map_or(0, |outcome| outcome.revision),
            state: recorded.as_ref().map(|outcome| outcome.state),
            decision: recorded.map(|outcome| outcome.decision.decision),
            recorded_by,
            recorded_at,
        }
    }
}

impl OutcomeFormShown {
    fn of(profile: &Profile, sitting: Date, (rows, next): (Vec<Listed>, Option<String>)) -> Self {
        Self {
            panel: profile.name.clone(),
            title: profile.title.clone(),
            sitting,
            decisions: choices(&profile.outcome.decisions),
            fields: profile.outcome.fields.iter().map(FieldShown::of).collect(),
            rows: rows.into_iter().map(|listed| OutcomeFormRow::of(listed, profile)).collect(),
            next,
        }
    }
}

impl FieldTrouble {
    fn all(loaded: &Loaded, filled: &[FilledRow]) -> Vec<Self> {
        loaded.troubles.iter().filter_map(|trouble| Self::of(trouble, filled)).collect()
    }

    /// What is wrong with the page as a whole stands at its first row.
    fn of(trouble: &CellTrouble, filled: &[FilledRow]) -> Option<Self> {
        let (row, field) = trouble.field().unwrap_or((0, "decision"));
        let row = filled.get(row)?;
        Some(Self {
            submission: row.submission.clone(),
            person: row.person.clone(),
            field: field.to_owned(),
            message: trouble.message.clone(),
            help: trouble.help.clone(),
        })
    }
}

/// Shows whose row it is and nothing of what stands in it.
impl fmt::Debug for OutcomeFormRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { submission, person, revision, .. } = self;
        let mut shown = f.debug_struct("OutcomeFormRow");
        shown.field("submission", submission).field("person", person).field("revision", revision);
        shown.finish_non_exhaustive()
    }
}

/// Shows whose row it is and nothing of what stands in it.
impl fmt::Debug for FilledRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { submission, person, seen_revision, .. } = self;
        let mut shown = f.debug_struct("FilledRow");
        shown.field("submission", submission).field("person", person).field("seen_revision", seen_revision);
        shown.finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::Workbook;

    use super::*;
    use crate::domain::Decision;
    use crate::operation::installation::Rulebook;
    use crate::outcome::{Known, PersonKnown, RequestKnown, SittingKnown};

    const SITTING: Date = jiff::civil::date(2026, 12, 2);

    fn against(filled_in: &FilledIn, profile: &Profile) -> (Vec<Decision>, Vec<String>) {
        let people = vec![PersonKnown { person: "100001".parse().unwrap(), initials: None }];
        let (panel, outcomes) = (Some(profile.name.clone()), Vec::new());
        let request = RequestKnown { people, panel, outcomes, recorded_by: BTreeMap::new() };
        let requests = BTreeMap::from([(SubmissionId::new("x-1"), request)]);
        let forms = BTreeMap::from([(profile.name.clone(), &profile.outcome)]);
        let loaded =
            filled_in.check(&Known { requests: &requests, forms: &forms, sitting: &|_, _| SittingKnown::Held });
        let decisions = loaded.outcomes.into_iter().map(|outcome| outcome.decision).collect();
        (decisions, loaded.troubles.into_iter().map(|trouble| trouble.message).collect())
    }

    fn on_a_page(profile: &Profile, decision: &str, fields: &BTreeMap<String, String>) -> FilledIn {
        let (submission, decision) = (SubmissionId::new("x-1"), Some(decision));
        let row = PageRow { submission: &submission, person: "100001", seen_revision: 0, decision, fields };
        FilledIn::of_rows(Page { panel: &profile.name, sitting: SITTING, form: &profile.outcome }, &[row])
    }

    fn in_a_workbook(profile: &Profile, decision: &str, fields: &BTreeMap<String, String>) -> FilledIn {
        let titled = |choices: &[Choice], name: &str| {
            choices.iter().find(|choice| choice.name == name).map_or(name.to_owned(), |choice| choice.title.clone())
        };
        let mut columns = vec![
            ("Submission".to_owned(), "x-1".to_owned()),
            ("Person".to_owned(), "100001".to_owned()),
            ("Sitting".to_owned(), SITTING.to_string()),
            ("Decision".to_owned(), titled(&profile.outcome.decisions, decision)),
        ];
        for field in &profile.outcome.fields {
            let text = fields.get(&field.name).cloned().unwrap_or_default();
            columns.push(match &field.kind {
                OutcomeFieldKind::Choice(choices) => (field.title.clone(), titled(choices, &text)),
                _ => (field.title.clone(), text),
            });
        }
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, (heading, cell)) in (0_u16..).zip(columns) {
            sheet.write_string(0, column, heading).unwrap();
            sheet.write_string(1, column, cell).unwrap();
        }
        FilledIn::open(&workbook.save_to_buffer().unwrap())
    }

    /// What somebody might fill in of a kind of field.
    fn text_for(field: &OutcomeField) -> String {
        match &field.kind {
            OutcomeFieldKind::Text => format!(" =1+1\r\n{} \r\n\r\n+44 ", field.title),
            OutcomeFieldKind::Date => "9 December 2026".to_owned(),
            OutcomeFieldKind::Choice(choices) => choices.last().unwrap().name.clone(),
            OutcomeFieldKind::YesNo => "no".to_owned(),
        }
    }

    #[test]
    fn for_every_panel_and_decision_a_page_and_a_workbook_come_to_the_same() {
        let rules = Rulebook::of(None).unwrap();
        let (mut taken, mut refused) = (0, 0);
        for profile in rules.panels.values() {
            for decision in profile.outcome.decisions.iter().map(|choice| choice.name.as_str()) {
                let needed = |field: &&OutcomeField| field.required_with.iter().any(|needed| needed == decision);
                let (all, none) = (|_: &&OutcomeField| true, |_: &&OutcomeField| false);
                let fill = |keep: &dyn Fn(&&OutcomeField) -> bool| -> BTreeMap<String, String> {
                    let fields = profile.outcome.fields.iter().filter(keep);
                    fields.map(|field| (field.name.clone(), text_for(field))).collect()
                };
                for (filled, is_whole) in [(fill(&all), true), (fill(&needed), true), (fill(&none), false)] {
                    let by_page = against(&on_a_page(profile, decision, &filled), profile);
                    let by_workbook = against(&in_a_workbook(profile, decision, &filled), profile);
                    assert_eq!(by_page, by_workbook, "{} {decision}", profile.name);
                    let (decisions, troubles) = by_page;
                    let lacks = !is_whole && profile.outcome.fields.iter().any(|field| needed(&field));
                    assert_eq!((decisions.len(), troubles.is_empty()), (usize::from(!lacks), !lacks), "{troubles:?}");
                    if let Some(read) = decisions.first() {
                        assert_eq!((read.decision.as_str(), read.fields.len()), (decision, filled.len()));
                    }
                    taken += decisions.len();
                    refused += troubles.len();
                }
            }
        }
        assert!(taken > 100 && refused > 50, "{taken} taken, {refused} refused");
    }

    #[test]
    fn what_was_filled_in_is_not_shown_by_accident() {
        let fields = BTreeMap::from([("next".to_owned(), "Somebody said so".to_owned())]);
        let (submission, person) = (SubmissionId::new("x-1"), "100001".to_owned());
        let row = FilledRow { submission, person, seen_revision: 1, decision: Some("agreed".into()), fields };
        let shown = format!("{row:?}");
        assert!(shown.contains("x-1") && !shown.contains("Somebody") && !shown.contains("agreed"), "{shown}");
    }
}
