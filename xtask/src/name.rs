//! The name of a backend, in the three spellings that a crate needs.

use anyhow::{Result, ensure};

/// Words that cannot name a type or a crate.
const KEYWORDS: &str = " abstract as async await become box break const continue crate do dyn else enum extern false \
    final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self static struct \
    super trait true try type typeof unsafe unsized use virtual where while yield ";

/// A valid name. The rules are the same as for a backend's id in `gingham_core::id`, repeated here so that building
/// xtask does not wait for core; its tests do, and compare the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// Id, cargo feature, folder: `my-lib`.
    pub(crate) id: String,
    /// In paths of Rust: `my_lib`.
    pub(crate) path: String,
    /// The type: `MyLib`.
    pub(crate) camel: String,
}

impl Name {
    pub(crate) fn new(given: &str) -> Result<Self> {
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        ensure!(
            given.starts_with(|c: char| c.is_ascii_lowercase()) && given.chars().all(letters),
            "backend name `{given}`: expected lower-case letters, digits, - and _, starting with a letter"
        );
        ensure!(!KEYWORDS.contains(&format!(" {given} ")), "backend name `{given}` is a keyword of Rust");
        Ok(Self { id: given.into(), path: given.replace('-', "_"), camel: camel(given) })
    }
}

fn camel(id: &str) -> String {
    let word = |word: &str| match word.split_at_checked(1) {
        Some((first, rest)) => first.to_ascii_uppercase() + rest,
        None => String::new(),
    };
    id.split(['-', '_']).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_spellings() {
        let name = Name::new("my-lib_2").unwrap();
        assert_eq!((name.id.as_str(), name.path.as_str(), name.camel.as_str()), ("my-lib_2", "my_lib_2", "MyLib2"));
        assert_eq!(Name::new("blis").unwrap().camel, "Blis");
    }

    #[test]
    fn the_rule_is_that_of_core() {
        let names =
            ["a", "a-b_2", "z9-", "", "2blas", "-x", "_x", "Blis", "bLIS", "a b", "a/b", "..", "é", "aé", "a\n"];
        for name in names {
            assert_eq!(Name::new(name).is_ok(), gingham_core::id::is_valid(name), "{name}");
        }
    }

    #[test]
    fn refuses_what_a_backend_cannot_be_called() {
        for given in ["", "2blas", "-x", "_x", "Blis", "a b", "a/b", "..", "é", "self", "type"] {
            let error = Name::new(given).unwrap_err().to_string();
            assert!(error.contains(&format!("`{given}`")), "{error}");
        }
    }
}
