//! A zip file, and what it is as a document of Office (ECMA-376, part 2): parts, and which of them is the main one.

use std::io::{Cursor, Read as _};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::{CompressionMethod, ZipArchive};

use super::docx::element;
use crate::domain::{DocumentTrouble, limit};

/// A zip file whose list of files has been read.
#[derive(Debug)]
pub(super) struct Package<'b> {
    archive: ZipArchive<Cursor<&'b [u8]>>,
    /// Bytes that may still be inflated.
    left: usize,
}

/// A file of a zip file, as its list has it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    /// Whether its name stays below the archive, and it is a file and no link.
    pub(super) is_enclosed: bool,
    pub(super) is_folder: bool,
    pub(super) is_locked: bool,
}

impl<'b> Package<'b> {
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, DocumentTrouble> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| DocumentTrouble::Broken)?;
        if archive.len() > limit::PACK_ZIP_MEMBERS_MAX {
            return Err(DocumentTrouble::TooLarge);
        }
        Ok(Self { archive, left: limit::PACK_INFLATED_BYTES_MAX })
    }

    pub(super) fn len(&self) -> usize {
        self.archive.len()
    }

    /// Whether more has been inflated than is sane.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.left == 0
    }

    /// What the list says of a file.
    pub(super) fn member(&mut self, at: usize) -> Result<Member, DocumentTrouble> {
        let entry = self.archive.by_index_raw(at).map_err(|_| DocumentTrouble::Broken)?;
        Ok(Member {
            name: entry.name().map(std::borrow::Cow::into_owned).unwrap_or_default(),
            is_enclosed: entry.enclosed_name().is_some() && !entry.is_symlink(),
            is_folder: entry.is_dir(),
            is_locked: entry.encrypted(),
        })
    }

    /// A file's bytes. One that grows beyond all measure is refused as it grows, whatever its header says.
    pub(super) fn inflated(&mut self, at: usize) -> Result<Vec<u8>, DocumentTrouble> {
        let method = self.archive.by_index_raw(at).map(|entry| entry.compression());
        if !matches!(method, Ok(CompressionMethod::Stored | CompressionMethod::Deflated)) {
            return Err(if method.is_ok() { DocumentTrouble::Unsupported } else { DocumentTrouble::Broken });
        }
        let member = self.archive.by_index(at).map_err(|_| DocumentTrouble::Broken)?;
        let by_ratio = usize::try_from(member.compressed_size().saturating_mul(limit::INFLATION_RATIO_MAX));
        let free = usize::try_from(limit::INFLATED_BYTES_FREE).unwrap_or(usize::MAX);
        let most = by_ratio.unwrap_or(usize::MAX).max(free).min(limit::PACK_FILE_BYTES_MAX).min(self.left);
        let mut bytes = Vec::new();
        let read = member.take(u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes);
        self.left = self.left.saturating_sub(bytes.len());
        match read {
            Ok(_) if bytes.len() > most => Err(DocumentTrouble::TooLarge),
            Ok(_) => Ok(bytes),
            Err(_) => Err(DocumentTrouble::Broken),
        }
    }

    /// A part by its name; `None` where there is none.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, DocumentTrouble> {
        let Some(at) = self.names().position(|own| own == name.to_ascii_lowercase()) else { return Ok(None) };
        self.inflated(at).map(Some)
    }

    /// Whether there is a part of that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|own| own == name.to_ascii_lowercase())
    }

    /// Whether there is a part below one of these folders.
    pub(super) fn has_below(&self, folders: &[&str]) -> bool {
        self.names().any(|own| folders.iter().any(|folder| own.starts_with(folder)))
    }

    /// Whether it is a document of Office at all.
    pub(super) fn is_of_office(&self) -> bool {
        self.has("[content_types].xml")
    }

    /// Whether it holds a program: by the names of its parts, or by what it says that they are.
    pub(super) fn has_macro(&mut self) -> bool {
        let by_name = self.names().any(|name| name.ends_with("vbaproject.bin") || name.contains("/macrosheets/"));
        let types = self.part("[content_types].xml").ok().flatten().unwrap_or_default().to_ascii_lowercase();
        // A binary workbook says that it may hold one, whether it does or not.
        let types = String::from_utf8_lossy(&types).replace("binary.macroenabled", "");
        by_name || types.contains("macroenabled") || types.contains("vbaproject")
    }

    /// The name of the part that the document begins with.
    pub(super) fn main_part(&mut self) -> String {
        let relations = self.part("_rels/.rels").ok().flatten();
        let target = relations.and_then(|relations| main_target(&relations));
        let usual = ["word/document.xml", "xl/workbook.xml"].into_iter().find(|part| self.has(part));
        target.filter(|target| self.has(target)).unwrap_or_else(|| usual.unwrap_or_default().to_owned())
    }

    /// A property of the document: `title`, `modified` …
    pub(super) fn property(&mut self, name: &str) -> Option<String> {
        let part = if name == "Pages" { "docprops/app.xml" } else { "docprops/core.xml" };
        element(&self.part(part).ok()??, name)
    }

    /// Whether all its parts together stay within measure: asked before somebody else inflates them.
    pub(super) fn is_sane(&mut self) -> Result<(), DocumentTrouble> {
        for at in 0..self.len() {
            match self.inflated(at) {
                Err(DocumentTrouble::TooLarge) => return Err(DocumentTrouble::TooLarge),
                Ok(_) | Err(_) if self.is_exhausted() => return Err(DocumentTrouble::TooLarge),
                Ok(_) | Err(_) => {}
            }
        }
        self.left = limit::PACK_INFLATED_BYTES_MAX;
        Ok(())
    }

    /// Names in the order of the list, in small letters; some writers use the other slash.
    fn names(&self) -> impl Iterator<Item = String> {
        let names = self.archive.file_names().map(|name| name.unwrap_or_default());
        names.map(|name| name.replace('\\', "/").to_ascii_lowercase())
    }
}

/// Where the relations of a package say that its document is.
fn main_target(relations: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(relations);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).ok()? {
            Event::Start(element) | Event::Empty(element) => {
                let value = |name: &str| {
                    let attribute = element.try_get_attribute(name).ok()??;
                    Some(attribute.value.to_string())
                };
                if value("Type").is_some_and(|kind| kind.ends_with("/officeDocument")) {
                    return value("Target").map(|target| target.trim_start_matches('/').to_ascii_lowercase());
                }
            }
            Event::Eof => return None,
            _ => {}
        }
        buffer.clear();
    }
}
