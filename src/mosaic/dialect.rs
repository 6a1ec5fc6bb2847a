//! How one Mosaic interface spells its operations.

use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, Table, TomlDocument};

/// A dialect: paths, bodies, and JSON pointers (RFC 6901) into the answers.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// Its name.
    pub name: String,
    /// Only OAuth2 has one.
    pub(super) token: Option<String>,
    pub(super) person: PersonOperation,
    pub(super) find_notes: FindOperation,
    pub(super) add_note: WriteOperation,
    pub(super) append_to_note: WriteOperation,
    /// What a council's interface may lack: forms, documents, workflow steps.
    pub(super) form: Option<FormOperation>,
    pub(super) answer_form: Option<WriteOperation>,
    pub(super) find_documents: Option<FindOperation>,
    pub(super) add_document: Option<DocumentOperation>,
    pub(super) find_steps: Option<FindOperation>,
    pub(super) start_step: Option<WriteOperation>,
}

#[derive(Debug, Clone)]
pub(super) struct FormOperation {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) person: String,
    pub(super) status: String,
    pub(super) finished: Vec<String>,
    pub(super) answers: String,
}

#[derive(Debug, Clone)]
pub(super) struct DocumentOperation {
    pub(super) write: WriteOperation,
    pub(super) metadata_part: String,
    pub(super) file_part: String,
}

#[derive(Debug, Clone)]
pub(super) struct PersonOperation {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) date_of_birth: String,
    pub(super) initials: Option<String>,
    pub(super) status: String,
    pub(super) closed: Vec<String>,
    pub(super) restricted: String,
    pub(super) merged_into: String,
}

#[derive(Debug, Clone)]
pub(super) struct FindOperation {
    pub(super) path: String,
    pub(super) items: String,
    pub(super) next: String,
    pub(super) id: String,
    pub(super) person: String,
    pub(super) body: String,
    pub(super) created: String,
}

#[derive(Debug, Clone)]
pub(super) struct WriteOperation {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) person: String,
    pub(super) created: String,
    pub(super) body: Vec<(String, Template)>,
}

/// What stands in a field of a request's body.
#[derive(Debug, Clone)]
pub(super) enum Template {
    /// One of our values, by its name: `{title}`.
    Value(String),
    /// Always this.
    Fixed(Value),
}

impl Dialect {
    /// Reads `dialects/<name>.toml`, and says every mistake in it.
    pub fn read(path: &str, text: &str) -> (Option<Self>, Vec<Diagnostic>) {
        let document = TomlDocument::parse(path, text);
        let dialect = document.root().and_then(|root| {
            let name = root.required_text("name");
            let token = optional(&root, "token", |table| required(table, "path"));
            let person = operation(&root, "person", person);
            let find_notes = operation(&root, "find-notes", find);
            let add_note = operation(&root, "add-note", write);
            let append_to_note = operation(&root, "append-to-note", write);
            let form = optional(&root, "form", form);
            let answer_form = optional(&root, "answer-form", write);
            let find_documents = optional(&root, "find-documents", find);
            let add_document = optional(&root, "add-document", document_operation);
            let find_steps = optional(&root, "find-steps", find);
            let start_step = optional(&root, "start-step", write);
            root.finish();
            Some(Self {
                name: name?.value,
                token,
                person: person?,
                find_notes: find_notes?,
                add_note: add_note?,
                append_to_note: append_to_note?,
                form,
                answer_form,
                find_documents,
                add_document,
                find_steps,
                start_step,
            })
        });
        (dialect, document.into_diagnostics())
    }
}

fn operation<T>(root: &Table<'_, '_>, key: &str, read: impl FnOnce(&Table<'_, '_>) -> Option<T>) -> Option<T> {
    let Some(table) = root.table(key) else {
        let help = format!("add [{key}] as in the dialect rest-default");
        root.document().error(root.span(), format!("the dialect does not spell `{key}`"), Some(help));
        return None;
    };
    let operation = read(&table);
    table.finish();
    operation
}

