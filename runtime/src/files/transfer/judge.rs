//! Compares, to the bit, what was loaded with a second reading, and what was saved with what its file gives back.
//!
//! The second reading takes the whole file at once and decodes it on one thread into fresh memory. It is held against
//! what the job's workers load side by side, into buffers that they have used before.

use std::fs;
use std::path::Path;

use gingham_core::DType;
use num_traits::Float;
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use super::super::{Job, Verify};
use super::Problem;
use super::pass::{Done, Pass, Summary, pass};
use super::request::{Item, Transfer};
use crate::format::raw::Raw;
use crate::format::{self, Array, Buffer, Element, Format, Kind, Layout, LoadOptions, Named, View};

/// The share of the bytes that are compared under [`Verify::Auto`]. A comparison loads them twice, so it makes the work
/// 5 % longer.
const SHARE: f64 = 0.025;

/// Into how many parts a worker's memory is divided for a comparison: the file, and its values twice.
const PARTS: usize = 3;

/// How two readings of a file differ first.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// One of them is refused.
    #[error("it cannot be loaded: {0}")]
    Unreadable(String),
    /// Numbers of arrays.
    #[error("{got} arrays, expected {expected}")]
    Arrays {
        /// What was found.
        got: usize,
        /// What was expected.
        expected: usize,
    },
    /// Names of arrays.
    #[error("array `{got}`, expected `{expected}`")]
    Name {
        /// What was found.
        got: String,
        /// What was expected.
        expected: String,
    },
    /// Type, shape or order of an array.
    #[error("array {array} is {got}, expected {expected}")]
    Layout {
        /// Position of the array in the file, from 0.
        array: usize,
        /// What was found.
        got: Layout,
        /// What was expected.
        expected: Layout,
    },
    /// A value of an array.
    #[error("element {element} of array {array}")]
    Value {
        /// Position of the array in the file, from 0.
        array: usize,
        /// Position of the value in memory, from 0.
        element: usize,
    },
}

impl Transfer {
    /// Compares the files that are done, as the job says; returns those that are wrong, which are done no more.
    pub(super) fn judge(&self, summary: &mut Summary, limit: Option<usize>, job: &Job<'_>) -> Vec<(usize, Problem)> {
        let options = LoadOptions { limit: limit.map(|bytes| bytes / PARTS), ..self.options.load.clone() };
        let chosen = chosen(&summary.done, job.verify);
        let Pass { done, failed, .. } = pass(&chosen, job, &|| (), |index, buffer| {
            let item = &self.items[index];
            let judged = match &item.out {
                None => loaded(item, &options, buffer),
                Some(out) => self.saved(item, out, &options),
            };
            match judged {
                // Too large to be in memory twice.
                Err(Problem::Load(problem)) if problem.is_limit() => Ok(false),
                judged => judged.map(|()| true),
            }
        });
        summary.verified = done.iter().filter(|(_, judged)| *judged).count();
        summary.done.retain(|done| !failed.iter().any(|(index, _)| *index == done.index));
        failed
    }

    /// Compares a saved file with the one that it was made of; removes it if it is wrong, so that nobody uses it.
    fn saved(&self, item: &Item, out: &Path, options: &LoadOptions) -> Result<(), Problem> {
        let mut options = options.clone();
        let mut expected = second(&item.path, &options)?;
        let format = self.save.format;
        let mut dialect = self.save.dialect;
        dialect.header = Some(false);
        let mut again = LoadOptions { format, dialect, cast: None, ..options.clone() };
        if let (Some(Format::Csv), [only]) = (format, &expected[..]) {
            // Text has no types: both are compared as what a reader computes in.
            let dtype = only.array.layout().kind.dtype().unwrap_or(DType::F64);
            if only.array.layout().kind != Kind::of(dtype) {
                options.cast = Some(dtype);
                expected = second(&item.path, &options)?;
            }
            again.cast = Some(dtype);
        } else if let (Some(Format::Raw), [only]) = (format, &expected[..]) {
            again.raw = Some(Raw::native(only.array.layout().clone()));
        }
        let difference = match format::load(out, &again).map_err(|error| error.problem) {
            Err(problem) if problem.is_limit() => return Err(problem.into()),
            Err(problem) => Some(Difference::Unreadable(problem.to_string())),
            Ok(got) if got.len() != expected.len() => {
                Some(Difference::Arrays { got: got.len(), expected: expected.len() })
            }
            Ok(got) => {
                let compared = got.iter().zip(&expected).enumerate().map(|(i, (got, expected))| match format {
                    Some(Format::Csv) => rows(&got.array, &expected.array),
                    Some(Format::Npz) => difference(i, (&got.name, got.array.view()), expected),
                    _ => difference(i, ("", got.array.view()), expected),
                });
                compared.flatten().next()
            }
        };
        match difference {
            None => Ok(()),
            Some(difference) => {
                let _ = fs::remove_file(out); // the failure says that it is wrong
                Err(Problem::Spoilt { out: out.into(), difference })
            }
        }
    }
}

