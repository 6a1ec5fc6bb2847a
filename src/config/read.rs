//! Reads a configuration file, with all of its mistakes at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::file::{
    AuthoritySettings, Configuration, ImportFiles, MosaicSettings, Rehearsal, Source, SourcePlace, folder_of,
};
use super::read_rest::rest;
use super::reminders::{mailboxes, reminders};
use super::secret::SecretSource;
use super::web::web;
use crate::diagnostic::{Diagnostic, Item, Table, TomlDocument, nearest};
use crate::domain::{AuthorityName, ExtractType};
use crate::ledger::Address;

const SHRINK_SHARE: f64 = 0.5;
const SETTLED_AFTER: Duration = Duration::from_secs(10);
const TRANSPORTS: [&str; 3] = ["rest", "import-file", "none"];

/// The configuration in `text`, and everything that is wrong with it.
pub(super) fn read(path: &Path, name: &str, text: &str) -> (Option<Configuration>, Vec<Diagnostic>) {
    let document = TomlDocument::parse(name, text);
    let configuration = document.root().and_then(|root| {
        let folder = folder_of(path);
        let ledger = ledger(&root, folder);
        let configuration = Configuration {
            file: path.to_owned(),
            mappings: mappings(&root, folder),
            authorities: authorities(&root, folder),
            rehearsal: rehearsal(&root, folder),
            is_rehearsed: false,
            web: web(&root, folder),
            reminders: reminders(&root, folder),
            ledger: Address::file(PathBuf::new()),
            key: SecretSource::File(PathBuf::new()),
        };
        root.finish();
        let (ledger, key) = ledger?;
        Some(Configuration { ledger, key, ..configuration })
    });
    (configuration, document.into_diagnostics())
}

fn mappings(root: &Table<'_, '_>, folder: &Path) -> Option<PathBuf> {
    let Some(given) = root.text("mappings") else {
        return Some(folder.join("mappings")).filter(|beside| beside.is_dir());
    };
    let path = folder.join(&given.value);
    if !path.is_dir() {
        let help = "make the folder, or take the line out to use the built-in mapping files only";
        root.document().error(given.span, format!("there is no folder {}", path.display()), Some(help.to_owned()));
    }
    Some(path)
}

fn ledger(root: &Table<'_, '_>, folder: &Path) -> Option<(Address, SecretSource)> {
    let Some(table) = root.table("ledger") else {
        let help = "[ledger]\nurl = \"sqlite:state/ledger.db\"\nkey = { file = \"state/ledger.key\" }";
        root.document().error(root.span(), "the file has no `[ledger]`", Some(help.to_owned()));
        return None;
    };
    let url = table.required_text("url").and_then(|url| {
        let address = Address::parse(&url.value, folder);
        address.map_err(|error| table.document().error(url.span, error.to_string(), Some(error.help))).ok()
    });
    let key = secret(&table, "key", folder);
    table.finish();
    Some((url?, key?))
}

pub(super) fn secret(table: &Table<'_, '_>, key: &str, folder: &Path) -> Option<SecretSource> {
    let example = format!("{key} = {{ file = \"state/{key}\" }} or {key} = {{ env = \"NAME\" }}");
    if !table.has(key) {
        table.document().error(table.span(), format!("`{key}` is missing"), Some(example));
        return None;
    }
    let source = table.table(key)?;
    let span = source.span();
    let file = source.text("file").map(|path| SecretSource::File(folder.join(path.value)));
    let variable = source.text("env").map(|name| SecretSource::Environment(name.value));
    source.finish();
    match (file, variable) {
        (Some(one), None) | (None, Some(one)) => Some(one),
        _ => {
            table.document().error(span, format!("`{key}` should name one place"), Some(example));
            None
        }
    }
}

fn authorities(root: &Table<'_, '_>, folder: &Path) -> Vec<AuthoritySettings> {
    let mut authorities: Vec<AuthoritySettings> = Vec::new();
    for table in root.table_list("authority") {
        let name = table.required_text("name");
        let sources = table.table_list("source").into_iter().filter_map(|source| source_of(source, folder)).collect();
        let mosaic = table.table("mosaic").map_or(Some(MosaicSettings::None), |mosaic| mosaic_of(mosaic, folder));
        let mailboxes = table.table("mailboxes").map(mailboxes).unwrap_or_default();
        let approval = table.table("approval");
        let second_person = approval.as_ref().and_then(|approval| approval.flag("second-person"));
        if let Some(approval) = approval {
            approval.finish();
        }
        table.finish();
        let (Some(name), Some(mosaic)) = (name, mosaic) else { continue };
        if authorities.iter().any(|known| known.name.as_str() == name.value) {
            let message = format!("the authority `{}` stands in the file twice", name.value);
            root.document().error(name.span, message, Some("put all of its sources under one `[[authority]]`".into()));
            continue;
        }
        if let Some(other) = authorities.iter().find(|known| share_a_folder(&known.mosaic, &mosaic)) {
            let message =
                format!("the authorities `{}` and `{}` share a folder of their imports", other.name, name.value);
            let help = "give each authority an `outbox` and a `results` folder of its own";
            root.document().error(name.span, message, Some(help.into()));
            continue;
        }
        let second_person = second_person.is_none_or(|flag| flag.value);
        let name = AuthorityName::new(name.value);
        authorities.push(AuthoritySettings { name, sources, mosaic, second_person, mailboxes });
    }
    authorities
}

