//! What OpenBLAS tells of itself, and its thread setting: functions of its own, beside BLAS.

use std::ffi::{CStr, c_char, c_int};

// Nothing is used of it: it makes the linker find OpenBLAS.
use blas_src as _;

unsafe extern "C" {
    safe fn openblas_get_config() -> *const c_char;
    safe fn openblas_get_corename() -> *const c_char;
    safe fn openblas_get_num_threads() -> c_int;
    safe fn openblas_set_num_threads(threads: c_int);
}

/// Version, build options, the core of the build, and the largest thread count, for example
/// `OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64`.
pub(crate) fn config() -> &'static str {
    // SAFETY: the function returns a string that ends with zero, in a buffer that lives as long as the process and is
    // written the same at each call.
    unsafe { CStr::from_ptr(openblas_get_config()) }.to_str().unwrap_or_default()
}

/// The core whose kernels were chosen when the library was loaded.
pub(crate) fn core_name() -> &'static str {
    // SAFETY: as in `config`.
    unsafe { CStr::from_ptr(openblas_get_corename()) }.to_str().unwrap_or_default()
}

/// The second word of the configuration.
pub(crate) fn version() -> &'static str {
    config().split_whitespace().nth(1).unwrap_or("unknown")
}

/// The largest thread count of this build, where it is told.
pub(crate) fn most_threads() -> Option<usize> {
    config().split_whitespace().find_map(|word| word.strip_prefix("MAX_THREADS=")?.parse().ok())
}

/// The thread count in force.
pub(crate) fn threads() -> c_int {
    openblas_get_num_threads()
}

/// Sets the thread count of the whole process.
pub(crate) fn set_threads(threads: c_int) {
    openblas_set_num_threads(threads);
}
