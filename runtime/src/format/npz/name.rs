//! The names of arrays in an archive.
//!
//! An array `a` is the member `a.npy`. No name can lead a program that unpacks the archive out of its directory.

use super::Problem;

const SUFFIX: &str = ".npy";

/// The name of an array.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) struct Name(String);

impl Name {
    /// The array that is the member of this name.
    pub(super) fn of_member(member: &[u8]) -> Result<Self, Problem> {
        let member = str::from_utf8(member).map_err(|_| Problem::Name)?;
        Self::new(member.strip_suffix(SUFFIX).ok_or(Problem::Name)?)
    }

    /// A name for an array.
    ///
    /// # Errors
    /// [`Problem::Name`].
    pub(in super::super) fn new(name: &str) -> Result<Self, Problem> {
        // The length of a member's name is written in 16 bits.
        let fits = name.len() + SUFFIX.len() <= usize::from(u16::MAX);
        let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
        let is_text = !name.contains(|c: char| c.is_control() || c == '\\' || c == ':');
        match fits && is_text && name.split('/').all(is_part) {
            true => Ok(Self(name.into())),
            false => Err(Problem::Name),
        }
    }

    pub(super) fn member(&self) -> String {
        format!("{}{SUFFIX}", self.0)
    }

    pub(in super::super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_its_member() {
        for name in ["arr_0", "a/b", "a b", "données", "a.npy", "..a", "-"] {
            let name = Name::new(name).expect(name);
            assert_eq!(Name::of_member(name.member().as_bytes()).expect("the same"), name);
        }
    }

    #[test]
    fn a_way_out_of_a_directory_is_no_name() {
        for member in
            ["../a.npy", "/a.npy", "a/../b.npy", "a//b.npy", "./a.npy", ".npy", "a\\b.npy", "c:a.npy", "a\0.npy"]
        {
            assert!(Name::of_member(member.as_bytes()).is_err(), "{member:?}");
        }
        for member in [&b"a"[..], b"a.txt", b"a.npy/", b"a.NPY", b"\xff.npy"] {
            assert!(Name::of_member(member).is_err(), "{member:?}");
        }
        assert!(Name::new(&"a".repeat(65_532)).is_err());
    }
}
