//! What the benches share: a clean environment, the backends that take part, operands, and the check of an answer.
//!
//! Each bench compares single calls on one thread. Libraries choose their kernels and start their threads while they
//! are loaded, before `main`, so a bench started in another environment executes itself again in the right one.
#![allow(dead_code, reason = "each bench uses a part of this")]

use std::env;
use std::io::Error as IoError;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use criterion::Criterion;
use gingham::core::ndarray::Array1;
use gingham::core::{Backend, DType, Op, OpThreads, Registry, Scalar, Support};
use gingham::machine::environment::kernel_variables;

/// One thread for those libraries that ask the environment.
const THREADS: [(&str, &str); 3] =
    [("MATMUL_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1"), ("MKL_THREADING_LAYER", "SEQUENTIAL")];

/// The main function of every bench: `bench` in a clean environment.
pub(crate) fn run(bench: fn(&mut Criterion, &Contest)) {
    clean_environment();
    let short = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = short.sample_size(20).configure_from_args();
    bench(&mut criterion, &Contest { registry: gingham::registry() });
    criterion.final_summary();
}

/// Returns in a process whose environment is clean: in a new one where this one's is not.
pub(crate) fn clean_environment() {
    if !environment_is_clean() {
        panic!("executing the bench again without the variables that choose kernels: {}", execute_again());
    }
}

fn environment_is_clean() -> bool {
    kernel_variables().is_empty() && THREADS.iter().all(|&(name, count)| env::var(name).is_ok_and(|set| set == count))
}

/// Replaces this process; returns only where that fails.
fn execute_again() -> IoError {
    let program = match env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut command = Command::new(program);
    command.args(env::args_os().skip(1)).envs(THREADS);
    for (name, _) in kernel_variables() {
        command.env_remove(name);
    }
    command.exec()
}

/// The backends of this build.
pub(crate) struct Contest {
    registry: Registry,
}

impl Contest {
    /// Calls `body` with each backend whose own arithmetic does `op`, limited to one thread; at the smallest size with
    /// the reference too, to show how far they are ahead.
    pub(crate) fn each(&self, op: Op, dtype: DType, smallest: bool, mut body: impl FnMut(&dyn Backend)) {
        for backend in self.registry.iter() {
            if backend.support(op, dtype) == Support::Native || (smallest && backend.info().id == "reference") {
                let _limit = backend.limit(OpThreads::ONE).unwrap_or_else(|error| panic!("{error}"));
                body(&**backend);
            }
        }
    }
}

/// `len` integers from -4 to 4: sums of their products are exact in every order, up to 2^20 terms in f32.
pub(crate) fn integers<T: Scalar>(len: usize, seed: u64) -> Array1<T> {
    uniform(len, seed).mapv_into(|u: T| (u * T::from_f64(9.0)).floor() - T::from_f64(4.0))
}

/// `len` numbers in [1/4, 4), where every element-wise function is defined and none overflows.
pub(crate) fn positive<T: Scalar>(len: usize, seed: u64) -> Array1<T> {
    uniform(len, seed).mapv_into(|u: T| u * T::from_f64(3.75) + T::from_f64(0.25))
}

/// Numbers in [0, 1) with 23 random bits: the high bits of Knuth's 64-bit linear congruential generator (The Art of
/// Computer Programming, vol. 2, 3rd ed., section 3.3.4).
pub(crate) fn uniform<T: Scalar>(len: usize, seed: u64) -> Array1<T> {
    let mut state = seed;
    Array1::from_shape_fn(len, |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 41) as f64 / f64::from(1 << 23))
    })
}

/// Ends the bench unless `got` is `expected` to within `ulps` units in the last place, NaN never being.
pub(crate) fn verify<'a, T: Scalar + 'a>(
    backend: &dyn Backend,
    op: Op,
    got: impl IntoIterator<Item = &'a T>,
    expected: impl IntoIterator<Item = &'a T>,
    ulps: f64,
) {
    let id = backend.info().id;
    for (i, (&got, &expected)) in got.into_iter().zip(expected).enumerate() {
        let ok = (got - expected).abs() <= T::from_f64(ulps) * T::epsilon() * expected.abs();
        assert!(ok, "{id}: wrong {op} at element {i}: {got}, expected {expected}");
    }
}
