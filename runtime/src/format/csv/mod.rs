//! Rows of numbers in text, one row a line: `1.5,2e3,nan`.
//!
//! Numbers are those of Python's `float()` in ASCII, without underscores, and have its value to the bit: `fast-float2`
//! rounds correctly and has no unsafe code. It says where a number ends, so that no byte is looked at twice: finding
//! the fields first, as the crate `csv` does, takes as long as all the numbers (1.2 ns a byte, on a Zen 4). Blanks
//! around a number, blank lines, ends of lines as in Windows, a byte-order mark and quoted fields are taken; an empty
//! field is no number. A first line is a header if it has no number, or if that is told.

mod blocks;
mod header;
mod read;
mod write;

pub(super) use read::load;
pub(super) use write::save;

/// How rows are told from text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// The byte between two numbers, in ASCII; `None` for a tab in `.tsv` files and a comma in others.
    pub delimiter: Option<u8>,
    /// Whether the first line that is not blank is a header; `None` if it is one when it has no number.
    pub header: Option<bool>,
}

impl Dialect {
    /// Refuses what every file would be refused for.
    ///
    /// # Errors
    /// [`Problem::Delimiter`].
    pub fn check(self) -> Result<(), Problem> {
        self.delimiter(b',').map(drop)
    }

    /// The delimiter; `usual` if none is told.
    fn delimiter(self, usual: u8) -> Result<u8, Problem> {
        let delimiter = self.delimiter.unwrap_or(usual);
        let is_in_numbers = delimiter.is_ascii_alphanumeric() || b"+-.\"_".contains(&delimiter);
        let is_text = delimiter == b'\t' || (b' '..=b'~').contains(&delimiter);
        if is_in_numbers || !is_text { Err(Problem::Delimiter(delimiter)) } else { Ok(delimiter) }
    }
}

/// The longest line that is read, bytes: a row of 80,000 numbers of full precision. It bounds what is allocated
/// besides the values to 26 MiB.
pub const LINE: usize = 2 << 20;

/// What is wrong with a text of numbers, and what would have worked. Texts taken from the file are escaped and cut.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A byte that cannot stand between numbers.
    #[error("`{}` cannot separate numbers; give one character in ASCII such as , ; or |", .0.escape_ascii())]
    Delimiter(u8),
    /// Something else in the place of this.
    #[error("line {line}, column {column}: expected {expected}, found {found}")]
    Text {
        /// Line, from 1.
        line: u64,
        /// Byte in the line, from 1.
        column: usize,
        /// What would have worked.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A line of more bytes than are read.
    #[error("line {line}, from byte {at}, has more than {max} bytes; expected rows of at most that", max = LINE)]
    Line {
        /// Line, from 1.
        line: u64,
        /// Where it starts in the file, bytes.
        at: u64,
    },
    /// Nothing but blank lines, or a header alone.
    #[error("no row of numbers; expected one at least")]
    Empty,
    /// An array that is not rows of numbers.
    #[error("shape {0:?} is not rows and columns; save it as .npy")]
    Shape(Vec<usize>),
}
