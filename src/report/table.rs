//! Tables for a terminal: as wide as it is, plain where nobody looks.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

/// A table of texts. Columns of numbers stand to the right.
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(headings);
    for row in rows {
        table.add_row(row);
    }
    let is_number = |text: &String| text.is_empty() || text.bytes().all(|byte| byte.is_ascii_digit());
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        let cells = || rows.iter().filter_map(|row| row.get(at));
        if cells().any(|text| !text.is_empty()) && cells().all(is_number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_texts_to_the_left() {
        let rows = [vec!["a.csv".to_owned(), "3".to_owned()], vec!["b.csv".to_owned(), "12".to_owned()]];
        let drawn = table(&["file", "records"], &rows);
        assert_eq!(drawn, "file   records\na.csv        3\nb.csv       12\n");
    }
}
