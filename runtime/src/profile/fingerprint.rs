//! The facts that an answer depends on: the part of the machine that could be used, and the libraries that were
//! measured.
//!
//! An answer whose fingerprint has changed is stale, and the change is stated in words. Facts are compared by their
//! shown texts, so that a reader can see every change.

use std::collections::BTreeMap;
use std::fmt;

use gingham_core::Registry;
use gingham_machine::Machine;
use serde::{Deserialize, Serialize};

use crate::quantity;
use crate::shown::is_unprintable;

/// The version of this gingham.
const GINGHAM: &str = env!("CARGO_PKG_VERSION");

/// The facts that an answer depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fingerprint {
    /// The CPU's name.
    pub cpu_model: String,
    /// Its family, model and stepping, where known.
    pub cpu_signature: Option<String>,
    /// Vector levels, least first.
    pub simd: Vec<String>,
    /// The CPUs that could be used.
    pub usable_cpus: usize,
    /// CPUs' worth of time that the control groups allowed.
    pub quota: Option<f64>,
    /// Bytes of all last-level caches; 0 where none is known.
    pub last_level_bytes: u64,
    /// The memory's class in bytes: the power of two that is nearest by ratio, since what the kernel keeps for itself
    /// differs between two starts of one machine; 0 where it is not known.
    pub memory_class: u64,
    /// The version of gingham.
    pub gingham: String,
    /// The libraries, by the ids of their backends.
    pub backends: BTreeMap<String, Library>,
}

/// A library that does the arithmetic of a backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Library {
    /// Its version.
    pub version: String,
    /// The kernels it chose; empty where it does not say.
    pub kernels: String,
}

/// What has changed between two fingerprints, in words such as `simd 0.1.0 -> 0.2.0`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// In the machine, or in how much of it may be used.
    pub machine: Vec<String>,
    /// In gingham and the libraries.
    pub software: Vec<String>,
    /// Whether a library of the same version chose other kernels.
    pub kernels: bool,
}

impl Fingerprint {
    /// The present fingerprint, for a program with the backends of `registry`.
    #[must_use]
    pub fn now(machine: &Machine, registry: &Registry) -> Self {
        let infos = registry.iter().map(|backend| backend.info());
        Self::new(machine, infos.map(|info| (info.id.into(), Library::new(&info.version, &info.kernels))).collect())
    }

    /// The fingerprint of `machine` and of the libraries in `backends`.
    #[must_use]
    pub fn new(machine: &Machine, backends: BTreeMap<String, Library>) -> Self {
        Self {
            cpu_model: printable(&machine.cpu_model),
            cpu_signature: machine.cpu_signature.as_deref().map(printable),
            simd: machine.simd.clone(),
            usable_cpus: machine.usable_cpus,
            quota: machine.quota,
            last_level_bytes: machine.last_level_bytes(),
            memory_class: memory_class(machine.memory_bytes),
            gingham: GINGHAM.into(),
            backends,
        }
    }

    /// What has changed from here to `now`. A backend that `now` lacks does not count: the code that applies the
    /// answer reports it.
    #[must_use]
    pub fn changes(&self, now: &Self) -> Changes {
        let machine = self.facts().into_iter().zip(now.facts());
        let machine = machine.filter_map(|((name, then), (_, now))| changed(name, &then, &now));
        let gingham = changed("gingham", &self.gingham, &now.gingham);
        let libraries = self.backends.iter().filter_map(|(id, then)| Some((id, then, now.backends.get(id)?)));
        let mut changes = Changes { machine: machine.collect(), software: Vec::from_iter(gingham), kernels: false };
        for (id, then, now) in libraries {
            let version = changed(id, &then.version, &now.version);
            let kernels = changed(&format!("kernels of {id}"), &then.kernels, &now.kernels);
            changes.kernels |= version.is_none() && kernels.is_some();
            changes.software.extend(version.or(kernels));
        }
        changes
    }

    /// The machine's facts, each with its name.
    fn facts(&self) -> [(&'static str, String); 7] {
        let known = |bytes| if bytes == 0 { "unknown".into() } else { quantity::bytes(bytes) };
        [
            ("CPU", self.cpu_model.clone()),
            ("CPU", self.cpu_signature.clone().unwrap_or_else(|| "unknown".into())),
            ("vector levels", self.simd.join(" ")),
            ("usable CPUs", self.usable_cpus.to_string()),
            ("CPU quota", self.quota.map_or_else(|| "none".into(), |quota| format!("{quota:.2}"))),
            ("last-level cache", known(self.last_level_bytes)),
            ("memory class", known(self.memory_class)),
        ]
    }
}

impl Library {
    /// A library of this version with these kernels.
    #[must_use]
    pub fn new(version: &str, kernels: &str) -> Self {
        Self { version: printable(version), kernels: printable(kernels) }
    }
}

impl Changes {
    /// Whether nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.machine.is_empty() && self.software.is_empty()
    }

