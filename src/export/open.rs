//! From a file to the exports in it: capped, unwrapped from gzip and zip, and known by content rather than by name.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::Crc;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipArchive};

use crate::diagnostic::Place;
use crate::domain::{Reason, Trouble, limit};
use crate::log;

/// One export inside a file: the file itself, or one member of a zip, which is named `a.zip/inner.csv`.
#[derive(Debug, Clone)]
pub struct Part {
    name: Arc<str>,
    path: PathBuf,
    wrapping: Wrapping,
    bytes: u64,
}

#[derive(Debug, Clone)]
enum Wrapping {
    /// The file as it is, or gzip.
    Alone,
    Member(Member),
}

#[derive(Debug, Clone)]
struct Member {
    start: u64,
    compressed: u64,
    size: u64,
    crc: u32,
    deflated: bool,
}

/// What a part holds, by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Xml,
    Delimited,
    Workbook,
}

/// Something that can be read here and there: what a workbook needs.
pub(super) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Bytes of a part, unwrapped.
pub(super) type Source = Box<dyn Read + Send>;

/// Bytes of the file on disk that a reader has come through, for a progress bar.
pub(super) type Progress = Arc<AtomicU64>;

/// The exports of a file, and what is wrong with those that cannot be opened.
///
/// The file is looked into only as far as is needed to tell what it is; a file that cannot be opened at all is one
/// trouble about [`Place::Whole`].
pub fn parts(path: &Path) -> (Vec<Part>, Vec<Trouble>) {
    let (parts, troubles) = find_parts(path).unwrap_or_else(|trouble| (Vec::new(), vec![trouble]));
    log::debug!("A file was opened.", exports = parts.len(), troubles = troubles.len());
    for part in &parts {
        log::trace!("An export was this large, as it is wrapped.", bytes = part.bytes);
    }
    (parts, troubles)
}

