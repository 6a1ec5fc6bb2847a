//! Opens a file that somebody else has written: what it is by its content, what wraps it, in which encoding it is,
//! and all of it under the limits.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;
use zip::result::ZipError;

use super::sniff::{Content, Text, sniff};
use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};

/// Bytes at the head of a file that say what it is.
const HEAD_BYTES: usize = 8 << 10;
const CHUNK_BYTES: usize = 64 << 10;

/// One export: a file, or a member of a zip.
#[derive(Debug, Clone)]
pub struct Part {
    name: Arc<str>,
    path: PathBuf,
    wrapping: Wrapping,
    content: Content,
    bytes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrapping {
    None,
    Gzip,
    Zip { index: usize },
}

/// Bytes that can be read from the start and from anywhere: what a workbook needs.
pub(super) trait Seekable: Read + Seek + Send {}
impl<T: Read + Seek + Send> Seekable for T {}

impl Part {
    /// The file's name; for a member of a zip `archive.zip/member.csv`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its size on disk; for a member of a zip, the size it says it grows to.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn content(&self) -> Content {
        self.content
    }

    /// The text of the part as UTF-8, whatever it is on disk.
    ///
    /// Without a mark or a declaration, text that is UTF-8 from end to end is UTF-8 and any other is Windows-1252,
    /// which is what Mosaic's databases hold on a UK server (mosaic.md, 1.5).
    pub(super) fn text(&self) -> Result<DecodedText, Trouble> {
        let text = match self.content {
            Content::Xml(text) | Content::Delimited(text) => text,
            Content::Workbook => return Err(self.trouble(Reason::FileMistyped, "a workbook is not text", MISTYPED)),
        };
        let failed = |error: io::Error| self.io_trouble(&error);
        let (encoding, damaged) = match text {
            Text::Marked(encoding) => (encoding, false),
            Text::Utf8 => (encoding_rs::UTF_8, !is_utf8(self.raw()?).map_err(failed)?),
            Text::Unknown if is_utf8(self.raw()?).map_err(failed)? => (encoding_rs::UTF_8, false),
            Text::Unknown => (encoding_rs::WINDOWS_1252, false),
        };
        Ok(DecodedText { reader: decode(self.raw()?, encoding), damaged })
    }

    /// The workbook's bytes.
    pub(super) fn workbook(&self) -> Result<Box<dyn Seekable>, Trouble> {
        if self.wrapping == Wrapping::None {
            let file = File::open(&self.path).map_err(|error| self.io_trouble(&error))?;
            return Ok(Box::new(BufReader::new(file)));
        }
        let mut bytes = Vec::new();
        let mut raw = self.raw()?.take(limit::WRAPPED_WORKBOOK_BYTES_MAX + 1);
        raw.read_to_end(&mut bytes).map_err(|error| self.io_trouble(&error))?;
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit::WRAPPED_WORKBOOK_BYTES_MAX {
            let help = "deliver the workbook unwrapped";
            return Err(self.trouble(Reason::TooLarge, "the wrapped workbook is too large to be unwrapped", help));
        }
        Ok(Box::new(Cursor::new(bytes)))
    }

    /// The part's bytes with the wrapping taken off.
    fn raw(&self) -> Result<Box<dyn Read + Send>, Trouble> {
        let failed = |error: io::Error| self.io_trouble(&error);
        let file = File::open(&self.path).map_err(failed)?;
        Ok(match self.wrapping {
            Wrapping::None => Box::new(file),
            Wrapping::Gzip => Box::new(Inflated::new(MultiGzDecoder::new(BufReader::new(file)), self.bytes)),
            Wrapping::Zip { index } => {
                let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| self.zip_trouble(&error))?;
                Box::new(ZipMember::open(archive, index).map_err(failed)?)
            }
        })
    }

    pub(super) fn trouble(&self, reason: Reason, message: impl Into<String>, help: &str) -> Trouble {
        trouble(reason, message, help)
    }

    /// What an error of reading means for the file.
    pub(super) fn io_trouble(&self, error: &io::Error) -> Trouble {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                trouble(Reason::FileTruncated, "the file is damaged or ends too early", AGAIN)
            }
            io::ErrorKind::FileTooLarge => {
                let help = "look at where the file comes from; a real export does not compress so well";
                trouble(Reason::ArchiveHostile, "the compressed file grows beyond all measure", help)
            }
            _ => trouble(
                Reason::FileTruncated,
                format!("the file cannot be read: {error}"),
                "look at the file and its disk",
            ),
        }
    }

    fn zip_trouble(&self, error: &ZipError) -> Trouble {
        zip_trouble(error)
    }
}

