#!/usr/bin/env python3
"""Every panel's sittings and cutoffs, worked out without tessera.

The profiles under `mappings/` say when a panel sits and by when a request must be in. Here they are read a second
time, by another language with other libraries: `dateutil` for the recurrence, `zoneinfo` for the clock changes, the
package `holidays` for the bank holidays of England, and a reading of the deadline phrases of its own. Where the two
disagree, one of them is wrong.

    pip install --requirement tests/calendar/requirements.txt
    python3 tests/calendar/independent.py > tests/calendar/sittings.tsv        writes the table anew
    python3 tests/calendar/independent.py --check tests/calendar/sittings.tsv  is it still so?

`--mappings FOLDER` reads the profiles of another folder. `--deadlines` works out `deadlines.tsv` beside this file
instead, whose first two columns are the question; `--duties` works out `duties.tsv`: when everything that the profiles
have somebody do is due, and who hears of it when, counted from moments before holidays and clock changes. It needs
Python 3.11.
"""

import argparse
import difflib
import re
import sys
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

HERE = Path(__file__).resolve().parent
FIRST, LAST = date(2026, 12, 1), date(2027, 12, 31)
ONE_DAY = timedelta(days=1)

# A sitting on a bank holiday may move over the edge of the span.
EDGE = timedelta(days=14)

# From when duties are counted: before Christmas, New Year, Easter, the bank holidays of May and August, over both clock
# changes, and from the last days of months of unlike length.
SINCE = [
    datetime(2026, 12, 18, 12, 30),
    datetime(2026, 12, 24, 17, 30),
    datetime(2026, 12, 31, 9, 0),
    datetime(2027, 1, 29, 13, 0),
    datetime(2027, 3, 25, 16, 0),
    datetime(2027, 3, 27, 1, 30),
    datetime(2027, 4, 30, 10, 0),
    datetime(2027, 5, 28, 11, 0),
    datetime(2027, 8, 27, 15, 0),
    datetime(2027, 10, 29, 17, 30),
    datetime(2027, 10, 30, 9, 0),
    datetime(2027, 11, 30, 14, 0),
]

HEADING = ["panel", "date", "starts", "ends", "cutoff", "moved", "cancelled"]
NONE = "-"

WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ON_WEEKDAY = re.compile(
    rf"(?P<time>noon|\d\d:\d\d) on the (?P<weekday>{'|'.join(WEEKDAYS)})"
    r"(?: at least (?P<least>\d+) working days?)? before (?P<anchor>.+)"
)
OFFSET = re.compile(r"(?P<count>\d+) (?P<unit>hour|day|working day|week|month)s? (?P<way>before|after) (?P<anchor>.+)")
ANCHOR = re.compile(r"the sitting|the request|[a-z][a-z0-9-]*(?: [1-9]\d*)?")

# A key that this script does not know may mean sittings that it would miss.
SCHEDULE_KEYS = {
    "rrule", "from", "starts", "ends", "slot-minutes", "longer", "extra", "cancelled", "bank-holiday", "policy"
}
LONGER_KEYS = {"rrule", "ends", "policy"}


class Trouble(Exception):
    """What is wrong, for the person who reads it."""


# Days


@cache
def bank_holidays(year: int) -> frozenset[date]:
    """The days off work: where a feast falls on a weekend, the day in lieu is the bank holiday and not the feast."""
    return frozenset(day for day in holidays.country_holidays("GB", subdiv="ENG", years=year) if day.weekday() < 5)


def is_bank_holiday(day: date) -> bool:
    return day in bank_holidays(day.year)


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and not is_bank_holiday(day)


def to_working_day(day: date, step: timedelta) -> date:
    """The day itself, or else the nearest working day in that direction."""
    while not is_working_day(day):
        day += step
    return day


def count_working_days(day: date, count: int, step: timedelta) -> date:
    """The day that lies so many working days away; the day counted from is not one of them."""
    for _ in range(count):
        day = to_working_day(day + step, step)
    return day


# Authorities and panels


@dataclass(frozen=True)
class Office:
    """Where and until when an authority works."""

    zone: ZoneInfo
    close: time

    def at(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self.zone)


@dataclass(frozen=True)
class Sitting:
    day: date
    longer: bool
    cancelled: str | None


def read(path: Path) -> dict:
    with path.open("rb") as file:
        return tomllib.load(file)


def office_of(authority: Path) -> Office:
    said = read(authority / "authority.toml")
    if said["calendar"] != "england":
        raise Trouble(f"{authority.name} keeps the calendar {said['calendar']}: only England's is known here")
    return Office(ZoneInfo(said["time-zone"]), time.fromisoformat(said["office"]["close"]))


def profile_of(path: Path) -> dict:
    """A panel's file; what it does not say, the one it extends says, table by table."""
    own = read(path)
    if "extends" not in own:
        return own
    base = read(path.with_name(f"{own['extends']}.toml"))
    if "extends" in base:
        raise Trouble(f"{path.name} extends {own['extends']}, which extends another itself")
    return base | own


