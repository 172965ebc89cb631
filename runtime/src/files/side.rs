//! The files of one side of a request: a path, a directory of files of numbers, or a pattern.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Error;
use super::pattern::Pattern;
use crate::format::Format;

/// The files of one side, in the order of their paths.
#[derive(Debug, Clone)]
pub struct Side {
    pub(super) files: Vec<Found>,
    /// Whether the user gave the path of one file: it may be the partner of many.
    pub(super) single: bool,
}

/// A file, and what distinguishes it from the others of its side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// The text behind each wildcard, in order.
    pub(super) rest: Vec<OsString>,
}

impl Side {
    /// The files that `given` stands for. A path without `*` and `?` that exists is taken as it is, brackets and all. A
    /// directory stands for the files in it whose names end as those of `formats` do, and do not start with a dot.
    ///
    /// # Errors
    /// [`Error::Pattern`], [`Error::NoFiles`], [`Error::Unreadable`].
    pub fn find(given: &Path, formats: &[Format]) -> Result<Self, Error> {
        let mut files = Vec::new();
        let mut single = false;
        match literal(given)? {
            Some(path) if path.is_dir() => {
                for extension in formats.iter().flat_map(|format| format.extensions()) {
                    let components = [Component::parse(OsStr::new(&format!("*.{extension}")), given)?];
                    walk(path.clone(), &components, &[], &mut files)?;
                }
            }
            Some(path) => {
                single = true;
                if path.symlink_metadata().is_ok() {
                    files.push(Found { path, rest: Vec::new() });
                }
            }
            None => {
                let root = if given.is_absolute() { Path::new("/") } else { Path::new("") };
                let parts = given.as_os_str().as_bytes().split(|&byte| byte == b'/').filter(|part| !part.is_empty());
                let components = parts.map(|part| Component::parse(OsStr::from_bytes(part), given));
                walk(root.into(), &components.collect::<Result<Vec<_>, _>>()?, &[], &mut files)?;
            }
        }
        if files.is_empty() {
            return Err(Error::NoFiles { given: given.into(), formats: formats.into() });
        }
        files.sort();
        files.dedup_by(|a, b| a.path == b.path);
        Ok(Self { files, single })
    }

    /// Their paths, in order.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.files.iter().map(|found| found.path.as_path())
    }
}

/// The one path that `given` stands for, if it has no wildcard.
fn literal(given: &Path) -> Result<Option<PathBuf>, Error> {
    let is_pattern = given.as_os_str().as_bytes().iter().any(|byte| matches!(byte, b'*' | b'?'));
    if !is_pattern && given.symlink_metadata().is_ok() {
        return Ok(Some(given.into()));
    }
    let malformed = |problem| Error::Pattern(given.into(), problem);
    Ok(Pattern::parse(given.as_os_str()).map_err(malformed)?.literal().map(PathBuf::from))
}

/// A component of a path.
#[derive(Debug)]
enum Component {
    Name(OsString),
    Pattern {
        pattern: Pattern,
        /// The text as it was given, if it may also be a name because its only wildcards are classes.
        name: Option<OsString>,
    },
    /// `**`, any number of directories.
    Directories,
}

impl Component {
    fn parse(text: &OsStr, given: &Path) -> Result<Self, Error> {
        if text == "**" {
            return Ok(Self::Directories);
        }
        let pattern = Pattern::parse(text).map_err(|problem| Error::Pattern(given.into(), problem))?;
        Ok(match pattern.literal() {
            Some(name) => Self::Name(name),
            None => {
                let is_pattern = text.as_bytes().iter().any(|byte| matches!(byte, b'*' | b'?'));
                Self::Pattern { pattern, name: (!is_pattern).then(|| text.to_owned()) }
            }
        })
    }
}

