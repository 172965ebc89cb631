//! An answer made ready to run in a program.
//!
//! A [`Session`] holds the backends, the machine and the saved answers; [`Session::plan`] picks the best saved
//! combination that this process can apply, and [`Plan::note`] says what was passed over, by how much, and what would
//! get it. An answer for another size, or one whose machine or libraries have changed since, is applied all the same
//! and the note says which and why; but not one that was fitted to another number of CPUs, which would leave some idle
//! or have its threads fight for them.
//!
//! Without a saved answer the rule is: the first registered backend that is native for the operation, or that of the
//! answer which did not fit; with two tasks or more, a pool of as many workers as there are usable CPUs and as few op
//! threads as the backend can have; with one task, all CPUs inside the operation where the backend can have them. The
//! note says so.

use std::path::Path;
use std::sync::Arc;

use gingham_core::function::Value;
use gingham_core::ndarray::ArrayView1;
use gingham_core::{Backend, Context, OpThreads, Product, Registry, Scalar, Support, Threading};
use gingham_machine::Machine;

use crate::combination::{Combination, ExecutorKind};
use crate::engine::{self, Engine};
use crate::environment;
use crate::executor::{BoxError, TaskErrors};
use crate::profile::{self, Answer, Fingerprint, Grade, Profile};
use crate::quantity::count;
use crate::space::{self, Cpus};
use crate::workload::{self, Batch, Call, Task, Tasks, Workload, multiply};

/// The backends, the machine and the saved answers of a program.
pub struct Session {
    registry: Registry,
    machine: Machine,
    profile: Profile,
}

/// A combination ready to run.
pub struct Plan {
    engine: Engine,
    /// Where the combination comes from.
    origin: String,
    doubts: Vec<String>,
    note: String,
}

/// A plan that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The backend is unknown.
    #[error(transparent)]
    Core(#[from] gingham_core::Error),
    /// This process has not its op threads, or not its pool.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The combination can be run nowhere on this machine.
    #[error("{combination} cannot be run: {reason}")]
    Impossible {
        /// The combination.
        combination: Combination,
        /// The rule that it breaks.
        reason: String,
    },
    /// No backend can run it.
    #[error("no backend of this program can run {0}")]
    NoBackend(Workload),
    /// A tuning found no combination.
    #[error("no combination ran to its end; {0}")]
    NothingRan(String),
}

