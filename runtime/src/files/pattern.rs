//! Patterns for file names, as shells have them, which also give the text that each wildcard stands for.
//!
//! `*` is any text, `?` one character, `[a-z]` one of these, `[!a-z]` one of the others, and `\` takes the next
//! character as it is; a component `**` is any number of directories. Only a pattern that starts with a dot matches a
//! name that starts with one. The crates for patterns do not give the text behind each wildcard, which pairing needs,
//! and they skip names that are not UTF-8.

use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A character; or, above all characters, a byte that is not part of one.
type Unit = u32;

/// Where the bytes that are not text begin.
const BYTES: Unit = 0x11_0000;

/// A pattern for one component of a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Literal(Unit),
    One,
    Any,
    Class { inside: bool, ranges: Vec<RangeInclusive<Unit>> },
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// `[` without `]`.
    #[error("no `]` closes the `[`; `[[]` is the character itself")]
    Class,
    /// A backslash at the end.
    #[error("it ends in a backslash; two of them are the character itself")]
    Escape,
}

impl Pattern {
    pub(super) fn parse(text: &OsStr) -> Result<Self, Malformed> {
        let units = units(text);
        let mut rest = &units[..];
        let mut tokens = Vec::new();
        while let Some((&unit, after)) = rest.split_first() {
            rest = after;
            tokens.push(match char::from_u32(unit) {
                Some('*') => Token::Any,
                Some('?') => Token::One,
                Some('[') => class(&mut rest)?,
                Some('\\') => {
                    let (&unit, after) = rest.split_first().ok_or(Malformed::Escape)?;
                    rest = after;
                    Token::Literal(unit)
                }
                _ => Token::Literal(unit),
            });
        }
        Ok(Self(tokens))
    }

    /// The one name that it matches, if it has no wildcard.
    pub(super) fn literal(&self) -> Option<OsString> {
        let literal = |token: &Token| if let Token::Literal(unit) = token { Some(*unit) } else { None };
        Some(text(&self.0.iter().map(literal).collect::<Option<Vec<_>>>()?))
    }

    /// The text behind each wildcard, where `name` matches.
    pub(super) fn captures(&self, name: &OsStr) -> Option<Vec<OsString>> {
        let name = units(name);
        let dot = Unit::from('.');
        if name.first() == Some(&dot) && self.0.first() != Some(&Token::Literal(dot)) {
            return None;
        }
        let (mut token, mut at) = (0, 0);
        let mut spans = Vec::new();
        // The last `*` with the number of spans up to it: it takes one unit more whenever what follows it fails. The
        // earlier ones never need to grow, so the time is at most the product of the lengths.
        let mut star = None;
        loop {
            match self.0.get(token) {
                None if at == name.len() => {
                    return Some(spans.into_iter().map(|span| text(&name[span])).collect());
                }
                Some(Token::Any) => {
                    spans.push(at..at);
                    star = Some((token, spans.len()));
                    token += 1;
                }
                Some(one) if name.get(at).is_some_and(|&unit| one.takes(unit)) => {
                    if !matches!(one, Token::Literal(_)) {
                        spans.push(at..at + 1);
                    }
                    token += 1;
                    at += 1;
                }
                _ => {
                    let (star_token, count) = star?;
                    spans.truncate(count);
                    let taken = spans.last_mut()?;
                    taken.end += 1;
                    (token, at) = (star_token + 1, taken.end);
                    if at > name.len() {
                        return None;
                    }
                }
            }
        }
    }
}

impl Token {
    /// Whether it matches this one unit.
    fn takes(&self, unit: Unit) -> bool {
        match self {
            Self::Literal(literal) => *literal == unit,
            Self::One | Self::Any => true,
            Self::Class { inside, ranges } => ranges.iter().any(|range| range.contains(&unit)) == *inside,
        }
    }
}

/// Parses the class whose `[` stands before `rest`; `rest` is then the text after its `]`.
fn class(rest: &mut &[Unit]) -> Result<Token, Malformed> {
    let [close, dash] = [']', '-'].map(Unit::from);
    let inside = !matches!(rest.first().and_then(|&unit| char::from_u32(unit)), Some('!' | '^'));
    let body = &rest[usize::from(!inside)..];
    // A `]` that comes first is a member of the class.
    let length = body.iter().skip(1).position(|&unit| unit == close).ok_or(Malformed::Class)? + 1;
    let mut ranges = Vec::new();
    let mut members = &body[..length];
    while let [first, after @ ..] = members {
        let (last, after) = match after {
            [between, last, after @ ..] if *between == dash => (last, after),
            _ => (first, after),
        };
        ranges.push(*first..=*last);
        members = after;
    }
    *rest = &body[length + 1..];
    Ok(Token::Class { inside, ranges })
}

