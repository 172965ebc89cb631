//! The confirmation: the finalists and the serial baseline once more, in fresh processes.
//!
//! Who wins a race among many was lucky as a rule; its samples there flatter it. The published figures are therefore of
//! new samples, which had no part in choosing the finalists.

use super::bounds::{Comparison, SHARE};
use super::budget;
use super::field::{End, Field};
use super::race::{Standing, pick};
use super::{Entrant, Left, Role, Warning};
use crate::arrangement::Arrangement;
use crate::sample::Sample;

/// Rounds of the confirmation: the exact interval of the median is then that from the third to the tenth of twelve
/// samples, which covers it with 96.1 %.
pub(super) const ROUNDS: usize = 12;

/// Rounds below which there is no interval, and so no confirmation.
pub(super) const FEWEST_ROUNDS: usize = 6;

/// Candidates that are confirmed at most, beside the baselines.
const MOST: usize = 5;

/// Those of them that come before the winner's run on private memory: one of them may turn out to be the winner.
const FIRST: usize = 3;

/// A candidate in a fresh process.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmed {
    /// Which.
    pub candidate: usize,
    /// Whether its operands lay in memory of its own rather than in the arena.
    pub private: bool,
    /// Its samples.
    pub samples: Vec<Sample>,
}

/// Seconds that the end of the race and the confirmation after it take.
pub(super) fn reserve(field: &Field<'_>) -> f64 {
    if !field.rules.confirm {
        return 0.0;
    }
    let closing: f64 = field.racing().iter().map(|&who| field.cost(who, field.rules.model.tasks)).sum();
    closing + wanted(field)
}

/// Seconds that are kept for the confirmation: those of the leader, the baseline and two more in all rounds, at most
/// half of the search's: whoever gives little time wants to see more than one combination, however well confirmed. None
/// where that is too little for the leader and the baseline in the fewest rounds.
pub(super) fn wanted(field: &Field<'_>) -> f64 {
    if !field.rules.confirm {
        return 0.0;
    }
    let leader = field.leader().map(|who| who.candidate);
    let baseline = baseline(field).filter(|id| Some(*id) != leader);
    let four = leader.iter().chain(&leader).chain(&leader).chain(&baseline);
    let [all, half] = [four.map(|&id| price(field, id, ROUNDS)).sum(), field.span_s() / 2.0];
    match leader.map_or(0.0, |leader| least(field, leader)) {
        least if least > half => 0.0,
        _ => f64::min(all, half),
    }
}

/// Seconds that confirming `leader` and the baseline in the fewest rounds takes.
fn least(field: &Field<'_>, leader: usize) -> f64 {
    let baseline = baseline(field).filter(|id| *id != leader);
    [leader].iter().chain(&baseline).map(|&id| price(field, id, FEWEST_ROUNDS)).sum()
}

/// Seconds that confirming a candidate in that many rounds takes.
fn price(field: &Field<'_>, candidate: usize, rounds: usize) -> f64 {
    let cost = field.cost(Entrant { candidate, role: Role::Race }, field.rules.model.tasks);
    field.start_s() + (rounds + 1) as f64 * cost
}

/// The fastest on one thread.
fn baseline(field: &Field<'_>) -> Option<usize> {
    fastest(field, Arrangement::Serial)
}

/// The fastest of an arrangement, among all that have run and are sound.
fn fastest(field: &Field<'_>, arrangement: Arrangement) -> Option<usize> {
    let cpus = field.rules.model.cpus;
    let is_one = |&id: &usize| arrangement.includes(&field.combinations[id], cpus);
    let sound = (0..field.runs.len()).filter(|&id| field.runs[id].failure.is_none());
    let entrants = sound.filter(is_one).map(|candidate| Entrant { candidate, role: Role::Race });
    field.quickest_of(entrants).map(|who| who.candidate)
}

