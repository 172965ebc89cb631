//! One way to run a batch: backend x op threads x executor (x transport) x workers x chunk, and its text form
//! `BACKEND[:OP_THREADS]+EXECUTOR[/TRANSPORT][:WORKERS[:CHUNK]]`; or a runner that does all of it in its own way,
//! `peer/NAME`.

use std::fmt;
use std::str::FromStr;

use gingham_core::OpThreads;
use serde::{Deserialize, Serialize};

use crate::executor;

/// One way to run a batch.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Combination {
    /// Id of the backend, or `peer/NAME`.
    pub backend: String,
    /// Threads inside one operation.
    pub op_threads: OpThreads,
    /// How tasks are spread.
    pub executor: ExecutorKind,
    /// How many tasks may run at once; 1 for `serial`.
    pub workers: usize,
    /// Tasks handed out at a time; 0 splits the batch evenly before it starts.
    pub chunk: usize,
}

/// How tasks are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExecutorKind {
    /// One after the other, on the calling thread.
    Serial,
    /// A pool of threads of our own.
    Threads,
    /// A rayon pool of its own.
    Rayon,
    /// A pool of worker processes, which arrays reach in this way.
    Processes(Transport),
    /// By a runner outside this program, in its own way.
    Peer,
}

/// How arrays reach the workers of `processes`, and how results come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transport {
    /// They lie in memory files that every process maps; results are written in place.
    Shm,
    /// They are copied into a file on disk that every process maps, and results from it.
    File,
    /// They are written to a worker through its socket, task by task, and results come back through it.
    Pipe,
    /// They are copied into one queue, from which workers pull tasks one by one; results come back through sockets.
    Queue,
    /// One more process holds them: workers ask it for inputs and give it results, through sockets.
    Server,
}

/// A text that is not a combination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text does not have the form of a combination.
    #[error(
        "combination `{given}`: {what}; expected BACKEND[:OP_THREADS]+EXECUTOR[:WORKERS[:CHUNK]], for example \
         simd:1+threads:2:25"
    )]
    Form {
        /// The text that was given.
        given: String,
        /// The part that does not fit.
        what: &'static str,
    },
    /// This text begins as a peer's.
    #[error(
        "combination `{0}`: a peer is peer/NAME and nothing else, NAME of letters, digits, `-`, `_` and `.`, for \
         example peer/numpy"
    )]
    Peer(String),
    /// The executor of this name is unknown.
    #[error("unknown executor `{0}`; available: serial, threads, rayon, processes")]
    Executor(String),
    /// The transport of this name is unknown.
    #[error("unknown transport `{0}`; available: {names}", names = Transport::ALL.map(Transport::name).join(", "))]
    Transport(String),
    /// A count is out of range.
    #[error("{given} {what}; expected 1 to {max}")]
    Count {
        /// The number that was given.
        given: usize,
        /// What was counted.
        what: &'static str,
        /// The largest that would have worked.
        max: usize,
    },
}

/// The word in the backend's place in the combinations of functions, which have no backend.
pub const FUNCTIONS: &str = "fn";

/// What the combination of a peer begins with.
const PEER: &str = "peer/";

/// Whether `peer/NAME` is a combination: a name is ASCII letters, digits, `-`, `_` and `.`, at least one.
#[must_use]
pub fn is_peer_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

impl Combination {
    /// The peer of this name, as `peer/NAME` writes it. Nobody else knows how many threads it has: they count as one.
    #[must_use]
    pub fn peer(name: &str) -> Self {
        let backend = format!("{PEER}{name}");
        Self { backend, op_threads: OpThreads::ONE, executor: ExecutorKind::Peer, workers: 1, chunk: 0 }
    }

    /// Runs tasks one after the other.
    #[must_use]
    pub fn serial(backend: &str, op_threads: OpThreads) -> Self {
        Self { backend: backend.into(), op_threads, executor: ExecutorKind::Serial, workers: 1, chunk: 0 }
    }

    /// Threads that may be runnable at once: workers x op threads.
    #[must_use]
    pub fn runnable(&self) -> usize {
        self.workers * self.op_threads.get()
    }
}

impl ExecutorKind {
    /// All executors of this program, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Serial, Self::Threads, Self::Rayon, Self::Processes(Transport::Shm)];

    /// Those that run tasks in this process, on the arrays where they lie: what is raced unless others are asked for.
    pub const HERE: [Self; 3] = [Self::Serial, Self::Threads, Self::Rayon];

    /// The name in combinations, without a transport.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Threads => "threads",
            Self::Rayon => "rayon",
            Self::Processes(_) => "processes",
            Self::Peer => "peer",
        }
    }

    /// How arrays reach its workers, where these are processes.
    #[must_use]
    pub fn transport(self) -> Option<Transport> {
        if let Self::Processes(transport) = self { Some(transport) } else { None }
    }
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 5] = [Self::Shm, Self::File, Self::Pipe, Self::Queue, Self::Server];

    /// The name in combinations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shm => "shm",
            Self::File => "file",
            Self::Pipe => "pipe",
            Self::Queue => "queue",
            Self::Server => "server",
        }
    }

    /// The tasks that it hands out at a time where a combination has this chunk: a queue has one in each of its slots.
    #[must_use]
    pub fn chunk(self, given: usize) -> usize {
        if self == Self::Queue { 1 } else { given }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Transport {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|transport| transport.name() == s).ok_or_else(|| Error::Transport(s.into()))
    }
}

impl fmt::Display for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Processes(transport) => f.pad(&format!("processes/{transport}")),
            other => f.pad(other.name()),
        }
    }
}