/// Whether what is handed over for one could be taken for the other's.
fn share_a_folder(one: &MosaicSettings, other: &MosaicSettings) -> bool {
    let (MosaicSettings::ImportFile(one), MosaicSettings::ImportFile(other)) = (one, other) else { return false };
    let others = [&other.outbox, &other.results];
    others.contains(&&one.outbox) || others.contains(&&one.results)
}

fn source_of(table: Table<'_, '_>, folder: &Path) -> Option<Source> {
    let extract = table.required_text("extract").and_then(|extract| extract_type(&table, &extract));
    let place = table.required_text("path").and_then(|path| source_place(&table, &path, folder));
    let pattern = table.text("pattern").map_or(Some(glob::Pattern::default()), |pattern| {
        let read = glob::Pattern::new(&pattern.value);
        if let Err(error) = &read {
            let message = format!("`pattern` cannot be read: {}", error.msg);
            table.document().error(pattern.span, message, Some("use * and ?, as in \"C0343*\"".into()));
        }
        read.ok()
    });
    let mapping = table.text("mapping").map(|mapping| mapping.value);
    let shrink_share = table.text("shrink").map_or(Some(SHRINK_SHARE), |share| percentage(&table, &share));
    let seconds = table.integer("settled-after-seconds").map(|seconds| u64::try_from(seconds.value).unwrap_or(0));
    table.finish();
    Some(Source {
        extract: extract?,
        place: place?,
        pattern: pattern?,
        mapping,
        shrink_share: shrink_share?,
        settled_after: seconds.map_or(SETTLED_AFTER, Duration::from_secs),
    })
}

