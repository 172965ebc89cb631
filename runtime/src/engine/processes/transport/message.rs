//! The messages about a task's arrays, over a socket, and both ends of it.
//!
//! A message is a word, the number of a task, and, where the word gives arrays, their bytes as they lie in memory.
//! Where it asks for arrays, the answer is their bytes and nothing else. Who gives gets no answer, and asks for one
//! where it matters that all that it gave has been taken. The end that has the arrays never waits: it may be the
//! pool's, which has other workers to look after ([`Connection`]). A worker waits ([`Client`]).

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::arrays::{Arrays, Side};

/// A word, and the number of a task, eight bytes each, the lowest first.
type Header = [u8; 16];

/// What a message does with the arrays of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Ask(Side),
    Give(Side),
    /// It is answered with [`SETTLED`] when all before it has been done.
    Settle,
}

/// What answers [`Word::Settle`].
const SETTLED: [u8; 1] = *b"s";

fn header(word: Word, task: usize) -> Header {
    let word: u64 = match word {
        Word::Ask(Side::Inputs) => 1,
        Word::Ask(Side::Result) => 2,
        Word::Give(Side::Inputs) => 3,
        Word::Give(Side::Result) => 4,
        Word::Settle => 5,
    };
    let mut header = [0; 16];
    header[..8].copy_from_slice(&word.to_le_bytes());
    header[8..].copy_from_slice(&(task as u64).to_le_bytes());
    header
}

fn read_header(header: &Header) -> Option<(Word, usize)> {
    let half = |half: usize| u64::from_le_bytes(std::array::from_fn(|byte| header[8 * half + byte]));
    let task = usize::try_from(half(1)).ok()?;
    match half(0) {
        1 => Some((Word::Ask(Side::Inputs), task)),
        2 => Some((Word::Ask(Side::Result), task)),
        3 => Some((Word::Give(Side::Inputs), task)),
        4 => Some((Word::Give(Side::Result), task)),
        5 => Some((Word::Settle, task)),
        _ => None,
    }
}

/// The end of the one that has the arrays, which never waits.
pub(super) struct Connection {
    stream: UnixStream,
    at: At,
}

/// Where in a message it is: so many bytes have gone.
#[derive(Debug, Clone, Copy)]
enum At {
    Header(Header, usize),
    Taking(Side, usize, usize),
    Giving(Side, usize, usize),
    Settling(usize),
}

impl Connection {
    /// For an end whose other end is a [`Client`].
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, at: At::Header([0; 16], 0) })
    }

    /// The event that it waits for.
    pub(super) fn event(&self) -> PollFd<'_> {
        let flags = if matches!(self.at, At::Giving(..) | At::Settling(_)) { PollFlags::OUT } else { PollFlags::IN };
        PollFd::new(&self.stream, flags)
    }

    /// Goes on with the message that it is at, without waiting; false where nothing could be done.
    ///
    /// # Errors
    /// The other end is gone, or has sent what is no message about these arrays.
    pub(super) fn serve(&mut self, arrays: &mut Arrays<'_>) -> io::Result<bool> {
        let mut moved = false;
        loop {
            let bytes = match &mut self.at {
                At::Header(header, had) => self.stream.read(&mut header[*had..]),
                At::Taking(side, task, had) => match arrays.rest_mut(*side, *task, *had) {
                    Some(rest) if !rest.is_empty() => self.stream.read(rest),
                    Some(_) => return self.next(),
                    None => return Err(no_message()),
                },
                At::Giving(side, task, had) => match arrays.rest(*side, *task, *had) {
                    Some(rest) if !rest.is_empty() => self.stream.write(rest),
                    Some(_) => return self.next(),
                    None => return Err(no_message()),
                },
                At::Settling(1) => return self.next(),
                At::Settling(_) => self.stream.write(&SETTLED),
            };
            let bytes = match bytes {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => bytes,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(moved),
                Err(e) => return Err(e),
            };
            moved = true;
            match &mut self.at {
                At::Header(_, had) | At::Taking(_, _, had) | At::Giving(_, _, had) | At::Settling(had) => *had += bytes,
            }
            if let At::Header(header, 16) = &self.at {
                self.at = match read_header(header).ok_or_else(no_message)? {
                    (Word::Ask(side), task) => At::Giving(side, task, 0),
                    (Word::Give(side), task) => At::Taking(side, task, 0),
                    (Word::Settle, _) => At::Settling(0),
                };
            }
        }
    }

    /// A message is over. One that sends on and on does not keep others waiting: it has its turn again.
    fn next(&mut self) -> io::Result<bool> {
        self.at = At::Header([0; 16], 0);
        Ok(true)
    }
}

fn no_message() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "no message about an array of this batch")
}

/// The end of one that asks for arrays and gives arrays, and waits for it.
pub(super) struct Client(UnixStream);

