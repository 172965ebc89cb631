//! Pairwise covering: few cases in which every pair of levels of every two factors occurs.
//!
//! Bugs of kernels mostly need two things together (this order with that stride, this remainder with beta = 0), while
//! all combinations of a product's seventeen factors would be 10^12. The generator is greedy: each row starts from a
//! pair not seen yet and takes for every other factor the level that adds most new pairs.

use super::random::Random;

/// Rows of levels, one level in `0..levels[f]` for each factor `f`.
pub(super) fn rows(levels: &[usize], random: &mut Random) -> Vec<Vec<usize>> {
    let first: Vec<usize> = levels.iter().scan(0, |sum, &n| Some(std::mem::replace(sum, *sum + n))).collect();
    let total: usize = levels.iter().sum();
    let mut seen = vec![false; total * total];
    let pair = |(f, level): (usize, usize), (g, other): (usize, usize)| (first[f] + level) * total + first[g] + other;
    let mut rows = Vec::new();
    for f in 0..levels.len() {
        for g in f + 1..levels.len() {
            for (level, other) in (0..levels[f]).flat_map(|i| (0..levels[g]).map(move |j| (i, j))) {
                if seen[pair((f, level), (g, other))] {
                    continue;
                }
                let mut chosen = vec![(f, level), (g, other)];
                for h in (0..levels.len()).filter(|&h| h != f && h != g) {
                    let start = random.below(levels[h]);
                    let turned = (0..levels[h]).map(|i| (h, (start + i) % levels[h]));
                    let gain = |&new: &(usize, usize)| chosen.iter().filter(|&&old| !seen[pair(old, new)]).count();
                    chosen.push(turned.max_by_key(gain).expect("a factor has levels"));
                }
                for &one in &chosen {
                    chosen.iter().for_each(|&two| seen[pair(one, two)] = true);
                }
                chosen.sort_unstable();
                rows.push(chosen.into_iter().map(|(_, level)| level).collect());
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_levels_occurs_in_few_rows() {
        let levels = [21, 21, 2, 4, 4, 5];
        let rows = rows(&levels, &mut Random::new(1));
        for f in 0..levels.len() {
            for g in f + 1..levels.len() {
                for (i, j) in (0..levels[f]).flat_map(|i| (0..levels[g]).map(move |j| (i, j))) {
                    assert!(rows.iter().any(|row| row[f] == i && row[g] == j), "factors {f}, {g}: levels {i}, {j}");
                }
            }
        }
        assert!(rows.len() < 2 * 21 * 21, "{} rows", rows.len());
    }
}
