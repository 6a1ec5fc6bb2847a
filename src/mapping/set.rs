//! Every mapping of every authority.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apply::apply;
use super::authority::Authority;
use super::extract::Extract;
use super::form::FormMapping;
use super::library::Library;
use super::read::draft;
use super::recognise::{Recognised, Signs};
use super::verify::{Drafted, told_apart, whole};
use crate::diagnostic::{Diagnostic, Severity, TomlDocument};
use crate::domain::{AuthorityName, ExtractType, Reason, Submission, Trouble};
use crate::export::Record;

/// The mappings that can be used.
#[derive(Debug, Clone, Default)]
pub struct MappingSet {
    authorities: BTreeMap<AuthorityName, OfAuthority>,
}

#[derive(Debug, Clone)]
struct OfAuthority {
    authority: Authority,
    forms: Vec<FormMapping>,
    extracts: Vec<Extract>,
}

impl MappingSet {
    /// Reads all files of forms, extracts and authorities, and says every mistake. A file with an error is left out,
    /// and so are the versions that take over from it; the rest works.
    pub fn load(library: &Library) -> (Self, Vec<Diagnostic>) {
        let (mut set, mut diagnostics) = (Self::default(), Vec::new());
        for name in library.authorities() {
            let path = format!("{name}/authority.toml");
            let calendars: Vec<&str> = library.files_in("calendars").map(|(_, name)| name).collect();
            let (authority, said) = parsed(library, &path, |document| Authority::read(name, document, &calendars));
            diagnostics.extend(said);
            let Some(authority) = authority else { continue };
            let (extracts, said) = extracts(library, name, &authority);
            diagnostics.extend(said);
            let (forms, said) = forms(library, &authority.name);
            diagnostics.extend(said);
            set.authorities.insert(authority.name.clone(), OfAuthority { authority, forms, extracts });
        }
        (set, diagnostics)
    }

    /// An authority.
    pub fn authority(&self, name: &AuthorityName) -> Option<&Authority> {
        self.authorities.get(name).map(|of| &of.authority)
    }

    /// All authorities, by name.
    pub fn authorities(&self) -> impl Iterator<Item = &Authority> {
        self.authorities.values().map(|of| &of.authority)
    }

    /// The form mappings of an authority, in order of their files.
    pub fn forms(&self, name: &AuthorityName) -> impl Iterator<Item = &FormMapping> {
        self.authorities.get(name).into_iter().flat_map(|of| &of.forms)
    }

    /// The mapping of a form's version.
    pub fn form(&self, name: &AuthorityName, form: &str, version: &str) -> Option<&FormMapping> {
        self.forms(name).find(|mapping| &*mapping.form == form && &*mapping.version == version)
    }

    /// The mapping of a name such as `c0343/v3`, `lincolnshire/c0343/v3` or a whole path.
    pub fn named(&self, name: &str) -> Option<&FormMapping> {
        let plain = |path: &str| path.replace("/forms/", "/").trim_end_matches(".toml").to_owned();
        let wanted = plain(name);
        let mut fits = self.authorities.values().flat_map(|of| &of.forms).filter(|mapping| {
            let path = plain(&mapping.path);
            path == wanted || path.split_once('/').is_some_and(|(_, rest)| rest == wanted)
        });
        // A name that two authorities share names none.
        let first = fits.next()?;
        fits.next().is_none().then_some(first)
    }

    /// How an authority's reports spell an extract.
    pub fn extract(&self, name: &AuthorityName, extract: ExtractType) -> Option<&Extract> {
        self.authorities.get(name)?.extracts.iter().find(|known| known.extract == extract)
    }

    /// Which mapping reads a record.
    pub fn recognise(&self, name: &AuthorityName, record: &Record) -> Recognised<'_> {
        let signs = Signs::of(record);
        let fitting: Vec<&FormMapping> =
            self.forms(name).filter(|mapping| signs.fit(&mapping.evidence).is_ok()).collect();
        match fitting.as_slice() {
            [one] => Recognised::One(one),
            [] => {
                let elsewhere = self.authorities.iter().filter(|(other, _)| *other != name);
                let mut elsewhere =
                    elsewhere.filter(|(_, of)| of.forms.iter().any(|mapping| signs.fit(&mapping.evidence).is_ok()));
                let why = |mapping: &FormMapping| signs.fit(&mapping.evidence).err().map(|why| why.to_string());
                let others = || self.forms(name).filter_map(|mapping| Some((mapping, why(mapping)?))).collect();
                let other = elsewhere.next().map(|(other, _)| other.clone());
                other.map_or_else(|| Recognised::None(others()), Recognised::OtherAuthority)
            }
            _ => Recognised::Several(fitting),
        }
    }

    /// Reads a record: by the mapping that is pinned to its source, or by the one that fits.
    pub fn read(
        &self,
        name: &AuthorityName,
        pinned: Option<&FormMapping>,
        file: &Arc<str>,
        record: &Record,
    ) -> Result<Submission, Trouble> {
        let mapping = match pinned {
            Some(mapping) => mapping,
            None => match self.recognise(name, record) {
                Recognised::One(mapping) => mapping,
                Recognised::None(why) => return Err(unknown(record, &why)),
                Recognised::Several(fitting) => return Err(ambiguous(record, &fitting)),
                Recognised::OtherAuthority(other) => return Err(elsewhere(record, &other)),
            },
        };
        apply(mapping, name, file, record)
    }
}

