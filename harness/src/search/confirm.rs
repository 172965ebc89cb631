//! The confirmation: the finalists and the serial baseline once more, in fresh processes.
//!
//! The published figures are of new samples, which had no part in choosing the finalists.

use super::bounds::{CONFIRMATION_ROUNDS, Comparison, FEWEST_CONFIRMATION_ROUNDS, SHARE};
use super::ranking::{Ranking, fastest};
use super::state::{End, State};
use super::{Left, Process, Role, Sampled, Warning, budget, shares};
use crate::arrangement::Arrangement;

/// Finalists that are confirmed at most, beside the baselines.
pub(super) const MOST: usize = 5;

/// Those of them that come before the winner's run on private memory.
const FIRST: usize = 3;

/// Those that are confirmed in fewer rounds if need be, the others in all or not at all: the favourite and its
/// baseline.
const SURE: usize = 2;

/// Runs as many finalists as time allows, in fresh processes. `ranking` takes over what the new samples say: what is
/// proven slower now has left.
pub(super) fn run(state: &mut State<'_>, ranking: &mut Ranking) -> Vec<Sampled> {
    state.reserve(0.0);
    let Some(favourite) = ranking.pick(state) else { return Vec::new() };
    let (chosen, rounds) = affordable(state, wanted(state, ranking, favourite));
    if chosen.is_empty() {
        let advised_s = budget::typed(shares::advised_s(state, favourite));
        state.warn(Warning::NotConfirmed { advised_s });
        return Vec::new();
    }
    for (i, &process) in chosen.iter().enumerate() {
        state.start(process, chosen.len() - i);
    }
    let from = state.record().next_round();
    for _ in 0..rounds {
        if state.round(state.rules.model.tasks) == End::Cut {
            break;
        }
    }
    let live = state.live().to_vec();
    let fresh: Vec<Process> = live.iter().copied().filter(|process| process.role == Role::Confirmation).collect();
    if let Some(comparison) = state.compare(&fresh, from, SHARE) {
        judge(state, ranking, &fresh, &comparison);
    }
    let sampled = |process| Sampled { process, samples: state.record().all(process).to_vec() };
    let confirmed = chosen.into_iter().map(sampled).collect();
    for process in live {
        state.dismiss(process, true);
    }
    confirmed
}

/// What should be confirmed, the most important first.
fn wanted(state: &State<'_>, ranking: &Ranking, favourite: usize) -> Vec<Process> {
    let fresh = |candidate| Process { candidate, role: Role::Confirmation };
    let fastest = |arrangement| fastest(state, arrangement).map(fresh);
    let ranked = ranking.candidates().map(fresh);
    // The memory of worker processes is shared by nature.
    let shares = state.combinations[favourite].executor.transport().is_some();
    let private = (state.rules.private && !shares).then_some(Process { candidate: favourite, role: Role::Private });
    let mut wanted = vec![fresh(favourite)];
    wanted.extend(fastest(Arrangement::Serial));
    wanted.extend(ranked.clone().take(FIRST));
    wanted.extend(private);
    wanted.extend(ranked.skip(FIRST).take(MOST - FIRST));
    wanted.extend([Arrangement::Inside, Arrangement::Outside].into_iter().filter_map(fastest));
    wanted
}

/// Those of `wanted` that fit into the time, and the number of their rounds.
fn affordable(state: &State<'_>, wanted: Vec<Process>) -> (Vec<Process>, usize) {
    let (mut chosen, mut rounds, mut left_s) = (Vec::new(), CONFIRMATION_ROUNDS, state.left_s());
    for process in wanted {
        let cost_s = state.cost_s(Process::race(process.candidate), state.rules.model.tasks);
        let rounds_of_it = match SURE.checked_sub(chosen.len()).filter(|_| cost_s > 0.0) {
            // As many as fit for all that are to come of these, with the run that is judged at the end.
            Some(to_come @ 1..) => {
                let fit = (left_s / to_come as f64 - state.start_s()) / cost_s;
                (fit.max(1.0) as usize - 1).min(rounds)
            }
            _ => rounds,
        };
        let price_s = shares::price_s(state, process.candidate, rounds_of_it);
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
fn judge(state: &mut State<'_>, ranking: &mut Ranking, fresh: &[Process], comparison: &Comparison) {
    let leader = fresh[comparison.leader].candidate;
    let others = comparison.others.iter().map(|other| (fresh[other.index].candidate, other.ratio, other.slower));
    let rated: Vec<(usize, f64, bool)> = others.chain([(leader, 1.0, false)]).collect();
    let (stayed, left): (Vec<_>, Vec<_>) =
        rated.into_iter().partition(|(id, ..)| ranking.candidates().any(|ranked| ranked == *id));
    stayed.iter().for_each(|&(id, ratio, _)| ranking.rate(id, ratio));
    // Where none that stayed is here to be compared with, the race's word stands.
    let Some(front) = stayed.iter().map(|(_, ratio, _)| *ratio).min_by(f64::total_cmp) else { return };
    let overturned = stayed.iter().all(|(_, _, slower)| *slower);
    for (id, ratio, _) in left.into_iter().filter(|&(id, ratio, _)| id == leader || ratio < front) {
        let why = state.run_mut(id).left.take();
        if state.run_mut(id).slower_by.take().is_some() || overturned {
            let candidate = state.combinations[id].clone();
            state.warn(Warning::Contradicted { candidate, left: why });
        }
        ranking.rate(id, ratio);
    }
    for other in comparison.others.iter().filter(|other| other.slower) {
        let id = fresh[other.index].candidate;
        let by = other.interval.map(|ratio| ratio - 1.0);
        state.run_mut(id).slower_by = Some(by);
        let than = state.combinations[leader].clone();
        state.leave(id, Left::SlowerFresh { than, by });
    }
    ranking.retain(|id| state.run(id).left.is_none());
    ranking.sort();
}
