//! A request that was decided before the panel could, and where it stands.

use jiff::civil::Date;

use crate::check::Case;
use crate::panel::{Hearing, Route};

/// A request that was decided before the panel could, and where it stands.
pub(super) struct Retrospect<'a> {
    /// The way it has come.
    pub(super) route: &'a Route,
    /// The day of the decision, where the form says it.
    pub(super) decided_on: Option<Date>,
    /// The day by which the panel was to hear it, where the day of the decision is known.
    pub(super) until: Option<Date>,
    /// Whether that has passed, or will have by the sitting that is meant.
    pub(super) overdue: bool,
    /// Where the day of the decision was read.
    pub(super) read_at: Option<String>,
}

/// The request's standing, if it was decided before the panel could.
pub(super) fn retrospect<'a>(case: &Case<'a>) -> Option<Retrospect<'a>> {
    let route = case.route().filter(|route| route.hearing == Hearing::NextSitting)?;
    let field = route.decided_on.as_deref();
    let Some(decided) = field.and_then(|field| case.moment(field)) else {
        return Some(Retrospect { route, decided_on: None, until: None, overdue: false, read_at: None });
    };
    let read_at = field.and_then(|field| case.answers(field).next()).map(|answer| answer.place.to_string());
    // A day without a time counts to the end of the office day.
    let decided_at = if decided.time() == jiff::civil::Time::midnight() { case.office.close } else { decided.time() };
    let moment = case.office.at(decided.date(), decided_at);
    let first = || case.profile.next_sitting(decided.date(), &moment, case.needs_longer(), case.office);
    let until = match route.at_most {
        Some(span) => Some(decided.date().saturating_add(span)),
        None => first().map(|sitting| sitting.date),
    };
    let heard = case.sitting.map_or_else(|| case.now.date(), |sitting| sitting.date);
    let overdue = until.is_some_and(|until| heard > until || case.now.date() > until);
    Some(Retrospect { route, decided_on: Some(decided.date()), until, overdue, read_at })
}
