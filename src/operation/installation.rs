//! An installation, opened: configuration, mapping files, panels, offices, clock, ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Actor, Failure, Mistake, Thing, Workplace};
use crate::calendar::{Clock, Holidays, Office};
use crate::config::Configuration;
use crate::diagnostic::{Diagnostic, Place, Severity};
use crate::domain::{AuthorityName, PanelName, Submission, SubmissionId};
use crate::ledger::{Ledger, LedgerKey, Seen, SubmissionRow};
use crate::mapping::{Authority, Field, FormMapping, Library, MappingSet};
use crate::panel::{Known, KnownField, Profile};

/// Everything that stands in mapping files.
#[derive(Debug)]
pub(super) struct Rulebook {
    pub(super) library: Library,
    pub(super) mappings: Arc<MappingSet>,
    pub(super) panels: BTreeMap<PanelName, Profile>,
    offices: BTreeMap<AuthorityName, Office>,
    /// What is wrong with the files: one with an error is left out, and the rest works.
    pub(super) mistakes: Vec<Mistake>,
}

/// An installation, opened for somebody: what a user can ask for are its methods, each in the file of its name.
///
/// [`Workplace::open`] opens it. Whoever asks several things asks them of one that is opened once.
#[derive(Debug)]
pub struct Installation {
    pub(super) configuration: Arc<Configuration>,
    pub(super) rules: Arc<Rulebook>,
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) actor: Actor,
    pub(super) pack_reader: Option<PathBuf>,
}

/// The ledger of an installation, opened for somebody without any mapping file: what keeps the ledger safe, and who may
/// sign in, does not hang on the mapping files being right.
///
/// [`Workplace::open_ledger`] opens it.
#[derive(Debug)]
pub struct OpenLedger {
    pub(super) configuration: Arc<Configuration>,
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) actor: Actor,
}

/// The authorities with built-in mapping files.
pub fn built_in_authorities() -> Vec<String> {
    Library::built_in().authorities().map(ToOwned::to_owned).collect()
}

impl Rulebook {
    /// The mapping files of a configuration; without one, the built-in files.
    pub(super) fn of(configuration: Option<&Configuration>) -> Result<Self, Failure> {
        let folder = configuration.and_then(|configuration| configuration.mappings.as_deref());
        let library = Library::open(folder).context("read the mapping files");
        let library = library.map_err(|error| Failure::failed(error, "look at who may read the mappings folder"))?;
        Ok(Self::load(library))
    }

    /// The mapping files of a workplace; without one, the built-in files.
    pub(super) fn at(workplace: Option<&Workplace>) -> Result<Arc<Self>, Failure> {
        workplace.map_or_else(|| Self::of(None).map(Arc::new), Workplace::rules)
    }

