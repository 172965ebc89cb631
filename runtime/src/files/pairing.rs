//! Which file of the left side goes with which of the right.
//!
//! Pairing by name compares the names, or the texts behind the wildcards (`7` of `left_7.npy` for `left_*.npy`); first
//! as they are, then with numbers compared as numbers (`7` is `07`). The first of these rules that gives every file one
//! partner is used; if none does, the request is refused. Pairing by position silently made wrong products of
//! `1, 2, 10` with `01, 02, 10`, and where a file was missing on one side.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::side::{Found, Side};
use super::{Error, Pair};

/// How partners are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pairing {
    /// By their names.
    #[default]
    Name,
    /// The i-th with the i-th, in the order of the paths, byte by byte.
    Order,
}

/// Pairs the files of `lhs` with those of `rhs`; the products go to the directory `out`. The pairs have the order, and
/// the products the names, of the left files; of the right files, if one left file goes with many.
///
/// # Errors
/// [`Error::Unpaired`], [`Error::Counts`], [`Error::SameName`].
pub fn pair(lhs: &Side, rhs: &Side, out: &Path, pairing: Pairing) -> Result<Vec<Pair>, Error> {
    let (left, right) = (&lhs.files[..], &rhs.files[..]);
    let partners: Vec<(usize, usize)> = match (left.len(), right.len()) {
        (1, many) if lhs.single => (0..many).map(|j| (0, j)).collect(),
        (many, 1) if rhs.single => (0..many).map(|i| (i, 0)).collect(),
        _ if pairing == Pairing::Name => by_name(left, right)?,
        (lhs, rhs) if lhs == rhs => (0..lhs).map(|i| (i, i)).collect(),
        (lhs, rhs) => {
            let first = &left.get(rhs).or_else(|| right.get(lhs)).expect("one side is longer").path;
            return Err(Error::Counts { lhs, rhs, first: first.clone() });
        }
    };
    let of_right = left.len() == 1 && right.len() > 1;
    let pairs = partners.into_iter().map(|(i, j)| {
        let (lhs, rhs) = (left[i].path.clone(), right[j].path.clone());
        let named = if of_right { &rhs } else { &lhs };
        let out = out.join(named.file_name().unwrap_or_default()).with_extension("npy");
        Pair { lhs, rhs, out }
    });
    Ok(pairs.collect())
}

fn by_name(left: &[Found], right: &[Found]) -> Result<Vec<(usize, usize)>, Error> {
    let sides = [left, right];
    let mut views = Vec::new();
    for (rest, numbers) in [(false, false), (true, false), (false, true), (true, true)] {
        // The places of the files on either side that have the same key.
        let mut groups: HashMap<Key, [Vec<usize>; 2]> = HashMap::new();
        for (side, files) in sides.into_iter().enumerate() {
            for (i, found) in files.iter().enumerate() {
                groups.entry(key(found, rest, numbers)).or_default()[side].push(i);
            }
        }
        let groups: Vec<_> = groups.into_values().collect();
        if groups.iter().all(|[lhs, rhs]| lhs.len() == 1 && rhs.len() == 1) {
            let mut partners: Vec<_> = groups.iter().map(|[lhs, rhs]| (lhs[0], rhs[0])).collect();
            partners.sort_unstable();
            return Ok(partners);
        }
        views.push(groups);
    }
    // The error is of the first view in which most files have a partner.
    let paired = |groups: &Vec<[Vec<usize>; 2]>| -> usize {
        groups.iter().map(|[lhs, rhs]| if rhs.is_empty() { 0 } else { lhs.len() }).sum()
    };
    let groups = views.into_iter().rev().max_by_key(paired).expect("four views");
    for (side, files) in sides.into_iter().enumerate() {
        let twins = groups.iter().filter_map(|group| Some((group[side].get(1)?, group[side][0])));
        if let Some((&second, first)) = twins.min() {
            return Err(Error::SameName(files[first].path.clone(), files[second].path.clone()));
        }
    }
    let lonely = |side: usize| {
        let alone = groups.iter().filter(|group| group[1 - side].is_empty());
        let mut places: Vec<usize> = alone.map(|group| group[side][0]).collect();
        places.sort_unstable();
        places.into_iter().map(|i| sides[side][i].path.clone()).collect()
    };
    let one = sides.into_iter().find(|files| files.len() == 1).map(|files| files[0].path.clone());
    Err(Error::Unpaired { lhs: lonely(0), rhs: lonely(1), one })
}

