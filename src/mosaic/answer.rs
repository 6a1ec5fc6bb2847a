//! What an answer of Mosaic's web service means, by its status and its headers.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// What a status means for a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It was done.
    Done,
    /// It will not be done, now or later.
    Refused,
    /// It was surely not done and may be tried again.
    NotYet,
    /// We are not let in.
    NotLetIn,
    /// Nobody knows.
    Unknown,
}

/// What a status means for a write (DESIGN section 8).
pub(super) fn meaning(status: StatusCode) -> Meaning {
    match status.as_u16() {
        200..=299 => Meaning::Done,
        401 => Meaning::NotLetIn,
        400 | 403 | 404 | 405 | 406 | 410 | 413 | 414 | 415 | 422 => Meaning::Refused,
        // Changed since it was read; checked out by somebody; too many requests.
        412 | 423 | 429 => Meaning::NotYet,
        // 409 to a note: it is there already, or on its way. 408 and 5xx: it may have been done.
        _ => Meaning::Unknown,
    }
}

/// How long the service asks to be left alone: seconds, or a date (RFC 9110, section 10.2.3). Nought, what is past
/// and what cannot be read count as nothing said.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds)).filter(|wait| !wait.is_zero());
    }
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(until.duration_since(now)).ok().filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_surely_was_not_done_is_tried_again_unread() {
        let meanings = [
            (201, Meaning::Done),
            (301, Meaning::Unknown),
            (401, Meaning::NotLetIn),
            (403, Meaning::Refused),
            (404, Meaning::Refused),
            (408, Meaning::Unknown),
            (409, Meaning::Unknown),
            (410, Meaning::Refused),
            (412, Meaning::NotYet),
            (422, Meaning::Refused),
            (423, Meaning::NotYet),
            (429, Meaning::NotYet),
            (500, Meaning::Unknown),
            (503, Meaning::Unknown),
        ];
        for (status, wanted) in meanings {
            assert_eq!(meaning(StatusCode::from_u16(status).unwrap()), wanted, "{status}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_garbage_is_nothing() {
        let now: Timestamp = "2026-11-27T09:00:00Z".parse().unwrap();
        let said = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(said("5"), Some(5));
        assert_eq!(said("Fri, 27 Nov 2026 09:01:00 GMT"), Some(60));
        for nothing in ["0", "-3", "soon", "Fri, 27 Nov 2026 08:00:00 GMT"] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
    }
}
