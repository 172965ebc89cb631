//! Whole folders of files: products of pairs of `.npy` files, the work of `gingham run --lhs GLOB --rhs GLOB --out
//! DIR`. What loads files, or saves them in another format, is in [`transfer`].
//!
//! [`Side::find`] finds the files, [`pair()`] the partners, [`Pairs::check`] reads the headers, and [`Pairs::multiply`]
//! does the work. There may be more files than fit into memory, so each task loads one pair, multiplies, writes the
//! product and frees its memory: each worker has at most one pair in memory, and no more pairs are in memory than fit.
//! Errors of the whole request ([`Error`]) are found before anything starts; the error of one pair ([`Failure`]) fails
//! that pair alone, and the other products are kept.

mod check;
mod freivalds;
mod output;
mod pair;
mod pairing;
mod pattern;
mod shapes;
mod side;
pub mod transfer;
mod work;

use std::io;
use std::path::{Path, PathBuf};

pub use check::{Options, Pairs};
pub use freivalds::Wrong;
pub use output::{prepare, sync};
pub use pair::{Failure, Pair, Problem};
pub use pairing::{Pairing, pair};
pub use pattern::Malformed;
pub use side::Side;
pub use work::{Job, Summary, Verify, Work};

use crate::format::Format;
use crate::shown::Shown;

/// A request that was refused as a whole; nothing has been read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A malformed pattern.
    #[error("pattern `{}`: {}", Shown(.0), .1)]
    Pattern(PathBuf, Malformed),
    /// A path, a directory or a pattern without a file.
    #[error("{}", no_files(given, formats))]
    NoFiles {
        /// What was given.
        given: PathBuf,
        /// The formats that were looked for.
        formats: Vec<Format>,
    },
    /// A directory that the operating system cannot list.
    #[error("cannot list the directory {}: {}", Shown(.0), .1)]
    Unreadable(PathBuf, io::Error),
    /// Files without a partner of the same name.
    #[error("no file on the other side has the name of {}{}; give patterns that fix what differs, such as \
             'a/left_*.npy' and 'b/right_*.npy', or look at `--pair order --dry-run`, by the order of bytes",
            some([lhs, rhs]), hint(one.as_ref()))]
    Unpaired {
        /// Left files without a partner.
        lhs: Vec<PathBuf>,
        /// Right files without a partner.
        rhs: Vec<PathBuf>,
        /// The only file of a side, if a directory or a pattern stands for it.
        one: Option<PathBuf>,
    },
    /// Two files of one side that have the same name.
    #[error(
        "{} and {} have the same name, numbers compared as numbers; `--pair order --dry-run` shows them paired in \
         their order",
        Shown(.0),
        Shown(.1)
    )]
    SameName(PathBuf, PathBuf),
    /// Files were to be paired in their order, and one side has more of them.
    #[error("{lhs} left files but {rhs} right files: {} has no partner; expected as many on either side", Shown(first))]
    Counts {
        /// Number of left files.
        lhs: usize,
        /// Number of right files.
        rhs: usize,
        /// The first file of the longer side that has no partner.
        first: PathBuf,
    },
    /// Two pairs whose products would have the same name.
    #[error("{} and {} would both be written to {}; run them with different output directories",
            .0[0], .0[1], Shown(&.0[0].out))]
    SameOutput(Box<[Pair; 2]>),
    /// Two files that would be saved under the same name.
    #[error("{} and {} would both be saved as {}; run them with different output directories",
            Shown(.0), Shown(.1), Shown(.2))]
    SameTarget(PathBuf, PathBuf, PathBuf),
    /// An output that would replace an input.
    #[error("the output {} would replace the input {}; give another output directory", Shown(out), Shown(input))]
    ReplacesInput {
        /// The output.
        out: PathBuf,
        /// The input.
        input: PathBuf,
    },
    /// An output directory that cannot be made or written to.
    #[error("cannot write to the output directory {}: {}; give one that is writable or can be made", Shown(.0), .1)]
    OutputDirectory(PathBuf, io::Error),
}

/// The first of the files of both sides, and how many more there are.
fn some(sides: [&Vec<PathBuf>; 2]) -> String {
    const SHOWN: usize = 6;
    let mut names: Vec<_> = sides.into_iter().flatten().take(SHOWN).map(|path| Shown(path).to_string()).collect();
    let count = sides.iter().map(|side| side.len()).sum::<usize>();
    if count > SHOWN {
        names.push(format!("{} more", count - SHOWN));
    }
    names.join(", ")
}

fn hint(one: Option<&PathBuf>) -> String {
    one.map_or_else(String::new, |path| format!("; to pair one file with all, give its path: {}", Shown(path)))
}

fn no_files(given: &Path, formats: &[Format]) -> String {
    let shown = Shown(given);
    let extensions: Vec<_> = formats.iter().flat_map(|format| format.extensions()).map(|e| format!(".{e}")).collect();
    let Some((last, others)) = extensions.split_last() else { return format!("{shown}: no file") };
    let kinds = if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) };
    let is_pattern = given.as_os_str().as_encoded_bytes().iter().any(|byte| b"*?[".contains(byte));
    match (given.is_dir(), is_pattern) {
        (true, _) => format!("{shown}: no {kinds} file in this directory"),
        (_, true) => format!("pattern `{shown}`: no file matches; expected {kinds} files"),
        _ => {
            format!(
                "{shown}: no such file; give a {kinds} file, a directory of them, or a pattern such as 'a/*{}'",
                extensions[0]
            )
        }
    }
}
