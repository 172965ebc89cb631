//! OpenBLAS's own functions beside BLAS: what it reports about itself, its thread setting, and functions that not every
//! version has.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::OnceLock;

// Makes the linker find OpenBLAS.
use blas_src as _;

use cblas_sys::{cblas_ddot, cblas_dgemm, cblas_sdot, cblas_sgemm};
use gingham_core::Error;

use crate::ID;

unsafe extern "C" {
    safe fn openblas_get_config() -> *const c_char;
    safe fn openblas_get_corename() -> *const c_char;
    /// The thread count in force.
    pub(crate) safe fn openblas_get_num_threads() -> c_int;
    safe fn openblas_get_parallel() -> c_int;
    /// Sets the thread count of the whole process, and, in a build with OpenMP, of the calling thread.
    pub(crate) safe fn openblas_set_num_threads(threads: c_int);
}

/// Version, build options, the core of the build, and the largest thread count, for example
/// `OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64`.
pub(crate) fn config() -> &'static str {
    static CONFIG: OnceLock<String> = OnceLock::new();
    // Read once, and copied: each call writes into the library's one buffer. Two calls at a time have given
    // `MAX_THREADS=64 MAX_THREADS=64`.
    CONFIG.get_or_init(|| {
        // SAFETY: the function returns a string that ends with zero, in a buffer that lives as long as the process and
        // that nobody writes meanwhile, since it is called here alone.
        unsafe { CStr::from_ptr(openblas_get_config()) }.to_string_lossy().into_owned()
    })
}

/// The core whose kernels were chosen when the library was loaded.
pub(crate) fn core_name() -> &'static str {
    // SAFETY: the function returns a string that ends with zero and that nobody writes: an entry of a constant table.
    unsafe { CStr::from_ptr(openblas_get_corename()) }.to_str().unwrap_or_default()
}

/// The second word of the configuration.
pub(crate) fn version() -> &'static str {
    config().split_whitespace().nth(1).unwrap_or("unknown")
}

/// The largest thread count of this build, if it is reported.
pub(crate) fn most_threads() -> Option<usize> {
    config().split_whitespace().find_map(|word| word.strip_prefix("MAX_THREADS=")?.parse().ok())
}

/// Whether the library's threads are OpenMP's.
pub(crate) fn is_openmp() -> bool {
    openblas_get_parallel() == 2
}

/// Checks, before anything is computed, that the BLAS functions called here are OpenBLAS's. If another CBLAS is linked
/// into the program, its functions take their place, while OpenBLAS still reports itself.
///
/// # Errors
/// [`Error::Library`] with the name of a function that is another library's.
pub(crate) fn check() -> Result<(), Error> {
    static FOREIGN: OnceLock<Option<String>> = OnceLock::new();
    match FOREIGN.get_or_init(foreign) {
        None => Ok(()),
        Some(message) => Err(Error::Library { backend: ID, message: message.clone() }),
    }
}

/// A BLAS function that another library has replaced, and both libraries, in words.
fn foreign() -> Option<String> {
    let functions = [
        ("cblas_sgemm", cblas_sgemm as *const c_void),
        ("cblas_dgemm", cblas_dgemm as *const c_void),
        ("cblas_sdot", cblas_sdot as *const c_void),
        ("cblas_ddot", cblas_ddot as *const c_void),
    ];
    let (own, there) = object(openblas_get_config as *const c_void)?;
    functions.into_iter().find_map(|(name, address)| {
        let (_, here) = object(address).filter(|&(base, _)| base != own)?;
        Some(format!("`{name}` is not OpenBLAS's ({there}): {here} has one that takes its place; link one CBLAS only"))
    })
}

/// The address of a function of the library that `openblas_get_config` is from: another library of the process may have
/// one of that name.
pub(crate) fn symbol(name: &CStr) -> Option<NonNull<c_void>> {
    let base = |address| object(address).map(|(base, _)| base);
    loaded(name).filter(|found| base(found.as_ptr()) == base(openblas_get_config as *const c_void))
}

/// The object that holds an address: where it begins in memory, and its file.
#[cfg(unix)]
fn object(address: *const c_void) -> Option<(*mut c_void, String)> {
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `dladdr` takes any address, and fills the structure unless it returns 0; all zeros are one, too.
    let info = unsafe { (libc::dladdr(address, info.as_mut_ptr()) != 0).then(|| info.assume_init()) }?;
    // SAFETY: the name of an object that is loaded ends with zero, and stays.
    let file = unsafe { CStr::from_ptr(info.dli_fname) }.to_string_lossy().into_owned();
    Some((info.dli_fbase, file))
}

/// The address of a function of any library of the process.
#[cfg(unix)]
pub(crate) fn loaded(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: the name ends with zero, and the pseudo-handle stands for all libraries loaded.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

/// Only Unix is asked which object holds an address.
#[cfg(not(unix))]
fn object(_address: *const c_void) -> Option<(*mut c_void, String)> {
    None
}

/// Only Unix is asked for functions by name.
#[cfg(not(unix))]
pub(crate) fn loaded(_name: &CStr) -> Option<NonNull<c_void>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn functions_are_found_by_name_in_this_library_alone() {
        assert!(symbol(c"cblas_dgemm").is_some());
        assert!(symbol(c"malloc").is_none(), "it is there, but not OpenBLAS's");
        assert!(symbol(c"cblas_no_such_function").is_none());
        assert_eq!(symbol(c"cblas_sgemm_batch").is_some(), symbol(c"cblas_dgemm_batch").is_some());
    }
}
