//! The race: the finalists run the whole batch, round by round, until the samples have decided.

use super::bounds::LOOKS;
use super::looks::Looks;
use super::state::{End, State};
use super::{Process, Role, Stop, gross, shares};

/// Runs rounds until one candidate is left, all are proven equal, or rounds or budget are used up; returns which of
/// these.
pub(super) fn run(state: &mut State<'_>) -> (Stop, Looks) {
    let mut looks = Looks::from_now(state);
    start_control(state);
    let mut kept = 0;
    let stop = loop {
        if state.is_interrupted() {
            break Stop::Interrupted;
        }
        if state.racing().len() <= 1 {
            break Stop::OneLeft;
        }
        if kept >= LOOKS[LOOKS.len() - 1] {
            break Stop::Rounds;
        }
        state.reserve(shares::reserve_s(state));
        if state.round(state.rules.model.tasks) == End::Cut {
            break shares::why_cut(state);
        }
        kept += 1;
        gross::eliminate(state);
        if LOOKS.contains(&kept) && looks.look(state) && state.racing().len() > 1 {
            break Stop::Within;
        }
    };
    (stop, looks)
}

/// Starts the A/A control, a second process of the leader, if more than one candidate races.
fn start_control(state: &mut State<'_>) {
    let Some(leader) = state.leader().filter(|_| state.racing().len() > 1) else { return };
    // Where tasks are long, it must leave time for the first look: for its start, and for that many rounds of it and
    // all others.
    let tasks = state.rules.model.tasks;
    let rounds_s = LOOKS[0] as f64 * (state.round_s(tasks) + state.cost_s(leader, tasks));
    let left_s = state.left_s() - shares::reserve_s(state);
    if !state.rules.tasks_are_long() || state.start_s() + rounds_s <= left_s {
        state.start(Process { role: Role::Control, ..leader }, 1);
    }
}
