//! The baselines: one thread of each backend, serial, and with them the peers. They run first, because the expected
//! times of all other candidates follow from theirs.
//!
//! Where tasks are long, even the baselines may take too much time: a product of 4000 x 4000 takes 2 s at 59 GF/s. Each
//! backend then runs a small task of the same kind first.

use gingham_runtime::combination::ExecutorKind;

use super::state::{End, State};
use super::{Process, Unstarted, gross, is_peer, shares};

/// A backend that takes this many times as long as the quickest one on a small task cannot win with large ones.
const HOPELESS: f64 = 2.0;

/// The part of the search's time that baselines may take where tasks are long; one is always started.
const SHARE: f64 = 0.2;

/// Samples that a baseline must have time for where tasks are long: one in each round of its group.
const SAMPLES: f64 = 2.0;

/// The places of the baselines among the candidates.
pub(super) struct Baselines(Vec<usize>);

impl Baselines {
    /// Takes the baselines out of `waiting`. Where tasks are long they are probed first; hopeless backends leave, with
    /// all their candidates in `waiting`.
    pub(super) fn among(state: &mut State<'_>, waiting: &mut Vec<usize>) -> Self {
        let combinations = state.combinations;
        let is_baseline = |id: &usize| {
            let c = &combinations[*id];
            is_peer(c) || (c.executor == ExecutorKind::Serial && c.op_threads.get() == 1)
        };
        let mut baselines: Vec<usize> = waiting.iter().copied().filter(is_baseline).collect();
        waiting.retain(|id| !is_baseline(id));
        if state.rules.tasks_are_long() {
            probe(state, &baselines);
            leave_out_hopeless(state, &mut baselines, waiting);
            let key = |id: &usize| state.run(*id).probe_s.unwrap_or(f64::INFINITY);
            baselines.sort_by(|a, b| key(a).total_cmp(&key(b)));
        }
        Self(baselines)
    }

    /// Starts them and runs them on `tasks` tasks; those that cannot be afforded join `waiting`.
    pub(super) fn run(&self, state: &mut State<'_>, waiting: &mut Vec<usize>, tasks: usize) -> End {
        let (count, long) = (self.0.len(), state.rules.tasks_are_long());
        for (i, &candidate) in self.0.iter().enumerate() {
            // However late it is: one candidate is an answer, no candidate is a wasted minute.
            if (i > 0 && shares::is_late(state, 0.0)) || state.is_interrupted() {
                shares::leave_out(state, &self.0[i..]);
                break;
            }
            let process = Process::race(candidate);
            state.start(process, count - i + waiting.len());
            let each_s = state.start_s() + SAMPLES * state.cost_s(process, tasks);
            if long && (i + 2) as f64 * each_s > SHARE * state.span_s() {
                waiting.extend(&self.0[i + 1..]);
                break;
            }
        }
        // More than once, since everything after rests on them, and one burst would put a whole backend last.
        for _ in 0..shares::group_rounds(state, tasks) {
            if !self.0.is_empty() && state.round(tasks) == End::Cut {
                return End::Cut;
            }
            // The reference may take two hundred times as long as the others: once is enough.
            gross::eliminate(state);
        }
        if long {
            // Their speed is known; the rounds of the groups are for candidates whose speed is not.
            state.rest_all_but(state.leader());
        }
        End::Whole
    }

    /// The time of one thread of the backend of candidate `id` over that of `leader`, by its baseline's samples.
    pub(super) fn measured(&self, state: &State<'_>, id: usize, leader: Process) -> Option<f64> {
        state.record().ratio(Process::race(self.of(state, id)?), leader)
    }

    /// The same where the baseline has no samples: from its small task, scaled by a baseline that has run a small task
    /// and has samples.
    pub(super) fn probed(&self, state: &State<'_>, id: usize, leader: Process) -> Option<f64> {
        let probe_s = |id: usize| state.run(id).probe_s;
        let own = probe_s(self.of(state, id)?)?;
        let known =
            self.0.iter().find_map(|&id| Some((probe_s(id)?, state.record().ratio(Process::race(id), leader)?)));
        known.map(|(theirs, ratio)| own / theirs * ratio)
    }

    /// The baseline of the backend of candidate `id`.
    fn of(&self, state: &State<'_>, id: usize) -> Option<usize> {
        let backend = &state.combinations[id].backend;
        self.0.iter().copied().find(|&baseline| state.combinations[baseline].backend == *backend)
    }
}

/// Probes the baselines. The user named the peers, so a peer races however slow its small task was.
fn probe(state: &mut State<'_>, baselines: &[usize]) {
    let own: Vec<usize> = baselines.iter().copied().filter(|&id| !is_peer(&state.combinations[id])).collect();
    // A single backend needs no choice.
    if own.len() > 1 {
        for (i, &id) in own.iter().enumerate() {
            state.probe(id, own.len() - i);
        }
    }
}

/// Leaves out the backends that are far behind with a small task.
fn leave_out_hopeless(state: &mut State<'_>, baselines: &mut Vec<usize>, waiting: &mut Vec<usize>) {
    let combinations = state.combinations;
    let probed = baselines.iter().filter_map(|&id| Some((state.run(id).probe_s?, id)));
    let Some((least, quickest)) = probed.min_by(|(a, _), (b, _)| a.total_cmp(b)) else { return };
    for &id in baselines.iter() {
        let ratio = state.run(id).probe_s.map(|s| s / least);
        let Some(times) = ratio.filter(|&ratio| ratio > HOPELESS) else { continue };
        let reason = Unstarted::Hopeless { times, than: combinations[quickest].clone() };
        let backend = &combinations[id].backend;
        for &other in baselines.iter().chain(waiting.iter()).filter(|&&o| combinations[o].backend == *backend) {
            state.skip(other, reason.clone());
        }
    }
    for list in [baselines, waiting] {
        list.retain(|&id| state.run(id).skipped.is_none());
    }
}
