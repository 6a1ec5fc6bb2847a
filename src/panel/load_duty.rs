//! Reads what is to be done after and around a sitting, and who is followed.

use super::names::{Names, deadline, period, text, word};
use super::{
    DueBy, DutyRule, EscalationRule, EvidenceRule, Milestone, OutcomeFieldKind, OutcomeForm, RaisedBy, TrackerColumn,
    TrackerRule,
};
use crate::calendar::{Deadline, Recurrence};
use crate::diagnostic::{Item, Table, nearest};

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Sitting,
    Followed,
    Outcome,
    Request,
    Event,
    Calendar,
}

const BY: [(&str, By); 6] = [
    ("sitting", By::Sitting),
    ("followed", By::Followed),
    ("outcome", By::Outcome),
    ("request", By::Request),
    ("event", By::Event),
    ("calendar", By::Calendar),
];

/// `[duties.<name>]`.
pub(super) fn duties(root: &Table<'_, '_>, names: &Names<'_>, outcome: &OutcomeForm) -> Vec<DutyRule> {
    let duties = root.tables("duties").into_iter().filter_map(|(name, table)| {
        let duty = duty(&name, &table, names, outcome);
        table.finish();
        duty
    });
    duties.collect()
}

fn duty(name: &Item<String>, table: &Table<'_, '_>, names: &Names<'_>, outcome: &OutcomeForm) -> Option<DutyRule> {
    let title = table.required_text("title");
    let by = table.required_text("raised-by").and_then(|given| word(table, &given, &BY));
    let role = table.required_text("role");
    role.iter().for_each(|role| names.role(table, role));
    let evidence = table.table("closed-by").map(|closed| self::evidence(closed, names)).unwrap_or_default();
    let condition = names.condition(table);
    let followed = events(table, "follows", names);
    let field = field(table, outcome);
    let with = decisions(table, outcome);
    let from_field = names.field_of(table, "from-field", &["date", "date-time"]);
    let while_open = table.flag("while-open").is_some_and(|flag| flag.value);
    let days = recurrence(table);
    let due_field = due_field(table, outcome);
    let by = by?;
    let deadline = match (by, &due_field, &days) {
        (By::Calendar, ..) if days.is_some() => None,
        (By::Outcome, Some(_), _) if !table.has("deadline") => None,
        _ => Some(deadline(table, "deadline")?),
    };
    let raised_by = match by {
        By::Sitting => RaisedBy::Sitting,
        By::Followed => RaisedBy::Followed { events: followed },
        By::Outcome => RaisedBy::Outcome { with, field },
        By::Request => RaisedBy::Request { condition, field: from_field.unwrap_or_default() },
        By::Event => RaisedBy::Event { while_open },
        By::Calendar => RaisedBy::Calendar(Box::new(days?)),
    };
    let escalations = escalations(table, names, by);
    deadline.iter().for_each(|deadline| counted_from(table, deadline, by, names));
    let due = match (deadline, due_field) {
        (Some(deadline), _) => DueBy::Deadline(deadline),
        (None, Some(field)) => DueBy::OutcomeField(field),
        (None, None) => DueBy::Day,
    };
    let policy = table.required_text("policy");
    let (name, title) = (name.value.clone(), title?.value);
    Some(DutyRule { name, title, raised_by, role: role?.value, due, evidence, escalations, policy: policy?.value })
}

/// A deadline is counted from what has the duty come up.
fn counted_from(table: &Table<'_, '_>, deadline: &Deadline, by: By, names: &Names<'_>) {
    let Some(span) = table.key_span("deadline") else { return };
    let anchor = deadline.anchor().name.clone();
    match by {
        By::Event => names.event(table, &Item { value: anchor, span }),
        By::Sitting | By::Followed | By::Outcome if anchor != "sitting" => {
            let help = Some("write for instance \"3 working days after the sitting\"".to_owned());
            table.document().error(span, format!("it is counted from `{anchor}` and not from the sitting"), help);
        }
        By::Request if anchor != "request" => {
            let help = Some("write for instance \"48 hours after the request\"".to_owned());
            table.document().error(span, format!("it is counted from `{anchor}` and not from the request"), help);
        }
        By::Sitting | By::Followed | By::Outcome | By::Request | By::Calendar => {}
    }
}

/// `[[duties.<name>.escalate]]`.
fn escalations(table: &Table<'_, '_>, names: &Names<'_>, by: By) -> Vec<EscalationRule> {
    let escalations = table.table_list("escalate").into_iter().filter_map(|one| {
        let to = one.required_text("to");
        to.iter().for_each(|role| names.role(&one, role));
        let deadline = deadline(&one, "deadline");
        deadline.iter().for_each(|deadline| counted_from(&one, deadline, by, names));
        one.finish();
        Some(EscalationRule { to: to?.value, deadline: deadline? })
    });
    escalations.collect()
}

