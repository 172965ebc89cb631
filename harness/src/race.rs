//! Rounds: every live contestant runs once a round, in shuffled order, so that drift and bursts of the machine fall on
//! all alike. Order alone has been seen to move results by a quarter, and two identical systems measured one after the
//! other to differ by a third.
//!
//! The race knows neither processes nor clocks: contestants hand it samples, and the caller says when to stop.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::outcome::Sample;
use crate::stats;

/// Slower than the leader by this factor in two rounds running: no noise that leaves the other contestants alone
/// explains that.
const GROSS: f64 = 1.5;

/// What takes part in a race.
pub trait Contestant {
    /// Why it can run no longer.
    type Death;

    /// Runs once. `round` counts from 0.
    ///
    /// # Errors
    /// Where it can run no longer.
    fn sample(&mut self, round: usize) -> Result<Sample, Self::Death>;
}

/// The contestants that are still in.
#[derive(Debug)]
pub struct Race<C> {
    live: Vec<Lane<C>>,
    rounds: usize,
    rng: ChaCha8Rng,
}

/// A contestant with what it has shown so far.
#[derive(Debug)]
pub struct Lane<C> {
    /// The caller's name for it.
    pub id: usize,
    /// The contestant itself.
    pub contestant: C,
    /// Its samples, in order of rounds.
    pub samples: Vec<Sample>,
}

/// What became of a round.
#[derive(Debug)]
pub struct Round<C: Contestant> {
    /// Whether all have run; the samples of a round that was cut short are kept all the same.
    pub finished: bool,
    /// Those that can run no longer; they are out of the race.
    pub dead: Vec<(Lane<C>, C::Death)>,
}

impl<C> Lane<C> {
    /// The median over all samples of the seconds that one task took.
    #[must_use]
    pub fn median(&self) -> f64 {
        let per_task: Vec<f64> = self.samples.iter().map(Sample::seconds_per_task).collect();
        stats::median(&per_task)
    }
}

impl<C: Contestant> Race<C> {
    /// A race without contestants; `seed` sets the order within each round.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { live: Vec::new(), rounds: 0, rng: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Lets a contestant in, from the next round on.
    pub fn enter(&mut self, id: usize, contestant: C) {
        self.live.push(Lane { id, contestant, samples: Vec::new() });
    }

    /// The contestants that are still in.
    #[must_use]
    pub fn live(&self) -> &[Lane<C>] {
        &self.live
    }

    /// How many rounds have been run.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Runs every contestant once. `before` is told who is next and says whether there is time.
    pub fn round(&mut self, mut before: impl FnMut(&Lane<C>) -> bool) -> Round<C> {
        let mut order: Vec<usize> = (0..self.live.len()).collect();
        order.shuffle(&mut self.rng);
        let mut dead = Vec::new();
        let mut finished = true;
        for &i in &order {
            let lane = &mut self.live[i];
            if !before(lane) {
                finished = false;
                break;
            }
            match lane.contestant.sample(self.rounds) {
                Ok(sample) => lane.samples.push(sample),
                Err(death) => dead.push((i, death)),
            }
        }
        self.rounds += 1;
        dead.sort_by_key(|&(i, _)| std::cmp::Reverse(i));
        Round { finished, dead: dead.into_iter().map(|(i, death)| (self.live.remove(i), death)).collect() }
    }

    /// Takes out those that were slower than the leader by more than half in both of the last two rounds, each with
    /// how much slower it was at least. Those that `keep` names stay.
    pub fn drop_gross_losers(&mut self, keep: impl Fn(&Lane<C>) -> bool) -> Vec<(Lane<C>, f64)> {
        let Some(leader) = self.live.iter().filter(|lane| lane.samples.len() >= 2).min_by(by_median) else {
            return Vec::new();
        };
        let pace = last_two(leader);
        let slower = |lane: &Lane<C>| -> Option<f64> {
            let ratios = last_two(lane).zip(pace).map(|(own, lead)| [own[0] / lead[0], own[1] / lead[1]])?;
            let least = ratios[0].min(ratios[1]);
            (least > GROSS && !keep(lane)).then_some(least)
        };
        let mut dropped = Vec::new();
        for i in (0..self.live.len()).rev() {
            if let Some(factor) = slower(&self.live[i]) {
                dropped.push((self.live.remove(i), factor));
            }
        }
        dropped
    }

