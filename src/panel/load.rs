//! Reads a panel's file, and says every mistake in it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Span;
use jiff::civil::{Date, Time};

use super::load_outcome::outcome;
use super::{Approval, FactQuestion, Paper, Profile, RequestKind, Requests};
use crate::calendar::{Deadline, OnBankHoliday, Recurrence, Schedule};
use crate::diagnostic::{Diagnostic, Item, Table, TomlDocument, nearest};
use crate::domain::{DocumentKind, FindingSeverity, PanelName};

/// What the panel's authority names, for its file to refer to.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Kinds of document.
    pub documents: BTreeSet<String>,
    /// Roles.
    pub roles: BTreeSet<String>,
    /// Facts that forms of this panel answer.
    pub form_facts: BTreeSet<String>,
}

impl Profile {
    /// Reads `<authority>/panels/<panel>.toml`.
    pub fn read(name: PanelName, path: &str, text: &str, known: &Known) -> (Option<Self>, Vec<Diagnostic>) {
        let document = TomlDocument::parse(path, text);
        let profile = document.root().and_then(|root| profile(name, root, known));
        let diagnostics = document.into_diagnostics();
        (profile.filter(|_| diagnostics.is_empty()), diagnostics)
    }
}

fn profile(name: PanelName, root: Table<'_, '_>, known: &Known) -> Option<Profile> {
    let panel = root.required_text("panel")?;
    if panel.value != name.panel() {
        let help = format!("write panel = \"{}\", or rename the file", name.panel());
        root.document().error(panel.span, "the panel's name is not the name of the file", Some(help));
    }
    let text = |key: &str| root.text(key).map(|text| text.value).unwrap_or_default();
    let texts = |key: &str| root.texts(key).into_iter().map(|text| text.value).collect::<Vec<_>>();
    let title = root.required_text("title").map(|title| title.value).unwrap_or_default();
    let facts = facts(&root);
    let names = Names { facts: facts.keys().cloned().chain(known.form_facts.iter().cloned()).collect(), known };
    let (cutoff, cutoff_policy) = cutoff(&root);
    let profile = Profile {
        purpose: text("purpose"),
        policy: text("policy"),
        aliases: texts("aliases"),
        assumed: texts("assumed"),
        ambiguity: texts("ambiguity"),
        schedule: root.table("schedule").and_then(schedule),
        cutoff,
        cutoff_policy,
        approval: root.table("approval").and_then(|table| approval(table, &names)),
        roles: roles(&root, &names),
        exempt: exempt(&root, &names),
        requests: requests(&root, &names),
        outcome: outcome(&root),
        facts,
        title,
        name,
    };
    root.finish();
    Some(profile)
}

/// The names that the file may refer to.
pub(super) struct Names<'k> {
    facts: BTreeSet<String>,
    known: &'k Known,
}

impl Names<'_> {
    fn fact(&self, table: &Table<'_, '_>, fact: &Item<String>) {
        unknown(table, fact, "fact", &self.facts, "name it under [facts] here, or in the form's mapping file");
    }

    fn document(&self, table: &Table<'_, '_>, kind: &Item<String>) {
        unknown(table, kind, "kind of document", &self.known.documents, "name it in authority.toml");
    }

    fn role(&self, table: &Table<'_, '_>, role: &Item<String>) {
        unknown(table, role, "role", &self.known.roles, "name it in authority.toml");
    }
}

fn unknown(table: &Table<'_, '_>, name: &Item<String>, what: &str, known: &BTreeSet<String>, otherwise: &str) {
    if !known.contains(&name.value) {
        let near = nearest(&name.value, known.iter().map(String::as_str));
        let help = near.map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean `{meant}`?"));
        table.document().error(name.span.clone(), format!("there is no {what} `{}`", name.value), Some(help));
    }
}

fn facts(root: &Table<'_, '_>) -> BTreeMap<String, FactQuestion> {
    let facts = root.tables("facts").into_iter().map(|(name, table)| {
        let question = FactQuestion {
            question: table.required_text("question").map(|question| question.value).unwrap_or_default(),
            events: table.texts("events").into_iter().map(|kind| kind.value).collect(),
            heard_before: table.flag("heard-before").is_some_and(|flag| flag.value),
            policy: table.text("policy").map(|policy| policy.value).unwrap_or_default(),
        };
        table.finish();
        (name.value, question)
    });
    facts.collect()
}

fn cutoff(root: &Table<'_, '_>) -> (Option<Deadline>, String) {
    let Some(table) = root.table("cutoff") else { return (None, String::new()) };
    let deadline = table.required_text("deadline").and_then(|phrase| deadline(&table, &phrase));
    let policy = table.text("policy").map(|policy| policy.value).unwrap_or_default();
    table.finish();
    (deadline, policy)
}

fn deadline(table: &Table<'_, '_>, phrase: &Item<String>) -> Option<Deadline> {
    Deadline::parse(&phrase.value)
        .map_err(|trouble| {
            // One byte for the quotation mark.
            let at = phrase.span.start + 1 + trouble.at;
            let help =
                "write for instance \"noon on the friday before the sitting\" or \"3 working days before the sitting\"";
            table.document().error(at..phrase.span.end, trouble.message, Some(help.to_owned()));
        })
        .ok()
}

