//! An exhaustive search: every candidate in every round, and none leaves.

use super::looks::Looks;
use super::state::{End, State};
use super::{Process, Stop, shares};

/// Rounds of an exhaustive search.
pub const EXHAUSTIVE_ROUNDS: usize = 12;

/// The phase that takes the place of successive halving and race.
pub(super) struct Exhaustive<'s, 'a> {
    state: &'s mut State<'a>,
}

impl<'s, 'a> Exhaustive<'s, 'a> {
    pub(super) fn new(state: &'s mut State<'a>) -> Self {
        Self { state }
    }

    /// Runs every candidate in [`EXHAUSTIVE_ROUNDS`] rounds; says why it stopped.
    pub(super) fn run(self) -> (Stop, Looks) {
        let ids = self.state.startable();
        for (i, &candidate) in ids.iter().enumerate() {
            if self.state.left_s() <= 0.0 || self.state.is_interrupted() {
                shares::leave_out(self.state, &ids[i..]);
                break;
            }
            self.state.start(Process::race(candidate), ids.len() - i);
        }
        let looks = Looks::from_now(self.state);
        for _ in 0..EXHAUSTIVE_ROUNDS {
            if self.state.is_interrupted() {
                return (Stop::Interrupted, looks);
            }
            self.state.reserve(shares::reserve_s(self.state));
            if self.state.round(self.state.rules().model.tasks) == End::Cut {
                return (shares::why_cut(self.state), looks);
            }
        }
        (Stop::Exhausted, looks)
    }
}
