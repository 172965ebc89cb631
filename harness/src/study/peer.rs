//! The ways of Python: a program of benches/peers/studies, which prints a row a line.

use std::env;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gingham_runtime::executor::BoxError;
use rustix::process::{Pid, Signal, kill_process};

use super::definition::{Sizes, Study};
use super::row::{By, Row};

/// Where the peers' folder lies in the repository.
const FOLDER: &str = "benches/peers";

/// The interpreter of their virtual environment, which `cargo xtask peers` makes.
const PYTHON: &str = ".venv/bin/python";

/// How often to look whether the program has ended: seldom, as nothing else should run while it measures.
const LOOK: Duration = Duration::from_millis(50);

/// How long it may take to end the processes that it has started, and to remove its files, once it has been told to:
/// five seconds by its own clock.
const GRACE: Duration = Duration::from_secs(7);

/// The peers' programs, with what runs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peers {
    folder: PathBuf,
}

/// A folder that has no peers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "peers {}: there is no {PYTHON} in it; name the folder {FOLDER} of gingham's repository, and make its environment \
     by `cargo xtask peers` there",
    .0.display()
)]
pub struct NoPeers(PathBuf);

/// What a run of the peers' programs is given.
pub(super) struct Run<'a> {
    pub(super) sizes: &'a Sizes,
    /// Where it makes temporary files.
    pub(super) scratch: &'a Path,
    pub(super) until: Instant,
    pub(super) interrupted: &'a dyn Fn() -> bool,
}

impl Peers {
    /// Those in `folder`, which is `benches/peers` of the repository.
    ///
    /// # Errors
    /// [`NoPeers`]
    pub fn at(folder: &Path) -> Result<Self, NoPeers> {
        if folder.join(PYTHON).exists() { Ok(Self { folder: folder.into() }) } else { Err(NoPeers(folder.into())) }
    }

    /// Those of the repository in which this process or its program lies.
    #[must_use]
    pub fn find() -> Option<Self> {
        let places = [env::current_dir().ok(), env::current_exe().ok()];
        let above = places.iter().flatten().flat_map(|place| place.ancestors());
        above.map(|folder| folder.join(FOLDER)).find_map(|folder| Self::at(&folder).ok())
    }

    /// What one types to run the program of `study`.
    pub(super) fn command(&self, study: &Study, sizes: &Sizes) -> String {
        let (python, program) = (self.folder.join(PYTHON), self.program(study));
        format!("{} {} {}", python.display(), program.display(), sizes.arguments().join(" "))
    }

    fn program(&self, study: &Study) -> PathBuf {
        self.folder.join("studies").join(&study.peer).with_extension("py")
    }

    /// The rows of `study`.
    ///
    /// # Errors
    /// Why the program printed none.
    pub(super) fn rows(&self, study: &Study, run: &Run<'_>) -> Result<Vec<Row>, BoxError> {
        let [mut stdout, mut stderr] = [tempfile::tempfile_in(run.scratch)?, tempfile::tempfile_in(run.scratch)?];
        let mut command = Command::new(self.folder.join(PYTHON));
        command.arg(self.program(study)).args(run.sizes.arguments()).arg("--directory").arg(run.scratch);
        command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
        let mut program = command.spawn()?;
        let ended = wait(&mut program, run)?;
        let mut rows = text(&mut stdout)?.lines().map(Row::of_peer).collect::<Result<Vec<_>, _>>()?;
        let why = match ended {
            None => "ended before it had measured all".to_owned(),
            Some(status) if !status.success() => {
                let said = text(&mut stderr)?;
                let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
                format!("{status}: {last}")
            }
            Some(_) if rows.is_empty() => "it printed no row".into(),
            Some(_) => return Ok(rows),
        };
        if rows.is_empty() {
            return Err(why.into());
        }
        let name = format!("the rest of {}", study.peer);
        rows.push(Row { name, by: By::Peer, found: Err(why), note: String::new(), theirs: None });
        Ok(rows)
    }
}

/// Waits until the program has ended; `None` where it was told to, because time was up or somebody asked.
fn wait(program: &mut Child, run: &Run<'_>) -> Result<Option<ExitStatus>, BoxError> {
    loop {
        if let Some(status) = program.try_wait()? {
            return Ok(Some(status));
        }
        if (run.interrupted)() || Instant::now() >= run.until {
            break;
        }
        thread::sleep(LOOK);
    }
    kill_process(Pid::from_child(program), Signal::TERM)?;
    let told = Instant::now();
    while program.try_wait()?.is_none() {
        if told.elapsed() > GRACE {
            program.kill()?;
        }
        thread::sleep(LOOK);
    }
    Ok(None)
}

/// What has been written to `file`.
fn text(file: &mut File) -> Result<String, BoxError> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
