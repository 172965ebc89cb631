//! A text in blocks of whole lines.

use std::io::Read;

use super::super::Problem;
use super::{self as csv, LINE};

/// Bytes that are read at a time, if lines are not longer. Of 16 KiB to 1 MiB, all were as fast within 3 %.
const BLOCK: usize = 64 << 10;

/// A text that is read as far as whole lines need.
pub(super) struct Blocks<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What has been read and not been given yet, a part of a line at most.
    rest: std::ops::Range<usize>,
    /// Where `buffer` starts in the text, bytes.
    offset: u64,
}

impl<R: Read> Blocks<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; BLOCK], rest: 0..0, offset: 0 }
    }

    /// The next lines, the first of which is line `line`, each with a newline at its end, also the last of the text;
    /// `None` at its end.
    pub(super) fn next(&mut self, line: u64) -> Result<Option<&[u8]>, Problem> {
        self.offset += self.rest.start as u64;
        self.buffer.copy_within(self.rest.clone(), 0);
        self.rest = 0..self.rest.len();
        loop {
            let read = self.fill()?;
            let end = if read == 0 {
                if self.rest.is_empty() {
                    return Ok(None);
                }
                self.buffer[self.rest.end] = b'\n';
                self.rest.end += 1;
                self.rest.end
            } else {
                let new = self.rest.end - read..self.rest.end;
                let Some(last) = memchr::memrchr(b'\n', &self.buffer[new.clone()]) else {
                    if self.rest.len() > LINE {
                        return Err(csv::Problem::Line { line, at: self.offset }.into());
                    }
                    continue;
                };
                new.start + last + 1
            };
            self.rest.start = end;
            return Ok(Some(&self.buffer[..end]));
        }
    }

    /// Reads more; returns how many bytes. There is room for one byte after them.
    fn fill(&mut self) -> Result<usize, Problem> {
        if self.rest.end + 1 >= self.buffer.len() {
            self.buffer.resize((self.buffer.len() * 2).min(LINE + BLOCK), 0);
        }
        let room = self.buffer.len() - 1;
        let read = loop {
            match self.reader.read(&mut self.buffer[self.rest.end..room]) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                read => break read.map_err(Problem::io("read"))?,
            }
        };
        self.rest.end += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time.
    struct Slowly<'a>(&'a [u8], usize);

    impl Read for Slowly<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            let some = bytes.len().min(self.1);
            self.0.read(&mut bytes[..some])
        }
    }

    #[test]
    fn the_blocks_are_the_text_and_a_last_newline() {
        let long = "x".repeat(BLOCK * 3);
        for text in ["", "a", "a\n", "a\nbc", "\n\n", "a\n\nb\n", &long, &format!("{long}\n{long}\n1\n{long}{long}")] {
            for step in [1000, 4097, usize::MAX] {
                let mut blocks = Blocks::new(Slowly(text.as_bytes(), step));
                let mut all = Vec::new();
                while let Some(block) = blocks.next(1).expect("lines that are short enough") {
                    assert_eq!(block.last(), Some(&b'\n'));
                    all.extend_from_slice(block);
                }
                let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
                assert!(all == format!("{text}{end}").as_bytes(), "{} bytes, {step} at a time", text.len());
            }
        }
    }
}
