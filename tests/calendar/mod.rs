//! Sittings and cutoffs against those that `independent.py` works out from the same profiles without tessera.
//!
//! `sittings.tsv` holds every panel under `mappings/`; `exercise.tsv` holds the panels of `exercise/`, which sit and
//! close in the ways that no council's panel does yet. When a schedule changes, the script writes its table anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde_json::Value;

use crate::runner::{Tessera, repository};

const FIRST: &str = "2026-12-01";
const LAST: &str = "2027-12-31";
const NONE: &str = "-";

/// The panel and its day, what is said of the day, and whether the cutoff was moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    panel: String,
    date: String,
    starts: String,
    ends: String,
    cutoff: String,
    moved: bool,
    cancelled: String,
}

/// A folder of mapping files with the table that was worked out from it, and an installation that serves all of it.
struct Compared {
    mappings: PathBuf,
    tessera: Tessera,
    rows: Vec<Row>,
    /// The panels that sit as needed.
    without_schedule: BTreeSet<String>,
}

fn of_the_councils() -> Compared {
    Compared::new("mappings", "sittings.tsv")
}

fn of_the_exercise() -> Compared {
    Compared::new("tests/calendar/exercise", "exercise.tsv")
}

impl Compared {
    fn new(mappings: &str, table: &str) -> Self {
        let mappings = repository().join(mappings);
        let tessera = Tessera::new("lincolnshire");
        let authorities = authorities(&mappings).into_iter().map(|name| format!("[[authority]]\nname = \"{name}\"\n"));
        let configuration = format!(
            "mappings = {:?}\n[ledger]\nurl = \"sqlite:state/ledger.db\"\nkey = {{ file = \"state/ledger.key\" }}\n{}",
            mappings.display().to_string(),
            authorities.collect::<String>(),
        );
        tessera.write("tessera.toml", configuration);
        let text = fs::read_to_string(repository().join("tests/calendar").join(table)).unwrap();
        let (rows, without_schedule) = read(&text);
        Self { mappings, tessera, rows, without_schedule }
    }

    fn panels_of_the_table(&self) -> BTreeSet<String> {
        self.rows.iter().map(|row| row.panel.clone()).chain(self.without_schedule.iter().cloned()).collect()
    }

    fn every_panel_is_in_the_table_and_no_other(&self) {
        let table = self.panels_of_the_table();
        assert_eq!(panels(&self.mappings), table, "work the table out anew: the panels are no longer its panels");
        let listed = self.tessera.json(&["panels", "list"]);
        let listed = listed.as_array().unwrap().iter().map(|panel| text(&panel["panel"])).collect();
        assert_eq!(
            table, listed,
            "`panels list` has other panels: `tessera mappings verify` says which profile cannot be read"
        );
    }

