//! `retrospective-due`.

use crate::check::Case;
use crate::check::rules::rule;
use crate::check::rules::wording::{retrospect, role};
use crate::domain::{Finding, FindingSeverity};

rule! {
    /// The request was decided in an emergency, and the panel has still to agree.
    ///
    /// The decision holds only until the next sitting for which the request could be handed in, or for as long as the policy says.
    ///
    /// What to do: book it onto a sitting by then.
    "retrospective-due" => find
}

fn find(case: &Case<'_>, findings: &mut Vec<Finding>) {
    let Some(retrospect) = retrospect(case).filter(|retrospect| !retrospect.overdue) else { return };
    let route = retrospect.route;
    let until = retrospect.until.map_or_else(
        || "the decision holds until the next sitting".to_owned(),
        |until| match route.at_most {
            Some(_) => format!("the panel must hear it by {until}"),
            None => format!("the decision holds until the sitting on {until}"),
        },
    );
    // By whom, as the form says; whether they may is the business of `approval-wrong-role`.
    let given = route.role_field.as_deref().and_then(|field| case.choices(field).next());
    let by = given.map_or_else(String::new, |given| format!(" by the {}", role(given)));
    findings.push(Finding {
        code: RULE.code.to_owned(),
        severity: FindingSeverity::Advice,
        subject: route.name.clone(),
        message: format!("{}: decided{by} before the panel could; {until}", route.title),
        help: "book it onto a sitting by then".to_owned(),
        policy: route.policy.clone(),
        source: retrospect.read_at,
    });
}
