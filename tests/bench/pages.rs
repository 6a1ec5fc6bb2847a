//! How long each read of the administrators' pages takes in a ledger of a million submissions.
//!
//! ```sh
//! cargo run --release --example pages -- FOLDER [SUBMISSIONS]
//! ```
//!
//! FOLDER becomes an installation with the samples, its rehearsal grown by `grow.sql`; where it is one already it is
//! only read. Every read opens the installation anew, as a page does.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rusqlite::Connection;
use tessera::calendar::Clock;
use tessera::config::Configuration;
use tessera::domain::OutcomeState;
use tessera::operation::{
    Actor, AuditFilter, By, Failure, LearningAsked, OutcomeFilter, Paging, SubmissionFilter, SyncMode, Unwatched,
    Workplace,
};

const TIMES: usize = 15;
const TODAY: Date = date(2026, 11, 27);
const YEARS_BEFORE: i64 = 10;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("pages FOLDER [SUBMISSIONS]")?;
    let requests: u64 = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let folder = Path::new(&folder);
    let is_new = !folder.exists();
    if is_new {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), folder)?;
    }
    let configuration = Configuration::load(&folder.join("tessera.toml"))?.rehearsed();
    let clock = Clock::Fixed("2026-11-27T09:00:00Z".parse()?);
    let workplace = Workplace::new(configuration);
    let actor = Actor::new("administrator", Some("bench"));
    if is_new {
        workplace.sync(clock, &actor, SyncMode::Rehearsal, &Unwatched).map_err(said)?;
        grow(&workplace, &folder.join("state/rehearsal"), requests)?;
    }
    measure(&workplace, clock, &actor)
}

fn said(failure: Failure) -> Box<dyn Error> {
    failure.to_string().into()
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == "state" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?
        } else {
            fs::copy(entry.path(), target).map(drop)?
        }
    }
    Ok(())
}

fn grow(workplace: &Workplace, folder: &Path, requests: u64) -> Outcome<()> {
    let began = Instant::now();
    let key = String::from_utf8(fs::read(folder.join("ledger.key"))?)?;
    let connection = Connection::open(folder.join("ledger.db"))?;
    connection.pragma_update(None, "key", format!("x'{}'", key.trim()))?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY;
         CREATE TEMP TABLE day (panel TEXT, i INTEGER, date TEXT, PRIMARY KEY (panel, i))",
    )?;
    for panel in workplace.panels_list().map_err(said)? {
        let panel = panel.panel.to_string();
        let sittings = workplace.panel_sittings(&panel, date(2020, 1, 1), date(2027, 6, 30)).map_err(said)?;
        let mut insert = connection.prepare("INSERT INTO day VALUES (?1, ?2, ?3)")?;
        let held = sittings.iter().filter(|sitting| sitting.cancelled.is_none()).map(|sitting| sitting.date);
        // Profiles begin with the present schedule; the years before it are made up, a sitting a week.
        let first = held.clone().next().unwrap_or(TODAY);
        let before = (1..=YEARS_BEFORE * 52).map(|week| first.saturating_sub(week.weeks()));
        for (at, date) in (0_i64..).zip(held.chain(before)) {
            insert.execute((&panel, at, date.to_string()))?;
        }
    }
    let sql =
        include_str!("grow.sql").replace(":requests", &requests.to_string()).replace(":today", &format!("'{TODAY}'"));
    connection.execute_batch(&sql)?;
    connection.execute_batch("PRAGMA journal_mode = WAL")?;
    writeln!(std::io::stdout(), "grown to {requests} submissions in {:.0} s", began.elapsed().as_secs_f64())?;
    Ok(())
}

