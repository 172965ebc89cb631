//! Builds of OpenBLAS whose threads are OpenMP's. There a thread count holds for the calls of the thread that has set
//! it. A worker that has set none works with OpenMP's default, all CPUs, whatever limit is in force, and sets the whole
//! library to it (0.3.21: with a limit of 1 for the process, a call on another thread worked on 2). So every call first
//! sets the count of its own thread, if that differs.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::transmute;
use std::ptr::NonNull;
use std::sync::OnceLock;

use gingham_core::OpThreads;

use crate::library;

thread_local! {
    /// The count that this thread has set last, or 0.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// The functions of OpenMP's runtime that are called here.
#[derive(Clone, Copy)]
struct Runtime {
    set_num_threads: unsafe extern "C" fn(c_int),
    get_proc_bind: unsafe extern "C" fn() -> c_int,
}

/// The runtime, if the library's threads are OpenMP's.
fn runtime() -> Option<Runtime> {
    static FOUND: OnceLock<Option<Runtime>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        if !library::is_openmp() {
            return None;
        }
        let (set, bind) = (library::loaded(c"omp_set_num_threads")?, library::loaded(c"omp_get_proc_bind")?);
        // SAFETY: these are the functions' signatures in the OpenMP standard (5.2, sections 18.2.1 and 18.3.2).
        unsafe {
            Some(Runtime {
                set_num_threads: transmute::<NonNull<c_void>, unsafe extern "C" fn(c_int)>(set),
                get_proc_bind: transmute::<NonNull<c_void>, unsafe extern "C" fn() -> c_int>(bind),
            })
        }
    })
}

/// Sets the calling thread to `threads`, unless it is.
pub(crate) fn apply(threads: OpThreads) {
    if OWN.get() == threads.get() {
        return;
    }
    if let (Some(runtime), Ok(count)) = (runtime(), c_int::try_from(threads.get())) {
        // SAFETY: the function takes any positive number.
        unsafe { (runtime.set_num_threads)(count) };
    }
    OWN.set(threads.get());
}

/// Forgets the calling thread's count, which changes when the library is given one.
pub(crate) fn forget() {
    OWN.set(0);
}

/// Whether OpenMP binds threads to CPUs. It then bound the program's first thread when it was loaded, and with it every
/// thread that this one starts.
pub(crate) fn is_bound() -> bool {
    // SAFETY: the function takes nothing.
    runtime().is_some_and(|runtime| unsafe { (runtime.get_proc_bind)() } != 0)
}
