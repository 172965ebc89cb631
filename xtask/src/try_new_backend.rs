//! `cargo xtask try-new-backend`: proof that the newcomer's first command works.
//!
//! It copies the repository to a temporary folder, makes a backend there with `new-backend`, then runs the conformance
//! suite on the new crate and compiles the registry with it. Both build into this repository's target folder, so that
//! libraries that are already built are not built again.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::name::Name;
use crate::new_backend;
use crate::workspace::{Workspace, cargo, root};

pub(crate) fn run() -> Result<ExitCode> {
    let copy = tempfile::tempdir().context("a temporary folder")?;
    copy_tree(root(), copy.path())?;
    new_backend::create(copy.path(), &Name::new("try-out")?)?;
    let target = Workspace::load()?.target;
    for args in ["test --no-fail-fast -p gingham-try-out", "check -p gingham --no-default-features --features try-out"]
    {
        let mut command = cargo();
        command.args(args.split(' ')).current_dir(copy.path()).env("CARGO_TARGET_DIR", &target);
        let status = command.status().with_context(|| format!("cargo {args}"))?;
        ensure!(status.success(), "a backend fresh from `cargo xtask new-backend` fails `cargo {args}`");
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies the files below `from`, without the history, build outputs, and installed peers.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let to = to.join(&name);
        if kind.is_dir() && !["target", ".git", ".venv"].iter().any(|left| name == *left) {
            fs::create_dir(&to)?;
            copy_tree(&entry.path(), &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &to).with_context(|| entry.path().display().to_string())?;
        }
    }
    Ok(())
}