/// The files that are compared, by their positions in the request: under [`Verify::Auto`], some at random.
fn chosen(done: &[Done], verify: Verify) -> Vec<usize> {
    let mut done = done.to_vec();
    if verify != Verify::Auto {
        done.truncate(if verify == Verify::Always { done.len() } else { 0 });
    } else {
        let all: u64 = done.iter().map(|done| done.file).sum();
        done.shuffle(&mut ChaCha8Rng::seed_from_u64(all));
        let mut bytes = 0;
        done.retain(|done| {
            bytes += done.file;
            bytes as f64 <= SHARE * all as f64
        });
    }
    done.iter().map(|done| done.index).collect()
}

/// The arrays of a file by a plain reading. Only those of an archive have names.
fn second(path: &Path, options: &LoadOptions) -> Result<Vec<Named>, Problem> {
    let options = options.clone().of(path)?;
    let length = fs::metadata(path).map_or(0, |file| file.len());
    if let Some(limit) = options.limit.filter(|&limit| length > limit as u64) {
        return Err(format::Problem::Limit { needs: usize::try_from(length).unwrap_or(usize::MAX), limit }.into());
    }
    let bytes = fs::read(path).map_err(|error| format::Problem::Io("read", error))?;
    Ok(format::parse(&bytes, &options)?)
}

/// Compares what a worker loads with a second reading.
fn loaded(item: &Item, options: &LoadOptions, buffer: &mut Buffer) -> Result<(), Problem> {
    let expected = second(&item.path, options)?;
    let difference = load_against(&expected, &item.path, options, buffer)?;
    difference.map_or(Ok(()), |difference| Err(Problem::Differs(difference)))
}

/// How what is loaded from `path` differs from what was expected.
fn load_against(
    expected: &[Named],
    path: &Path,
    options: &LoadOptions,
    buffer: &mut Buffer,
) -> Result<Option<Difference>, format::Problem> {
    let mut found = None;
    let mut count = 0;
    let compare = |name: &str, view: View<'_>| {
        let difference = expected.get(count).and_then(|expected| difference(count, (name, view), expected));
        found = found.take().or(difference);
        count += 1;
        Ok(())
    };
    format::load_each(path, options, buffer, compare).map_err(|error| error.problem)?;
    let all = Difference::Arrays { got: count, expected: expected.len() };
    Ok(if count == expected.len() { found } else { Some(all) })
}

