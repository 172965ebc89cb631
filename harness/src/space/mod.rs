//! The combinations that may run a workload, and those that may not, with the reason.

mod crossing;
mod narrowing;
mod selection;

use gingham_core::Registry;
use gingham_runtime::rules::Cpus;
use gingham_runtime::workload::Call;
use gingham_runtime::{Workload, executor};

pub use crossing::Candidate;
pub use narrowing::narrowing;
pub use selection::Selection;

use crossing::Crossing;

/// A selection that names what is not there.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An unknown backend.
    #[error(transparent)]
    Core(#[from] gingham_core::Error),
    /// A number of workers that no pool can have.
    #[error("{0} workers; expected 1 to {max}", max = executor::MAX_WORKERS)]
    Workers(usize),
    /// Nothing is left to race; the text says why the first combination cannot.
    #[error("no combination of these can run {0}: {1}")]
    Empty(Workload, String),
}

/// All candidates for `workload` on `cpus`, the most promising first: few chunks before many, and threads that match
/// the CPUs before too few or too many.
///
/// By default op threads and workers run over the powers of two up to the usable CPUs, the number of cores and that of
/// the CPUs, their product up to the CPUs squared, and chunks over 0, 1 and n / (8 workers). What is asked for may have
/// up to [`Cpus::most_runnable`] threads.
///
/// # Errors
/// [`Error`], where the selection names what is not there, or leaves nothing.
pub fn candidates(
    registry: &Registry,
    workload: &Workload,
    cpus: Cpus,
    selection: &Selection,
) -> Result<Vec<Candidate>, Error> {
    if let Some(&given) = selection.workers.iter().flatten().find(|&&w| w == 0 || w > executor::MAX_WORKERS) {
        return Err(Error::Workers(given));
    }
    let crossing = Crossing { workload, cpus, selection };
    let crossed: Vec<Candidate> = match workload.call() {
        Call::Function(_) => crossing.of_functions(),
        &Call::Op { op, dtype } => {
            let backends = match &selection.backends {
                None => registry.iter().collect(),
                Some(ids) => ids.iter().map(|id| registry.get(id)).collect::<Result<Vec<_>, _>>()?,
            };
            backends.into_iter().flat_map(|backend| crossing.of_backend(backend.as_ref(), op, dtype)).collect()
        }
    };
    // A list that names something twice asks for it once.
    let mut candidates = Vec::new();
    for new in crossed {
        if !candidates.contains(&new) {
            candidates.push(new);
        }
    }
    candidates.sort_by_key(|candidate| {
        let combination = &candidate.combination;
        (combination.chunk, combination.runnable().abs_diff(cpus.usable))
    });
    // The reference is there to show how far the others are ahead: where none of them can run what was asked for, its
    // plain loops, thirty times slower, would be the answer.
    let is_reference = |candidate: &Candidate| candidate.combination.backend == gingham_core::reference::ID;
    let asked_for =
        selection.backends.as_ref().is_some_and(|ids| ids.iter().all(|id| *id == gingham_core::reference::ID));
    let may_win = asked_for || !selection.restricts_what_runs();
    let runs = |candidate: &Candidate| candidate.skipped.is_none() && (may_win || !is_reference(candidate));
    if !candidates.iter().any(runs) {
        let mut others = candidates.into_iter().filter(|candidate| !is_reference(candidate));
        let nothing = if workload.tasks() == 1 { "a pool needs two tasks at least" } else { "the lists are empty" };
        let reason = others.find_map(|candidate| candidate.skipped).unwrap_or_else(|| nothing.into());
        return Err(Error::Empty(workload.clone(), reason));
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use gingham_core::{Backend, BackendId, Dot, Elementwise, Fill, MatMul, Ops};
    use gingham_core::{DType, Info, Limit, Op, OpThreads, Scalar, Support, Threading};
    use gingham_runtime::{ExecutorKind, Transport};

    use super::*;

    /// A backend that is native for matmul alone, with the threading under test.
    pub(super) struct Mock(pub(super) &'static str, pub(super) Threading);

    impl Backend for Mock {
        fn info(&self) -> Info {
            Info::new(BackendId::new(self.0), "mock", "1")
        }
        fn threading(&self) -> Threading {
            self.1
        }
        fn support(&self, op: Op, _: DType) -> Support {
            if op == Op::MatMul { Support::Native } else { Support::Fallback }
        }
        fn limit(&self, _: OpThreads) -> Result<Limit<'_>, gingham_core::Error> {
            Ok(Limit::empty())
        }
    }
    impl<T: Scalar> MatMul<T> for Mock {}
    impl<T: Scalar> Dot<T> for Mock {}
    impl<T: Scalar> Fill<T> for Mock {}
    impl<T: Scalar> Elementwise<T> for Mock {}
    impl Ops<f32> for Mock {}
    impl Ops<f64> for Mock {}

    /// CPUs that are cores each.
    pub(super) fn cores(cpus: usize) -> Cpus {
        Cpus { usable: cpus, cores: cpus }
    }

    fn space(threading: Threading, tasks: usize, cpus: usize, selection: &Selection) -> Result<Vec<Candidate>, Error> {
        let workload = Workload::new(Op::MatMul, DType::F64, "8", None, tasks).unwrap();
        candidates(&Registry::new().with(Mock("mock", threading)), &workload, cores(cpus), selection)
    }

    fn raced(candidates: &[Candidate]) -> Vec<String> {
        candidates.iter().filter(|c| c.skipped.is_none()).map(|c| c.combination.to_string()).collect()
    }

    #[test]
    fn defaults_on_two_cpus() {
        let all = space(Threading::PerCall { rayon: true }, 64, 2, &Selection::default()).unwrap();
        let names = raced(&all);
        for expected in
            ["reference:1+serial", "mock:2+serial", "mock:2+threads:2", "mock:1+threads:2:1", "mock:1+rayon:2:4"]
        {
            assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
        }
        assert_eq!(names.len(), 1 + 2 + 2 * 3 + 3);
        let skipped: Vec<_> = all.iter().filter(|c| c.skipped.is_some()).map(|c| c.combination.to_string()).collect();
        assert_eq!(skipped, ["mock:2+rayon:2"]);
    }

    #[test]
    fn processes_are_raced_where_a_transport_or_they_are_named() {
        let executors = |executors: Option<&[ExecutorKind]>, transports: Option<&[Transport]>| {
            let selection = Selection {
                executors: executors.map(<[_]>::to_vec),
                transports: transports.map(<[_]>::to_vec),
                ..Default::default()
            };
            selection.executors().iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let (shm, pipe) = (Transport::Shm, Transport::Pipe);
        assert_eq!(executors(None, None), "serial threads rayon");
        assert_eq!(executors(None, Some(&[pipe])), "serial threads rayon processes/pipe");
        let threads = [ExecutorKind::Threads];
        assert_eq!(executors(Some(&threads), Some(&[shm, pipe])), "threads processes/shm processes/pipe");
        assert_eq!(executors(Some(&[ExecutorKind::Processes(shm)]), None), "processes/shm");
        assert_eq!(executors(Some(&[ExecutorKind::Processes(shm)]), Some(&[pipe])), "processes/pipe");
    }

    #[test]
    fn a_backend_without_threads_has_one() {
        let all = space(Threading::Single, 64, 4, &Selection::default()).unwrap();
        assert!(all.iter().all(|c| c.combination.op_threads == OpThreads::ONE && c.skipped.is_none()));
        let two = Selection { op_threads: Some(vec![OpThreads::new(2).unwrap()]), ..Default::default() };
        let refused = space(Threading::Single, 64, 4, &two).unwrap_err();
        assert!(refused.to_string().ends_with("it has no threads of its own"), "{refused}");
    }

    #[test]
    fn fewer_tasks_than_workers() {
        let all = space(Threading::Single, 1, 4, &Selection::default()).unwrap();
        assert_eq!(raced(&all), ["reference:1+serial", "mock:1+serial"]);
        let four = Selection { workers: Some(vec![4]), ..Default::default() };
        let all = space(Threading::Single, 2, 4, &four).unwrap();
        assert!(all.iter().any(|c| c.skipped.as_deref() == Some("more workers (4) than tasks (2)")));
        let pools = Selection { executors: Some(vec![ExecutorKind::Threads]), ..Default::default() };
        let refused = space(Threading::Single, 2, 4, &Selection { executors: pools.executors.clone(), ..four });
        assert!(refused.unwrap_err().to_string().ends_with("more workers (4) than tasks (2)"));
        let refused = space(Threading::Single, 1, 4, &pools).unwrap_err();
        assert!(refused.to_string().ends_with("a pool needs two tasks at least"), "{refused}");
        let reference = Selection { backends: Some(vec!["reference".into()]), ..pools };
        assert_eq!(raced(&space(Threading::Single, 1, 4, &reference).unwrap()), ["reference:1+serial"], "by name");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let named = |id: &str| Selection { backends: Some(vec![id.into()]), ..Default::default() };
        assert!(matches!(space(Threading::Single, 2, 2, &named("mkl")), Err(Error::Core(_))));
        let zero = Selection { workers: Some(vec![0]), ..Default::default() };
        assert_eq!(space(Threading::Single, 2, 2, &zero), Err(Error::Workers(0)));
        let dot = Workload::new(Op::Dot, DType::F64, "8", None, 2).unwrap();
        let registry = Registry::new().with(Mock("mock", Threading::Single));
        assert!(matches!(candidates(&registry, &dot, cores(2), &named("mock")), Err(Error::Empty { .. })));
    }

    /// Up to max(8, 4 x CPUs, CPUs squared) threads; the product that is worth it unasked is less.
    #[test]
    fn what_is_asked_for_is_a_row_like_any_other_up_to_a_limit() {
        let asked = |threads: &[usize], workers: &[usize]| Selection {
            op_threads: Some(threads.iter().map(|&n| OpThreads::new(n).unwrap()).collect()),
            workers: Some(workers.to_vec()),
            chunks: Some(vec![0]),
            executors: Some(vec![ExecutorKind::Threads]),
            ..Selection::default()
        };
        let all = space(Threading::PerCall { rayon: false }, 64, 2, &asked(&[1, 2, 4], &[2, 4, 8])).unwrap();
        let reason = |name: &str| {
            let found = all.iter().find(|c| c.combination.to_string() == name);
            found.unwrap_or_else(|| panic!("{name} in {all:?}")).skipped.clone()
        };
        for raced in ["mock:1+threads:8", "mock:2+threads:4", "mock:4+threads:2"] {
            assert_eq!(reason(raced), None, "{raced}");
        }
        let expected = "4 x 4 threads would be runnable at once; 8 may be on 2 usable CPUs";
        assert_eq!(reason("mock:4+threads:4").as_deref(), Some(expected));
        assert_eq!([1, 2, 3, 8].map(|cpus| cores(cpus).most_runnable()), [8, 8, 12, 64]);
    }

    fn calls(items: usize) -> Workload {
        let registry = Registry::new().with_function("f", |_, _, _: &mut [f64]| Ok(()));
        Workload::function(&registry, "f", items, 1, &[]).unwrap()
    }

    fn of(workload: &Workload, cpus: usize, selection: &Selection) -> Result<Vec<Candidate>, Error> {
        candidates(&Registry::new(), workload, cores(cpus), selection)
    }

    fn names(workload: &Workload, cpus: usize, selection: &Selection) -> Vec<String> {
        of(workload, cpus, selection).unwrap().iter().map(|c| c.combination.to_string()).collect()
    }

    #[test]
    fn functions_cross_executors_workers_and_chunks() {
        let names_of = |items, cpus| names(&calls(items), cpus, &Selection::default());
        let two = names_of(64, 2);
        for expected in ["fn:1+serial", "fn:1+threads:2", "fn:1+threads:2:1", "fn:1+threads:2:4", "fn:1+rayon:2:4"] {
            assert!(two.iter().any(|name| name == expected), "{expected} in {two:?}");
        }
        assert_eq!(two.len(), 1 + 2 * 3);
        assert_eq!(names_of(800, 6).len(), 1 + 2 * 3 * 3, "2, 4 and 6 workers");
        assert_eq!(names_of(1, 4), ["fn:1+serial"]);
        assert_eq!(names_of(10, 1), ["fn:1+serial"]);
        let queue = Selection::default().with_executors([ExecutorKind::Processes(Transport::Queue)]);
        assert_eq!(names(&calls(64), 2, &queue), ["fn:1+processes/queue:2:1"], "a queue has no other chunk");
    }

    #[test]
    fn functions_race_what_is_asked_for_or_say_that_it_is_of_no_use() {
        let asked = |executors: &[ExecutorKind], workers: &[usize]| Selection {
            executors: Some(executors.to_vec()),
            workers: Some(workers.to_vec()),
            chunks: Some(vec![0]),
            op_threads: Some(vec![OpThreads::ONE, OpThreads::new(2).unwrap()]),
            ..Selection::default()
        };
        let both = asked(&[ExecutorKind::Threads], &[1, 9]);
        assert_eq!(names(&calls(4), 2, &both).len(), 4);
        let skipped = of(&calls(4), 2, &both).unwrap().into_iter().find_map(|c| c.skipped).unwrap();
        assert_eq!(skipped, "more workers (9) than tasks (4)");
        assert_eq!(names(&calls(4), 2, &asked(&[ExecutorKind::Serial], &[3])), ["fn:2+serial", "fn:1+serial"]);

        assert!(matches!(of(&calls(4), 2, &asked(&[ExecutorKind::Rayon], &[9])), Err(Error::Empty { .. })));
        assert!(matches!(of(&calls(4), 2, &asked(&[], &[2])), Err(Error::Empty { .. })));
        assert!(matches!(of(&calls(4), 2, &asked(&[ExecutorKind::Rayon], &[0])), Err(Error::Workers(0))));
    }
}
