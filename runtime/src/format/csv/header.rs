//! The first line of a text, which may be a header.

use super::super::excerpt;
use super::Problem;

/// How many names the line has, which ends in a newline, and whether one of them is a number.
pub(super) struct Header {
    pub(super) columns: usize,
    pub(super) has_number: bool,
    /// Whether all names are empty.
    pub(super) is_blank: bool,
}

impl Header {
    /// The names in line `line` of the text, which is `text` without its newline.
    pub(super) fn of(text: &[u8], delimiter: u8, line: u64) -> Result<Self, Problem> {
        let wrong = |at: usize, expected: &str| {
            let found = format!("`{}`", excerpt(&text[at..]));
            Problem::Text { line, column: at + 1, expected: expected.into(), found }
        };
        if let Err(error) = str::from_utf8(text) {
            return Err(wrong(error.valid_up_to(), "names in UTF-8"));
        }
        if let Some(at) = text.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t') {
            return Err(wrong(at, "names without control characters"));
        }
        let mut header = Self { columns: 0, has_number: false, is_blank: true };
        let mut at = 0;
        loop {
            let end = match text.get(at) {
                Some(b'"') => quoted(text, at).ok_or_else(|| wrong(at, "a quoted name that ends on its line"))?,
                _ => at + memchr::memchr(delimiter, &text[at..]).unwrap_or(text.len() - at),
            };
            let name = text[at..end].trim_ascii();
            let name = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name).trim_ascii();
            header.columns += 1;
            header.has_number |= fast_float2::parse::<f64, _>(name).is_ok();
            header.is_blank &= name.is_empty();
            match text.get(end) {
                None => return Ok(header),
                Some(&byte) if byte == delimiter => at = end + 1,
                Some(_) => return Err(wrong(end, "the delimiter after a quoted name")),
            }
        }
    }
}

/// Where the quoted name ends that starts at byte `start`. Two quotes in it stand for one.
fn quoted(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr(b'"', text.get(at..)?)? + 1;
        if text.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}
