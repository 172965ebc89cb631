//! Where another process finds the memory of a tuning.

use serde::{Deserialize, Serialize};

/// The memory of a tuning, which all its trials share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arenas {
    /// To be mapped for reading: it is sealed against writing.
    pub inputs: Location,
    /// To be mapped for writing.
    pub outputs: Location,
}

/// Where a runner finds one memory file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The descriptor, inherited by the runner's first process.
    pub fd: i32,
    /// The same file by name, for processes that do not inherit descriptors.
    pub path: String,
    /// Its length.
    pub bytes: u64,
}
