//! Reads a form's TOML file; what it takes over from another version is put in later.

use std::sync::Arc;

use jiff::civil::Date;

use super::form::{Evidence, FactRule, Field, FieldType};
use super::text::folded;
use crate::diagnostic::{Item, Table, TomlDocument, nearest};

/// A form file as it stands, with places for what must be checked against others.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) form: Item<String>,
    pub(super) version: Item<String>,
    pub(super) title: Option<String>,
    pub(super) panel: Option<Item<String>>,
    pub(super) panel_by: Option<Item<String>>,
    /// Choices of that field, and the panel that each asks.
    pub(super) panels: Vec<(Item<String>, Item<String>)>,
    pub(super) policy: Option<String>,
    pub(super) extends: Option<Item<String>>,
    pub(super) gone: Vec<Item<String>>,
    pub(super) ignored: Vec<String>,
    pub(super) evidence: Evidence,
    pub(super) recognise: std::ops::Range<usize>,
    pub(super) fields: Vec<Placed<Field>>,
    pub(super) facts: Vec<Placed<FactRule>>,
    /// Facts named by `required-when`.
    pub(super) conditions: Vec<Item<String>>,
}

/// Something with the place of its name.
#[derive(Debug, Clone)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: std::ops::Range<usize>,
}

/// Reads the file; mistakes go to the document.
pub(super) fn draft(document: &TomlDocument<'_>) -> Option<Draft> {
    let root = document.root()?;
    let (form, version) = (root.required_text("form"), root.required_text("version"));
    let mut conditions = Vec::new();
    let mut fields = fields(&root, "fields", false, &mut conditions);
    fields.extend(self::fields(&root, "outcome", true, &mut conditions));
    let (evidence, recognise) = evidence(&root);
    let text = |key: &str| root.text(key).map(|text| text.value);
    let draft = Draft {
        title: text("title"),
        panel: root.text("panel"),
        panel_by: root.text("panel-by"),
        panels: root.table("panels").map(panels).unwrap_or_default(),
        policy: text("policy"),
        extends: root.text("extends"),
        gone: root.texts("gone"),
        ignored: root.texts("ignored").into_iter().map(|code| code.value).collect(),
        evidence,
        recognise,
        fields,
        facts: facts(&root),
        conditions,
        form: form.clone().unwrap_or(Item { value: String::new(), span: 0..0 }),
        version: version.clone().unwrap_or(Item { value: String::new(), span: 0..0 }),
    };
    root.finish();
    form.and(version).map(|_| draft)
}

fn panels(table: Table<'_, '_>) -> Vec<(Item<String>, Item<String>)> {
    let panels = table.keys().into_iter().filter_map(|choice| table.text(&choice.value).map(|panel| (choice, panel)));
    panels.collect()
}

fn evidence(root: &Table<'_, '_>) -> (Evidence, std::ops::Range<usize>) {
    let Some(table) = root.table("recognise") else {
        let help = "[recognise]\ntemplate-codes = [\"…\"]\nversions = [\"…\"]".to_owned();
        root.document().error(root.span(), "the file has no `[recognise]`", Some(help));
        return (Evidence::default(), root.span());
    };
    let texts = |key: &str| table.texts(key).into_iter().map(|text| text.value).collect::<Vec<_>>();
    let folded_texts = |key: &str| texts(key).iter().map(|text| folded(text)).collect::<Vec<_>>();
    let date = |key: &str| table.date(key).and_then(|date| date.value.parse::<Date>().ok());
    let evidence = Evidence {
        template_ids: table.integers("template-ids").into_iter().map(|id| id.value).collect(),
        template_codes: folded_texts("template-codes"),
        versions: texts("versions").iter().map(|version| plain_version(version).to_owned()).collect(),
        titles: folded_texts("titles"),
        step_types: folded_texts("step-types"),
        questions: folded_texts("questions"),
        absent: folded_texts("absent"),
        from: date("from"),
        until: date("until"),
    };
    if evidence.from.zip(evidence.until).is_some_and(|(from, until)| from > until) {
        let span = table.key_span("until").unwrap_or_else(|| table.span());
        table.document().error(span, "`until` is before `from`", Some("exchange the two dates".to_owned()));
    }
    if evidence.says_nothing() {
        let help = "give `template-ids`, or `versions` with `template-codes`, `titles` or `step-types`, or `questions`";
        table.document().error(table.span(), "nothing here tells this version from another", Some(help.to_owned()));
    }
    let span = table.span();
    table.finish();
    (evidence, span)
}

impl Evidence {
    /// Whether it names no version: a template id is one, a version of a named form is one, and so are its questions.
    fn says_nothing(&self) -> bool {
        self.template_ids.is_empty() && self.versions.is_empty() && self.questions.is_empty()
    }
}

/// `3`, `3.0` and `03` are one version.
pub(super) fn plain_version(version: &str) -> &str {
    let version = version.trim();
    let version = version.strip_suffix(".0").unwrap_or(version);
    let trimmed = version.trim_start_matches('0');
    if trimmed.is_empty() { version } else { trimmed }
}

