//! The order within a round: balanced, so that over some rounds each runs equally often in each place and after
//! each other one.
//!
//! Each round is a row of a Williams design (1949): a Latin square in which every ordered pair of neighbours occurs
//! once, or, for an odd number, two squares in which it occurs twice. Names and rows are dealt by a seed. Plain
//! shuffling balances only on average, and in ten rounds of ten candidates one runs after the same noisy one three
//! times.

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

/// Deals orders of `n` candidates, for as long as these are the same.
#[derive(Debug)]
pub struct Order {
    rng: ChaCha8Rng,
    candidates: usize,
    rows: Vec<Vec<usize>>,
}

impl Order {
    /// `seed` sets every order.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { rng: ChaCha8Rng::seed_from_u64(seed), candidates: 0, rows: Vec::new() }
    }

    /// The order of the next round among `n`: each of `0..n` once. A new design begins where the last one is used up,
    /// or was for another number.
    pub fn next(&mut self, n: usize) -> Vec<usize> {
        if n != self.candidates || self.rows.is_empty() {
            self.candidates = n;
            let mut names: Vec<usize> = (0..n).collect();
            names.shuffle(&mut self.rng);
            self.rows = williams(n).into_iter().map(|row| row.into_iter().map(|i| names[i]).collect()).collect();
            self.rows.shuffle(&mut self.rng);
        }
        self.rows.pop().unwrap_or_default()
    }
}

/// Rows of the design for `n`: `n` of them, or `2 n` for odd `n`.
fn williams(n: usize) -> Vec<Vec<usize>> {
    // 0, 1, n-1, 2, n-2, ...: neighbours differ by each of 1 .. n-1 once.
    let zigzag = |i: usize| if i % 2 == 1 { i.div_ceil(2) } else { (n - i / 2) % n };
    let square = (0..n).map(|shift| (0..n).map(|i| (zigzag(i) + shift) % n).collect::<Vec<_>>());
    let mirrored = square.clone().filter(|_| n % 2 == 1).map(|row| row.into_iter().rev().collect());
    square.clone().chain(mirrored).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_place_and_every_neighbour_equally_often() {
        for n in 1..20 {
            let rows = if n % 2 == 1 { 2 * n } else { n };
            let mut order = Order::new(5);
            let (mut places, mut neighbours) = (HashMap::new(), HashMap::new());
            for _ in 0..rows {
                let row = order.next(n);
                row.iter().enumerate().for_each(|at| *places.entry(at.0 * n + at.1).or_insert(0) += 1);
                row.windows(2).for_each(|pair| *neighbours.entry((pair[0], pair[1])).or_insert(0) += 1);
            }
            assert!(places.len() == n * n && places.values().all(|&times| times == rows / n), "{n}");
            let expected = if n % 2 == 1 { 2 } else { 1 };
            assert!(neighbours.len() == n * (n - 1) && neighbours.values().all(|&times| times == expected), "{n}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_orders_again() {
        let orders = |seed| {
            let mut order = Order::new(seed);
            [5, 5, 4, 7].map(|n| order.next(n))
        };
        assert_eq!(orders(1), orders(1));
        assert_ne!(orders(1), orders(2));
    }

    #[test]
    fn none_has_no_order() {
        assert!(Order::new(0).next(0).is_empty());
    }
}
