//! What was filled in: a workbook or a page. The checks are the same; what to do about what is wrong is not.

use crate::diagnostic::Place;
use crate::domain::{PersonId, SubmissionId};

/// What was filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// A workbook, which is loaded as a file.
    Workbook,
    /// A page, which is saved.
    Page,
}

impl Medium {
    /// One wording for a workbook, the other for a page.
    fn say(self, workbook: &str, page: &str) -> String {
        (match self {
            Self::Workbook => workbook,
            Self::Page => page,
        })
        .to_owned()
    }

    /// What to do where a row does not say whose it is.
    pub(super) fn anew(self) -> String {
        self.say("make the workbook anew and copy the decisions into it", "open the page again and fill it in there")
    }

    /// What is wrong where a row names a request that is not known here, and what to do.
    pub(super) fn no_request(self, id: &SubmissionId) -> (String, String) {
        match self {
            Self::Workbook => (format!("there is no request {id}"), self.anew()),
            Self::Page => (
                format!("the request {id} is not on the list of this sitting"),
                "open the page again: the request may be expected at another sitting now".to_owned(),
            ),
        }
    }

    /// What to do where fields are filled in without a decision.
    pub(super) fn choose(self) -> String {
        self.say(
            "choose from the list, or empty the whole row",
            "choose a decision, or leave everything empty for this child",
        )
    }

    /// What is wrong with a text that no cell holds, and what to do.
    pub(super) fn too_long(self, title: &str, chars_max: usize) -> (String, &'static str) {
        match self {
            Self::Workbook => (
                format!("what stands under “{title}” fills the cell, so that its end may be missing"),
                "shorten it, or put a part of it under another heading",
            ),
            Self::Page => (
                format!("what stands under “{title}” is too long: at most {} characters", chars_max - 1),
                "shorten it, or put a part of it under another heading",
            ),
        }
    }

    /// What to do where the sitting is still to come.
    pub(super) fn ahead(self) -> String {
        self.say(
            "look whether it is the right workbook before anything is approved",
            "look whether it is the right sitting before anything is approved",
        )
    }

    /// What to do where the same was turned down before.
    pub(super) fn turned_down(self) -> String {
        self.say("correct the row and load the workbook again", "correct it and save again")
    }

    /// What a person should know where nothing is filled in and something is recorded, and what to do.
    pub(super) fn emptied(self, id: &SubmissionId, revision: u32) -> (String, String) {
        match self {
            Self::Workbook => (
                format!("the row is empty, and revision {revision} of its outcome stands all the same"),
                format!("to take it back before it is approved: `tessera outcomes reject {id} --reason …`"),
            ),
            Self::Page => (
                format!("nothing is filled in, and revision {revision} of the outcome stands all the same"),
                "to take it back before it is approved, turn it down where outcomes are approved".to_owned(),
            ),
        }
    }

    /// What is wrong where a child stands there twice, and what to do.
    pub(super) fn twice(self, first: &Place) -> (String, String) {
        match self {
            Self::Workbook => (
                format!("the request stands in the workbook twice: {first} is about the same child"),
                "leave one row for each request and child".to_owned(),
            ),
            Self::Page => {
                ("the request and the child stand on the page twice".to_owned(), "open the page again".to_owned())
            }
        }
    }

    /// What is wrong where a child of a request is left out, and what to do.
    pub(super) fn left_out(self, person: PersonId) -> (String, String) {
        let help = self.say(
            "decide for each child of the request, or empty all of its rows",
            "decide for each child of the request, or for none of them",
        );
        (format!("the request is about person {person} as well, and nothing is decided for that child"), help)
    }

    /// That a row waits for another of its request, and what to do.
    pub(super) fn held_back(self, because: &Place) -> (String, String) {
        match self {
            Self::Workbook => (
                format!("this row is right, and is held back because of {because}: a request is taken as a whole"),
                format!("mend {because} and load the workbook again"),
            ),
            Self::Page => (
                format!("this is right, and is held back because of {because}: a request is taken as a whole"),
                format!("correct {because} and save again"),
            ),
        }
    }
}