    /// The files in a folder, over the built-in ones.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, Failure> {
        let library = Library::open(Some(folder)).with_context(|| format!("read {}", folder.display()));
        Ok(Self::load(library.map_err(|error| Failure::failed(error, "name a folder laid out like mappings/"))?))
    }

    fn load(library: Library) -> Self {
        let (mappings, mut diagnostics) = MappingSet::load(&library);
        let (holidays, said) = calendars(&library);
        diagnostics.extend(said);
        let mut offices = BTreeMap::new();
        for authority in mappings.authorities() {
            let known = holidays.get(&authority.calendar).cloned().unwrap_or_default();
            let office = Office { zone: authority.zone.clone(), close: authority.close, holidays: known };
            offices.insert(authority.name.clone(), office);
        }
        let (panels, said) = panels(&library, &mappings);
        diagnostics.extend(said);
        diagnostics.extend(unread(&library));
        let mistakes = diagnostics.into_iter().map(|diagnostic| {
            let source = library.text(&diagnostic.file).cloned();
            Mistake { diagnostic, source }
        });
        let mistakes = mistakes.collect();
        Self { library, mappings: Arc::new(mappings), panels, offices, mistakes }
    }

    /// The mistakes in the files of the authorities that a configuration serves.
    pub(super) fn own_mistakes(&self, configuration: &Configuration) -> Vec<Mistake> {
        let is_own = |mistake: &&Mistake| {
            let folder = mistake.diagnostic.file.split('/').next().unwrap_or_default();
            let is_error = mistake.diagnostic.severity == Severity::Error;
            is_error && configuration.authorities.iter().any(|authority| authority.name.as_str() == folder)
        };
        self.mistakes.iter().filter(is_own).cloned().collect()
    }

    /// That every authority of a configuration has mapping files.
    pub(super) fn serves(&self, configuration: &Configuration) -> Result<(), Failure> {
        configuration.authorities.iter().try_for_each(|one| self.authority(&one.name).map(|_| ()))
    }

    /// The panel of a name or alias: `authority/panel`, or `panel` where one authority has it.
    pub(super) fn panel(&self, name: &str, configuration: &Configuration) -> Result<&Profile, Failure> {
        let served = |panel: &PanelName| configuration.authority(&panel.authority()).is_some();
        let is_called = |profile: &Profile| profile.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name));
        let fits = |panel: &PanelName, profile: &Profile| {
            served(panel) && (panel.as_str() == name || panel.panel() == name || is_called(profile))
        };
        let mut found = self.panels.iter().filter(|(panel, profile)| fits(panel, profile)).map(|(_, profile)| profile);
        let first = found.next().ok_or_else(|| Failure::not_found(Thing::Panel, name))?;
        match found.next() {
            None => Ok(first),
            Some(other) => {
                let help = format!("write {} or {}", first.name, other.name);
                let failure = Failure::invalid(format_args!("several authorities have a panel `{name}`"), help);
                Err(failure
                    .on_page("Several councils have a panel of this name.", "Choose it from the list of panels."))
            }
        }
    }

    pub(super) fn office(&self, authority: &AuthorityName) -> Result<&Office, Failure> {
        self.offices.get(authority).ok_or_else(|| no_mappings(authority))
    }

    /// The day of a moment in the time of an authority's office; in UTC where it has no mapping files.
    pub(super) fn day_at(&self, authority: &AuthorityName, moment: Timestamp) -> Date {
        let zone = self.offices.get(authority).map_or(TimeZone::UTC, |office| office.zone.clone());
        moment.to_zoned_datetime(zone).date()
    }

    /// The zone of whatever is about no authority of its own: that of the first that is served.
    pub(super) fn zone(&self, configuration: &Configuration) -> TimeZone {
        let first = configuration.authorities.iter().find_map(|authority| self.offices.get(&authority.name));
        first.map_or(TimeZone::UTC, |office| office.zone.clone())
    }

    pub(super) fn authority(&self, name: &AuthorityName) -> Result<&Authority, Failure> {
        self.mappings.authority(name).ok_or_else(|| no_mappings(name))
    }
}

fn no_mappings(authority: &AuthorityName) -> Failure {
    let help =
        format!("add mappings/{authority}/authority.toml, or run `tessera mappings verify` for what is wrong with it");
    Failure::configuration(anyhow::anyhow!("there are no mapping files for the authority `{authority}`"), help)
}

/// Files that nobody reads, because they lie where no file is looked for.
fn unread(library: &Library) -> Vec<Diagnostic> {
    let authorities: Vec<&str> = library.authorities().collect();
    let is_read = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["calendars" | "dialects", _] => true,
            [authority, "authority.toml"] | [authority, "panels" | "extracts", _] | [authority, "forms", _, _] => {
                authorities.contains(authority)
            }
            _ => false,
        }
    };
    let unread = library.paths().filter(|path| !is_read(path)).map(|path| {
        let help = match path.split_once('/') {
            None => "mapping files lie in <authority>/: name the folder above".to_owned(),
            Some((authority, _)) if !authorities.contains(&authority) => format!("add {authority}/authority.toml"),
            Some((authority, _)) => {
                format!("move it to {authority}/forms/<form>/, {authority}/panels/ or {authority}/extracts/")
            }
        };
        Diagnostic {
            severity: Severity::Error,
            file: path.to_owned(),
            place: Place::Whole,
            message: "nobody reads this file".to_owned(),
            help: Some(help),
            span: None,
        }
    });
    unread.collect()
}

