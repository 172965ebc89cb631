//! The confirmation: the finalists and the serial baseline once more, in fresh processes.
//!
//! The winner of a race among many has usually been a little lucky, so its times in the race are too good. The
//! published figures are therefore of new samples, which had no part in choosing the finalists.

use super::bounds::{CONFIRMATION_ROUNDS, Comparison, FEWEST_CONFIRMATION_ROUNDS, SHARE};
use super::ranking::{self, Ranking};
use super::state::{End, State};
use super::{Confirmed, Left, Process, Role, Warning, budget, shares};
use crate::arrangement::Arrangement;

/// Finalists that are confirmed at most, beside the baselines.
pub(super) const MOST: usize = 5;

/// Those of them that come before the winner's run on private memory: one of them may turn out to be the winner.
const FIRST: usize = 3;

/// Those that are confirmed in fewer rounds if need be, the others in all or not at all: the favourite and its
/// baseline.
const SURE: usize = 2;

/// The phase in which the finalists run in fresh processes.
pub(super) struct Confirmation<'s, 'a> {
    state: &'s mut State<'a>,
    /// Takes over what the new samples say: what is proven slower now has left.
    ranking: &'s mut Ranking,
}

impl<'s, 'a> Confirmation<'s, 'a> {
    pub(super) fn new(state: &'s mut State<'a>, ranking: &'s mut Ranking) -> Self {
        Self { state, ranking }
    }

    /// Confirms as many as time allows.
    pub(super) fn run(mut self) -> Vec<Confirmed> {
        self.state.reserve(0.0);
        let Some(favourite) = self.ranking.pick(self.state) else { return Vec::new() };
        let (chosen, rounds) = self.affordable(self.wanted(favourite));
        if chosen.is_empty() {
            let advised_s = budget::typed(shares::advised_s(self.state, favourite));
            self.state.warn(Warning::NotConfirmed { advised_s });
            return Vec::new();
        }
        for (i, &process) in chosen.iter().enumerate() {
            self.state.start(process, chosen.len() - i);
        }
        let from = self.state.record().next_round();
        for _ in 0..rounds {
            if self.state.round(self.state.rules().model.tasks) == End::Cut {
                break;
            }
        }
        let live = self.state.live().to_vec();
        let fresh: Vec<Process> = live.iter().copied().filter(|process| process.role == Role::Confirmation).collect();
        if let Some(comparison) = self.state.compare(&fresh, from, SHARE) {
            self.judge(&fresh, &comparison);
        }
        let confirmed = chosen.iter().map(|&process| Confirmed {
            candidate: process.candidate,
            private: process.role == Role::Private,
            samples: self.state.record().all(process).to_vec(),
        });
        let confirmed = confirmed.collect();
        for process in live {
            self.state.dismiss(process, true);
        }
        confirmed
    }

    /// What should be confirmed, the most important first.
    fn wanted(&self, favourite: usize) -> Vec<Process> {
        let fresh = |candidate| Process { candidate, role: Role::Confirmation };
        let fastest = |arrangement| ranking::fastest(self.state, arrangement).map(fresh);
        let ranked = self.ranking.candidates().map(fresh);
        let private = self.state.rules().private.then_some(Process { candidate: favourite, role: Role::Private });
        let mut wanted = vec![fresh(favourite)];
        wanted.extend(fastest(Arrangement::Serial));
        wanted.extend(ranked.clone().take(FIRST));
        wanted.extend(private);
        wanted.extend(ranked.skip(FIRST).take(MOST - FIRST));
        wanted.extend([Arrangement::Inside, Arrangement::Outside].into_iter().filter_map(fastest));
        wanted
    }

    /// Those of `wanted` for which there is time, and in how many rounds.
    fn affordable(&self, wanted: Vec<Process>) -> (Vec<Process>, usize) {
        let (mut chosen, mut rounds, mut left_s) = (Vec::new(), CONFIRMATION_ROUNDS, self.state.left_s());
        for process in wanted {
            let cost_s = self.state.cost_s(Process::race(process.candidate), self.state.rules().model.tasks);
            let rounds_of_it = match SURE.checked_sub(chosen.len()).filter(|_| cost_s > 0.0) {
                // As many as fit for all that are to come of these, with the run that is judged at the end.
                Some(to_come @ 1..) => {
                    let fit = (left_s / to_come as f64 - self.state.start_s()) / cost_s;
                    (fit.max(1.0) as usize - 1).min(rounds)
                }
                _ => rounds,
            };
            let price_s = shares::price_s(self.state, process.candidate, rounds_of_it);
            if !chosen.contains(&process) && price_s <= left_s && rounds_of_it >= FEWEST_CONFIRMATION_ROUNDS {
                chosen.push(process);
                left_s -= price_s;
                rounds = rounds_of_it;
            }
        }
        (chosen, rounds)
    }

    /// Takes over what fresh processes say: where they contradict the race, they win. Of those that had left the race,
    /// what leads now, or is ahead of all that stayed, is back; what is proven slower than the leader now has left.
    fn judge(&mut self, fresh: &[Process], comparison: &Comparison) {
        let leader = fresh[comparison.leader].candidate;
        let others = comparison.others.iter().map(|other| (fresh[other.index].candidate, other.ratio, other.slower));
        let rated: Vec<(usize, f64, bool)> = others.chain([(leader, 1.0, false)]).collect();
        let (stayed, left): (Vec<_>, Vec<_>) = rated.into_iter().partition(|(id, ..)| self.ranking.has(*id));
        stayed.iter().for_each(|&(id, ratio, _)| self.ranking.rate(id, ratio));
        // Where none that stayed is here to be compared with, the race's word stands.
        let Some(front) = stayed.iter().map(|(_, ratio, _)| *ratio).min_by(f64::total_cmp) else { return };
        let overturned = stayed.iter().all(|(_, _, slower)| *slower);
        for (id, ratio, _) in left.into_iter().filter(|&(id, ratio, _)| id == leader || ratio < front) {
            let why = self.state.readmit(id);
            if self.state.disprove(id) || overturned {
                let candidate = self.state.combinations()[id].clone();
                self.state.warn(Warning::Contradicted { candidate, left: why });
            }
            self.ranking.rate(id, ratio);
        }
        for other in comparison.others.iter().filter(|other| other.slower) {
            let id = fresh[other.index].candidate;
            let by = other.interval.map(|ratio| ratio - 1.0);
            self.state.prove_slower(id, by);
            let than = self.state.combinations()[leader].clone();
            self.state.leave(id, Left::SlowerFresh { than, by });
        }
        self.ranking.retain(|id| self.state.run(id).left.is_none());
        self.ranking.sort();
    }
}