/// Runs something some times; prints the middle and the longest, and how many rows it has shown.
fn time(what: &str, mut run: impl FnMut() -> Result<usize, Failure>) -> Outcome<()> {
    let (mut taken, mut rows) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        rows = run().map_err(said)?;
        taken.push(began.elapsed());
    }
    taken.sort();
    let (middle, longest) = (taken.get(TIMES / 2).ok_or("none")?, taken.last().ok_or("none")?);
    let [middle, longest] = [middle, longest].map(|taken| taken.as_secs_f64() * 1_000.0);
    writeln!(std::io::stdout(), "{what:44} {middle:7.1} ms  at most {longest:7.1} ms  {rows:5} rows")?;
    Ok(())
}

fn paging(after: Option<&str>) -> Paging {
    Paging { after: after.map(ToOwned::to_owned), limit: 50 }
}

fn measure(workplace: &Workplace, clock: Clock, actor: &Actor) -> Outcome<()> {
    lists(workplace, clock)?;
    for (panel, day) in [
        ("lincolnshire/support-panel", date(2026, 12, 2)),
        ("lincolnshire/support-panel", date(2026, 10, 7)),
        ("lambeth/crp", date(2026, 12, 3)),
        ("four-panels/legal-planning-and-new-admissions", date(2026, 12, 1)),
        ("derbyshire/care-planning-panel", date(2026, 12, 2)),
    ] {
        let listed = workplace
            .open(clock, &Actor::new("test", None))
            .map_err(said)?
            .sittings_listed(Some(panel), day, date(2026, 12, 31))
            .map_err(said)?;
        let day = listed.iter().find(|one| one.sitting.cancelled.is_none()).map_or(day, |one| one.sitting.date);
        let page = |after: Option<&str>| {
            workplace.open(clock, actor)?.sitting_page(panel, day, &Paging { limit: 25, ..paging(after) })
        };
        let next = page(None).map_err(said)?.next;
        time(&format!("sitting_page {panel} {day}"), || page(None).map(|page| page.agenda.requests.len()))?;
        if next.is_some() {
            time("  its next page", || page(next.as_deref()).map(|page| page.agenda.requests.len()))?;
        }
    }
    let (from, to) = (date(2026, 11, 1), date(2026, 12, 31));
    time("sittings_listed, two months, all panels", || {
        workplace.open(clock, &Actor::new("test", None))?.sittings_listed(None, from, to).map(|listed| listed.len())
    })?;
    time("today", || workplace.open(clock, &Actor::new("test", None))?.today().map(|today| today.sittings.len()))?;
    time("figures, all panels", || {
        workplace.open(clock, &Actor::new("test", None))?.figures(None).map(|figures| figures.arrivals.len())
    })?;
    let one = "lincolnshire/support-panel";
    time("figures, one panel", || {
        workplace.open(clock, &Actor::new("test", None))?.figures(Some(one)).map(|figures| figures.missing.len())
    })?;
    for (what, panel) in [("all panels", None), ("one panel", Some(one.to_owned()))] {
        let asked = LearningAsked {
            panel,
            by: By::Month,
            from: "2026-01".parse().ok(),
            to: "2026-12".parse().ok(),
            share: false,
        };
        time(&format!("learning by month, {what}"), || {
            workplace.open(clock, actor)?.learning(&asked).map(|learned| learned.panels.len())
        })?;
        let asked = LearningAsked { share: true, ..asked };
        time(&format!("learning to pass on, {what}"), || {
            workplace.open(clock, actor)?.learning(&asked).map(|learned| learned.panels.len())
        })?;
    }
    let sent = workplace
        .open_ledger(clock, &Actor::new("test", None))
        .map_err(said)?
        .writebacks_page(None, false, &paging(None))
        .map_err(said)?;
    let sent = sent.rows.first().ok_or("nothing was written back")?;
    let (reference, id) = (sent.reference.clone(), sent.id.clone());
    for text in ["2000050", "lincolnshire-90000", "9000012", "support panel", "2 December 2026", &id, &reference] {
        time(&format!("search {text}"), || {
            let found = workplace.open(clock, actor)?.search(text, &paging(None))?;
            Ok(found.submissions.rows.len() + found.sittings.len() + found.panels.len() + found.write_backs.len())
        })?;
    }
    let taken = Instant::now();
    let checked = workplace.open(clock, actor).map_err(said)?.sitting_recheck("forums/marp").map_err(said)?;
    writeln!(std::io::stdout(), "sitting_recheck forums/marp: {checked} in {:.1} s", taken.elapsed().as_secs_f64())?;
    Ok(())
}

