//! An installation, opened: configuration, mapping files, panels, clock, ledger.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Actor, Failure, Mistake};
use crate::calendar::{Clock, Holidays, Office};
use crate::config::{Configuration, LedgerUrl};
use crate::diagnostic::Diagnostic;
use crate::domain::{AuthorityName, PanelName};
use crate::ledger::{Access, Ledger};
use crate::mapping::{Library, MappingSet};
use crate::panel::{Known, Profile};

/// Everything that stands in files: mappings, panels, calendars.
pub(super) struct Rulebook {
    pub(super) library: Library,
    pub(super) mappings: MappingSet,
    pub(super) panels: BTreeMap<PanelName, Profile>,
    pub(super) offices: BTreeMap<AuthorityName, Office>,
    /// What is wrong with the files; a file with an error is left out and the rest works.
    pub(super) mistakes: Vec<Mistake>,
}
