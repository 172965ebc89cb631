//! Where answers are looked up when no file is named: in the user's profile, then in the system's, which an
//! administrator may install for everybody.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

use super::{Error, Profile, default_path};

/// Where a profile for all users may lie, in the order in which the places are tried: `gingham/profile.json` in each
/// directory of `XDG_CONFIG_DIRS` (`/etc/xdg` if that is not set), then in `/etc`.
fn system_paths() -> Vec<PathBuf> {
    let set = env::var_os("XDG_CONFIG_DIRS").filter(|set| !set.is_empty());
    let set = set.unwrap_or_else(|| OsString::from("/etc/xdg"));
    // The standard says to ignore a relative path there.
    let directories = env::split_paths(&set).filter(|path| path.is_absolute()).chain([PathBuf::from("/etc")]);
    directories.map(|directory| directory.join("gingham/profile.json")).collect()
}

impl Profile {
    /// The answers that hold when no file is named, each with its file, the user's first. An answer in a later file
    /// counts only if no earlier file has one for the same workload and machine.
    ///
    /// # Errors
    /// [`Error`], where such a file exists and is not a profile.
    pub fn layers() -> Result<Vec<(PathBuf, Self)>, Error> {
        let mut layers: Vec<(PathBuf, Self)> = Vec::new();
        for path in [default_path()?].into_iter().chain(system_paths()) {
            let mut profile = Self::load(&path)?;
            let above = || layers.iter().flat_map(|(_, profile)| &profile.entries);
            profile.entries.retain(|entry| !above().any(|upper| upper.answers_the_same(entry)));
            layers.push((path, profile));
        }
        Ok(layers)
    }

    /// One profile of all answers of `layers`.
    #[must_use]
    pub fn of_layers(layers: Vec<(PathBuf, Self)>) -> Self {
        let flag = layers.first().map_or_else(String::new, |(_, profile)| profile.flag.clone());
        let entries = layers.into_iter().flat_map(|(_, profile)| profile.entries).collect();
        Self { entries, flag, ..Self::default() }
    }
}