fn schedule(table: Table<'_, '_>) -> Option<Schedule> {
    let from = table.date("from").and_then(|date| date.value.parse::<Date>().ok());
    if from.is_none() {
        let help = "write from = 2026-01-07, a day on which it sat".to_owned();
        table.document().error(table.span(), "the schedule does not say from when it counts", Some(help));
    }
    let rule = table.required_text("rrule");
    let recurrence = rule.zip(from).and_then(|(rule, from)| {
        let read = Recurrence::parse(&rule.value, from);
        if let Err(trouble) = &read {
            let help = "write for instance \"FREQ=WEEKLY;BYDAY=TH\"".to_owned();
            table.document().error(rule.span, trouble.to_string(), Some(help));
        }
        read.ok()
    });
    let time = |key: &str| {
        let given = table.required_text(key)?;
        let time = given.value.parse::<Time>().ok();
        if time.is_none() {
            table.document().error(
                given.span,
                "the time cannot be read",
                Some("write a time like \"13:00\"".to_owned()),
            );
        }
        time
    };
    let (starts, ends) = (time("starts"), time("ends"));
    let on_bank_holiday =
        table.text("bank-holiday").map_or(Some(OnBankHoliday::Skip), |given| on_holiday(&table, &given));
    let slot_minutes = table.integer("slot-minutes").and_then(|minutes| u32::try_from(minutes.value).ok());
    let extra = table.dates("extra").into_iter().filter_map(|date| date.value.parse().ok()).collect();
    let mut cancelled = BTreeMap::new();
    if let Some(days) = table.table("cancelled") {
        for day in days.keys() {
            let reason = days.text(&day.value).map(|reason| reason.value).unwrap_or_default();
            match day.value.parse::<Date>() {
                Ok(date) => drop(cancelled.insert(date, reason)),
                Err(_) => {
                    let help = "write \"2026-12-30\" = \"why\"".to_owned();
                    days.document().error(day.span, "the key is no date", Some(help));
                }
            }
        }
    }
    table.text("policy");
    table.finish();
    Some(Schedule {
        recurrence: recurrence?,
        starts: starts?,
        ends: ends?,
        slot_minutes,
        extra,
        cancelled,
        on_bank_holiday: on_bank_holiday?,
    })
}

fn on_holiday(table: &Table<'_, '_>, given: &Item<String>) -> Option<OnBankHoliday> {
    const KNOWN: [(&str, OnBankHoliday); 3] = [
        ("skip", OnBankHoliday::Skip),
        ("next-working-day", OnBankHoliday::NextWorkingDay),
        ("previous-working-day", OnBankHoliday::PreviousWorkingDay),
    ];
    let found = KNOWN.iter().find(|(name, _)| *name == given.value).map(|(_, value)| *value);
    if found.is_none() {
        let help = "write \"skip\", \"next-working-day\" or \"previous-working-day\"".to_owned();
        table.document().error(given.span.clone(), format!("`{}` is not known here", given.value), Some(help));
    }
    found
}

fn approval(table: Table<'_, '_>, names: &Names<'_>) -> Option<Approval> {
    let roles = table.texts("roles");
    roles.iter().for_each(|role| names.role(&table, role));
    let approval = Approval {
        field: table.required_text("field").map(|field| field.value)?,
        role_field: table.text("role-field").map(|field| field.value),
        on_field: table.text("on-field").map(|field| field.value),
        roles: roles.into_iter().map(|role| role.value).collect(),
        policy: table.text("policy").map(|policy| policy.value).unwrap_or_default(),
    };
    table.finish();
    Some(approval)
}

fn roles(root: &Table<'_, '_>, names: &Names<'_>) -> BTreeMap<String, String> {
    let Some(table) = root.table("roles") else { return BTreeMap::new() };
    let roles = table.keys().into_iter().filter_map(|key| {
        let holder = table.text(&key.value)?;
        names.role(&table, &holder);
        Some((key.value, holder.value))
    });
    roles.collect()
}

fn exempt(root: &Table<'_, '_>, names: &Names<'_>) -> Vec<(String, String)> {
    let exempt = root.tables("exempt").into_iter().map(|(fact, table)| {
        names.fact(&table, &fact);
        let policy = table.required_text("policy").map(|policy| policy.value).unwrap_or_default();
        table.finish();
        (fact.value, policy)
    });
    exempt.collect()
}

fn requests(root: &Table<'_, '_>, names: &Names<'_>) -> Requests {
    let (mut field, mut sitting_field) = (None, None);
    if let Some(table) = root.table("request") {
        field = table.text("field").map(|field| field.value);
        sitting_field = table.text("sitting-field").map(|field| field.value);
        table.finish();
    }
    let kinds = root.tables("kinds").into_iter().map(|(name, table)| {
        let kind = RequestKind {
            title: table.text("title").map_or_else(|| name.value.replace('-', " "), |title| title.value),
            policy: table.text("policy").map(|policy| policy.value).unwrap_or_default(),
            paperwork: papers(&table, names),
            name: name.value,
        };
        table.finish();
        kind
    });
    Requests { field, sitting_field, kinds: kinds.collect(), paperwork: papers(root, names) }
}

