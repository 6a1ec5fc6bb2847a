//! `authority.toml`: who an authority is, and the names it uses.

use std::collections::BTreeMap;

use jiff::civil::Time;
use jiff::tz::TimeZone;

use super::text::folded;
use crate::diagnostic::{Item, Table, TomlDocument};
use crate::domain::{AuthorityName, DocumentKind};

/// An authority.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Its name: its folder.
    pub name: AuthorityName,
    /// What a person is shown.
    pub title: String,
    /// Its time zone.
    pub zone: TimeZone,
    /// Its calendar of bank holidays, a file under `calendars/`.
    pub calendar: String,
    /// When the office closes: a deadline without a time ends then.
    pub close: Time,
    /// Roles by name: what a person is shown.
    pub roles: BTreeMap<String, String>,
    /// Kinds of document by name: what a person is shown.
    pub documents: BTreeMap<String, String>,
    /// Kinds of event by name: what a person is shown.
    pub events: BTreeMap<String, String>,
    /// Folded titles and aliases of documents and the kind they mean.
    document_aliases: BTreeMap<String, DocumentKind>,
    event_aliases: BTreeMap<String, String>,
}

/// The office of a council that says nothing about it (DESIGN section 6).
const CLOSE: Time = Time::constant(17, 0, 0, 0);

impl Authority {
    /// The kind of document that a wording means.
    pub fn document_kind(&self, wording: &str) -> Option<&DocumentKind> {
        self.document_aliases.get(&folded(wording))
    }

    /// What a person calls a kind of document.
    pub fn document_title(&self, kind: &str) -> String {
        self.documents.get(kind).cloned().unwrap_or_else(|| kind.replace('-', " "))
    }

    /// What a person calls a kind of event.
    pub fn event_title(&self, kind: &str) -> String {
        self.events.get(kind).cloned().unwrap_or_else(|| kind.replace('-', " "))
    }

    /// What a person calls a role.
    pub fn role_title(&self, role: &str) -> String {
        self.roles.get(role).cloned().unwrap_or_else(|| role.replace('-', " "))
    }

    /// Every title and alias of a kind of document, with the kind.
    pub fn document_names(&self) -> impl Iterator<Item = (&str, &DocumentKind)> {
        self.document_aliases.iter().map(|(alias, kind)| (alias.as_str(), kind))
    }

    /// The kind of event that a wording means.
    pub fn event_kind(&self, wording: &str) -> Option<&str> {
        self.event_aliases.get(&folded(wording)).map(String::as_str)
    }

    /// Reads `<name>/authority.toml`; mistakes go to the document.
    pub(super) fn read(folder: &str, document: &TomlDocument<'_>, calendars: &[&str]) -> Option<Self> {
        let root = document.root()?;
        let name = root.required_text("name")?;
        if name.value != folder {
            let help = format!("write name = \"{folder}\", or rename the folder");
            document.error(name.span.clone(), "the name is not the name of the folder", Some(help));
        }
        let title = root.text("title").map_or_else(|| name.value.clone(), |title| title.value);
        let zone = zone(&root);
        let calendar = calendar(&root, calendars);
        let close = office(&root);
        let (roles, _) = named(&root, "roles");
        let (documents, document_aliases) = named(&root, "documents");
        let (events, event_aliases) = named(&root, "events");
        root.finish();
        let document_aliases =
            document_aliases.into_iter().map(|(alias, kind)| (alias, DocumentKind::new(kind))).collect();
        Some(Self {
            name: AuthorityName::new(name.value),
            title,
            zone: zone?,
            calendar,
            close: close?,
            roles,
            documents,
            events,
            document_aliases,
            event_aliases,
        })
    }
}

/// The calendar of bank holidays: one of the files under `calendars/`.
fn calendar(root: &Table<'_, '_>, known: &[&str]) -> String {
    let Some(given) = root.text("calendar") else { return "england".to_owned() };
    if !known.contains(&given.value.as_str()) {
        let help = format!("the calendars are: {}", known.join(", "));
        root.document().error(given.span, format!("there is no calendar `{}`", given.value), Some(help));
    }
    given.value
}

fn zone(root: &Table<'_, '_>) -> Option<TimeZone> {
    let given = root.text("time-zone");
    let name = given.as_ref().map_or("Europe/London", |zone| zone.value.as_str());
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let span = given.as_ref().map(|zone| zone.span.clone()).unwrap_or_default();
        let help = "England's is \"Europe/London\"".to_owned();
        root.document().error(span, format!("there is no time zone `{name}`"), Some(help));
    }
    zone
}

fn office(root: &Table<'_, '_>) -> Option<Time> {
    let Some(office) = root.table("office") else { return Some(CLOSE) };
    let time = |given: Option<Item<String>>| {
        let given = given?;
        let time = given.value.parse::<Time>().ok();
        if time.is_none() {
            let help = "write a time like \"17:00\"".to_owned();
            office.document().error(given.span, "the time cannot be read", Some(help));
        }
        Some(time)
    };
    let open = time(office.text("open"));
    let close = time(office.text("close"));
    if let (Some(Some(open)), Some(Some(close)), Some(span)) = (open, close, office.key_span("close"))
        && close <= open
    {
        office.document().error(span, "the office closes before it opens", Some("exchange the two".to_owned()));
    }
    office.finish();
    if open == Some(None) { None } else { close.unwrap_or(Some(CLOSE)) }
}

/// The tables below `key`: title by name, and name by folded title and alias.
fn named(root: &Table<'_, '_>, key: &str) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let (mut titles, mut names) = (BTreeMap::new(), BTreeMap::<String, String>::new());
    for (name, table) in root.tables(key) {
        let title = table.text("title").map_or_else(|| name.value.clone(), |title| title.value);
        let mut aliases = table.texts("aliases");
        let span = name.span.clone();
        aliases.extend([name.value.clone(), title.clone()].map(|value| Item { value, span: span.clone() }));
        for alias in aliases {
            let taken = names.get(&folded(&alias.value)).filter(|taken| **taken != name.value);
            if let Some(taken) = taken {
                let message = format!("“{}” already means `{taken}`", alias.value);
                root.document().error(alias.span, message, Some("take it out of one of the two".to_owned()));
                continue;
            }
            names.insert(folded(&alias.value), name.value.clone());
        }
        titles.insert(name.value, title);
        table.finish();
    }
    (titles, names)
}
