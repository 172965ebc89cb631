//! The way from saved answers to a plan.
//!
//! A [`Session`] holds the backends, the machine and the saved answers; [`Session::plan`] picks the best saved
//! combination that this process can apply, and [`Plan::note`] says which faster ones it cannot apply, by how much they
//! are faster, and what would make them apply. An answer for another size, or one whose machine or libraries have
//! changed since, is applied all the same, and the note says so. An answer that was fitted to another number of CPUs is
//! not applied: it would leave CPUs idle or have threads compete for them.
//!
//! Without a saved answer the rule is: the first registered backend that is native for the operation, or the backend of
//! an answer that did not fit. Two tasks or more get a pool of as many workers as there are usable CPUs, with as few op
//! threads as the backend can use. One task gets all CPUs inside the operation, if the backend can use them. The note
//! says so.

use std::path::Path;
use std::sync::Arc;

use gingham_core::{Backend, OpThreads, Registry, Support, Threading};
use gingham_machine::Machine;

use crate::combination::{Combination, ExecutorKind, FUNCTIONS};
use crate::engine::{self, Engine};
use crate::environment;
use crate::plan::{Error, Plan};
use crate::profile::{self, Answer, Fingerprint, Grade, Profile};
use crate::quantity::count;
use crate::rules::{self, Cpus};
use crate::workload::Workload;

/// The backends, the machine and the saved answers of a program.
pub struct Session {
    registry: Registry,
    machine: Machine,
    profile: Profile,
}

impl Session {
    /// A session with the answers saved where `gingham tune` saves them, then the system's ([`Profile::layers`]).
    ///
    /// # Errors
    /// [`profile::Error`]
    pub fn open(registry: Registry) -> Result<Self, profile::Error> {
        Ok(Self { registry, machine: Machine::probe(), profile: Profile::of_layers(Profile::layers()?) })
    }

    /// A session with the answers saved in the file at `path`, or without answers where the file is missing.
    ///
    /// # Errors
    /// [`profile::Error`]
    pub fn with_profile(registry: Registry, path: &Path) -> Result<Self, profile::Error> {
        Ok(Self { registry, machine: Machine::probe(), profile: Profile::load(path)?.named(path) })
    }

    /// A session without saved answers: every plan follows the rule.
    #[must_use]
    pub fn without_profile(registry: Registry) -> Self {
        Self { registry, machine: Machine::probe(), profile: Profile::default() }
    }

    /// A plan of the best saved combination for `workload` that this process can apply, else one by the rule.
    ///
    /// # Errors
    /// [`Error`], where no backend of this program can run it.
    pub fn plan(&self, workload: &Workload) -> Result<Plan, Error> {
        let mut notes = Vec::new();
        let now = Fingerprint::now(&self.machine, &self.registry);
        let answer = self.profile.look_up(workload, &now);
        let mut plan = match self.saved(&answer, &mut notes) {
            Some(plan) => plan,
            None => self.by_rule(&answer, &mut notes)?,
        };
        plan.origin = notes.join("; ");
        Ok(plan)
    }

    /// A plan that applies `combination`, whatever answers are saved.
    ///
    /// # Errors
    /// [`Error`], where this process cannot apply it.
    pub fn apply(&self, combination: &Combination) -> Result<Plan, Error> {
        let threading = self.registry.get(&combination.backend).map_err(engine::Error::from)?.threading();
        if let Some(reason) = rules::impossible(threading, combination, Cpus::of(&self.machine)) {
            return Err(Error::Impossible { combination: combination.clone(), reason });
        }
        let engine = Engine::new(&self.registry, combination)?;
        let doubts = environment::doubts(&self.registry);
        Ok(Plan::new(engine, format!("{combination}, as asked for"), doubts))
    }

