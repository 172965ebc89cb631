//! Any bytes give arrays or a refusal: the fuzzers' corpus, random changes to it, and texts of random words.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

#[path = "../../fuzz/checks.rs"]
mod checks;

/// What is checked of the bytes that a parser gets.
type Check = fn(&[u8]);

const PARSERS: [(&str, Check); 4] =
    [("npy", checks::npy), ("npz", checks::npz), ("csv", checks::csv), ("raw", checks::raw)];

/// The files in the corpus of a parser, by name.
fn corpus(parser: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(parser);
    let entries = fs::read_dir(folder).expect("the corpus");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::read(path).expect("a file"))).collect()
}

#[test]
fn the_corpus_is_read_or_refused() {
    for (parser, check) in PARSERS {
        let files = corpus(parser);
        assert!(!files.is_empty(), "{parser}");
        files.iter().for_each(|(_, bytes)| check(bytes));
    }
}

/// A change to a file.
#[derive(Debug, Clone)]
enum Change {
    Set(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index, usize),
    Copy(prop::sample::Index, prop::sample::Index, usize),
    Cut(prop::sample::Index),
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        use prop::sample::Index;
        let byte = || prop_oneof![prop::sample::select(b" '\"{}(),:;-+.e0123456789\r\n\0\xff".to_vec()), any::<u8>()];
        prop_oneof![
            (any::<Index>(), byte()).prop_map(|(at, byte)| Self::Set(at, byte)),
            (any::<Index>(), prop::collection::vec(byte(), 1..9)).prop_map(|(at, bytes)| Self::Insert(at, bytes)),
            (any::<Index>(), 1..9_usize).prop_map(|(at, count)| Self::Remove(at, count)),
            (any::<Index>(), any::<Index>(), 1..100_usize).prop_map(|(from, to, count)| Self::Copy(from, to, count)),
            any::<Index>().prop_map(Self::Cut),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let end = bytes.len();
        match self {
            _ if end == 0 => {}
            Self::Set(at, byte) => bytes[at.index(end)] = *byte,
            Self::Insert(at, new) => drop(bytes.splice(at.index(end)..at.index(end), new.clone())),
            Self::Remove(at, count) => drop(bytes.drain(at.index(end)..(at.index(end) + count).min(end))),
            Self::Copy(from, to, count) => {
                let part = bytes[from.index(end)..(from.index(end) + count).min(end)].to_vec();
                drop(bytes.splice(to.index(end)..to.index(end), part));
            }
            Self::Cut(at) => bytes.truncate(at.index(end)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_are_read_or_refused(
        which in any::<prop::sample::Index>(), changes in prop::collection::vec(Change::any(), 1..5)
    ) {
        for (parser, check) in PARSERS {
            let files = corpus(parser);
            let mut bytes = files[which.index(files.len())].1.clone();
            changes.iter().for_each(|change| change.apply(&mut bytes));
            check(&bytes);
        }
    }

    #[test]
    fn random_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        PARSERS.iter().for_each(|(_, check)| check(&bytes));
    }

    #[test]
    fn texts_of_random_words_have_the_numbers_that_splitting_finds(words in prop::collection::vec(
        prop::sample::select(vec![
            "1", "-2.5", "+.5", "3.", "1e5", "1E-400", "2e400", "nan", "-NaN", "inf", "-Infinity", "infinit", "1e", "e",
            "0x1", "1_0", "--1", ".", "a", "\u{e9}", "9007199254740993", "2.2250738585072011e-308", ",", ",", ",", ",",
            "\n", "\n", "\n", "\r\n", "\r", " ", "\t", ";", "\u{feff}", "\0",
        ]), 0..24)
    ) {
        checks::csv(words.concat().as_bytes());
    }

    #[test]
    fn a_number_has_the_value_of_its_digits(
        digits in "[+-]?[0-9]{1,40}(\\.[0-9]{0,40})?([eE][+-]?[0-9]{1,5})?", value in any::<f64>()
    ) {
        checks::csv(format!("{digits},{value}\n{value:e},{digits}").as_bytes());
    }
}
