//! The name of a backend: in combinations, in profiles, on the command line, and as a cargo feature.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use crate::Error;

/// The rule for names, in words.
pub const RULE: &str = "lower-case letters, digits, - and _ only, starting with a letter";

/// Whether `name` follows [`RULE`], which is about ASCII letters. It also holds for the names of registered functions:
/// both are words of a combination and of a command line, and a backend's id is the name of a folder.
#[must_use]
pub const fn is_valid(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        match bytes[i] {
            b'a'..=b'z' => {}
            b'0'..=b'9' | b'-' | b'_' if i > 0 => {}
            _ => return false,
        }
        i += 1;
    }
    !bytes.is_empty()
}

/// The id of a backend, which follows [`RULE`]. It may own its text, so that libraries can be plugged in at run time.
///
/// ```
/// use gingham_core::BackendId;
///
/// const ID: BackendId = BackendId::new("faer");
/// let other: BackendId = "my-blas_2".parse()?;
/// assert!(ID == "faer" && ID < other);
/// # Ok::<(), gingham_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackendId(Cow<'static, str>);

impl BackendId {
    /// The id of a backend that is part of the program; an id that is made at run time is parsed.
    ///
    /// # Panics
    /// If `id` breaks the [`RULE`]. A constant with such an id does not compile.
    #[must_use]
    pub const fn new(id: &'static str) -> Self {
        assert!(is_valid(id), "a backend id is made of lower-case letters, digits, - and _, and starts with a letter");
        Self(Cow::Borrowed(id))
    }

    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackendId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self, Error> {
        match is_valid(id) {
            true => Ok(Self(Cow::Owned(id.into()))),
            false => Err(Error::InvalidId { given: id.into() }),
        }
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// The text in quotes.
impl fmt::Debug for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl Deref for BackendId {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for BackendId {
    fn borrow(&self) -> &str {
        self
    }
}

impl From<BackendId> for String {
    fn from(id: BackendId) -> Self {
        id.0.into_owned()
    }
}

impl PartialEq<str> for BackendId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for BackendId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialEq<BackendId> for String {
    fn eq(&self, other: &BackendId) -> bool {
        self.as_str() == other.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_rule() {
        for id in ["a", "faer", "my-blas_2", "z--__0"] {
            assert_eq!(id.parse::<BackendId>().map(String::from), Ok(id.to_owned()));
        }
        for id in ["", "2blas", "-x", "_x", "Blis", "bLIS", "a b", "a/b", "..", "é", "aé", "a\0", "peer/numpy", "a\n"]
        {
            let error = id.parse::<BackendId>().unwrap_err();
            assert!(error.to_string().contains(RULE), "{error}");
        }
    }

    #[test]
    #[should_panic(expected = "starts with a letter")]
    fn a_slip_in_the_program_does_not_go_on() {
        let _ = BackendId::new("2blas");
    }
}
