//! The rules about op threads: each count that a backend gives gives right results, others are refused, no call works
//! on more threads than it was given, and a limit that ends gives the former one back.
//!
//! A thread count may be a setting of the whole process, or be read when it starts; other tests run in the same
//! process, on threads of their own. So each check here runs in a process of its own: the test executes itself again,
//! with the variable set, under its own name alone (`test` is its path in the test program), and the second process
//! ends inside the check, after one line that says what it found.

use std::env;
use std::fmt;
use std::io::Write;
use std::process::{self, Command};
use std::thread;
use std::time::Duration;

use super::{Report, Subject, Violation, checks, distributions, dot, elementwise, fill, matmul, random, seed, watch};
use crate::{Backend, Binary, DType, Distribution, Error, Limit, Op, OpThreads, Support, Threading, Unary};

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
        Violation { backend: self.backend.info().id, rule: self.rule, found: found.to_string(), seed: seed() }
    }

    fn counts(&self) -> Vec<usize> {
        match (self.backend.threading(), self.started) {
            (Threading::Single, _) => vec![1],
            (_, Some(started)) => vec![started],
            _ => COUNTS.to_vec(),
        }
    }

    pub(super) fn limit(&self, n: usize) -> Result<(Limit<'a>, OpThreads), Violation> {
        let threads = OpThreads::new(n).map_err(|error| self.violation(error))?;
        match self.backend.limit(threads) {
            Ok(limit) => Ok((limit, threads)),
            Err(error) => Err(self.violation(format_args!("limit({n}) must work here, it says: {error}"))),
        }
    }

    pub(super) fn subject(&self, op: Op, threads: OpThreads) -> Subject<'a> {
        Subject { backend: self.backend, op, threads, seed: seed(), rule: self.rule }
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
            let all =
                checks().filter(|check| ["large", "structured", "batch_alike", "concurrent"].contains(&check.name()));
            let all = all.flat_map(|check| check.ops().flat_map(move |op| DType::ALL.map(|dtype| (check, op, dtype))));
            let there = all.filter(|&(_, op, dtype)| backend.support(op, dtype) != Support::None);
            Report::all(there.map(|(check, op, dtype)| check.judge(&scene.subject(op, threads), dtype)))
        }))
    })
}

/// No call works on more threads than it was given: one, and two where the backend has threads.
///
/// # Errors
/// The first violation.
pub fn obeyed(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    apart(backend, test, "threads::obeyed", |scene| {
        if !watch::is_possible() {
            eprintln!("skipped: threads::obeyed needs /proc/self/task/*/schedstat");
            return Ok(Report::default());
        }
        Report::all(scene.counts().into_iter().filter(|&n| n <= 2).map(|n| {
            let (_limit, threads) = scene.limit(n)?;
            Report::all(watched_ops(backend).map(|op| {
                let subject = scene.subject(op, threads);
                let seen = Watched::new(&subject)?.counts(&subject)?;
                // The median: threads of the system's own (a signal, a late start) may show in one call.
                let working = seen[seen.len() / 2];
                if working > n {
                    return Err(
                        subject.violation(format_args!("{working} threads work on one call, in five calls {seen:?}"))
                    );
                }
                Ok(Report { cases: seen.len(), ..Report::default() })
            }))
        }))
    })
}

/// A limit holds for the calls of every thread, and not of the one alone that has taken it.
///
/// # Errors
/// The first violation.
pub fn everywhere(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    apart(backend, test, "threads::everywhere", |scene| {
        if !watch::is_possible() {
            eprintln!("skipped: threads::everywhere needs /proc/self/task/*/schedstat");
            return Ok(Report::default());
        }
        Report::all(scene.counts().into_iter().filter(|&n| n <= 2).map(|n| {
            let (_limit, threads) = scene.limit(n)?;
            let subject = scene.subject(Op::MatMul, threads);
            let seen = thread::scope(|scope| {
                let other = scope.spawn(|| Watched::new(&subject)?.counts(&subject));
                other.join().unwrap_or_else(|_| Err(subject.violation("a call panicked")))
            })?;
            let working = seen[seen.len() / 2];
            match working <= n {
                true => Ok(Report { cases: seen.len(), ..Report::default() }),
                false => Err(subject.violation(format_args!(
                    "{working} threads work on a call of another thread than the one that took the limit"
                ))),
            }
        }))
    })
}

