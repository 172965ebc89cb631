//! `gingham profile forget`, `import` and `export`: removes answers, takes them in, hands them on.

use std::path::Path;

use gingham_harness::report::count;
use gingham_runtime::{Profile, profile};

use crate::args::WorkloadArgs;
use crate::failure::Failure;
use crate::output::print;

/// Removes the answers for a workload from the profile at `path`.
pub(super) fn forget(path: &Path, workload: &WorkloadArgs) -> Result<(), Failure> {
    let workload = workload.workload()?.ok_or_else(|| {
        Failure::usage(
            "no workload to forget; name it by --op, --shape and --tasks (`gingham profile clear` removes all answers)",
        )
    })?;
    let name = path.display();
    if Profile::load(path)?.entries.iter().all(|entry| entry.workload != workload) {
        return Err(Failure::work(format!("no answer for {workload} in {name}; `gingham profile show` lists them")));
    }
    let forgotten = Profile::update(path, |profile| profile.forget(&workload))?;
    print(&format!("Forgot {} for {workload} in {name}.\n", count(forgotten, "answer")))
}

/// Takes the answers of the profile at `from` into the one at `path`.
pub(super) fn import(path: &Path, from: &Path) -> Result<(), Failure> {
    let from = if from == Path::new("-") { Path::new("/dev/stdin") } else { from };
    if !from.exists() {
        return Err(Failure::usage(format!("import {}: there is no such file", from.display())));
    }
    let other = Profile::load(from).map_err(|error| match error {
        // The message does not name `profile clear`: the file may be anything.
        profile::Error::Damaged(_, reason) | profile::Error::Stream(_, reason) => Failure::usage(format!(
            "import {}: no profile ({reason}); expected what `gingham profile export` prints",
            from.display()
        )),
        other => other.into(),
    })?;
    let all = other.entries.len();
    let taken = Profile::update(path, |profile| profile.import(other))?;
    let older = match all - taken {
        0 => String::new(),
        older => format!("; {older} left out, since what is there was saved later or speaks of more"),
    };
    print(&format!("Took {} into {}{older}.\n", count(taken, "answer"), path.display()))
}

/// Prints the answers, or those for one named workload, as a profile that `import` takes.
pub(super) fn export(mut saved: Profile, workload: &WorkloadArgs) -> Result<(), Failure> {
    if let Some(workload) = workload.workload()? {
        saved.entries.retain(|entry| entry.workload == workload);
        if saved.entries.is_empty() {
            return Err(Failure::work(format!("no answer for {workload}; `gingham profile show` lists them")));
        }
    }
    print(&saved.to_json())
}
