//! What the stand-in did with each request, for whoever wants to know why.

use std::collections::VecDeque;

use axum::extract::{MatchedPath, Request};
use axum::http::header::HOST;
use serde::Serialize;

use super::asked::key;
use super::fault::{FaultKind, FaultOperation};
use super::office::{Office, locked};

/// Requests that are remembered: the oldest is forgotten for a newer one.
const ENTRIES_MAX: usize = 10_000;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StandInLogged {
    /// Counts the requests, from 1, in the order in which their fates were decided.
    pub number: u64,
    /// When, by the stand-in's clock.
    pub at: String,
    /// What was asked for.
    pub operation: Option<FaultOperation>,
    /// The method.
    pub method: String,
    /// The host that was asked: one that is not the address of the stand-in was come to by a redirect.
    pub host: Option<String>,
    /// The path.
    pub path: String,
    /// The key of a write.
    pub key: Option<String>,
    /// How the stand-in misbehaved.
    pub fault: Option<FaultKind>,
    /// The status that was answered; none if the connection was cut, or nothing is answered yet.
    pub status: Option<u16>,
    /// The status that the write had when it was done, where it was done after its answer.
    pub late_status: Option<u16>,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<StandInLogged>,
    last: u64,
}

impl Journal {
    /// Enters a request whose answer is not known yet. Returns its number.
    pub(super) fn enter(&mut self, entry: StandInLogged) -> u64 {
        if self.entries.len() >= ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.last += 1;
        self.entries.push_back(StandInLogged { number: self.last, ..entry });
        self.last
    }

    pub(super) fn entry(&mut self, number: u64) -> Option<&mut StandInLogged> {
        self.entries.iter_mut().rev().find(|entry| entry.number == number)
    }

    /// What is remembered, and how many older entries are forgotten.
    pub(super) fn read(&self) -> (Vec<StandInLogged>, u64) {
        let remembered = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        (self.entries.iter().cloned().collect(), self.last.saturating_sub(remembered))
    }
}

impl StandInLogged {
    /// A request of which nothing is decided yet.
    pub(super) fn of(request: &Request, office: &Office) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        Self {
            number: 0,
            at: office.moment(),
            operation: route.and_then(|route| FaultOperation::of(request.method(), route.as_str())),
            method: request.method().to_string(),
            host: request.headers().get(HOST).and_then(|host| host.to_str().ok()).map(ToOwned::to_owned),
            path: request.uri().path().to_owned(),
            key: key(request.headers()),
            fault: None,
            status: None,
            late_status: None,
        }
    }
}

impl Office {
    /// Enters a request that came without a token that is good.
    pub(super) fn log_refused(&self, request: &Request) {
        let entry = StandInLogged { status: Some(401), ..StandInLogged::of(request, self) };
        locked(&self.journal).enter(entry);
    }
}
