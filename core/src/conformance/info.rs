//! What a backend says of itself: no version, no number.

use super::{Report, Violation, seed};
use crate::Backend;
use crate::backend::STACK;

/// Library and version are there, and a note says what goes beyond the usual.
///
/// # Errors
/// The first field that is not filled in.
pub fn filled_in(backend: &dyn Backend) -> Result<Report, Violation> {
    let info = backend.info();
    let rules = [
        (!info.library.trim().is_empty(), "the library's name is empty"),
        (!info.version.trim().is_empty(), "the library's version is empty"),
        (
            backend.stack() <= STACK || info.notes.iter().any(|note| note.contains("stack")),
            "stack() is beyond what calls may take, and no note says so",
        ),
        (backend.info() == info, "two calls of info() differ"),
    ];
    match rules.iter().find(|(kept, _)| !kept) {
        None => Ok(Report { cases: 1, ..Report::default() }),
        Some((_, what)) => {
            let found = format!("{what}: {info:?}");
            Err(Violation { backend: info.id, rule: "info", found, seed: seed() })
        }
    }
}
