//! Pictures: nothing in them can be searched, but a broken one can be told.

use imagesize::{ImageType, blob_size, image_type};

use super::Contents;
use crate::domain::DocumentTrouble;

/// Whether the bytes begin as a picture does.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    image_type(bytes).is_ok()
}

/// Reads a picture: one page that only a person can read.
pub(super) fn read(name: &str, bytes: &[u8]) -> Contents {
    let is_whole = match image_type(bytes) {
        Ok(ImageType::Jpeg) => memchr::memmem::rfind(bytes, b"\xFF\xD9").is_some(),
        Ok(ImageType::Png) => memchr::memmem::rfind(bytes, b"IEND").is_some(),
        _ => true,
    };
    let trouble = if is_whole && blob_size(bytes).is_ok() { DocumentTrouble::Scanned } else { DocumentTrouble::Broken };
    Contents { trouble: Some(trouble), pages: Some(1), ..Contents::of(name, bytes) }
}