# Sittings


def recurring(rule: str, schedule: dict, last: date) -> list[date]:
    """The days of a rule. It counts from the schedule's first day, so that a fortnight keeps its step."""
    start = datetime.combine(schedule["from"], time())
    # Days recur here and no moments, so that of the moment at which a rule ends the day matters alone.
    by_day = re.sub(r"(UNTIL=\d{8})T\d{6}Z?", r"\1", rule)
    days = rrulestr(by_day, dtstart=start).between(start, datetime.combine(last, time()), inc=True)
    return [moment.date() for moment in days]


def sittings(schedule: dict) -> list[Sitting]:
    """The sittings of the span in order, those that fall away among them."""
    longer = schedule.get("longer", {"rrule": "", "ends": ""})
    unknown = (schedule.keys() - SCHEDULE_KEYS) | (longer.keys() - LONGER_KEYS)
    if unknown:
        raise Trouble(f"the schedule says what is not known here: {', '.join(sorted(unknown))}")
    until = LAST + EDGE
    long_days = set(recurring(longer["rrule"], schedule, until)) if longer["rrule"] else set()
    found = [moved(day, day in long_days, schedule) for day in recurring(schedule["rrule"], schedule, until)]
    found += [Sitting(day, longer=False, cancelled=None) for day in schedule.get("extra", [])]
    reasons = {date.fromisoformat(day): why for day, why in schedule.get("cancelled", {}).items()}
    by_day = {}
    for sitting in found:
        reason = reasons.get(sitting.day, sitting.cancelled)
        by_day.setdefault(sitting.day, Sitting(sitting.day, sitting.longer, reason))
    return [by_day[day] for day in sorted(by_day) if FIRST <= day <= LAST]


def moved(day: date, longer: bool, schedule: dict) -> Sitting:
    """Where a sitting goes whose day is a bank holiday. It stays as long as it was."""
    if not is_bank_holiday(day):
        return Sitting(day, longer, cancelled=None)
    match schedule.get("bank-holiday", "skip"):
        case "skip":
            return Sitting(day, longer, cancelled="bank holiday")
        case "next-working-day":
            return Sitting(to_working_day(day, ONE_DAY), longer, cancelled=None)
        case "previous-working-day":
            return Sitting(to_working_day(day, -ONE_DAY), longer, cancelled=None)
        case other:
            raise Trouble(f"nothing is known of the bank holiday rule {other}")


# Deadlines


def due(rule: str, anchor: datetime, office: Office) -> datetime:
    """When a deadline ends, before anything is moved."""
    found = ON_WEEKDAY.fullmatch(rule) or OFFSET.fullmatch(rule)
    if not found or not ANCHOR.fullmatch(found["anchor"]):
        raise Trouble(f"this is no deadline: {rule}")
    if found.re is ON_WEEKDAY:
        clock = time(12) if found["time"] == "noon" else time.fromisoformat(found["time"])
        return office.at(weekday_before(anchor.date(), found["weekday"], int(found["least"] or 0)), clock)
    count, sign = int(found["count"]), -1 if found["way"] == "before" else 1
    if found["unit"] == "hour":
        # Elapsed time: sixty minutes each, whatever the clocks do meanwhile.
        return (anchor.astimezone(timezone.utc) + sign * timedelta(hours=count)).astimezone(office.zone)
    if found["unit"] == "working day":
        day = count_working_days(anchor.date(), count, sign * ONE_DAY)
    else:
        day = anchor.date() + relativedelta(**{f"{found['unit']}s": sign * count})
    return office.at(day, office.close)


def weekday_before(sitting: date, weekday: str, least: int) -> date:
    """The last such weekday before a day from which at least so many working days go by until it."""
    day, working_days = sitting, 0
    while True:
        day -= ONE_DAY
        working_days += is_working_day(day)
        if working_days >= least and WEEKDAYS[day.weekday()] == weekday:
            return day


def cutoff(rule: str, starts: datetime, office: Office) -> tuple[datetime, bool]:
    """A cutoff, and whether it was moved: on a day on which nobody works it would pass unseen."""
    if not rule.endswith(" before the sitting"):
        raise Trouble(f"this is no cutoff before a sitting: {rule}")
    meant = due(rule, starts, office)
    by = in_working_time(meant, office)
    return by, by != meant


def in_working_time(meant: datetime, office: Office) -> datetime:
    """What ends before something does so at the same time of a working day, that day or an earlier one."""
    day = to_working_day(meant.date(), -ONE_DAY)
    return meant if day == meant.date() else office.at(day, meant.timetz().replace(tzinfo=None))


def duty_due(rule: str, anchor: datetime, office: Office) -> datetime:
    """What is due before something is moved as a cutoff is; what is due after something is not."""
    meant = due(rule, anchor, office)
    return in_working_time(meant, office) if " before " in rule else meant


