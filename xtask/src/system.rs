//! What the checks need beside cargo: found by trying it, installed if that is allowed, otherwise named exactly.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Something outside the repository, and the package that brings it under each system's package manager.
pub(crate) struct Need {
    what: &'static str,
    probe: &'static [&'static str],
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
    brew: &'static str,
}

const NEEDS: [Need; 3] = [
    Need {
        what: "a C compiler, which links programs",
        probe: &["cc", "--version"],
        apt: "gcc libc6-dev",
        dnf: "gcc",
        pacman: "gcc",
        brew: "gcc",
    },
    Need {
        what: "pkg-config",
        probe: &["pkg-config", "--version"],
        apt: "pkg-config",
        dnf: "pkgconf-pkg-config",
        pacman: "pkgconf",
        brew: "pkgconf",
    },
    Need {
        what: "OpenBLAS with its headers",
        probe: &["pkg-config", "--exists", "openblas"],
        apt: "libopenblas-dev",
        dnf: "openblas-devel",
        pacman: "openblas",
        brew: "openblas",
    },
];

/// What the runners in Python need; NumPy 2.4 needs Python 3.11.
pub(crate) const PYTHON: Need = Need {
    what: "Python 3.11 or later with its modules venv and ensurepip",
    probe: &["python3", "-c", "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))"],
    apt: "python3-venv",
    dnf: "python3",
    pacman: "python",
    brew: "python",
};

/// Parts of the Rust tool chain that a minimal installation leaves out.
const COMPONENTS: [(&str, &[&str]); 2] =
    [("rustfmt", &["cargo", "fmt", "--version"]), ("clippy", &["cargo", "clippy", "--version"])];

/// Returns when everything that the checks need is there.
pub(crate) fn prepare() -> Result<()> {
    let absent: Vec<&str> = COMPONENTS.iter().filter(|(_, probe)| !succeeds(probe)).map(|&(name, _)| name).collect();
    if !absent.is_empty() {
        let command = format!("rustup component add {}", absent.join(" "));
        ensure!(succeeds(&["rustup", "--version"]), "cargo lacks {}; install with `{command}`", absent.join(" and "));
        install(&command)?;
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
    install(&format!("{prefix}apt-get update"))?;
    let packages = packages(&missing, |need| need.apt);
    install(&format!(
        "{prefix}env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {packages}"
    ))?;
    let still = self::missing(needs);
    ensure!(still.is_empty(), "installed {packages}, and yet: {}", advice(&still));
    Ok(())
}

fn missing(needs: &[Need]) -> Vec<&Need> {
    needs.iter().filter(|need| !succeeds(need.probe)).collect()
}

/// The prefix of a command that only root may run; `None` if that would need a password.
fn root_prefix() -> Option<&'static str> {
    let id = Command::new("id").arg("-u").output().ok()?;
    match id.stdout.trim_ascii() {
        b"0" => Some(""),
        _ => succeeds(&["sudo", "-n", "true"]).then_some("sudo -n "),
    }
}

fn packages(missing: &[&Need], of: fn(&Need) -> &'static str) -> String {
    missing.iter().map(|need| of(need)).collect::<Vec<_>>().join(" ")
}

fn advice(missing: &[&Need]) -> String {
    let what = missing.iter().map(|need| need.what).collect::<Vec<_>>().join("; ");
    format!(
        "missing: {what}. Install with one of\n  \
         sudo apt-get install {}\n  sudo dnf install {}\n  sudo pacman -S {}\n  brew install {}",
        packages(missing, |need| need.apt),
        packages(missing, |need| need.dnf),
        packages(missing, |need| need.pacman),
        packages(missing, |need| need.brew),
    )
}

fn install(command: &str) -> Result<()> {
    println!("==> {command}");
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).status().with_context(|| format!("`{command}`"))?;
    ensure!(status.success(), "`{command}` failed: {status}");
    Ok(())
}

fn succeeds(command: &[&str]) -> bool {
    let mut run = Command::new(command[0]);
    run.args(&command[1..]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    run.status().is_ok_and(|status| status.success())
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