impl FromStr for ExecutorKind {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        if let Some(transport) = s.strip_prefix("processes/") {
            return transport.parse().map(Self::Processes);
        }
        Self::ALL.into_iter().find(|kind| kind.name() == s).ok_or_else(|| Error::Executor(s.into()))
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backend, op_threads, executor, workers, chunk } = self;
        if *executor == ExecutorKind::Peer {
            return f.pad(backend);
        }
        let mut text = format!("{backend}:{op_threads}+{executor}");
        if *executor != ExecutorKind::Serial {
            text += &format!(":{workers}");
        }
        if *chunk != 0 {
            text += &format!(":{chunk}");
        }
        f.pad(&text)
    }
}

impl FromStr for Combination {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        let form = |what| Error::Form { given: given.into(), what };
        let number = |text: &str, what| text.parse::<usize>().map_err(|_| form(what));
        if let Some(name) = given.strip_prefix(PEER) {
            return if is_peer_name(name) { Ok(Self::peer(name)) } else { Err(Error::Peer(given.into())) };
        }
        let (left, right) = given.split_once('+').ok_or_else(|| form("there is no `+`"))?;

        let mut left = left.split(':');
        let backend = left.next().filter(|id| !id.is_empty()).ok_or_else(|| form("there is no backend"))?;
        let op_threads = left.next().map_or(Ok(1), |n| number(n, "op threads are not a number"))?;
        if left.next().is_some() {
            return Err(form("too many `:` before the `+`"));
        }
        let op_threads = OpThreads::new(op_threads).map_err(|_| Error::Count {
            given: op_threads,
            what: "op threads",
            max: OpThreads::MAX,
        })?;

        let mut right = right.split(':');
        let executor: ExecutorKind = right.next().unwrap_or_default().parse()?;
        let workers = right.next().map_or(Ok(1), |n| number(n, "workers are not a number"))?;
        let chunk = right.next().map_or(Ok(0), |n| number(n, "the chunk is not a number"))?;
        if right.next().is_some() {
            return Err(form("too many `:` after the `+`"));
        }
        if executor == ExecutorKind::Serial && (workers != 1 || chunk != 0) {
            return Err(form("serial has no workers and no chunk"));
        }
        if workers == 0 || workers > executor::MAX_WORKERS {
            return Err(Error::Count { given: workers, what: "workers", max: executor::MAX_WORKERS });
        }
        Ok(Self { backend: backend.into(), op_threads, executor, workers, chunk })
    }
}

impl TryFrom<String> for Combination {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Combination> for String {
    fn from(combination: Combination) -> Self {
        combination.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_combination_or_an_error(text in "(peer/)?[a-zA-Z:+0-9 ._/-]{0,40}|\\PC{0,40}") {
            if let Ok(combination) = text.parse::<Combination>() {
                prop_assert_eq!(combination.to_string().parse(), Ok(combination));
            }
        }

        #[test]
        fn any_combination_is_read_back(
            backend in "[a-z][a-z0-9_-]{0,12}",
            threads in 1..=OpThreads::MAX,
            kind in 0..ExecutorKind::ALL.len(),
            workers in 1..=executor::MAX_WORKERS,
            chunk: usize,
        ) {
            let executor = ExecutorKind::ALL[kind];
            let (workers, chunk) = if executor == ExecutorKind::Serial { (1, 0) } else { (workers, chunk) };
            let op_threads = OpThreads::new(threads).unwrap();
            let combination = Combination { backend, op_threads, executor, workers, chunk };
            prop_assert_eq!(combination.to_string().parse(), Ok(combination));
        }

        #[test]
        fn any_peer_is_read_back(name in "[A-Za-z0-9_.-]{1,20}") {
            let peer = Combination::peer(&name);
            prop_assert_eq!(peer.to_string(), format!("peer/{name}"));
            prop_assert_eq!(peer.to_string().parse(), Ok(peer.clone()));
        }
    }

    #[test]
    fn text_round_trip() {
        for text in
            ["peer/numpy", "openblas:2+serial", "faer:1+rayon:2", "simd:1+threads:2:25", "simd:1+processes/shm:2"]
        {
            assert_eq!(text.parse::<Combination>().unwrap().to_string(), text);
        }
        let short = "simd+threads".parse::<Combination>().unwrap();
        assert_eq!(short.to_string(), "simd:1+threads:1");
        let short = "simd+processes:2".parse::<Combination>().unwrap();
        assert_eq!(short.to_string(), "simd:1+processes/shm:2");
    }

    #[test]
    fn what_is_no_combination_is_refused() {
        for bad in
            ["", "simd", "+serial", "simd:0+serial", "simd:1000000000+serial", "simd:1:2+serial", "simd:x+serial"]
        {
            assert!(bad.parse::<Combination>().is_err(), "{bad}");
        }
        for bad in ["simd+", "simd+fork", "simd+threads:0", "simd+threads:99999", "simd+threads:2:-1", "simd+serial:2"]
        {
            assert!(bad.parse::<Combination>().is_err(), "{bad}");
        }
        for bad in ["peer/", "peer/x+serial", "peer/x:2", "peer/x y", "peer/a/b", "peer/ä"] {
            assert_eq!(bad.parse::<Combination>(), Err(Error::Peer(bad.into())));
        }
        let transport = "simd+processes/smoke:2".parse::<Combination>();
        assert_eq!(transport, Err(Error::Transport("smoke".into())));
        for word in ["fork", "peer", "threads/shm"] {
            assert_eq!(format!("simd+{word}").parse::<Combination>(), Err(Error::Executor(word.into())));
        }
    }
}