fn lists(workplace: &Workplace, clock: Clock) -> Outcome<()> {
    let panel = || Some("lincolnshire/support-panel".to_owned());
    let filters = [
        ("all", SubmissionFilter::default()),
        ("with what is no request", SubmissionFilter { all: true, ..Default::default() }),
        ("of a panel", SubmissionFilter { panel: panel(), ..Default::default() }),
        ("of a panel, with what is no request", SubmissionFilter { panel: panel(), all: true, ..Default::default() }),
        ("about a person", SubmissionFilter { person: Some("2000050".to_owned()), ..Default::default() }),
    ];
    for (what, filter) in filters {
        for after in [None, Some("lincolnshire-900700000")] {
            let name = format!("submissions_page, {what}{}", if after.is_some() { ", far in" } else { "" });
            time(&name, || {
                workplace
                    .open(clock, &Actor::new("test", None))?
                    .submissions_page(&filter, &paging(after))
                    .map(|page| page.rows.len())
            })?;
        }
    }
    let state = Some(OutcomeState::Loaded);
    let filters = [
        ("all", OutcomeFilter::default()),
        ("waiting", OutcomeFilter { state, ..Default::default() }),
        ("of a panel", OutcomeFilter { panel: panel(), ..Default::default() }),
        ("of a panel, waiting", OutcomeFilter { panel: panel(), state, ..Default::default() }),
        ("of a sitting", OutcomeFilter { panel: panel(), sitting: Some(date(2024, 3, 6)), state: None }),
    ];
    for (what, filter) in filters {
        for after in [None, Some("2023-06-07/1/1/x")] {
            let name = format!("outcomes_page, {what}{}", if after.is_some() { ", far in" } else { "" });
            time(&name, || {
                workplace
                    .open(clock, &Actor::new("test", None))?
                    .outcomes_page(&filter, &paging(after))
                    .map(|page| page.rows.len())
            })?;
        }
    }
    for (state, person) in [(None, false), (Some("sent"), false), (None, true)] {
        let name = format!("writebacks_page, {}{}", state.unwrap_or("any"), if person { ", for a person" } else { "" });
        time(&name, || {
            workplace
                .open_ledger(clock, &Actor::new("test", None))?
                .writebacks_page(state, person, &paging(Some("200000")))
                .map(|page| page.rows.len())
        })?;
    }
    for all in [false, true] {
        time(&format!("quarantine_page, all: {all}"), || {
            workplace
                .open_ledger(clock, &Actor::new("test", None))?
                .quarantine_page(all, &paging(None))
                .map(|page| page.rows.len())
        })?;
    }
    trail(workplace, clock)
}

fn trail(workplace: &Workplace, clock: Clock) -> Outcome<()> {
    let subject = Some("lincolnshire-900000002".to_owned());
    let actor = Some("administrator:7".to_owned());
    for (what, filter) in [
        ("all", AuditFilter::default()),
        ("of a subject", AuditFilter { subject: subject.clone(), actor: None }),
        ("by somebody", AuditFilter { subject: None, actor: actor.clone() }),
        ("of a subject by somebody", AuditFilter { subject, actor }),
    ] {
        time(&format!("audit_page, {what}"), || {
            workplace
                .open_ledger(clock, &Actor::new("test", None))?
                .audit_page(&filter, &paging(None))
                .map(|page| page.rows.len())
        })?;
    }
    Ok(())
}
