//! From an outcome to the exact list of what is to be written.

use crate::domain::{
    FormAnswer, FormId, FormValue, Outcome, Payload, Private, Reference, State, StepId, WriteBack, WriteBackId,
    WriteBackKind, limit,
};
use crate::panel::{FormOutcome, MinutesForm, NoteForm, OutcomeFieldKind, OutcomeForm, StepForm};

use super::key::{reference_of, without_references, write_back_id};

/// What a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Planning<'a> {
    /// The outcome.
    pub outcome: &'a Outcome,
    /// What the panel writes back.
    pub form: &'a OutcomeForm,
    /// What a person calls the panel.
    pub panel_title: &'a str,
    /// What was planned for earlier revisions of the outcome.
    pub earlier: &'a [WriteBack],
    /// The form that made the request; else why it cannot be written into.
    pub target: Result<&'a FormTarget, &'a str>,
}

/// The outcome section of a form in Mosaic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormTarget {
    /// The step that carries the form.
    pub step: StepId,
    /// The form.
    pub form: FormId,
    /// Its questions that an outcome answers.
    pub questions: Vec<FormQuestion>,
}

/// One question of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormQuestion {
    /// The outcome field that answers it; `decision` is the decision itself.
    pub field: String,
    /// Mosaic's question user code.
    pub question: String,
    /// What a person is shown.
    pub label: String,
    /// Whether it is answered with yes or no.
    pub is_yes_no: bool,
    /// Mosaic's wording of each choice, by our name for it.
    pub wordings: Vec<(String, String)>,
}

/// What is to be written, and what is not, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The write-backs, none of them approved, in the order in which they are sent.
    pub write_backs: Vec<WriteBack>,
    /// What the profile asks for and cannot be written.
    pub left_out: Vec<String>,
}

/// The exact list of what an outcome is to write. What an earlier revision has begun is ended first: until then the
/// later one's writes of the same kind are no part of the plan.
pub fn plan(planning: &Planning<'_>) -> Plan {
    let mut plan = Plan::default();
    let form = planning.form;
    if let Some(form) = form.note.as_ref().filter(|_| planning.is_free(WriteBackKind::CaseNote, "")) {
        plan.write_backs.push(planning.note(form));
    }
    if let Some(form) = form.form.as_ref().filter(|_| planning.is_free(WriteBackKind::FormOutcome, "")) {
        match planning.target {
            Ok(target) => plan.write_backs.push(planning.form_outcome(form, target)),
            Err(why) => plan.left_out.push(format!("the form's outcome section is not written: {why}")),
        }
    }
    if let Some(form) = form.minutes.as_ref().filter(|_| planning.is_free(WriteBackKind::Document, "")) {
        plan.write_backs.push(planning.minutes(form));
    }
    let field = |name: &str| planning.outcome.decision.fields.get(name).map(|value| value.expose().clone());
    for step in form.steps.iter().filter(|step| step.is_started_by(&planning.outcome.decision.decision, field)) {
        // A step is started once, whatever a later revision says.
        let earlier = planning.latest(WriteBackKind::WorkflowStep, &step.name);
        if !earlier.is_some_and(|earlier| !matches!(earlier.state, State::Refused { .. })) {
            plan.write_backs.push(planning.step(step));
        }
    }
    plan
}

