//! Runs the rules, and says what all findings come to.

use super::rules::RULES;
use super::{Case, Checked, Waived};
use crate::domain::{Finding, FindingSeverity, Verdict, Waiver};

/// One child's papers in another's pack are taken out, and nobody can answer for leaving them there.
const NEVER_WAIVED: &str = "document-wrong-child";

/// Whether somebody may answer for findings of this code.
pub fn may_be_waived(code: &str) -> bool {
    code != NEVER_WAIVED
}

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
    let mut waived = Vec::new();
    findings.retain(|finding| match waiver(case, finding) {
        None => true,
        Some(one) => {
            waived.push(one);
            false
        }
    });
    Checked { verdict: verdict(&findings), findings, waived }
}

fn waiver(case: &Case<'_>, finding: &Finding) -> Option<Waived> {
    let fingerprint = finding.fingerprint();
    let holds = |waiver: &&Waiver| waiver.fingerprint == fingerprint && case.now.date() <= waiver.until;
    let waiver = case.waivers.iter().filter(|_| may_be_waived(&finding.code)).find(holds)?;
    Some(Waived {
        finding: finding.clone(),
        role: waiver.role.clone(),
        reason: waiver.reason.clone(),
        until: waiver.until,
    })
}

fn verdict(findings: &[Finding]) -> Verdict {
    let mut blocking = findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking);
    let is_asked = |finding: &Finding| finding.code == "fact-unknown";
    if findings.iter().any(|finding| finding.code == "late-submission") {
        return Verdict::Late;
    }
    match blocking.next() {
        None => Verdict::Complete,
        // What is sure to be missing outweighs what is not known.
        Some(first) if !is_asked(first) || blocking.any(|finding| !is_asked(finding)) => Verdict::Incomplete,
        Some(_) => Verdict::Unknown,
    }
}