fn calendars(library: &Library) -> (BTreeMap<String, Arc<Holidays>>, Vec<Diagnostic>) {
    let (mut calendars, mut diagnostics) = (BTreeMap::new(), Vec::new());
    for (path, name) in library.files_in("calendars") {
        let Some(text) = library.text(path) else { continue };
        let (holidays, said) = Holidays::read(path, text);
        diagnostics.extend(said);
        calendars.extend(holidays.map(|holidays| (name.to_owned(), Arc::new(holidays))));
    }
    (calendars, diagnostics)
}

fn panels(library: &Library, mappings: &MappingSet) -> (BTreeMap<PanelName, Profile>, Vec<Diagnostic>) {
    let (mut panels, mut diagnostics) = (BTreeMap::new(), Vec::new());
    for authority in mappings.authorities() {
        let folder = format!("{}/panels", authority.name);
        let mut files: Vec<(&str, &str)> = library.files_in(&folder).collect();
        // What extends another panel is read after those that stand by themselves.
        let extends = |path: &str| library.text(path).and_then(|text| Profile::extends(text));
        files.sort_by_key(|(path, _)| extends(path).is_some());
        let all: BTreeSet<String> = files.iter().map(|(_, name)| (*name).to_owned()).collect();
        for (path, name) in files {
            let Some(text) = library.text(path) else { continue };
            let name = PanelName::of(&authority.name, name);
            let base = extends(path).map(|base| PanelName::of(&authority.name, &base));
            let base = base.filter(|base| extends(&format!("{folder}/{}.toml", base.panel())).is_none());
            let known = known(authority, mappings, &name, base.as_ref(), all.clone());
            let base = base.and_then(|base| panels.get(&base));
            let (profile, said) = Profile::read(name.clone(), path, text, &known, base);
            diagnostics.extend(said);
            panels.extend(profile.map(|profile| (name, profile)));
        }
    }
    (panels, diagnostics)
}

/// What a panel's file may refer to. What extends another panel may be asked by that panel's forms.
fn known(
    authority: &Authority,
    mappings: &MappingSet,
    panel: &PanelName,
    base: Option<&PanelName>,
    panels: BTreeSet<String>,
) -> Known {
    let asks = |form: &&FormMapping| form.panels().any(|asked| asked == panel || base == Some(asked));
    let forms: Vec<&FormMapping> = mappings.forms(&authority.name).filter(asks).collect();
    Known {
        documents: authority.documents.keys().cloned().collect(),
        events: authority.events.keys().cloned().collect(),
        roles: authority.roles.keys().cloned().collect(),
        panels,
        forms: forms.iter().map(|form| form.form.to_string()).collect(),
        fields: known_fields(&forms),
        outcome_fields: forms
            .iter()
            .flat_map(|form| &form.fields)
            .filter(|field| field.is_outcome)
            .map(|field| (field.name.to_string(), field.kind.as_str()))
            .collect(),
        form_conditions: forms
            .iter()
            .flat_map(|form| &form.fields)
            .flat_map(|field| field.required_when.clone())
            .collect(),
        form_facts: forms.iter().flat_map(|form| form.fact_names()).map(ToOwned::to_owned).collect(),
    }
}

/// The fields of forms by name, as each version has them; a table's columns are `table.column`.
fn known_fields(forms: &[&FormMapping]) -> BTreeMap<String, Vec<KnownField>> {
    let mut known: BTreeMap<String, Vec<KnownField>> = BTreeMap::new();
    for form in forms {
        let mut add = |name: String, field: &Field| {
            let choices = field.choices.iter().map(|(_, choice)| choice.to_string()).collect();
            let asks_others = form.panel_by.is_some();
            let field = KnownField { file: form.path.to_string(), kind: field.kind.as_str(), choices, asks_others };
            known.entry(name).or_default().push(field);
        };
        for field in &form.fields {
            add(field.name.to_string(), field);
            field.columns.iter().for_each(|column| add(format!("{}.{}", field.name, column.name), column));
        }
    }
    known
}