/// Text as UTF-8.
pub(super) struct DecodedText {
    /// The text.
    pub(super) reader: Box<dyn Read + Send>,
    /// Whether bytes that are not in the declared encoding stand in it, as U+FFFD.
    pub(super) damaged: bool,
}

const AGAIN: &str = "have the report run again and deliver the whole file";
const MISTYPED: &str = "deliver XML, CSV or XLSX, plain or in gzip or zip";

/// The exports in a file, and what in it is none.
///
/// What a file is, its content says and not its name: a workbook called `.csv` is read as a workbook.
pub fn parts(path: &Path) -> (Vec<Part>, Vec<Trouble>) {
    let name: Arc<str> = path.file_name().map_or_else(|| "?".into(), |name| name.to_string_lossy().into());
    match open(path, &name) {
        Ok(parts) => parts,
        Err(trouble) => (Vec::new(), vec![trouble]),
    }
}

fn open(path: &Path, name: &Arc<str>) -> Result<(Vec<Part>, Vec<Trouble>), Trouble> {
    let unreadable = |error: io::Error| {
        trouble(Reason::FileTruncated, format!("the file cannot be opened: {error}"), "look at who may read it")
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes = file.metadata().map_err(unreadable)?.len();
    if bytes > limit::EXPORT_BYTES_MAX {
        return Err(trouble(Reason::TooLarge, "the file is larger than an export can be", "split the report"));
    }
    let head = head_of(&mut file).map_err(unreadable)?;
    let whole =
        Part { name: name.clone(), path: path.to_owned(), wrapping: Wrapping::None, content: Content::Workbook, bytes };
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return zip_parts(&whole);
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        let gzip = Part { wrapping: Wrapping::Gzip, ..whole };
        let inner = head_of(&mut gzip.raw()?).map_err(|error| gzip.io_trouble(&error))?;
        let content = sniff(&inner, None)?;
        return Ok((vec![Part { content, ..gzip }], Vec::new()));
    }
    let content = sniff(&head, Some(path))?;
    Ok((vec![Part { content, ..whole }], Vec::new()))
}

fn zip_parts(whole: &Part) -> Result<(Vec<Part>, Vec<Trouble>), Trouble> {
    let file = File::open(&whole.path).map_err(|error| whole.io_trouble(&error))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| zip_trouble(&error))?;
    let holds = |wanted: &str| archive.file_names().flatten().any(|name| name.starts_with(wanted));
    if holds("[Content_Types].xml") {
        return match holds("xl/") {
            true => Ok((vec![whole.clone()], Vec::new())),
            false => Err(trouble(Reason::FileMistyped, "the file is an office document but no workbook", MISTYPED)),
        };
    }
    if archive.len() > limit::ZIP_MEMBERS_MAX {
        let help = "deliver at most a thousand files in a zip";
        return Err(trouble(Reason::TooLarge, "the zip has more members than an export can have", help));
    }
    let (mut parts, mut troubles) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        match zip_part(whole, &mut archive, index) {
            Ok(part) => parts.extend(part),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if parts.is_empty() && troubles.is_empty() {
        return Err(trouble(Reason::FileEmpty, "the zip has no file in it", AGAIN));
    }
    Ok((parts, troubles))
}

fn zip_part<R: Read + Seek>(whole: &Part, archive: &mut ZipArchive<R>, index: usize) -> Result<Option<Part>, Trouble> {
    let mut member = archive.by_index(index).map_err(|error| zip_trouble(&error))?;
    let member_name = member.name().map_err(|error| zip_trouble(&error))?.into_owned();
    if member.is_dir() || member_name.starts_with("__MACOSX/") {
        return Ok(None);
    }
    if member.enclosed_name().is_none() || member.is_symlink() {
        let help = "look at where the file comes from; no exporter writes such a name";
        return Err(trouble(Reason::ArchiveHostile, "a member of the zip points out of it", help));
    }
    let (name, bytes) = (format!("{}/{member_name}", whole.name), member.size());
    let ratio = bytes / member.compressed_size().max(1);
    if bytes > limit::EXPORT_BYTES_MAX || bytes > limit::INFLATED_BYTES_FREE && ratio > limit::INFLATION_RATIO_MAX {
        let help = "look at where the file comes from; a real export does not compress so well";
        return Err(trouble(Reason::ArchiveHostile, "a member of the zip grows beyond all measure", help));
    }
    let head = head_of(&mut member).map_err(|error| whole.io_trouble(&error))?;
    drop(member);
    let is_workbook = head.starts_with(b"PK\x03\x04");
    let content = if is_workbook { Content::Workbook } else { sniff(&head, None)? };
    let wrapping = Wrapping::Zip { index };
    Ok(Some(Part { name: name.into(), path: whole.path.clone(), wrapping, content, bytes }))
}

