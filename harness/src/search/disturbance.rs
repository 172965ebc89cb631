//! Which rounds count: a round in which other programs took too much of the machine is repeated, as long as few rounds
//! are.

use gingham_runtime::quantity::count;

use super::Lost;
use crate::sample::Rounds;
use crate::stats;

/// Rounds that may be repeated, as a share of all.
const MOST_REPEATED: f64 = 0.25;

/// Rounds that may be repeated in any case, however few there are.
const FIRST_REPEATED: usize = 2;

/// A round is repeated if other programs took more than this many times their usual share of it.
const UNUSUAL: f64 = 2.0;

/// A round is not repeated if less than this share of the CPU time was lost to other programs.
const FEWEST_LOST: f64 = 0.02;

/// The rounds so far, with the CPU time that other programs took in them.
#[derive(Debug, Default)]
pub(super) struct Disturbance {
    rounds: Rounds,
    /// What others took in each round that counts.
    lost: Vec<Lost>,
}

impl Disturbance {
    /// Takes in a round in which other programs took `lost`; returns whether the round counts, or must be repeated.
    pub(super) fn accepts(&mut self, lost: Lost) -> bool {
        let repeated = self.rounds.repeated + 1;
        let all = (self.rounds.kept + repeated) as f64;
        let may_repeat = repeated <= FIRST_REPEATED || repeated as f64 <= MOST_REPEATED * all;
        let spoilt = self.is_spoilt(lost);
        if spoilt && may_repeat {
            self.rounds.repeated += 1;
            return false;
        }
        self.lost.push(lost);
        self.rounds.kept += 1;
        self.rounds.spoilt += usize::from(spoilt);
        true
    }

    /// The number of rounds.
    pub(super) fn rounds(&self) -> Rounds {
        self.rounds
    }

    /// In words, how much of the machine other programs took, where that was too much.
    pub(super) fn told(&self) -> Option<String> {
        let Rounds { spoilt, kept, .. } = self.rounds;
        let rounds = (spoilt > 0).then(|| {
            let rounds = count(kept, "round");
            format!("{spoilt} of {rounds} kept in spite of other work, as a quarter of all had been repeated already")
        });
        let mut all = Lost::default();
        self.lost.iter().for_each(|&lost| all += lost);
        let told: Vec<String> = rounds.into_iter().chain(all.told()).collect();
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// Whether other programs took so much of the machine in a round that the round is useless.
    fn is_spoilt(&self, lost: Lost) -> bool {
        let usual = stats::median(&self.lost.iter().map(Lost::share).collect::<Vec<_>>());
        !self.lost.is_empty() && lost.share() > (UNUSUAL * usual).max(FEWEST_LOST)
    }
}