fn parsed<T>(
    library: &Library,
    path: &str,
    read: impl FnOnce(&TomlDocument<'_>) -> Option<T>,
) -> (Option<T>, Vec<Diagnostic>) {
    let Some(text) = library.text(path) else { return (None, Vec::new()) };
    let document = TomlDocument::parse(path, text);
    let read = read(&document);
    let diagnostics = document.into_diagnostics();
    let wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    (read.filter(|_| !wrong), diagnostics)
}

fn extracts(library: &Library, name: &str, authority: &Authority) -> (Vec<Extract>, Vec<Diagnostic>) {
    let (mut extracts, mut diagnostics) = (Vec::new(), Vec::new());
    for (path, _) in library.files_in(&format!("{name}/extracts")) {
        let (extract, said) = parsed(library, path, |document| Extract::read(document, Some(authority)));
        extracts.extend(extract);
        diagnostics.extend(said);
    }
    (extracts, diagnostics)
}

fn forms(library: &Library, name: &AuthorityName) -> (Vec<FormMapping>, Vec<Diagnostic>) {
    let prefix = format!("{name}/forms/");
    let mut drafts = BTreeMap::new();
    for path in library.paths().filter(|path| path.starts_with(&prefix)) {
        let Some(text) = library.text(path) else { continue };
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = file.trim_end_matches(".toml").to_owned();
        let document = TomlDocument::parse(path, text);
        let draft = draft(&document);
        let drafted = Drafted { path: path.to_owned(), folder: folder.to_owned(), stem: stem.clone(), document, draft };
        drafts.insert((folder.to_owned(), stem), drafted);
    }
    let mut forms: Vec<FormMapping> =
        drafts.values().filter_map(|drafted| whole(name, &drafts, drafted, library)).collect();
    told_apart(&forms, &drafts);
    let mut diagnostics = Vec::new();
    for drafted in drafts.into_values() {
        let said = drafted.document.into_diagnostics();
        if said.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            forms.retain(|mapping| *mapping.path != *drafted.path);
        }
        diagnostics.extend(said);
    }
    (forms, diagnostics)
}

fn unknown(record: &Record, why: &[(&FormMapping, String)]) -> Trouble {
    let reasons: Vec<String> = why.iter().map(|(mapping, why)| format!("{}: {why}", mapping.path)).collect();
    let message = if reasons.is_empty() {
        "the authority has no form mappings".to_owned()
    } else {
        format!("no mapping recognises the form ({})", reasons.join("; "))
    };
    Trouble {
        place: record.place().clone(),
        reason: Reason::FormUnknown,
        message,
        help: "add a mapping file for this version, look at it with `tessera mappings try`, then `tessera quarantine replay`"
            .to_owned(),
    }
}

fn ambiguous(record: &Record, fitting: &[&FormMapping]) -> Trouble {
    let paths: Vec<&str> = fitting.iter().map(|mapping| &*mapping.path).collect();
    Trouble {
        place: record.place().clone(),
        reason: Reason::FormAmbiguous,
        message: format!("more than one mapping recognises the form: {}", paths.join(" and ")),
        help: "add to [recognise] what tells them apart, then `tessera quarantine replay`".to_owned(),
    }
}