impl Client {
    /// For an end whose other end is a [`Connection`]. `deadline` is the longest wait for that.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new(stream: UnixStream, deadline: Option<Duration>) -> io::Result<Self> {
        stream.set_read_timeout(deadline)?;
        stream.set_write_timeout(deadline)?;
        Ok(Self(stream))
    }

    /// Asks for that side of task `theirs`, and writes it to task `ours` of `to`.
    ///
    /// # Errors
    /// The other end is gone, or the task is not within the memory.
    pub(super) fn ask(&mut self, side: Side, theirs: usize, to: &mut Arrays<'_>, ours: usize) -> io::Result<()> {
        self.0.write_all(&header(Word::Ask(side), theirs))?;
        let mut had = 0;
        loop {
            let rest = to.rest_mut(side, ours, had).ok_or_else(no_message)?;
            if rest.is_empty() {
                return Ok(());
            }
            had += rest.len();
            self.0.read_exact(rest)?;
        }
    }

    /// Waits until all that it gave has been taken.
    ///
    /// # Errors
    /// The other end is gone.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.0.write_all(&header(Word::Settle, 0))?;
        self.0.read_exact(&mut [0; SETTLED.len()])
    }

    /// Gives that side of task `ours` of `from` as task `theirs`.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub(super) fn give(&mut self, side: Side, theirs: usize, from: &Arrays<'_>, ours: usize) -> io::Result<()> {
        self.0.write_all(&header(Word::Give(side), theirs))?;
        let mut had = 0;
        loop {
            let rest = from.rest(side, ours, had).ok_or_else(no_message)?;
            if rest.is_empty() {
                return Ok(());
            }
            had += rest.len();
            self.0.write_all(rest)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::super::arrays::Inputs;
    use super::*;
    use crate::workload::{Placement, Workload};

    /// Arrays of `workload` in memory of which byte i is `first + i`, without what exceeds a byte.
    fn with<R>(workload: &Workload, first: usize, f: impl FnOnce(&mut Arrays<'_>) -> R) -> (R, Vec<u8>, Vec<u8>) {
        let placement = Placement::of(workload);
        let bytes = |bytes: u64| (0..bytes as usize).map(|i| (first + i) as u8).collect::<Vec<u8>>();
        let (mut inputs, mut results) = (bytes(placement.input_bytes), bytes(placement.output_bytes));
        let open = Inputs::Open(&mut inputs);
        let made = f(&mut Arrays::new(workload, &placement.tensors, open, &mut results));
        (made, inputs, results)
    }

    fn pair() -> (Connection, Client) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Connection::new(ours).unwrap(), Client(theirs))
    }

    /// Serves until the other end is closed; returns how that ended.
    fn serve(mut connection: Connection, arrays: &mut Arrays<'_>) -> io::Error {
        loop {
            match connection.serve(arrays) {
                Ok(true) => {}
                Ok(false) => drop(rustix::event::poll(&mut [connection.event()], None)),
                Err(error) => return error,
            }
        }
    }

    #[test]
    fn arrays_of_any_length_go_there_and_back() {
        for n in [1, 13, 300_000] {
            let workload = Workload::matmul::<f64>([1, n, 2]).tasks(3);
            let (connection, mut client) = pair();
            let asking = thread::spawn({
                let one = workload.with_fewer_tasks(1);
                move || {
                    let ((), inputs, _) = with(&one, 7, |own| {
                        client.ask(Side::Inputs, 1, own, 0).unwrap();
                        client.give(Side::Result, 2, own, 0).unwrap();
                        client.settle().unwrap();
                    });
                    inputs
                }
            });
            let (end, inputs, results) = with(&workload, 100, |arrays| serve(connection, arrays));
            assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
            let (theirs, ours) = (asking.join().unwrap(), &Placement::of(&workload).tensors);
            let one = Placement::of(&workload.with_fewer_tasks(1)).tensors;
            for (whole, one) in ours.iter().zip(&one).filter(|(tensor, _)| !tensor.output) {
                assert!(theirs[one.bytes(0, 8).unwrap()] == inputs[whole.bytes(1, 8).unwrap()], "{}", one.name);
            }
            assert_eq!(results[ours[2].bytes(2, 8).unwrap()][..3], [7, 8, 9]);
            assert_eq!(results[0], 100, "the result of another task is as it was");
        }
    }

    #[test]
    fn what_is_no_message_about_these_arrays_ends_it() {
        let workload = Workload::dot::<f64>(10).tasks(3);
        let placement = Placement::of(&workload);
        let (inputs, mut results) = (vec![0; placement.input_bytes as usize], vec![0; placement.output_bytes as usize]);
        for (word, task) in [(1_u64, u64::MAX), (4, 1 << 40), (3, 0), (0, 0), (9, 1), (u64::MAX, 2)] {
            let (connection, mut client) = pair();
            client.0.write_all(&[word.to_le_bytes(), task.to_le_bytes()].concat()).unwrap();
            let mut arrays = Arrays::new(&workload, &placement.tensors, Inputs::Fixed(&inputs), &mut results);
            assert_eq!(serve(connection, &mut arrays).kind(), ErrorKind::InvalidData, "{word} {task}");
        }
    }

    #[test]
    fn one_that_dies_in_the_middle_of_a_message_is_missed_and_keeps_nobody_waiting() {
        let workload = Workload::fill::<f64>([1, 1000]).tasks(1);
        let (mut connection, mut client) = pair();
        client.0.write_all(&header(Word::Give(Side::Result), 0)).unwrap();
        client.0.write_all(&[9; 100]).unwrap();
        with(&workload, 0, |arrays| {
            assert!(connection.serve(arrays).unwrap());
            assert!(!connection.serve(arrays).unwrap(), "the rest has not come");
            drop(client);
            assert_eq!(connection.serve(arrays).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        });
    }
}
