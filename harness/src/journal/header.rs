//! The first line of a journal: which tuning it belongs to, as named facts, so that a refusal says which fact differs.

use std::collections::{BTreeMap, BTreeSet};

use gingham_machine::Machine;
use gingham_runtime::workload::Workload;
use serde::{Deserialize, Serialize};

use super::SCHEMA;

/// What must be the same for a run to go on with a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The name of the form of the whole journal, [`SCHEMA`].
    pub schema: String,
    /// The version of gingham that measured.
    pub gingham: String,
    /// Facts of the machine that change what is measured.
    pub machine: BTreeMap<String, String>,
    /// What is tuned.
    pub workload: Workload,
    /// What the user chose that changes what is measured or decided, for example `seed`.
    pub settings: BTreeMap<String, String>,
}

/// Why a journal is not one of this run. Facts that differ read `seed 3, here 0`, joined by semicolons.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Difference {
    /// Another version of gingham measured.
    #[error("of another version: gingham {found}, here {here}")]
    Version {
        /// The journal's.
        found: String,
        /// This program's.
        here: String,
    },
    /// Something else was tuned.
    #[error("of another workload: {found}; this run is of {here}")]
    Workload {
        /// The journal's.
        found: Box<Workload>,
        /// This run's.
        here: Box<Workload>,
    },
    /// It was tuned elsewhere, or with other CPUs to use.
    #[error("of another machine: {0}")]
    Machine(String),
    /// The user chose otherwise.
    #[error("of other settings: {0}")]
    Settings(String),
}

impl Header {
    /// The header of a run of this version of gingham on `machine`.
    #[must_use]
    pub fn new(workload: &Workload, machine: &Machine, settings: BTreeMap<String, String>) -> Self {
        let quota = machine.quota.map_or_else(|| "none".to_owned(), |cpus| cpus.to_string());
        let facts = [
            ("cpu_model", machine.cpu_model.clone()),
            ("quota", quota),
            ("simd", machine.simd.join(" ")),
            ("usable_cpus", machine.usable_cpus.to_string()),
        ];
        Self {
            schema: SCHEMA.into(),
            gingham: env!("CARGO_PKG_VERSION").into(),
            machine: facts.map(|(name, value)| (name.to_owned(), value)).into(),
            workload: workload.clone(),
            settings,
        }
    }

    /// How `found`, the header of a journal, differs from this header of the present run: the weightiest kind of
    /// difference alone.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Option<Difference> {
        if found.gingham != self.gingham {
            return Some(Difference::Version { found: found.gingham.clone(), here: self.gingham.clone() });
        }
        if found.workload != self.workload {
            let [found, here] = [found, self].map(|header| Box::new(header.workload.clone()));
            return Some(Difference::Workload { found, here });
        }
        let machine = differing(&found.machine, &self.machine).map(Difference::Machine);
        machine.or_else(|| differing(&found.settings, &self.settings).map(Difference::Settings))
    }
}

/// The facts that differ; `None` where none do.
fn differing(found: &BTreeMap<String, String>, here: &BTreeMap<String, String>) -> Option<String> {
    let names: BTreeSet<&String> = found.keys().chain(here.keys()).collect();
    let differing: Vec<String> = names
        .into_iter()
        .filter(|&name| found.get(name) != here.get(name))
        .map(|name| {
            let [found, here] = [found, here].map(|facts| match facts.get(name).map(String::as_str) {
                None => "not set",
                Some("") => "none",
                Some(fact) => fact,
            });
            format!("{name} {found}, here {here}")
        })
        .collect();
    (!differing.is_empty()).then(|| differing.join("; "))
}