/// Limits nest: when the inner one ends, the outer one is in force again. Seen by a product that uses two threads
/// before an inner limit of one, and must do so after it.
///
/// # Errors
/// A violation where it uses one only.
pub fn restored(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    apart(backend, test, "threads::restored", |scene| {
        if !matches!(backend.threading(), Threading::Process { .. }) {
            return Ok(Report::default());
        }
        if !watch::is_possible() {
            eprintln!("skipped: threads::restored needs /proc/self/task/*/schedstat");
            return Ok(Report::default());
        }
        let (_outer, threads) = scene.limit(2)?;
        let subject = scene.subject(Op::MatMul, threads);
        let mut product = Watched::new(&subject)?;
        let most = |seen: Vec<usize>| seen.into_iter().max().unwrap_or(0);
        let before = most(product.counts(&subject)?);
        drop(scene.limit(1)?);
        let after = most(product.counts(&subject)?);
        if before < 2 {
            eprintln!("skipped: threads::restored: the library keeps to one thread under a limit of two");
        }
        if after < before.min(2) {
            let found = format_args!("under limit(2) {before} threads work, after an inner limit(1) has ended {after}");
            return Err(subject.violation(found));
        }
        Ok(Report { cases: 2, ..Report::default() })
    })
}

/// One operation of each family, and a function that computes as well as one that only moves.
fn watched_ops(backend: &dyn Backend) -> impl Iterator<Item = Op> {
    let all = [
        Op::MatMul,
        Op::Dot,
        Op::Fill,
        Op::Unary(Unary::Exp),
        Op::Binary(Binary::Add),
        Op::Random(Distribution::Normal),
    ];
    all.into_iter().filter(|&op| backend.support(op, DType::F64) == Support::Native)
}

/// A call that does not judge what it gets.
pub(super) type Call = Box<dyn FnMut(&Subject<'_>) -> Result<(), Violation> + Send>;

/// A call that is long enough to be watched.
struct Watched(Call);

impl Watched {
    /// Long enough to see threads that live for one call; short enough to be repeated.
    const LONG_ENOUGH: Duration = Duration::from_millis(10);

    /// Side of the largest matrix; vectors have its square of elements: 32 MiB.
    const LARGEST: usize = 2048;

    fn new(subject: &Subject<'_>) -> Result<Self, Violation> {
        let mut n = 128;
        loop {
            let mut call: Call = match subject.op {
                Op::MatMul => Box::new(matmul::product::<f64>([n; 3])),
                Op::Dot => Box::new(dot::lanes::<f64>(n * n)),
                Op::Fill => Box::new(fill::lanes::<f64>(n * n)),
                Op::Unary(_) | Op::Binary(_) => Box::new(elementwise::lanes::<f64>(n * n)),
                Op::Random(_) => Box::new(distributions::lanes::<f64>(n * n)),
            };
            call(subject)?; // warm: the first touch of memory, the start of a pool
            let (_, took, outcome) = watch::working(|| call(subject));
            outcome?;
            if took >= Self::LONG_ENOUGH || n >= Self::LARGEST {
                return Ok(Self(call));
            }
            n *= 2;
        }
    }

    /// How many threads work, in each of five calls, in rising order.
    fn counts(&mut self, subject: &Subject<'_>) -> Result<Vec<usize>, Violation> {
        // Pool threads of some libraries spin for 100 to 200 ms after a call with more threads.
        thread::sleep(Duration::from_millis(250));
        let one = |_| {
            let (threads, _, outcome) = watch::working(|| (self.0)(subject));
            outcome.map(|()| threads)
        };
        let mut seen = (0..5).map(one).collect::<Result<Vec<_>, _>>()?;
        seen.sort_unstable();
        Ok(seen)
    }
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
    Report::all(starts.into_iter().map(|start| {
        let violation = |found: String| Violation { backend: backend.info().id, rule, found, seed: seed() };
        execute_again(test, rule, start).map_err(violation)
    }))
}

/// The second process's last words.
fn tell(outcome: &Result<Report, Violation>) -> ! {
    let line = match outcome {
        Ok(Report { cases, error_ratio, norm_ratio }) => format!("ok {cases} {error_ratio} {norm_ratio}"),
        Err(violation) => format!("violation {}", violation.found.replace('\n', " ")),
    };
    // Not println!, which the test harness may capture; the parent takes a missing line for a failure.
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
    stderr.lines().filter(|line| line.starts_with("skipped:")).for_each(|line| eprintln!("{line}"));
    let given = start.map_or_else(String::new, |(var, n)| format!("with {var}={n}: "));
    let Some(line) = stdout.lines().find_map(|line| line.strip_prefix(MARK)) else {
        return Err(format!(
            "{given}the process of test `{name}` ended ({}) before its check: {stderr}",
            output.status
        ));
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| word.parse::<f64>().ok();
    match words[..] {
        ["ok", cases, error, norm] => match (cases.parse(), number(error), number(norm)) {
            (Ok(cases), Some(error_ratio), Some(norm_ratio)) => Ok(Report { cases, error_ratio, norm_ratio }),
            _ => Err(format!("{given}unreadable: {line}")),
        },
        _ => Err(format!("{given}{}", line.trim_start().trim_start_matches("violation "))),
    }
}
