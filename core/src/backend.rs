//! The trait that a linear-algebra library is plugged in by.

use std::fmt;

use crate::named::named;
use crate::{BackendId, DType, Error, Op, OpThreads, Ops};

/// An implementation of the operations.
///
/// # Contract
/// * `info().id` is the name in combinations and profiles; it is unique in a registry.
/// * [`Support::Native`] means that the library itself does the arithmetic, for every layout of the operands; what it
///   cannot address is copied into scratch, and `info().notes` says so. [`Support::Fallback`] means that the call ends
///   in [`crate::reference`]. The conformance suite counts reference calls to prove it.
/// * Calls from any number of threads at once give the results that one thread gets.
/// * Never more than `threads` threads work on one call: a [`Threading::PerCall`] backend obeys the argument, the
///   others obey the [`Limit`] that the caller holds, whose count equals the argument.
/// * A call takes at most [`Backend::stack`] bytes of the stack.
/// * No call panics on operands that a checked entry has let through.
pub trait Backend: Ops<f32> + Ops<f64> + Send + Sync + 'static {
    /// The id, library, version and kernels. Cheap after the first call.
    fn info(&self) -> Info;

    /// How op threads reach the library.
    fn threading(&self) -> Threading;

    /// The environment variables that choose the library's threads or kernels, among them that of
    /// [`Backend::threading`].
    fn variables(&self) -> &[Variable] {
        &[]
    }

    /// Who computes a call of `op` on `dtype`.
    fn support(&self, op: Op, dtype: DType) -> Support;

    /// Bytes of stack that a call takes at most on the thread that makes it; `info().notes` tells more than [`STACK`].
    fn stack(&self) -> usize {
        STACK
    }

    /// Sets the library up for `threads` op threads until the returned value is dropped. Taken once, before workers
    /// start.
    ///
    /// # Errors
    /// [`Error::Threads`] where this process cannot give that count: more than one from a [`Threading::Single`]
    /// backend, anything but the count at start from a [`Threading::AtStart`] one.
    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error>;
}

/// Bytes of stack that a call may take without a note: half of what musl gives a thread.
pub const STACK: usize = 64 << 10;

/// What a backend says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// Name in combinations and profiles.
    pub id: BackendId,
    /// The library that does the arithmetic.
    pub library: &'static str,
    /// The library's version.
    pub version: String,
    /// The kernels chosen on this machine, in the library's own words; empty where it does not tell.
    pub kernels: String,
    /// Caveats worth a line in a table: layouts that are copied, limits.
    pub notes: &'static [&'static str],
}

impl Info {
    /// What a library says that does not tell its kernels, without notes.
    #[must_use]
    pub fn new(id: BackendId, library: &'static str, version: impl Into<String>) -> Self {
        Self { id, library, version: version.into(), kernels: String::new(), notes: &[] }
    }

    /// With the kernels that the library has chosen.
    #[must_use]
    pub fn with_kernels(self, kernels: impl Into<String>) -> Self {
        Self { kernels: kernels.into(), ..self }
    }

    /// With these caveats.
    #[must_use]
    pub fn with_notes(self, notes: &'static [&'static str]) -> Self {
        Self { notes, ..self }
    }
}

/// How op threads reach a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threading {
    /// The library has no threads of its own.
    Single,
    /// Each call takes the count as an argument.
    PerCall {
        /// Whether the threads are rayon's: waiting for them inside another rayon pool runs that pool's tasks, so such
        /// a backend takes one op thread inside the `rayon` executor.
        rayon: bool,
    },
    /// One setting holds for the whole process, and may be changed while no call runs.
    Process {
        /// The variable that gives the first setting. A process that does not use the library sets it to 1, so that
        /// loading the library starts no threads.
        var: &'static str,
    },
    /// The library reads the count from the environment once, when it first works.
    AtStart {
        /// The variable.
        var: &'static str,
        /// The counts that the library takes.
        allowed: &'static [usize],
    },
}

impl Threading {
    /// The variable that gives the first count.
    #[must_use]
    pub fn variable(self) -> Option<&'static str> {
        match self {
            Self::Single | Self::PerCall { .. } => None,
            Self::Process { var } | Self::AtStart { var, .. } => Some(var),
        }
    }
}

/// An environment variable that a backend's library reads when it is loaded or first works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does, for a line in a table.
    pub effect: &'static str,
    /// Whether it replaces the kernels that the library chooses for this CPU. Some machines export such variables for
    /// every program, so trials start without them, and a program that has one is warned. False for a variable that
    /// nobody sets without wanting its effect.
    pub overrides_kernels: bool,
}

impl Variable {
    /// A variable that trials keep, since it leaves the kernels as they are.
    #[must_use]
    pub const fn new(name: &'static str, effect: &'static str) -> Self {
        Self { name, effect, overrides_kernels: false }
    }

    /// A variable that overrides the library's choice of kernels.
    #[must_use]
    pub const fn of_kernels(name: &'static str, effect: &'static str) -> Self {
        Self { name, effect, overrides_kernels: true }
    }
}

/// Who computes an operation of a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// The library does the arithmetic.
    Native,
    /// Core's reference does the arithmetic.
    Fallback,
    /// Nobody: the call is refused with [`Error::Unsupported`].
    None,
}

named! { Support { Native: "native", Fallback: "fallback", None: "none" } }

/// Keeps a thread limit in force; the former setting comes back when it is dropped.
#[must_use = "the limit ends when this is dropped"]
pub struct Limit<'a> {
    restore: Option<Box<dyn FnOnce() + Send + Sync + 'a>>,
}

impl<'a> Limit<'a> {
    /// The limit of a backend that takes the count in each call.
    pub fn empty() -> Self {
        Self { restore: None }
    }

    /// Runs `restore` when dropped.
    pub fn restoring(restore: impl FnOnce() + Send + Sync + 'a) -> Self {
        Self { restore: Some(Box::new(restore)) }
    }

    /// The answer of a [`Threading::Single`] backend to [`Backend::limit`].
    ///
    /// # Errors
    /// [`Error::Threads`] unless `threads` is one.
    pub fn single(backend: BackendId, threads: OpThreads) -> Result<Self, Error> {
        if threads == OpThreads::ONE {
            return Ok(Self::empty());
        }
        Err(Error::Threads { backend, given: threads.get(), expected: "it has no threads of its own: use 1".into() })
    }

    /// The answer of a [`Threading::AtStart`] backend that started with `started` threads.
    ///
    /// # Errors
    /// [`Error::Threads`] unless `threads` is `started`.
    pub fn at_start(backend: BackendId, var: &'static str, started: usize, threads: OpThreads) -> Result<Self, Error> {
        if threads.get() == started {
            return Ok(Self::empty());
        }
        let expected = format!("it started with {started}: set {var}={threads} before the program starts");
        Err(Error::Threads { backend, given: threads.get(), expected })
    }
}

impl Drop for Limit<'_> {
    fn drop(&mut self) {
        if let Some(restore) = self.restore.take() {
            restore();
        }
    }
}

impl fmt::Debug for Limit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("restores", &self.restore.is_some()).finish()
    }
}

/// Where a user gives the number of op threads: `in each call`.
impl fmt::Display for Threading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Single => f.write_str("one"),
            Self::PerCall { .. } => f.write_str("in each call"),
            Self::Process { var } => write!(f, "one setting for the process, or {var} at its start"),
            Self::AtStart { var, allowed } => {
                let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
                write!(f, "{var} at its start: {}", allowed.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_may_share_a_limit() {
        fn shared<T: Send + Sync>(_: &T) {}
        shared(&Limit::restoring(|| ()));
    }
}
