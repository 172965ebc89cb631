//! How much work is ahead, for the user alone: no decision depends on it.

use super::bounds::CONFIRMATION_ROUNDS;
use super::confirm;
use super::cost::AROUND_S;
use super::sampling::SAMPLE_S;
use super::shares::GROUP_ROUNDS;
use super::state::State;
use crate::progress::Progress;

/// Rounds of a race, between the five of its first look and the thirty of its last.
const RACE_ROUNDS: f64 = 10.0;

/// The part of the finalists that runs in a round of the race, on average: the others have left.
const STILL_IN: f64 = 0.5;

/// Tells how much work is ahead, once one thread of each backend has run: `worth` candidates are worth starting, the
/// best of which takes `least` times the leader's time with perfect speed-up, and `finalists` of them will race.
pub(super) fn tell(state: &mut State<'_>, least: f64, worth: usize, finalists: usize) {
    let Some(leader_s) = state.leader().and_then(|leader| state.record().quickest_s(leader)) else { return };
    let sample_s = (least * leader_s * state.rules.model.tasks as f64).max(SAMPLE_S) + AROUND_S;
    let starts_s = worth as f64 * (state.start_s() + GROUP_ROUNDS as f64 * sample_s);
    let race_s = RACE_ROUNDS * finalists as f64 * STILL_IN * sample_s;
    let confirmation_s = (CONFIRMATION_ROUNDS * confirm::MOST) as f64 * sample_s;
    let seconds = (state.elapsed_s() + starts_s + race_s + confirmation_s).min(state.rules.budget_s);
    let combinations = worth + state.racing().len();
    state.tell(Progress::Expecting { combinations, seconds });
}
