//! Eliminates candidates that take far longer than the leader in every round, which no noise can explain.

use super::Left;
use super::state::State;

/// Times the leader's time from which on a candidate may leave without a proof.
pub(super) const GROSS: f64 = 1.5;

/// Rounds in which a candidate must have been beyond [`GROSS`].
const ROUNDS: usize = 2;

/// Times the leader's time for which one round is enough.
const HUGE: f64 = 10.0;

/// Eliminates the candidates that took more than [`GROSS`] times the leader's time in every round that both have run
/// in: in [`ROUNDS`] rounds at least, or in one where they took more than [`HUGE`] times as long.
pub(super) fn eliminate(state: &mut State<'_>) {
    let Some(leader) = state.leader() else { return };
    let pace = state.record().logs(leader, 0);
    for process in state.racing_own() {
        let logs = state.record().logs(process, 0);
        let behind: Vec<f64> = logs.iter().zip(&pace).filter_map(|(own, pace)| Some((*own)? - (*pace)?)).collect();
        let Some(least) = behind.iter().copied().min_by(f64::total_cmp).map(f64::exp) else { continue };
        if least > HUGE || least > GROSS && behind.len() >= ROUNDS {
            state.eliminate(process, Left::Gross { least, rounds: behind.len() });
        }
    }
}
