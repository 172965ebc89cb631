//! The candidates that are still in, the fastest first, and the rule that picks one of them as the answer.

use super::state::State;
use super::{Process, is_peer};
use crate::arrangement::Arrangement;

/// Candidates within this part of the tolerance look alike; the rest of the tolerance is for noise.
const ALIKE: f64 = 0.5;

/// A candidate that is still in, and how many times the leader's time it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    pub(super) candidate: usize,
    pub(super) ratio: f64,
}

/// The candidates that are in, the fastest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Ranking(Vec<Ranked>);

impl Ranking {
    pub(super) fn new(ranked: impl IntoIterator<Item = Ranked>) -> Self {
        let mut ranking = Self(ranked.into_iter().collect());
        ranking.sort();
        ranking
    }

    /// Candidates by their best times, if the race has no round to compare them by.
    pub(super) fn by_quickest(state: &State<'_>, candidates: impl Iterator<Item = usize> + Clone) -> Self {
        let Some(leader) = state.record().quickest_of(candidates.clone().map(Process::race)) else {
            return Self::default();
        };
        let ratio = |candidate| state.record().ratio(Process::race(candidate), leader);
        Self::new(candidates.filter_map(|candidate| Some(Ranked { candidate, ratio: ratio(candidate)? })))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Ranked> {
        self.0.iter().copied()
    }

    /// The candidates, the fastest first.
    pub(super) fn candidates(&self) -> impl Iterator<Item = usize> + Clone {
        self.0.iter().map(|ranked| ranked.candidate)
    }

    /// Takes over another ratio of a candidate, which is in from now on.
    pub(super) fn rate(&mut self, candidate: usize, ratio: f64) {
        match self.0.iter_mut().find(|ranked| ranked.candidate == candidate) {
            Some(ranked) => ranked.ratio = ratio,
            None => self.0.push(Ranked { candidate, ratio }),
        }
    }

    /// Keeps the candidates that pass `is`.
    pub(super) fn retain(&mut self, is: impl Fn(usize) -> bool) {
        self.0.retain(|ranked| is(ranked.candidate));
    }

    pub(super) fn sort(&mut self) {
        self.0.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
    }

    /// The ratio of the fastest.
    pub(super) fn least(&self) -> Option<f64> {
        self.0.iter().map(|ranked| ranked.ratio).min_by(f64::total_cmp)
    }

    /// The rule for a tie: of the candidates that look alike, first those that a program can apply, then the fewest
    /// threads, then the least memory to a power of two, then the fastest.
    pub(super) fn pick(&self, state: &State<'_>) -> Option<usize> {
        let most = self.least()? * (1.0 + state.rules.tolerance * ALIKE);
        let cost = |ranked: &&Ranked| {
            let combination = &state.combinations[ranked.candidate];
            let memory = state.run(ranked.candidate).stopped.as_ref().map_or(0, |stopped| stopped.peak_rss_bytes);
            (is_peer(combination), combination.runnable(), memory.checked_ilog2())
        };
        let alike = self.0.iter().filter(|ranked| ranked.ratio <= most);
        let best = alike.min_by(|a, b| cost(a).cmp(&cost(b)).then(a.ratio.total_cmp(&b.ratio)));
        best.map(|ranked| ranked.candidate)
    }
}

/// The fastest candidate of an arrangement, among all that have run and have not failed.
pub(super) fn fastest(state: &State<'_>, arrangement: Arrangement) -> Option<usize> {
    let (combinations, cpus) = (state.combinations, state.rules.model.cpus);
    let is_one = |id: &usize| arrangement.includes(&combinations[*id], cpus) && state.run(*id).failure.is_none();
    let fastest = state.record().quickest_of((0..combinations.len()).filter(is_one).map(Process::race));
    fastest.map(|process| process.candidate)
}
