//! Finds the fastest executor for a closure, and runs it there: `cargo run --release --example tune_closure`.

use std::time::Duration;

use gingham::{FnTuner, Registry};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<u64> = (0..2000).map(|i| 1_000_000_007 + 2 * i).collect();

    let budget = Duration::from_secs(5);
    let mut tuner = FnTuner::default();
    tuner.budget = budget;
    tuner.progress = gingham::progress(budget);
    let tuned = tuner.tune_fn(numbers.len(), |_cx, item| {
        std::hint::black_box(is_prime(numbers[item]));
        Ok(())
    })?;
    println!("{tuned}");

    let mut prime = vec![false; numbers.len()];
    tuned.plan(&Registry::new())?.call_each_mut(&mut prime, |_cx, item, prime| {
        *prime = is_prime(numbers[item]);
        Ok(())
    })?;
    let primes = prime.iter().filter(|&&prime| prime).count();
    println!("{primes} of {} odd numbers from {} on are prime", numbers.len(), numbers[0]);
    Ok(())
}

/// By trial division: cheap for most numbers, expensive for primes.
fn is_prime(n: u64) -> bool {
    (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}
