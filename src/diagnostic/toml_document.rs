//! A TOML file read with all of its mistakes at once.
//!
//! serde stops at the first mistake. A person who writes a mapping file wants every mistake with its line and
//! column, and the name that was probably meant. So a reader asks a [`Table`] for each key it knows; what it asks
//! for in vain, what has the wrong type, and what nobody asked for is remembered in the document.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Diagnostic, Place, Severity, nearest};

/// A TOML file and everything that is wrong with it so far.
#[derive(Debug)]
pub struct TomlDocument<'s> {
    file: String,
    text: &'s str,
    root: Option<Spanned<DeTable<'s>>>,
    diagnostics: RefCell<Vec<Diagnostic>>,
    /// Every path that a reader has asked for, and those whose last part is a name of the file's own.
    #[cfg(test)]
    asked: RefCell<(BTreeSet<String>, BTreeSet<String>)>,
}

impl<'s> TomlDocument<'s> {
    /// Parses `text`; a syntax error is a diagnostic of the document, whose root is then empty.
    pub fn parse(file: &str, text: &'s str) -> Self {
        let mut document = Self {
            file: file.to_owned(),
            text,
            root: None,
            diagnostics: RefCell::new(Vec::new()),
            #[cfg(test)]
            asked: RefCell::default(),
        };
        match DeTable::parse(text) {
            Ok(root) => document.root = Some(root),
            Err(error) => {
                let message = error.message().lines().collect::<Vec<_>>().join(", ");
                document.error(error.span().unwrap_or(0..0), message, None);
            }
        }
        document
    }

    /// The table at the top of the file; `None` where the file is not TOML.
    pub fn root(&self) -> Option<Table<'_, 's>> {
        self.root.as_ref().map(|root| Table::new(self, root.get_ref(), root.span(), String::new()))
    }

    /// Remembers a mistake at the bytes `span`.
    pub fn error(&self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.say(Severity::Error, span, message.into(), help);
    }

    /// Remembers something that works and that a person should look at.
    pub fn warning(&self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        self.say(Severity::Warning, span, message.into(), help);
    }

    /// Where in the file some bytes stand.
    pub fn place_of(&self, span: &Range<usize>) -> Place {
        self.place(span.start)
    }

    /// All that was found, in the order of the file.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics.into_inner();
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.as_ref().map(|span| span.start));
        diagnostics.dedup();
        diagnostics
    }

    /// Every key that a reader has asked for, the file's own names replaced by `<name>`: what such a file may hold.
    #[cfg(test)]
    pub(crate) fn asked(&self) -> BTreeSet<String> {
        let (paths, own) = &*self.asked.borrow();
        let patterns = paths.iter().map(|path| {
            let mut so_far = String::new();
            let parts = path.split('.').map(|part| {
                so_far = if so_far.is_empty() { part.to_owned() } else { format!("{so_far}.{part}") };
                if own.contains(&so_far) { "<name>" } else { part }
            });
            parts.collect::<Vec<_>>().join(".")
        });
        patterns.filter(|pattern| !pattern.ends_with("<name>")).collect()
    }

    fn say(&self, severity: Severity, span: Range<usize>, message: String, help: Option<String>) {
        let place = self.place(span.start);
        let file = self.file.clone();
        self.diagnostics.borrow_mut().push(Diagnostic { severity, file, place, message, help, span: Some(span) });
    }

    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Place::LineColumn(u64::try_from(line).unwrap_or(u64::MAX), u32::try_from(column).unwrap_or(u32::MAX))
    }
}

/// A table of the document. Ask it for every key you know, then call [`Table::finish`].
#[derive(Debug)]
pub struct Table<'d, 's> {
    document: &'d TomlDocument<'s>,
    table: &'d DeTable<'s>,
    span: Range<usize>,
    path: String,
    asked: RefCell<BTreeSet<String>>,
}

/// A value of the document with its place.
#[derive(Debug, Clone)]
pub struct Item<T> {
    /// The value.
    pub value: T,
    /// The bytes of the file it stands in.
    pub span: Range<usize>,
}

impl<'d, 's> Table<'d, 's> {
    fn new(document: &'d TomlDocument<'s>, table: &'d DeTable<'s>, span: Range<usize>, path: String) -> Self {
        Self { document, table, span, path, asked: RefCell::new(BTreeSet::new()) }
    }

