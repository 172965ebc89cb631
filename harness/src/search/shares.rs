//! How a search shares out its time among starts, race and confirmation.

use super::bounds::{CONFIRMATION_ROUNDS, FEWEST_CONFIRMATION_ROUNDS};
use super::ranking::fastest;
use super::state::State;
use super::{Process, Stop, Unstarted};
use crate::arrangement::Arrangement;

/// The part of the search's time, less what the confirmation takes, in which candidates may still be started; the rest
/// is for the race.
const STARTING: f64 = 0.6;

/// The largest part of the search's time that is kept for the confirmation.
pub(super) const CONFIRMATION: f64 = 0.5;

/// The part of the search's time that the rounds of a group may take; if they would take more, the group has one round
/// less.
const GROUP: f64 = 0.1;

/// Rounds of a group: a candidate that is slow in all of them leaves.
pub(super) const GROUP_ROUNDS: usize = 3;

/// Rounds of a group where tasks are long.
const GROUP_ROUNDS_OF_LONG_TASKS: usize = 2;

/// Time is kept for the confirmation of this many candidates that take as long as the leader, and of the baseline.
const KEPT_FOR: usize = 3;

/// Whether the race needs all the time that is left, less `pending_s` seconds.
pub(super) fn is_late(state: &State<'_>, pending_s: f64) -> bool {
    if let Some(may_start) = state.may_start() {
        return !may_start;
    }
    let confirmation_s = confirmation_s(state);
    state.left_s() - pending_s - confirmation_s < (state.span_s() - confirmation_s) * (1.0 - STARTING)
}

/// Starts candidates until it `is_late` or the user wants no more, and leaves out the others. `more` may start after
/// them.
pub(super) fn start(state: &mut State<'_>, candidates: &[usize], more: usize, is_late: impl Fn(&State<'_>) -> bool) {
    for (i, &candidate) in candidates.iter().enumerate() {
        if is_late(state) || state.is_interrupted() {
            return leave_out(state, &candidates[i..]);
        }
        state.start(Process::race(candidate), candidates.len() - i + more);
    }
}

/// Writes down that the time was too short for these candidates.
pub(super) fn leave_out(state: &mut State<'_>, candidates: &[usize]) {
    for &id in candidates {
        state.skip(id, if state.is_interrupted() { Unstarted::Interrupted } else { Unstarted::Budget });
    }
}

/// Why a round was cut.
pub(super) fn why_cut(state: &State<'_>) -> Stop {
    if state.is_interrupted() { Stop::Interrupted } else { Stop::Budget }
}

/// Rounds of a group on `tasks` tasks; one less where they take too much of the time.
pub(super) fn group_rounds(state: &State<'_>, tasks: usize) -> usize {
    let rounds = if state.rules.tasks_are_long() { GROUP_ROUNDS_OF_LONG_TASKS } else { GROUP_ROUNDS };
    let dear = rounds as f64 * state.round_s(tasks) > GROUP * state.span_s();
    rounds - usize::from(dear)
}

/// Seconds that the end of the race and the confirmation after it take.
pub(super) fn reserve_s(state: &State<'_>) -> f64 {
    if !state.rules.confirm {
        return 0.0;
    }
    let closing_s: f64 = state.racing().iter().map(|&process| state.cost_s(process, state.rules.model.tasks)).sum();
    closing_s + confirmation_s(state)
}

/// Seconds that are kept for the confirmation: enough for all rounds of the leader, the baseline and two more, but at
/// most half of the search's time; 0 where that half is too little for the leader and the baseline in the fewest
/// rounds.
pub(super) fn confirmation_s(state: &State<'_>) -> f64 {
    if !state.rules.confirm {
        return 0.0;
    }
    let leader = state.leader().map(|process| process.candidate);
    let baseline = fastest(state, Arrangement::Serial).filter(|id| Some(*id) != leader);
    let wanted = std::iter::repeat_n(leader, KEPT_FOR).flatten().chain(baseline);
    let all_s: f64 = wanted.map(|id| price_s(state, id, CONFIRMATION_ROUNDS)).sum();
    let most_s = state.span_s() * CONFIRMATION;
    match leader.map_or(0.0, |leader| least_s(state, leader)) {
        least_s if least_s > most_s => 0.0,
        _ => f64::min(all_s, most_s),
    }
}

/// Seconds that confirming `leader` and the baseline in the fewest rounds takes.
pub(super) fn least_s(state: &State<'_>, leader: usize) -> f64 {
    let baseline = fastest(state, Arrangement::Serial).filter(|id| *id != leader);
    [leader].into_iter().chain(baseline).map(|id| price_s(state, id, FEWEST_CONFIRMATION_ROUNDS)).sum()
}

/// Seconds of a budget that would confirm `leader`: the time that was gone before the search, and twice the time of the
/// confirmation, which may have half of the search's time.
pub(super) fn advised_s(state: &State<'_>, leader: usize) -> f64 {
    let least_s = least_s(state, leader);
    (state.begun_s + least_s / CONFIRMATION).max(state.elapsed_s() + least_s)
}

/// Seconds that confirming a candidate in that many rounds takes: a start, and a sample more than rounds, since its
/// results are judged once more at the end.
pub(super) fn price_s(state: &State<'_>, candidate: usize, rounds: usize) -> f64 {
    let cost_s = state.cost_s(Process::race(candidate), state.rules.model.tasks);
    state.start_s() + (rounds + 1) as f64 * cost_s
}