fn extract_type(table: &Table<'_, '_>, extract: &Item<String>) -> Option<ExtractType> {
    let known = || ExtractType::ALL.iter().map(|extract| extract.as_str());
    let read = ExtractType::parse(&extract.value);
    if read.is_none() {
        let help = nearest(&extract.value, known()).map_or_else(
            || format!("the extracts are: {}", known().collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        let message = format!("there is no extract `{}`", extract.value);
        table.document().error(extract.span.clone(), message, Some(help));
    }
    read
}

fn source_place(table: &Table<'_, '_>, path: &Item<String>, folder: &Path) -> Option<SourcePlace> {
    if path.value.contains("://") {
        let help = "have the report saved into a folder and name the folder";
        let message = "an address is not read yet: a source is a folder";
        table.document().error(path.span.clone(), message, Some(help.into()));
        return None;
    }
    Some(SourcePlace::Folder(folder.join(&path.value)))
}

fn percentage(table: &Table<'_, '_>, share: &Item<String>) -> Option<f64> {
    let number = share.value.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
    let share_read = number.filter(|number| (0.0..=100.0).contains(number)).map(|number| number / 100.0);
    if share_read.is_none() {
        let message = "`shrink` should be a percentage of the extract before";
        table.document().error(share.span.clone(), message, Some("write \"50%\"; \"0%\" holds nothing back".into()));
    }
    share_read
}

fn mosaic_of(table: Table<'_, '_>, folder: &Path) -> Option<MosaicSettings> {
    let transport = table.required_text("transport");
    let settings = match transport.as_ref().map(|transport| transport.value.as_str()) {
        Some("none") => Some(MosaicSettings::None),
        Some("rest") => rest(&table, folder).map(|transport| MosaicSettings::Rest(Box::new(transport))),
        Some("import-file") => import_file(&table, folder).map(MosaicSettings::ImportFile),
        Some(other) => {
            let help = nearest(other, TRANSPORTS).map_or_else(
                || format!("the transports are: {}", TRANSPORTS.join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            );
            let span = transport.iter().map(|transport| transport.span.clone()).next().unwrap_or_default();
            table.document().error(span, format!("there is no transport `{other}`"), Some(help));
            None
        }
        None => None,
    };
    if !matches!(settings, Some(MosaicSettings::None)) {
        table.finish();
    }
    settings
}

fn import_file(table: &Table<'_, '_>, folder: &Path) -> Option<ImportFiles> {
    let (outbox, results) = (table.required_text("outbox"), table.required_text("results"));
    let (outbox, results) = (outbox?, results?);
    let files = ImportFiles { outbox: folder.join(&outbox.value), results: folder.join(&results.value) };
    if files.outbox == files.results {
        let help = "name two folders, for instance outbox = \"to-mosaic\" and results = \"from-mosaic\"";
        let message = "`outbox` and `results` should be different folders";
        table.document().error(results.span, message, Some(help.to_owned()));
        return None;
    }
    Some(files)
}

fn rehearsal(root: &Table<'_, '_>, folder: &Path) -> Rehearsal {
    let Some(table) = root.table("rehearsal") else { return Rehearsal::default() };
    let as_at = table.text("as-at").and_then(|moment| {
        let read = moment.value.parse::<Timestamp>();
        if read.is_err() {
            let help = "write a moment like \"2026-11-27T09:00:00Z\"";
            table.document().error(moment.span, "`as-at` cannot be read", Some(help.into()));
        }
        read.ok()
    });
    let outcomes = table.text("outcomes").map(|path| folder.join(path.value));
    table.finish();
    Rehearsal { as_at, outcomes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(text: &str) -> Vec<String> {
        let (_, diagnostics) = read(Path::new("tessera.toml"), "tessera.toml", text);
        diagnostics.iter().map(|one| format!("{}: {}", one.place, one.message)).collect()
    }

    const WHOLE: &str = r#"
[ledger]
url = "sqlite:state/ledger.db"
key = { env = "LEDGER_KEY" }

[[authority]]
name = "somewhere"
[[authority.source]]
extract = "forms"
path = "exports"
pattern = "REQ*"
[authority.mosaic]
transport = "rest"
url = "https://mosaic.example"
credentials = { client-id = "tessera", client-secret = { file = "secret" } }
"#;

    #[test]
    fn a_configuration_is_read_from_its_own_folder() {
        let (configuration, diagnostics) = read(Path::new("/etc/tessera/tessera.toml"), "tessera.toml", WHOLE);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let configuration = configuration.unwrap();
        assert_eq!(configuration.ledger, Address::file("/etc/tessera/state/ledger.db".into()));
        let authority = configuration.authorities.first().unwrap();
        assert!(authority.second_person, "a second person approves unless the file says otherwise");
        let source = authority.sources.first().unwrap();
        assert_eq!(source.place, SourcePlace::Folder("/etc/tessera/exports".into()));
        let MosaicSettings::Rest(transport) = &authority.mosaic else { panic!("not rest") };
        assert_eq!((transport.rate_per_second, transport.settling), (20, Duration::from_secs(120)));
    }

    #[test]
    fn every_mistake_is_said_with_its_place() {
        let wrong = [
            ("", "line 1:1: the file has no `[ledger]`"),
            (
                "[ledger]\nurl = \"mysql:x\"\nkey = { env = \"K\" }",
                "line 2:7: the ledger's address is not one that tessera knows",
            ),
            ("[ledger]\nurl = \"sqlite:x\"", "line 1:2: `key` is missing"),
            (
                "[ledger]\nurl = \"sqlite:x\"\nkey = { file = \"a\", env = \"b\" }",
                "line 3:1: `key` should name one place",
            ),
            (&WHOLE.replace("\"forms\"", "\"form\""), "line 9:11: there is no extract `form`"),
            (
                &WHOLE.replace("\"rest\"", "\"import-file\"\noutbox = \"x\"\nresults = \"x\""),
                "line 15:11: `outbox` and `results` should be different folders",
            ),
            (
                &{
                    let authority = "outbox = \"x\"\nresults = \"y\"\n[[authority]]\nname = \"other\"\n";
                    let mosaic = "[authority.mosaic]\ntransport = \"import-file\"\noutbox = \"z\"\nresults = \"x\"";
                    let (start, _) = WHOLE.split_once("transport").unwrap();
                    format!("{start}transport = \"import-file\"\n{authority}{mosaic}")
                },
                "line 17:8: the authorities `somewhere` and `other` share a folder of their imports",
            ),
            (&WHOLE.replace("\"rest\"", "\"rset\""), "line 13:13: there is no transport `rset`"),
            (&WHOLE.replace("url = \"https", "rate = 0\nurl = \"https"), "line 14:8: `rate` should be above zero"),
            (&WHOLE.replace("pattern", "patern"), "line 11:1: unknown key `patern` in `authority[0].source[0]`"),
            (
                &format!("{WHOLE}[[authority]]\nname = \"somewhere\""),
                "line 17:8: the authority `somewhere` stands in the file twice",
            ),
            (&format!("{WHOLE}[rehearsal]\nas-at = \"noon\""), "line 17:9: `as-at` cannot be read"),
            (&format!("mappings = \"nowhere\"\n{WHOLE}"), "line 1:12: there is no folder ./nowhere"),
        ];
        for (text, expected) in wrong {
            let said = mistakes(text);
            assert!(said.iter().any(|one| one == expected), "wanted {expected:?}, got {said:#?}");
        }
    }
}