    /// The document this table belongs to, for saying more about it.
    pub fn document(&self) -> &'d TomlDocument<'s> {
        self.document
    }

    /// The bytes of the table's heading (or of the whole inline table).
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The keys as the file has them, with their places, in the order of the file.
    pub fn keys(&self) -> Vec<Item<String>> {
        #[cfg(test)]
        for key in self.table.keys() {
            self.document.asked.borrow_mut().1.insert(self.path_to(key.get_ref()));
        }
        self.placed_keys()
    }

    fn placed_keys(&self) -> Vec<Item<String>> {
        let mut keys: Vec<_> =
            self.table.keys().map(|key| Item { value: key.get_ref().to_string(), span: key.span() }).collect();
        keys.sort_by_key(|key| key.span.start);
        keys
    }

    /// A text.
    pub fn text(&self, key: &str) -> Option<Item<String>> {
        self.typed(key, "text in quotes", |value| value.as_str().map(ToOwned::to_owned))
    }

    /// A text that must be there.
    pub fn required_text(&self, key: &str) -> Option<Item<String>> {
        self.required(key);
        self.text(key)
    }

    /// A whole number.
    pub fn integer(&self, key: &str) -> Option<Item<i64>> {
        self.typed(key, "a whole number", as_integer)
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<Item<bool>> {
        self.typed(key, "true or false", DeValue::as_bool)
    }

    /// A text, or `Err` with `true` or `false`.
    pub fn text_or_flag(&self, key: &str) -> Option<Result<String, bool>> {
        let read = |value: &DeValue<'s>| match value.as_bool() {
            Some(flag) => Some(Err(flag)),
            None => value.as_str().map(|text| Ok(text.to_owned())),
        };
        self.typed(key, "text in quotes, true or false", read).map(|item| item.value)
    }

    /// A TOML local date, given as text in ISO form (`2026-12-03`).
    pub fn date(&self, key: &str) -> Option<Item<String>> {
        self.typed(key, "a date like 2026-12-03", as_date)
    }

    /// A list of texts; one text alone is a list of one. Members of another type are mistakes.
    pub fn texts(&self, key: &str) -> Vec<Item<String>> {
        self.list(key, "a list of texts", |value| value.as_str().map(ToOwned::to_owned))
    }

    /// A list of whole numbers; one number alone is a list of one.
    pub fn integers(&self, key: &str) -> Vec<Item<i64>> {
        self.list(key, "a list of whole numbers", as_integer)
    }

    /// A list of dates, each as text in ISO form.
    pub fn dates(&self, key: &str) -> Vec<Item<String>> {
        self.list(key, "a list of dates like 2026-12-03", as_date)
    }

    /// A table below this one.
    pub fn table(&self, key: &str) -> Option<Self> {
        let value = self.value(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            self.wrong_type(key, value.span(), "a table");
            return None;
        };
        Some(Self::new(self.document, table, self.key_span(key).unwrap_or(value.span()), self.path_to(key)))
    }

    /// The tables below `key`, by name, in the order of the file: `[key.name]`.
    pub fn tables(&self, key: &str) -> Vec<(Item<String>, Self)> {
        let Some(parent) = self.table(key) else { return Vec::new() };
        let tables = parent.keys().into_iter().filter_map(|name| {
            let table = parent.table(&name.value)?;
            Some((name, table))
        });
        tables.collect()
    }

