//! Reads what requests of a panel bring.

use super::names::{Names, period, text};
use super::{Paper, RequestKind, Requests};
use crate::diagnostic::{Item, Table};
use crate::domain::{DocumentKind, FindingSeverity};

/// `[request]`, `[kinds]` and `[paperwork]` of a panel's file. What a file does not say, the one it extends says.
pub(super) fn requests(root: &Table<'_, '_>, names: &Names<'_>, base: Option<&Requests>) -> Requests {
    let mut requests = base.cloned().unwrap_or_default();
    if let Some(table) = root.table("request") {
        requests.field = names.field_of(&table, "field");
        requests.sitting_field = names.field_of(&table, "sitting-field");
        table.finish();
    }
    for (name, table) in root.tables("kinds") {
        let longer = table.flag("longer-sitting").is_some_and(|flag| flag.value);
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
    for form in forms.iter().filter(|form| !names.known.forms.contains(&form.value)) {
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
        pages_max: table.integer("pages-max").and_then(|pages| u32::try_from(pages.value).ok()),
        chase: chase.map_or_else(|| "social-worker".to_owned(), |chase| chase.value),
        policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
    };
    table.finish();
    Some(paper)
}
