//! The rules about op threads: results are right with each count that a backend allows, other counts are refused, no
//! call works on more threads than it was given, and the end of a limit restores the former one.
//!
//! A thread count may be a setting of the whole process, or be read when the process starts, and other tests run in the
//! same process on threads of their own. So each check here runs in a process of its own: the test executes its program
//! again with the variable set, asking for this one test (`test` is its path in the test program). The second process
//! ends inside the check, after one line that says what it found.
//!
//! What a check can see depends on how op threads reach the library: each check judges every kind of [`Threading`] by
//! what can go wrong there, and a check that had nothing to judge is reported as skipped.

use std::env;
use std::fmt;
use std::io::Write;
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

use super::{Report, Subject, Violation, checks, matmul, random, seed, vectors, watch};
use crate::{Backend, Binary, DType, Distribution, Error, Limit, Op, OpThreads, Support, Threading, Unary, skip};

/// Set in the second process: the check that it is for.
const CHILD: &str = "GINGHAM_CONFORMANCE_CHILD";

/// The counts that are tried; [`Threading::AtStart`] has its own list.
const COUNTS: [usize; 4] = [1, 2, 3, 4];

/// Begins the second process's line.
const MARK: &str = "gingham-conformance:";

/// One process with one thread count at start.
pub(super) struct Scene<'a> {
    pub(super) backend: &'a dyn Backend,
    rule: &'static str,
    /// The count at start, where that fixes it.
    pub(super) started: Option<usize>,
}

impl<'a> Scene<'a> {
    fn violation(&self, found: impl fmt::Display) -> Violation {
        Violation::new(self.backend, self.rule, found)
    }

    fn counts(&self) -> Vec<usize> {
        match (self.backend.threading(), self.started) {
            (Threading::Single, _) => vec![1],
            (_, Some(started)) => vec![started],
            _ => COUNTS.to_vec(),
        }
    }

    /// The counts under which calls are watched: one, and two where the backend has threads; or the one at start.
    fn watched(&self) -> Vec<usize> {
        self.counts().into_iter().filter(|&n| n <= 2 || self.started.is_some()).collect()
    }

    pub(super) fn limit(&self, n: usize) -> Result<(Limit<'a>, OpThreads), Violation> {
        let threads = OpThreads::new(n).map_err(|error| self.violation(error))?;
        match self.backend.limit(threads) {
            Ok(limit) => Ok((limit, threads)),
            Err(error) => Err(self.violation(format_args!("limit({n}) must work here, it says: {error}"))),
        }
    }

    pub(super) fn subject(&self, op: Op, threads: OpThreads) -> Subject<'a> {
        Subject { backend: self.backend, op, threads, rule: self.rule }
    }
}

/// Every count of op threads gives results within the bounds, also under concurrent callers; counts that
/// [`Backend::threading`] rules out are refused with [`Error::Threads`].
///
/// # Errors
/// The first violation.
pub fn counts(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    apart(backend, test, "threads::counts", |scene| {
        let counts = scene.counts();
        let ruled_out = COUNTS.into_iter().filter(|n| !counts.contains(n));
        for n in ruled_out.filter_map(|n| OpThreads::new(n).ok()) {
            match backend.limit(n) {
                Err(Error::Threads { .. }) => {}
                Err(error) => return Err(scene.violation(format_args!("limit({n}) must say Error::Threads: {error}"))),
                Ok(_) => return Err(scene.violation(format_args!("limit({n}) must be refused here"))),
            }
        }
        Report::all(counts.into_iter().map(|n| {
            let (_limit, threads) = scene.limit(n)?;
            let names = ["::large", "::structured", "::batch_alike", "::concurrent"];
            let all = checks().filter(|check| names.iter().any(|name| check.rule.ends_with(name)));
            let all = all.flat_map(|check| check.ops().flat_map(move |op| DType::ALL.map(|dtype| (check, op, dtype))));
            let there = all.filter(|&(_, op, dtype)| backend.support(op, dtype) != Support::None);
            Report::all(there.map(|(check, op, dtype)| check.judge(&scene.subject(op, threads), dtype)))
        }))
    })
}

/// No call works on more threads than it was given.
///
/// # Errors
/// The first violation.
pub fn obeyed(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    watched(backend, test, "threads::obeyed", |scene| {
        Report::all(scene.watched().into_iter().map(|n| {
            let (_limit, threads) = scene.limit(n)?;
            Report::all(watched_ops(backend).map(|op| {
                let subject = scene.subject(op, threads);
                let working = Watched::new(&subject)?.usual(&subject)?;
                match working <= n {
                    true => Ok(Report { cases: 1, ..Report::default() }),
                    false => Err(subject.violation(format_args!("{working} threads work on one call"))),
                }
            }))
        }))
    })
}

