//! `wrong-panel`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::role;
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The request belongs to another panel, or to another one as well.
    ///
    /// The form names a kind of request that this panel does not hear, or a fact that the policy sends elsewhere.
    ///
    /// What to do: send it to the panel named. Where it is named as well, book it there besides.
    "wrong-panel" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let mut say = |severity, subject: String, message: String, help: String, policy: &str| {
        findings.push(Finding {
            code: RULE.code.to_owned(),
            severity,
            subject,
            message,
            help,
            policy: policy.to_owned(),
            source: None,
        });
    };
    for other in case.elsewhere() {
        let name = other.panel.as_ref().map_or_else(|| other.title.clone(), ToString::to_string);
        if other.also {
            let message = format!("it goes to another panel as well: {}", other.title);
            say(FindingSeverity::Advice, name.clone(), message, format!("book it with {name} besides"), &other.policy);
        } else {
            let message = format!("it belongs to another panel: {}", other.title);
            say(FindingSeverity::Blocking, name.clone(), message, format!("send it to {name}"), &other.policy);
        }
    }
    let requests = &case.profile.requests;
    if requests.kinds.is_empty() {
        return;
    }
    for choice in case.kind_choices().into_iter().filter(|choice| requests.kind(choice).is_none()) {
        let message = format!("this panel does not hear requests of the kind “{}”", role(choice));
        let help = "send it to the panel that does, or correct the kind on the form".to_owned();
        say(FindingSeverity::Blocking, choice.to_owned(), message, help, &case.profile.policy);
    }
}
