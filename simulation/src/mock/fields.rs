//! The fields of candidates that are tuned.

use super::SECONDS;

/// A candidate with its true time.
#[derive(Debug, Clone)]
pub struct MockCandidate {
    /// Its combination's text form.
    pub name: String,
    /// Seconds of a task without noise.
    pub seconds: f64,
    /// Its noise, as a multiple of the others' noise.
    pub noisy: f64,
}

/// A backend for each of `times`, on one thread; times are multiples of [`SECONDS`].
pub fn serial(times: &[f64]) -> Vec<MockCandidate> {
    let named = times.iter().enumerate().map(|(i, time)| (format!("b{i:02}+serial"), *time));
    named.map(|(name, time)| MockCandidate { name, seconds: time * SECONDS, noisy: 1.0 }).collect()
}

/// A leader and its equal, one slower by 1 %, and four that are clearly slower: the first three are the right tie set.
pub fn graded() -> Vec<MockCandidate> {
    serial(&[1.0, 1.0, 1.01, 1.1, 1.25, 1.6, 2.0])
}

/// A leader and its equal, and one of each difference of interest.
pub fn company() -> Vec<MockCandidate> {
    serial(&[1.0, 1.0, 1.01, 1.05, 1.1, 1.25, 1.6, 2.0])
}

/// `field`, with the candidate at `place` three times as noisy as the others.
pub fn one_noisy(mut field: Vec<MockCandidate>, place: usize) -> Vec<MockCandidate> {
    field[place].noisy = 3.0;
    field
}

/// Four backends in ten arrangements each: ten of the forty are equals, 26 are slower by 6 to 81 %, and the four on one
/// thread by 260 %.
pub fn forty() -> Vec<MockCandidate> {
    const MANY: [&str; 9] = [
        "+threads:4",
        "+threads:4:1",
        "+threads:4:8",
        "+rayon:4",
        "+rayon:4:1",
        "+rayon:4:8",
        ":2+threads:2",
        ":2+rayon:2",
        ":4+serial",
    ];
    let candidate = |name: String, time: f64| MockCandidate { name, seconds: time * SECONDS, noisy: 1.0 };
    let alone = (0..4).map(|backend| candidate(format!("b{backend}+serial"), 3.6));
    let together = (0..36).map(|i| {
        // 7 and 36 have no common divisor: each rank is dealt once, and no backend has all the fast ones.
        let rank = i * 7 % 36;
        let time = if rank < 10 { 1.0 } else { 1.06 + 0.03 * (rank - 10) as f64 };
        candidate(format!("b{}{}", i / 9, MANY[i % 9]), time)
    });
    alone.chain(together).collect()
}