/// A limit holds for the calls of every thread, not only for the thread that has taken it.
///
/// # Errors
/// The first violation.
pub fn everywhere(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    watched(backend, test, "threads::everywhere", |scene| {
        Report::all(scene.watched().into_iter().map(|n| {
            let Some(op) = watched_ops(backend).next() else { return Ok(Report::default()) };
            let (_limit, threads) = scene.limit(n)?;
            let subject = scene.subject(op, threads);
            let working = thread::scope(|scope| {
                let other = scope.spawn(|| Watched::new(&subject)?.usual(&subject));
                other.join().unwrap_or_else(|_| Err(subject.violation("a call panicked")))
            })?;
            match working <= n {
                true => Ok(Report { cases: 1, ..Report::default() }),
                false => Err(subject.violation(format_args!(
                    "{working} threads work on a call of another thread than the one that took the limit"
                ))),
            }
        }))
    })
}

/// Limits nest: when the inner one ends, the outer one is in force again; and a refused limit changes nothing. The
/// check watches a call under a limit of two before and after a limit of one. With only one thread, or a count that was
/// fixed at start, the inner limit has another count and is refused.
///
/// # Errors
/// A violation where the call works on two threads before and on one after, or the other way round.
pub fn restored(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    watched(backend, test, "threads::restored", |scene| {
        let Some(op) = watched_ops(backend).next() else { return Ok(Report::default()) };
        let outer = scene.watched().into_iter().max().unwrap_or(1);
        let inner = if outer == 1 { 2 } else { 1 };
        let (_outer, threads) = scene.limit(outer)?;
        let subject = scene.subject(op, threads);
        let mut call = Watched::new(&subject)?;
        let mut working = || if outer == 1 { call.usual(&subject) } else { call.most(&subject) };
        let before = working()?.min(2);
        if before < outer.min(2) {
            skip!("under a limit of {outer} the library keeps to one thread");
            return Ok(Report::default());
        }
        drop(OpThreads::new(inner).and_then(|inner| backend.limit(inner)));
        let after = working()?.min(2);
        match before == after {
            true => Ok(Report { cases: 2, ..Report::default() }),
            false => Err(subject.violation(format_args!(
                "under limit({outer}) {before} threads work, after an inner limit({inner}) has ended {after}"
            ))),
        }
    })
}

/// The operations that are watched, products first: one of each family, and a function that computes as well as one
/// that only moves.
fn watched_ops(backend: &dyn Backend) -> impl Iterator<Item = Op> {
    let all = [
        Op::MatMul,
        Op::Dot,
        Op::Fill,
        Op::Unary(Unary::Exp),
        Op::Binary(Binary::Add),
        Op::Random(Distribution::Normal),
    ];
    all.into_iter().filter(own(backend, DType::F64))
}

/// Whether `backend` computes an operation itself on `dtype`; if it computes none itself, as the reference, whether it
/// has the operation at all.
pub(super) fn own(backend: &dyn Backend, dtype: DType) -> impl Fn(&Op) -> bool {
    let any = Op::all().any(|op| backend.support(op, dtype) == Support::Native);
    move |&op| match backend.support(op, dtype) {
        Support::Native => true,
        Support::Fallback => !any,
        Support::None => false,
    }
}

