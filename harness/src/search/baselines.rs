//! The baselines: one thread of each backend, serial, and with them the peers. They run first, since all that is
//! expected of the other candidates is expected from their times.
//!
//! Where tasks are long not even each of them can be afforded: a product of 4000 x 4000 takes 2 s at 59 GF/s. Each
//! backend then runs a small task of the same kind first. The quickest there starts first, a backend that is far behind
//! there is not started at all, and the others wait until their turn comes by what the small task says of them.

use super::field::{End, Field};
use super::heats::{drop_gross_losers, is_late, leave_out, rounds};
use super::{Entrant, Role, Unstarted, is_peer};
use crate::combination::ExecutorKind;

/// A backend that takes this many times as long as the quickest one on a small task cannot win with large ones: between
/// n = 512 and n = 2000 the order of libraries changes, but none has gained more than a third on another.
const HOPELESS: f64 = 2.0;

/// The part of the search's time that baselines may take where tasks are long; one is always started.
const SHARE: f64 = 0.2;

/// The places of the baselines.
pub(super) struct Baselines(Vec<usize>);

impl Baselines {
    /// Takes the baselines out of `waiting`. Where tasks are long they are probed, and the hopeless leave, they and
    /// what waits of their backends.
    pub(super) fn among(field: &mut Field<'_>, waiting: &mut Vec<usize>) -> Self {
        let combinations = field.combinations;
        let is_baseline = |id: &usize| {
            let c = &combinations[*id];
            is_peer(c) || (c.executor == ExecutorKind::Serial && c.op_threads.get() == 1)
        };
        let mut baselines: Vec<usize> = waiting.iter().copied().filter(is_baseline).collect();
        waiting.retain(|id| !is_baseline(id));
        if field.rules.tasks_are_long() {
            probe(field, &baselines);
            leave_out_hopeless(field, &mut baselines, waiting);
            let key = |id: &usize| field.runs[*id].probe_s.unwrap_or(f64::INFINITY);
            baselines.sort_by(|a, b| key(a).total_cmp(&key(b)));
        }
        Self(baselines)
    }

    /// Starts them and runs them on `tasks` tasks; those that cannot be afforded join `waiting`.
    pub(super) fn run(&self, field: &mut Field<'_>, waiting: &mut Vec<usize>, tasks: usize) -> End {
        let (count, long) = (self.0.len(), field.rules.tasks_are_long());
        for (i, &candidate) in self.0.iter().enumerate() {
            // However late it is: one candidate is an answer, none is a minute lost.
            if (i > 0 && is_late(field, 0.0)) || field.course.interrupted() {
                leave_out(field, &self.0[i..]);
                break;
            }
            let who = Entrant { candidate, role: Role::Race };
            field.admit(who, count - i + waiting.len());
            let each = field.start_s() + 2.0 * field.cost(who, tasks);
            if long && (i + 2) as f64 * each > SHARE * field.span_s() {
                waiting.extend(&self.0[i + 1..]);
                break;
            }
        }
        // More than once, since all that follows rests on them, and one burst would put a whole backend last.
        for _ in 0..rounds(field, tasks) {
            if !self.0.is_empty() && field.round(tasks) == End::Cut {
                return End::Cut;
            }
            // The reference may take two hundred times as long as the others: once is enough.
            drop_gross_losers(field);
        }
        if long {
            // What they can do is known; rounds of the heats are for those of which it is not.
            let leader = field.leader();
            field.resting = field.racing().into_iter().filter(|who| Some(*who) != leader).collect();
        }
        End::Whole
    }

    /// How many times the time of `leader` one thread of the backend of candidate `id` takes, by its baseline's
    /// samples.
    pub(super) fn measured(&self, field: &Field<'_>, id: usize, leader: Entrant) -> Option<f64> {
        field.ratio(race(self.of(field, id)?), leader)
    }

    /// The same where the baseline has no samples: by its small task, and that of a baseline that has both.
    pub(super) fn probed(&self, field: &Field<'_>, id: usize, leader: Entrant) -> Option<f64> {
        let probe_s = |id: usize| field.runs[id].probe_s;
        let own = probe_s(self.of(field, id)?)?;
        let known = self.0.iter().find_map(|&id| Some((probe_s(id)?, field.ratio(race(id), leader)?)));
        known.map(|(theirs, ratio)| own / theirs * ratio)
    }

    /// The baseline of the backend of candidate `id`.
    fn of(&self, field: &Field<'_>, id: usize) -> Option<usize> {
        let backend = &field.combinations[id].backend;
        self.0.iter().copied().find(|&baseline| field.combinations[baseline].backend == *backend)
    }
}

fn race(candidate: usize) -> Entrant {
    Entrant { candidate, role: Role::Race }
}

/// Probes the baselines. A peer was named by the user and races whatever it does with small tasks.
fn probe(field: &mut Field<'_>, baselines: &[usize]) {
    let own: Vec<usize> = baselines.iter().copied().filter(|&id| !is_peer(&field.combinations[id])).collect();
    // With one backend there is nothing to choose.
    if own.len() > 1 {
        for (i, &id) in own.iter().enumerate() {
            field.probe(id, own.len() - i);
        }
    }
}

/// Leaves out the backends that are far behind with a small task.
fn leave_out_hopeless(field: &mut Field<'_>, baselines: &mut Vec<usize>, waiting: &mut Vec<usize>) {
    let probed = baselines.iter().filter_map(|&id| Some((field.runs[id].probe_s?, id)));
    let Some((least, quickest)) = probed.min_by(|(a, _), (b, _)| a.total_cmp(b)) else { return };
    for &id in baselines.iter() {
        let Some(ratio) = field.runs[id].probe_s.map(|s| s / least).filter(|&ratio| ratio > HOPELESS) else { continue };
        let reason = Unstarted::Hopeless { times: ratio, than: field.combinations[quickest].clone() };
        let backend = &field.combinations[id].backend;
        for &other in baselines.iter().chain(waiting.iter()).filter(|&&o| field.combinations[o].backend == *backend) {
            field.runs[other].skipped = Some(reason.clone());
        }
    }
    for list in [baselines, waiting] {
        list.retain(|&id| field.runs[id].skipped.is_none());
    }
}