/// The SHA-256 of a file as it lies on disk, wrapped or not: what `sha256sum` prints.
///
/// # Errors
/// Whatever the disk says.
pub fn fingerprint(path: &Path) -> io::Result<[u8; 32]> {
    let mut digest = Sha256::new();
    let mut file = File::open(path)?;
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block) {
            Ok(0) => break,
            Ok(read) => digest.update(block.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(digest.finalize().into())
}

impl Part {
    /// The export's name, without the folders above the file.
    pub const fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Bytes of it on disk, wrapped as it is: what progress is counted against.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the part holds, by its content; its name is not looked at.
    pub(super) fn kind(&self) -> Result<Kind, Trouble> {
        let mut start = Vec::new();
        let source = self.source(&Progress::default())?;
        source.take(START_BYTES).read_to_end(&mut start).map_err(|error| io_trouble(&error, Place::Whole))?;
        match sniff(&start) {
            Sniffed::Xml => Ok(Kind::Xml),
            Sniffed::Text => Ok(Kind::Delimited),
            Sniffed::Zip => self.zip_kind(),
            Sniffed::Empty => Err(empty()),
            Sniffed::Compound => Err(self.compound()),
            Sniffed::Other(what) => Err(mistyped(what)),
        }
    }

    /// The bytes of the part, unwrapped and capped.
    pub(super) fn source(&self, progress: &Progress) -> Result<Source, Trouble> {
        self.try_source(progress).map_err(|error| io_trouble(&error, Place::Whole))
    }

    fn try_source(&self, progress: &Progress) -> io::Result<Source> {
        let mut file = File::open(&self.path)?;
        progress.store(0, Ordering::Relaxed);
        let counted = |file| Counted { file, read: Arc::clone(progress) };
        match &self.wrapping {
            Wrapping::Alone => {
                let mut magic = [0; 2];
                let gzip = file.read_exact(&mut magic).is_ok() && magic == GZIP;
                file.rewind()?;
                if !gzip {
                    return Ok(Box::new(counted(file)));
                }
                let inflated = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, counted(file)));
                Ok(Box::new(Capped::new(inflated, inflated_max(self.bytes))))
            }
            Wrapping::Member(member) => {
                file.seek(SeekFrom::Start(member.start))?;
                let stored = BufReader::with_capacity(1 << 16, counted(file).take(member.compressed));
                let inner: Source =
                    if member.deflated { Box::new(DeflateDecoder::new(stored)) } else { Box::new(stored) };
                let whole = Whole { inner, crc: Crc::new(), size: member.size, crc_wanted: member.crc };
                Ok(Box::new(Capped::new(whole, inflated_max(member.compressed))))
            }
        }
    }

    /// The bytes of the part for a workbook reader: the file itself, or memory where it is wrapped.
    pub(super) fn seekable(&self, progress: &Progress) -> Result<Box<dyn ReadSeek>, Trouble> {
        let trouble = |error: io::Error| io_trouble(&error, Place::Whole);
        if matches!(self.wrapping, Wrapping::Alone) {
            let mut file = File::open(&self.path).map_err(trouble)?;
            let mut magic = [0; 2];
            if file.read_exact(&mut magic).is_ok() && magic != GZIP {
                file.rewind().map_err(trouble)?;
                progress.store(0, Ordering::Relaxed);
                let counted = Counted { file, read: Arc::clone(progress) };
                return Ok(Box::new(BufReader::with_capacity(1 << 16, counted)));
            }
        }
        let mut bytes = Vec::new();
        let mut source = self.source(progress)?.take(limit::WRAPPED_WORKBOOK_BYTES_MAX + 1);
        let read = source.read_to_end(&mut bytes).map_err(trouble)?;
        if u64::try_from(read).unwrap_or(u64::MAX) > limit::WRAPPED_WORKBOOK_BYTES_MAX {
            let mib = limit::WRAPPED_WORKBOOK_BYTES_MAX >> 20;
            return Err(whole(
                Reason::TooLarge,
                format!("the wrapped workbook is larger than {mib} MiB"),
                "unwrap the workbook and import it as it is",
            ));
        }
        Ok(Box::new(Cursor::new(bytes)))
    }

    /// A zip that is the part itself: a workbook, or something that is not followed further.
    fn zip_kind(&self) -> Result<Kind, Trouble> {
        let archive = ZipArchive::new(self.seekable(&Progress::default())?).map_err(|error| zip_trouble(&error))?;
        if is_workbook(&archive) {
            return Ok(Kind::Workbook);
        }
        let word = archive.file_names_raw().any(|name| name.starts_with(b"word/"));
        Err(mistyped(if word { "a Word document" } else { "a zip file inside another" }))
    }

    /// An OLE compound file: a workbook locked with a password, or one of Excel's before 2007.
    fn compound(&self) -> Trouble {
        let mut bytes = Vec::new();
        let capped = self.source(&Progress::default()).map(|source| source.take(limit::WRAPPED_WORKBOOK_BYTES_MAX));
        let read = capped.map(|mut capped| capped.read_to_end(&mut bytes));
        let has = |name: &str| {
            let wanted: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            memchr::memmem::find(&bytes, &wanted).is_some()
        };
        if matches!(read, Ok(Ok(_))) && !has("EncryptedPackage") && (has("Workbook") || has("Book")) {
            return mistyped("a workbook of Excel 97 to 2003 (.xls)");
        }
        whole(
            Reason::FileEncrypted,
            "the file is locked with a password".to_owned(),
            "save the workbook without a password, or export it again, and import that file",
        )
    }
}

const START_BYTES: u64 = 4_096;
const GZIP: [u8; 2] = [0x1f, 0x8b];

enum Sniffed {
    Xml,
    Text,
    Zip,
    Empty,
    Compound,
    Other(&'static str),
}

/// Tells what a file is from how it begins.
fn sniff(start: &[u8]) -> Sniffed {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"%PDF", "a PDF"),
        (b"{\\rtf", "a rich text document"),
        (b"\x89PNG", "an image"),
        (b"\xff\xd8\xff", "an image"),
        (b"GIF8", "an image"),
        (b"7z\xbc\xaf", "a 7-Zip archive"),
        (b"Rar!", "a RAR archive"),
        (b"\x1f\x8b", "a gzip file inside another"),
        (b"SQLite format 3", "a database"),
    ];
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Sniffed::Other(what);
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return Sniffed::Zip;
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Sniffed::Compound;
    }
    let utf16 = super::text::looks_like_utf16(start).is_some();
    if !utf16 && start.contains(&0) {
        return Sniffed::Other("a binary file");
    }
    // NULs are dropped rather than decoded: only ASCII matters for what the text is.
    let ascii: Vec<u8> = start.iter().copied().filter(|byte| byte.is_ascii() && *byte != 0).collect();
    let text = ascii.trim_ascii_start();
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|head| head.eq_ignore_ascii_case(with));
    if text.is_empty() && start.iter().all(|byte| byte.is_ascii() || [0xef, 0xbb, 0xbf, 0xff, 0xfe].contains(byte)) {
        return Sniffed::Empty;
    }
    if begins(b"<!doctype html") || begins(b"<html") {
        return Sniffed::Other("a web page");
    }
    if begins(b"{") || begins(b"[{") {
        return Sniffed::Other("JSON");
    }
    if text.first() == Some(&b'<') { Sniffed::Xml } else { Sniffed::Text }
}

