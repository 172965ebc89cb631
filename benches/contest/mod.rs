//! What the benches share: a clean environment, rows, rounds, and operands.
//!
//! Libraries choose their kernels and start their threads while they are loaded, before `main`, so a bench executes
//! itself again in the right environment, once for each number of op threads.
#![allow(dead_code, reason = "each bench uses a part of this")]

pub(crate) mod memory;
pub(crate) mod race;
pub(crate) mod row;

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{self, Command};
use std::time::Duration;

use criterion::Criterion;
use gingham::core::{DType, Op, Scalar};
use gingham::machine::environment::kernel_variables;

use row::Row;

/// The variable that marks a clean environment. Its value is the number of op threads.
const MARK: &str = "GINGHAM_BENCH_THREADS";

/// The main function of a bench that compares `ops` at `sizes`, both element types, on one thread.
pub(crate) fn run(ops: &[Op], sizes: &[&str]) {
    let rows = ops.iter().flat_map(|&op| DType::ALL.into_iter().map(move |dtype| (op, dtype)));
    let rows = rows.flat_map(|(op, dtype)| sizes.iter().map(move |size| Row::new(op, dtype, size)));
    compare(&rows.collect::<Vec<_>>());
}

/// Compares the backends in each of `rows`; the rows of each number of op threads run in a process of their own.
pub(crate) fn compare(rows: &[Row]) {
    let mut counts: Vec<usize> = rows.iter().map(|row| row.op_threads.get()).collect();
    counts.sort_unstable();
    counts.dedup();
    let Some(threads) = clean_environment(&counts) else { return };
    let mut criterion = criterion();
    let registry = gingham::registry();
    for row in rows.iter().filter(|row| row.op_threads.get() == threads) {
        row.compare(&mut criterion, &registry);
    }
    criterion.final_summary();
}

/// Criterion with the settings of the command line. A second in 20 samples is enough where the sides run in turn.
pub(crate) fn criterion() -> Criterion {
    Criterion::default().measurement_time(Duration::from_secs(1)).sample_size(20).configure_from_args()
}

/// For each of `counts` in turn, starts this program again in an environment without the variables that choose kernels,
/// which gives libraries so many op threads. The new process gets its count back, this one `None` if `counts` is empty.
pub(crate) fn clean_environment(counts: &[usize]) -> Option<usize> {
    if let Some(count) = env::var(MARK).ok().and_then(|count| count.parse().ok()) {
        return Some(count);
    }
    let (&last, others) = counts.split_last()?;
    for &count in others {
        let status = again(count).status().unwrap_or_else(|error| panic!("executing the bench again: {error}"));
        if !status.success() {
            process::exit(status.code().unwrap_or(1));
        }
    }
    panic!("executing the bench again: {}", again(last).exec());
}

fn again(count: usize) -> Command {
    let program = env::current_exe().unwrap_or_else(|error| panic!("this program's own name: {error}"));
    let mut command = Command::new(program);
    command.args(env::args_os().skip(1)).env(MARK, count.to_string()).env("MKL_THREADING_LAYER", "SEQUENTIAL");
    for variable in ["MATMUL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
        command.env(variable, count.to_string());
    }
    for (name, _) in kernel_variables() {
        command.env_remove(name);
    }
    command
}

/// `len` integers from -4 to 4: sums of their products are exact in every order, up to 2^20 terms in f32.
pub(crate) fn integers<T: Scalar>(len: usize, seed: u64) -> Vec<T> {
    uniform(len, seed).into_iter().map(|u: T| (u * T::from_f64(9.0)).floor() - T::from_f64(4.0)).collect()
}

/// `len` numbers in [0, 1) with 23 random bits.
pub(crate) fn uniform<T: Scalar>(len: usize, mut seed: u64) -> Vec<T> {
    let next = || T::from_f64((drawn(&mut seed) >> 41) as f64 / f64::from(1 << 23));
    std::iter::repeat_with(next).take(len).collect()
}

/// A random order, uniform (Fisher and Yates): the side that is timed first must not be the same in every round.
pub(crate) fn shuffle(order: &mut [usize], state: &mut u64) {
    for i in (1..order.len()).rev() {
        order.swap(i, (drawn(state) >> 33) as usize % (i + 1));
    }
}

/// A number whose high bits are random: Knuth's 64-bit linear congruential generator (The Art of Computer Programming,
/// vol. 2, 3rd ed., section 3.3.4).
fn drawn(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state
}