fn papers(table: &Table<'_, '_>, names: &Names<'_>) -> Vec<Paper> {
    table.tables("paperwork").into_iter().filter_map(|(name, paper)| self::paper(&name, paper, names)).collect()
}

fn paper(name: &Item<String>, table: Table<'_, '_>, names: &Names<'_>) -> Option<Paper> {
    let any_of = table.texts("any-of");
    let kinds = if any_of.is_empty() { vec![name.clone()] } else { any_of };
    kinds.iter().for_each(|kind| names.document(&table, kind));
    let (when, unless) = (table.texts("when"), table.texts("unless"));
    when.iter().chain(&unless).for_each(|fact| names.fact(&table, fact));
    let severity = table.text("severity").map_or(Some(FindingSeverity::Blocking), |given| {
        let severity = FindingSeverity::parse(&given.value);
        if severity.is_none() {
            let help = "write \"blocking\", \"warning\" or \"advice\"".to_owned();
            table.document().error(given.span, format!("there is no severity `{}`", given.value), Some(help));
        }
        severity
    });
    let fresh_for = table.text("fresh-for").map_or(Some(None), |given| {
        let span = given.value.parse::<Span>().ok();
        if span.is_none() {
            let help = "write for instance \"3 months\" or \"10 days\"".to_owned();
            table.document().error(given.span, "the period cannot be read", Some(help));
        }
        span.map(Some)
    });
    let chase = table.text("chase");
    chase.iter().for_each(|role| names.role(&table, role));
    let paper = Paper {
        kinds: kinds.into_iter().map(|kind| DocumentKind::new(kind.value)).collect(),
        title: table.text("title").map_or_else(|| name.value.replace('-', " "), |title| title.value),
        severity: severity?,
        when: when.into_iter().map(|fact| fact.value).collect(),
        unless: unless.into_iter().map(|fact| fact.value).collect(),
        fresh_for: fresh_for?,
        pages_max: table.integer("pages-max").and_then(|pages| u32::try_from(pages.value).ok()),
        chase: chase.map_or_else(|| "social-worker".to_owned(), |chase| chase.value),
        policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
    };
    table.finish();
    Some(paper)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::documented;
    use crate::domain::AuthorityName;

    fn known() -> Known {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Known { documents: set(&["chronology"]), roles: set(&["team-manager"]), form_facts: BTreeSet::new() }
    }

    #[test]
    fn the_documented_keys_are_the_accepted_keys() {
        let (keys, example) = documented("Panel profile");
        let document = TomlDocument::parse("example.toml", &example);
        let name = PanelName::of(&AuthorityName::new("a"), "example-panel");
        let profile = document.root().and_then(|root| profile(name, root, &known()));
        let same = |key: &String| key.replace("kinds.<name>.paperwork.<name>", "paperwork.<name>");
        let asked: BTreeSet<String> = document.asked().iter().map(same).collect();
        assert_eq!(keys, asked);
        let said = document.into_diagnostics();
        assert!(said.is_empty() && profile.is_some(), "{said:?}");
    }

    #[test]
    fn every_mistake_is_said_with_line_and_column() {
        let (_, example) = documented("Panel profile");
        let mistakes = [
            ("", "13:00 on the monday", "13:00 at the monday", "line 25:19: `at` stands where `on` should"),
            ("", "FREQ=WEEKLY;BYDAY=TH", "FREQ=OFTEN", "the rule is not one of RFC 5545"),
            ("", "bank-holiday = \"skip\"", "bank-holiday = \"skp\"", "`skp` is not known here"),
            ("", "when = [\"urgent\"]", "when = [\"urgnt\"]", "there is no fact `urgnt`"),
            ("", "any-of = [\"chronology\"]", "any-of = [\"chronolgy\"]", "there is no kind of document `chronolgy`"),
            ("", "severity = \"blocking\"", "severity = \"bad\"", "there is no severity `bad`"),
            ("", "required-with = [\"agreed\"]", "required-with = [\"agred\"]", "there is no decision `agred`"),
            ("", "fields = [\"actions\"]", "fields = [\"action\"]", "there is no outcome field `action`"),
            ("", "panel = \"example-panel\"", "panel = \"other\"", "the panel's name is not the name of the file"),
            ("", "type = \"PANEL\"", "type = \"A-TYPE-THAT-IS-TOO-LONG\"", "a note's type has at most 16 characters"),
        ];
        for (_, right, wrong, message) in mistakes {
            let text = example.replacen(right, wrong, 1);
            let name = PanelName::of(&AuthorityName::new("a"), "example-panel");
            let (profile, said) = Profile::read(name, "example.toml", &text, &known());
            let said: Vec<String> = said.iter().map(|one| format!("{}: {}", one.place, one.message)).collect();
            assert!(said.iter().any(|one| one.contains(message)), "wanted {message}, got {said:?}");
            assert!(profile.is_none());
        }
    }
}
