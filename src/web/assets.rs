//! The style sheet and the script: our own, in the program, under addresses that change when they do.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::PageFailure;
use super::asked::Path;
use crate::domain::hexadecimal;

const STYLE: &str = include_str!("assets/tessera.css");
const SCRIPT: &str = include_str!("assets/tessera.js");
/// A tile, as the favourite icon.
const ICON: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><path fill=\"#1d70b8\" d=\"M0 0h5v5H0z\"/>\
                    <path fill=\"#00703c\" d=\"M5.6 0H8v8H0V5.6h5.6z\"/></svg>";

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let digest = Sha256::new().chain_update(STYLE).chain_update(SCRIPT).chain_update(ICON).finalize();
    hexadecimal(digest.iter().take(6))
});

/// The address of one of them.
pub(super) fn address(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// One of them, for as long as a browser cares to keep it.
pub(super) async fn asset(Path((_, name)): Path<(String, String)>) -> Result<Response, PageFailure> {
    let (kind, text) = match name.as_str() {
        "tessera.css" => ("text/css; charset=utf-8", STYLE),
        "tessera.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "icon.svg" => ("image/svg+xml", ICON),
        _ => return Err(PageFailure::NotFound),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, text).into_response())
}