/// What is opened with a ledger that is written to.
pub(super) trait Writing {
    /// Its ledger.
    fn writing(&mut self) -> &mut Ledger;

    /// Does what belongs together, all of it or nothing, after whatever others are writing and before they go on: what
    /// is read within it is still so when it is acted on. Short, because everybody else waits: no network, no pack.
    fn atomically<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Failure>) -> Result<T, Failure> {
        self.writing().begin_whole()?;
        let done = work(self);
        match done {
            Ok(done) => self.writing().commit_whole().map(|()| done).map_err(Failure::from),
            Err(failure) => {
                self.writing().roll_back_whole();
                Err(failure)
            }
        }
    }
}

impl Writing for Installation {
    fn writing(&mut self) -> &mut Ledger {
        &mut self.ledger
    }
}

impl Writing for OpenLedger {
    fn writing(&mut self) -> &mut Ledger {
        &mut self.ledger
    }
}

impl Installation {
    /// Whether a panel is of an authority that is served: the ledger may hold what is of others.
    pub(super) fn serves(&self, panel: &PanelName) -> bool {
        self.configuration.authority(&panel.authority()).is_some()
    }

    /// The authorities that are served.
    pub(super) fn served(&self) -> Vec<&AuthorityName> {
        self.configuration.authorities.iter().map(|authority| &authority.name).collect()
    }

    /// The program that opens packs.
    pub(super) fn pack_reader(&self) -> Result<PathBuf, Failure> {
        let own = || std::env::current_exe().map_err(|error| Failure::failed(error, "start tessera by its full path"));
        self.pack_reader.clone().map_or_else(own, Ok)
    }

    /// Writes into the trail that whoever asks has looked at something, and whom it has shown: one entry.
    pub(super) fn viewed(&mut self, subject: &str, seen: &Seen) -> Result<(), Failure> {
        Ok(self.ledger.audit_look(&self.actor, "viewed", subject, seen)?)
    }

    /// The same of one request: whoever it is about was shown.
    pub(super) fn viewed_request(&mut self, submission: &Submission) -> Result<(), Failure> {
        let mut seen = Seen::default();
        submission.people.iter().for_each(|person| seen.person(person));
        self.viewed(submission.id.as_str(), &seen)
    }

    /// A submission of an authority that is served. One of another is not there, though the ledger may still hold it.
    pub(super) fn submission(&self, id: &SubmissionId) -> Result<Option<SubmissionRow>, Failure> {
        let row = self.ledger.submission(id)?;
        Ok(row.filter(|row| self.configuration.authority(&row.submission.authority).is_some()))
    }

    /// A path as it is shown: below the configuration's folder, where it lies there.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.configuration.folder()).unwrap_or(path).display().to_string()
    }
}

impl OpenLedger {
    /// Writes into the trail that whoever asks has looked at something, and whom it has shown: one entry.
    pub(super) fn viewed(&mut self, subject: &str, seen: &Seen) -> Result<(), Failure> {
        Ok(self.ledger.audit_look(&self.actor, "viewed", subject, seen)?)
    }

    /// Whether a panel is of an authority that is served: the ledger may hold what is of others.
    pub(super) fn serves(&self, panel: &PanelName) -> bool {
        self.configuration.authority(&panel.authority()).is_some()
    }
}

/// The ledger of a configuration. One that is not there is made, with the key that is there: never with a new one.
pub(super) fn ledger(configuration: &Configuration, clock: Clock) -> Result<Ledger, Failure> {
    let key = LedgerKey(configuration.key.key()?);
    Ok(Ledger::open(&configuration.ledger, key, clock)?)
}
