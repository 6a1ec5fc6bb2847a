//! Case notes: read, added, appended to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Ids, Listing, Told, key};
use super::count::{Written, WrittenKind};
use super::office::{Office, locked};
use super::problem::Problem;
use super::record::{cleaned, next_id};
use crate::domain::limit;

/// The id of the first note.
const FIRST: u64 = 5_001;

/// What stands between a note and what is appended to it; the moment follows.
pub(super) const APPENDED: &str = "\n\nAppended ";

/// A note on a record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Note {
    pub(super) case_note_id: u64,
    pub(super) person_id: u64,
    #[serde(rename = "type")]
    pub(super) note_type: String,
    pub(super) title: String,
    pub(super) contact_date: String,
    pub(super) body: String,
    pub(super) status: NoteStatus,
    pub(super) created_at: String,
    #[serde(default)]
    pub(super) alert_recipients: Vec<String>,
}

/// What has become of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum NoteStatus {
    /// It is not finished.
    Draft,
    /// It is finished, and only appended to.
    Complete,
    /// It was not finished in time.
    TimedOut,
    /// It was deleted, and is kept.
    Deleted,
}

impl NoteStatus {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Complete => "complete",
            Self::TimedOut => "timed out",
            Self::Deleted => "deleted",
        }
    }
}

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
    listing: Listing,
) -> Result<Json<Value>, Problem> {
    let records = locked(&office.records);
    records.person(person)?;
    let notes = records.notes.iter().filter(|note| note.person_id == person && listing.wants(&note.created_at));
    Ok(listing.page(format_args!("/api/persons/{person}/case-notes"), notes))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewNote {
    #[serde(rename = "type")]
    note_type: String,
    title: String,
    contact_date: String,
    body: String,
    finish: bool,
    #[serde(default)]
    alert_recipients: Vec<String>,
}

impl NewNote {
    fn fit(&self) -> Result<(), Problem> {
        let chars = |text: &str| text.trim().chars().count();
        if !(1..=limit::NOTE_TITLE_CHARS_MAX).contains(&chars(&self.title)) {
            return Err(Problem::unfit("the title is empty or has more than 100 characters"));
        }
        if !(1..=limit::NOTE_TYPE_CHARS_MAX).contains(&chars(&self.note_type)) {
            return Err(Problem::unfit("the type is empty or has more than 16 characters"));
        }
        if self.contact_date.parse::<Date>().is_err() {
            return Err(Problem::unfit("`contactDate` is no day, YYYY-MM-DD"));
        }
        if cleaned(&self.body).trim().is_empty() {
            return Err(Problem::unfit("the note says nothing"));
        }
        Ok(())
    }
}

pub(super) async fn add(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
    headers: HeaderMap,
    Told(new): Told<NewNote>,
) -> Result<Response, Problem> {
    let (key, created_at) = (office.honoured(key(&headers)), office.moment());
    let answer = office.change(|records| {
        records.writable(person)?;
        new.fit()?;
        records.unused(key.as_deref())?;
        let note = Note {
            case_note_id: next_id(records.notes.iter().map(|note| note.case_note_id), FIRST),
            person_id: person,
            note_type: new.note_type,
            title: new.title,
            contact_date: new.contact_date,
            body: cleaned(&new.body),
            status: if new.finish { NoteStatus::Complete } else { NoteStatus::Draft },
            created_at,
            alert_recipients: new.alert_recipients,
        };
        let answer = json!({ "caseNoteId": note.case_note_id, "personId": person, "createdAt": note.created_at });
        records.done(key.as_deref(), note.case_note_id, Written::new(WrittenKind::Note, person, &note.body));
        records.notes.push(note);
        Ok(answer)
    })?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

#[derive(Deserialize)]
pub(super) struct NewAppendment {
    body: String,
}

pub(super) async fn append(
    State(office): State<Arc<Office>>,
    Ids((person, note)): Ids<(u64, u64)>,
    headers: HeaderMap,
    Told(new): Told<NewAppendment>,
) -> Result<Response, Problem> {
    let (key, created_at) = (office.honoured(key(&headers)), office.moment());
    let body = cleaned(&new.body);
    office.change(|records| {
        records.writable(person)?;
        let found = records.notes.iter().position(|known| known.case_note_id == note && known.person_id == person);
        let Some(found) = found else { return Err(Problem::absent("note")) };
        records.unused(key.as_deref())?;
        if body.trim().is_empty() {
            return Err(Problem::unfit("the appendment says nothing"));
        }
        if let Some(note) = records.notes.get_mut(found) {
            appendable(note.status)?;
            note.body = format!("{}{APPENDED}{created_at}\n{body}", note.body);
        }
        records.done(key.as_deref(), note, Written::new(WrittenKind::Appendment, person, &body));
        Ok(())
    })?;
    let answer = json!({ "caseNoteId": note, "personId": person, "createdAt": created_at });
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// A note that is finished, or was not finished in time, may be appended to.
fn appendable(status: NoteStatus) -> Result<(), Problem> {
    match status {
        NoteStatus::Complete | NoteStatus::TimedOut => Ok(()),
        NoteStatus::Draft => {
            Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "note-not-complete", "the note is a draft"))
        }
        NoteStatus::Deleted => Err(Problem::new(StatusCode::GONE, "note-deleted", "the note was deleted")),
    }
}

/// A note to set the scene with.
pub(super) fn blank(id: Option<u64>, known: &[Note], moment: String) -> Note {
    Note {
        case_note_id: id.unwrap_or_else(|| next_id(known.iter().map(|note| note.case_note_id), FIRST)),
        person_id: 0,
        note_type: "NOTE".to_owned(),
        title: "A note".to_owned(),
        contact_date: moment.chars().take("2026-11-25".len()).collect(),
        body: String::new(),
        status: NoteStatus::Complete,
        created_at: moment,
        alert_recipients: Vec::new(),
    }
}
