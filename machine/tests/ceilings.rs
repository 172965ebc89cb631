//! The ceilings of the machine that runs the tests. Other programs may slow it, so no test says how high they are.

use std::time::{Duration, Instant};

use gingham_machine::ceilings::Rates;
use gingham_machine::{Ceilings, Machine};

fn figures(rates: &Rates) -> [f64; 5] {
    [rates.fma_f64, rates.fma_f32, rates.read, rates.write, rates.copy]
}

#[test]
fn ceilings_are_finite_in_time_and_not_halved_by_more_cores() {
    let machine = Machine::probe();
    // Another program may take a CPU during one of the ten figures; three times in a row would be our fault.
    let halved = (0..3).all(|_| {
        let start = Instant::now();
        let ceilings = Ceilings::measure(&machine);
        assert!(start.elapsed() < Duration::from_secs(20), "2 s are promised: {:?}", start.elapsed());
        assert_eq!(ceilings.threads, machine.usable_cpus);
        assert!(ceilings.footprint_bytes > 0);
        let (one, all) = (figures(&ceilings.per_core), figures(&ceilings.all_cores));
        assert!(one.iter().chain(&all).all(|rate| rate.is_finite() && *rate > 0.0), "{ceilings:?}");
        one.iter().zip(&all).any(|(one, all)| *all < 0.5 * one)
    });
    assert!(!halved, "all cores gave less than half of what one gives, three times");
}

#[test]
fn ceilings_survive_json() {
    let rates = Rates { fma_f64: 118e9, fma_f32: 236.5e9, read: 4e10, write: 4.1e10, copy: 6e10 };
    let ceilings = Ceilings::new(rates.clone(), rates, 2, 128 << 20);
    let text = serde_json::to_string(&ceilings).unwrap();
    assert_eq!(serde_json::from_str::<Ceilings>(&text).unwrap(), ceilings);
}
