//! The workspace as cargo sees it: where it is, where it builds to, and its crates.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use gingham_machine::environment::kernel_variables;
use serde_json::Value;

/// The output of `cargo metadata`.
pub(crate) struct Workspace {
    /// The crates, each after the crates of the workspace that it depends on.
    pub(crate) members: Vec<String>,
    /// The root files of their targets: libraries, programs, tests, benches and examples.
    pub(crate) roots: Vec<PathBuf>,
    /// The folder in which cargo builds.
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn load() -> Result<Self> {
        let output =
            cargo().args(["metadata", "--no-deps", "--format-version", "1"]).output().context("cargo metadata")?;
        ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
        Self::from_metadata(&serde_json::from_slice(&output.stdout).context("cargo metadata")?)
    }

    fn from_metadata(metadata: &Value) -> Result<Self> {
        let mut members: Vec<(usize, String)> = Vec::new();
        let mut roots = Vec::new();
        for package in metadata["packages"].as_array().context("cargo metadata: no packages")? {
            let name = package["name"].as_str().context("cargo metadata: a package without a name")?;
            let dependencies = package["dependencies"].as_array().context("cargo metadata: no dependencies")?;
            // A path means a crate of the workspace; the same one may be a development dependency too.
            let mut own: Vec<_> = dependencies.iter().filter_map(|d| d["path"].as_str()).collect();
            own.sort_unstable();
            own.dedup();
            members.push((own.len(), name.to_owned()));
            let targets = package["targets"].as_array().context("cargo metadata: no targets")?;
            roots.extend(targets.iter().filter_map(|target| Some(PathBuf::from(target["src_path"].as_str()?))));
        }
        members.sort();
        let target = metadata["target_directory"].as_str().context("cargo metadata: no target directory")?.into();
        Ok(Self { members: members.into_iter().map(|(_, name)| name).collect(), roots, target })
    }
}

/// The root folder of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask/ lies in the root folder")
}

/// Cargo, in the root folder, without the variables that choose kernels: a test or a bench must see the kernels that
/// the libraries would choose themselves.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in kernel_variables() {
        command.env_remove(name);
    }
    command
}

/// Makes the folder `to`, and in it a copy of each file below `from` by `copy`, without the history, build outputs, and
/// installed peers.
pub(crate) fn copy_tree(from: &Path, to: &Path, copy: &dyn Fn(&Path, &Path) -> Result<()>) -> Result<()> {
    fs::create_dir(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let (name, kind, from) = (entry.file_name(), entry.file_type()?, entry.path());
        if kind.is_dir() && !["target", ".git", ".venv"].iter().any(|left| name == *left) {
            copy_tree(&from, &to.join(&name), copy)?;
        } else if kind.is_file() {
            copy(&from, &to.join(&name)).with_context(|| from.display().to_string())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foundations_come_before_what_stands_on_them() {
        let metadata = serde_json::json!({
            "target_directory": "/t",
            "packages": [
                {"name": "whole", "targets": [{"src_path": "/whole/main.rs"}],
                    "dependencies": [{"path": "/core"}, {"path": "/core"}, {"path": "/part"}]},
                {"name": "part", "targets": [], "dependencies": [{"path": "/core"}, {"path": "/core"}, {"path": null}]},
                {"name": "core", "targets": [{"src_path": "/core/lib.rs"}],
                    "dependencies": [{"path": null}, {"path": null}, {"path": null}]},
            ],
        });
        let workspace = Workspace::from_metadata(&metadata).unwrap();
        assert_eq!(workspace.members, ["core", "part", "whole"]);
        assert_eq!(workspace.roots, ["/whole/main.rs", "/core/lib.rs"].map(Path::new));
        assert_eq!(workspace.target, Path::new("/t"));
    }

    #[test]
    fn damaged_metadata_is_an_error() {
        assert!(Workspace::from_metadata(&serde_json::json!({"packages": [{}]})).is_err());
    }
}
