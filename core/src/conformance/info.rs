//! What a backend says of itself: no version, no number; and no variable that chooses its threads unsaid.

use super::{Report, Violation};
use crate::Backend;
use crate::backend::STACK;

/// Library and version are there, what goes beyond the usual is noted, and the variables that it reads are declared.
///
/// # Errors
/// The first field that is not filled in.
pub fn filled_in(backend: &dyn Backend) -> Result<Report, Violation> {
    let info = backend.info();
    let variables = backend.variables();
    let declares = |name: &str| variables.iter().any(|variable| variable.name == name);
    let rules = [
        (!info.library.trim().is_empty(), "the library's name is empty"),
        (!info.version.trim().is_empty(), "the library's version is empty"),
        (
            backend.stack() <= STACK || info.notes.iter().any(|note| note.contains("stack")),
            "stack() is beyond what calls may take, and no note says so",
        ),
        (
            backend.threading().variable().is_none_or(declares),
            "threading() names a variable that variables() does not declare",
        ),
        (
            variables.iter().all(|variable| !variable.name.is_empty() && !variable.effect.trim().is_empty()),
            "a variable has no name, or no effect in words",
        ),
        (backend.info() == info, "two calls of info() differ"),
    ];
    match rules.iter().find(|(kept, _)| !kept) {
        None => Ok(Report { cases: 1, ..Report::default() }),
        Some((_, what)) => Err(Violation::new(backend, "info", format_args!("{what}: {info:?}, {variables:?}"))),
    }
}
