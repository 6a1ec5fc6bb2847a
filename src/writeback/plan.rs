//! From an outcome to the exact list of what is to be written.

use crate::domain::{Outcome, Payload, Private, State, WriteBack, WriteBackKind, limit};
use crate::panel::{OutcomeFieldKind, OutcomeForm};

use super::key::{reference_of, without_references, write_back_id};

/// The write-backs of an outcome, none of them approved. `earlier` is what was sent for an earlier revision: a later
/// one is an appendment to its note.
pub fn plan(outcome: &Outcome, form: &OutcomeForm, panel_title: &str, earlier: Option<&WriteBack>) -> Vec<WriteBack> {
    let Some(note) = &form.note else { return Vec::new() };
    let authority = outcome.panel.authority();
    let kind = WriteBackKind::CaseNote;
    let id = write_back_id(&authority, &outcome.submission, outcome.person, outcome.sitting, kind, outcome.revision);
    let reference = reference_of(id);
    let corrected = earlier.and_then(|earlier| match &earlier.state {
        State::Sent { receipt } => Some(receipt.mosaic_id.clone()),
        _ => None,
    });
    let mut body = Vec::new();
    if corrected.is_some() {
        body.push("This corrects what is written above.".to_owned());
    }
    body.push(format!("Panel: {panel_title}, sitting of {}", outcome.sitting.strftime("%-d %B %Y")));
    let decision = form.decision(&outcome.decision.decision);
    let decision = decision.map_or(outcome.decision.decision.as_str(), |choice| choice.title.as_str());
    body.push(format!("Decision: {decision}"));
    for name in &note.fields {
        let (Some(field), Some(value)) = (form.field(name), outcome.decision.fields.get(name)) else { continue };
        body.push(format!("{}\n{}", field.title, told(&field.kind, value.expose())));
    }
    body.push(format!("Decided by: {}. Recorded by: {}.", note.decided_by, note.recorded_by));
    body.push(format!("Ref: {reference}"));
    let body = Private::new(body.join("\n\n"));
    let payload = match corrected {
        Some(note) => Payload::Appendment { note, contact_date: outcome.sitting, body },
        None => Payload::CaseNote {
            note_type: note.note_type.clone(),
            title: cut_at_a_word(&note.title_for(outcome.sitting), limit::NOTE_TITLE_CHARS_MAX),
            contact_date: outcome.sitting,
            body,
            alert_recipients: note.alert_recipients.clone(),
        },
    };
    vec![WriteBack {
        id,
        reference,
        submission: outcome.submission.clone(),
        person: outcome.person,
        panel: outcome.panel.clone(),
        sitting: outcome.sitting,
        revision: outcome.revision,
        kind,
        payload,
        state: State::Planned,
        attempts: 0,
        fence: 0,
    }]
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
            note: Some(NoteForm {
                note_type: "PANEL".into(),
                title: "Decision, {sitting}".into(),
                fields: vec!["well".into(), "next".into()],
                decided_by: "Chair".into(),
                recorded_by: "Administrator".into(),
                alert_recipients: Vec::new(),
                policy: String::new(),
            }),
        }
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
        let planned = plan(&outcome(1, "Refer\u{7}ral"), &form(), "The Panel", None);
        let [write_back] = planned.as_slice() else { panic!("one note") };
        let body = write_back.payload.body().expose();
        let wanted = format!(
            "Panel: The Panel, sitting of 2 December 2026\n\nDecision: Agreed\n\nWhat Needs to Happen\nReferral\n\n\
             Decided by: Chair. Recorded by: Administrator.\n\nRef: {}",
            write_back.reference
        );
        assert_eq!(*body, wanted);
        assert_eq!(write_back.state, State::Planned);
    }

    #[test]
    fn a_later_revision_is_appended_to_the_note_it_corrects() {
        let mut first = plan(&outcome(1, "one"), &form(), "The Panel", None).remove(0);
        let known_at = jiff::Timestamp::UNIX_EPOCH;
        let receipt =
            crate::domain::Receipt { mosaic_id: "5001".into(), mosaic_time: None, known_at, by_reading: false };
        first.state = State::Sent { receipt };
        let second = plan(&outcome(2, "two"), &form(), "The Panel", Some(&first)).remove(0);
        assert!(matches!(&second.payload, Payload::Appendment { note, .. } if note == "5001"));
        assert_ne!(second.id, first.id);
    }

    #[test]
    fn a_foreign_reference_in_a_persons_text_is_made_harmless() {
        let other = plan(&outcome(1, "x"), &form(), "The Panel", None).remove(0).reference;
        let quoting = plan(&outcome(2, &format!("as in {other}")), &form(), "The Panel", None).remove(0);
        assert!(!crate::writeback::is_in(&other, quoting.payload.body().expose()));
    }

    #[test]
    fn a_title_is_cut_at_a_word() {
        assert_eq!(cut_at_a_word("one two three", 100), "one two three");
        assert_eq!(cut_at_a_word("one two three", 9), "one two…");
        assert!(cut_at_a_word(&"word ".repeat(40), 100).chars().count() <= 100);
    }
}