/// Confirms as many as time allows. `standing` takes over what the new samples say: who is proven slower now has left.
pub(super) fn run(field: &mut Field<'_>, standing: &mut Vec<Standing>) -> Vec<Confirmed> {
    field.reserve_s = 0.0;
    let Some(favourite) = pick(field, standing) else { return Vec::new() };
    let fresh = |candidate| Entrant { candidate, role: Role::Confirmation };
    let mut wanted = vec![fresh(favourite)];
    wanted.extend(fastest(field, Arrangement::Serial).map(fresh));
    let (first, others) = standing.split_at(standing.len().min(FIRST));
    wanted.extend(first.iter().map(|s| fresh(s.candidate)));
    if field.rules.private {
        wanted.push(Entrant { candidate: favourite, role: Role::Private });
    }
    wanted.extend(others.iter().take(MOST - FIRST).map(|s| fresh(s.candidate)));
    let spread = [Arrangement::Inside, Arrangement::Outside];
    wanted.extend(spread.into_iter().filter_map(|one| fastest(field, one)).map(fresh));

    let mut chosen: Vec<Entrant> = Vec::new();
    let mut rounds = ROUNDS;
    let mut left = field.left();
    for who in wanted {
        // The favourite and its baseline are confirmed in fewer rounds if need be, the others in all or not at all.
        let cost = field.cost(Entrant { role: Role::Race, ..who }, field.rules.model.tasks);
        let rounds_of_it = match 2_usize.checked_sub(chosen.len()).filter(|_| cost > 0.0) {
            // As many as fit for both, with the run that is judged at the end.
            Some(to_come @ 1..) => {
                (((left / to_come as f64 - field.start_s()) / cost).max(1.0) as usize - 1).min(rounds)
            }
            _ => rounds,
        };
        let price = price(field, who.candidate, rounds_of_it);
        if !chosen.contains(&who) && price <= left && rounds_of_it >= FEWEST_ROUNDS {
            chosen.push(who);
            left -= price;
            rounds = rounds_of_it;
        }
    }
    if chosen.is_empty() {
        // Half of the search's time is for the confirmation, so it must be twice what that takes, and have time for
        // what came before.
        let (gone_s, least_s) = (field.course.elapsed_s(), least(field, favourite));
        let advised_s = budget::typed((field.begun_s + 2.0 * least_s).max(gone_s + least_s));
        field.advised_s = Some(advised_s);
        field.warnings.push(Warning::NotConfirmed { advised_s });
        return Vec::new();
    }
    let count = chosen.len();
    for (i, who) in chosen.iter().enumerate() {
        field.admit(*who, count - i);
    }
    let from = field.next_round();
    for _ in 0..rounds {
        if field.round(field.rules.model.tasks) == End::Cut {
            break;
        }
    }
    let live = field.live.clone();
    let again: Vec<Entrant> = live.iter().copied().filter(|who| who.role == Role::Confirmation).collect();
    if let Some(comparison) = field.compare(&again, from, SHARE) {
        judge(field, standing, &again, &comparison);
    }
    let confirmed = chosen.iter().map(|&who| Confirmed {
        candidate: who.candidate,
        private: who.role == Role::Private,
        samples: field.others.get(&who).cloned().unwrap_or_default(),
    });
    let confirmed = confirmed.collect();
    for who in live {
        field.dismiss(who, true);
    }
    confirmed
}

/// Takes over what fresh processes say: where they contradict the race, they win. Of those that had left the race, who
/// leads now, or is ahead of all that stayed, is back; who is proven slower than the leader now has left.
fn judge(field: &mut Field<'_>, standing: &mut Vec<Standing>, again: &[Entrant], comparison: &Comparison) {
    let leader = again[comparison.leader].candidate;
    let others = comparison.others.iter().map(|other| (again[other.index].candidate, other.ratio, other.slower));
    let fresh: Vec<(usize, f64, bool)> = others.chain([(leader, 1.0, false)]).collect();
    let (stayed, left): (Vec<_>, Vec<_>) =
        fresh.into_iter().partition(|(id, ..)| standing.iter().any(|s| s.candidate == *id));
    for s in standing.iter_mut() {
        s.ratio = stayed.iter().find(|(id, ..)| *id == s.candidate).map_or(s.ratio, |(_, ratio, _)| *ratio);
    }
    // Where none that stayed is here to be compared with, the race's word stands.
    let Some(front) = stayed.iter().map(|(_, ratio, _)| *ratio).min_by(f64::total_cmp) else { return };
    let overturned = stayed.iter().all(|(_, _, slower)| *slower);
    for (id, ratio, _) in left.into_iter().filter(|&(id, ratio, _)| id == leader || ratio < front) {
        let left = field.runs[id].left.take();
        if field.runs[id].slower_by.take().is_some() || overturned {
            let candidate = field.combinations[id].clone();
            field.warnings.push(Warning::Contradicted { candidate, left });
        }
        standing.push(Standing { candidate: id, ratio });
    }
    for other in comparison.others.iter().filter(|other| other.slower) {
        let run = &mut field.runs[again[other.index].candidate];
        let by = other.interval.map(|ratio| ratio - 1.0);
        run.slower_by = Some(by);
        run.left.get_or_insert_with(|| Left::SlowerFresh { than: field.combinations[leader].clone(), by });
    }
    standing.retain(|s| field.runs[s.candidate].left.is_none());
    standing.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
}