    /// Takes out the slowest, unless `keep` names it, until `limit` are left.
    pub fn drop_slowest(&mut self, limit: usize, keep: impl Fn(&Lane<C>) -> bool) -> Vec<Lane<C>> {
        let mut dropped = Vec::new();
        while self.live.len() > limit {
            let candidates = self.live.iter().enumerate().filter(|(_, lane)| !lane.samples.is_empty() && !keep(lane));
            let Some((i, _)) = candidates.max_by(|(_, a), (_, b)| a.median().total_cmp(&b.median())) else { break };
            dropped.push(self.live.remove(i));
        }
        dropped
    }

    /// Ends the race.
    #[must_use]
    pub fn finish(self) -> Vec<Lane<C>> {
        self.live
    }
}

fn by_median<C>(a: &&Lane<C>, b: &&Lane<C>) -> std::cmp::Ordering {
    a.median().total_cmp(&b.median())
}

fn last_two<C>(lane: &Lane<C>) -> Option<[f64; 2]> {
    match lane.samples[..] {
        [.., ref a, ref b] => Some([a.seconds_per_task(), b.seconds_per_task()]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes the given seconds, round by round; dies when they run out.
    struct Mock(Vec<f64>);

    impl Contestant for Mock {
        type Death = &'static str;

        fn sample(&mut self, round: usize) -> Result<Sample, Self::Death> {
            let wall_s = *self.0.get(round).ok_or("out of samples")?;
            Ok(Sample { round, wall_s, tasks: 1, ..Sample::default() })
        }
    }

    fn race(times: &[&[f64]], rounds: usize) -> Race<Mock> {
        let mut race = Race::new(7);
        times.iter().enumerate().for_each(|(id, times)| race.enter(id, Mock(times.to_vec())));
        for _ in 0..rounds {
            assert!(race.round(|_| true).dead.is_empty());
        }
        race
    }

    #[test]
    fn each_runs_once_a_round_in_an_order_that_changes() {
        let times = [1.0; 40];
        let mut race = race(&[&times, &times, &times], 0);
        let mut orders = std::collections::HashSet::new();
        for _ in 0..40 {
            let mut order = Vec::new();
            race.round(|lane| {
                order.push(lane.id);
                true
            });
            let mut ids = order.clone();
            ids.sort_unstable();
            assert_eq!(ids, [0, 1, 2]);
            orders.insert(order);
        }
        assert_eq!(orders.len(), 6, "all orders of three");
    }

    #[test]
    fn gross_losers_leave_after_two_rounds_and_not_before() {
        let times: [&[f64]; 3] = [&[1.0, 1.0], &[1.4, 1.4], &[1.6, 1.7]];
        assert!(race(&times, 1).drop_gross_losers(|_| false).is_empty());
        let mut two = race(&times, 2);
        let dropped = two.drop_gross_losers(|_| false);
        assert_eq!(dropped.len(), 1);
        assert_eq!((dropped[0].0.id, dropped[0].1), (2, 1.6));
        assert!(race(&times, 2).drop_gross_losers(|lane| lane.id == 2).is_empty(), "kept");
    }

    #[test]
    fn one_slow_round_is_no_reason_to_leave() {
        assert!(race(&[&[1.0, 1.0], &[9.0, 1.0]], 2).drop_gross_losers(|_| false).is_empty());
    }

    #[test]
    fn the_dead_are_handed_back_and_the_others_go_on() {
        let mut race = race(&[&[1.0, 1.0], &[1.0]], 1);
        let Round { finished, dead } = race.round(|_| true);
        assert!(finished);
        assert_eq!((dead[0].0.id, dead[0].1), (1, "out of samples"));
        assert_eq!(race.live().len(), 1);
    }

    #[test]
    fn a_round_may_be_cut_short() {
        let mut race = race(&[&[1.0], &[1.0]], 0);
        let mut left = 1;
        let round = race.round(|_| {
            left -= 1;
            left >= 0
        });
        assert!(!round.finished);
        assert_eq!(race.live().iter().map(|lane| lane.samples.len()).sum::<usize>(), 1);
    }

    #[test]
    fn the_slowest_make_room() {
        let mut race = race(&[&[3.0], &[1.0], &[2.0]], 1);
        let dropped: Vec<usize> = race.drop_slowest(1, |lane| lane.id == 0).iter().map(|lane| lane.id).collect();
        assert_eq!(dropped, [2, 1]);
    }
}