/// The texts that a file has in common with its partner.
type Key = Vec<Vec<u8>>;

/// The name of the file, or the texts behind its wildcards if only the `rest` counts. Where `numbers` are compared as
/// numbers, the zeros that lead one are left out.
fn key(found: &Found, rest: bool, numbers: bool) -> Key {
    let text = |text: &OsStr| match numbers {
        true => without_leading_zeros(text.as_bytes()),
        false => text.as_bytes().to_owned(),
    };
    match rest {
        true => found.rest.iter().map(|behind| text(behind)).collect(),
        false => found.path.file_name().map(text).into_iter().collect(),
    }
}

fn without_leading_zeros(text: &[u8]) -> Vec<u8> {
    let runs = text.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    // Of a number that is zero, one digit stays.
    let zeros = |run: &[u8]| run[..run.len() - 1].iter().take_while(|&&byte| byte == b'0').count();
    runs.flat_map(|run| &run[zeros(run)..]).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::files::pattern::Pattern;

    /// The files of a side as a pattern for their names would have found them.
    fn side(pattern: &str, names: &[&str]) -> Side {
        let parsed = Pattern::parse(OsStr::new(pattern)).expect("a pattern");
        let found = |name: &&str| Found {
            path: name.into(),
            rest: parsed.captures(OsStr::new(name)).expect("a name that matches"),
        };
        let mut files: Vec<_> = names.iter().map(found).collect();
        files.sort();
        Side { files, single: parsed.literal().is_some() }
    }

    fn paired(lhs: &Side, rhs: &Side, pairing: Pairing) -> Result<Vec<String>, String> {
        let pairs = pair(lhs, rhs, Path::new("out"), pairing).map_err(|error| error.to_string())?;
        Ok(pairs.iter().map(|pair| format!("{pair} -> {}", pair.out.display())).collect())
    }

    fn by_name(lhs: (&str, &[&str]), rhs: (&str, &[&str])) -> Result<Vec<String>, String> {
        paired(&side(lhs.0, lhs.1), &side(rhs.0, rhs.1), Pairing::Name)
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        let pairs = by_name(
            ("*.npy", &["1.npy", "2.npy", "3.npy", "10.npy", "11.npy"]),
            ("*.npy", &["01.npy", "02.npy", "03.npy", "10.npy", "11.npy"]),
        );
        let expected = [
            "1.npy x 01.npy -> out/1.npy",
            "10.npy x 10.npy -> out/10.npy",
            "11.npy x 11.npy -> out/11.npy",
            "2.npy x 02.npy -> out/2.npy",
            "3.npy x 03.npy -> out/3.npy",
        ];
        assert_eq!(pairs.expect("pairs"), expected);
    }

    #[test]
    fn names_are_compared_without_what_the_patterns_fix() {
        let pairs =
            by_name(("left_*_?.npy", &["left_a_1.npy", "left_b_2.npy"]), ("*-?.r.npy", &["b-2.r.npy", "a-1.r.npy"]));
        let expected = ["left_a_1.npy x a-1.r.npy -> out/left_a_1.npy", "left_b_2.npy x b-2.r.npy -> out/left_b_2.npy"];
        assert_eq!(pairs.expect("pairs"), expected);
        // 1 and 11 are not 11 and 1: the fixed text lies between two wildcards.
        let message = by_name(("*_*", &["1_11", "2_2"]), ("*-*", &["11-1", "2-2"])).expect_err("no pairs");
        assert!(message.contains("1_11, 11-1;"), "{message}");
    }

    #[test]
    fn the_same_names_are_partners_whatever_the_patterns() {
        let names = ["1.npy", "01.npy", "x1.npy"];
        let pairs = by_name(("*.npy", &names), ("*1.npy", &names)).expect("pairs");
        assert_eq!(
            pairs,
            ["01.npy x 01.npy -> out/01.npy", "1.npy x 1.npy -> out/1.npy", "x1.npy x x1.npy -> out/x1.npy"]
        );
    }

    #[test]
    fn what_has_no_partner_is_named() {
        let message = by_name(("l*", &["l1", "l2", "l4"]), ("r*", &["r2", "r3", "r4"])).expect_err("no pairs");
        assert!(
            message.starts_with(
                "no file on the other side has the name of l1, r3; give patterns that fix what differs, such as"
            ),
            "{message}"
        );
        let many: Vec<String> = (0..20).map(|i| format!("l{i}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let message = by_name(("l*", &many), ("r*", &["r3", "r4"])).expect_err("no pairs");
        assert!(message.contains("the name of l0, l1, l10, l11, l12, l13, 12 more;"), "{message}");
        let message = by_name(("l*", &["l1", "l01"]), ("r*", &["r1", "r2"])).expect_err("no pairs");
        assert!(message.contains("l01 and l1 have the same name"), "{message}");
    }

    #[test]
    fn one_file_goes_with_many_where_it_is_given_by_its_path() {
        let (one, many) = (side("w.npy", &["w.npy"]), side("x*.npy", &["x1.npy", "x2.npy"]));
        let expected = ["w.npy x x1.npy -> out/x1.npy", "w.npy x x2.npy -> out/x2.npy"];
        assert_eq!(paired(&one, &many, Pairing::Name).expect("pairs"), expected);
        let expected = ["x1.npy x w.npy -> out/x1.npy", "x2.npy x w.npy -> out/x2.npy"];
        assert_eq!(paired(&many, &one, Pairing::Order).expect("pairs"), expected);
        assert_eq!(paired(&one, &one, Pairing::Name).expect("pairs"), ["w.npy x w.npy -> out/w.npy"]);
        let found = side("x1*.npy", &["x1.npy"]);
        let message = paired(&found, &many, Pairing::Name).expect_err("no pairs");
        assert!(message.contains("the name of x2.npy; to pair one file with all, give its path: x1.npy"), "{message}");
    }

    #[test]
    fn by_order_the_ith_goes_with_the_ith() {
        let (lhs, rhs) = (side("*", &["1", "10", "2"]), side("*", &["01", "02", "10"]));
        let expected = ["1 x 01 -> out/1.npy", "10 x 02 -> out/10.npy", "2 x 10 -> out/2.npy"];
        assert_eq!(paired(&lhs, &rhs, Pairing::Order).expect("pairs"), expected);
        let message = paired(&lhs, &side("*", &["a", "b"]), Pairing::Order).expect_err("no pairs");
        assert!(message.contains("3 left files but 2 right files: 2 has no partner"), "{message}");
    }

    #[test]
    fn names_that_are_no_text_are_partners_byte_by_byte() {
        let found = |byte: u8| {
            let name = OsString::from_vec(vec![byte]);
            Found { path: name.clone().into(), rest: vec![name] }
        };
        let side = |bytes: &[u8]| Side { files: bytes.iter().map(|&byte| found(byte)).collect(), single: false };
        assert_eq!(paired(&side(&[0xfe, 0xff]), &side(&[0xfe, 0xff]), Pairing::Name).expect("pairs").len(), 2);
        let message = paired(&side(&[0xfe, 0xff]), &side(&[0xfd, 0xff]), Pairing::Name).expect_err("no pairs");
        assert!(message.contains("\\xfe, \\xfd"), "{message}");
    }
}