    /// The tables of a list: `[[key]]`.
    pub fn table_list(&self, key: &str) -> Vec<Self> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let DeValue::Array(members) = value.get_ref() else {
            self.wrong_type(key, value.span(), "a list of tables, each headed by double brackets");
            return Vec::new();
        };
        let tables = members.iter().enumerate().filter_map(|(index, member)| match member.get_ref() {
            DeValue::Table(table) => {
                let path = format!("{}[{index}]", self.path_to(key));
                Some(Self::new(self.document, table, member.span(), path))
            }
            _ => {
                self.wrong_type(key, member.span(), "a table");
                None
            }
        });
        tables.collect()
    }

    /// Whether the key is there, of whatever type. The key counts as asked for.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// The place of a key, for a mistake about it.
    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.keys().find(|found| found.get_ref() == key).map(Spanned::span)
    }

    /// Says that `key` is missing, where it is.
    pub fn required(&self, key: &str) {
        if self.value(key).is_none() {
            let whose = if self.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.path) };
            let help = format!("add a line `{key} = …`");
            self.document.error(self.span.clone(), format!("{whose} has no `{key}`"), Some(help));
        }
    }

    /// Says which keys nobody asked for, each with the one that was probably meant.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for key in self.placed_keys() {
            if asked.contains(&key.value) {
                continue;
            }
            let known = || asked.iter().map(String::as_str);
            let help = match nearest(&key.value, known()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the keys here are: {}", known().collect::<Vec<_>>().join(", ")),
            };
            let whose = if self.path.is_empty() { String::new() } else { format!(" in `{}`", self.path) };
            self.document.error(key.span, format!("unknown key `{}`{whose}", key.value), Some(help));
        }
    }

    fn value(&self, key: &str) -> Option<&'d Spanned<DeValue<'s>>> {
        #[cfg(test)]
        self.document.asked.borrow_mut().0.insert(self.path_to(key));
        self.asked.borrow_mut().insert(key.to_owned());
        self.table.get(key)
    }

    fn typed<T>(&self, key: &str, wanted: &str, read: impl Fn(&DeValue<'s>) -> Option<T>) -> Option<Item<T>> {
        let value = self.value(key)?;
        let read = read(value.get_ref());
        if read.is_none() {
            self.wrong_type(key, value.span(), wanted);
        }
        read.map(|read| Item { value: read, span: value.span() })
    }

    fn list<T>(&self, key: &str, wanted: &str, read: impl Fn(&DeValue<'s>) -> Option<T>) -> Vec<Item<T>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let members = match value.get_ref() {
            DeValue::Array(members) => members.iter().collect(),
            _ => vec![value],
        };
        let items = members.into_iter().filter_map(|member| {
            let read = read(member.get_ref());
            if read.is_none() {
                self.wrong_type(key, member.span(), wanted);
            }
            read.map(|read| Item { value: read, span: member.span() })
        });
        items.collect()
    }

    fn wrong_type(&self, key: &str, span: Range<usize>, wanted: &str) {
        self.document.error(span, format!("`{}` should be {wanted}", self.path_to(key)), None);
    }

    fn path_to(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn as_integer(value: &DeValue<'_>) -> Option<i64> {
    let DeValue::Integer(number) = value else { return None };
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn as_date(value: &DeValue<'_>) -> Option<String> {
    let DeValue::Datetime(stamp) = value else { return None };
    (stamp.time.is_none() && stamp.offset.is_none()).then(|| stamp.date.map(|date| date.to_string())).flatten()
}

/// The keys that a section of `mappings/README.md` documents, and its example.
#[cfg(test)]
pub(crate) fn documented(heading: &str) -> (BTreeSet<String>, String) {
    let readme = include_str!("../../mappings/README.md");
    let section = readme.split("\n## ").find(|section| section.starts_with(heading)).expect("the section is there");
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let example = section.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap_or("");
    (rows.map(ToOwned::to_owned).collect(), example.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str, read: impl Fn(&Table<'_, '_>)) -> Vec<(String, String)> {
        let document = TomlDocument::parse("test.toml", text);
        if let Some(root) = document.root() {
            read(&root);
            root.finish();
        }
        let said = document.into_diagnostics();
        said.into_iter().map(|one| (one.place.to_string(), one.message)).collect()
    }

    #[test]
    fn every_mistake_is_said_at_once_with_its_place() {
        let text = "form = 3\npannel = \"x\"\n\n[fields.a]\ntype = \"text\"\nrequird = true\n";
        let said = mistakes(text, |root| {
            root.required_text("form");
            root.required_text("panel");
            for (_, field) in root.tables("fields") {
                field.text("type");
                field.flag("required");
                field.finish();
            }
        });
        let wanted = [
            ("line 1:1", "the file has no `panel`"),
            ("line 1:8", "`form` should be text in quotes"),
            ("line 2:1", "unknown key `pannel`"),
            ("line 6:1", "unknown key `requird` in `fields.a`"),
        ];
        let said: Vec<_> = said.iter().map(|(place, message)| (place.as_str(), message.as_str())).collect();
        assert_eq!(said, wanted);
    }

    #[test]
    fn what_is_not_toml_is_a_mistake_with_a_place() {
        let said = mistakes("a = \nb = 1\n", |_| {});
        assert_eq!(said.len(), 1);
        assert!(said.first().is_some_and(|(place, _)| place.starts_with("line 1:")), "{said:?}");
    }
}
