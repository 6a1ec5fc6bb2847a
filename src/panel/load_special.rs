//! Reads what a policy says besides the ordinary way.

use super::names::{Names, before_sitting, deadline, period, text, texts, word};
use super::{AgendaItem, Circulation, Elsewhere, Exemption, Hearing, Invitation, Route, Threshold, Track};
use crate::diagnostic::{Item, Table};
use crate::domain::{AuthorityName, PanelName};

/// `[exempt.<name>]`. Without a condition, the name is the fact.
pub(super) fn exempt(root: &Table<'_, '_>, names: &Names<'_>) -> Vec<Exemption> {
    let exempt = root.tables("exempt").into_iter().map(|(name, table)| {
        let mut condition = names.condition(&table);
        if condition.facts().next().is_none() {
            names.fact(&table, &name);
            condition.when.push(name.value.clone());
        }
        let exemption = Exemption {
            title: title(&table, &name),
            policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
            condition,
            name: name.value,
        };
        table.finish();
        exemption
    });
    exempt.collect()
}

/// `[routes.<name>]`.
pub(super) fn routes(root: &Table<'_, '_>, names: &Names<'_>) -> Vec<Route> {
    const HEARING: [(&str, Hearing); 3] =
        [("next-sitting", Hearing::NextSitting), ("not-needed", Hearing::NotNeeded), ("at-once", Hearing::AtOnce)];
    let routes = root.tables("routes").into_iter().filter_map(|(name, table)| {
        let hearing = table.required_text("heard").and_then(|given| word(&table, &given, &HEARING));
        let condition = names.condition(&table);
        if condition.when.is_empty() {
            let help = "write when = [\"the-fact\"]".to_owned();
            table.document().error(name.span.clone(), "the route does not say when it is taken", Some(help));
        }
        let route = Route {
            title: title(&table, &name),
            condition,
            hearing: hearing.unwrap_or(Hearing::NextSitting),
            decided_on: names.field_of(&table, "decided-on", &["date", "date-time"]),
            role_field: names.role_field(&table, "role-field"),
            decided_by: names.roles_of(&table, "decided-by"),
            at_most: period(&table, "at-most").ok()?,
            policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
            name: name.value,
        };
        table.finish();
        Some(route)
    });
    routes.collect()
}

/// `[elsewhere.<name>]`.
pub(super) fn elsewhere(root: &Table<'_, '_>, names: &Names<'_>, authority: &AuthorityName) -> Vec<Elsewhere> {
    let elsewhere = root.tables("elsewhere").into_iter().map(|(name, table)| {
        let panel = table.text("panel");
        panel.iter().for_each(|panel| names.panel(&table, panel));
        let other = Elsewhere {
            panel: panel.map(|panel| PanelName::of(authority, &panel.value)),
            title: title(&table, &name),
            name: name.value,
            condition: names.condition(&table),
            also: table.flag("also").is_some_and(|flag| flag.value),
            policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
        };
        table.finish();
        other
    });
    elsewhere.collect()
}

/// `[thresholds.<name>]`.
pub(super) fn thresholds(root: &Table<'_, '_>, names: &Names<'_>, kinds: &[String]) -> Vec<Threshold> {
    let thresholds = root.tables("thresholds").into_iter().map(|(name, table)| {
        let about = table.texts("kinds");
        for kind in about.iter().filter(|kind| !kinds.contains(&kind.value)) {
            unknown_kind(&table, kind, kinds);
        }
        let fields = table.texts("fields").into_iter().inspect(|field| names.field(&table, field, &["money"]));
        let fields = fields.map(|field| field.value).collect();
        table.required("over");
        let threshold = Threshold {
            title: title(&table, &name),
            name: name.value,
            kinds: about.into_iter().map(|kind| kind.value).collect(),
            fields,
            over: over(&table),
            policy: table.required_text("policy").map(|policy| policy.value).unwrap_or_default(),
        };
        table.finish();
        threshold
    });
    thresholds.collect()
}

/// Pounds as pence.
fn over(table: &Table<'_, '_>) -> i64 {
    let Some(pounds) = table.integer("over") else { return 0 };
    if pounds.value < 0 {
        let help = "write whole pounds: over = 2000".to_owned();
        table.document().error(pounds.span, "the amount is below nothing", Some(help));
    }
    pounds.value.saturating_mul(100)
}

/// `[invitations.<name>]`.
pub(super) fn invitations(root: &Table<'_, '_>, names: &Names<'_>) -> Vec<Invitation> {
    let invitations = root.tables("invitations").into_iter().filter_map(|(name, table)| {
        let deadline = deadline(&table, "deadline");
        if let (Some(deadline), Some(span)) = (&deadline, table.key_span("deadline")) {
            let event = Item { value: deadline.anchor().name.clone(), span };
            names.event(&table, &event);
        }
        let invitation = deadline.map(|deadline| Invitation {
            deadline,
            roles: names.roles_of(&table, "roles"),
            policy: text(&table, "policy"),
            name: name.value,
        });
        table.finish();
        invitation
    });
    invitations.collect()
}

/// `[circulation]`.
pub(super) fn circulation(root: &Table<'_, '_>, names: &Names<'_>) -> Option<Circulation> {
    let table = root.table("circulation")?;
    let by = table.text("by");
    by.iter().for_each(|role| names.role(&table, role));
    let circulation = before_sitting(&table, "deadline").map(|deadline| Circulation {
        deadline,
        by: by.map_or_else(|| "panel-administrator".to_owned(), |role| role.value),
        policy: text(&table, "policy"),
    });
    table.finish();
    circulation
}

/// `[[agenda]]`.
pub(super) fn agenda(root: &Table<'_, '_>, names: &Names<'_>, kinds: &[String]) -> Vec<AgendaItem> {
    let items = root.table_list("agenda").into_iter().filter_map(|table| {
        let about = table.texts("kinds");
        for kind in about.iter().filter(|kind| !kinds.contains(&kind.value)) {
            unknown_kind(&table, kind, kinds);
        }
        let open_for = period(&table, "open-for");
        let events = table.texts("tracks").into_iter().inspect(|event| names.event(&table, event));
        let events: Vec<String> = events.map(|event| event.value).collect();
        let item = AgendaItem {
            title: table.required_text("title").map(|title| title.value).unwrap_or_default(),
            kinds: about.into_iter().map(|kind| kind.value).collect(),
            matters_arising: table.flag("matters-arising").is_some_and(|flag| flag.value),
            tracks: events.into_iter().map(|event| Track { event, open_for: open_for.unwrap_or_default() }).collect(),
            policy: texts(&table, "policy").concat(),
        };
        table.finish();
        open_for.is_ok().then_some(item)
    });
    items.collect()
}

fn title(table: &Table<'_, '_>, name: &Item<String>) -> String {
    table.text("title").map_or_else(|| name.value.replace('-', " "), |title| title.value)
}

fn unknown_kind(table: &Table<'_, '_>, kind: &Item<String>, kinds: &[String]) {
    let near = crate::diagnostic::nearest(&kind.value, kinds.iter().map(String::as_str));
    let help = near.map(|meant| format!("did you mean `{meant}`?"));
    let help = help.or_else(|| Some("name it under [kinds]".to_owned()));
    table.document().error(kind.span.clone(), format!("there is no kind of request `{}`", kind.value), help);
}