    fn every_sitting_is_in_the_table_and_no_other(&self) {
        let mut wrong = Vec::new();
        for panel in self.panels_of_the_table() {
            let said = self.tessera.json(&["panels", "sittings", &panel, "--from", FIRST, "--to", LAST]);
            let said: Vec<Row> = said.as_array().unwrap().iter().map(sitting).collect();
            assert!(said.is_sorted_by(|one, next| one.date < next.date), "{panel}: not in the order of the days");
            // Whether a cutoff was moved is not said with the sittings.
            let stood =
                self.rows.iter().filter(|row| row.panel == panel).map(|row| Row { moved: false, ..row.clone() });
            let (said, stood): (BTreeSet<Row>, BTreeSet<Row>) = (said.into_iter().collect(), stood.collect());
            wrong.extend(said.difference(&stood).map(|row| format!("only tessera says  {row:?}")));
            wrong.extend(stood.difference(&said).map(|row| format!("only the table says {row:?}")));
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn the_cutoff_of_a_day_is_that_of_the_table(&self) {
        let mut wrong = Vec::new();
        for row in sample(&self.rows) {
            let said = self.tessera.json(&["panels", "cutoff", &row.panel, &row.date]);
            let cutoff = said["cutoff"].as_str().unwrap_or(NONE);
            if (cutoff, &said["moved"]) != (row.cutoff.as_str(), &Value::Bool(row.moved)) {
                wrong.push(format!("tessera says {said}, and the table {row:?}"));
            }
            let rule = deadline(&self.mappings, &row.panel);
            if cutoff != NONE && said["rule"].as_str() != rule.as_deref() {
                wrong.push(format!("tessera says {said}, and the profile {rule:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

fn read(table: &str) -> (Vec<Row>, BTreeSet<String>) {
    let (mut rows, mut without_schedule) = (Vec::new(), BTreeSet::new());
    for line in table.lines().skip(1) {
        let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
        let [panel, date, starts, ends, cutoff, moved, cancelled] = <[String; 7]>::try_from(cells).unwrap();
        if cancelled == "no schedule" {
            without_schedule.insert(panel);
        } else {
            rows.push(Row { panel, date, starts, ends, cutoff, moved: moved == "moved", cancelled });
        }
    }
    (rows, without_schedule)
}

/// One element of `panels sittings --json`.
fn sitting(said: &Value) -> Row {
    let or_none = |value: &Value| if value.is_null() { NONE.to_owned() } else { text(value) };
    Row {
        panel: text(&said["panel"]),
        date: text(&said["date"]),
        starts: text(&said["starts"]),
        ends: text(&said["ends"]),
        cutoff: or_none(&said["cutoff"]),
        moved: false,
        cancelled: or_none(&said["cancelled"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A run of the binary for every row would take long. These are the rows that can go wrong in a way of their own: each
/// cutoff that was moved, each sitting that falls away, and each that lies otherwise before its sitting than the one
/// before it does, because of a bank holiday or of the clocks.
fn sample(rows: &[Row]) -> Vec<&Row> {
    let mut before = None;
    let chosen = rows.iter().filter(|row| {
        let so_far_ahead = Some((&row.panel, far_ahead(row)));
        let is_like_the_one_before = std::mem::replace(&mut before, so_far_ahead) == so_far_ahead;
        row.moved || row.cancelled != NONE || !is_like_the_one_before
    });
    chosen.collect()
}

/// The days from a cutoff to its sitting, and the offsets of both.
fn far_ahead(row: &Row) -> Option<(i32, &str, &str)> {
    let date = |moment: &str| moment.get(..10).and_then(|day| day.parse::<Date>().ok());
    let days = date(&row.date)?.since(date(&row.cutoff)?).ok()?.get_days();
    Some((days, row.cutoff.get(19..)?, row.starts.get(19..)?))
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn authorities(mappings: &Path) -> BTreeSet<String> {
    names(mappings).into_iter().filter(|name| mappings.join(name).join("authority.toml").is_file()).collect()
}

/// The panels of a folder of mapping files, by their files.
fn panels(mappings: &Path) -> BTreeSet<String> {
    let of = |authority: &String| {
        let files = names(&mappings.join(authority).join("panels")).into_iter();
        let panels = files.filter_map(|file| Some(format!("{authority}/{}", file.strip_suffix(".toml")?)));
        panels.collect::<Vec<_>>()
    };
    authorities(mappings).iter().flat_map(of).collect()
}

/// A panel's `cutoff.deadline`, as it or the profile that it extends says it.
fn deadline(mappings: &Path, panel: &str) -> Option<String> {
    let (authority, name) = panel.split_once('/').unwrap();
    let file = mappings.join(authority).join("panels").join(format!("{name}.toml"));
    let profile: toml::Table = fs::read_to_string(file).unwrap().parse().unwrap();
    match (profile.get("cutoff"), profile.get("extends")) {
        (Some(cutoff), _) => Some(cutoff["deadline"].as_str().unwrap().to_owned()),
        (None, Some(base)) => deadline(mappings, &format!("{authority}/{}", base.as_str().unwrap())),
        (None, None) => None,
    }
}

#[test]
fn every_panel_is_in_the_table_and_no_other() {
    of_the_councils().every_panel_is_in_the_table_and_no_other();
    of_the_exercise().every_panel_is_in_the_table_and_no_other();
}

#[test]
fn every_sitting_is_in_the_table_and_no_other() {
    of_the_councils().every_sitting_is_in_the_table_and_no_other();
    of_the_exercise().every_sitting_is_in_the_table_and_no_other();
}

#[test]
fn the_cutoff_of_a_day_is_that_of_the_table() {
    of_the_councils().the_cutoff_of_a_day_is_that_of_the_table();
    of_the_exercise().the_cutoff_of_a_day_is_that_of_the_table();
}

/// The phrases come out right by themselves (`calendar::phrase`); here they stand in the profiles of these panels.
#[test]
fn the_worked_cutoffs_come_out_for_their_panels() {
    let cases = [
        ("lambeth/crp", "2026-12-03", "2026-11-30T13:00:00+00:00", false),
        ("lambeth/crp", "2026-12-31", "2026-12-24T13:00:00+00:00", true),
        ("lambeth/crp", "2027-04-01", "2027-03-25T13:00:00+00:00", true),
        ("lambeth/lpp", "2026-12-30", "2026-12-24T10:00:00+00:00", true),
        ("lambeth/lpp", "2027-09-01", "2027-08-27T10:00:00+01:00", true),
        ("lambeth/16-plus", "2026-12-14", "2026-12-09T17:00:00+00:00", false),
        ("lambeth/16-plus", "2027-01-04", "2026-12-29T17:00:00+00:00", false),
        ("lambeth/16-plus", "2026-12-28", NONE, false),
        ("lambeth/16-plus", "2027-04-05", "2027-03-31T17:00:00+01:00", false),
        ("lincolnshire/support-panel", "2026-12-09", "2026-12-04T12:00:00+00:00", false),
        ("lincolnshire/support-panel", "2026-12-30", "2026-12-24T12:00:00+00:00", true),
        ("lincolnshire/support-panel", "2027-01-06", "2026-12-31T12:00:00+00:00", true),
        ("lincolnshire/support-panel", "2027-03-31", "2027-03-25T12:00:00+00:00", true),
        ("derbyshire/care-planning-panel", "2026-12-31", "2026-12-29T17:00:00+00:00", false),
        ("derbyshire/care-planning-panel", "2027-03-31", "2027-03-25T17:00:00+00:00", false),
        ("forums/marp", "2026-12-15", "2026-12-01T16:00:00+00:00", false),
        ("forums/marp", "2027-01-05", "2026-12-22T16:00:00+00:00", false),
    ];
    let compared = of_the_councils();
    for (panel, date, cutoff, moved) in cases {
        let said = compared.tessera.json(&["panels", "cutoff", panel, date]);
        let found = (said["cutoff"].as_str().unwrap_or(NONE), said["moved"].as_bool().unwrap());
        assert_eq!(found, (cutoff, moved), "tessera of {panel} on {date}");
        let row = compared.rows.iter().find(|row| row.panel == panel && row.date == date);
        let row = row.unwrap_or_else(|| panic!("{panel} does not sit on {date} by the table"));
        assert_eq!((row.cutoff.as_str(), row.moved), (cutoff, moved), "the table of {panel} on {date}");
        assert_eq!(row.cancelled != NONE, cutoff == NONE, "{row:?}");
    }
}
