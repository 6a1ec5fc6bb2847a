//! The house rules that neither the compiler nor clippy knows.

use std::fs;
use std::path::{Path, PathBuf};

use crate::runner::repository;

/// Which rooms a room may use: itself, and those named here.
const ROOMS: &[(&str, &[&str])] = &[
    ("diagnostic", &[]),
    ("calendar", &["diagnostic"]),
    ("domain", &["diagnostic", "calendar"]),
    ("log", &["diagnostic", "domain"]),
    ("export", &["diagnostic", "domain", "log"]),
    ("mapping", &["diagnostic", "calendar", "domain", "export"]),
    ("panel", &["diagnostic", "calendar", "domain"]),
    ("pack", &["diagnostic", "domain", "log"]),
    ("check", &["diagnostic", "calendar", "domain", "panel"]),
    ("outcome", &["diagnostic", "calendar", "domain", "panel"]),
    ("writeback", &["calendar", "domain", "log", "panel"]),
    ("mosaic", &["diagnostic", "calendar", "domain", "log", "writeback"]),
    ("duty", &["calendar", "domain", "panel"]),
    ("learning", &["domain", "panel"]),
    ("ledger", &["diagnostic", "calendar", "domain", "log", "writeback"]),
    ("report", &["calendar", "domain"]),
    ("mail", &["log"]),
    ("config", &["diagnostic", "domain", "ledger"]),
    (
        "operation",
        &[
            "diagnostic",
            "calendar",
            "domain",
            "log",
            "export",
            "mapping",
            "panel",
            "pack",
            "check",
            "outcome",
            "writeback",
            "mosaic",
            "duty",
            "learning",
            "ledger",
            "report",
            "mail",
            "config",
        ],
    ),
    ("web", &["operation", "report", "domain", "log", "config", "calendar", "diagnostic"]),
    ("cli", &["operation", "report", "domain", "log", "config", "calendar", "diagnostic", "web"]),
];

const LINES_OF_CODE_MAX: usize = 620;
const LINES_OF_MOD_MAX: usize = 40;

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found.sort();
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(repository()).unwrap().display().to_string()
}

/// The code of a file, its tests left out.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

