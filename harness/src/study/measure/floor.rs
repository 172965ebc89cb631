//! What no arrangement of products can beat: all cores multiply at their ceiling, and all of them touch the memory that
//! is new.

use std::hint::black_box;
use std::thread;
use std::time::Instant;

use gingham_machine::{Ceilings, Machine};

use crate::study::race::Sample;

/// Bytes whose first touch is timed: long enough for a rate, short enough to be free.
const TOUCHED: usize = 512 << 20;

/// Seconds of `tasks` products of n x n matrices, of which each has so many matrices to touch for the first time.
pub(super) fn sample(cpus: usize, tasks: usize, n: usize, matrices_per_task: usize) -> Sample {
    Box::new(move || {
        let ceiling = Ceilings::measure(&Machine::probe()).all_cores.fma_f64;
        let flops = 2.0 * (n as f64).powi(3) * tasks as f64;
        let bytes = tasks * matrices_per_task * n * n * size_of::<f64>();
        Ok(vec![flops / ceiling + bytes as f64 / first_touch(cpus, bytes.min(TOUCHED))])
    })
}

/// Bytes a second that `cpus` threads write to new memory.
fn first_touch(cpus: usize, bytes: usize) -> f64 {
    let elements = bytes / size_of::<f64>();
    let mut memory = vec![0.0; elements];
    let begin = Instant::now();
    thread::scope(|scope| {
        for part in memory.chunks_mut(elements.div_ceil(cpus).max(1)) {
            scope.spawn(|| part.fill(1.0));
        }
    });
    black_box(&memory);
    bytes as f64 / begin.elapsed().as_secs_f64()
}
