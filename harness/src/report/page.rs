//! Where a report is read: how wide it may be, and whether warnings stand beside it.

use comfy_table::Table;

/// Columns of a page in a file: all columns of a table fit.
const WIDE: usize = 160;

/// Where a report is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Columns of the terminal; `None` for any other page, whose tables have every column and whose lines have any
    /// length.
    pub terminal: Option<usize>,
    /// Whether warnings are a part of the page, rather than on standard error.
    pub warnings: bool,
}

impl Page {
    /// A file, which stands alone.
    pub const FILE: Self = Self { terminal: None, warnings: true };

    /// Standard output, as wide as its terminal where it is one; warnings go to standard error.
    #[must_use]
    pub fn stdout() -> Self {
        Self { terminal: columns(Table::new().width()), warnings: false }
    }

    /// Columns that a table may take.
    pub(super) fn width(self) -> usize {
        self.terminal.unwrap_or(WIDE)
    }

    /// `text` in lines that fit the terminal, broken at spaces; further lines begin with `indent`.
    pub(crate) fn wrap(self, text: &str, indent: &str) -> String {
        let Some(width) = self.terminal else { return text.to_owned() };
        let words = text.trim_start();
        let mut lines: Vec<String> = Vec::new();
        let mut line = text[..text.len() - words.len()].to_owned();
        let mut is_bare = true;
        for word in words.split(' ') {
            if !is_bare && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
                is_bare = true;
            }
            line += if is_bare { "" } else { " " };
            line += word;
            is_bare = false;
        }
        lines.push(line);
        lines.join("\n")
    }
}

/// The columns of a terminal; `None` if it says 0, as a terminal without a window may.
fn columns(said: Option<u16>) -> Option<usize> {
    said.filter(|&columns| columns > 0).map(usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_columns_is_none() {
        assert_eq!([Some(80), Some(0), None].map(columns), [Some(80), None, None]);
    }

    #[test]
    fn lines_break_at_spaces_and_keep_their_words() {
        let page = Page { terminal: Some(12), ..Page::FILE };
        assert_eq!(page.wrap("warp and weft are woven", "  "), "warp and\n  weft are\n  woven");
        assert_eq!(page.wrap("  an_unbreakable_word here", "  "), "  an_unbreakable_word\n  here");
        assert_eq!(page.wrap("short", "  "), "short");
        assert_eq!(Page::FILE.wrap("warp and weft are woven", "  "), "warp and weft are woven");
    }
}
