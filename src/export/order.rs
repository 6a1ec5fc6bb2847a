//! Whether the rows of each submission of a `long` export stand together.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::Column;
use super::answers::{AnswerVisitor, BelowHeader, Header};
use super::headings::Meaning;
use super::open::Part;
use super::table::{Flow, TableRow, walk};
use crate::domain::Trouble;

/// What a row belongs to: its form, or its step where it names no form.
pub(super) fn key_of(header: &Header, row: &dyn TableRow) -> String {
    let text = |column| header.first(Meaning::Head(column)).map(|at| row.cell(at).text()).unwrap_or_default();
    let form = text(Column::FormId);
    let form = form.trim();
    if form.is_empty() { format!("step {}", text(Column::WorkflowStepId).trim()) } else { form.to_owned() }
}

/// Looks through the file once. What is remembered is eight bytes a submission; that two submissions are taken for
/// one is next to impossible, and would only mean that the file is sorted in vain.
pub(super) fn is_adjacent(part: &Part, header: &Header) -> Result<bool, Trouble> {
    let mut watch = Watch { header, hasher: RandomState::new(), left: HashSet::new(), current: None, adjacent: true };
    walk(part, &mut BelowHeader { header, rows: 0, inner: &mut watch })?;
    Ok(watch.adjacent)
}

struct Watch<'a> {
    header: &'a Header,
    hasher: RandomState,
    left: HashSet<u64>,
    current: Option<(String, u64)>,
    adjacent: bool,
}

impl AnswerVisitor for Watch<'_> {
    fn row(&mut self, row: &dyn TableRow) -> Flow {
        let key = key_of(self.header, row);
        if self.current.as_ref().is_some_and(|(current, _)| *current == key) {
            return Flow::On;
        }
        let hash = self.hasher.hash_one(&key);
        if let Some((_, before)) = self.current.replace((key, hash)) {
            self.left.insert(before);
        }
        self.adjacent = !self.left.contains(&hash);
        if self.adjacent { Flow::On } else { Flow::Stop }
    }

    fn trouble(&mut self, _: Trouble) -> Flow {
        Flow::On
    }
}
