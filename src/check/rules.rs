//! The registry of rules: a `mod` line and an entry for each, and everything that is made of the list.

mod document_found;
mod retrospect;
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

use serde::{Deserialize, Serialize};

use super::rule::{Effect, Found, Group, Rule};
use crate::domain::codes;

/// Makes of the list of rules what hangs on all of them.
macro_rules! rules {
    ($($code:literal => $name:ident($file:ident),)+) => {
        codes! {
            /// The code of a finding: the name of its rule's file.
            Code { $(#[doc = concat!("What `tessera explain ", $code, "` says.")] $name => $code,)+ }
        }

        /// What was found, by code.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "code", content = "detail")]
        pub enum Detail {
            $(#[doc = concat!("What the rule of `", $code, "` has found.")] #[serde(rename = $code)] $name($file::Detail),)+
        }

        $(impl From<$file::Detail> for Detail {
            fn from(found: $file::Detail) -> Self {
                Self::$name(found)
            }
        })+

        impl Code {
            const fn rule(self) -> &'static Rule {
                match self {
                    $(Self::$name => &$file::RULE,)+
                }
            }
        }

        impl Detail {
            /// The code.
            pub const fn code(&self) -> Code {
                match self {
                    $(Self::$name(_) => Code::$name,)+
                }
            }

            pub(super) fn found(&self) -> &dyn Found {
                match self {
                    $(Self::$name(found) => found,)+
                }
            }
        }
    };
}

rules! {
    "answer-invalid" => AnswerInvalid(answer_invalid),
    "answer-missing" => AnswerMissing(answer_missing),
    "answer-truncated" => AnswerTruncated(answer_truncated),
    "approval-after-cutoff" => ApprovalAfterCutoff(approval_after_cutoff),
    "approval-missing" => ApprovalMissing(approval_missing),
    "approval-wrong-role" => ApprovalWrongRole(approval_wrong_role),
    "below-threshold" => BelowThreshold(below_threshold),
    "document-duplicate" => DocumentDuplicate(document_duplicate),
    "document-empty" => DocumentEmpty(document_empty),
    "document-encrypted" => DocumentEncrypted(document_encrypted),
    "document-kind-unclear" => DocumentKindUnclear(document_kind_unclear),
    "document-missing" => DocumentMissing(document_missing),
    "document-stale" => DocumentStale(document_stale),
    "document-too-long" => DocumentTooLong(document_too_long),
    "document-undated" => DocumentUndated(document_undated),
    "document-unreadable" => DocumentUnreadable(document_unreadable),
    "document-wrong-child" => DocumentWrongChild(document_wrong_child),
    "duplicate-request" => DuplicateRequest(duplicate_request),
    "fact-contradicted" => FactContradicted(fact_contradicted),
    "fact-unknown" => FactUnknown(fact_unknown),
    "late-submission" => LateSubmission(late_submission),
    "not-required" => NotRequired(not_required),
    "outside-sittings" => OutsideSittings(outside_sittings),
    "request-kind-unknown" => RequestKindUnknown(request_kind_unknown),
    "retrospective-due" => RetrospectiveDue(retrospective_due),
    "retrospective-overdue" => RetrospectiveOverdue(retrospective_overdue),
    "sitting-cancelled" => SittingCancelled(sitting_cancelled),
    "slot-unavailable" => SlotUnavailable(slot_unavailable),
    "unmapped-question" => UnmappedQuestion(unmapped_question),
    "wrong-panel" => WrongPanel(wrong_panel),
}

impl Code {
    /// What it means and what to do about it: what `tessera explain` prints.
    pub fn explanation(self) -> String {
        let lines = self.rule().explanation.lines().map(|line| line.strip_prefix(' ').unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    /// What its findings are about.
    pub const fn group(self) -> Group {
        self.rule().group
    }

    /// What a finding of it that blocks says of the request.
    pub const fn effect(self) -> Effect {
        self.rule().effect
    }

    /// Whether the counts of what open requests lack name it.
    pub const fn is_counted(self) -> bool {
        self.rule().is_counted
    }

    /// Whether somebody may answer for it.
    pub const fn may_be_waived(self) -> bool {
        self.rule().may_be_waived
    }

    pub(super) const fn outlasts_exemption(self) -> bool {
        self.rule().outlasts_exemption
    }

    pub(super) fn find(self, case: &super::Case<'_>, findings: &mut Vec<super::Finding>) {
        (self.rule().find)(case, findings);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What several rules share, and is none.
    const SHARED: [&str; 3] = ["document-found", "retrospect", "wording"];

    #[test]
    fn every_rule_has_the_name_of_its_file_and_says_what_to_do() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check/rules");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = files.map(|file| file.trim_end_matches(".rs").replace('_', "-")).collect();
        names.retain(|name| !SHARED.contains(&name.as_str()));
        names.sort();
        assert_eq!(names, Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>());
        for code in Code::ALL {
            assert!(code.explanation().contains("What to do:"), "{code}");
        }
    }
}
