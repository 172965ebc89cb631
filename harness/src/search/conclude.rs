//! From the end of the race to what was found: a last look, a last judgement of the results, the confirmation, the
//! pick.

use super::gross::GROSS;
use super::looks::Looks;
use super::ranking::Ranking;
use super::state::State;
use super::{Found, Left, Role, Stop, Warning, confirm};

/// What was found in a search that stopped.
pub(super) fn conclude(mut state: State<'_>, stop: Stop, mut looks: Looks) -> Found {
    looks.last(&mut state);
    let mut ranking = looks.ranking(&state);
    for process in state.live().to_vec() {
        state.dismiss(process, process.role == Role::Race);
    }
    ranking.retain(|id| state.is_sound(id));
    if ranking.is_empty() {
        // Every finalist has failed. Candidates that they had eliminated return, with the samples that they have.
        let back: Vec<usize> = (0..state.combinations.len()).filter(|&id| state.is_sound(id)).collect();
        for &id in &back {
            state.run_mut(id).left = None;
        }
        ranking = Ranking::by_quickest(&state, back.iter().copied());
    }
    let mut confirmed = Vec::new();
    if state.rules.confirm && !state.is_interrupted() && !ranking.is_empty() {
        confirmed = confirm::run(&mut state, &mut ranking);
        ranking.retain(|id| state.is_sound(id));
    }
    let disturbed = state.disturbed().map(Warning::Disturbed);
    for warning in disturbed.into_iter().chain(looks.control_apart(&state)) {
        state.warn(warning);
    }

    // Where some are confirmed, the pick is one of them.
    let mut sure = ranking.clone();
    sure.retain(|id| confirmed.iter().any(|one| one.process.candidate == id));
    let best = if sure.is_empty() { &ranking } else { &sure }.pick(&state);
    let least = ranking.least().unwrap_or(1.0);
    for ranked in ranking.iter().filter(|ranked| ranked.ratio > least * GROSS) {
        state.leave(ranked.candidate, Left::Behind { ratio: ranked.ratio / least });
    }
    let tied = ranking.candidates().filter(|&id| state.run(id).left.is_none() && Some(id) != best).collect();
    state.into_found(stop, best, tied, confirmed)
}
