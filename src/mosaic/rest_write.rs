//! Writes over HTTP: notes, forms, documents, steps.

use std::time::Duration;

use reqwest::header::{ETAG, HeaderValue, IF_MATCH};
use reqwest::multipart::{Form, Part};
use reqwest::{Response, StatusCode};
use serde_json::{Map, Value};

use super::answer::{Meaning, meaning, retry_after};
use super::dialect::{FormOperation, WriteOperation};
use super::minutes;
use super::rest::{Failed, RestCarrier, body, text_at};
use crate::domain::{FormAnswer, FormValue, Payload, Receipt, WriteBack};
use crate::log::{self, Span};
use crate::writeback::{Carried, is_in};

/// How often a form that has changed since it was read is read again in one attempt.
const READINGS_MAX: usize = 3;

/// How long a form that somebody has checked out is left alone: longer than a run waits, so until the next one.
const CHECKED_OUT: Duration = Duration::from_secs(3_600);

/// What the dialect does not spell cannot be written.
pub(super) fn unspelt(operation: &str) -> Carried {
    Carried::Refused { reason: format!("the dialect does not spell `{operation}`") }
}

/// A form as Mosaic has it now.
struct FormRead {
    etag: HeaderValue,
    answers: Map<String, Value>,
}

impl RestCarrier {
    /// Posts a body in JSON. The operation comes with what the dialect calls it.
    pub(super) async fn post(
        &self,
        write_back: &WriteBack,
        (name, operation): (&'static str, &WriteOperation),
        note: &str,
    ) -> Carried {
        let path = operation.path.replace("{person}", &write_back.person.to_string()).replace("{note}", note);
        let body_to_send = operation.body(|name| value_of(&write_back.payload, name));
        let url = match self.url(&path) {
            Ok(url) => url,
            Err(reason) => return Carried::Refused { reason },
        };
        let request = || {
            let request = self.client.post(url.clone()).header("Idempotency-Key", write_back.id.to_string());
            Ok(request.json(&body_to_send))
        };
        match self.exchange(name, request).await {
            Ok(response) => self.carried(response, operation, write_back).await,
            Err(failed) => failed.carried(),
        }
    }

    /// Posts the minutes as a file.
    pub(super) async fn upload(&self, write_back: &WriteBack) -> Carried {
        let Some(operation) = &self.dialect.add_document else { return unspelt("add-document") };
        let Payload::Document { title, text, .. } = &write_back.payload else { return unspelt("add-document") };
        let url = match self.url(&operation.write.path.replace("{person}", &write_back.person.to_string())) {
            Ok(url) => url,
            Err(reason) => return Carried::Refused { reason },
        };
        let metadata = operation.write.body(|name| value_of(&write_back.payload, name)).to_string();
        let file = match minutes::docx(title, text) {
            Ok(file) => file,
            Err(reason) => return Carried::Refused { reason },
        };
        let name = minutes::file_name(title);
        let request = || {
            let json = Part::text(metadata.clone()).mime_str("application/json").map_err(|error| error.to_string())?;
            let file = Part::bytes(file.clone()).file_name(name.clone()).mime_str(minutes::MEDIA_TYPE);
            let file = file.map_err(|error| error.to_string())?;
            let form = Form::new().part(operation.metadata_part.clone(), json).part(operation.file_part.clone(), file);
            let request = self.client.post(url.clone()).header("Idempotency-Key", write_back.id.to_string());
            Ok(request.multipart(form))
        };
        match self.exchange("add-document", request).await {
            Ok(response) => self.carried(response, &operation.write, write_back).await,
            Err(failed) => failed.carried(),
        }
    }

    /// Answers the outcome section of a form: only where it stands as it was read, and never over what somebody else
    /// has written there.
    pub(super) async fn answer(&self, write_back: &WriteBack) -> Carried {
        let Some(operation) = &self.dialect.answer_form else { return unspelt("answer-form") };
        let Payload::FormOutcome { answers, corrects, .. } = &write_back.payload else { return unspelt("form") };
        for _ in 0..READINGS_MAX {
            let form = match self.form(write_back).await {
                Ok(form) => form,
                Err(carried) => return carried,
            };
            if holds(&form.answers, write_back) {
                return Carried::Done(self.form_receipt(write_back));
            }
            if let Some(taken) = taken(&form.answers, answers, corrects) {
                log::debug!("Somebody else has answered the form: nothing is written over it.");
                let reason = format!("the form already has another answer to {taken}");
                return Carried::Refused { reason };
            }
            let url = match self.form_url(&operation.path, write_back) {
                Ok(url) => url,
                Err(reason) => return Carried::Refused { reason },
            };
            let body_to_send = operation.body(|name| value_of(&write_back.payload, name));
            let request = || {
                let request = self.client.patch(url.clone()).header("Idempotency-Key", write_back.id.to_string());
                Ok(request.header(IF_MATCH, form.etag.clone()).json(&body_to_send))
            };
            match self.exchange("answer-form", request).await {
                // Somebody was quicker: it is read again.
                Ok(response) if response.status() == StatusCode::PRECONDITION_FAILED => {
                    log::debug!("The form has changed since it was read: it is read again.");
                }
                Ok(response) if response.status() == StatusCode::LOCKED => {
                    log::debug!("The form is checked out by somebody: it is left alone until the next run.");
                    let reason = "the form is checked out by somebody".to_owned();
                    return Carried::Unsent { reason, retry_after: Some(CHECKED_OUT) };
                }
                Ok(response) if response.status() == StatusCode::CONFLICT => return conflict(response).await,
                Ok(response) => return self.carried(response, operation, write_back).await,
                Err(failed) => return failed.carried(),
            }
        }
        log::debug!("The form keeps changing: it is left alone until the next run.");
        Carried::Unsent { reason: "the form keeps changing".to_owned(), retry_after: Some(CHECKED_OUT) }
    }

    /// The form as it stands, if it can be answered.
    async fn form(&self, write_back: &WriteBack) -> Result<FormRead, Carried> {
        let refused = |reason: &str| Carried::Refused { reason: reason.to_owned() };
        let Some(operation) = &self.dialect.form else { return Err(unspelt("form")) };
        let (response, answer) = self.read_form(write_back).await?;
        let etag = response.ok_or_else(|| refused("Mosaic gives no ETag for the form"))?;
        let person = text_at(&answer, &operation.person);
        if person.is_some_and(|person| person != write_back.person.to_string()) {
            return Err(refused("the form is about another person"));
        }
        let status = text_at(&answer, &operation.status).unwrap_or_default();
        let answers = answers_of(operation, &answer).map_err(|reason| Carried::Unsent { reason, retry_after: None })?;
        // What was written before the form was finished is written.
        if operation.finished.contains(&status) && !holds(&answers, write_back) {
            log::debug!("The form is completed or cancelled: nothing can be written into it.");
            return Err(refused("the form is completed or cancelled"));
        }
        Ok(FormRead { etag, answers })
    }

    /// Reads the form: its `ETag`, and what it says.
    pub(super) async fn read_form(&self, write_back: &WriteBack) -> Result<(Option<HeaderValue>, Value), Carried> {
        let Some(operation) = &self.dialect.form else { return Err(unspelt("form")) };
        let url = self.form_url(&operation.path, write_back).map_err(|reason| Carried::Refused { reason })?;
        // Nothing is written by reading, so that nothing is in doubt.
        let unsent = |reason: String| Carried::Unsent { reason, retry_after: None };
        let response = self.exchange("form", || Ok(self.get(&url))).await.map_err(|failed| unsent(failed.reason()))?;
        let reason = format!("Mosaic shows no form: status {}", response.status().as_u16());
        match meaning(response.status()) {
            Meaning::Done => {}
            Meaning::Refused => return Err(Carried::Refused { reason }),
            Meaning::NotYet | Meaning::NotLetIn | Meaning::Unknown => {
                let retry_after = retry_after(response.headers(), self.clock.now());
                return Err(Carried::Unsent { reason, retry_after });
            }
        }
        let etag = response.headers().get(ETAG).cloned();
        let answer = body(response).await.map_err(unsent)?;
        let named = text_at(&answer, &operation.id);
        if let Payload::FormOutcome { form, .. } = &write_back.payload
            && named.is_some_and(|named| named != form.to_string())
        {
            return Err(unsent("Mosaic answered for another form".to_owned()));
        }
        Ok((etag, answer))
    }

    fn form_url(&self, path: &str, write_back: &WriteBack) -> Result<reqwest::Url, String> {
        let Payload::FormOutcome { step, form, .. } = &write_back.payload else {
            return Err("this is no form".to_owned());
        };
        self.url(&path.replace("{step}", &step.to_string()).replace("{form}", &form.to_string()))
    }

    /// What an answer to a write means.
    async fn carried(&self, response: Response, operation: &WriteOperation, write_back: &WriteBack) -> Carried {
        let status = response.status();
        Span::current().record("status", status.as_u16());
        let reason = format!("Mosaic answered with status {}", status.as_u16());
        let retry_after = retry_after(response.headers(), self.clock.now());
        match meaning(status) {
            Meaning::Done => match body(response).await {
                Ok(answer) => match self.receipt(operation, write_back, &answer) {
                    Some(receipt) => Carried::Done(receipt),
                    None => Carried::Unknown { reason: "Mosaic's answer is not one to this request".to_owned() },
                },
                Err(reason) => Carried::Unknown { reason },
            },
            Meaning::Refused => Carried::Refused { reason },
            Meaning::NotYet | Meaning::NotLetIn => Carried::Unsent { reason, retry_after },
            Meaning::Unknown => Carried::Unknown { reason },
        }
    }

    pub(super) fn form_receipt(&self, write_back: &WriteBack) -> Receipt {
        let form = match &write_back.payload {
            Payload::FormOutcome { form, .. } => form.to_string(),
            _ => String::new(),
        };
        Receipt { mosaic_id: form, mosaic_time: None, known_at: self.clock.now(), by_reading: true }
    }

    /// Binds an answer to its own request: another child's id in it is no receipt.
    pub(super) fn receipt(
        &self,
        operation: &WriteOperation,
        write_back: &WriteBack,
        answer: &Value,
    ) -> Option<Receipt> {
        let person = text_at(answer, &operation.person);
        if person.is_some_and(|person| person != write_back.person.to_string()) {
            return None;
        }
        Some(Receipt {
            mosaic_id: text_at(answer, &operation.id)?,
            mosaic_time: text_at(answer, &operation.created),
            known_at: self.clock.now(),
            by_reading: false,
        })
    }
}

impl Failed {
    fn carried(self) -> Carried {
        match self {
            Self::NotSent(reason) => Carried::Unsent { reason, retry_after: None },
            Self::MaybeSent(reason) => Carried::Unknown { reason },
        }
    }
}

/// The answers of a form. An answer without any is none to be relied on, unless it says that there are none.
pub(super) fn answers_of(operation: &FormOperation, answer: &Value) -> Result<Map<String, Value>, String> {
    match answer.pointer(&operation.answers) {
        Some(Value::Object(answers)) => Ok(answers.clone()),
        Some(Value::Null) => Ok(Map::new()),
        _ => Err("Mosaic's answer is not one about a form".to_owned()),
    }
}

/// Whether the answers of a form hold the write-back's reference.
pub(super) fn holds(answers: &Map<String, Value>, write_back: &WriteBack) -> bool {
    answers.values().filter_map(Value::as_str).any(|text| is_in(&write_back.reference, text))
}

/// The first question that somebody else has answered: with something that neither this revision nor the one that it
/// corrects says.
fn taken<'a>(known: &Map<String, Value>, answers: &'a [FormAnswer], corrects: &[FormAnswer]) -> Option<&'a str> {
    let is_ours = |held: &Value, question: &str, ours: &[FormAnswer]| {
        ours.iter().any(|answer| answer.question == question && same(held, &json(answer.value.expose())))
    };
    let is_anothers = |answer: &&FormAnswer| match known.get(&answer.question) {
        None | Some(Value::Null) => false,
        Some(Value::String(text)) if text.trim().is_empty() => false,
        Some(held) => !is_ours(held, &answer.question, answers) && !is_ours(held, &answer.question, corrects),
    };
    answers.iter().find(is_anothers).map(|answer| answer.question.as_str())
}

