//! `cargo xtask structure`: what neither the compiler nor rustfmt checks. No modules need each other in a circle, so
//! that each can be read after the modules that it uses; and no line, comments included, is wider than rustfmt.toml
//! allows.

mod circles;
mod modules;
mod width;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, root};

/// The folder whose files (its subfolders aside) are one definition: a backend has the operations of each element type,
/// an element type finds its operations in a backend, and the errors of both name both.
const ONE_DEFINITION: &str = "core/src";

pub(crate) fn run() -> Result<ExitCode> {
    let faults: Vec<String> = circles()?.into_iter().chain(wide_lines()?).collect();
    faults.iter().for_each(|fault| println!("{fault}"));
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Each circle in words: its files, and the names that lead from one to another, one of which must go.
fn circles() -> Result<Vec<String>> {
    // Targets that share files may share a circle.
    let mut found = BTreeMap::new();
    for root in &Workspace::load()?.roots {
        let edges = modules::edges(root)?;
        for circle in
            circles::circles(&edges).into_iter().filter(|circle| !circle.iter().all(|file| is_of_one_definition(file)))
        {
            let within = |from, to| circle.contains(from) && circle.contains(to);
            let edges = edges
                .iter()
                .filter(|((from, to), _)| within(from, to))
                .map(|((from, to), (line, path))| format!("\n  {}:{line}: {path}, of {}", shown(from), shown(to)));
            let text = format!("{} modules need each other:{}", circle.len(), edges.collect::<String>());
            found.insert(circle, text);
        }
    }
    Ok(found.into_values().collect())
}

fn is_of_one_definition(file: &Path) -> bool {
    file.parent() == Some(&root().join(ONE_DEFINITION))
}

/// Each line that is too wide, in words.
fn wide_lines() -> Result<Vec<String>> {
    let most = width::most(root())?;
    let mut found = Vec::new();
    for file in &width::rust_files(root())? {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let fault = |(line, width)| format!("{}:{line}: {width} columns, {most} at most", shown(file));
        found.extend(width::wide(&text, most).map(fault));
    }
    Ok(found)
}

/// A path as a user types it.
fn shown(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}
