//! The environment that trials start in, and what is odd about this process' own: what a library reads before it works
//! cannot be changed afterwards.

use std::collections::BTreeSet;
use std::process::Command;

use gingham_core::{Backend, BackendId, OpThreads, Registry, Threading};
use gingham_machine::environment::{is_kernel_variable, kernel_variables};

use crate::combination::{Combination, ExecutorKind};

/// The environment that trials start in: the parent's, without the variables that choose kernels, and with the
/// thread variables of every backend set. A peer's thread variables are left as its users have them.
#[derive(Debug, Clone)]
pub struct Environment {
    threading: Vec<(BackendId, Threading)>,
    keep_kernel_variables: bool,
}

impl Environment {
    /// For trials of the backends in `registry`. `keep_kernel_variables` leaves `OPENBLAS_CORETYPE` and its like set.
    #[must_use]
    pub fn new(registry: &Registry, keep_kernel_variables: bool) -> Self {
        let threading = registry.iter().map(|backend| (backend.info().id, backend.threading()));
        Self { threading: threading.collect(), keep_kernel_variables }
    }

    /// `VARIABLE=VALUE` that gives `combination` its op threads, where its backend takes them at its start alone.
    #[must_use]
    pub fn export(&self, combination: &Combination) -> Option<String> {
        let mut own = self.threading.iter().filter(|(id, _)| combination.backend == *id);
        own.find_map(|(_, threading)| match threading {
            Threading::AtStart { var, .. } => Some(format!("{var}={}", combination.op_threads)),
            _ => None,
        })
    }

    /// Gives `command` the environment of a trial of `combination`.
    pub fn apply(&self, command: &mut Command, combination: &Combination) {
        if !self.keep_kernel_variables {
            for (name, _) in std::env::vars_os() {
                if name.to_str().is_some_and(is_kernel_variable) {
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
        self.threading.iter().filter(move |(id, _)| of(id)).filter_map(|(_, threading)| match *threading {
            Threading::AtStart { var, .. } | Threading::Process { var } => Some(var),
            Threading::Single | Threading::PerCall { .. } => None,
        })
    }
}

/// What the variables of this process do to the backends of `registry` that no tuning measures, a sentence each:
/// those that choose kernels, and numbers of threads that a library does not take.
#[must_use]
pub fn doubts(registry: &Registry) -> Vec<String> {
    let kernels = kernel_variables().into_iter();
    let kernels =
        kernels.map(|(name, value)| format!("{name}={value} is set: it overrides a library's choice of kernels"));
    // Several backends may read one variable.
    let counts: BTreeSet<String> = registry.iter().filter_map(|backend| untaken(&**backend)).collect();
    kernels.chain(counts).collect()
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
    use super::*;

    #[test]
    fn thread_variables_are_set_for_backends_and_left_alone_for_peers() {
        let process = |id, var| (BackendId::new(id), Threading::Process { var });
        let threading = vec![process("blas", "BLAS_THREADS"), process("other", "OTHER")];
        let environment = Environment { threading, keep_kernel_variables: false };
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
