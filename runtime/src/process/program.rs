//! What a trial or a pool of processes starts: this program again, or a peer, which is a command that speaks the same
//! protocol.
//!
//! Such a process is this program, started again. If its main went its own way there instead of serving, each would
//! start others in turn, without end. So a process that has not called [`crate::serve::init`] does not start its own
//! program.

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::{Pid, getppid, test_kill_process};

use crate::combination::{Combination, is_peer_name};

/// What is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A program whose `main` begins with [`crate::serve::init`]. Where it is the program of this process, the same
    /// executable is started, even if another file has taken its path since.
    Own(PathBuf),
    /// Any other runner, in any language.
    Peer {
        /// NAME in its combination `peer/NAME`.
        name: String,
        /// The command, then its arguments. No shell interprets them.
        words: Vec<String>,
    },
}

/// Set in the environment of a child that serves to the id of its parent process. A process that the child starts has
/// another parent, and so does not take itself for one that serves.
const MARKER: &str = "GINGHAM_PARENT";

/// Set in addition where the child is to end with the thread that started it.
const KEPT: &str = "GINGHAM_KEPT";

/// Whether this process has called [`crate::serve::init`]; its children then do so too.
static INITIALISED: AtomicBool = AtomicBool::new(false);

/// The error of a program whose main would not serve its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "trials and the workers of processes start this program anew, and its main does not serve them; make \
     `gingham::init(&registry)` the first line of main"
)]
pub struct Uninitialised;

/// From here on this process may start its own program.
pub(crate) fn initialise() {
    INITIALISED.store(true, Ordering::Relaxed);
}

/// Marks what `command` starts as a child that serves, and that is to be `kept`: ended with the thread that starts it.
pub(super) fn mark(command: &mut Command, kept: bool) {
    command.env(MARKER, std::process::id().to_string());
    if kept {
        command.env(KEPT, "1");
    } else {
        command.env_remove(KEPT);
    }
}

/// Whether this process is to end with the thread that started it.
pub(crate) fn is_kept() -> bool {
    std::env::var_os(KEPT).is_some()
}

/// Whether this process was started to serve a parent, even if that has died meanwhile.
pub(crate) fn serves() -> bool {
    let marker = std::env::var(MARKER).ok();
    let asking = marker.and_then(|number| Pid::from_raw(number.parse().ok()?));
    asking.is_some_and(|asking| getppid() == Some(asking) || test_kill_process(asking) == Err(Errno::SRCH))
}

/// The program of the calling process, even if its file has been replaced or removed.
const THIS: &str = "/proc/self/exe";

/// The text, given here, does not describe a peer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It has no command.
    #[error("peer `{0}`: there is no command; expected [NAME=]CMD, for example numpy=python3 numpy_runner.py")]
    NoCommand(String),
    /// The command cannot be split into words.
    #[error("peer `{0}`: a quote is not closed, or a `\\` ends the command; words are split as a POSIX shell does")]
    Quotes(String),
    /// The name, the second text, cannot stand in a combination's text.
    #[error(
        "peer `{0}`: `{1}` is not a name; give one of letters, digits, `-`, `_` and `.` before the command: \
         NAME=CMD"
    )]
    Name(String, String),
}

impl Program {
    /// Whether it is the peer that `combination` names.
    #[must_use]
    pub fn is(&self, combination: &Combination) -> bool {
        matches!(self, Self::Peer { name, .. } if Combination::peer(name) == *combination)
    }

    /// The peer that `[NAME=]CMD` describes. CMD is split into words as a POSIX shell does. Without a NAME the peer is
    /// called after the last word that is not an option: `python3 peers/numpy.py --threads` is `numpy`.
    ///
    /// # Errors
    /// [`Error`], with the text that was given.
    pub fn peer(given: &str) -> Result<Self, Error> {
        // A `=` behind a blank, a quote or a slash belongs to the command.
        let (name, command) = match given.split_once('=') {
            Some((name, command)) if !name.contains([' ', '\t', '\n', '\'', '"', '/']) => (Some(name), command),
            _ => (None, given),
        };
        let words = shlex::split(command).ok_or_else(|| Error::Quotes(given.into()))?;
        if words.first().is_none_or(String::is_empty) {
            return Err(Error::NoCommand(given.into()));
        }
        let stem = || {
            let word = words.iter().rfind(|word| !word.starts_with('-'))?;
            Path::new(word).file_stem()?.to_str()
        };
        let name = name.or_else(stem).unwrap_or_default();
        if !is_peer_name(name) {
            return Err(Error::Name(given.into(), name.into()));
        }
        Ok(Self::Peer { name: name.into(), words })
    }

