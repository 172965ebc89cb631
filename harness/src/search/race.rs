//! The race: rounds of the whole batch until the samples have decided.

use super::bounds::LOOKS;
use super::looks::Looks;
use super::state::{End, State};
use super::{Process, Role, Stop, gross, shares};

/// The phase in which the finalists run in turn until the samples separate them.
pub(super) struct Race<'s, 'a> {
    state: &'s mut State<'a>,
    looks: Looks,
}

impl<'s, 'a> Race<'s, 'a> {
    pub(super) fn new(state: &'s mut State<'a>) -> Self {
        let looks = Looks::from_now(state);
        Self { state, looks }
    }

    /// Runs rounds until one candidate is left, all are proven equal, or rounds or budget are used up; returns which of
    /// these.
    pub(super) fn run(mut self) -> (Stop, Looks) {
        self.start_control();
        let tasks = self.state.rules().model.tasks;
        let mut kept = 0;
        let stop = loop {
            if self.state.is_interrupted() {
                break Stop::Interrupted;
            }
            if self.state.racing().len() <= 1 {
                break Stop::OneLeft;
            }
            if kept >= self.state.rules().most_rounds {
                break Stop::Rounds;
            }
            self.state.reserve(shares::reserve_s(self.state));
            if self.state.round(tasks) == End::Cut {
                break shares::why_cut(self.state);
            }
            kept += 1;
            gross::eliminate(self.state);
            if LOOKS.contains(&kept) && self.looks.look(self.state) && self.state.racing().len() > 1 {
                break Stop::Within;
            }
        };
        (stop, self.looks)
    }

    /// Starts the A/A control, a second process of the leader, if there is more than one candidate to compare.
    fn start_control(&mut self) {
        let Some(leader) = self.state.leader().filter(|_| self.state.racing().len() > 1) else { return };
        // Where tasks are long, it must leave time for the first look: for its start, and for that many rounds of it
        // and all others.
        let tasks = self.state.rules().model.tasks;
        let rounds_s = LOOKS[0] as f64 * (self.state.round_s(tasks) + self.state.cost_s(leader, tasks));
        let left_s = self.state.left_s() - shares::reserve_s(self.state);
        if !self.state.rules().tasks_are_long() || self.state.start_s() + rounds_s <= left_s {
            self.state.start(Process { role: Role::Control, ..leader }, 1);
        }
    }
}