/// A batch that was not done as a whole.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The op threads are not to be had any more; nothing was run.
    #[error(transparent)]
    Limit(#[from] gingham_core::Error),
    /// There is no such function.
    #[error(transparent)]
    Workload(#[from] workload::Error),
    /// Some tasks failed; the others were done.
    #[error(transparent)]
    Tasks(#[from] TaskErrors),
}

impl Session {
    /// A session with the answers saved where `gingham tune` saves them, and below them those of the system
    /// ([`Profile::layers`]).
    ///
    /// # Errors
    /// [`profile::Error`]
    pub fn open(registry: Registry) -> Result<Self, profile::Error> {
        Ok(Self { registry, machine: Machine::probe(), profile: Profile::of_layers(Profile::layers()?) })
    }

    /// A session with the answers saved in the file at `path`, if there is one.
    ///
    /// # Errors
    /// [`profile::Error`]
    pub fn with_profile(registry: Registry, path: &Path) -> Result<Self, profile::Error> {
        Ok(Self { registry, machine: Machine::probe(), profile: Profile::load(path)?.named(path) })
    }

    /// A session without saved answers: every plan is that of the rule.
    #[must_use]
    pub fn without_profile(registry: Registry) -> Self {
        Self { registry, machine: Machine::probe(), profile: Profile::default() }
    }

    /// The best saved combination for `workload` that this process can apply, or that of the rule where there is none.
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
        plan.comes_from(notes.join("; "));
        Ok(plan)
    }

    /// A plan that applies `combination`, whatever is saved.
    ///
    /// # Errors
    /// [`Error`], where this process cannot apply it.
    pub fn apply(&self, combination: &Combination) -> Result<Plan, Error> {
        let threading = self.registry.get(&combination.backend)?.threading();
        if let Some(reason) = space::impossible(threading, combination, Cpus::of(&self.machine)) {
            return Err(Error::Impossible { combination: combination.clone(), reason });
        }
        let engine = Engine::new(&self.registry, combination)?;
        let (origin, note) = (String::new(), String::new());
        let doubts = environment::doubts(&self.registry);
        let mut plan = Plan { engine, origin, doubts, note };
        plan.comes_from(format!("{combination}, as asked for"));
        Ok(plan)
    }

    /// The best of `answer` that this process can apply.
    fn saved(&self, answer: &Answer<'_>, notes: &mut Vec<String>) -> Option<Plan> {
        if answer.grade == Grade::Miss {
            notes.push(answer.to_string());
            return None;
        }
        if let Some(best) = self.misfit(answer) {
            let cpus = self.machine.usable_cpus;
            notes.push(format!("{best}, {answer}"));
            notes.push(format!("its {} do not fit {}", count(best.runnable(), "thread"), count(cpus, "CPU")));
            return None;
        }
        let mut passed = Vec::new();
        for choice in &answer.ranking {
            match self.apply(&choice.combination) {
                Ok(plan) => {
                    notes.push(format!("{}, {answer}", choice.combination));
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

    /// The best of `answer`, where it was fitted to another number of CPUs than there are now.
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
        let (op, dtype) = workload.call().op().ok_or_else(|| Error::NoBackend(workload.clone()))?;
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
            // Fixed when the process started: one of them is to be had.
            Threading::AtStart { allowed, .. } => allowed.to_vec(),
            Threading::Single => vec![1],
            Threading::PerCall { .. } | Threading::Process { .. } => vec![1, cpus],
        };
        let threads = counts.into_iter().filter_map(|n| OpThreads::new(n).ok()).filter(|&n| backend.limit(n).is_ok());
        let combination = if workload.tasks() > 1 && cpus > 1 {
            let op_threads = threads.min().unwrap_or(OpThreads::ONE);
            let workers = cpus.min(workload.tasks());
            Combination { backend: id.into(), op_threads, executor: ExecutorKind::Threads, workers, chunk: 0 }
        } else {
            Combination::serial(&id, threads.max().unwrap_or(OpThreads::ONE))
        };
        notes.push(format!(
            "{combination}, chosen without a measurement {which}: every CPU has its own tasks, if there are several"
        ));
        self.apply(&combination)
    }
}

impl Plan {
    /// A plan that runs functions as `combination` spreads tasks; the backend that it names is not looked at.
    ///
    /// # Errors
    /// [`Error`], where its pool cannot be had.
    pub fn for_functions(combination: &Combination) -> Result<Self, Error> {
        let engine = Engine::for_functions(combination).map_err(engine::Error::from)?;
        let origin = format!("{combination}, for functions");
        Ok(Self { engine, note: origin.clone(), origin, doubts: Vec::new() })
    }

    /// The combination that it applies.
    #[must_use]
    pub fn combination(&self) -> &Combination {
        self.engine.combination()
    }

    /// Where the combination comes from, what was passed over, by how much, and what would get it; then its doubts.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The note without the doubts.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Variables of this process that may make it slower than it was measured, a sentence each.
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    fn comes_from(&mut self, origin: String) {
        let sentences: Vec<&str> =
            [origin.as_str()].into_iter().chain(self.doubts.iter().map(String::as_str)).collect();
        self.note = sentences.join("; ");
        self.origin = origin;
    }

    /// What applies it.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Does every task of `batch`.
    ///
    /// # Errors
    /// [`RunError`]; a task that fails or panics does not keep the others from being done.
    pub fn run(&self, batch: &mut dyn Tasks) -> Result<(), RunError> {
        let all = 0..batch.len();
        Ok(batch.run(all, &self.engine.limited()?)?)
    }

    /// `C <- A B` for every product.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn matmul_many<T: Scalar>(&self, products: &mut [Product<'_, T>]) -> Result<(), RunError> {
        Ok(multiply(products, &self.engine.limited()?)?)
    }

    /// The dot product of every pair.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn dot_many<T: Scalar>(&self, pairs: &[(ArrayView1<'_, T>, ArrayView1<'_, T>)]) -> Result<Vec<T>, RunError> {
        let mut sums = vec![T::zero(); pairs.len()];
        let dots = pairs.iter().zip(&mut sums).map(|(&(x, y), out)| Task::Dot { x, y, out });
        self.run(&mut Batch::from(dots.collect::<Vec<_>>()))?;
        Ok(sums)
    }

    /// Calls `f` with each index below `n`, spread as the combination spreads tasks.
    ///
    /// # Errors
    /// As [`Plan::run`].
    pub fn for_each(&self, n: usize, f: impl Fn(usize) + Sync) -> Result<(), RunError> {
        self.call_each(n, |_, i| {
            f(i);
            Ok(())
        })
    }

    /// Calls `f` with each index below `items` once, and with what it may use.
    ///
    /// # Errors
    /// As [`Plan::run`]; an item that fails or panics does not keep the others from being done.
    pub fn call_each(
        &self,
        items: usize,
        f: impl Fn(&Context<'_>, usize) -> Result<(), BoxError> + Sync,
    ) -> Result<(), RunError> {
        let on = self.engine.limited()?;
        let cx = Context::new(items, on.op_threads(), &[]);
        Ok(on.for_each(items, |i| f(&cx, i))?)
    }

    /// Calls `f` with each of `items` and its index once, and with what it may use.
    ///
    /// # Errors
    /// As [`Plan::call_each`].
    pub fn call_each_mut<T: Send>(
        &self,
        items: &mut [T],
        f: impl Fn(&Context<'_>, usize, &mut T) -> Result<(), BoxError> + Sync,
    ) -> Result<(), RunError> {
        let on = self.engine.limited()?;
        let cx = Context::new(items.len(), on.op_threads(), &[]);
        Ok(on.for_each_mut(items, |i, item| f(&cx, i, item))?)
    }

    /// The results of a workload that calls a function of `registry`, an item's behind the other's.
    ///
    /// # Errors
    /// [`RunError::Workload`], where the workload calls no function of `registry` that writes `T`, or as
    /// [`Plan::call_each`].
    pub fn call<T: Value>(&self, registry: &Registry, workload: &Workload) -> Result<Vec<T>, RunError> {
        let Call::Function(call) = workload.call() else { return Err(workload::Error::Nothing.into()) };
        let (body, parameters) = (call.body::<T>(registry)?, &call.parameters);
        let ([_, len, _], on) = (workload.shape().sizes(), self.engine.limited()?);
        let mut results = vec![T::default(); call.items * len];
        let mut slots: Vec<&mut [T]> = results.chunks_exact_mut(len).collect();
        let cx = Context::new(call.items, on.op_threads(), parameters);
        on.for_each_mut(&mut slots, |item, slot| body(&cx, item, slot))?;
        Ok(results)
    }
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan").field("combination", self.combination()).field("note", &self.note).finish()
    }
}
