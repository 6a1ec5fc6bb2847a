//! Nothing of a child's record can be read where it should not be.

use std::fs;
use std::path::Path;

use crate::runner::Tessera;

/// Words that stand in the samples' answers, names and titles, and nowhere in tessera.
const SECRETS: [&str; 3] = ["Sample Child", "Synthetic reason", "2012-0"];

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

fn holds(bytes: &[u8], word: &str) -> bool {
    let wide: Vec<u8> = word.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [word.as_bytes(), &wide].iter().any(|word| bytes.windows(word.len()).any(|window| window == *word))
}

#[test]
fn the_ledger_and_its_backup_hold_nothing_that_can_be_read() {
    let tessera = Tessera::on_samples();
    assert!(tessera.run(&["sync", "--rehearse"]).well());
    assert!(tessera.run(&["--rehearsal", "ledger", "backup", "copy.db"]).well());
    let exports = files_below(&tessera.path("exports"));
    let mut found_in_the_exports = false;
    for word in SECRETS {
        found_in_the_exports |= exports.iter().any(|path| holds(&fs::read(path).unwrap(), word));
        let kept = files_below(&tessera.path("state")).into_iter().chain([tessera.path("copy.db")]);
        for path in kept.filter(|path| path.file_name().is_some_and(|name| name != "mosaic.json")) {
            assert!(!holds(&fs::read(&path).unwrap(), word), "{} holds “{word}”", path.display());
        }
    }
    assert!(found_in_the_exports, "the words that this test looks for are not in the samples");
}

#[test]
fn the_log_at_its_most_talkative_holds_no_name_and_no_answer() {
    let tessera = Tessera::on_samples();
    let mut command = tessera.command(&["sync", "--rehearse"]);
    let output = command.env("TESSERA_LOG", "trace").output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(holds(&said, "TRACE"), "nothing was logged");
    for word in SECRETS {
        assert!(!holds(&said, word), "the log holds “{word}”");
    }
}
