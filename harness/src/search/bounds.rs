//! Which candidates are slower than the leader, and by how much at least: paired, trimmed t bounds on log-ratios.
//!
//! Two candidates are compared by the log of the ratio of their times in each round, so that whatever slows a whole
//! round cancels. The mean of these logs is trimmed by a fifth at each end and its variance winsorised (Tukey and
//! McLaughlin 1963; Yuen 1974), because a burst on a shared machine hits one sample of a round and not the others.
//!
//! The variance is pooled over all candidates, and is at least what a candidate shows against its A/A control, and at
//! least its own. Levels are Holm's (1979) over the candidates, halved because the same samples choose the leader:
//! either of two equals may be called slower than the other. They are spent over the looks and the confirmation in
//! equal parts, so that the chance of a false "slower" in a whole tuning of two stays below [`ALPHA`] by Bonferroni's
//! inequality. Of more than two any may lead, and in theory the half does not cover that; looks that share their
//! samples leave room for it (`docs/trust.md`: below 3 % for eight equals at no tolerance). Comparing with the leader
//! found by the same samples is Gupta's (1965) selection of a subset that holds the best.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The chance that a tuning calls some candidate slower that is not.
pub const ALPHA: f64 = 0.05;

/// Rounds after which the race is looked at. Each look costs its part of [`ALPHA`].
pub const LOOKS: [usize; 9] = [5, 6, 8, 10, 12, 15, 20, 25, 30];

/// Rounds of the confirmation.
pub const CONFIRMATION_ROUNDS: usize = 12;

/// Rounds of the confirmation at least: fewer samples give no interval.
pub const FEWEST_CONFIRMATION_ROUNDS: usize = 6;

/// What each look, and the confirmation after the last, may spend of [`ALPHA`].
pub const SHARE: f64 = ALPHA / (LOOKS.len() + 1) as f64;

/// The part of the logs that is trimmed at each end.
const TRIMMED: f64 = 0.2;

/// One candidate against the leader.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Its place in the list that was compared.
    pub index: usize,
    /// How many times the leader's time it takes.
    pub ratio: f64,
    /// The two-sided 95 % interval of that ratio, for it alone.
    pub interval: [f64; 2],
    /// Whether it is proven slower than the leader by more than the tolerance.
    pub slower: bool,
    /// Whether it is proven to be within the tolerance.
    pub within: bool,
}

/// What the samples of a race say.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The fastest, by its place in the list.
    pub leader: usize,
    /// All the others.
    pub others: Vec<Compared>,
}

/// A trimmed mean of paired logs.
#[derive(Debug, Clone, Copy)]
struct Trimmed {
    mean: f64,
    /// Of one log; the mean's is this over `kept`.
    variance: f64,
    kept: f64,
}

/// Compares candidates by the logs of their times, a list a candidate, an entry a round; `None` where it did not run.
///
/// `control` holds the logs of a second process of one of them, and that one's place. `tolerance` is a share; `alpha`
/// is what this look may spend. `None` where none has run in two rounds together with the leader.
#[must_use]
pub fn compare(
    logs: &[Vec<Option<f64>>],
    control: Option<(usize, &[Option<f64>])>,
    tolerance: f64,
    alpha: f64,
) -> Option<Comparison> {
    let leader = leader(logs)?;
    let mut pairs: Vec<(usize, Trimmed)> = (0..logs.len())
        .filter(|&i| i != leader)
        .filter_map(|i| Some((i, trimmed(&ratios(&logs[i], &logs[leader]))?)))
        .collect();
    if logs.len() > 1 && pairs.is_empty() {
        return None;
    }
    let degrees: f64 = pairs.iter().map(|(_, pair)| pair.kept - 1.0).sum();
    let pooled = pairs.iter().map(|(_, pair)| pair.variance * (pair.kept - 1.0)).sum::<f64>() / degrees;
    let floor = control.and_then(|(of, logs_of_control)| trimmed(&ratios(logs_of_control, logs.get(of)?)));
    let pooled = pooled.max(floor.map_or(0.0, |floor| floor.variance));
    // All pairs share the leader, so their logs correlate by a half and their variances by a quarter: K of them with d
    // degrees of freedom determine the variance as well as 4 K / (K + 3) independent ones.
    let count = pairs.len() as f64;
    let degrees = degrees * 4.0 / (count + 3.0);

    let limit = tolerance.ln_1p();
    let error = |pair: &Trimmed| (pooled.max(pair.variance) / pair.kept).sqrt();
    let against = |pair: &Trimmed| (pair.mean - limit) / error(pair);
    pairs.sort_by(|(_, a), (_, b)| against(b).total_cmp(&against(a)));
    let mut still = true;
    let others = pairs.iter().enumerate().map(|(rank, (index, pair))| {
        // Holm: the clearest must pass the strictest level, and after the first that fails, no other is called slower.
        still &= upper_tail(against(pair), degrees) <= alpha / (2.0 * (count - rank as f64));
        let half = quantile(0.975, degrees) * error(pair);
        Compared {
            index: *index,
            ratio: pair.mean.exp(),
            interval: [(pair.mean - half).exp(), (pair.mean + half).exp()],
            slower: still,
            // All are claimed to be within the tolerance only if each of them is: no level has to be shared (Berger
            // 1982).
            within: upper_tail((limit - pair.mean) / error(pair), degrees) <= alpha,
        }
    });
    Some(Comparison { leader, others: others.collect() })
}

