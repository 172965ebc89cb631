//! Reading rows, block by block.

use std::io::Read;

use fast_float2::FastFloat;
use gingham_core::DType;

use super::super::{Destination, Element, Kind, Layout, Problem, excerpt};
use super::blocks::Blocks;
use super::header::Header;
use super::{self as csv, Dialect};

/// What a spreadsheet writes before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the rows of `reader` as an array of two axes, of `float64` or of type `cast`; `usual` is its delimiter if the
/// dialect tells none.
pub(in super::super) fn load(
    reader: &mut impl Read,
    dialect: Dialect,
    usual: u8,
    cast: Option<DType>,
    destination: &mut impl Destination,
) -> Result<Layout, Problem> {
    match cast.unwrap_or(DType::F64) {
        DType::F64 => Rows::<f64>::new(dialect, usual)?.load(reader, destination),
        DType::F32 => Rows::<f32>::new(dialect, usual)?.load(reader, destination),
    }
}

/// The number that `text` starts with, and its length, bytes.
fn number<T: FastFloat>(text: &[u8]) -> Option<(T, usize)> {
    fast_float2::parse_partial(text).ok()
}

/// The rows that have been read so far.
struct Rows<T> {
    delimiter: u8,
    header: Option<bool>,
    /// The next line, from 1.
    line: u64,
    /// Numbers in a row; `None` before the first.
    columns: Option<usize>,
    rows: usize,
    /// The numbers of this block.
    values: Vec<T>,
}

impl<T: Element + FastFloat> Rows<T> {
    fn new(dialect: Dialect, usual: u8) -> Result<Self, Problem> {
        let (delimiter, header) = (dialect.delimiter(usual)?, dialect.header);
        Ok(Self { delimiter, header, line: 1, columns: None, rows: 0, values: Vec::new() })
    }

    fn load(mut self, reader: &mut impl Read, destination: &mut impl Destination) -> Result<Layout, Problem> {
        let kind = Kind::of(T::DTYPE);
        let mut blocks = Blocks::new(reader);
        let mut length = 0;
        while let Some(mut text) = blocks.next(self.line)? {
            if self.line == 1 {
                text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
            }
            if self.columns.is_none() {
                text = self.first(text)?;
            }
            self.block(text)?;
            let bytes = bytemuck::cast_slice(&self.values);
            length += self.values.len();
            let room = destination.room(kind, length)?;
            let start = room.len() - bytes.len();
            room[start..].copy_from_slice(bytes);
            self.values.clear();
        }
        match self.columns {
            Some(columns) if self.rows > 0 => {
                Ok(Layout { kind, shape: vec![self.rows, columns], fortran_order: false })
            }
            _ => Err(csv::Problem::Empty.into()),
        }
    }

    /// Passes blank lines and a header; returns what follows in the block.
    fn first<'a>(&mut self, mut text: &'a [u8]) -> Result<&'a [u8], csv::Problem> {
        while let Some(end) = memchr::memchr(b'\n', text) {
            if self.is_blank(text) {
                self.line += 1;
                text = &text[end + 1..];
                continue;
            }
            if self.header != Some(false) {
                let line = text[..end].strip_suffix(b"\r").unwrap_or(&text[..end]);
                let header = Header::of(line, self.delimiter, self.line);
                if self.header.is_none() && header.as_ref().is_ok_and(|header| header.has_number || header.is_blank) {
                    return Ok(text);
                }
                self.columns = Some(header?.columns);
                self.line += 1;
                return Ok(&text[end + 1..]);
            }
            return Ok(text);
        }
        Ok(text)
    }

    /// Whether the line that `text` starts with has only blanks.
    fn is_blank(&self, text: &[u8]) -> bool {
        text.get(self.blanks(text)) == Some(&b'\n')
    }

    /// How many blanks `text` starts with, as blanks count around a number: not those that separate numbers.
    fn blanks(&self, text: &[u8]) -> usize {
        let blanks = text.iter().take_while(|&&byte| matches!(byte, b' ' | b'\t') && byte != self.delimiter).count();
        blanks + usize::from(text[blanks..].starts_with(b"\r\n"))
    }

    /// Appends the rows in `text`, whole lines.
    fn block(&mut self, text: &[u8]) -> Result<(), csv::Problem> {
        let mut at = 0;
        while at < text.len() {
            if text[at] <= b' ' && self.is_blank(&text[at..]) {
                at += self.blanks(&text[at..]) + 1;
                self.line += 1;
                continue;
            }
            at = self.row(text, at)?;
            self.line += 1;
            self.rows += 1;
        }
        Ok(())
    }

    /// Appends the row that starts at byte `start`; returns where the next line starts.
    fn row(&mut self, text: &[u8], start: usize) -> Result<usize, csv::Problem> {
        let before = self.values.len();
        let mut at = start;
        loop {
            let field = at;
            // Most numbers stand alone between their delimiters.
            let mut found = number(&text[at..]).map(|(value, used)| (value, at + used));
            let is_alone = found.is_some_and(|(_, end)| text[end] == self.delimiter || text[end] == b'\n');
            if !is_alone {
                found = self.dressed(text, at);
            }
            let Some((value, end)) = found else {
                return Err(self.wrong(text, start, field, "a number"));
            };
            self.values.push(value);
            at = end + 1;
            let count = self.values.len() - before;
            if text[end] == b'\n' {
                return match *self.columns.get_or_insert(count) {
                    columns if columns == count => Ok(at),
                    columns => Err(self.wrong(
                        text,
                        start,
                        end,
                        &format!("{columns} numbers as in the lines before, not {count}"),
                    )),
                };
            }
            if self.columns == Some(count) {
                let expected = format!("the end of a line of {count} numbers, as in the lines before");
                return Err(self.wrong(text, start, end, &expected));
            }
        }
    }

    /// The number in the field that starts at byte `at`, in blanks or in quotes, and where the field ends.
    fn dressed(&self, text: &[u8], mut at: usize) -> Option<(T, usize)> {
        at += self.blanks(&text[at..]);
        let is_quoted = text[at] == b'"';
        at += usize::from(is_quoted);
        // Blanks in quotes are not the delimiter, whichever that is.
        at += if is_quoted { text[at..].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count() } else { 0 };
        let (value, used) = number(&text[at..])?;
        at += used;
        if is_quoted {
            at += text[at..].iter().take_while(|&&byte| matches!(byte, b' ' | b'\t')).count();
            at += text[at..].strip_prefix(b"\"").map(|_| 1)?;
        }
        at += self.blanks(&text[at..]);
        (text[at] == self.delimiter || text[at] == b'\n').then_some((value, at))
    }

    /// What stands at byte `at` of the line that starts at byte `start`.
    fn wrong(&self, text: &[u8], start: usize, at: usize, expected: &str) -> csv::Problem {
        let line = text[at..].split(|&byte| byte == b'\n').next().unwrap_or_default();
        let field = line.split(|&byte| byte == self.delimiter).next().unwrap_or_default();
        let found = match (line, field) {
            (b"" | b"\r", _) => "the end of the line".into(),
            (_, b"") => format!("`{}`", excerpt(&line[..1])),
            _ => format!("`{}`", excerpt(field)),
        };
        csv::Problem::Text { line: self.line, column: at - start + 1, expected: expected.into(), found }
    }
}