/// How array `i` differs from what was expected, whose name counts if it has one.
fn difference(i: usize, (name, got): (&str, View<'_>), expected: &Named) -> Option<Difference> {
    let view = expected.array.view();
    if !(name.is_empty() || expected.name.is_empty() || name == expected.name) {
        return Some(Difference::Name { got: name.into(), expected: expected.name.clone() });
    }
    if got.layout() != view.layout() {
        return Some(Difference::Layout { array: i, got: got.layout().clone(), expected: view.layout().clone() });
    }
    if got.bytes() == view.bytes() {
        return None;
    }
    let byte = got.bytes().iter().zip(view.bytes()).position(|(got, expected)| got != expected).unwrap_or_default();
    Some(Difference::Value { array: i, element: byte / got.layout().kind.size() })
}

/// How rows of text differ from the array that they were made of, which may be a vector or stored by columns.
fn rows(got: &Array, expected: &Array) -> Option<Difference> {
    let layout = || Difference::Layout { array: 0, got: got.layout().clone(), expected: expected.layout().clone() };
    let (rows, columns) = match expected.layout().shape[..] {
        [] => (1, 1),
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        _ => return Some(layout()),
    };
    if got.layout().shape[..] != [rows, columns] || got.layout().kind != expected.layout().kind {
        return Some(layout());
    }
    let by_columns = expected.layout().fortran_order;
    let place = |i: usize| if by_columns { i % columns * rows + i / columns } else { i };
    let other = match (got.values::<f64>(), expected.values::<f64>()) {
        (Some(got), Some(expected)) => other(got, |i| expected[place(i)]),
        _ => {
            let (got, expected) = (got.values::<f32>()?, expected.values::<f32>()?);
            other(got, |i| expected[place(i)])
        }
    };
    other.map(|element| Difference::Value { array: 0, element })
}

/// The first number that has other bits than the expected one. A text keeps neither the sign nor the payload of a NaN.
fn other<T: Element + Float>(got: &[T], expected: impl Fn(usize) -> T) -> Option<usize> {
    let same = |a: T, b: T| bytemuck::bytes_of(&a) == bytemuck::bytes_of(&b) || (Float::is_nan(a) && Float::is_nan(b));
    got.iter().enumerate().position(|(i, &got)| !same(got, expected(i)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, text: &str) -> Named {
        let options = LoadOptions { format: Some(Format::Csv), ..LoadOptions::default() };
        let mut arrays = format::parse(text.as_bytes(), &options).expect("numbers");
        Named { name: name.into(), ..arrays.remove(0) }
    }

    #[test]
    fn a_difference_is_found_and_told() {
        let [expected, other, longer] = ["1,2\n3,4", "1,2\n3,-4", "1,2\n3,4\n5,6"].map(|text| named("a", text));
        let found = |got: &Named| difference(0, (&got.name, got.array.view()), &expected);
        assert_eq!(found(&expected), None);
        assert_eq!(found(&other), Some(Difference::Value { array: 0, element: 3 }));
        assert!(matches!(found(&longer), Some(Difference::Layout { .. })));
        assert!(matches!(found(&named("b", "1,2\n3,4")), Some(Difference::Name { .. })));
        assert_eq!(rows(&other.array, &expected.array), Some(Difference::Value { array: 0, element: 3 }));
        assert_eq!(rows(&expected.array, &expected.array), None);
        let [nan, zero, negative] = ["nan", "0", "-0"].map(|text| named("", text).array);
        assert_eq!(rows(&nan, &nan), None);
        assert!(rows(&zero, &negative).is_some() && rows(&nan, &zero).is_some());
    }

    #[test]
    fn what_a_buffer_was_used_for_before_does_not_matter() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut buffer, options) = (Buffer::default(), LoadOptions::default());
        let files = ["1,2,3\n4,5,6", "7,8", "9\n10\n11"].map(|text| (text, folder.path().join("a.csv")));
        for (text, path) in &files {
            fs::write(path, text).expect("written");
            let expected = second(path, &options).expect("read");
            let mut against = |expected: &[Named]| load_against(expected, path, &options, &mut buffer).expect("loaded");
            assert_eq!(against(&expected), None, "{text}");
            assert!(matches!(against(&[named("", "0,0")]), Some(Difference::Layout { .. } | Difference::Value { .. })));
            assert_eq!(against(&[]), Some(Difference::Arrays { got: 1, expected: 0 }));
        }
    }

    #[test]
    fn some_files_are_chosen_where_all_would_take_long() {
        let done: Vec<_> = (0..400).map(|index| Done { index, file: 100, values: 100, saved: 0 }).collect();
        assert_eq!(chosen(&done, Verify::Always), (0..400).collect::<Vec<_>>());
        assert!(chosen(&done, Verify::Never).is_empty());
        let some = chosen(&done, Verify::Auto);
        assert_eq!(some.len(), 10, "a fortieth");
        assert_ne!(some, (0..10).collect::<Vec<_>>());
        assert!(chosen(&done[..3], Verify::Auto).is_empty());
    }
}
