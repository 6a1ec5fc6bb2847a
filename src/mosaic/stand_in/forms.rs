//! Forms on workflow steps: read with their `ETag`, and answered by whoever holds it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::asked::{Ids, Told, key};
use super::count::{Written, WrittenKind};
use super::office::{Office, locked};
use super::problem::Problem;
use super::record::{Records, cleaned};

/// A form on a workflow step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInForm {
    /// The form.
    pub form_id: u64,
    /// The step that carries it.
    pub workflow_step_id: u64,
    /// Whom it is about.
    pub person_id: u64,
    /// What has become of it.
    pub status: StandInFormStatus,
    /// The code of its template.
    pub template: String,
    /// The version of its template.
    pub version: String,
    /// Its answers, by the codes of their questions.
    pub answers: BTreeMap<String, Value>,
    /// The codes that its template knows; none: it takes any.
    pub codes: BTreeSet<String>,
    /// Who has checked it out.
    pub checked_out_by: Option<String>,
}

/// What has become of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StandInFormStatus {
    /// It is being filled in.
    Started,
    /// It is finished.
    Completed,
    /// It was given up.
    Cancelled,
}

impl StandInFormStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl StandInForm {
    /// A form that has been started and says nothing yet.
    pub fn new(workflow_step_id: u64, form_id: u64, person_id: u64) -> Self {
        Self {
            form_id,
            workflow_step_id,
            person_id,
            status: StandInFormStatus::Started,
            template: String::new(),
            version: "1".to_owned(),
            answers: BTreeMap::new(),
            codes: BTreeSet::new(),
            checked_out_by: None,
        }
    }
}

/// A form as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Form {
    #[serde(flatten)]
    pub(super) form: StandInForm,
    /// Counts its changes.
    revision: u64,
    /// The questions that were answered over HTTP.
    pub(super) answered: BTreeSet<String>,
}

impl Form {
    const fn new(form: StandInForm) -> Self {
        Self { form, revision: 1, answered: BTreeSet::new() }
    }

    pub(super) const fn is(&self, step: u64, form: u64) -> bool {
        self.form.workflow_step_id == step && self.form.form_id == form
    }

    /// The form as Mosaic shows it.
    fn shown(&self) -> Value {
        let form = &self.form;
        json!({
            "formId": form.form_id, "workflowStepId": form.workflow_step_id, "personId": form.person_id,
            "status": form.status, "template": form.template, "version": form.version, "answers": form.answers,
        })
    }

    /// A strong tag: of what is shown and of how often it was changed, so that no change back brings an old tag back.
    fn tag(&self) -> String {
        let hash = Sha256::digest(format!("{} {}", self.revision, self.shown()));
        format!("\"{}\"", crate::domain::hexadecimal(hash.iter().take(8)))
    }

    fn answer(&self) -> Response {
        ([(header::ETAG, self.tag())], Json(self.shown())).into_response()
    }

    /// The same, and when it was changed.
    fn answer_to_a_change(&self, changed_at: &str) -> Response {
        let mut shown = self.shown();
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("changedAt".to_owned(), Value::from(changed_at));
        }
        ([(header::ETAG, self.tag())], Json(shown)).into_response()
    }

    /// Somebody else works on the form.
    pub(super) const fn change(&mut self) {
        self.revision += 1;
    }
}

/// Puts a form where it belongs, new or in the place of what was known of it.
pub(super) fn put(records: &mut Records, form: StandInForm) {
    let known = records.forms.iter_mut().find(|known| known.is(form.workflow_step_id, form.form_id));
    let Some(known) = known else { return records.forms.push(Form::new(form)) };
    // Checking a form out changes nothing of what it shows.
    let lent = StandInForm { checked_out_by: form.checked_out_by.clone(), ..known.form.clone() };
    if lent != form {
        known.change();
    }
    known.form = form;
}

pub(super) async fn show(
    State(office): State<Arc<Office>>,
    Ids((step, form)): Ids<(u64, u64)>,
) -> Result<Response, Problem> {
    let records = locked(&office.records);
    let found = records.forms.iter().find(|known| known.is(step, form));
    found.map(Form::answer).ok_or_else(|| Problem::absent("form on that step"))
}

#[derive(Deserialize)]
pub(super) struct Answers {
    answers: Map<String, Value>,
}

pub(super) async fn answer(
    State(office): State<Arc<Office>>,
    Ids((step, form)): Ids<(u64, u64)>,
    headers: HeaderMap,
    Told(told): Told<Answers>,
) -> Result<Response, Problem> {
    let (key, changed_at) = (office.honoured(key(&headers)), office.moment());
    office.change(|records| {
        let at = records.forms.iter().position(|known| known.is(step, form));
        let known = at.and_then(|at| records.forms.get(at)).ok_or_else(|| Problem::absent("form on that step"))?;
        let person = known.form.person_id;
        records.writable(person)?;
        records.unused(key.as_deref())?;
        known.open()?;
        known.matches(&headers)?;
        known.takes(&told.answers)?;
        let mut changed = known.clone();
        let text: Vec<String> = changed.fill(told.answers);
        let answer = changed.answer_to_a_change(&changed_at);
        if let Some(place) = at.and_then(|at| records.forms.get_mut(at)) {
            *place = changed;
        }
        records.done(key.as_deref(), form, Written::new(WrittenKind::FormAnswers, person, &text.join("\n")));
        Ok(answer)
    })
}