impl Planning<'_> {
    fn id(&self, kind: WriteBackKind, part: &str, revision: u32) -> WriteBackId {
        let Outcome { submission, person, sitting, panel, .. } = self.outcome;
        write_back_id(&panel.authority(), submission, *person, *sitting, (kind, part), revision)
    }

    /// What was planned for the latest earlier revision.
    fn latest(&self, kind: WriteBackKind, part: &str) -> Option<&WriteBack> {
        let ids: Vec<WriteBackId> = (1..self.outcome.revision).map(|revision| self.id(kind, part, revision)).collect();
        let earlier = self.earlier.iter().filter(|one| ids.contains(&one.id));
        earlier.max_by_key(|one| one.revision)
    }

    fn is_free(&self, kind: WriteBackKind, part: &str) -> bool {
        let latest = self.latest(kind, part);
        latest.is_none_or(|one| matches!(one.state, State::Sent { .. } | State::Refused { .. }))
    }

    /// Mosaic's id of what was written for an earlier revision.
    fn written(&self, kind: WriteBackKind) -> Option<String> {
        let mut sent = self.earlier.iter().filter(|one| one.kind == kind && one.revision < self.outcome.revision);
        sent.find_map(|one| match &one.state {
            State::Sent { receipt } => Some(receipt.mosaic_id.clone()),
            _ => None,
        })
    }

    /// What the latest revision that was written into the form answered.
    fn answered(&self) -> Vec<FormAnswer> {
        let is_earlier =
            |one: &&WriteBack| one.revision < self.outcome.revision && matches!(one.state, State::Sent { .. });
        let forms = self.earlier.iter().filter(is_earlier).filter_map(|one| match &one.payload {
            Payload::FormOutcome { answers, .. } => Some((one.revision, answers)),
            _ => None,
        });
        forms.max_by_key(|(revision, _)| *revision).map(|(_, answers)| answers.clone()).unwrap_or_default()
    }

    fn write_back(&self, kind: WriteBackKind, part: &str, payload: impl FnOnce(&Reference) -> Payload) -> WriteBack {
        let id = self.id(kind, part, self.outcome.revision);
        let reference = reference_of(id);
        WriteBack {
            id,
            payload: payload(&reference),
            reference,
            submission: self.outcome.submission.clone(),
            person: self.outcome.person,
            panel: self.outcome.panel.clone(),
            sitting: self.outcome.sitting,
            revision: self.outcome.revision,
            kind,
            state: State::Planned,
            attempts: 0,
            fence: 0,
        }
    }

    fn decision(&self) -> &str {
        let name = &self.outcome.decision.decision;
        self.form.decision(name).map_or(name.as_str(), |choice| choice.title.as_str())
    }

    /// What is told of the outcome, in a fixed order of headings.
    fn told(&self, fields: &[String]) -> Vec<String> {
        let sitting = self.outcome.sitting.strftime("%-d %B %Y");
        let mut told = vec![format!("Panel: {}, sitting of {sitting}", self.panel_title)];
        told.push(format!("Decision: {}", self.decision()));
        for name in fields {
            let (Some(field), Some(value)) = (self.form.field(name), self.outcome.decision.fields.get(name)) else {
                continue;
            };
            told.push(format!("{}\n{}", field.title, self::told(&field.kind, value.expose())));
        }
        told
    }

    fn note(&self, form: &NoteForm) -> WriteBack {
        self.write_back(WriteBackKind::CaseNote, "", |reference| {
            let corrected = self.written(WriteBackKind::CaseNote);
            let mut body = Vec::new();
            if corrected.is_some() {
                body.push("This corrects what is written above.".to_owned());
            }
            body.extend(self.told(&form.fields));
            body.push(format!("Decided by: {}. Recorded by: {}.", form.decided_by, form.recorded_by));
            body.push(format!("Ref: {reference}"));
            let body = Private::new(body.join("\n\n"));
            let contact_date = self.outcome.sitting;
            match corrected {
                Some(note) => Payload::Appendment { note, contact_date, body },
                None => Payload::CaseNote {
                    note_type: form.note_type.clone(),
                    title: cut_at_a_word(&form.title_for(contact_date), limit::NOTE_TITLE_CHARS_MAX),
                    contact_date,
                    body,
                    alert_recipients: form.alert_recipients.clone(),
                },
            }
        })
    }

    fn form_outcome(&self, form: &FormOutcome, target: &FormTarget) -> WriteBack {
        self.write_back(WriteBackKind::FormOutcome, "", |reference| {
            let mut answers = Vec::new();
            for question in &target.questions {
                let is_reference = question.field == form.reference_field;
                let value = match (self.value(question), is_reference) {
                    (Some(FormValue::Text(text)), true) => FormValue::Text(format!("{text}\n\nRef: {reference}")),
                    (None, true) => FormValue::Text(format!("Ref: {reference}")),
                    (Some(value), _) => value,
                    (None, false) => continue,
                };
                let (label, question) = (question.label.clone(), question.question.clone());
                answers.push(FormAnswer { question, label, value: Private::new(value) });
            }
            Payload::FormOutcome {
                step: target.step,
                form: target.form,
                contact_date: self.outcome.sitting,
                answers,
                corrects: self.answered(),
            }
        })
    }

    /// What the outcome answers a question with, as Mosaic takes it.
    fn value(&self, question: &FormQuestion) -> Option<FormValue> {
        let wording = |name: &str, title: &str| {
            let wording =
                question.wordings.iter().find(|(known, _)| known == name).map(|(_, wording)| wording.as_str());
            FormValue::Text(wording.unwrap_or(title).to_owned())
        };
        if question.field == "decision" {
            return Some(wording(&self.outcome.decision.decision, self.decision()));
        }
        let field = self.form.field(&question.field)?;
        let value = self.outcome.decision.fields.get(&question.field)?.expose();
        Some(match &field.kind {
            OutcomeFieldKind::YesNo if question.is_yes_no => FormValue::YesNo(value == "yes"),
            OutcomeFieldKind::YesNo => wording(value, if value == "yes" { "Yes" } else { "No" }),
            OutcomeFieldKind::Choice(_) => wording(value, &told(&field.kind, value)),
            OutcomeFieldKind::Text | OutcomeFieldKind::Date => FormValue::Text(told(&field.kind, value)),
        })
    }

    fn minutes(&self, form: &MinutesForm) -> WriteBack {
        self.write_back(WriteBackKind::Document, "", |reference| {
            let corrected = self.written(WriteBackKind::Document).is_some();
            let title = form.title_for(self.outcome.sitting);
            let title = if corrected { format!("Corrected: {title}") } else { title };
            let mut text = self.told(&form.fields);
            text.push(format!("Decided by: {}. Recorded by: {}.", form.decided_by, form.recorded_by));
            Payload::Document {
                title: cut_at_a_word(&title, limit::DOCUMENT_TITLE_CHARS_MAX),
                contact_date: self.outcome.sitting,
                description: Private::new(format!("Minutes of {}\n\nRef: {reference}", self.panel_title)),
                text: Private::new(text.join("\n\n")),
            }
        })
    }

    fn step(&self, form: &StepForm) -> WriteBack {
        self.write_back(WriteBackKind::WorkflowStep, &form.name, |reference| {
            let sitting = self.outcome.sitting.strftime("%-d %B %Y");
            let why = format!("Decided by {}, sitting of {sitting}: {}.", self.panel_title, self.decision());
            Payload::WorkflowStep {
                step_type: form.step_type.clone(),
                contact_date: self.outcome.sitting,
                note: Private::new(format!("{why}\n\nRef: {reference}")),
            }
        })
    }
}