    /// The program of this process.
    #[must_use]
    pub fn this() -> Self {
        Self::Own(THIS.into())
    }

    /// Whether it may be started from this process.
    ///
    /// # Errors
    /// [`Uninitialised`], where it is the program of this process, which has not called [`crate::serve::init`].
    pub fn check(&self) -> Result<(), Uninitialised> {
        let endless = self.is_this() || serves();
        if endless && !INITIALISED.load(Ordering::Relaxed) { Err(Uninitialised) } else { Ok(()) }
    }

    /// Whether a command begins with the name of a program: a path, or one that `PATH` leads to.
    #[must_use]
    pub fn is_there(&self) -> bool {
        let Self::Peer { words, .. } = self else { return true };
        let name = words.first().map_or("", String::as_str);
        let is_program = |path: &Path| path.is_file() && access(path, Access::EXEC_OK).is_ok();
        if name.contains('/') {
            return is_program(name.as_ref());
        }
        // Without the variable the system uses a default path.
        env::var_os("PATH").is_none_or(|path| env::split_paths(&path).any(|at| is_program(&at.join(name))))
    }

    /// Whether it is the program of this process.
    fn is_this(&self) -> bool {
        let (Self::Own(path), Ok(this)) = (self, fs::read_link(THIS)) else { return false };
        let file = |path: &Path| fs::metadata(path).ok().map(|file| (file.dev(), file.ino()));
        // The kernel marks it so if the file that this process was started from has lost its name.
        let name = this.as_os_str().as_bytes();
        let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
        path.as_os_str().as_bytes() == name || *path == this || file(path) == file(THIS.as_ref())
    }

    /// What starts it.
    #[must_use]
    pub fn command(&self) -> Command {
        match self {
            Self::Own(_) if self.is_this() => Command::new(THIS),
            Self::Own(path) => Command::new(path),
            Self::Peer { words, .. } => {
                let mut words = words.iter();
                let mut command = Command::new(words.next().map_or("", String::as_str));
                command.args(words);
                command
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn peer(name: &str, words: &[&str]) -> Result<Program, Error> {
        Ok(Program::Peer { name: name.into(), words: words.iter().map(|&word| word.into()).collect() })
    }

    #[test]
    fn a_peer_has_a_name_and_words() {
        for (text, name, words) in [
            ("numpy=python3 peers/runner.py", "numpy", &["python3", "peers/runner.py"][..]),
            ("np.pool-2_x= runner", "np.pool-2_x", &["runner"]),
            ("python3 peers/numpy.py", "numpy", &["python3", "peers/numpy.py"]),
            (
                "python3 -u 'my peers/joblib.py' --threads=2",
                "joblib",
                &["python3", "-u", "my peers/joblib.py", "--threads=2"],
            ),
            ("./runner", "runner", &["./runner"]),
            ("./out=1/runner", "runner", &["./out=1/runner"]),
            ("c=sh -c 'x=1; exec y'", "c", &["sh", "-c", "x=1; exec y"]),
        ] {
            assert_eq!(Program::peer(text), peer(name, words), "{text}");
        }
    }

    #[test]
    fn what_is_no_peer_is_refused_with_what_would_be() {
        for (text, words) in [
            ("", "no command"),
            ("  ", "no command"),
            ("numpy=", "no command"),
            ("numpy=''", "no command"),
            ("numpy=# a comment", "no command"),
            ("numpy=python3 'x.py", "a quote is not closed"),
            ("numpy=python3 \\", "ends the command"),
            ("=python3 x.py", "`` is not a name"),
            ("a+b=python3 x.py", "`a+b` is not a name"),
            ("größe=python3 x.py", "`größe` is not a name"),
            ("sh -c 'read x'", "`read x` is not a name"),
            ("-x", "`` is not a name"),
            ("..", "`` is not a name"),
        ] {
            let error = Program::peer(text).expect_err(text).to_string();
            assert!(error.contains(words) && error.contains(text), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_peer_is_a_combination(text in "[a-z=' /.+-]{0,20}|\\PC{0,20}") {
            if let Ok(Program::Peer { name, words }) = Program::peer(&text) {
                let combination = Combination::peer(&name);
                prop_assert_eq!(combination.to_string().parse(), Ok(combination));
                prop_assert!(!words[0].is_empty());
            }
        }
    }
}
