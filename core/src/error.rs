//! Every reason why a call through this crate is refused, with what was given and what would have worked.

use crate::{BackendId, DType, Op};

/// A refused call. Nothing has been written to any output when one of these is returned by a checked entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of each variant says what its fields are")]
pub enum Error {
    /// Operands whose shapes do not fit each other: the shapes that were given, and those that would have worked.
    #[error("{op}: {given}; expected {expected}")]
    Shape { op: &'static str, given: String, expected: String },
    /// An output in which two indices name the same element, since an axis of length `len` has stride 0.
    #[error(
        "{op}: the output has stride 0 along an axis of length {len}, so elements would overlap; copy it into \
         an array of its own"
    )]
    OverlappingOutput { op: &'static str, len: usize },
    /// A thread count that the backend cannot give in this process, and what would have worked, in words.
    #[error("{backend}: this process cannot use {given} op threads; {expected}")]
    Threads { backend: BackendId, given: usize, expected: String },
    /// A thread count that no backend accepts.
    #[error("{given} op threads; expected 1 to {max}", max = crate::OpThreads::MAX)]
    ThreadCount { given: usize },
    /// The backend's threads are in the process that this one was forked from.
    #[error(
        "{backend}: this process was forked from the one in which the threads of {backend} were started, and \
         has none of them; use one op thread where programs fork, or execute a program anew instead"
    )]
    Forked { backend: BackendId },
    /// A number beyond the library's integers: `what` is a dimension, a leading dimension, a length.
    #[error("{backend}: {what} {given} is beyond the library's limit of {limit}")]
    TooLarge { backend: BackendId, what: &'static str, given: usize, limit: usize },
    /// An operation that the backend does not have.
    #[error("{backend} has no {op} for {dtype}; `gingham matrix` lists what each backend has")]
    Unsupported { backend: BackendId, op: Op, dtype: DType },
    /// A name that no backend can have.
    #[error("`{given}` is not the id of a backend: {}", crate::id::RULE)]
    InvalidId { given: String },
    /// A name that is none of those known: `what` is `backend`, `operation`, `dtype`, or `results`, the type that a
    /// function writes; `available` lists the known names, comma-separated.
    #[error("unknown {what} `{given}`; available: {available}")]
    Unknown { what: &'static str, given: String, available: String },
    /// A backend that exists behind a cargo feature of the same name, which this build lacks; `available` lists the
    /// backends that the build has, comma-separated.
    #[error("backend `{given}` is not compiled in; build with `--features {given}` (available now: {available})")]
    NotCompiled { given: String, available: String },
    /// What the library itself reported, in its words.
    #[error("{backend}: {message}")]
    Library { backend: BackendId, message: String },
}
