//! Where the result of a command goes: standard output, or files, each in the form that its ending names.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gingham_harness::report::Format;
use gingham_runtime::store::{Place, directory};

use super::failure::Failure;
use super::output::print;
use super::stderr::tell;

/// Places for a result, checked before the work that makes it, and not touched before it is written.
#[derive(Debug)]
pub(super) struct Destinations(Vec<Destination>);

#[derive(Debug)]
struct Destination {
    /// Empty for standard output.
    file: Option<(PathBuf, Place)>,
    format: Format,
}

impl Destinations {
    /// Standard output if there are no `paths`, and for the path `-`. The ending of a path names its form; all others
    /// have the form `format`.
    ///
    /// # Errors
    /// A path cannot be written to, or two are standard output.
    pub(super) fn open(paths: &[PathBuf], format: Format) -> Result<Self, Failure> {
        let stdout = Destination { file: None, format };
        let all = match paths {
            [] => vec![stdout],
            paths => paths.iter().map(|path| Destination::open(path, format)).collect::<Result<_, _>>()?,
        };
        if all.iter().filter(|destination| destination.file.is_none()).count() > 1 {
            return Err(Failure::usage("--output names standard output twice; name it once"));
        }
        Ok(Self(all))
    }

    /// Refuses a file that two flags name, as the later would replace the earlier; `others` are flags with their files.
    pub(super) fn refuse_twice(&self, others: [(&'static str, Option<&Path>); 2]) -> Result<(), Failure> {
        let others = others.into_iter().filter_map(|(flag, path)| Some((flag, Place::of(path?).ok()?)));
        let others: Vec<(&str, Place)> = others.collect();
        let own = self.0.iter().filter_map(|destination| Some(("--output", &destination.file.as_ref()?.1)));
        let files: Vec<(&str, &Place)> = own.chain(others.iter().map(|(flag, place)| (*flag, place))).collect();
        for (i, (flag, place)) in files.iter().enumerate() {
            let Place::File(path) = place else { continue };
            if let Some((other, _)) = files[..i].iter().find(|(_, other)| other == place) {
                let name = path.display();
                return Err(Failure::usage(format!("{other} and {flag} name one file, {name}; give each its own")));
            }
        }
        Ok(())
    }

    /// Whether all of them are files.
    pub(super) fn are_files(&self) -> bool {
        self.0.iter().all(|destination| destination.file.is_some())
    }

    /// Writes the result, which `render` makes for a form and for standard output or a file; says which files it has
    /// written. If a file cannot be written, the result goes to standard output, once in each form, so that it is not
    /// lost.
    ///
    /// # Errors
    /// The last failure; the others have been reported.
    pub(super) fn write(self, render: impl Fn(Format, bool) -> String) -> Result<(), Failure> {
        let mut failed = Ok(());
        let mut fail = |failure: Failure| {
            if let Err(former) = std::mem::replace(&mut failed, Err(failure)) {
                former.tell();
            }
        };
        // Where standard output is a destination itself, nothing else goes there.
        let may_fall_back = self.are_files();
        let mut fallen: Vec<Format> = Vec::new();
        for Destination { file, format } in self.0 {
            match file {
                None => print(&render(format, true)).unwrap_or_else(&mut fail),
                Some((path, place)) => match place.write(render(format, false).as_bytes()) {
                    Ok(()) => tell(format_args!("Wrote {}.", path.display())),
                    Err(e) => {
                        let name = path.display();
                        fail(Failure::work(format!("output {name}: {e}; the result goes to standard output")));
                        if may_fall_back && !fallen.contains(&format) {
                            print(&render(format, true)).unwrap_or_else(&mut fail);
                            fallen.push(format);
                        }
                    }
                },
            }
        }
        failed
    }
}

impl Destination {
    fn open(path: &Path, otherwise: Format) -> Result<Self, Failure> {
        let refuse = |reason: &dyn std::fmt::Display| {
            Failure::usage(format!(
                "output {}: {reason}; name a file that can be written, or - for standard output",
                path.display()
            ))
        };
        if path == Path::new("-") || is_stdout(path) {
            return Ok(Self { file: None, format: otherwise });
        }
        let place = Place::of(path).map_err(|e| match e.kind() {
            ErrorKind::IsADirectory => refuse(&"a directory"),
            _ => refuse(&e),
        })?;
        if let Place::File(file) = &place
            && !directory(file).is_dir()
        {
            return Err(refuse(&format!("there is no directory {}", directory(file).display())));
        }
        place.check().map_err(|e| refuse(&e))?;
        let ending = path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
        let format = match ending.as_deref() {
            Some("md") => Format::Markdown,
            Some(ending) => ending.parse().unwrap_or(otherwise),
            None => otherwise,
        };
        Ok(Self { file: Some((path.into(), place)), format })
    }
}

/// Whether `path` is where standard output goes, such as `/dev/stdout`: opened once more, it would be written from its
/// beginning.
fn is_stdout(path: &Path) -> bool {
    let own = io::stdout().as_fd().try_clone_to_owned().and_then(|own| File::from(own).metadata());
    let own = own.map(|own| (own.dev(), own.ino())).ok();
    std::fs::metadata(path).is_ok_and(|there| !there.is_dir() && Some((there.dev(), there.ino())) == own)
}