fn fields(root: &Table<'_, '_>, key: &str, is_outcome: bool, conditions: &mut Vec<Item<String>>) -> Vec<Placed<Field>> {
    let tables = root.tables(key).into_iter();
    let fields = tables.filter_map(|(name, table)| {
        let field = field(&name.value, table, is_outcome, true, conditions)?;
        Some(Placed { value: field, span: name.span })
    });
    fields.collect()
}

fn field(
    name: &str,
    table: Table<'_, '_>,
    is_outcome: bool,
    may_be_table: bool,
    conditions: &mut Vec<Item<String>>,
) -> Option<Field> {
    let kind = table.required_text("type").and_then(|kind| field_type(&table, &kind, may_be_table));
    let is_table = kind == Some(FieldType::Table);
    let question = if is_table { None } else { table.required_text("question") };
    let required_when = table.texts("required-when");
    conditions.extend(required_when.iter().cloned());
    let columns: Vec<Field> = if may_be_table {
        let columns = table.tables("columns").into_iter();
        columns.filter_map(|(name, column)| field(&name.value, column, is_outcome, false, conditions)).collect()
    } else {
        Vec::new()
    };
    let (choices, wordings) = choices(&table);
    let flag = |key: &str| table.flag(key).is_some_and(|flag| flag.value);
    let field = Field {
        name: name.into(),
        question: question.as_ref().map_or_else(|| "".into(), |question| Arc::from(question.value.as_str())),
        wording: table.texts("wording").into_iter().map(|wording| wording.value).collect(),
        label: table.text("label").map_or_else(|| name.replace('-', " "), |label| label.value),
        kind: kind.unwrap_or(FieldType::Text),
        required: flag("required"),
        required_when: required_when.into_iter().map(|fact| fact.value).collect(),
        multiple: flag("multiple"),
        separator: table.text("separator").map(|separator| separator.value),
        unticked_is_no: flag("unticked-is-no"),
        choices,
        wordings,
        collection: table.text("collection").map(|collection| collection.value),
        columns,
        is_outcome,
    };
    shape(&table, &field);
    table.finish();
    kind.map(|_| field)
}

/// What must be there, and must not, for a field of that type.
fn shape(table: &Table<'_, '_>, field: &Field) {
    let say = |message: String, help: &str| table.document().error(table.span(), message, Some(help.to_owned()));
    if field.kind == FieldType::Choice && field.choices.is_empty() {
        say(
            format!("`{}` is a choice without choices", field.name),
            "add choices = { \"wording in Mosaic\" = \"our-name\" }",
        );
    }
    if field.kind != FieldType::Choice && !field.choices.is_empty() {
        say(format!("`{}` has choices and is no choice", field.name), "write type = \"choice\"");
    }
    if field.kind == FieldType::Table && field.columns.is_empty() {
        say(format!("`{}` is a table without columns", field.name), "add [fields.<name>.columns.<column>]");
    }
    if field.kind != FieldType::Table && !(field.columns.is_empty() && field.collection.is_none()) {
        say(format!("`{}` has columns or a collection and is no table", field.name), "write type = \"table\"");
    }
}

fn field_type(table: &Table<'_, '_>, kind: &Item<String>, may_be_table: bool) -> Option<FieldType> {
    let known = || FieldType::ALL.iter().map(|kind| kind.as_str()).filter(|kind| may_be_table || *kind != "table");
    let read = FieldType::parse(&kind.value).filter(|kind| may_be_table || *kind != FieldType::Table);
    if read.is_none() {
        let help = nearest(&kind.value, known()).map_or_else(
            || format!("the types are: {}", known().collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        table.document().error(kind.span.clone(), format!("there is no type `{}` here", kind.value), Some(help));
    }
    read
}

/// Folded wordings with our names for them, and our names with the wording as it stands.
type Choices = (Vec<(String, Arc<str>)>, Vec<(Arc<str>, String)>);

fn choices(table: &Table<'_, '_>) -> Choices {
    let Some(choices) = table.table("choices") else { return Default::default() };
    let (mut read, mut wordings) = (Vec::<(String, Arc<str>)>::new(), Vec::<(Arc<str>, String)>::new());
    for wording in choices.keys() {
        let Some(name) = choices.text(&wording.value) else { continue };
        if read.iter().any(|(known, _)| *known == folded(&wording.value)) {
            let message = format!("the wording “{}” stands here twice", wording.value);
            let help = "wordings are compared without case, spaces and marks at the end".to_owned();
            table.document().error(wording.span, message, Some(help));
            continue;
        }
        let name: Arc<str> = name.value.into();
        read.push((folded(&wording.value), name.clone()));
        wordings.push((name, wording.value));
    }
    (read, wordings)
}

fn facts(root: &Table<'_, '_>) -> Vec<Placed<FactRule>> {
    let facts = root.tables("facts").into_iter().filter_map(|(name, table)| {
        let field = table.required_text("field");
        let is = table.texts("is").into_iter().map(|value| value.value).collect::<Vec<_>>();
        let is = if is.is_empty() { vec!["yes".to_owned()] } else { is };
        table.finish();
        let field = field?;
        Some(Placed { value: FactRule { name: name.value, field: field.value, is }, span: field.span })
    });
    facts.collect()
}
