//! A page of a list, and where the next one begins.

use serde::Serialize;

use super::{Failure, FailureKind};

/// Rows of a page at the most: what a person can still look through.
const ROWS_MAX: u32 = 200;

/// A page of a list.
#[derive(Debug, Clone, Serialize)]
pub struct Page<T> {
    /// Its rows.
    pub rows: Vec<T>,
    /// Where the next page begins: hand it in as `after`. `None` at the end.
    pub next: Option<String>,
}

/// Which page is meant.
#[derive(Debug, Clone)]
pub struct Paging {
    /// The `next` of the page before; `None` for the first.
    pub after: Option<String>,
    /// At most so many rows.
    pub limit: u32,
}

impl Paging {
    /// Its rows, within bounds.
    pub(super) fn rows(&self) -> u32 {
        self.limit.clamp(1, ROWS_MAX)
    }

    /// One row more than the page has tells whether there is a next one.
    pub(super) fn rows_and_one(&self) -> u32 {
        self.rows() + 1
    }

    /// The number after which the page begins.
    pub(super) fn number(&self) -> Result<Option<u64>, Failure> {
        self.after.as_deref().map(|after| after.parse().map_err(|_| no_place())).transpose()
    }
}

impl<T> Page<T> {
    /// A page of rows that were read with one more than it has.
    pub(super) fn of<R>(
        paging: &Paging,
        mut rows: Vec<R>,
        key: impl FnOnce(&R) -> String,
        shown: impl FnMut(&R) -> T,
    ) -> Self {
        let limit = usize::try_from(paging.rows()).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(key);
        Self { rows: rows.iter().map(shown).collect(), next }
    }
}

impl<T> Page<T> {
    /// A page with those rows only that are wanted. It may be short; where none of a page is wanted, the next one is
    /// asked for, so that only the last can be empty.
    pub(super) fn of_wanted(
        paging: &Paging,
        mut ask: impl FnMut(&Paging) -> Result<Self, Failure>,
        is_wanted: impl Fn(&T) -> bool,
    ) -> Result<Self, Failure> {
        let mut paging = paging.clone();
        loop {
            let mut page = ask(&paging)?;
            page.rows.retain(&is_wanted);
            if !page.rows.is_empty() || page.next.is_none() {
                return Ok(page);
            }
            paging.after = page.next;
        }
    }
}

/// The place where a page is to begin is none that a page has named.
pub(super) fn no_place() -> Failure {
    let what = anyhow::anyhow!("no page begins there");
    Failure::new(FailureKind::NotFound, what, "begin with the first page of the list")
        .on_page("No page of this list begins there.", "Begin with the first page of the list.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_next_one_only_where_there_is_one() {
        let paging = |limit| Paging { after: None, limit };
        let page = |limit, rows: Vec<u32>| Page::of(&paging(limit), rows, u32::to_string, |row| *row);
        let first = page(2, vec![1, 2, 3]);
        assert_eq!((first.rows, first.next.as_deref()), (vec![1, 2], Some("2")));
        let last = page(2, vec![1, 2]);
        assert_eq!((last.rows, last.next), (vec![1, 2], None));
        assert_eq!((paging(0).rows(), paging(u32::MAX).rows_and_one()), (1, ROWS_MAX + 1));
        assert!(Paging { after: Some("x".to_owned()), limit: 1 }.number().is_err());
    }

    #[test]
    fn what_is_not_wanted_leaves_no_gap() {
        let all: Vec<u32> = (0..20).collect();
        let ask = |paging: &Paging| {
            let from = paging.after.as_ref().map_or(0, |after| after.parse::<usize>().unwrap() + 1);
            let rows: Vec<u32> = all.iter().skip(from).take(4).copied().collect();
            Ok(Page::of(paging, rows, u32::to_string, |row| *row))
        };
        let (mut seen, mut paging) = (Vec::new(), Paging { after: None, limit: 3 });
        loop {
            // Of the middle, three pages and more are not wanted.
            let page = Page::of_wanted(&paging, ask, |row| *row < 4 || *row > 15).unwrap();
            assert!(!page.rows.is_empty());
            seen.extend(page.rows);
            let Some(next) = page.next else { break };
            paging.after = Some(next);
        }
        assert_eq!(seen, [0, 1, 2, 3, 16, 17, 18, 19]);
    }
}
