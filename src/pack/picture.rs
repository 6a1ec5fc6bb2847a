//! Pictures: nothing in them can be searched, but a broken one can be told.

use imagesize::{ImageType, blob_size, image_type};

use super::Contents;
use crate::domain::DocumentTrouble;

/// Width and height of what is a decoration and no paper: the logo below a signature.
const DECORATION_PIXELS_MAX: usize = 200;

/// Whether the bytes begin as a picture does that a camera, a scanner or an office makes.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    matches!(
        image_type(bytes),
        Ok(ImageType::Jpeg
            | ImageType::Png
            | ImageType::Gif
            | ImageType::Tiff
            | ImageType::Bmp
            | ImageType::Webp
            | ImageType::Heif(_))
    )
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

/// Whether it is a picture that is too small to be a paper.
pub(super) fn is_decoration(bytes: &[u8]) -> bool {
    is_picture(bytes) && blob_size(bytes).is_ok_and(|size| size.width.min(size.height) <= DECORATION_PIXELS_MAX)
}