fn optional<T>(root: &Table<'_, '_>, key: &str, read: impl FnOnce(&Table<'_, '_>) -> Option<T>) -> Option<T> {
    let table = root.table(key)?;
    let operation = read(&table);
    table.finish();
    operation
}

fn form(table: &Table<'_, '_>) -> Option<FormOperation> {
    let finished = table.texts("finished").into_iter().map(|status| status.value).collect();
    let text = |key: &str| required(table, key);
    let (path, id, person) = (text("path"), text("id"), text("person"));
    let (status, answers) = (text("status"), text("answers"));
    Some(FormOperation { path: path?, id: id?, person: person?, status: status?, finished, answers: answers? })
}

fn document_operation(table: &Table<'_, '_>) -> Option<DocumentOperation> {
    let (metadata_part, file_part) = (required(table, "metadata-part"), required(table, "file-part"));
    Some(DocumentOperation { write: write(table)?, metadata_part: metadata_part?, file_part: file_part? })
}

fn required(table: &Table<'_, '_>, key: &str) -> Option<String> {
    table.required_text(key).map(|text| text.value)
}

fn person(table: &Table<'_, '_>) -> Option<PersonOperation> {
    let closed = table.texts("closed").into_iter().map(|status| status.value).collect();
    let text = |key: &str| required(table, key);
    let (path, id, born) = (text("path"), text("id"), text("date-of-birth"));
    let (status, restricted, merged) = (text("status"), text("restricted"), text("merged-into"));
    Some(PersonOperation {
        path: path?,
        id: id?,
        date_of_birth: born?,
        initials: table.text("initials").map(|text| text.value),
        status: status?,
        closed,
        restricted: restricted?,
        merged_into: merged?,
    })
}

fn find(table: &Table<'_, '_>) -> Option<FindOperation> {
    let text = |key: &str| required(table, key);
    let (path, items, next, id) = (text("path"), text("items"), text("next"), text("id"));
    let (person, body, created) = (text("person"), text("body"), text("created"));
    Some(FindOperation {
        path: path?,
        items: items?,
        next: next?,
        id: id?,
        person: person?,
        body: body?,
        created: created?,
    })
}

fn write(table: &Table<'_, '_>) -> Option<WriteOperation> {
    const VALUES: [&str; 6] = ["{type}", "{title}", "{contact-date}", "{body}", "{alert-recipients}", "{answers}"];
    let text = |key: &str| required(table, key);
    let (path, id, person, created) = (text("path"), text("id"), text("person"), text("created"));
    let mut body = Vec::new();
    if let Some(fields) = table.table("body") {
        for field in fields.keys() {
            let template = match fields.text_or_flag(&field.value) {
                Some(Ok(text)) if VALUES.contains(&text.as_str()) => Template::Value(text),
                Some(Ok(text)) if text.starts_with('{') => {
                    let help = format!("the values are: {}", VALUES.join(", "));
                    fields.document().error(field.span, format!("there is no value `{text}`"), Some(help));
                    continue;
                }
                Some(Ok(text)) => Template::Fixed(Value::String(text)),
                Some(Err(flag)) => Template::Fixed(Value::Bool(flag)),
                None => continue,
            };
            body.push((field.value, template));
        }
    }
    Some(WriteOperation { path: path?, id: id?, person: person?, created: created?, body })
}

impl WriteOperation {
    /// The body of a request.
    pub(super) fn body(&self, value: impl Fn(&str) -> Value) -> Value {
        let fields = self.body.iter().map(|(name, template)| {
            let filled = match template {
                Template::Value(name) => value(name),
                Template::Fixed(fixed) => fixed.clone(),
            };
            (name.clone(), filled)
        });
        Value::Object(fields.collect::<Map<_, _>>())
    }
}
