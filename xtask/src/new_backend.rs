//! `cargo xtask new-backend NAME`: the mechanical half of adding a backend.
//!
//! It copies `backends/template`, in which the words `template` and `Template` stand for the name and nothing else, and
//! adds the lines that register the crate: three to the root Cargo.toml, one feature gate to src/lib.rs. All text is
//! made before anything is written; all files are written under temporary names and then renamed; and if a rename
//! fails, the former ones are undone.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::name::Name;
use crate::workspace::{cargo, copy_tree, root};

const MANIFEST: &str = "Cargo.toml";
const REGISTRY: &str = "src/lib.rs";

pub(crate) fn run(given: &str) -> Result<ExitCode> {
    let name = Name::new(given)?;
    create(root(), &name)?;
    let Name { id, .. } = &name;
    // A longer or shorter name moves line breaks and the order of imports.
    let formatted = cargo().args(["fmt", "-p", "gingham", "-p", &format!("gingham-{id}")]).status();
    if !formatted.is_ok_and(|status| status.success()) {
        eprintln!("xtask: cargo fmt did not run; do so before `cargo xtask test`");
    }
    println!(
        "\
made backends/{id}, feature `{id}`; it passes conformance as it stands: cargo test -p gingham-{id}

What is left (CONTRIBUTING.md has the details):
  1. backends/{id}/Cargo.toml: depend on the library.
  2. backends/{id}/src/lib.rs: call it; say in `info`, `threading` and `support` what is true of it.
  3. backends/{id}/README.md: its caveats.
  4. cargo test -p gingham-{id}
  5. If it needs no system library: add it to `default` in Cargo.toml, and write the matrix anew:
     cargo run --features openblas -- matrix > feature-matrix.md
  6. cargo xtask test"
    );
    Ok(ExitCode::SUCCESS)
}

/// Makes the crate and registers it, in the repository at `root`; if it fails, nothing is changed.
pub(crate) fn create(root: &Path, name: &Name) -> Result<()> {
    let id = &name.id;
    let manifest = read(&root.join(MANIFEST))?;
    let registry = read(&root.join(REGISTRY))?;
    let template = root.join("backends/template");
    refuse_taken(&manifest, name)?;
    refuse_used_type(&template, name)?;
    let new_manifest = registered_in_manifest(&manifest, name)?;
    let new_registry = registered_in_source(&registry, name)?;

    let aside = tempfile::Builder::new().prefix(".new-backend-").tempdir_in(root).context("the repository's folder")?;
    copy_renamed(&template, &aside.path().join("crate"), name)?;
    fs::write(aside.path().join("manifest"), new_manifest)?;
    fs::write(aside.path().join("registry"), new_registry)?;

    let folder = root.join("backends").join(id);
    fs::rename(aside.path().join("crate"), &folder).with_context(|| folder.display().to_string())?;
    let registered = fs::rename(aside.path().join("manifest"), root.join(MANIFEST))
        .and_then(|()| fs::rename(aside.path().join("registry"), root.join(REGISTRY)));
    if let Err(error) = registered {
        fs::write(root.join(MANIFEST), manifest)?;
        fs::remove_dir_all(&folder)?;
        return Err(error).context("registering the crate; the repository is as it was");
    }
    Ok(())
}

fn refuse_taken(manifest: &str, name: &Name) -> Result<()> {
    // To Cargo `a-b` and `a_b` are different crates, to Rust they are not.
    let taken = |word: &str| word.replace('-', "_") == format!("gingham_{}", name.path);
    let word_end = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    ensure!(!manifest.split(word_end).any(taken), "gingham-{} is taken: {MANIFEST} names it", name.id);
    ensure!(
        !matches!(name.id.as_str(), "default" | "reference" | "xtask"),
        "backend name `{}` has a meaning already",
        name.id
    );
    Ok(())
}

/// A backend called `dot` would declare a type `Dot` beside the trait that it imports.
fn refuse_used_type(template: &Path, name: &Name) -> Result<()> {
    let source = read(&template.join("src/lib.rs"))?;
    let word_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    ensure!(
        !source.split(word_end).any(|word| word == name.camel),
        "backend name `{}`: its type would be `{}`, a name that backends use for something else",
        name.id,
        name.camel
    );
    Ok(())
}

fn registered_in_manifest(manifest: &str, name: &Name) -> Result<String> {
    let id = &name.id;
    let mut text = manifest.to_owned();
    let lines = [
        ("[features]", "dep:gingham-", format!("{id} = [\"dep:gingham-{id}\"]")),
        ("[dependencies]", "optional = true", format!("gingham-{id} = {{ workspace = true, optional = true }}")),
        (
            "[workspace.dependencies]",
            "path = \"backends/",
            format!("gingham-{id} = {{ path = \"backends/{id}\", version = \"{}\" }}", version(manifest)?),
        ),
    ];
    for (section, beside, line) in lines {
        text = inserted_in_section(&text, section, beside, &line)
            .with_context(|| format!("{MANIFEST}: section {section} has no line with `{beside}` to add one after"))?;
    }
    Ok(text)
}

/// The version that the crates of this workspace share.
fn version(manifest: &str) -> Result<&str> {
    let section = manifest.split_once("[workspace.package]").context("Cargo.toml has no [workspace.package]")?.1;
    let line =
        section.lines().find_map(|line| line.strip_prefix("version = \"")).context("Cargo.toml has no version")?;
    Ok(line.trim_end_matches('"'))
}

/// `text` with `line` after the last line of `section` that holds `beside`.
fn inserted_in_section(text: &str, section: &str, beside: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|l| l.trim() == section)? + 1;
    let len = lines[start..].iter().position(|l| l.starts_with('[')).unwrap_or(lines.len() - start);
    let last = lines[start..start + len].iter().rposition(|l| l.contains(beside))?;
    lines.insert(start + last + 1, line);
    Some(lines.join("\n") + "\n")
}

/// Adds the name to `FEATURES` and a gated line to `registry()`.
fn registered_in_source(source: &str, name: &Name) -> Result<String> {
    const LIST: &str = "const FEATURES: &[&str] = &[";
    let Name { id, path, camel } = name;
    let (before, rest) = source.split_once(LIST).with_context(|| format!("{REGISTRY} has no `{LIST}`"))?;
    let (names, after) = rest.split_once(']').with_context(|| format!("{REGISTRY}: `{LIST}` does not end"))?;
    let names = names.trim_end().trim_end_matches(',');
    let source = format!("{before}{LIST}{names}, \"{id}\"]{after}");

    let mut lines: Vec<&str> = source.lines().collect();
    let Some(last) = lines.iter().rposition(|line| line.trim().starts_with("let registry = registry.with(")) else {
        bail!("{REGISTRY} has no line `let registry = registry.with(...)` to add one after");
    };
    let gate = format!("    #[cfg(feature = \"{id}\")]");
    let add = format!("    let registry = registry.with(gingham_{path}::{camel}::new());");
    lines.splice(last + 1..last + 1, [gate.as_str(), add.as_str()]);
    Ok(lines.join("\n") + "\n")
}

fn copy_renamed(from: &Path, to: &Path, name: &Name) -> Result<()> {
    copy_tree(from, to, &|from, to| Ok(fs::write(to, renamed(&read(from)?, name))?))
}

fn renamed(text: &str, name: &Name) -> String {
    text.replace("gingham_template", &format!("gingham_{}", name.path))
        .replace("Template", &name.camel)
        .replace("template", &name.id)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests;