fn find_parts(path: &Path) -> Result<(Vec<Part>, Vec<Trouble>), Trouble> {
    let io = |error: io::Error| io_trouble(&error, Place::Whole);
    let mut file = File::open(path).map_err(io)?;
    let about = file.metadata().map_err(io)?;
    if !about.is_file() {
        return Err(unreadable("it is not a file"));
    }
    if about.len() == 0 {
        return Err(empty());
    }
    if about.len() > limit::EXPORT_BYTES_MAX {
        return Err(whole(
            Reason::TooLarge,
            format!("the file is larger than {} GiB", limit::EXPORT_BYTES_MAX >> 30),
            "export fewer submissions at a time",
        ));
    }
    let name: Arc<str> = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into();
    let mut magic = [0; 4];
    let zip = file.read_exact(&mut magic).is_ok() && &magic == b"PK\x03\x04";
    if zip {
        let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| zip_trouble(&error))?;
        if !is_workbook(&archive) {
            return members(&mut archive, path, &name);
        }
    }
    let part = Part { name, path: path.to_owned(), wrapping: Wrapping::Alone, bytes: about.len() };
    Ok((vec![part], Vec::new()))
}

fn is_workbook<R: Read + Seek>(archive: &ZipArchive<R>) -> bool {
    let named = |wanted: &[u8]| archive.file_names_raw().any(|name| name.eq_ignore_ascii_case(wanted));
    named(b"xl/workbook.xml") || named(b"xl\\workbook.xml")
}

/// The members of a zip. One that cannot be read is a trouble and the others go on; a climbing path or shared
/// bytes are never an accident, so the whole archive is left alone.
fn members(
    archive: &mut ZipArchive<BufReader<File>>,
    path: &Path,
    outer: &Arc<str>,
) -> Result<(Vec<Part>, Vec<Trouble>), Trouble> {
    if archive.len() > limit::ZIP_MEMBERS_MAX {
        return Err(hostile(format!("the zip has more than {} members", limit::ZIP_MEMBERS_MAX)));
    }
    if archive.has_overlapping_files().map_err(|error| zip_trouble(&error))? {
        return Err(hostile("members of the zip share the same bytes".to_owned()));
    }
    let (mut parts, mut troubles) = (Vec::new(), Vec::new());
    for index in 0..archive.len() {
        match member(archive, index, path, outer) {
            Ok(Some(part)) => parts.push(part),
            Ok(None) => {}
            Err(trouble) if trouble.reason == Reason::ArchiveHostile => return Err(trouble),
            Err(trouble) => troubles.push(trouble),
        }
    }
    if parts.is_empty() && troubles.is_empty() {
        return Err(empty());
    }
    Ok((parts, troubles))
}

fn member(
    archive: &mut ZipArchive<BufReader<File>>,
    index: usize,
    path: &Path,
    outer: &Arc<str>,
) -> Result<Option<Part>, Trouble> {
    let file = match archive.by_index_raw(index) {
        Ok(file) => file,
        Err(error) => return Err(zip_trouble(&error)),
    };
    let name = String::from_utf8_lossy(file.name_raw()).replace('\\', "/");
    if climbs(&name) || file.is_symlink() {
        return Err(hostile("a member's path climbs out of the zip".to_owned()));
    }
    let base = name.rsplit('/').next().unwrap_or_default();
    // What a Mac and Windows put beside the files of a folder holds nothing of the export.
    let litter = name.starts_with("__MACOSX/") || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&base);
    if file.is_dir() || base.is_empty() || litter {
        return Ok(None);
    }
    if file.encrypted() {
        return Err(whole(
            Reason::FileEncrypted,
            format!("`{name}` in the zip is locked with a password"),
            "zip the export without a password, or unzip it, and import that",
        ));
    }
    let deflated = match file.compression() {
        CompressionMethod::Stored => false,
        CompressionMethod::Deflated => true,
        other => {
            return Err(whole(
                Reason::FileMistyped,
                format!("`{name}` in the zip is compressed in a way that is not read ({other})"),
                "zip the export with the ordinary method (deflate), or unzip it, and import that",
            ));
        }
    };
    if file.size() > inflated_max(file.compressed_size()) {
        return Err(hostile(format!("`{name}` in the zip says that it grows beyond all measure")));
    }
    let Some(start) = file.data_start() else { return Err(unreadable("a member of the zip has no beginning")) };
    let (compressed, size, crc) = (file.compressed_size(), file.size(), file.crc32());
    let wrapping = Wrapping::Member(Member { start, compressed, size, crc, deflated });
    let name = Arc::from(format!("{outer}/{name}"));
    Ok(Some(Part { name, path: path.to_owned(), wrapping, bytes: compressed }))
}

