//! The rules, each in a file of its own: a `mod` line and an entry here.

mod wording;

mod answer_invalid;
mod answer_missing;
mod answer_truncated;
mod approval_after_cutoff;
mod approval_missing;
mod approval_wrong_role;
mod below_threshold;
mod document_duplicate;
mod document_empty;
mod document_encrypted;
mod document_kind_unclear;
mod document_missing;
mod document_stale;
mod document_too_long;
mod document_undated;
mod document_unreadable;
mod document_wrong_child;
mod duplicate_request;
mod fact_contradicted;
mod fact_unknown;
mod late_submission;
mod not_required;
mod outside_sittings;
mod request_kind_unknown;
mod retrospective_due;
mod retrospective_overdue;
mod sitting_cancelled;
mod slot_unavailable;
mod unmapped_question;
mod wrong_panel;

use super::Case;
use crate::domain::Finding;

/// A rule: its code, what it means, and how it is found.
pub(super) struct Rule {
    /// The stable code, which is the name of its file.
    pub(super) code: &'static str,
    /// What `tessera explain` prints.
    pub(super) explanation: &'static str,
    /// Adds what it finds.
    pub(super) find: fn(&Case<'_>, &mut Vec<Finding>),
}

/// Every rule, in order of code.
pub(super) const RULES: &[&Rule] = &[
    &answer_invalid::RULE,
    &answer_missing::RULE,
    &answer_truncated::RULE,
    &approval_after_cutoff::RULE,
    &approval_missing::RULE,
    &approval_wrong_role::RULE,
    &below_threshold::RULE,
    &document_duplicate::RULE,
    &document_empty::RULE,
    &document_encrypted::RULE,
    &document_kind_unclear::RULE,
    &document_missing::RULE,
    &document_stale::RULE,
    &document_too_long::RULE,
    &document_undated::RULE,
    &document_unreadable::RULE,
    &document_wrong_child::RULE,
    &duplicate_request::RULE,
    &fact_contradicted::RULE,
    &fact_unknown::RULE,
    &late_submission::RULE,
    &not_required::RULE,
    &outside_sittings::RULE,
    &request_kind_unknown::RULE,
    &retrospective_due::RULE,
    &retrospective_overdue::RULE,
    &sitting_cancelled::RULE,
    &slot_unavailable::RULE,
    &unmapped_question::RULE,
    &wrong_panel::RULE,
];

/// Declares a rule. Its doc comment is its manual: rustdoc and `tessera explain` show the same text.
macro_rules! rule {
    ($(#[doc = $line:literal])+ $code:literal => $find:ident) => {
        $(#[doc = $line])+
        pub(super) static RULE: crate::check::rules::Rule =
            crate::check::rules::Rule { code: $code, explanation: concat!($($line, "\n"),+), find: $find };
    };
}
use rule;

/// The codes of all findings, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.code)
}

/// What a code means and what to do about it.
pub fn explain(code: &str) -> Option<String> {
    let rule = RULES.iter().find(|rule| rule.code == code)?;
    let lines = rule.explanation.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
    Some(lines.collect::<Vec<_>>().join("\n").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_the_name_of_its_file_and_says_what_to_do() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/rules");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = files.map(|file| file.trim_end_matches(".rs").replace('_', "-")).collect();
        names.retain(|name| name != "wording");
        names.sort();
        assert_eq!(names, codes().collect::<Vec<_>>());
        for code in codes() {
            assert!(explain(code).is_some_and(|text| text.contains("What to do:")), "{code}");
        }
    }
}
