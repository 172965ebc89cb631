//! The looks of a table on a terminal: a rule below its head, words to the left, figures to the right.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

/// A table whose first `words` columns are words and whose others are figures.
pub(super) fn ruled(headings: Vec<String>, words: usize) -> Table {
    const RULE: LineStyle = LineStyle::new('─', '─', '─', '─');
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(RULE)).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings);
    for column in table.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
