//! An exhaustive search: every candidate in every round, and none leaves. It takes the place of successive halving and
//! race.

use super::looks::Looks;
use super::state::{End, State};
use super::{Stop, shares};

/// Rounds of an exhaustive search.
pub const EXHAUSTIVE_ROUNDS: usize = 12;

/// Runs every candidate in [`EXHAUSTIVE_ROUNDS`] rounds; says why it stopped.
pub(super) fn run(state: &mut State<'_>) -> (Stop, Looks) {
    let ids = state.startable();
    shares::start(state, &ids, 0, |state| state.left_s() <= 0.0);
    let looks = Looks::from_now(state);
    for _ in 0..EXHAUSTIVE_ROUNDS {
        if state.is_interrupted() {
            return (Stop::Interrupted, looks);
        }
        state.reserve(shares::reserve_s(state));
        if state.round(state.rules.model.tasks) == End::Cut {
            return (shares::why_cut(state), looks);
        }
    }
    (Stop::Exhausted, looks)
}
