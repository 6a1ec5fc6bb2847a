//! Reads when a panel sits.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};

use super::names::word;
use crate::calendar::{OnBankHoliday, Recurrence, Schedule};
use crate::diagnostic::{Item, Table};

/// The `[schedule]` of a panel's file.
pub(super) fn schedule(table: Table<'_, '_>) -> Option<Schedule> {
    let from = table.date("from").and_then(|date| date.value.parse::<Date>().ok());
    if from.is_none() {
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
    let slot_minutes = table.integer("slot-minutes").and_then(|minutes| u32::try_from(minutes.value).ok());
    let extra = table.dates("extra").into_iter().filter_map(|date| date.value.parse().ok()).collect();
    let cancelled = table.table("cancelled").map(cancelled).unwrap_or_default();
    let longer = table.table("longer").and_then(|longer| {
        let read = (self::recurrence(&longer, from), time(&longer, "ends"));
        longer.text("policy");
        longer.finish();
        read.0.zip(read.1)
    });
    table.text("policy");
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
    read.ok()
}

fn time(table: &Table<'_, '_>, key: &str) -> Option<Time> {
    let Item { value, span } = table.required_text(key)?;
    let time = value.parse::<Time>().ok();
    if time.is_none() {
        table.document().error(span, "the time cannot be read", Some("write a time like \"13:00\"".to_owned()));
    }
    time
}

fn cancelled(days: Table<'_, '_>) -> BTreeMap<Date, String> {
    let mut cancelled = BTreeMap::new();
    for day in days.keys() {
        let reason = days.text(&day.value).map(|reason| reason.value).unwrap_or_default();
        match day.value.parse::<Date>() {
            Ok(date) => drop(cancelled.insert(date, reason)),
            Err(_) => {
                let help = "write \"2026-12-30\" = \"why\"".to_owned();
                days.document().error(day.span, "the key is no date", Some(help));
            }
        }
    }
    cancelled
}
