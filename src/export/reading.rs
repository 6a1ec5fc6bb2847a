//! The ways to read a part: as submissions, or as rows of an extract.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::columns::Layout;
use super::headings::Headings;
use super::open::{Kind, Part, Progress};
use super::record::{Draft, Record, Row};
use super::relay::{Inlet, Remarks, Through};
use super::{forms_table, rows, xml};
use crate::domain::{ExtractType, Trouble};

/// The submissions of one part, in the order in which they begin, or what was made of them on the way
/// ([`Part::forms_through`]).
pub struct Forms<U = Result<Record, Trouble>> {
    layout: Layout,
    inlet: Inlet<Draft, U>,
}

impl<U: Send + 'static> Forms<U> {
    /// How the part is laid out.
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Bytes on disk that the reader has come through, of [`Part::bytes`].
    pub fn bytes_read(&self) -> u64 {
        self.inlet.progress().load(Ordering::Relaxed)
    }

    /// What was passed over so far: everything, once the last record has been read.
    pub const fn remarks(&self) -> &Remarks {
        self.inlet.remarks()
    }
}

impl<U: Send + 'static> Iterator for Forms<U> {
    type Item = U;

    fn next(&mut self) -> Option<U> {
        self.inlet.next()
    }
}

/// The rows of one part of a `documents`, `events` or `persons` extract.
pub struct Rows {
    inlet: Inlet<Row, Result<Row, Trouble>>,
}

impl Rows {
    /// Bytes on disk that the reader has come through, of [`Part::bytes`].
    pub fn bytes_read(&self) -> u64 {
        self.inlet.progress().load(Ordering::Relaxed)
    }

    /// What was passed over so far: everything, once the last row has been read.
    pub const fn remarks(&self) -> &Remarks {
        self.inlet.remarks()
    }
}

impl Iterator for Rows {
    type Item = Result<Row, Trouble>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inlet.next()
    }
}

impl Part {
    /// Reads the part as submissions. Rows of a `long` export that are out of order are spilled to a file in
    /// `spill_dir` whose key is never written down.
    ///
    /// # Errors
    /// The trouble of a part that cannot be opened or has no header that is known.
    pub fn forms(&self, headings: &Headings, spill_dir: &Path) -> Result<Forms, Trouble> {
        self.forms_through(headings, spill_dir, |record| record)
    }

    /// Reads the part as submissions and makes something of each, in the order in which they begin.
    ///
    /// `through` runs on the reader's core and the listener's, whichever has time: mapping a submission takes about
    /// as long as reading it, and this is what shares both out.
    ///
    /// # Errors
    /// The trouble of a part that cannot be opened or has no header that is known.
    pub fn forms_through<U: Send + 'static>(
        &self,
        headings: &Headings,
        spill_dir: &Path,
        through: impl Fn(Result<Record, Trouble>) -> U + Send + Sync + 'static,
    ) -> Result<Forms<U>, Trouble> {
        let (part, dictionary) = (self.clone(), headings.dictionary(ExtractType::Forms));
        let (progress, spill_dir) = (Progress::default(), spill_dir.to_owned());
        let read_progress = Arc::clone(&progress);
        let through: Through<Draft, U> = Arc::new(move |draft, frame| through(draft.map(|draft| draft.finish(frame))));
        let (layout, inlet) = Inlet::open(progress, through, move |outlet| match part.kind()? {
            Kind::Xml => xml::read(&part, &read_progress, dictionary, outlet),
            kind => forms_table::read(&part, kind, &read_progress, &dictionary, &spill_dir, outlet),
        })?;
        Ok(Forms { layout, inlet })
    }

    /// Reads the part as rows of a `documents`, `events` or `persons` extract.
    ///
    /// # Errors
    /// The trouble of a part that cannot be opened, has no header that is known, or lacks a column.
    pub fn rows(&self, extract: ExtractType, headings: &Headings) -> Result<Rows, Trouble> {
        let (part, dictionary) = (self.clone(), headings.dictionary(extract));
        let progress = Progress::default();
        let read_progress = Arc::clone(&progress);
        let through: Through<Row, Result<Row, Trouble>> = Arc::new(|row, _| row);
        let (_, inlet) = Inlet::open(progress, through, move |outlet| {
            rows::read(&part, extract, &read_progress, &dictionary, outlet)
        })?;
        Ok(Rows { inlet })
    }
}
