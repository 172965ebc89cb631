//! Panics that leave a body, kept until the batch is done.
//!
//! A panic must neither end a pool's thread nor cut a batch short, so each range is called inside [`Panics::catch`],
//! which costs about a nanosecond when nothing happens, and the first is resumed on the caller at the end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

/// What was caught in one batch, in order of arrival.
#[derive(Default)]
pub(super) struct Panics(Mutex<Vec<Box<dyn Any + Send>>>);

impl Panics {
    /// Calls `body` and keeps its panic. All are kept, although one is resumed: to drop the others here, in a pool's
    /// thread, would run destructors that may themselves panic.
    pub(super) fn catch(&self, body: impl FnOnce()) {
        // The caller judges the state that an unwinding body leaves behind: it sees the resumed panic.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(body)) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(panic);
        }
    }

    /// Resumes the first panic that was caught.
    pub(super) fn resume(self) {
        let caught = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = caught.into_iter().next() {
            resume_unwind(first);
        }
    }
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message").into()
}
