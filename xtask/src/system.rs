//! What the checks need beside cargo: what is missing is installed or, where that is not allowed, named exactly.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::command::{self, step};
use crate::workspace::root;

/// The commands by which package managers install.
const MANAGERS: [&str; 4] = ["sudo apt-get install", "sudo dnf install", "sudo pacman -S", "brew install"];

/// Something outside the repository.
pub(crate) struct Need {
    what: &'static str,
    /// A command that succeeds where it is there.
    probe: &'static [&'static str],
    /// The packages that bring it, one text for each of [`MANAGERS`].
    packages: [&'static str; 4],
}

const NEEDS: [Need; 3] = [
    Need {
        what: "a C compiler, which links programs",
        probe: &["cc", "--version"],
        packages: ["gcc libc6-dev", "gcc", "gcc", "gcc"],
    },
    Need {
        what: "pkg-config",
        probe: &["pkg-config", "--version"],
        packages: ["pkg-config", "pkgconf-pkg-config", "pkgconf", "pkgconf"],
    },
    Need {
        what: "OpenBLAS with its headers",
        probe: &["pkg-config", "--exists", "openblas"],
        packages: ["libopenblas-dev", "openblas-devel", "openblas", "openblas"],
    },
];

/// What the runners in Python need; NumPy 2.4 needs Python 3.11.
pub(crate) const PYTHON: Need = Need {
    what: "Python 3.11 or later with its modules venv and ensurepip",
    probe: &["python3", "-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"],
    packages: ["python3-venv", "python3", "python", "python"],
};

/// Parts of the Rust tool chain that a minimal installation leaves out.
const COMPONENTS: [(&str, &[&str]); 2] =
    [("rustfmt", &["cargo", "fmt", "--version"]), ("clippy", &["cargo", "clippy", "--version"])];

/// Installs everything that the checks need and lack, or says how to.
pub(crate) fn prepare() -> Result<()> {
    let absent: Vec<&str> = COMPONENTS.iter().filter(|(_, probe)| !succeeds(probe)).map(|&(name, _)| name).collect();
    if !absent.is_empty() {
        let command = format!("rustup component add {}", absent.join(" "));
        ensure!(succeeds(&["rustup", "--version"]), "cargo lacks {}; install with `{command}`", absent.join(" and "));
        step(root(), &command)?;
    }

    provide(&NEEDS)
}

/// Installs the missing ones of `needs`, or says how to.
pub(crate) fn provide(needs: &[Need]) -> Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let Some(prefix) = root_prefix().filter(|_| succeeds(&["apt-get", "--version"])) else {
        bail!("{}", advice(&missing));
    };
    step(root(), &format!("{prefix}apt-get update"))?;
    let packages = packages(&missing, 0);
    let install = "env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends";
    step(root(), &format!("{prefix}{install} {packages}"))?;
    let still = self::missing(needs);
    ensure!(still.is_empty(), "installed {packages}, and yet: {}", advice(&still));
    Ok(())
}

fn missing(needs: &[Need]) -> Vec<&Need> {
    needs.iter().filter(|need| !succeeds(need.probe)).collect()
}

/// The prefix of a command that only root may run; `None` if that would need a password.
fn root_prefix() -> Option<&'static str> {
    if is_root() { Some("") } else { succeeds(&["sudo", "-n", "true"]).then_some("sudo -n ") }
}

pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The packages by which the manager at this place in [`MANAGERS`] brings what is missing.
fn packages(missing: &[&Need], manager: usize) -> String {
    missing.iter().map(|need| need.packages[manager]).collect::<Vec<_>>().join(" ")
}

fn advice(missing: &[&Need]) -> String {
    let what = missing.iter().map(|need| need.what).collect::<Vec<_>>().join("; ");
    let install = |(i, manager)| format!("\n  {manager} {}", packages(missing, i));
    let commands: String = MANAGERS.iter().enumerate().map(install).collect();
    format!("missing: {what}. Install with one of{commands}")
}

fn succeeds(words: &[&str]) -> bool {
    command::succeeds(Command::new(words[0]).args(&words[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_can_be_pasted() {
        let text = advice(&[&NEEDS[1], &NEEDS[2]]);
        assert!(text.contains("sudo apt-get install pkg-config libopenblas-dev\n"), "{text}");
        assert!(text.contains("sudo dnf install pkgconf-pkg-config openblas-devel\n"), "{text}");
    }

    #[test]
    fn a_program_that_is_not_there_is_missing() {
        assert!(!succeeds(&["gingham-no-such-program"]));
        assert!(succeeds(&["cargo", "--version"]));
    }
}
