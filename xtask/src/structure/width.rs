//! Lines wider than rustfmt.toml allows: rustfmt breaks code, but leaves comments and long strings as they are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The `max_width` in rustfmt.toml in the folder `root`.
pub(super) fn most(root: &Path) -> Result<usize> {
    let text = fs::read_to_string(root.join("rustfmt.toml")).context("rustfmt.toml")?;
    let settings: toml::Table = text.parse().context("rustfmt.toml")?;
    let width = settings.get("max_width").and_then(toml::Value::as_integer).context("rustfmt.toml: no max_width")?;
    Ok(usize::try_from(width)?)
}

/// The lines of `text` that have more than `most` characters: their numbers, and how many they have.
pub(super) fn wide(text: &str, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let widths = text.lines().map(|line| line.chars().count());
    (1..).zip(widths).filter(move |&(_, width)| width > most)
}

/// The Rust files below `folder`, but for those in `target` and in hidden folders.
pub(super) fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() && !name.starts_with('.') && name != "target" {
            files.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_wide_as_they_look() {
        let text = "// äöüß\n// äöüßs\n\n// abcdefg";
        assert_eq!(wide(text, 7).collect::<Vec<_>>(), [(2, 8), (4, 10)]);
        assert_eq!(wide(text, 10).count(), 0);
    }

    #[test]
    fn what_builds_leave_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.rs", "b/c.rs", "b/d.txt", "target/e.rs", ".git/f.rs"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(rust_files(folder.path()).unwrap(), ["a.rs", "b/c.rs"].map(|name| folder.path().join(name)));
    }
}