impl Form {
    /// Whether anybody may write on it.
    fn open(&self) -> Result<(), Problem> {
        if self.form.status != StandInFormStatus::Started {
            let detail = format!("the form is {}", self.form.status.as_str());
            return Err(Problem::new(StatusCode::CONFLICT, "form-completed", detail));
        }
        if self.form.checked_out_by.is_some() {
            return Err(Problem::new(StatusCode::LOCKED, "checked-out", "somebody has checked the form out"));
        }
        Ok(())
    }

    /// Whether it is still as the writer has read it (RFC 9110, section 13.1.1).
    fn matches(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let given: Vec<&str> = headers.get_all(header::IF_MATCH).iter().flat_map(|given| given.to_str()).collect();
        if given.is_empty() {
            let detail = "an answer says by `If-Match` which state of the form it is for";
            return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "if-match-missing", detail));
        }
        let tag = self.tag();
        // A tag of ours has no comma in it, so that a list can be split at every one.
        if given.iter().flat_map(|list| list.split(',')).any(|one| one.trim() == "*" || one.trim() == tag) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::PRECONDITION_FAILED, "changed", "the form was changed since it was read"))
    }

    /// Whether its template has these questions, and each answer is one.
    fn takes(&self, answers: &Map<String, Value>) -> Result<(), Problem> {
        if answers.is_empty() {
            return Err(Problem::unfit("nothing is answered"));
        }
        let codes = &self.form.codes;
        let unknown: Vec<&str> =
            answers.keys().map(String::as_str).filter(|code| !codes.is_empty() && !codes.contains(*code)).collect();
        if !unknown.is_empty() {
            let detail = format!("the form has no question {}", unknown.join(", "));
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "unknown-question", detail));
        }
        let scalar = |value: &Value| !value.is_array() && !value.is_object();
        let fit = |value: &Value| scalar(value) || value.as_array().is_some_and(|many| many.iter().all(scalar));
        match answers.iter().find(|(_, value)| !fit(value)) {
            Some((code, _)) => Err(Problem::unfit(format!("the answer to {code} is none that a question takes"))),
            None => Ok(()),
        }
    }

    /// Fills the answers in; nothing takes one away. Returns the texts among them.
    fn fill(&mut self, answers: Map<String, Value>) -> Vec<String> {
        let mut texts = Vec::new();
        for (code, value) in answers {
            self.answered.insert(code.clone());
            match value {
                Value::Null => {
                    self.form.answers.remove(&code);
                }
                Value::String(text) => {
                    let text = cleaned(&text);
                    texts.push(text.clone());
                    self.form.answers.insert(code, Value::String(text));
                }
                other => {
                    texts.push(other.to_string());
                    self.form.answers.insert(code, other);
                }
            }
        }
        self.change();
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form::new(StandInForm::new(300_001, 400_001, 100_001))
    }

    fn answers(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_tag_changes_with_every_change_and_never_comes_back() {
        let mut form = form();
        let mut tags = vec![form.tag()];
        for text in ["a", "b", "a", "a"] {
            form.fill(answers(json!({ "Q1": text })));
            tags.push(form.tag());
        }
        form.form.status = StandInFormStatus::Completed;
        tags.push(form.tag());
        let wanted = tags.len();
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), wanted);
    }

    #[test]
    fn a_form_is_answered_only_as_it_was_read() {
        let form = form();
        let kind = |given: &[&str]| {
            let headers = given.iter().map(|given| (header::IF_MATCH, given.parse().unwrap())).collect();
            form.matches(&headers).map_err(|problem| problem.kind)
        };
        let tag = form.tag();
        assert_eq!(kind(&[]), Err("if-match-missing"));
        assert_eq!(kind(&["\"0\""]), Err("changed"));
        assert_eq!(kind(&[&format!("W/{tag}")]), Err("changed"));
        assert_eq!(kind(&[&tag]), Ok(()));
        assert_eq!(kind(&[&format!("\"0\", {tag}")]), Ok(()));
        assert_eq!(kind(&["\"0\"", &tag]), Ok(()));
        assert_eq!(kind(&["*"]), Ok(()));
    }

    #[test]
    fn a_form_takes_its_own_questions_only() {
        let mut form = form();
        assert!(form.takes(&answers(json!({ "anything": "x" }))).is_ok());
        form.form.codes = ["Q1".to_owned()].into();
        let kind = |value| form.takes(&answers(value)).map_err(|problem| problem.kind);
        assert_eq!(kind(json!({ "Q1": ["a", "b"] })), Ok(()));
        assert_eq!(kind(json!({ "Q1": "x", "Q2": "y" })), Err("unknown-question"));
        assert_eq!(kind(json!({ "Q1": { "a": 1 } })), Err("unfit"));
        assert_eq!(kind(json!({})), Err("unfit"));
    }

    #[test]
    fn putting_a_form_changes_it_but_lending_it_does_not() {
        let mut records = Records::default();
        let mut form = StandInForm::new(1, 2, 3);
        put(&mut records, form.clone());
        let tag = records.forms[0].tag();
        form.checked_out_by = Some("worker 9".to_owned());
        put(&mut records, form.clone());
        assert_eq!(records.forms[0].tag(), tag);
        form.answers.insert("Q1".to_owned(), json!("x"));
        put(&mut records, form);
        assert_ne!(records.forms[0].tag(), tag);
        assert_eq!(records.forms.len(), 1);
    }
}