/// The candidate with the smallest mean log. Each round's median is subtracted first, so that a round in which a
/// candidate did not run counts neither for nor against it.
fn leader(logs: &[Vec<Option<f64>>]) -> Option<usize> {
    let rounds = logs.iter().map(Vec::len).max()?;
    let level: Vec<f64> = (0..rounds)
        .map(|round| {
            let present: Vec<f64> = logs.iter().filter_map(|lane| *lane.get(round)?).collect();
            crate::stats::median(&present)
        })
        .collect();
    let centred = |lane: &Vec<Option<f64>>| {
        let logs: Vec<f64> = lane.iter().zip(&level).filter_map(|(log, level)| Some((*log)? - level)).collect();
        trimmed(&logs).map(|t| t.mean)
    };
    let means = logs.iter().enumerate().filter_map(|(i, lane)| Some((i, centred(lane)?)));
    means.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, _)| i)
}

/// Log-ratios in the rounds that both ran in.
fn ratios(own: &[Option<f64>], other: &[Option<f64>]) -> Vec<f64> {
    own.iter().zip(other).filter_map(|(own, other)| Some((*own)? - (*other)?)).collect()
}

/// `None` below two values.
fn trimmed(values: &[f64]) -> Option<Trimmed> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = (TRIMMED * n as f64) as usize;
    let kept = &sorted[cut..n - cut];
    let mean = kept.iter().sum::<f64>() / kept.len() as f64;
    let winsorised = sorted.iter().map(|x| x.clamp(kept[0], kept[kept.len() - 1]));
    let centre = winsorised.clone().sum::<f64>() / n as f64;
    let squares: f64 = winsorised.map(|x| (x - centre) * (x - centre)).sum();
    Some(Trimmed { mean, variance: squares / (kept.len() - 1) as f64, kept: kept.len() as f64 })
}

/// The chance that Student's t with `degrees` degrees of freedom is beyond `t`. Where all times are equal `t` is NaN,
/// and nothing is shown.
fn upper_tail(t: f64, degrees: f64) -> f64 {
    match t {
        t if t.is_nan() => 1.0,
        f64::INFINITY => 0.0,
        f64::NEG_INFINITY => 1.0,
        t => student(degrees).sf(t),
    }
}

fn quantile(p: f64, degrees: f64) -> f64 {
    student(degrees).inverse_cdf(p)
}

fn student(degrees: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees).expect("at least one degree of freedom")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Logs of times: each level, with noise that is the same in each call.
    fn lanes(levels: &[f64], rounds: usize, noise: f64) -> Vec<Vec<Option<f64>>> {
        let wobble = |lane: usize, round: usize| ((lane * 37 + round * 101) % 17) as f64 / 8.0 - 1.0;
        let log = |lane: usize, level: f64, round: usize| level.ln() + noise * wobble(lane, round) + round as f64;
        let lane = |(i, &level): (usize, &f64)| (0..rounds).map(|round| Some(log(i, level, round))).collect();
        levels.iter().enumerate().map(lane).collect()
    }

    #[test]
    fn what_slows_a_whole_round_falls_out() {
        let found = compare(&lanes(&[1.0, 1.1, 1.3], 10, 0.01), None, 0.02, ALPHA).unwrap();
        assert_eq!(found.leader, 0);
        for (expected, other) in [(1.1, 1), (1.3, 2)] {
            let other = found.others.iter().find(|o| o.index == other).unwrap();
            assert!((other.ratio / expected - 1.0).abs() < 0.01, "{other:?}");
            assert!(other.slower && !other.within && other.interval[0] < expected && other.interval[1] > expected);
        }
    }

    #[test]
    fn equals_are_within_and_not_slower() {
        let found = compare(&lanes(&[1.0, 1.0], 30, 0.01), None, 0.02, ALPHA).unwrap();
        assert!(found.others[0].within && !found.others[0].slower, "{found:?}");
    }

    #[test]
    fn a_burst_moves_nothing() {
        let mut logs = lanes(&[1.0, 1.1], 10, 0.01);
        for (lane, round) in [(0, 3), (0, 8)] {
            logs[lane][round] = logs[lane][round].map(|log| log + 1.0);
        }
        let found = compare(&logs, None, 0.02, ALPHA).unwrap();
        assert!(found.leader == 0 && found.others[0].slower, "{found:?}");
    }

    #[test]
    fn a_noisy_control_widens_every_interval() {
        let logs = lanes(&[1.0, 1.05], 12, 0.005);
        let control: Vec<_> =
            (0..12).map(|round| Some(round as f64 + if round % 2 == 0 { 0.2 } else { -0.2 })).collect();
        let without = compare(&logs, None, 0.02, ALPHA).unwrap().others[0];
        let with = compare(&logs, Some((0, &control)), 0.02, ALPHA).unwrap().others[0];
        assert!(without.slower && !with.slower, "{without:?} {with:?}");
    }

    #[test]
    fn too_little_says_nothing() {
        assert_eq!(compare(&[], None, 0.02, ALPHA), None);
        assert_eq!(compare(&lanes(&[1.0, 2.0], 1, 0.0), None, 0.02, ALPHA), None);
        assert!(compare(&lanes(&[1.0], 5, 0.01), None, 0.02, ALPHA).unwrap().others.is_empty());
        let equal = compare(&lanes(&[1.0, 1.0], 5, 0.0), None, 0.0, ALPHA).unwrap().others[0];
        assert!(!equal.slower, "no noise and no difference");
    }

    /// Yuen's example by hand: 0..9 and an outlier of 100; two are cut at each end, the rest is 2..7.
    #[test]
    fn trimming() {
        let values: Vec<f64> = (0..9).map(f64::from).chain([100.0]).collect();
        let t = trimmed(&values).unwrap();
        assert_eq!((t.mean, t.kept), (4.5, 6.0));
        // Winsorised: 2 2 2 3 4 5 6 7 7 7, mean 4.5, squares 42.5.
        assert!((t.variance - 42.5 / 5.0).abs() < 1e-12, "{}", t.variance);
    }
}