/// Finds the files that `components` match in the directory `base`; the wildcards above it stand for `rest`. Whatever
/// is not a directory counts as a file: reading a broken link or a pipe fails later, with an error that names it.
fn walk(base: PathBuf, components: &[Component], rest: &[OsString], found: &mut Vec<Found>) -> Result<(), Error> {
    let Some((component, below)) = components.split_first() else {
        if base.symlink_metadata().is_ok() && !base.is_dir() {
            found.push(Found { path: base, rest: rest.to_vec() });
        }
        return Ok(());
    };
    match component {
        Component::Name(name) => walk(base.join(name), below, rest, found),
        Component::Pattern { name: Some(name), .. } if base.join(name).symlink_metadata().is_ok() => {
            walk(base.join(name), below, rest, found)
        }
        Component::Pattern { pattern, .. } => {
            for name in entries(&base)? {
                if let Some(captures) = pattern.captures(&name) {
                    walk(base.join(name), below, &[rest, &captures].concat(), found)?;
                }
            }
            Ok(())
        }
        Component::Directories => {
            let mut directories = vec![(base, OsString::new())];
            while let Some((directory, behind)) = directories.pop() {
                walk(directory.clone(), below, &[rest, std::slice::from_ref(&behind)].concat(), found)?;
                for name in entries(&directory)? {
                    let path = directory.join(&name);
                    // Links are not followed: they may lead in circles.
                    let is_directory = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
                    if is_directory && !name.as_bytes().starts_with(b".") {
                        let mut behind = behind.clone();
                        behind.push("/");
                        behind.push(&name);
                        directories.push((path, behind));
                    }
                }
            }
            Ok(())
        }
    }
}

/// The names in `directory`; empty if it is not a directory.
fn entries(directory: &Path) -> Result<Vec<OsString>, Error> {
    let directory = if directory == Path::new("") { Path::new(".") } else { directory };
    let names = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    match names {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        names => names.map_err(|cause| Error::Unreadable(directory.into(), cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The paths below a new directory that `given` stands for there, the directory left out.
    fn found(files: &[&[u8]], given: &str) -> Result<Vec<String>, String> {
        let directory = tempfile::tempdir().expect("a directory");
        for file in files {
            let path = directory.path().join(OsStr::from_bytes(file));
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            fs::write(path, "").expect("a file");
        }
        let below = |path: &Path| path.strip_prefix(directory.path()).expect("below").display().to_string();
        let side = Side::find(&directory.path().join(given), &[Format::Npy]).map_err(|error| error.to_string())?;
        assert_eq!(side.single, given.ends_with("single"), "{given}");
        Ok(side.files.iter().map(|found| below(&found.path)).collect())
    }

    #[test]
    fn paths_directories_and_patterns() {
        let files: [&[u8]; 8] =
            [b"a/1.npy", b"a/2.npy", b"a/._2.npy", b"a/x.txt", b"a/\xff.npy", b"b[1]/3.npy", b"b1/4.npy", b"a/single"];
        let found = |given: &str| found(&files, given).expect(given);
        assert_eq!(found("a"), ["a/1.npy", "a/2.npy", "a/\u{fffd}.npy"]);
        assert_eq!(found("a/"), found("a"));
        assert_eq!(found("a/*.npy"), found("a"));
        assert_eq!(found("a/[12].npy"), ["a/1.npy", "a/2.npy"]);
        assert_eq!(found("a/single"), ["a/single"]);
        assert_eq!(found("b[1]"), ["b[1]/3.npy"]);
        assert_eq!(found("b[1]/*.npy"), ["b[1]/3.npy"], "a name that is there is no pattern");
        assert_eq!(found("b[!2]/*.npy"), ["b1/4.npy"]);
        assert_eq!(found("b\\[1\\]/*"), ["b[1]/3.npy"]);
        assert_eq!(found("b*/*.npy"), ["b1/4.npy", "b[1]/3.npy"]);
        assert_eq!(found("**/[34].npy"), ["b1/4.npy", "b[1]/3.npy"]);
        assert_eq!(found("*/../a/1.npy").len(), 3, "one for each directory");
    }

    #[test]
    fn directories_are_no_files() {
        let found = |given| found(&[b"a/1.npy", b"a/x.npy/2.npy"], given);
        assert_eq!(found("a"), Ok(vec!["a/1.npy".into()]));
        assert_eq!(found("a/*.npy"), Ok(vec!["a/1.npy".into()]));
        assert_eq!(found("a/x.npy"), Ok(vec!["a/x.npy/2.npy".into()]), "given by its name it stands for its files");
        assert_eq!(found("**/*.npy"), Ok(vec!["a/1.npy".into(), "a/x.npy/2.npy".into()]));
        assert!(found("*/x.npy").is_err());
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        for (given, expected) in [
            ("a/*.npz", "no file matches; expected .npy files"),
            ("nowhere/*.npy", "no file matches"),
            ("nowhere.npy", "no such file"),
            ("a/x.npy/*.npy", "no file matches"),
            ("a[", "no `]` closes the `[`"),
            ("empty", "no .npy file in this directory"),
        ] {
            let message = found(&[b"a/x.npy", b"empty/.hidden.npy"], given).expect_err(given);
            assert!(message.contains(expected), "{given}: {message}");
            assert!(message.contains(given), "{given}: {message}");
        }
    }
}
