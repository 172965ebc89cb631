//! Gingham backend `openblas`: the system's OpenBLAS, through its C interface.
//!
//! BLAS has the product and the dot product; every other operation is core's reference. Its threads are one setting
//! for the whole process, which [`Backend::limit`] changes and restores.

mod batch;
mod call;
mod dot;
mod library;
mod matmul;
mod openmp;

use std::ffi::c_int;

use gingham_core::{
    Backend, BackendId, DType, Elementwise, Error, Fill, Info, Limit, Op, OpThreads, Ops, Scalar, Support, Threading,
    Variable,
};

/// The variable that the library takes its first thread count from.
const VAR: &str = "OPENBLAS_NUM_THREADS";

/// The last two serve debugging.
const VARIABLES: [Variable; 3] = [
    Variable::new(VAR, "the threads that it starts with"),
    Variable::of_kernels("OPENBLAS_CORETYPE", "kernels of another CPU than this one"),
    Variable::of_kernels("OPENBLAS_L2_SIZE", "blocks for a cache of so many KiB"),
];

const ID: BackendId = BackendId::new("openblas");

/// The first note is for programs whose threads OpenMP has bound.
const NOTES: [&str; 5] = [
    "OpenMP binds threads to CPUs: all that this program starts are on one; unset OMP_PROC_BIND, OMP_PLACES and \
     GOMP_CPU_AFFINITY",
    "copied into scratch: matrices without contiguous rows or columns, or with a stride below their length",
    "a call takes up to 128 KiB of the stack, depending on the kernels",
    "dimensions, leading dimensions and increments end at 2^31 - 1",
    "threads are a setting of the process; pthread builds run one multi-threaded product at a time",
];

/// The backend `openblas`.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenBlas;

impl OpenBlas {
    /// The backend.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Backend for OpenBlas {
    fn info(&self) -> Info {
        Info::new(ID, "OpenBLAS", library::version())
            .with_kernels(format!("{} ({})", library::core_name(), library::config()))
            .with_notes(if openmp::is_bound() { &NOTES } else { &NOTES[1..] })
    }

    fn threading(&self) -> Threading {
        Threading::Process { var: VAR }
    }

    fn variables(&self) -> &[Variable] {
        &VARIABLES
    }

    fn support(&self, op: Op, _dtype: DType) -> Support {
        match op {
            Op::MatMul | Op::Dot => Support::Native,
            Op::Fill | Op::Unary(_) | Op::Binary(_) | Op::Random(_) => Support::Fallback,
        }
    }

    fn stack(&self) -> usize {
        128 << 10 // 49 KiB with the kernels of Haswell, 18 KiB with those of SkylakeX, 100 KiB have been seen.
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        let refused = |most: usize| Error::Threads {
            backend: ID,
            given: threads.get(),
            expected: format!("this OpenBLAS was built for at most {most}"),
        };
        library::check()?;
        // A count above the maximum would be clamped, after all those threads have been started.
        if let Some(most) = library::most_threads().filter(|&most| threads.get() > most) {
            return Err(refused(most));
        }
        let before = library::openblas_get_num_threads();
        let limit = Limit::restoring(move || set_threads(before));
        set_threads(int("a thread count", threads.get())?);
        match library::openblas_get_num_threads() as usize {
            given if given == threads.get() => Ok(limit),
            given => Err(refused(given)),
        }
    }
}

impl Ops<f32> for OpenBlas {}
impl Ops<f64> for OpenBlas {}
impl<T: Scalar> Fill<T> for OpenBlas {}
impl<T: Scalar> Elementwise<T> for OpenBlas {}

/// Sets the thread count of the whole process.
fn set_threads(threads: c_int) {
    library::openblas_set_num_threads(threads);
    openmp::forget();
}

/// Before each call, on the thread that makes it.
fn enter(threads: OpThreads) -> Result<(), Error> {
    library::check()?;
    openmp::apply(threads);
    Ok(())
}

/// `value` as BLAS's integer. (The package built for 64-bit integers has other symbols and is not linked.)
fn int(what: &'static str, value: usize) -> Result<c_int, Error> {
    value.try_into().map_err(|_| Error::TooLarge { backend: ID, what, given: value, limit: c_int::MAX as usize })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_until_it_is_dropped() {
        let before = library::openblas_get_num_threads();
        for n in [1, 2, 3] {
            let limit = OpenBlas.limit(OpThreads::new(n).expect("small")).expect("any build gives three threads");
            assert_eq!(library::openblas_get_num_threads() as usize, n);
            drop(limit);
            assert_eq!(library::openblas_get_num_threads(), before);
        }
        let most = library::most_threads().expect("the configuration names its maximum");
        let error = OpenBlas.limit(OpThreads::new(most + 1).expect("below 4096")).expect_err("beyond the maximum");
        assert!(error.to_string().contains(&format!("at most {most}")), "{error}");
        assert_eq!(library::openblas_get_num_threads(), before);
    }

    #[test]
    fn info_comes_from_the_library() {
        let info = OpenBlas.info();
        assert!(info.version.starts_with(|c: char| c.is_ascii_digit()), "{info:?}");
        assert!(info.kernels.contains("MAX_THREADS"), "{info:?}");
    }
}
