//! Runs the rules, and says what all findings come to.

use super::rules::RULES;
use super::{Case, Checked};
use crate::domain::{Finding, FindingSeverity, Verdict};

/// Checks a request.
pub fn check(case: &Case<'_>) -> Checked {
    let mut findings = Vec::new();
    for rule in RULES {
        (rule.find)(case, &mut findings);
    }
    if case.exemption().is_some() {
        // Nothing blocks a request that the panel does not need.
        findings.retain(|finding| finding.severity != FindingSeverity::Blocking || finding.code == "not-required");
    }
    findings.sort_by(|one, other| {
        (one.severity, &one.code, &one.subject).cmp(&(other.severity, &other.code, &other.subject))
    });
    findings.dedup();
    Checked { verdict: verdict(case, &findings), findings }
}

fn verdict(case: &Case<'_>, findings: &[Finding]) -> Verdict {
    let mut blocking = findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking);
    let is_asked = |finding: &Finding| finding.code == "fact-unknown";
    if case.is_late() && case.exemption().is_none() {
        return Verdict::Late;
    }
    match blocking.next() {
        None => Verdict::Complete,
        // What is sure to be missing outweighs what is not known.
        Some(first) if !is_asked(first) || blocking.any(|finding| !is_asked(finding)) => Verdict::Incomplete,
        Some(_) => Verdict::Unknown,
    }
}