#[test]
fn a_room_uses_only_the_rooms_that_it_may() {
    let mut wrong = Vec::new();
    for (room, allowed) in ROOMS {
        for (path, text) in sources(&repository().join("src").join(room)) {
            for (number, line) in
                code(&text).lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                for used in line.split("crate::").skip(1) {
                    let used: String = used.chars().take_while(|c| c.is_ascii_lowercase()).collect();
                    let known = ROOMS.iter().any(|(name, _)| *name == used);
                    if known && used != *room && !allowed.contains(&used.as_str()) {
                        wrong.push(format!("{}:{}: `{room}` must not use `{used}`", shown(&path), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "move the type down or pass it in:\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_says_its_promise() {
    for entry in fs::read_dir(repository().join("src")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let room = path.file_name().unwrap().to_str().unwrap();
            assert!(ROOMS.iter().any(|(name, _)| *name == room), "the room `{room}` is not in the table");
            let text = fs::read_to_string(path.join("mod.rs")).unwrap();
            assert!(
                text.starts_with("//! ") && text.contains("Promise:"),
                "src/{room}/mod.rs does not say its promise"
            );
        }
    }
}

/// Lines of a `mod.rs` besides the names of its files and what they give: those are as many as there are.
fn besides_names(text: &str) -> usize {
    let mut within = false;
    let besides = text.lines().filter(|line| {
        let names = ["mod ", "pub mod ", "use ", "pub use ", "pub(crate) use "];
        let is_name = within || names.iter().any(|one| line.starts_with(one));
        within = is_name && !line.ends_with(';');
        !is_name
    });
    besides.count()
}

#[test]
fn files_are_no_longer_than_can_be_read() {
    let mut wrong = Vec::new();
    for (path, text) in sources(&repository().join("src")) {
        let is_mod = path.file_name().is_some_and(|name| name == "mod.rs");
        let lines = if is_mod { besides_names(&text) } else { code(&text).lines().count() };
        let most = if is_mod { LINES_OF_MOD_MAX } else { LINES_OF_CODE_MAX };
        if lines > most {
            wrong.push(format!("{}: {lines} lines, at most {most}", shown(&path)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_file_is_a_drawer_and_nothing_is_left_for_later_unnamed() {
    let drawers = ["utils", "util", "helpers", "common", "manager", "misc"];
    let mut wrong = Vec::new();
    for (path, text) in sources(&repository().join("src")) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if drawers.contains(&stem) {
            wrong.push(format!("{}: name the thing", shown(&path)));
        }
        for word in ["TODO", "FIXME", "#[ignore", "#[should_panic"] {
            if text.contains(word) {
                wrong.push(format!("{}: {word}", shown(&path)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// To add a council or a panel is to add a file under `mappings/`, so that no name of one stands in the code.
#[test]
fn no_council_and_no_panel_is_named_in_the_code() {
    let mut names = Vec::new();
    for entry in fs::read_dir(repository().join("mappings")).unwrap() {
        let path = entry.unwrap().path();
        if path.join("authority.toml").is_file() {
            names.push(path.file_name().unwrap().to_str().unwrap().to_owned());
            for panel in fs::read_dir(path.join("panels")).unwrap() {
                names.push(panel.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    // Words of the language that happen to be a panel's name.
    names.retain(|name| name != "resource" && name != "forums");
    let mut wrong = Vec::new();
    for (path, text) in sources(&repository().join("src")) {
        let lines = code(&text).lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in lines {
            for name in &names {
                if line.split(|c: char| !c.is_alphanumeric() && c != '-').any(|word| word == name) {
                    wrong.push(format!("{}:{}: `{name}`", shown(&path), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "move it to mappings/:\n{}", wrong.join("\n"));
}

/// The log has a closed list of types, in `log`; a type of another room is added to it by name.
#[test]
fn nothing_is_logged_but_through_the_closed_list() {
    let added = ["src/log/loggable.rs", "src/web/issuer.rs", "src/web/visit.rs", "src/writeback/change.rs"];
    let mut wrong = Vec::new();
    for (path, text) in sources(&repository().join("src")) {
        let (name, code) = (shown(&path), code(&text));
        if code.contains("tracing::") && !name.starts_with("src/log/") {
            wrong.push(format!("{name}: write to the log with `crate::log`"));
        }
        if code.contains("Loggable for") && !added.contains(&name.as_str()) {
            wrong.push(format!("{name}: a type that may be logged: can nobody put a name into it? Then add the file"));
        }
    }
    wrong.retain(|one| !one.starts_with("src/cli/log.rs:"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_top_level_stays_as_it_is() {
    let allowed = ["Cargo.toml", "Cargo.lock", "LICENSE", "README.md", "mappings", "samples", "src", "tests", "target"];
    for entry in fs::read_dir(repository()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with('.') || allowed.contains(&name.as_str()), "{name} does not belong at the top level");
    }
}

/// Which database keeps a ledger is known in the folder of its engine alone. The address of a configuration names it, and a
/// file that is none of ours is told by its first bytes.
#[test]
fn no_database_is_named_outside_the_folder_of_its_engine() {
    let allowed = [
        "sqlite:state/ledger.db",
        "sqlite:x",
        "sqlite:l",
        "`sqlite:`",
        "b\"SQLite format 3",
        "mod sqlite;",
        "super::sqlite::",
    ];
    let mut wrong = Vec::new();
    for (path, text) in sources(&repository().join("src")) {
        if path.starts_with(repository().join("src/ledger/engine/sqlite")) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = allowed.iter().fold(line.to_owned(), |line, word| line.replace(word, "")).to_lowercase();
            if ["sqlite", "sqlcipher", "pragma ", "json_extract", "without rowid"]
                .iter()
                .any(|word| line.contains(word))
            {
                wrong.push(format!("{}:{}", shown(&path), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "what a database can do is behind the seam of `ledger::engine`:\n{}", wrong.join("\n"));
}
