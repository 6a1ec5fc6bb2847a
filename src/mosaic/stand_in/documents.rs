//! Documents: listed, added, downloaded.

use std::path::Path;
use std::sync::Arc;

use axum::Json;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::asked::{Ids, Listing, key};
use super::count::{Written, WrittenKind};
use super::office::{Office, locked};
use super::problem::Problem;
use super::record::{documents_folder, next_id, write_whole};

/// The id of the first document.
const FIRST: u64 = 7_001;

/// Characters of a document's name: Mosaic cuts what is longer, and says nothing.
const NAME_CHARS_MAX: usize = 80;

/// What a document may be, by the end of its file's name.
const EXTENSIONS: &[&str] = &[
    "bmp", "csv", "doc", "docx", "eml", "gif", "jpeg", "jpg", "msg", "odp", "ods", "odt", "pdf", "png", "ppt", "pptx",
    "rtf", "tif", "tiff", "txt", "xls", "xlsx",
];

/// A document on a person's record. Its file lies beside the records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    pub(super) document_id: u64,
    pub(super) person_id: u64,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) category: Option<String>,
    pub(super) file_name: String,
    pub(super) size: usize,
    pub(super) created_at: String,
}

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
    listing: Listing,
) -> Result<Json<Value>, Problem> {
    let records = locked(&office.records);
    records.person(person)?;
    let documents = records.documents.iter();
    let documents = documents.filter(|one| one.person_id == person && listing.wants(&one.created_at));
    Ok(listing.page(format_args!("/api/persons/{person}/documents"), documents))
}

#[derive(Deserialize)]
struct Metadata {
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    category: Option<String>,
}

/// What was sent: what the document is called, and its file.
struct Parts {
    metadata: Metadata,
    file_name: String,
    bytes: Vec<u8>,
}

pub(super) async fn add(
    State(office): State<Arc<Office>>,
    Ids(person): Ids<u64>,
    headers: HeaderMap,
    multipart: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Response, Problem> {
    let multipart = multipart.map_err(|rejection| Problem::new(rejection.status(), "unfit", rejection.body_text()))?;
    let parts = parts(multipart).await?;
    let (key, created_at) = (office.honoured(key(&headers)), office.moment());
    let folder = documents_folder(&office.path);
    let answer = office.change(|records| {
        records.writable(person)?;
        let file_name = fit(&parts)?;
        records.unused(key.as_deref())?;
        let document = Document {
            document_id: next_id(records.documents.iter().map(|one| one.document_id), FIRST),
            person_id: person,
            title: cut(&parts.metadata.title),
            description: parts.metadata.description.trim().to_owned(),
            category: parts.metadata.category,
            file_name,
            size: parts.bytes.len(),
            created_at,
        };
        // The file before the record of it: a file without one harms nobody.
        keep(&folder, document.document_id, &parts.bytes).map_err(|error| Office::not_kept(&error))?;
        let answer = json!({
            "documentId": document.document_id, "personId": person, "createdAt": document.created_at,
        });
        let text = format!("{}\n{}", document.title, document.description);
        records.done(key.as_deref(), document.document_id, Written::new(WrittenKind::Document, person, &text));
        records.documents.push(document);
        Ok(answer)
    })?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn parts(mut multipart: Multipart) -> Result<Parts, Problem> {
    let broken = |error: MultipartError| Problem::new(error.status(), "unfit", error.body_text());
    let (mut metadata, mut file) = (None, None);
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        match field.name() {
            Some("metadata") => {
                let text = field.bytes().await.map_err(broken)?;
                let read = serde_json::from_slice(&text);
                metadata = Some(read.map_err(|error| Problem::unfit(format!("`metadata`: {error}")))?);
            }
            Some("file") => {
                let file_name = field_file_name(&field)?;
                file = Some((file_name, field.bytes().await.map_err(broken)?.to_vec()));
            }
            _ => return Err(Problem::unfit("the parts are `metadata` and `file`")),
        }
    }
    let metadata = metadata.ok_or_else(|| Problem::unfit("there is no part `metadata`"))?;
    let (file_name, bytes) = file.ok_or_else(|| Problem::unfit("there is no part `file`"))?;
    Ok(Parts { metadata, file_name, bytes })
}

/// The last part of the file's name, whatever folder was named with it.
fn field_file_name(field: &Field<'_>) -> Result<String, Problem> {
    let whole = field.file_name().unwrap_or("");
    let name = whole.rsplit(['/', '\\']).next().unwrap_or("").trim();
    if name.is_empty() { Err(Problem::unfit("the file has no name")) } else { Ok(name.to_owned()) }
}

/// The file's name as it is kept, if the document is one that Mosaic takes.
fn fit(parts: &Parts) -> Result<String, Problem> {
    if parts.metadata.title.trim().is_empty() {
        return Err(Problem::unfit("the title is empty"));
    }
    if parts.bytes.is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "empty-file", "the file has zero bytes"));
    }
    let extension = Path::new(&parts.file_name).extension().and_then(|extension| extension.to_str());
    let extension = extension.unwrap_or("").to_ascii_lowercase();
    if !EXTENSIONS.contains(&extension.as_str()) {
        let detail = format!("files are of the kinds: {}", EXTENSIONS.join(", "));
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "extension", detail));
    }
    Ok(cut(&parts.file_name))
}

fn cut(name: &str) -> String {
    name.trim().chars().take(NAME_CHARS_MAX).collect::<String>().trim_end().to_owned()
}

fn keep(folder: &Path, id: u64, bytes: &[u8]) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)?;
    write_whole(&folder.join(id.to_string()), &folder.join(format!("{id}.new")), bytes)
}

/// Gives a document's file to the browser, as something to keep and not to show.
pub(super) async fn download(State(office): State<Arc<Office>>, Ids(id): Ids<u64>) -> Result<Response, Problem> {
    let name = {
        let records = locked(&office.records);
        let document = records.documents.iter().find(|one| one.document_id == id);
        document.ok_or_else(|| Problem::absent("document"))?.file_name.clone()
    };
    let path = documents_folder(&office.path).join(id.to_string());
    let bytes = tokio::fs::read(path).await.map_err(|_| Problem::absent("file of this document"))?;
    let plain = |character: char| character.is_ascii_alphanumeric() || "._- ".contains(character);
    let name: String = name.chars().map(|character| if plain(character) { character } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(title: &str, file_name: &str, bytes: &[u8]) -> Parts {
        let metadata = Metadata { title: title.into(), description: String::new(), category: None };
        Parts { metadata, file_name: file_name.into(), bytes: bytes.to_vec() }
    }

    #[test]
    fn names_are_cut_like_mosaic_cuts_them() {
        assert_eq!(cut(" Minutes "), "Minutes");
        assert_eq!(cut(&"é".repeat(90)).chars().count(), 80);
        assert_eq!(cut(&format!("{} tail", "a".repeat(79))), "a".repeat(79));
    }

    #[test]
    fn only_documents_of_known_kinds_with_something_in_them_are_taken() {
        let kind = |parts: Parts| fit(&parts).map_err(|problem| problem.kind);
        assert_eq!(kind(parts("Minutes", "minutes.PDF", b"%PDF")), Ok("minutes.PDF".to_owned()));
        assert_eq!(kind(parts("Minutes", "minutes.exe", b"MZ")), Err("extension"));
        assert_eq!(kind(parts("Minutes", "minutes", b"x")), Err("extension"));
        assert_eq!(kind(parts("Minutes", "minutes.pdf", b"")), Err("empty-file"));
        assert_eq!(kind(parts(" ", "minutes.pdf", b"x")), Err("unfit"));
    }
}
