//! Reads when a panel sits.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};

use super::names::word;
use crate::calendar::{OnBankHoliday, Recurrence, Schedule};
use crate::diagnostic::{Item, Table};

/// The `[schedule]` of a panel's file.
pub(super) fn schedule(table: Table<'_, '_>) -> Option<Schedule> {
    let from = table.date("from").and_then(|date| date.value.parse::<Date>().ok());
    if from.is_none() && !table.has("from") {
        let help = "write from = 2026-01-07, a day on which it sat".to_owned();
        table.document().error(table.span(), "the schedule does not say from when it counts", Some(help));
    }
    let recurrence = recurrence(&table, from);
    let (starts, ends) = (time(&table, "starts"), time(&table, "ends"));
    const ON_HOLIDAY: [(&str, OnBankHoliday); 3] = [
        ("skip", OnBankHoliday::Skip),
        ("next-working-day", OnBankHoliday::NextWorkingDay),
        ("previous-working-day", OnBankHoliday::PreviousWorkingDay),
    ];
    let on_bank_holiday =
        table.text("bank-holiday").map_or(Some(OnBankHoliday::Skip), |given| word(&table, &given, &ON_HOLIDAY));
    if let (Some(starts), Some(ends)) = (starts, ends)
        && ends <= starts
    {
        let span = table.key_span("ends").unwrap_or_else(|| table.span());
        table.document().error(span, "it ends before it starts", Some("exchange `starts` and `ends`".to_owned()));
    }
    let slot_minutes = slot_minutes(&table, starts.zip(ends));
    let extra: Vec<Date> = table.dates("extra").into_iter().filter_map(|date| date.value.parse().ok()).collect();
    let sits_on = |day: Date| {
        // A sitting that is moved off a bank holiday is on another day than the rule's.
        let moves = on_bank_holiday != Some(OnBankHoliday::Skip);
        let rule = recurrence.as_ref();
        moves || extra.contains(&day) || rule.is_none_or(|rule| !rule.days(day, day).is_empty())
    };
    let cancelled = table.table("cancelled").map(|days| cancelled(days, sits_on)).unwrap_or_default();
    let longer = table.table("longer").and_then(|longer| {
        let read = (self::recurrence(&longer, from), time(&longer, "ends"));
        longer.text("policy");
        longer.finish();
        read.0.zip(read.1)
    });
    table.finish();
    Some(Schedule {
        recurrence: recurrence?,
        starts: starts?,
        ends: ends?,
        longer,
        slot_minutes,
        extra,
        cancelled,
        on_bank_holiday: on_bank_holiday?,
    })
}

fn recurrence(table: &Table<'_, '_>, from: Option<Date>) -> Option<Recurrence> {
    let (rule, from) = table.required_text("rrule").zip(from)?;
    let read = Recurrence::parse(&rule.value, from);
    if let Err(trouble) = &read {
        let help = "write for instance \"FREQ=WEEKLY;BYDAY=TH\"".to_owned();
        table.document().error(rule.span, trouble.to_string(), Some(help));
    }
    let read = read.ok()?;
    // A rule that skips weeks or months skips others when it counts from another day.
    let is_anchored = !rule.value.contains("INTERVAL=") || !read.days(from, from).is_empty();
    if let Some(span) = table.key_span("from").filter(|_| !is_anchored) {
        let first = read.days(from, from.saturating_add(400.days())).first().copied();
        let help = first.map(|first| format!("it counts from a day on which the panel sits: the next is {first}"));
        let day = from.strftime("%Y-%m-%d, a %A");
        table.document().error(span, format!("the rule does not fall on {day}"), help);
    }
    Some(read)
}

fn slot_minutes(table: &Table<'_, '_>, hours: Option<(Time, Time)>) -> Option<u32> {
    let given = table.integer("slot-minutes")?;
    let long = hours.map_or(i64::MAX, |(starts, ends)| ends.duration_since(starts).as_mins());
    let minutes = u32::try_from(given.value).ok().filter(|minutes| *minutes > 0 && i64::from(*minutes) <= long.max(1));
    if minutes.is_none() {
        let message = format!("no slot of {} minutes fits into a sitting", given.value);
        table.document().error(given.span, message, Some("write for instance slot-minutes = 15".to_owned()));
    }
    minutes
}

fn time(table: &Table<'_, '_>, key: &str) -> Option<Time> {
    let Item { value, span } = table.required_text(key)?;
    let time = value.parse::<Time>().ok();
    if time.is_none() {
        table.document().error(span, "the time cannot be read", Some("write a time like \"13:00\"".to_owned()));
    }
    time
}

fn cancelled(days: Table<'_, '_>, sits_on: impl Fn(Date) -> bool) -> BTreeMap<Date, String> {
    let mut cancelled = BTreeMap::new();
    for day in days.keys() {
        let reason = days.text(&day.value).map(|reason| reason.value).unwrap_or_default();
        match day.value.parse::<Date>() {
            Ok(date) => {
                if !sits_on(date) {
                    let help = "name a day on which the rule falls, or take it out".to_owned();
                    days.document().error(day.span, format!("the panel does not sit on {date}"), Some(help));
                }
                cancelled.insert(date, reason);
            }
            Err(_) => {
                let help = "write \"2026-12-30\" = \"why\"".to_owned();
                days.document().error(day.span, "the key is no date", Some(help));
            }
        }
    }
    cancelled
}
