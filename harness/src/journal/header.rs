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

    /// How `found`, the header of a journal, differs from this header of the present run, in words: `of other settings:
    /// seed 3, here 0`. Of several kinds of differences only the weightiest is named.
    #[must_use]
    pub fn difference(&self, found: &Self) -> Option<String> {
        if found.gingham != self.gingham {
            return Some(format!("of another version: gingham {}, here {}", found.gingham, self.gingham));
        }
        if found.workload != self.workload {
            return Some(format!("of another workload: {}; this run is of {}", found.workload, self.workload));
        }
        let machine = differing("another machine", &found.machine, &self.machine);
        machine.or_else(|| differing("other settings", &found.settings, &self.settings))
    }
}

/// The facts about `what` that differ, in words; `None` if all are equal.
fn differing(what: &str, found: &BTreeMap<String, String>, here: &BTreeMap<String, String>) -> Option<String> {
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
    (!differing.is_empty()).then(|| format!("of {what}: {}", differing.join("; ")))
}
