//! Every reason why a call through this crate is refused, with what was given and what would have worked.

use crate::{BackendId, DType, Op};

/// A refused call. Nothing has been written to any output when one of these is returned by a checked entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Operands whose shapes do not fit each other.
    #[error("{op}: {given}; expected {expected}")]
    Shape {
        /// The operation's name.
        op: &'static str,
        /// The shapes that were given.
        given: String,
        /// The shapes that would have worked.
        expected: String,
    },
    /// An output in which two indices name the same element.
    #[error(
        "{op}: the output has stride 0 along an axis of length {len}, so elements would overlap; copy it into \
         an array of its own"
    )]
    OverlappingOutput {
        /// The operation's name.
        op: &'static str,
        /// Length of the axis whose stride is zero.
        len: usize,
    },
    /// A thread count that the backend cannot give in this process.
    #[error("{backend}: this process cannot use {given} op threads; {expected}")]
    Threads {
        /// Id of the backend.
        backend: BackendId,
        /// The requested count.
        given: usize,
        /// What would have worked.
        expected: String,
    },
    /// A thread count that no backend accepts.
    #[error("{given} op threads; expected 1 to {max}", max = crate::OpThreads::MAX)]
    ThreadCount {
        /// The requested count.
        given: usize,
    },
    /// Threads that a forked child does not have: they are in the process that it was forked from.
    #[error(
        "{backend}: this process was forked from the one in which the threads of {backend} were started, and \
         has none of them; use one op thread where programs fork, or execute a program anew instead"
    )]
    Forked {
        /// Id of the backend.
        backend: BackendId,
    },
    /// A dimension or stride beyond the library's integers.
    #[error("{backend}: {what} {given} is beyond the library's limit of {limit}")]
    TooLarge {
        /// Id of the backend.
        backend: BackendId,
        /// What is too large: a dimension, a leading dimension, a length.
        what: &'static str,
        /// Its value.
        given: usize,
        /// The largest value the library takes.
        limit: usize,
    },
    /// An operation that the backend does not have.
    #[error("{backend} has no {op} for {dtype}; `gingham matrix` lists what each backend has")]
    Unsupported {
        /// Id of the backend.
        backend: BackendId,
        /// The requested operation.
        op: Op,
        /// The requested element type.
        dtype: DType,
    },
    /// A name that no backend can have.
    #[error("`{given}` is not the id of a backend: {}", crate::id::RULE)]
    InvalidId {
        /// The name that was given.
        given: String,
    },
    /// A name that is none of those known.
    #[error("unknown {what} `{given}`; available: {available}")]
    Unknown {
        /// What it should name: `backend`, `operation`, `dtype`, or `results`, the type that a function writes.
        what: &'static str,
        /// The name that was given.
        given: String,
        /// The names that are known, comma-separated.
        available: String,
    },
    /// A backend that exists behind a cargo feature which this build lacks.
    #[error("backend `{given}` is not compiled in; build with `--features {given}` (available now: {available})")]
    NotCompiled {
        /// The name of the backend, which is also the name of the feature.
        given: String,
        /// The backends that are there, comma-separated.
        available: String,
    },
    /// What the library itself reported.
    #[error("{backend}: {message}")]
    Library {
        /// Id of the backend.
        backend: BackendId,
        /// The library's words.
        message: String,
    },
}
