//! `cargo xtask try-new-backend`: proof that the newcomer's first command works.
//!
//! It copies the repository to a temporary folder, makes a backend there with `new-backend`, then runs the conformance
//! suite on the new crate and compiles the registry with it. Both build into this repository's target folder, where
//! the libraries are already built.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::name::Name;
use crate::new_backend;
use crate::workspace::{Workspace, cargo, copy_tree, root};

pub(crate) fn run() -> Result<ExitCode> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let copy = folder.path().join("gingham");
    copy_tree(root(), &copy, &|from, to| fs::copy(from, to).map(drop).map_err(Into::into))?;
    new_backend::create(&copy, &Name::new("try-out")?)?;
    let target = Workspace::load()?.target;
    for args in ["test --no-fail-fast -p gingham-try-out", "check -p gingham --no-default-features --features try-out"]
    {
        let mut command = cargo();
        command.args(args.split(' ')).current_dir(&copy).env("CARGO_TARGET_DIR", &target);
        let status = command.status().with_context(|| format!("cargo {args}"))?;
        ensure!(status.success(), "a backend fresh from `cargo xtask new-backend` fails `cargo {args}`");
    }
    Ok(ExitCode::SUCCESS)
}
