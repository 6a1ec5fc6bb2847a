//! How an operation lets whoever asked for it see that it goes on.

/// Somebody who watches: a progress bar, or nobody.
pub trait Progress {
    /// A piece of work begins; `total` in its own unit (bytes, requests), where it is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// So much of it is done.
    fn at(&self, done: u64);
    /// It is over.
    fn end(&self);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _: &str, _: Option<u64>) {}
    fn at(&self, _: u64) {}
    fn end(&self) {}
}
