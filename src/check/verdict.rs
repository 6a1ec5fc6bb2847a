//! Runs the rules, and says what all findings come to.

use super::rule::Effect;
use super::waiver::{self, Waivers};
use super::{Case, Checked, Code, Finding};
use crate::domain::{FindingSeverity, Verdict};

/// Checks a request.
pub fn check(case: &Case<'_>) -> Checked {
    let mut findings = Vec::new();
    for code in Code::ALL {
        code.find(case, &mut findings);
    }
    if case.exemption().is_some() {
        // Nothing blocks a request that the panel does not need.
        findings.retain(|finding| finding.severity != FindingSeverity::Blocking || finding.code().outlasts_exemption());
    }
    findings.sort_by_cached_key(|finding| (finding.severity, finding.code(), finding.subject.to_string()));
    findings.dedup();
    let Waivers { waived, lapsed, renewed } = waiver::apply(case, &mut findings);
    Checked { verdict: verdict(&findings), findings, waived, lapsed, renewed }
}

fn verdict(findings: &[Finding]) -> Verdict {
    let blocking = || findings.iter().filter(|finding| finding.severity == FindingSeverity::Blocking);
    let says = |effect| blocking().any(|finding| finding.code().effect() == effect);
    // What is sure to be missing outweighs what is not known.
    if says(Effect::IsLate) {
        Verdict::Late
    } else if says(Effect::Lacks) {
        Verdict::Incomplete
    } else if says(Effect::Asks) {
        Verdict::Unknown
    } else {
        Verdict::Complete
    }
}
