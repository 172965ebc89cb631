//! The environment that trials start in, and what is odd about this process' own. A library reads its variables before
//! it works, so that nobody can change them afterwards.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::process::Command;

use gingham_core::{Backend, BackendId, OpThreads, Registry, Threading};
use gingham_machine::environment::is_kernel_variable;

use crate::combination::{Combination, ExecutorKind};

/// The variables of this process that override a library's choice of kernels, sorted by name, with their values: those
/// that the backends of `registry` declare, and those of the BLAS libraries that peers load.
///
/// Bytes that are not Unicode are replaced by U+FFFD, as the values are for showing.
#[must_use]
pub fn kernel_variables(registry: &Registry) -> Vec<(String, String)> {
    let overriding = Overriding::of(registry);
    let text = |s: OsString| s.to_string_lossy().into_owned();
    let set = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let mut set: Vec<_> = set.filter(|(name, _)| overriding.contains(name)).collect();
    set.sort();
    set
}

/// The [`kernel_variables`], each as `NAME=VALUE`.
#[must_use]
pub fn kernel_settings(registry: &Registry) -> Vec<String> {
    kernel_variables(registry).into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Which variables override a library's choice of kernels.
#[derive(Debug, Clone, Default)]
struct Overriding(BTreeSet<&'static str>);

impl Overriding {
    fn of(registry: &Registry) -> Self {
        let declared = registry.iter().flat_map(|backend| backend.variables());
        Self(declared.filter(|variable| variable.overrides_kernels).map(|variable| variable.name).collect())
    }

    fn contains(&self, name: &str) -> bool {
        self.0.contains(name) || is_kernel_variable(name)
    }
}

/// The environment that trials start in: the parent's, without the variables that choose kernels, and with the
/// thread variables of every backend set. A peer's thread variables are left as its users have them.
#[derive(Debug, Clone)]
pub struct Environment {
    threading: Vec<(BackendId, Threading)>,
    /// The variables that are cleared; `None` keeps all.
    cleared: Option<Overriding>,
}

impl Environment {
    /// For trials of the backends in `registry`. `keep_kernel_variables` leaves `OPENBLAS_CORETYPE` and its like set.
    #[must_use]
    pub fn new(registry: &Registry, keep_kernel_variables: bool) -> Self {
        let threading = registry.iter().map(|backend| (backend.info().id, backend.threading()));
        let cleared = (!keep_kernel_variables).then(|| Overriding::of(registry));
        Self { threading: threading.collect(), cleared }
    }

    /// `VARIABLE=VALUE` that gives `combination` its op threads, where its backend takes them at its start alone.
    #[must_use]
    pub fn export(&self, combination: &Combination) -> Option<String> {
        let (_, threading) = self.threading.iter().find(|(id, _)| combination.backend == *id)?;
        let Threading::AtStart { var, .. } = threading else { return None };
        // Worker processes get it from their pool.
        if combination.executor.transport().is_some() {
            return None;
        }
        Some(format!("{var}={}", combination.op_threads))
    }

    /// Gives `command` the environment of a trial of `combination`.
    pub fn apply(&self, command: &mut Command, combination: &Combination) {
        if let Some(cleared) = &self.cleared {
            for (name, _) in std::env::vars_os() {
                if name.to_str().is_some_and(|name| cleared.contains(name)) {
                    command.env_remove(name);
                }
            }
        }
        if combination.executor == ExecutorKind::Peer {
            return;
        }
        // A library that is linked but not measured would start threads of its own, and spin: give it one.
        command.envs(self.variables(|_| true).map(|var| (var, "1")));
        let threads = combination.op_threads.to_string();
        command.envs(self.variables(|id| id == combination.backend).map(|var| (var, &threads)));
    }

    /// The variables that the backends which `of` names read at their start.
    fn variables(&self, of: impl Fn(&str) -> bool) -> impl Iterator<Item = &'static str> {
        self.threading.iter().filter(move |(id, _)| of(id)).filter_map(|(_, threading)| threading.variable())
    }
}

/// The variables with which backends of `registry` run otherwise here than in a tuning, a sentence each: those that
/// choose kernels, and numbers of threads that a library does not take.
#[must_use]
pub fn doubts(registry: &Registry) -> Vec<String> {
    let overrides = |set| format!("{set} is set: it overrides a library's choice of kernels");
    // Several backends may read one variable.
    let counts: BTreeSet<String> = registry.iter().filter_map(|backend| untaken(&**backend)).collect();
    kernel_settings(registry).into_iter().map(overrides).chain(counts).collect()
}

/// A number of threads that is set and that the library does not take.
fn untaken(backend: &dyn Backend) -> Option<String> {
    let Threading::AtStart { var, allowed } = backend.threading() else { return None };
    let set = std::env::var_os(var).filter(|set| !set.is_empty())?;
    let set = set.to_string_lossy();
    let taken = |count: &usize| set.parse() == Ok(*count);
    let list: Vec<String> = allowed.iter().map(ToString::to_string).collect();
    if allowed.iter().any(taken) {
        return None;
    }
    let mut counts = allowed.iter().filter_map(|&n| OpThreads::new(n).ok());
    let with = counts.find(|&n| backend.limit(n).is_ok())?;
    Some(format!("{var}={} is set: its library takes {}, and works with {with}", set.escape_debug(), list.join(", ")))
}

#[cfg(test)]
mod tests {
    use gingham_core::{DType, Dot, Elementwise, Error, Fill, Info, Limit, MatMul, Op, Ops, Scalar, Support, Variable};

    use super::*;

    /// A backend that reads three variables, one of which overrides its choice of kernels.
    struct Mock;

    impl Backend for Mock {
        fn info(&self) -> Info {
            Info::new(BackendId::new("mock"), "mock", "1")
        }
        fn threading(&self) -> Threading {
            Threading::Process { var: "MOCK_THREADS" }
        }
        fn variables(&self) -> &[Variable] {
            const VARIABLES: [Variable; 3] = [
                Variable::new("MOCK_THREADS", "op threads"),
                Variable::new("MOCK_LEVEL", "the instruction set"),
                Variable::of_kernels("MOCK_KERNELS", "kernels of another CPU"),
            ];
            &VARIABLES
        }
        fn support(&self, _: Op, _: DType) -> Support {
            Support::Fallback
        }
        fn limit(&self, _: OpThreads) -> Result<Limit<'_>, Error> {
            Ok(Limit::empty())
        }
    }
    impl<T: Scalar> MatMul<T> for Mock {}
    impl<T: Scalar> Dot<T> for Mock {}
    impl<T: Scalar> Fill<T> for Mock {}
    impl<T: Scalar> Elementwise<T> for Mock {}
    impl Ops<f32> for Mock {}
    impl Ops<f64> for Mock {}

    #[test]
    fn what_a_backend_declares_is_cleared_beside_what_peers_read() {
        let (with, without) = (Overriding::of(&Registry::new().with(Mock)), Overriding::of(&Registry::new()));
        assert!(with.contains("MOCK_KERNELS") && !without.contains("MOCK_KERNELS"));
        assert!(!with.contains("MOCK_THREADS") && !with.contains("MOCK_LEVEL"));
        for of_peers in ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "NVPL_BLAS_DEBUG_CPU_TYPE"] {
            assert!(with.contains(of_peers) && without.contains(of_peers), "{of_peers}");
        }
    }

    #[test]
    fn thread_variables_are_set_for_backends_and_left_alone_for_peers() {
        let process = |id, var| (BackendId::new(id), Threading::Process { var });
        let threading = vec![process("blas", "BLAS_THREADS"), process("other", "OTHER")];
        let environment = Environment { threading, cleared: None };
        let set = |combination: Combination| {
            let mut command = Command::new("true");
            environment.apply(&mut command, &combination);
            let text = |s: &std::ffi::OsStr| s.to_str().unwrap().to_owned();
            command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect::<Vec<_>>()
        };
        let of = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(set("blas:2+serial".parse().unwrap()), [of("BLAS_THREADS", "2"), of("OTHER", "1")]);
        assert_eq!(set(Combination::peer("blas")), []);
    }
}
