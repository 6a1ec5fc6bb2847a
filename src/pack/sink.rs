//! Where the documents of a file go, one by one: a file that holds others is many documents, and each may be the last.

use super::Contents;

/// What happens on the way through a file.
#[derive(Debug)]
pub(super) enum Step<'n> {
    /// A document of this name is about to be opened.
    Opening(&'n str),
    /// It has been opened.
    Opened(Box<Contents>),
}

/// Takes the documents of a file.
pub(super) struct Sink<'s> {
    /// Documents that need not be opened: an earlier process has.
    passed_over: usize,
    take: &'s mut dyn FnMut(Step<'_>),
}

impl std::fmt::Debug for Sink<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sink").field("passed_over", &self.passed_over).finish_non_exhaustive()
    }
}

impl<'s> Sink<'s> {
    pub(super) fn new(passed_over: usize, take: &'s mut dyn FnMut(Step<'_>)) -> Self {
        Self { passed_over, take }
    }

    /// Opens a document, unless that has been done.
    pub(super) fn document(&mut self, name: &str, open: impl FnOnce() -> Contents) {
        if let Some(left) = self.passed_over.checked_sub(1) {
            self.passed_over = left;
            return;
        }
        (self.take)(Step::Opening(name));
        (self.take)(Step::Opened(Box::new(open())));
    }
}
