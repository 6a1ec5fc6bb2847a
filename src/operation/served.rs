//! Lists without what is of authorities that are served no more.

use super::outcomes::{OutcomeFilter, OutcomeListed, outcomes_page};
use super::{Failure, Page, Paging, Workplace};
use crate::calendar::Clock;

/// A page of the outcomes of the authorities that are served, newest sitting first. It may be short before the last one.
pub fn outcomes_page_served(
    workplace: &Workplace,
    clock: Clock,
    filter: &OutcomeFilter,
    paging: &Paging,
) -> Result<Page<OutcomeListed>, Failure> {
    let page = |paging: &Paging| outcomes_page(workplace, clock, filter, paging);
    Page::of_wanted(paging, page, |one| workplace.serves(&one.panel))
}