/// A call that does not judge its results.
type Call = Box<dyn FnMut(&Subject<'_>) -> Result<(), Violation> + Send>;

/// A call that is long enough to be watched.
struct Watched(Call);

impl Watched {
    /// CPU time of the busiest thread that is long enough to see threads which live for one call, and short enough to
    /// be repeated. It is CPU time because a busy machine makes any call long: by the wall clock, the third thread of a
    /// saboteur went unnoticed in one of four runs there.
    const LONG_ENOUGH: Duration = Duration::from_millis(10);

    /// Pool threads of some libraries spin for 100 to 200 ms after a call with more threads.
    const SPINNING: Duration = Duration::from_millis(250);

    /// Side of the largest matrix; vectors have its square of elements: 32 MiB.
    const LARGEST: usize = 2048;

    fn new(subject: &Subject<'_>) -> Result<Self, Violation> {
        let mut n = 128;
        loop {
            let mut call: Call = match subject.op {
                Op::MatMul => Box::new(matmul::product::<f64>([n; 3])),
                Op::Dot | Op::Fill | Op::Unary(_) | Op::Binary(_) | Op::Random(_) => {
                    Box::new(vectors::unjudged::<f64>(n * n))
                }
            };
            call(subject)?; // warm: the first touch of memory, the start of a pool
            let (_, busiest, outcome) = watch::working(|| call(subject));
            outcome?;
            if busiest >= Self::LONG_ENOUGH || n >= Self::LARGEST {
                return Ok(Self(call));
            }
            n *= 2;
        }
    }

    /// How many threads work on one call.
    fn once(&mut self, subject: &Subject<'_>) -> Result<usize, Violation> {
        let (threads, _, outcome) = watch::working(|| (self.0)(subject));
        outcome.map(|()| threads)
    }

    /// How many threads work on most of five calls: a thread of the system (a signal, a late start) may show in one of
    /// them.
    fn usual(&mut self, subject: &Subject<'_>) -> Result<usize, Violation> {
        thread::sleep(Self::SPINNING);
        let mut seen = (0..5).map(|_| self.once(subject)).collect::<Result<Vec<_>, _>>()?;
        seen.sort_unstable();
        Ok(seen[seen.len() / 2])
    }

    /// Two if two threads or more work on one of 25 calls: a busy machine may let a second thread come too late for
    /// some.
    fn most(&mut self, subject: &Subject<'_>) -> Result<usize, Violation> {
        thread::sleep(Self::SPINNING);
        let mut most = 0;
        for _ in 0..25 {
            most = most.max(self.once(subject)?);
            if most >= 2 {
                break;
            }
        }
        Ok(most)
    }
}

/// [`apart`], if the system shows which threads work.
fn watched<'a>(
    backend: &'a dyn Backend,
    test: &str,
    rule: &'static str,
    body: impl FnOnce(&Scene<'a>) -> Result<Report, Violation>,
) -> Result<Report, Violation> {
    if watch::is_possible() {
        return apart(backend, test, rule, body);
    }
    skip!("there is no /proc/self/task/*/schedstat");
    Ok(Report::default())
}

/// Runs `body` in a process of its own, one for each count that the backend can start with.
pub(super) fn apart<'a>(
    backend: &'a dyn Backend,
    test: &str,
    rule: &'static str,
    body: impl FnOnce(&Scene<'a>) -> Result<Report, Violation>,
) -> Result<Report, Violation> {
    let threading = backend.threading();
    if env::var(CHILD).is_ok_and(|of| of == rule) {
        let started = match threading {
            Threading::AtStart { var, .. } => env::var(var).ok().and_then(|n| n.parse().ok()),
            _ => None,
        };
        tell(&body(&Scene { backend, rule, started }));
    }
    let starts: Vec<Option<(&str, usize)>> = match threading {
        Threading::AtStart { var, allowed } => allowed.iter().map(|&n| Some((var, n))).collect(),
        _ => vec![None],
    };
    let violation = |found| Violation::new(backend, rule, found);
    Report::all(starts.into_iter().map(|start| execute_again(test, rule, start).map_err(violation)))
}

/// Prints the second process's line, and ends it.
fn tell(outcome: &Result<Report, Violation>) -> ! {
    let line = match outcome {
        Ok(Report { cases, error_ratio, norm_ratio }) => format!("ok {cases} {error_ratio} {norm_ratio}"),
        Err(violation) => format!("violation {}", violation.found.replace('\n', " ")),
    };
    // Not println!, which the test harness may capture; to the parent, a missing line is a failure.
    let _ = writeln!(std::io::stdout(), "\n{MARK} {line}");
    process::exit(0)
}

/// Starts the second process and reads its line.
fn execute_again(test: &str, rule: &str, start: Option<(&str, usize)>) -> Result<Report, String> {
    // The harness knows a test by its path without the crate.
    let name = test.split_once("::").map_or(test, |(_, name)| name);
    let program = env::current_exe().map_err(|error| format!("the test program cannot find itself: {error}"))?;
    let mut command = Command::new(program);
    command.args(["--exact", name, "--nocapture", "--test-threads=1"]);
    command
        .env(CHILD, rule)
        .env(random::SEED_VARIABLE, seed().to_string())
        .envs(start.map(|(var, n)| (var, n.to_string())));
    let output = command.output().map_err(|error| format!("the test program cannot be started again: {error}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let given = start.map_or_else(String::new, |(var, n)| format!("with {var}={n}: "));
    let skips: Vec<&str> = stdout.lines().filter_map(skip::reason).collect();
    skips.iter().for_each(|reason| skip!("{given}{reason}"));
    let Some(line) = stdout.lines().find_map(|line| line.strip_prefix(MARK)) else {
        return Err(format!(
            "{given}the process of test `{name}` ended ({}) before its check: {stderr}",
            output.status
        ));
    };
    let Some(numbers) = line.strip_prefix(" ok ") else {
        return Err(format!("{given}{}", line.trim_start_matches(" violation ")));
    };
    let numbers: Vec<f64> = numbers.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [cases, error_ratio, norm_ratio] = numbers[..] else { return Err(format!("{given}unreadable: {line}")) };
    if cases == 0.0 && skips.is_empty() {
        skip!("{given}the backend has no operation that could be judged");
    }
    Ok(Report { cases: cases as usize, error_ratio, norm_ratio })
}