fn elsewhere(record: &Record, other: &AuthorityName) -> Trouble {
    Trouble {
        place: record.place().clone(),
        reason: Reason::AuthorityOther,
        message: format!("the form is one of `{other}`"),
        help: "move the export to that authority's source".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnostic::documented;

    /// The documented keys are those that are asked for, and the example has no mistake of its own.
    fn agrees(heading: &str, read: impl Fn(&TomlDocument<'_>), same: impl Fn(&str) -> String) {
        let (keys, example) = documented(heading);
        let document = TomlDocument::parse("example.toml", &example);
        read(&document);
        let asked: BTreeSet<String> = document.asked().iter().map(|key| same(key)).collect();
        assert_eq!(keys, asked, "{heading}");
        let said = document.into_diagnostics();
        assert!(said.is_empty(), "{heading}: {said:?}");
    }

    #[test]
    fn the_documented_keys_are_the_accepted_keys() {
        agrees(
            "Form version",
            |document| drop(draft(document)),
            |key| {
                key.replace("outcome.<name>", "fields.<name>").replace("fields.<name>.columns.<name>", "fields.<name>")
            },
        );
        agrees("Authority", |document| drop(Authority::read("somewhere", document, &["england"])), ToOwned::to_owned);
        let read = |document: &TomlDocument<'_>| drop(Extract::read(document, None));
        let plain = |key: &str| key.split_once("columns.").map_or(key, |_| "columns").to_owned();
        agrees("Extract", read, plain);
    }

    #[test]
    fn every_built_in_file_can_be_used() {
        let (set, diagnostics) = MappingSet::load(&Library::built_in());
        assert!(diagnostics.is_empty(), "{diagnostics:#?}");
        assert_eq!(set.authorities().count(), 5);
    }

    /// Files laid over the built-in ones, and what is said of them.
    fn said(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let (_, diagnostics) = MappingSet::load(&Library::folder(folder.path()).unwrap());
        let said = diagnostics.iter().map(|one| {
            let help = one.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
            format!("{} {}: {}{help}", one.file, one.place, one.message)
        });
        said.collect()
    }

    #[test]
    fn every_mistake_of_a_form_is_said_with_line_and_column_and_the_near_miss() {
        let authority = "name = \"a\"\n";
        let v1 = "form = \"F\"\nversion = \"1\"\npanel = \"panl\"\n[recognise]\ntemplate-codes = [\"f\"]\nversions = [\"1\"]\n\
                  [fields.reason]\nquestion = \"q1\"\ntype = \"txt\"\n[fields.plan]\nquestion = \"q2\"\ntype = \"text\"\nrequried = true\n\
                  [fields.twin]\nquestion = \"Q2\"\ntype = \"text\"\nrequired-when = [\"urgnt\"]\n\
                  [fields.kind]\nquestion = \"q3\"\ntype = \"choice\"\n\
                  [facts.urgent]\nfield = \"plann\"\n";
        let v2 = "form = \"F\"\nversion = \"2\"\nextends = \"v11\"\n[recognise]\ntemplate-codes = [\"f\"]\nversions = [\"2\"]\n";
        let said = said(&[
            ("a/authority.toml", authority),
            ("a/panels/panel.toml", "panel = \"panel\""),
            ("a/forms/f/v1.toml", v1),
            ("a/forms/f/v2.toml", v2),
        ]);
        let wanted = [
            "a/forms/f/v1.toml line 3:9: there is no panel `panl` under a/panels/ (did you mean `panel`?)",
            "a/forms/f/v1.toml line 9:8: there is no type `txt` here (did you mean `text`?)",
            "a/forms/f/v1.toml line 13:1: unknown key `requried` in `fields.plan` (did you mean `required`?)",
            "a/forms/f/v1.toml line 14:9: the question `Q2` means both `plan` and `twin` (give one of the two its own question)",
            "a/forms/f/v1.toml line 22:9: there is no field `plann` (did you mean `plan`?)",
            "a/forms/f/v2.toml line 3:11: there is no version `v11` in this folder (did you mean `v1`?)",
        ];
        for one in wanted {
            assert!(said.iter().any(|said| said == one), "wanted {one}, got {said:#?}");
        }
        assert!(said.iter().any(|said| said.contains("`kind` is a choice without choices")), "{said:#?}");
        assert!(said.iter().any(|said| said.contains("nobody knows the fact `urgnt`")), "{said:#?}");
    }

    #[test]
    fn two_versions_with_one_evidence_and_a_circle_are_mistakes() {
        let form = |version: &str, extends: &str| {
            format!("form = \"F\"\nversion = \"{version}\"\nextends = \"{extends}\"\n[recognise]\ntemplate-ids = [7]\n")
        };
        let said = said(&[
            ("a/authority.toml", "name = \"a\""),
            ("a/forms/f/v1.toml", &form("1", "v2")),
            ("a/forms/f/v2.toml", &form("2", "v1")),
            ("a/forms/g/v1.toml", "form = \"G\"\nversion = \"1\"\n[recognise]\ntemplate-ids = [8]\n"),
            ("a/forms/g/v2.toml", "form = \"G\"\nversion = \"2\"\n[recognise]\ntemplate-ids = [8]\n"),
        ]);
        assert!(said.iter().any(|said| said.contains("take over from each other in a circle")), "{said:#?}");
        assert!(said.iter().any(|said| said.contains("recognised by the same evidence")), "{said:#?}");
    }
}
