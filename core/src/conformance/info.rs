//! What a backend says of itself: no version, no number.

use super::{Report, Violation, seed};
use crate::Backend;
use crate::backend::STACK;

/// The id follows the rules of [`Backend`], and library and version are there.
///
/// # Errors
/// The first field that is not filled in.
pub fn filled_in(backend: &dyn Backend) -> Result<Report, Violation> {
    let info = backend.info();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let id_valid = info.id.starts_with(|c: char| c.is_ascii_lowercase()) && info.id.chars().all(letters);
    let rules = [
        (id_valid, "the id: lower-case letters, digits, - and _ only, starting with a letter"),
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
            Err(Violation { backend: info.id, rule: "info", found: format!("{what}: {info:?}"), seed: seed() })
        }
    }
}
