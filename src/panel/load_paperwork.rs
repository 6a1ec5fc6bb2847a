//! Reads what requests of a panel bring.

use super::names::{Names, period, text};
use super::{Paper, RequestKind, Requests};
use crate::diagnostic::{Item, Table, nearest};
use crate::domain::{DocumentKind, FindingSeverity};

/// `[request]`, `[kinds]` and `[paperwork]` of a panel's file. What a file does not say, the one it extends says.
pub(super) fn requests(root: &Table<'_, '_>, names: &Names<'_>, base: Option<&Requests>, has_longer: bool) -> Requests {
    let mut requests = base.cloned().unwrap_or_default();
    if let Some(table) = root.table("request") {
        requests.field = names.field_of(&table, "field", &["choice"]);
        requests.sitting_field = names.field_of(&table, "sitting-field", &["date", "date-time"]);
        table.finish();
    }
    let own_kinds = root.tables("kinds");
    kinds_agree(root, names, &requests, &own_kinds.iter().map(|(name, _)| name).collect::<Vec<_>>());
    for (name, table) in own_kinds {
        let longer = table.flag("longer-sitting");
        if let Some(flag) = longer.as_ref().filter(|flag| flag.value && !has_longer) {
            let help = "say under [schedule.longer] which sittings are longer".to_owned();
            table.document().error(flag.span.clone(), "the panel has no longer sittings", Some(help));
        }
        let longer = longer.is_some_and(|flag| flag.value);
        let kind = RequestKind {
            title: table.text("title").map_or_else(|| name.value.replace('-', " "), |title| title.value),
            policy: text(&table, "policy"),
            paperwork: papers(&table, names),
            longer_sitting: longer,
            name: name.value,
        };
        table.finish();
        requests.kinds.retain(|known| known.name != kind.name);
        requests.kinds.push(kind);
    }
    let own = papers(root, names);
    requests.paperwork.retain(|known| own.iter().all(|paper| paper.kinds != known.kinds));
    requests.paperwork.extend(own);
    requests
}

/// The kinds here and the choices of the forms are the same names.
fn kinds_agree(root: &Table<'_, '_>, names: &Names<'_>, requests: &Requests, own: &[&Item<String>]) {
    let Some(field) = &requests.field else { return };
    let Some(versions) = names.known.fields.get(field) else { return };
    let is_kind = |choice: &String| {
        own.iter().any(|kind| kind.value == *choice) || requests.kinds.iter().any(|kind| kind.name == *choice)
    };
    for kind in own.iter().filter(|kind| !versions.iter().any(|version| version.choices.contains(&kind.value))) {
        let choices = versions.iter().flat_map(|version| version.choices.iter().map(String::as_str));
        let help = nearest(&kind.value, choices).map_or_else(
            || format!("name it among the choices of `{field}` in the form's file"),
            |meant| format!("did you mean `{meant}`?"),
        );
        root.document().error(kind.span.clone(), format!("no form can name `{}`", kind.value), Some(help));
    }
    for version in versions.iter().filter(|version| !version.asks_others) {
        for choice in version.choices.iter().filter(|choice| !is_kind(choice)) {
            let span = root.key_span("kinds").or_else(|| root.key_span("request")).unwrap_or_else(|| root.span());
            let message = format!("{} can choose `{choice}`, which is no kind of request here", version.file);
            let help =
                "name it under [kinds]; as it is, such a request is told that it is at the wrong panel".to_owned();
            root.document().warning(span, message, Some(help));
        }
    }
}

fn papers(table: &Table<'_, '_>, names: &Names<'_>) -> Vec<Paper> {
    table.tables("paperwork").into_iter().filter_map(|(name, paper)| self::paper(&name, paper, names)).collect()
}

fn paper(name: &Item<String>, table: Table<'_, '_>, names: &Names<'_>) -> Option<Paper> {
    let any_of = table.texts("any-of");
    let kinds = if any_of.is_empty() { vec![name.clone()] } else { any_of };
    kinds.iter().for_each(|kind| names.document(&table, kind));
    let severity = table.text("severity").map_or(Some(FindingSeverity::Blocking), |given| {
        let severity = FindingSeverity::parse(&given.value);
        if severity.is_none() {
            let help = "write \"blocking\", \"warning\" or \"advice\"".to_owned();
            table.document().error(given.span, format!("there is no severity `{}`", given.value), Some(help));
        }
        severity
    });
    let fresh_for = period(&table, "fresh-for");
    let chase = table.text("chase");
    chase.iter().for_each(|role| names.role(&table, role));
    let forms = table.texts("form");
    let is_known = |form: &&Item<String>| names.known.forms.is_empty() || names.known.forms.contains(&form.value);
    for form in forms.iter().filter(|form| !is_known(form)) {
        let known: Vec<&str> = names.known.forms.iter().map(String::as_str).collect();
        let help = format!("the forms that ask this panel are: {}", known.join(", "));
        table.document().error(form.span.clone(), format!("no form `{}` asks this panel", form.value), Some(help));
    }
    let paper = Paper {
        kinds: kinds.into_iter().map(|kind| DocumentKind::new(kind.value)).collect(),
        title: table.text("title").map_or_else(|| name.value.replace('-', " "), |title| title.value),
        severity: severity?,
        condition: names.condition(&table),
        forms: forms.into_iter().map(|form| form.value).collect(),
        fresh_for: fresh_for.ok()?,
        pages_max: pages_max(&table),
        chase: chase.map_or_else(|| "social-worker".to_owned(), |chase| chase.value),
        policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
    };
    table.finish();
    Some(paper)
}

fn pages_max(table: &Table<'_, '_>) -> Option<u32> {
    let given = table.integer("pages-max")?;
    let pages = u32::try_from(given.value).ok().filter(|pages| *pages > 0);
    if pages.is_none() {
        let help = "write how many pages it may have at the most".to_owned();
        table.document().error(given.span, "a paper has a page at least", Some(help));
    }
    pages
}
