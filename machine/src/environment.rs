//! The environment variables that choose the kernels of the BLAS libraries which a peer (NumPy) or this repository's
//! commands may load, whatever backends are compiled in. Each backend declares its own; the runtime's `environment`
//! adds these to them.
//!
//! The variables are meant for debugging, yet some machines and containers export them for every program. With
//! `OPENBLAS_CORETYPE=Haswell` and `OPENBLAS_L2_SIZE=512`, OpenBLAS 0.3.21 multiplied two 2000 x 2000 matrices at 48 to
//! 53 GF/s on a core where it reaches 85 to 90 without them: whoever compares libraries then compares settings. So the
//! variables are cleared for every trial and reported, and a program in which they are set is warned.

/// The variables that choose kernels and are set in this process, sorted by name, with their values.
///
/// U+FFFD stands for bytes that are not Unicode, since the values are only shown.
pub fn kernel_variables() -> Vec<(String, String)> {
    let text = |s: std::ffi::OsString| s.to_string_lossy().into_owned();
    let mut set: Vec<_> = std::env::vars_os()
        .map(|(name, value)| (text(name), text(value)))
        .filter(|(name, _)| is_kernel_variable(name))
        .collect();
    set.sort();
    set
}

/// Whether a variable of this name chooses kernels: OpenBLAS' `OPENBLAS_CORETYPE` and `OPENBLAS_L2_SIZE`, and every
/// `NVPL_*` of NVIDIA's libraries.
pub fn is_kernel_variable(name: &str) -> bool {
    matches!(name, "OPENBLAS_CORETYPE" | "OPENBLAS_L2_SIZE") || name.starts_with("NVPL_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_kernel_variables_from_thread_counts() {
        for name in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NVPL_BLAS_DEBUG_CPU_TYPE", "NVPL_"] {
            assert!(is_kernel_variable(name), "{name}");
        }
        for name in
            ["OPENBLAS_NUM_THREADS", "OPENBLAS_THREAD_TIMEOUT", "MATMUL_NUM_THREADS", "openblas_coretype", "NVPL", ""]
        {
            assert!(!is_kernel_variable(name), "{name}");
        }
    }

    #[test]
    fn lists_what_this_process_was_started_with() {
        let set = kernel_variables();
        assert!(set.is_sorted());
        for (name, _) in std::env::vars().filter(|(name, _)| is_kernel_variable(name)) {
            assert!(set.iter().any(|(listed, _)| *listed == name), "{name}");
        }
        assert!(set.iter().all(|(name, _)| is_kernel_variable(name)));
    }
}
