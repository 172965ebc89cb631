//! Reasons: why a search stopped, why a candidate was never started, left or failed, and what the reader should know.
//!
//! Each is a type that holds the facts. Its `Display` is the sentence that people read; its kind, or the type itself if
//! it holds no facts, is written into files as a tag, which stays the same when the sentence changes. Code decides by
//! the types alone.

mod failure;
mod left;
mod stop;
mod unstarted;
mod warning;

pub use failure::{Failure, FailureKind};
pub use left::{Left, LeftKind};
pub use stop::Stop;
pub use unstarted::{Cause, Unstarted};
pub use warning::{Warning, WarningKind};
