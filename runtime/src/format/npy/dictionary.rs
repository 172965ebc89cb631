//! The Python dictionary in the header of a `.npy` file.
//!
//! NumPy writes `{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }`, so the parser knows that form alone: the
//! keys in any order, either kind of quotes, the `L` that Python 2 put after an integer. Nothing nests in it, hence the
//! parser does not recurse, and no file can exhaust the stack.

use super::super::{Endian, Kind, excerpt};
use super::Problem;

/// As in NumPy 2.
const MAX_AXES: usize = 64;

/// `descr`, as the element type and its byte order, `fortran_order` and `shape`.
type Entries = ((Kind, Endian), bool, Vec<usize>);

/// The dictionary that starts at byte `start` of `head` and fills the rest of it, down to the last newline.
pub(super) fn parse(head: &[u8], start: usize) -> Result<Entries, Problem> {
    let mut text = Text { head, at: start };
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    text.expect(b'{')?;
    while text.peek() != Some(b'}') {
        let key = text.clone();
        let repeated = match text.string()? {
            b"descr" => descr.replace(text.value(Text::descr)?).is_some(),
            b"fortran_order" => fortran_order.replace(text.value(Text::boolean)?).is_some(),
            b"shape" => shape.replace(text.value(Text::tuple)?).is_some(),
            _ => return Err(key.wrong("'descr', 'fortran_order' or 'shape'")),
        };
        if repeated {
            return Err(key.wrong("each key once"));
        }
        if text.peek() != Some(b'}') {
            text.expect(b',')?;
        }
    }
    let kind = descr.ok_or_else(|| text.wrong("the key 'descr'"))?;
    let fortran_order = fortran_order.ok_or_else(|| text.wrong("the key 'fortran_order'"))?;
    let shape = shape.ok_or_else(|| text.wrong("the key 'shape'"))?;
    text.expect(b'}')?;
    text.peek();
    if text.rest() != b"\n" {
        return Err(text.wrong("spaces, then a newline, to the end of the header"));
    }
    Ok((kind, fortran_order, shape))
}

/// How far a header has been read.
#[derive(Clone)]
struct Text<'a> {
    head: &'a [u8],
    /// Offset of the next byte.
    at: usize,
}

impl<'a> Text<'a> {
    fn rest(&self) -> &'a [u8] {
        &self.head[self.at..]
    }

    /// Skips spaces; returns the byte after them.
    fn peek(&mut self) -> Option<u8> {
        self.at += self.rest().iter().take_while(|&&byte| byte == b' ').count();
        self.rest().first().copied()
    }

    fn expect(&mut self, byte: u8) -> Result<(), Problem> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(&format!("`{}`", char::from(byte))));
        }
        self.at += 1;
        Ok(())
    }

    fn value<T>(&mut self, parse: fn(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        self.expect(b':')?;
        parse(self)
    }

    /// The text between quotes. It keeps its escapes, which no accepted name has.
    fn string(&mut self) -> Result<&'a [u8], Problem> {
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"')).ok_or_else(|| self.wrong("a string"))?;
        let inner = &self.rest()[1..];
        let length = inner.iter().position(|&byte| byte == quote).ok_or_else(|| self.wrong("a string that ends"))?;
        self.at += length + 2;
        Ok(&inner[..length])
    }

    fn descr(&mut self) -> Result<(Kind, Endian), Problem> {
        // The first byte of a list, which describes the fields of a record, suffices to refuse it.
        let descr = match self.peek() {
            Some(b'\'' | b'"') => self.string()?,
            _ => self.rest(),
        };
        Kind::parse(descr).ok_or_else(|| match descr {
            [b'<' | b'>', b'c', b'0'..=b'9', ..] => Problem::Complex(excerpt(descr)),
            _ => Problem::DType(excerpt(descr)),
        })
    }

    fn boolean(&mut self) -> Result<bool, Problem> {
        self.peek();
        for (word, value) in [("True", true), ("False", false)] {
            if self.rest().starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, Problem> {
        let mut lengths = Vec::new();
        self.expect(b'(')?;
        while self.peek() != Some(b')') {
            if lengths.len() == MAX_AXES {
                return Err(self.wrong("at most 64 axes"));
            }
            lengths.push(self.integer()?);
            // `(3)` is a number in Python, `(3,)` a tuple.
            if lengths.len() == 1 || self.peek() != Some(b')') {
                self.expect(b',')?;
            }
        }
        self.expect(b')')?;
        Ok(lengths)
    }

    fn integer(&mut self) -> Result<usize, Problem> {
        self.peek();
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = String::from_utf8_lossy(&self.rest()[..digits]);
        let value = text.parse().map_err(|_| self.wrong(&format!("an axis length from 0 to {}", usize::MAX)))?;
        self.at += digits;
        self.at += usize::from(self.rest().starts_with(b"L"));
        Ok(value)
    }

    fn wrong(&self, expected: &str) -> Problem {
        let found = match self.rest() {
            [] => "the end of the header".into(),
            rest => format!("`{}`", excerpt(rest)),
        };
        Problem::Header { expected: expected.into(), at: self.at, found }
    }
}