/// A value as a person reads it, without control characters and without anything that looks like our reference.
fn told(kind: &OutcomeFieldKind, value: &str) -> String {
    let value = match kind {
        OutcomeFieldKind::Choice(choices) => {
            choices.iter().find(|choice| choice.name == value).map_or(value, |choice| choice.title.as_str())
        }
        OutcomeFieldKind::Text | OutcomeFieldKind::Date | OutcomeFieldKind::YesNo => value,
    };
    let plain: String = value.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    without_references(plain.trim())
}

/// The text cut to so many characters at a word.
fn cut_at_a_word(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let start: String = text.chars().take(characters_max - 1).collect();
    let kept = start.rsplit_once(' ').map_or(start.as_str(), |(kept, _)| kept);
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Decision, OutcomeState, PanelName, SubmissionId};
    use crate::panel::{Choice, NoteForm, OutcomeField};
    use jiff::civil::date;
    use std::collections::BTreeMap;

    fn form() -> OutcomeForm {
        let field = |name: &str, title: &str| OutcomeField {
            name: name.into(),
            title: title.into(),
            help: String::new(),
            kind: OutcomeFieldKind::Text,
            comes_back: false,
            required_with: Vec::new(),
            policy: String::new(),
        };
        OutcomeForm {
            decisions: vec![Choice { name: "agreed".into(), title: "Agreed".into() }],
            fields: vec![field("well", "What's Working Well"), field("next", "What Needs to Happen")],
            ..OutcomeForm::default()
        }
    }

    fn with_note() -> OutcomeForm {
        OutcomeForm {
            note: Some(NoteForm {
                note_type: "PANEL".into(),
                title: "Decision, {sitting}".into(),
                fields: vec!["well".into(), "next".into()],
                decided_by: "Chair".into(),
                recorded_by: "Administrator".into(),
                alert_recipients: Vec::new(),
                policy: String::new(),
            }),
            ..form()
        }
    }

    fn planned(outcome: &Outcome, form: &OutcomeForm, earlier: &[WriteBack]) -> Plan {
        let why = "the export names no form";
        plan(&Planning { outcome, form, panel_title: "The Panel", earlier, target: Err(why) })
    }

    fn sent(mut write_back: WriteBack, mosaic_id: &str) -> WriteBack {
        let known_at = jiff::Timestamp::UNIX_EPOCH;
        let receipt =
            crate::domain::Receipt { mosaic_id: mosaic_id.into(), mosaic_time: None, known_at, by_reading: false };
        write_back.state = State::Sent { receipt };
        write_back
    }

    fn outcome(revision: u32, next: &str) -> Outcome {
        Outcome {
            submission: SubmissionId::new("a-1"),
            person: "100001".parse().unwrap(),
            panel: PanelName::of(&crate::domain::AuthorityName::new("a"), "p"),
            sitting: date(2026, 12, 2),
            revision,
            decision: Decision {
                decision: "agreed".into(),
                fields: BTreeMap::from([("next".to_owned(), Private::from(next))]),
            },
            state: OutcomeState::Loaded,
        }
    }

    #[test]
    fn a_note_has_a_fixed_order_and_its_reference_on_a_line_of_its_own() {
        let planned = planned(&outcome(1, "Refer\u{7}ral"), &with_note(), &[]).write_backs;
        let [write_back] = planned.as_slice() else { panic!("one note") };
        let body = write_back.payload.text().into_exposed();
        let wanted = format!(
            "Panel: The Panel, sitting of 2 December 2026\n\nDecision: Agreed\n\nWhat Needs to Happen\nReferral\n\n\
             Decided by: Chair. Recorded by: Administrator.\n\nRef: {}",
            write_back.reference
        );
        assert_eq!(body, wanted);
        assert_eq!(write_back.state, State::Planned);
    }

    #[test]
    fn a_later_revision_is_appended_to_the_note_it_corrects_once_that_is_on_the_record() {
        let first = planned(&outcome(1, "one"), &with_note(), &[]).write_backs.remove(0);
        let waiting = planned(&outcome(2, "two"), &with_note(), std::slice::from_ref(&first));
        assert_eq!(waiting, Plan::default(), "the first is still on its way");
        let second = planned(&outcome(2, "two"), &with_note(), &[sent(first.clone(), "5001")]).write_backs.remove(0);
        assert!(matches!(&second.payload, Payload::Appendment { note, .. } if note == "5001"));
        assert_ne!(second.id, first.id);
    }

    #[test]
    fn a_foreign_reference_in_a_persons_text_is_made_harmless() {
        let other = planned(&outcome(1, "x"), &with_note(), &[]).write_backs.remove(0).reference;
        let quoting = planned(&outcome(2, &format!("as in {other}")), &with_note(), &[]).write_backs.remove(0);
        assert!(!crate::writeback::is_in(&other, quoting.payload.text().expose()));
    }

    #[test]
    fn the_form_the_minutes_and_the_step_each_carry_a_reference_of_their_own() {
        let with_all = OutcomeForm {
            form: Some(FormOutcome { reference_field: "next".into(), policy: String::new() }),
            minutes: Some(MinutesForm {
                title: "Minutes, {sitting}".into(),
                fields: vec!["next".into()],
                decided_by: "Chair".into(),
                recorded_by: "Administrator".into(),
                policy: String::new(),
            }),
            steps: vec![StepForm {
                name: "court".into(),
                step_type: "Court".into(),
                with: vec!["agreed".into()],
                field: None,
                policy: String::new(),
            }],
            ..with_note()
        };
        let question = |field: &str, code: &str, wordings: &[(&str, &str)]| FormQuestion {
            field: field.into(),
            question: code.into(),
            label: field.into(),
            is_yes_no: false,
            wordings: wordings.iter().map(|(name, wording)| ((*name).to_owned(), (*wording).to_owned())).collect(),
        };
        let target = FormTarget {
            step: "7".parse().unwrap(),
            form: "8".parse().unwrap(),
            questions: vec![
                question("decision", "panelDecision", &[("agreed", "Agreed by panel")]),
                question("next", "needsToHappen", &[]),
                question("well", "workingWell", &[]),
            ],
        };
        let outcome = outcome(1, "A referral");
        let planning =
            Planning { outcome: &outcome, form: &with_all, panel_title: "P", earlier: &[], target: Ok(&target) };
        let plan = plan(&planning).write_backs;
        let kinds: Vec<&str> = plan.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["case-note", "form-outcome", "document", "workflow-step"]);
        for one in &plan {
            assert!(crate::writeback::is_in(&one.reference, one.payload.text().expose()), "{kinds:?}");
            assert_eq!(plan.iter().filter(|other| other.reference == one.reference).count(), 1);
        }
        let Payload::FormOutcome { answers, .. } = &plan[1].payload else { panic!("a form") };
        let answers: Vec<String> =
            answers.iter().map(|one| format!("{}={}", one.question, one.value.expose())).collect();
        let reference = &plan[1].reference;
        assert_eq!(
            answers,
            ["panelDecision=Agreed by panel".to_owned(), format!("needsToHappen=A referral\n\nRef: {reference}")]
        );
        let left_out = planned(&outcome, &with_all, &[]).left_out;
        assert_eq!(left_out, ["the form's outcome section is not written: the export names no form"]);
    }

    #[test]
    fn a_step_is_started_once_whatever_a_later_revision_says() {
        let step = StepForm {
            name: "court".into(),
            step_type: "Court".into(),
            with: vec!["agreed".into()],
            field: None,
            policy: String::new(),
        };
        let form = OutcomeForm { steps: vec![step], ..form() };
        let first = planned(&outcome(1, "one"), &form, &[]).write_backs.remove(0);
        assert_eq!(planned(&outcome(2, "two"), &form, &[sent(first, "9")]), Plan::default());
    }

    #[test]
    fn a_title_is_cut_at_a_word() {
        assert_eq!(cut_at_a_word("one two three", 100), "one two three");
        assert_eq!(cut_at_a_word("one two three", 9), "one two…");
        assert!(cut_at_a_word(&"word ".repeat(40), 100).chars().count() <= 100);
    }
}