    /// How to renew an answer that these changes make stale: by `tune`, the command that tunes its workload. If
    /// `variables` that are set chose other kernels, `tune` alone would give the same answer again: it clears them.
    #[must_use]
    pub fn remedy(&self, tune: &str, variables: &[(String, String)]) -> String {
        let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
        match self.kernels && !names.is_empty() {
            true => format!("unset {}, or keep what is set: `{tune} --keep-env`", names.join(" and ")),
            false => format!("`{tune}` renews it"),
        }
    }
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&[&self.machine[..], &self.software].concat().join(", "))
    }
}

/// The facts of the machine in one line, and the libraries in another.
impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [(_, model), rest @ ..] = self.facts();
        let facts: Vec<String> = rest.iter().map(|(name, value)| format!("{name} {value}")).collect();
        writeln!(f, "{model}; {}", facts.join(", "))?;
        write!(f, "gingham {}", self.gingham)?;
        self.backends.iter().try_for_each(|(id, library)| match library.kernels.as_str() {
            "" => write!(f, ", {id} {}", library.version),
            kernels => write!(f, ", {id} {} ({kernels})", library.version),
        })
    }
}

fn changed(name: &str, then: &str, now: &str) -> Option<String> {
    let told = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
    (then != now).then(|| format!("{name} {} -> {}", told(then), told(now)))
}

/// The power of two that is nearest by ratio; 0 for 0.
fn memory_class(bytes: u64) -> u64 {
    if bytes == 0 { 0 } else { 1 << ((bytes as f64).log2().round() as u32).min(63) }
}

/// `text` with spaces for what a terminal would obey: a profile that holds such characters is refused.
fn printable(text: &str) -> String {
    text.replace(is_unprintable, " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_rounded_by_ratio() {
        assert_eq!(memory_class(0), 0);
        assert_eq!(memory_class(1), 1);
        assert_eq!(memory_class((15.6 * f64::from(1 << 30)) as u64), 16 << 30);
        assert_eq!(memory_class((15.2 * f64::from(1 << 30)) as u64), 16 << 30);
        assert_eq!(memory_class(23 << 30), 32 << 30);
        assert_eq!(memory_class(22 << 30), 16 << 30);
        assert_eq!(memory_class(u64::MAX), 1 << 63);
    }

    #[test]
    fn changes_are_words() {
        let registry = Registry::new();
        let mut machine = Machine::probe();
        (machine.usable_cpus, machine.quota, machine.memory_bytes) = (4, Some(4.0), 16 << 30);
        let then = Fingerprint::now(&machine, &registry);
        assert!(then.changes(&then).is_empty());
        assert!(then.changes(&Fingerprint::now(&machine, &registry)).is_empty());

        let mut smaller = machine;
        (smaller.usable_cpus, smaller.quota, smaller.memory_bytes) = (2, None, 15 << 30);
        let mut now = Fingerprint::now(&smaller, &registry);
        now.gingham = "99.0".into();
        now.backends.get_mut("reference").unwrap().version = "98.0".into();
        let changes = then.changes(&now);
        assert_eq!(changes.machine, ["usable CPUs 4 -> 2", "CPU quota 4.00 -> none"]);
        let reference = &then.backends["reference"].version;
        assert_eq!(changes.software, [format!("gingham {GINGHAM} -> 99.0"), format!("reference {reference} -> 98.0")]);

        let mut kernels = then.clone();
        kernels.backends.get_mut("reference").unwrap().kernels = String::new();
        let now = &then.backends["reference"].kernels;
        assert_eq!(kernels.changes(&then).to_string(), format!("kernels of reference unknown -> {now}"));
        assert!(kernels.changes(&then).kernels && !changes.kernels);
        kernels.backends.clear();
        assert!(then.changes(&kernels).is_empty(), "an absent backend is no change");
    }

    #[test]
    fn another_tuning_renews_what_no_variable_changed() {
        let variables = [("OPENBLAS_CORETYPE".to_owned(), "Haswell".to_owned())];
        let software = |change: &str| Changes { software: vec![change.into()], ..Changes::default() };
        let version = software("openblas 0.3.26 -> 0.3.30");
        assert_eq!(version.remedy("gingham tune X", &variables), "`gingham tune X` renews it");
        let kernels = Changes { kernels: true, ..software("kernels of openblas SkylakeX -> Haswell") };
        assert_eq!(kernels.remedy("gingham tune X", &[]), "`gingham tune X` renews it");
        let expected = "unset OPENBLAS_CORETYPE, or keep what is set: `gingham tune X --keep-env`";
        assert_eq!(kernels.remedy("gingham tune X", &variables), expected);
    }

    #[test]
    fn what_a_library_says_of_itself_is_kept_on_one_line() {
        assert_eq!(Library::new("1\n2", "\u{1b}[2Jkernel").version, "1 2");
        assert_eq!(printable("a\u{1b}[2Jb"), "a [2Jb");
    }
}
