//! Looks at a race: what its rounds say, at the level that each look may spend.

use super::bounds::{ALPHA, LOOKS, SHARE};
use super::ranking::{Ranked, Ranking};
use super::state::State;
use super::{Left, Process, Warning};

/// The looks at a race.
pub(super) struct Looks {
    /// Its first round.
    from: usize,
    /// Looks so far.
    taken: usize,
}

impl Looks {
    /// Looks at a race that begins with the next round.
    pub(super) fn from_now(state: &State<'_>) -> Self {
        Self { from: state.record().next_round(), taken: 0 }
    }

    /// Eliminates the candidates that are proven slower; returns whether all others are proven to be within the
    /// tolerance.
    pub(super) fn look(&mut self, state: &mut State<'_>) -> bool {
        self.spend(SHARE, state)
    }

    /// The same at the end of the race: the error level that the looks have left may be spent on the rounds since the
    /// last look.
    pub(super) fn last(&mut self, state: &mut State<'_>) {
        let left = LOOKS.len() - self.taken;
        if left > 0 {
            self.spend(SHARE * left as f64, state);
        }
    }

    fn spend(&mut self, alpha: f64, state: &mut State<'_>) -> bool {
        let racing = state.racing();
        let Some(comparison) = state.compare(&racing, self.from, alpha) else { return false };
        self.taken += 1;
        let leader = &state.combinations[racing[comparison.leader].candidate];
        for other in comparison.others.iter().filter(|other| other.slower) {
            let process = racing[other.index];
            let by = other.interval.map(|ratio| ratio - 1.0);
            state.run_mut(process.candidate).slower_by = Some(by);
            state.eliminate(process, Left::Slower { than: leader.clone(), by });
        }
        comparison.others.iter().all(|other| other.slower || other.within)
    }

    /// The candidates that are in at the end of the race.
    pub(super) fn ranking(&self, state: &State<'_>) -> Ranking {
        let racing = state.racing();
        let Some(comparison) = state.compare(&racing, self.from, ALPHA) else {
            return Ranking::by_quickest(state, racing.iter().map(|process| process.candidate));
        };
        let leader = racing[comparison.leader];
        Ranking::new(racing.iter().enumerate().filter_map(|(i, &process)| {
            // A candidate that has run in fewer than two rounds of the race has no useful mean.
            let compared = comparison.others.iter().find(|other| other.index == i).map(|other| other.ratio);
            let at_best = || state.record().ratio(process, leader);
            let ratio = if process == leader { 1.0 } else { compared.or_else(at_best)? };
            Some(Ranked { candidate: process.candidate, ratio })
        }))
    }

    /// Warns if the A/A control and its candidate lie apart.
    pub(super) fn control_apart(&self, state: &State<'_>) -> Option<Warning> {
        let control = state.record().control()?;
        let pair = [Process::race(control.candidate), control];
        let apart = state.compare(&pair, self.from, ALPHA)?.others.into_iter().find(|other| other.slower)?;
        let candidate = state.combinations[control.candidate].clone();
        Some(Warning::ControlApart { candidate, apart: apart.ratio - 1.0 })
    }
}