fn zip_trouble(error: &ZipError) -> Trouble {
    match error {
        ZipError::UnsupportedArchive(message) if message.contains("assword") => {
            trouble(Reason::FileEncrypted, "the zip is locked with a password", "deliver it without a password")
        }
        ZipError::UnsupportedArchive(_) => trouble(
            Reason::FileMistyped,
            "the zip is packed in a way that tessera does not read",
            "pack it with deflate",
        ),
        _ => trouble(Reason::FileTruncated, "the zip is damaged or ends too early", AGAIN),
    }
}

pub(super) fn trouble(reason: Reason, message: impl Into<String>, help: &str) -> Trouble {
    Trouble { place: Place::Whole, reason, message: message.into(), help: help.to_owned() }
}

/// The SHA-256 of a file as it lies on disk.
pub fn fingerprint(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(digest.finalize().into()),
            read => digest.update(chunk.get(..read).unwrap_or_default()),
        }
    }
}

fn head_of(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    reader.take(u64::try_from(HEAD_BYTES).unwrap_or(u64::MAX)).read_to_end(&mut head)?;
    Ok(head)
}

fn decode(raw: Box<dyn Read + Send>, encoding: &'static Encoding) -> Box<dyn Read + Send> {
    if encoding == encoding_rs::UTF_8 {
        // The decoder takes a mark off and replaces what is not UTF-8.
        return Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).bom_override(true).build(raw));
    }
    Box::new(DecodeReaderBytesBuilder::new().encoding(Some(encoding)).build(raw))
}

/// Whether all of it is UTF-8.
fn is_utf8(mut reader: Box<dyn Read + Send>) -> io::Result<bool> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut kept = 0;
    loop {
        let read = reader.read(chunk.get_mut(kept..).unwrap_or_default())?;
        if read == 0 {
            return Ok(kept == 0);
        }
        let filled = kept + read;
        match std::str::from_utf8(chunk.get(..filled).unwrap_or_default()) {
            Ok(_) => kept = 0,
            Err(error) if error.error_len().is_some() => return Ok(false),
            Err(error) => {
                // A character is cut at the end of the chunk: keep its beginning.
                chunk.copy_within(error.valid_up_to()..filled, 0);
                kept = filled - error.valid_up_to();
            }
        }
    }
}

/// Watches over what is unpacked: [`io::ErrorKind::FileTooLarge`] when it grows beyond all measure.
struct Inflated<R> {
    inner: R,
    unpacked: u64,
    unpacked_max: u64,
}

impl<R: Read> Inflated<R> {
    fn new(inner: R, packed: u64) -> Self {
        let unpacked_max = packed.saturating_mul(limit::INFLATION_RATIO_MAX).max(limit::INFLATED_BYTES_FREE);
        Self { inner, unpacked: 0, unpacked_max: unpacked_max.min(limit::EXPORT_BYTES_MAX) }
    }
}

impl<R: Read> Read for Inflated<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += u64::try_from(read).unwrap_or(u64::MAX);
        if self.unpacked > self.unpacked_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(read) }
    }
}

/// A member of a zip as a stream of its own: the zip crate's readers borrow from the archive, so the member is
/// unpacked by its place and method.
struct ZipMember {
    inner: Box<dyn Read + Send>,
}

impl ZipMember {
    fn open(mut archive: ZipArchive<BufReader<File>>, index: usize) -> io::Result<Self> {
        use std::io::SeekFrom;
        let (start, packed, size, crc, method) = {
            let member = archive.by_index_raw(index).map_err(io::Error::other)?;
            let start = member.data_start().ok_or(io::ErrorKind::InvalidData)?;
            (start, member.compressed_size(), member.size(), member.crc32(), member.compression())
        };
        let mut file = archive.into_inner();
        file.seek(SeekFrom::Start(start))?;
        let packed_bytes = file.take(packed);
        let unpacked: Box<dyn Read + Send> = match method {
            zip::CompressionMethod::Stored => Box::new(packed_bytes),
            _ => Box::new(flate2::read::DeflateDecoder::new(packed_bytes)),
        };
        let inner = Checked { inner: unpacked, crc: flate2::Crc::new(), wanted: (size, crc), read: 0 };
        Ok(Self { inner: Box::new(Inflated::new(inner, packed)) })
    }
}

impl Read for ZipMember {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

/// Proves size and checksum of a member when its end is reached.
struct Checked {
    inner: Box<dyn Read + Send>,
    crc: flate2::Crc,
    wanted: (u64, u32),
    read: u64,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.crc.update(buffer.get(..read).unwrap_or_default());
        self.read += u64::try_from(read).unwrap_or(u64::MAX);
        if read == 0 && !buffer.is_empty() && (self.read, self.crc.sum()) != self.wanted {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(read)
    }
}