fn units(text: &OsStr) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    for chunk in text.as_bytes().utf8_chunks() {
        units.extend(chunk.valid().chars().map(Unit::from));
        units.extend(chunk.invalid().iter().map(|&byte| BYTES + Unit::from(byte)));
    }
    units
}

fn text(units: &[Unit]) -> OsString {
    let mut bytes = Vec::with_capacity(units.len());
    for &unit in units {
        match char::from_u32(unit) {
            Some(c) => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            None => bytes.push((unit - BYTES) as u8),
        }
    }
    OsString::from_vec(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn captures(pattern: &str, name: &[u8]) -> Option<Vec<String>> {
        let captures = Pattern::parse(OsStr::new(pattern)).expect(pattern).captures(OsStr::from_bytes(name))?;
        Some(captures.into_iter().map(|text| text.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn wildcards_match_and_are_captured() {
        for (pattern, name, expected) in [
            ("*.npy", "a.npy", Some(&["a"][..])),
            ("*.npy", "a.npz", None),
            ("*.npy", ".npy", None),
            ("*.npy", "._a.npy", None),
            (".*.npy", "._a.npy", Some(&["_a"])),
            ("?.npy", "é.npy", Some(&["é"])),
            ("?.npy", "ab.npy", None),
            ("a_*_*.npy", "a_1_22.npy", Some(&["1", "22"])),
            ("*_*", "a_b_c", Some(&["a", "b_c"])),
            ("*ab*ab", "xabyabab", Some(&["x", "yab"])),
            ("[a-c]?[!0-9]", "bxy", Some(&["b", "x", "y"])),
            ("[a-c]?[^0-9]", "bx1", None),
            ("[]x]*", "]", Some(&["]", ""])),
            ("[a-]", "-", Some(&["-"])),
            ("a[[]1].npy", "a[1].npy", Some(&["["])),
            ("a\\[1\\].npy", "a[1].npy", Some(&[])),
            ("\\*.npy", "a.npy", None),
            ("", "", Some(&[])),
            ("*", "", Some(&[""])),
        ] {
            let expected = expected.map(|texts| texts.iter().map(|&text| text.to_owned()).collect());
            assert_eq!(captures(pattern, name.as_bytes()), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn names_that_are_no_text_match() {
        assert_eq!(captures("*.npy", b"a\xff.npy"), Some(vec!["a\u{fffd}".into()]));
        assert_eq!(captures("?.npy", b"\xff.npy"), Some(vec!["\u{fffd}".into()]));
        let pattern = Pattern::parse(OsStr::from_bytes(b"\xff*")).expect("a pattern");
        assert_eq!(pattern.captures(OsStr::from_bytes(b"\xff\xfe")), Some(vec![OsString::from_vec(vec![0xfe])]));
        assert_eq!(pattern.captures(OsStr::new("ÿa")), None);
    }

    #[test]
    fn names_without_wildcards_are_literal() {
        let literal = |text: &str| Pattern::parse(OsStr::new(text)).expect(text).literal();
        assert_eq!(literal("a\\*.npy"), Some("a*.npy".into()));
        assert_eq!(literal("a?"), None);
        assert_eq!(literal("[a]"), None);
    }

    #[test]
    fn malformed_patterns_are_refused() {
        for (text, expected) in [
            ("a[", Malformed::Class),
            ("a[]", Malformed::Class),
            ("[!]", Malformed::Class),
            ("[a-", Malformed::Class),
            ("a\\", Malformed::Escape),
        ] {
            assert_eq!(Pattern::parse(OsStr::new(text)), Err(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_captured_makes_the_name_again(pattern in "[ab*?.\\[\\]!-]{0,8}", name in "[ab.\\[\\]-]{0,12}") {
            let Ok(parsed) = Pattern::parse(OsStr::new(&pattern)) else { return Ok(()) };
            let Some(captures) = parsed.captures(OsStr::new(&name)) else { return Ok(()) };
            let mut captures = captures.into_iter();
            let mut made = OsString::new();
            for token in &parsed.0 {
                match token {
                    Token::Literal(unit) => made.push(text(&[*unit])),
                    _ => made.push(captures.next().expect("a capture for each wildcard")),
                }
            }
            prop_assert_eq!(made, OsString::from(name));
        }

        #[test]
        fn a_name_matches_itself_and_what_covers_it(name in "[a-c]{1,6}", at in any::<prop::sample::Index>()) {
            let at = at.index(name.len());
            for wildcard in ["?", "*", "[a-c]"] {
                let pattern = format!("{}{wildcard}{}", &name[..at], &name[at + 1..]);
                prop_assert!(captures(&pattern, name.as_bytes()).is_some(), "{} on {}", pattern, name);
            }
            prop_assert_eq!(captures(&name, name.as_bytes()), Some(vec![]));
        }
    }
}