/// Whether two answers say the same, whatever Mosaic has done to tags, white space and case.
fn same(held: &Value, ours: &Value) -> bool {
    let plain = |value: &Value| value.as_str().map(crate::writeback::squeezed);
    held == ours || plain(held).is_some_and(|held| plain(ours) == Some(held))
}

/// A 409 to a form: it is completed, which is final, or this was sent before, which is read back (by problem type).
async fn conflict(response: Response) -> Carried {
    let problem = body(response).await.unwrap_or_default();
    let problem_type = problem.pointer("/type").and_then(Value::as_str).unwrap_or_default();
    if problem_type.ends_with("already-there") || problem_type.ends_with("in-flight") {
        return Carried::Unknown { reason: "Mosaic says that it is there already, or on its way".to_owned() };
    }
    Carried::Refused { reason: "the form is completed or cancelled".to_owned() }
}

fn json(value: &FormValue) -> Value {
    match value {
        FormValue::YesNo(yes) => Value::Bool(*yes),
        FormValue::Text(text) => Value::from(text.as_str()),
    }
}

/// One of our values for a request's body.
fn value_of(payload: &Payload, name: &str) -> Value {
    match (payload, name) {
        (payload, "{contact-date}") => Value::from(payload.contact_date().to_string()),
        (Payload::CaseNote { body, .. } | Payload::Appendment { body, .. }, "{body}") => {
            Value::from(body.expose().as_str())
        }
        (Payload::Document { description, .. }, "{body}") => Value::from(description.expose().as_str()),
        (Payload::WorkflowStep { note, .. }, "{body}") => Value::from(note.expose().as_str()),
        (Payload::CaseNote { note_type, .. }, "{type}") => Value::from(note_type.as_str()),
        (Payload::WorkflowStep { step_type, .. }, "{type}") => Value::from(step_type.as_str()),
        (Payload::CaseNote { title, .. } | Payload::Document { title, .. }, "{title}") => Value::from(title.as_str()),
        (Payload::CaseNote { alert_recipients, .. }, "{alert-recipients}") => Value::from(alert_recipients.as_slice()),
        (Payload::FormOutcome { answers, .. }, "{answers}") => {
            let answers = answers.iter().map(|answer| (answer.question.clone(), json(answer.value.expose())));
            Value::Object(answers.collect())
        }
        _ => Value::Null,
    }
}