fn climbs(name: &str) -> bool {
    name.contains('\0')
        || name.chars().nth(1) == Some(':')
        || Path::new(name).components().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir))
}

/// Bytes that something compressed to `compressed` bytes may grow to.
pub(super) fn inflated_max(compressed: u64) -> u64 {
    compressed.saturating_mul(limit::INFLATION_RATIO_MAX).max(limit::INFLATED_BYTES_FREE)
}

/// Counts what is read from the disk.
struct Counted {
    file: File,
    read: Progress,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(u64::try_from(read).unwrap_or(0), Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Stops what grows beyond all measure.
struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R> Capped<R> {
    const fn new(inner: R, left: u64) -> Self {
        Self { inner, left }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let count = u64::try_from(read).unwrap_or(u64::MAX);
        let Some(left) = self.left.checked_sub(count) else {
            return Err(io::Error::new(io::ErrorKind::QuotaExceeded, "the file grows beyond all measure"));
        };
        self.left = left;
        Ok(read)
    }
}

/// Sees that a zip member came out whole.
struct Whole {
    inner: Source,
    crc: Crc,
    size: u64,
    crc_wanted: u32,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.crc.update(buffer.get(..read).unwrap_or_default());
        if read == 0 && !buffer.is_empty() {
            if u64::from(self.crc.amount()) != self.size & 0xffff_ffff {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if self.crc.sum() != self.crc_wanted {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum does not agree"));
            }
        }
        Ok(read)
    }
}

/// What an error while reading means to somebody who has to mend it.
pub(super) fn io_trouble(error: &io::Error, place: Place) -> Trouble {
    let (reason, message, help) = match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            (Reason::FileTruncated, "the compressed file ends in the middle".to_owned(), AGAIN)
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            (Reason::FileTruncated, "the compressed file is damaged from here on".to_owned(), AGAIN)
        }
        io::ErrorKind::QuotaExceeded => {
            let grows = "the compressed file grows beyond all measure".to_owned();
            (Reason::ArchiveHostile, grows, "find out who made the file; do not open it elsewhere")
        }
        io::ErrorKind::FileTooLarge => {
            let endless = format!("one piece of the file is longer than {} MiB", limit::RECORD_BYTES_MAX >> 20);
            (Reason::TooLarge, endless, "look for an element or a comment that is never closed; export it again")
        }
        kind => {
            let help = "see that the file is there and that tessera may read it, then import it again";
            (Reason::FileUnreadable, format!("the file cannot be read: {kind}"), help)
        }
    };
    Trouble { place, reason, message, help: help.to_owned() }
}

/// What to do about a file that lost its end on the way.
pub(super) const AGAIN: &str = "export it again, wait until the export is finished, and import the new file";

fn zip_trouble(error: &zip::result::ZipError) -> Trouble {
    match error {
        zip::result::ZipError::Io(error) => io_trouble(error, Place::Whole),
        _ => whole(Reason::FileTruncated, "the zip or workbook is cut off or damaged".to_owned(), AGAIN),
    }
}

fn whole(reason: Reason, message: String, help: &str) -> Trouble {
    Trouble { place: Place::Whole, reason, message, help: help.to_owned() }
}

fn empty() -> Trouble {
    whole(Reason::FileEmpty, "the file has nothing in it".to_owned(), "see whether the export ran, and export it again")
}

fn unreadable(why: &str) -> Trouble {
    whole(Reason::FileUnreadable, format!("the file cannot be read: {why}"), "import the exported file itself")
}

fn hostile(message: String) -> Trouble {
    whole(Reason::ArchiveHostile, message, "find out who made the file; do not open it elsewhere")
}

fn mistyped(what: &str) -> Trouble {
    whole(
        Reason::FileMistyped,
        format!("the file is {what}, whatever its name says"),
        "export it as XML, CSV or XLSX and import that file",
    )
}
