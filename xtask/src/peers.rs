//! `cargo xtask peers`: makes the virtual environment that the runners in benches/peers need, and prints the command
//! that races them.
//!
//! With `libraries`, what benches/standing loads beside NumPy is installed into the same environment.
//!
//! The environment is made again if the requirements have changed or its Python is gone, and left alone otherwise.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::command::{step, succeeds};
use crate::system;
use crate::workspace::root;

const FOLDER: &str = "benches/peers";

/// In the order of the table in benches/peers/README.md.
const RUNNERS: [&str; 10] = [
    "numpy_blas",
    "numpy_pool",
    "numpy_pool_limited",
    "mp_pool_pickled",
    "mp_pool_mapped",
    "ppe_pickled",
    "ppe_mapped",
    "joblib_pickled",
    "joblib_mapped",
    "dask_threaded",
];

/// What is installed with `libraries`, seen from [`FOLDER`].
const LIBRARIES: &str = "../standing/requirements.txt";

const PIP: &str = ".venv/bin/python -m pip --disable-pip-version-check install --requirement";

pub(crate) fn run(libraries: bool) -> Result<ExitCode> {
    let folder = root().join(FOLDER);
    if !is_ready(&folder) {
        system::provide(&[system::PYTHON])?;
        make(&folder)?;
    }
    if libraries {
        step(&folder, &format!("{PIP} {LIBRARIES}"))?;
    }
    println!("{}", advice());
    Ok(ExitCode::SUCCESS)
}

/// Whether the environment works and was completed for these requirements.
fn is_ready(folder: &Path) -> bool {
    let read = |path: &str| fs::read(folder.join(path)).ok();
    let completed = read(".venv/requirements.txt");
    let python = folder.join(".venv/bin/python");
    completed.is_some() && completed == read("requirements.txt") && succeeds(Command::new(python).arg("--version"))
}

/// Writes last what the environment was made for, so that an interrupted one is made again.
fn make(folder: &Path) -> Result<()> {
    let requirements = fs::read(folder.join("requirements.txt")).context(folder.display().to_string())?;
    step(folder, "python3 -m venv --clear .venv")?;
    step(folder, &format!("{PIP} requirements.txt"))?;
    Ok(fs::write(folder.join(".venv/requirements.txt"), requirements)?)
}

fn advice() -> String {
    let mut text = format!(
        "{FOLDER}/.venv is ready. In the root folder, with as many of the peers as you like:\n\n\
         gingham tune --op matmul --shape 1000 --tasks 20"
    );
    for runner in RUNNERS {
        text += &format!(" \\\n  --peer \"{FOLDER}/.venv/bin/python {FOLDER}/{runner}.py\"");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_runner_is_listed_and_documented() {
        let folder = root().join(FOLDER);
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        let mut files: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".py")?.to_owned()))
            .filter(|name| !["check", "example", "processes", "runner"].contains(&name.as_str()))
            .collect();
        files.sort();
        let mut listed = RUNNERS;
        listed.sort_unstable();
        assert_eq!(files, listed);
        for runner in RUNNERS {
            assert!(readme.contains(&format!("| `{runner}` |")), "{runner}");
        }
        let example = fs::read_to_string(folder.join("example.py")).unwrap();
        assert!(readme.contains(&example), "the example in README.md is not example.py");
    }

    #[test]
    fn every_study_is_documented_and_checked() {
        let folder = root().join(FOLDER);
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        let check = fs::read_to_string(folder.join("studies/check.py")).unwrap();
        let mut studies = 0;
        for entry in fs::read_dir(folder.join("studies")).unwrap() {
            let path = entry.unwrap().path();
            let is_file = path.extension().is_some_and(|extension| extension == "py");
            if !is_file || !fs::read_to_string(&path).unwrap().contains("\nSIZES = ") {
                continue;
            }
            let study = path.file_stem().unwrap().to_str().unwrap();
            assert!(readme.contains(&format!("| `{study}` |")), "{study}");
            assert!(check.contains(&format!("    \"{study}\": (")), "{study}");
            studies += 1;
        }
        assert_ne!(studies, 0, "no study is found by its sizes");
    }

    #[cfg(target_os = "linux")] // for /bin/true
    #[test]
    fn an_environment_is_ready_when_it_was_completed_for_these_requirements() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| fs::write(folder.path().join(path), text).unwrap();
        fs::create_dir_all(folder.path().join(".venv/bin")).unwrap();
        std::os::unix::fs::symlink("/bin/true", folder.path().join(".venv/bin/python")).unwrap();
        write("requirements.txt", "numpy==2\n");
        assert!(!is_ready(folder.path()), "interrupted");
        write(".venv/requirements.txt", "numpy==2\n");
        assert!(is_ready(folder.path()));
        write("requirements.txt", "numpy==3\n");
        assert!(!is_ready(folder.path()), "other requirements");
        write("requirements.txt", "numpy==2\n");
        fs::remove_file(folder.path().join(".venv/bin/python")).unwrap();
        assert!(!is_ready(folder.path()), "its Python is gone");
    }

    #[test]
    fn the_command_can_be_pasted() {
        let text = advice();
        let peer = "  --peer \"benches/peers/.venv/bin/python benches/peers/dask_threaded.py\"";
        assert!(text.ends_with(peer), "{text}");
        assert_eq!(text.matches(" \\\n").count(), RUNNERS.len());
    }
}