# Tables


def shown(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def rows_of(panel: str, profile: dict, office: Office) -> list[list[str]]:
    schedule = profile.get("schedule")
    if schedule is None:
        return [[panel, NONE, NONE, NONE, NONE, NONE, "no schedule"]]
    rule = profile.get("cutoff", {}).get("deadline")
    starts_at = time.fromisoformat(schedule["starts"])
    rows = []
    for sitting in sittings(schedule):
        ends_at = time.fromisoformat((schedule["longer"] if sitting.longer else schedule)["ends"])
        starts = office.at(sitting.day, starts_at)
        row = [panel, sitting.day.isoformat(), shown(starts), shown(office.at(sitting.day, ends_at))]
        by, was_moved = NONE, False
        if rule and sitting.cancelled is None:
            moment, was_moved = cutoff(rule, starts, office)
            by = shown(moment)
        rows.append([*row, by, "moved" if was_moved else NONE, sitting.cancelled or NONE])
    return rows


def table_of(mappings: Path, heading: list[str], rows_of_panel) -> list[list[str]]:
    """The rows of every panel of a folder."""
    rows = []
    for path in mappings.glob("*/panels/*.toml"):
        authority = path.parent.parent
        panel = f"{authority.name}/{path.stem}"
        try:
            rows += rows_of_panel(panel, profile_of(path), office_of(authority))
        except (Trouble, KeyError, ValueError, OSError) as trouble:
            raise Trouble(f"failed to work out {panel}: {trouble!r}") from trouble
    return [heading, *sorted(rows)]


def duty_rows(panel: str, profile: dict, office: Office) -> list[list[str]]:
    """Each duty of a panel, counted from each moment. Where the day is named, what follows is counted from its close."""
    rows = []
    for name, duty in profile.get("duties", {}).items():
        for since in SINCE:
            anchor = since.replace(tzinfo=office.zone)
            named = "deadline" not in duty
            start = office.at(since.date(), office.close) if named else anchor
            by = start if named else duty_due(duty["deadline"], start, office)
            told = [f"{shown(duty_due(one['deadline'], start, office))} {one['to']}" for one in duty.get("escalate", [])]
            rows.append([panel, name, since.isoformat(timespec="minutes"), shown(by), "; ".join(told) or NONE])
    for name, tracker in profile.get("trackers", {}).items():
        for place, milestone in enumerate(tracker.get("milestones", []), 1):
            for since in SINCE:
                by = duty_due(milestone["deadline"], office.at(since.date(), office.close), office).date()
                whole = f"{name} {place}"
                rows.append([panel, whole, since.isoformat(timespec="minutes"), by.isoformat(), NONE])
    return rows


def deadlines_table() -> list[list[str]]:
    """What is due after a panel or an event. Nothing moves: the day of a duty is the day that the policy says."""
    office = Office(ZoneInfo("Europe/London"), time(17))
    heading, *questions = [line.split("\t") for line in (HERE / "deadlines.tsv").read_text("utf-8").splitlines()]
    answers = []
    for start, rule, *_ in questions:
        anchor = datetime.fromisoformat(start)
        local = anchor.astimezone(office.zone) if anchor.tzinfo else anchor.replace(tzinfo=office.zone)
        answers.append([start, rule, shown(due(rule, local, office))])
    return [heading, *answers]


def unlike_the_package(mappings: Path) -> list[str]:
    """Where the published bank holidays of `calendars/england.toml` are not those of the package."""
    path = mappings / "calendars" / "england.toml"
    if not path.is_file():
        return []
    published = set(read(path)["published"])
    known = {day for year in {day.year for day in published} for day in bank_holidays(year)}
    return [f"{path}: {day} is in one list of bank holidays only" for day in sorted(published ^ known)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mappings", type=Path, default=HERE.parent.parent / "mappings", metavar="FOLDER")
    parser.add_argument("--deadlines", action="store_true", help="work out deadlines.tsv instead of the sittings")
    parser.add_argument("--duties", action="store_true", help="work out duties.tsv instead of the sittings")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare with a table instead of printing one")
    args = parser.parse_args()
    try:
        if args.duties:
            table = table_of(args.mappings, ["panel", "duty", "since", "due", "escalated"], duty_rows)
        else:
            table = deadlines_table() if args.deadlines else table_of(args.mappings, HEADING, rows_of)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    computed = ["\t".join(row) for row in table]
    if args.check is None:
        sys.stdout.write("".join(f"{line}\n" for line in computed))
        return 0
    stored = args.check.read_text("utf-8").splitlines()
    wrong = [] if args.deadlines or args.duties else unlike_the_package(args.mappings)
    wrong += difflib.unified_diff(stored, computed, str(args.check), "worked out now", lineterm="", n=0)
    print("\n".join(wrong) if wrong else f"{args.check}: {len(computed) - 1} rows, as worked out now")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
