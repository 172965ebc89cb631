//! Standard error, which takes everything but results. It may be closed or full.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};

/// Prints `line` on standard error. If that fails, no stream is left to report it on.
pub(super) fn tell(line: impl Display) {
    let _ = writeln!(io::stderr(), "{}", escaped(&line.to_string()));
}

/// `text` without characters that a terminal obeys, which the name of a file may hold: they are escaped as in JSON, so
/// that JSON stays the same.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    let is_obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let escape = |c: char| if is_obeyed(c) { format!("\\u{:04x}", u32::from(c)) } else { c.into() };
    text.chars().map(escape).collect::<String>().into()
}

/// A line in the program's name.
pub(super) fn complain(line: impl Display) {
    tell(format_args!("gingham: {line}"));
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn a_terminal_sees_no_control_characters() {
        assert_eq!(escaped("a\tb\nß"), "a\tb\nß");
        assert_eq!(escaped("a\u{1b}[2J\r\u{7f}\u{9b}b"), "a\\u001b[2J\\u000d\\u007f\\u009bb");
    }
}
