//! What a child says. It is taken from the pipes as it comes, without waiting: the parent waits elsewhere, for the
//! pipes and for the child's end together.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// What a child answers, line by line.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) pipe: File,
    buffer: VecDeque<u8>,
}

/// An answer is a few hundred bytes; a peer with thousands of threads may send some hundred thousand.
const LONGEST_ANSWER: usize = 1 << 20;

impl Lines {
    pub(super) fn new(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { pipe: nonblocking(pipe)?, buffer: VecDeque::new() })
    }

    /// The first line, without its end.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.iter().position(|&b| b == b'\n')?;
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        Some(line)
    }

    /// Whether no byte has come.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether the first line is incomplete.
    pub(super) fn pending(&self) -> bool {
        !self.buffer.contains(&b'\n') && !self.too_long()
    }

    /// Whether more bytes have come without a line's end than an answer may have.
    pub(super) fn too_long(&self) -> bool {
        self.buffer.len() > LONGEST_ANSWER
    }

    /// Takes in bytes that are there; false where none are, and at the end of the pipe.
    pub(super) fn read(&mut self) -> bool {
        self.fill().is_some_and(|bytes| bytes > 0)
    }

    /// Takes in bytes that are there, and returns how many: 0 at the end of the pipe, `None` where none are there yet.
    pub(super) fn fill(&mut self) -> Option<usize> {
        let mut bytes = [0; 4096];
        loop {
            match self.pipe.read(&mut bytes) {
                Ok(n) => {
                    self.buffer.extend(&bytes[..n]);
                    return Some(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return (e.kind() != io::ErrorKind::WouldBlock).then_some(0),
            }
        }
    }
}

/// The last bytes that a child has written to standard error: enough for a reason.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) pipe: File,
    /// Whether more may come.
    pub(super) open: bool,
    last: VecDeque<u8>,
}

impl Tail {
    const KEPT: usize = 4096;

    pub(super) fn new(pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { pipe: nonblocking(pipe)?, open: true, last: VecDeque::new() })
    }

    /// Takes in the bytes that are there, up to a pipe's worth, so that a flood of output cannot make the parent miss a
    /// deadline.
    pub(super) fn read(&mut self) {
        let mut bytes = [0; 4096];
        for _ in 0..16 {
            match self.pipe.read(&mut bytes) {
                Ok(0) => {
                    self.open = false;
                    return;
                }
                Ok(n) => {
                    self.last.extend(&bytes[..n]);
                    self.last.drain(..self.last.len().saturating_sub(Self::KEPT));
                }
                Err(_) => return,
            }
        }
    }

    /// The last line that is not empty.
    pub(super) fn last_line(&self) -> Option<String> {
        let bytes: Vec<u8> = self.last.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        // Rust's own note after a panic is not a reason.
        let line = text.lines().rfind(|line| !line.trim().is_empty() && !line.starts_with("note: "))?;
        Some(line.trim().to_owned())
    }
}

/// The same pipe, made so that a call that would wait fails.
pub(super) fn nonblocking(pipe: OwnedFd) -> io::Result<File> {
    fcntl_setfl(pipe.as_fd(), fcntl_getfl(pipe.as_fd())? | OFlags::NONBLOCK)?;
    Ok(File::from(pipe))
}