/// `[duties.<name>.closed-by]`.
fn evidence(table: Table<'_, '_>, names: &Names<'_>) -> EvidenceRule {
    const WRITE_BACKS: [(&str, &str); 4] = [
        ("case-note", "case-note"),
        ("form-outcome", "form-outcome"),
        ("document", "document"),
        ("workflow-step", "workflow-step"),
    ];
    let documents = table.texts("documents").into_iter().inspect(|kind| names.document(&table, kind));
    let documents = documents.map(|kind| kind.value).collect();
    let write_backs = table.texts("write-backs");
    let write_backs = write_backs.iter().filter_map(|kind| word(&table, kind, &WRITE_BACKS)).map(ToOwned::to_owned);
    let evidence = EvidenceRule {
        events: events(&table, "events", names),
        documents,
        write_backs: write_backs.collect(),
        forms: super::names::texts(&table, "forms"),
        heard: table.flag("heard").is_some_and(|flag| flag.value),
        since: period(&table, "since").unwrap_or_default(),
        not_before: period(&table, "not-before").unwrap_or_default(),
    };
    if let (Some(span), Some(_), Some(_)) = (table.key_span("not-before"), evidence.since, evidence.not_before) {
        let help = Some("take one of the two out".to_owned());
        table.document().error(span, "evidence may be dated before or only later, and not both", help);
    }
    table.finish();
    evidence
}

fn events(table: &Table<'_, '_>, key: &str, names: &Names<'_>) -> Vec<String> {
    let events = table.texts(key).into_iter().inspect(|kind| names.event(table, kind));
    events.map(|kind| kind.value).collect()
}

/// `with`: decisions of the panel.
fn decisions(table: &Table<'_, '_>, outcome: &OutcomeForm) -> Vec<String> {
    let with = table.texts("with").into_iter();
    let with = with.inspect(|decision| super::load_outcome::known_decision(table, decision, &outcome.decisions));
    with.map(|decision| decision.value).collect()
}

/// `field` and `is`: what an outcome must say.
fn field(table: &Table<'_, '_>, outcome: &OutcomeForm) -> Option<(String, Vec<String>)> {
    let (field, is) = (table.text("field"), table.texts("is"));
    let field = field?;
    super::load_outcome::known_field(table, &field, &outcome.fields);
    let choices: Vec<&str> = match outcome.field(&field.value).map(|field| &field.kind) {
        Some(OutcomeFieldKind::Choice(choices)) => choices.iter().map(|choice| choice.name.as_str()).collect(),
        Some(OutcomeFieldKind::YesNo) => vec!["yes", "no"],
        _ => Vec::new(),
    };
    for choice in is.iter().filter(|choice| !choices.contains(&choice.value.as_str())) {
        let help = nearest(&choice.value, choices.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
        table.document().error(choice.span.clone(), format!("`{}` is never `{}`", field.value, choice.value), help);
    }
    Some((field.value, is.into_iter().map(|choice| choice.value).collect()))
}

/// `due-field`: a day that the outcome names.
fn due_field(table: &Table<'_, '_>, outcome: &OutcomeForm) -> Option<String> {
    let field = table.text("due-field")?;
    super::load_outcome::known_field(table, &field, &outcome.fields);
    if outcome.field(&field.value).is_some_and(|field| !matches!(field.kind, OutcomeFieldKind::Date)) {
        let message = format!("`{}` is no date", field.value);
        table.document().error(field.span.clone(), message, Some("name a field of the type date".to_owned()));
    }
    Some(field.value)
}

/// `rrule` and `from`.
fn recurrence(table: &Table<'_, '_>) -> Option<Recurrence> {
    let (rule, from) = (table.text("rrule"), table.date("from"));
    let rule = rule?;
    let from = from.and_then(|from| from.value.parse().ok()).or_else(|| {
        table.required("from");
        None
    })?;
    let read = Recurrence::parse(&rule.value, from);
    read.map_err(|trouble| {
        let help = "write for instance \"FREQ=MONTHLY;INTERVAL=3\"".to_owned();
        table.document().error(rule.span.clone(), trouble.to_string(), Some(help));
    })
    .ok()
}

/// `[trackers.<name>]`.
pub(super) fn trackers(root: &Table<'_, '_>, names: &Names<'_>) -> Vec<TrackerRule> {
    let trackers = root.tables("trackers").into_iter().filter_map(|(name, table)| {
        let tracker = tracker(name, &table, names);
        table.finish();
        tracker
    });
    trackers.collect()
}

fn tracker(name: Item<String>, table: &Table<'_, '_>, names: &Names<'_>) -> Option<TrackerRule> {
    let columns = table.table("columns").map(|columns| {
        let columns = columns.keys().into_iter().filter_map(|detail| {
            let title = columns.text(&detail.value)?.value;
            Some(TrackerColumn { detail: detail.value, title })
        });
        columns.collect()
    });
    let title = table.required_text("title");
    table.required("events");
    let policy = table.required_text("policy");
    Some(TrackerRule {
        events: events(table, "events", names),
        open_for: period(table, "open-for").ok()?,
        ends_within: period(table, "ends-within").ok()?,
        while_open: events(table, "while-open", names),
        exits: events(table, "exits", names),
        since_last_sitting: table.flag("since-last-sitting").is_some_and(|flag| flag.value),
        milestones: table.table_list("milestones").into_iter().filter_map(|one| milestone(one, names)).collect(),
        columns: columns.unwrap_or_default(),
        title: title?.value,
        policy: policy?.value,
        name: name.value,
    })
}

/// `[[trackers.<name>.milestones]]`.
fn milestone(table: Table<'_, '_>, names: &Names<'_>) -> Option<Milestone> {
    let title = text(&table, "title");
    let deadline = deadline(&table, "deadline");
    if let (Some(deadline), Some(span)) = (&deadline, table.key_span("deadline")) {
        names.event(&table, &Item { value: deadline.anchor().name.clone(), span });
    }
    let done_by = events(&table, "done-by", names);
    table.finish();
    Some(Milestone { title, deadline: deadline?, done_by })
}