    /// The best of `answer` that this process can apply.
    fn saved(&self, answer: &Answer<'_>, notes: &mut Vec<String>) -> Option<Plan> {
        if answer.grade == Grade::Miss {
            notes.push(answer.to_string());
            return None;
        }
        if let Some(best) = self.misfit(answer) {
            let cpus = self.machine.usable_cpus;
            notes.push(format!("{best}, {}", answer.told(&self.registry)));
            notes.push(format!("its {} do not fit {}", count(best.runnable(), "thread"), count(cpus, "CPU")));
            return None;
        }
        let mut passed = Vec::new();
        for choice in &answer.ranking {
            match self.apply(&choice.combination) {
                Ok(plan) => {
                    notes.push(format!("{}, {}", choice.combination, answer.told(&self.registry)));
                    for (name, slower, reason) in passed {
                        let gain = (choice.slower / slower - 1.0) * 100.0;
                        let gain = if gain < 0.05 { "as fast".into() } else { format!("{gain:.1} % faster") };
                        notes.push(format!("passed over {name}, {gain}: {reason}"));
                    }
                    return Some(plan);
                }
                Err(error) => {
                    let export = choice.export.map(|export| format!(" (`export {export}` would get it)"));
                    let reason = format!("{error}{}", export.unwrap_or_default());
                    passed.push((choice.combination.to_string(), choice.slower, reason));
                }
            }
        }
        notes.push(match answer.ranking.len() {
            1 => "the one saved combination cannot be applied in this process".into(),
            all => format!("none of the {all} saved combinations can be applied in this process"),
        });
        notes.extend(passed.into_iter().next().map(|(name, _, reason)| format!("the best is {name}: {reason}")));
        None
    }

    /// The best of `answer`, where it was fitted to another number of CPUs than this process may use.
    fn misfit<'a>(&self, answer: &'a Answer<'_>) -> Option<&'a Combination> {
        let best = &answer.ranking.first()?.combination;
        let (then, now) = (answer.entries.first()?.fingerprint.usable_cpus, self.machine.usable_cpus);
        let fights = now < then && best.runnable() > now;
        let idles = now > then && best.runnable() >= then;
        (fights || idles).then_some(best)
    }

    fn by_rule(&self, answer: &Answer<'_>, notes: &mut Vec<String>) -> Result<Plan, Error> {
        let workload = answer.workload;
        let cpus = self.machine.usable_cpus;
        let workers = cpus.min(workload.tasks());
        let combination = |backend: &str, fewest, most| match workers {
            0 | 1 => Combination::serial(backend, most),
            _ => Combination { workers, executor: ExecutorKind::Threads, ..Combination::serial(backend, fewest) },
        };
        let Some((op, dtype)) = workload.call().op() else {
            let combination = combination(FUNCTIONS, OpThreads::ONE, OpThreads::ONE);
            notes.push(format!("{combination}, chosen without a measurement: every CPU has its own items"));
            return Plan::for_functions(&combination);
        };
        let is_able = |backend: &&Arc<dyn Backend>| backend.support(op, dtype) != Support::None;
        let saved = self.misfit(answer).and_then(|best| self.registry.get(&best.backend).ok()).filter(is_able);
        let native = || self.registry.iter().find(|b| b.support(op, dtype) == Support::Native);
        let able = || self.registry.iter().find(is_able);
        let backend = saved.or_else(native).or_else(able).ok_or_else(|| Error::NoBackend(workload.clone()))?;
        let which = match saved {
            Some(_) => "with the saved answer's backend".to_owned(),
            None => format!("with the first backend that has {op} of its own"),
        };
        let id = backend.info().id;
        let counts = match backend.threading() {
            // Their number was fixed when the process started: exactly one of the counts can be used.
            Threading::AtStart { allowed, .. } => allowed.to_vec(),
            Threading::Single => vec![1],
            Threading::PerCall { .. } | Threading::Process { .. } => vec![1, cpus],
        };
        let threads = counts.into_iter().filter_map(|n| OpThreads::new(n).ok()).filter(|&n| backend.limit(n).is_ok());
        let threads: Vec<OpThreads> = threads.collect();
        let [fewest, most] = [threads.iter().min(), threads.iter().max()].map(|n| n.copied().unwrap_or(OpThreads::ONE));
        let combination = combination(&id, fewest, most);
        notes.push(format!(
            "{combination}, chosen without a measurement {which}: every CPU has its own tasks, if there are several"
        ));
        self.apply(&combination)
    }
}
