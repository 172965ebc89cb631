//! `gingham study`: measures the questions of the tutorials on this machine, beside the ways of Python.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use gingham_core::Registry;
use gingham_harness::report::Page;
use gingham_harness::study::{self, Conditions, NoPeers, Peers};
use gingham_runtime::store::{Place, directory};

use super::failure::Failure;
use super::interrupt;
use super::output::print;
use super::progress::bar;
use super::stderr::tell;

const ENDING: &str = "gingham: interrupted: ends with what is known as soon as what is measured has ended; once more \
                      ends at once, without a table";

/// Measures the questions of the tutorials on this machine: sharing arrays, starting workers, files, and products
///
/// A study compares ways to do one thing, of this program and, where their environment is there, of Python, and says
/// what its figures show. `gingham study list` says which there are and how long each may take. Ctrl-C ends it with
/// what is known.
#[derive(Args)]
pub(super) struct Study {
    /// A study, or all, or list
    #[arg(value_name = "NAME")]
    name: String,
    /// Small sizes: seconds in all
    ///
    /// To see that everything works. The figures say nothing about speed.
    #[arg(long)]
    quick: bool,
    /// The folder benches/peers of gingham's repository, whose programs measure Python; none leaves them out
    /// [default: that of the repository around the working directory or this program]
    ///
    /// `cargo xtask peers` makes the environment that they need.
    #[arg(long, value_name = "DIR")]
    peers: Option<PathBuf>,
    /// Write the tables to this file too, as Markdown, as a whole or not at all
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl Study {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        if self.name == "list" {
            return print(&list());
        }
        let studies = match self.name.as_str() {
            "all" => study::Study::all(),
            name => vec![study::Study::named(name).map_err(Failure::usage)?],
        };
        let peers = self.peers()?;
        let document = self.markdown.as_deref().map(place).transpose()?;
        let scratch = tempfile::Builder::new().prefix("gingham-study-").tempdir();
        let scratch = scratch.map_err(|e| Failure::work(format!("no folder for temporary files: {e}")))?;
        let (bar, folder) = (bar(studies.len(), "{bar:20} {pos} of {len}  {wide_msg}"), scratch.path().to_owned());
        let voice = bar.clone();
        let interrupt = interrupt::listen(
            ENDING,
            move |line| voice.suspend(|| tell(line)),
            move || _ = std::fs::remove_dir_all(&folder), // the program ends: nobody is left to tell
        );
        let mut markdown = Vec::new();
        for study in &studies {
            let folder = tempfile::tempdir_in(scratch.path())
                .map_err(|e| Failure::work(format!("no folder for temporary files: {e}")))?;
            let conditions = Conditions {
                registry,
                quick: self.quick,
                peers: peers.as_ref(),
                scratch: folder.path(),
                interrupted: &|| interrupt.load(Ordering::Relaxed),
            };
            let report = study.run(&conditions, &mut |progress| bar.set_message(format!("{}: {progress}", study.name)));
            bar.inc(1);
            bar.suspend(|| print(&(report.to_text(Page::stdout()) + "\n")))?;
            markdown.push(report.to_markdown());
            if is_set(&interrupt) {
                break;
            }
        }
        bar.finish_and_clear();
        if let Some((path, place)) = document {
            let (name, text) = (path.display(), markdown.join("\n"));
            place.write(text.as_bytes()).map_err(|e| Failure::work(format!("markdown {name}: {e}")))?;
            tell(format_args!("Wrote {name}."));
        }
        if is_set(&interrupt) {
            return Err(Failure::interrupted("interrupted: the table has what was measured before"));
        }
        Ok(())
    }

    /// What measures Python.
    fn peers(&self) -> Result<Option<Peers>, Failure> {
        match &self.peers {
            None => Ok(Peers::find()),
            Some(none) if none == Path::new("none") => Ok(None),
            Some(folder) => Peers::at(folder).map(Some).map_err(|error: NoPeers| Failure::usage(error)),
        }
    }
}

fn is_set(flag: &Arc<AtomicBool>) -> bool {
    flag.load(Ordering::Relaxed)
}

/// Names, questions, and the most time that each may take.
fn list() -> String {
    let line = |study: &study::Study| {
        let minutes = study.budget().as_secs() / 60;
        format!("{:<17} at most {minutes:>2} min  {}\n", study.name, study.question)
    };
    study::Study::all().iter().map(line).collect()
}

/// Where a file is written, which is checked before the work and not touched before its end.
fn place(path: &Path) -> Result<(&Path, Place), Failure> {
    let refuse = |reason: String| {
        Failure::usage(format!("markdown {}: {reason}; name a file that can be written", path.display()))
    };
    let place = Place::of(path).map_err(|e| refuse(e.to_string()))?;
    if let Place::File(file) = &place
        && !directory(file).is_dir()
    {
        return Err(refuse(format!("there is no directory {}", directory(file).display())));
    }
    place.check().map_err(|e| refuse(e.to_string()))?;
    Ok((path, place))
}
