//! Where a study is measured, and how much of it.

use std::path::Path;
use std::time::Duration;

use gingham_core::Registry;

use crate::study::definition::Sizes;

/// What all rows of a study are given.
pub(in crate::study) struct Site<'a> {
    /// With the functions of the studies.
    pub(in crate::study) registry: &'a Registry,
    pub(in crate::study) sizes: &'a Sizes,
    /// The number of the study among all.
    pub(in crate::study) study: usize,
    /// How many CPUs this process may use.
    pub(in crate::study) cpus: usize,
    /// An empty folder for files.
    pub(in crate::study) scratch: &'a Path,
    /// The longest that a sample may take.
    pub(in crate::study) patience: Duration,
}
