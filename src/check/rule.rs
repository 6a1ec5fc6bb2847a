//! What a rule is: what it finds, what that means for a request, and how it is said.

use super::{Case, Finding, Subject};

/// A rule: everything about a code that does not hang on what was found.
pub(super) struct Rule {
    /// What `tessera explain` prints.
    pub(super) explanation: &'static str,
    /// What its findings are about.
    pub(super) group: Group,
    /// What a finding that blocks says of the request.
    pub(super) effect: Effect,
    /// Whether the counts of what open requests lack name it.
    pub(super) is_counted: bool,
    /// Whether somebody may answer for it.
    pub(super) may_be_waived: bool,
    /// Whether it still blocks a request that the panel does not need.
    pub(super) outlasts_exemption: bool,
    /// Adds what it finds.
    pub(super) find: fn(&Case<'_>, &mut Vec<Finding>),
}

/// What the findings of a code are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// The answers of the form.
    Form,
    /// Who has approved.
    Approval,
    /// A document: how it stands in the list of papers, in words.
    Document {
        /// `missing`, `too old`.
        state: &'static str,
    },
    /// What is known of a fact.
    Fact,
    /// The sitting, and the way to it.
    Sitting,
    /// The request itself.
    Request,
}

/// What a finding that blocks says of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// That it lacks something.
    Lacks,
    /// That something is not known: nobody can say that the request lacks it.
    Asks,
    /// By when it came, which is nothing that it lacks.
    IsLate,
}

/// What a rule has found, of one request.
pub(super) trait Found {
    /// What tells it from others of its code and subject: a document, a person, a name of the panel's file. Never a
    /// sentence or a label, and nothing that is counted from the sitting.
    fn identity(&self) -> Vec<String>;

    /// What is wrong, in an administrator's words.
    fn message(&self, subject: &Subject) -> String;

    /// What to do, and who.
    fn help(&self, subject: &Subject) -> String;

    /// The message as it was worded when findings were sentences: waivers of that time hold it.
    ///
    /// Whoever rewords the message of a rule puts the old wording here.
    fn first_message(&self, subject: &Subject) -> String {
        self.message(subject)
    }

    /// Whether that wording named something that is counted from the sitting: then a waiver of that time was for the one
    /// sitting of which it was so.
    fn was_worded_for_sitting(&self) -> bool {
        false
    }
}

/// Declares a rule. Its doc comment is its manual: `tessera explain` and the pages show it.
macro_rules! rule {
    ($(#[doc = $line:literal])+ $($field:ident: $value:expr),+ $(,)?) => {
        pub(in crate::check) static RULE: crate::check::rule::Rule =
            crate::check::rule::Rule { explanation: concat!($($line, "\n"),+), $($field: $value),+ };
    };
}
pub(super) use rule;
