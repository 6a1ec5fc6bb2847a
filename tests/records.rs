//! Synthetic exports, small and large, written where a test needs them.

use std::fmt::Write as _;

use crate::runner::Tessera;

/// The header of the `long` layout (mosaic.md, A.2), as far as the tests need it.
pub(crate) const LONG: &str = "workflow_step_id,workflow_step_type,step_status,started_on,completed_on,person_id,form_id,\
template_id,template_user_code,version,title,form_answer_row_id,question_user_code,short_text_answer";

/// One row of a `long` export of the Support Panel's request, version 2.
pub(crate) fn row(form: u64, person: u64, question: &str, answer: &str) -> String {
    let step = form + 200_000;
    format!(
        "{step},C0343 SC Support Panel Request and Outcome,COMPLETED,2026-11-02 09:14:00,2026-11-05 16:40:00,{person},{form},\
,scSupportPanel,2,C0343 SC Support Panel Request and Outcome,,{question},\"{answer}\"\n"
    )
}

/// Writes `exports/forms.csv` with so many submissions of two answers each.
pub(crate) fn many(tessera: &Tessera, submissions: u64) {
    let mut text = format!("{LONG}\n");
    for number in 0..submissions {
        let (form, person) = (700_000 + number, 100_000 + number % 5_000);
        text.push_str(&row(form, person, REASON, &format!("Synthetic reason number {number}, long enough to count")));
        text.push_str(&row(form, person, PLAN, &format!("Synthetic plan number {number}")));
    }
    tessera.write("exports/forms.csv", text);
}

/// The code of the question for the reason, and of the one for the plan.
pub(crate) const REASON: &str = "reasonForRequest";
pub(crate) const PLAN: &str = "proposedPlan";

/// A whole `long` export of some rows.
pub(crate) fn long(rows: &[String]) -> String {
    let mut text = format!("{LONG}\n");
    for row in rows {
        write!(text, "{row}").unwrap();
    }
    text
}
