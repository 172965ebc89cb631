//! File names as a terminal may show them, and as a shell takes them.
//!
//! A name may hold any byte but `/` and 0: escape sequences that a terminal obeys, newlines that make two lines of one,
//! marks that turn the direction of reading, bytes that are not text. They are shown as `\u001b`, `\u000a`, `\u202e`
//! and `\xff`.

use std::fmt;
use std::path::Path;

/// A path, with everything escaped that is not printable text.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_os_str().as_encoded_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if is_unprintable(c) {
                    write!(f, "\\u{:04x}", u32::from(c))?;
                } else {
                    write!(f, "{c}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a terminal would obey it, or read in another direction from there on.
pub(crate) fn is_unprintable(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || c.is_control()
}

/// A path as a word of a command that can be copied to a shell: in quotes where it has other characters than those that
/// every shell takes as they are.
#[derive(Debug, Clone, Copy)]
pub struct Word<'a>(pub &'a Path);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Shown(self.0).to_string();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
        match !text.is_empty() && text.chars().all(is_plain) {
            true => f.write_str(&text),
            false => write!(f, "'{}'", text.replace('\'', r"'\''")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn printable_text_stays_and_the_rest_is_escaped() {
        for (name, shown) in [
            (&b"data/it's [1].npy"[..], "data/it's [1].npy"),
            ("données.npy".as_bytes(), "données.npy"),
            ("donne\u{301}es.npy".as_bytes(), "donne\u{301}es.npy"),
            (b"\x1b[31mred\n.npy", "\\u001b[31mred\\u000a.npy"),
            (b"a\xff\xc3.npy", "a\\xff\\xc3.npy"),
            ("\u{202e}ypn.npy".as_bytes(), "\\u202eypn.npy"),
            (b"C:\\a", "C:\\a"),
        ] {
            assert_eq!(Shown(Path::new(OsStr::from_bytes(name))).to_string(), shown);
        }
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_more_into_it() {
        for (name, word) in [
            ("/home/a-b/p_1.json", "/home/a-b/p_1.json"),
            ("my answers.json", "'my answers.json'"),
            ("it's", r"'it'\''s'"),
            ("~a$(b)", "'~a$(b)'"),
        ] {
            assert_eq!(Word(Path::new(name)).to_string(), word);
        }
    }
}
