//! `gingham tune`: races the combinations and says which is fastest.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use clap::Args;
use gingham_core::{Op, OpThreads, Registry};
use gingham_harness::report::{self, Format, Page};
use gingham_harness::save;
use gingham_harness::search::Strategy;
use gingham_harness::space::Selection;
use gingham_harness::trial::Program;
use gingham_harness::{Outcome, Progress, Tuner, defaults, tuner};
use gingham_runtime::environment::Environment;
use gingham_runtime::profile::{self, Recorded};
use gingham_runtime::workload::Source;
use gingham_runtime::{ExecutorKind, Profile, Transport, Workload};

use super::args::{WorkloadArgs, count, duration, share};
use super::destination::Destinations;
use super::failure::Failure;
use super::interrupt;
use super::progress::Meter;
use super::stderr::tell;

/// Races combinations of backend, op threads and executor on a workload, and says which is fastest
///
/// Each combination runs in a process of its own; its results are verified before they are timed. What is slower for
/// sure leaves early, and the finalists are measured once more in fresh processes. The answer is saved; `gingham run`,
/// `gingham profile` and plans in programs use it. Ctrl-C ends it with what is known.
#[derive(Args)]
pub(super) struct Tune {
    #[command(flatten)]
    workload: WorkloadArgs,
    /// Backends, comma-separated [default: all that are compiled in]
    ///
    /// Name those that your program can use; `gingham list` shows what there is.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    backend: Option<Vec<String>>,
    /// Executors, comma-separated: serial, threads, rayon, processes [default: serial, threads, rayon]
    ///
    /// How tasks are spread: one after the other, over a pool of threads of Gingham's own, over rayon's, or over worker
    /// processes. Name one where your program has it already.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    executor: Option<Vec<String>>,
    /// How arrays reach the workers of processes, comma-separated: all, shm, file, pipe, queue, server [default: shm]
    ///
    /// shm: memory files that every process maps, results written in place, nothing copied.
    /// file: files on disk that every process maps, arrays copied there and back.
    /// pipe: written to each worker, task by task, and read back, through its socket.
    /// queue: copied into one queue, from which workers pull tasks one by one, whatever the chunk.
    /// server: one more process has them: workers ask it for inputs and give it results.
    /// Naming one adds processes to the executors.
    #[arg(long, value_name = "LIST", value_delimiter = ',', verbatim_doc_comment)]
    transport: Option<Vec<String>>,
    /// Threads inside one operation, comma-separated
    /// [default: powers of two up to the usable CPUs, the cores, the CPUs]
    ///
    /// Name 1 where your tasks are many and small, to save time; or counts that the default leaves out.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = count)]
    op_threads: Option<Vec<usize>>,
    /// Workers of the pools, comma-separated [default: powers of two up to the usable CPUs, the cores, the CPUs]
    ///
    /// How many tasks run at a time. Name fewer where other work needs the other CPUs.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = count)]
    workers: Option<Vec<usize>>,
    /// Tasks handed out at a time, 0 for an even split, comma-separated [default: 0, 1, tasks / (8 workers)]
    ///
    /// Few at a time balance unequal tasks, many cost less for small ones.
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = count)]
    chunk: Option<Vec<usize>>,
    /// Race this runner of the trial protocol as peer/NAME too: [NAME=]CMD; may be given several times
    ///
    /// For a comparison with another program or language, such as NumPy: see benches/peers/README.md.
    #[arg(long, value_name = "CMD", value_parser = Program::peer)]
    peer: Vec<Program>,
    /// race, or exhaustive: every combination in twelve rounds
    ///
    /// A race is right nearly always and takes a fraction of the time; an exhaustive run shows the whole table.
    #[arg(long, default_value = "race", value_parser = strategy)]
    strategy: Strategy,
    /// Leave variables that choose kernels (OPENBLAS_CORETYPE and the like) set for trials
    ///
    /// They are cleared otherwise, since they can halve the speed of a library. Keep them where your program runs with
    /// them.
    #[arg(long)]
    keep_env: bool,
    /// Time for everything
    ///
    /// Give more where the result says that it was too short, for long tasks, or on a busy machine; less for a first
    /// look.
    #[arg(long, default_value = BUDGET.as_str(), value_parser = duration)]
    budget: Duration,
    /// Time after which a trial that does not answer is ended
    ///
    /// Give more where a single task takes longer than that.
    #[arg(long, default_value = DEADLINE.as_str(), value_parser = duration)]
    deadline: Duration,
    /// How often a task is run again, on a fresh worker, after a worker process has died of it
    ///
    /// Without retries a combination whose worker dies has failed.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = count)]
    retries: usize,
    /// Combinations this close to the best are not told apart from it
    ///
    /// A smaller one takes more rounds to decide; below 1 % the noise of most machines is larger.
    #[arg(long, default_value = TOLERANCE.as_str(), value_parser = share)]
    tolerance: f64,
    /// Sets the inputs and the order of rounds
    ///
    /// Change it to see whether the answer depends on chance.
    #[arg(long, value_name = "N", default_value_t = defaults::SEED, value_parser = seed)]
    seed: u64,
    /// Exit with status 3 where the measurement cannot be trusted
    ///
    /// For scripts: every warning, such as that others had the machine, then counts as a failure.
    #[arg(long)]
    strict: bool,
    /// A journal of all samples: made if it is absent, continued if it is present
    ///
    /// For long tunings: one that was killed goes on where it stopped, once it is started anew with the same flags.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// table, json, csv or markdown
    ///
    /// The form of the result on standard output, and in files whose ending names none. docs/results.md describes the
    /// JSON.
    #[arg(long, default_value = "table")]
    format: String,
    /// Write the result to this file, as a whole or not at all; may be given several times
    ///
    /// The ending .json, .csv or .md tells the form; any other file, and `-` for standard output, gets that of
    /// --format.
    #[arg(long, value_name = "FILE")]
    output: Vec<PathBuf>,
    /// Save the answer in this file [default: profile.json in the user's configuration directory]
    ///
    /// For answers that belong to a program or to a test; `gingham run --profile` and `Session::with_profile` read it.
    /// An answer for the same workload that was chosen among more combinations is kept, and this one not saved.
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Do not save the answer
    ///
    /// For a look that should not change what programs do.
    #[arg(long, conflicts_with = "profile")]
    no_save: bool,
}

/// The defaults of a tuning, as texts that its flags take.
static BUDGET: LazyLock<String> = LazyLock::new(|| format!("{}s", defaults::BUDGET.as_secs()));
static DEADLINE: LazyLock<String> = LazyLock::new(|| format!("{}s", defaults::DEADLINE.as_secs()));
static TOLERANCE: LazyLock<String> = LazyLock::new(|| format!("{}%", defaults::TOLERANCE * 100.0));

const ENDING: &str = "gingham: interrupted: ends with what is known as soon as the combination that runs has answered; \
                      once more ends at once, without a result";

/// The built-in workload: products of a size that every backend does well, enough of them for both levels of
/// parallelism, 96 MiB in all.
fn default_workload() -> Workload {
    Workload::matmul::<f64>([256, 256, 256]).tasks(64)
}

impl Tune {
    pub(super) fn execute(self, registry: Registry) -> Result<(), Failure> {
        let format: Format = self.format.parse()?;
        let workload = self.workload.workload()?.unwrap_or_else(default_workload);
        tuner::check(&workload, &self.peer)?;
        let selection = self.selection()?;
        let destinations = Destinations::open(&self.output, format)?;
        let profile = self.profile_path()?;
        destinations.refuse_twice([("--profile", profile.as_deref()), ("--resume", self.resume.as_deref())])?;
        if let Some(path) = &profile {
            Profile::check(path)?;
        }
        let meter = Meter::new(self.budget);
        let program = std::env::current_exe().map_err(|e| Failure::work(format!("cannot find this program: {e}")))?;
        let environment = Environment::new(&registry, self.keep_env);
        let mut tuner = Tuner::new(registry, workload, program);
        tuner.selection = selection;
        tuner.peers = self.peer;
        tuner.strategy = self.strategy;
        tuner.journal = self.resume;
        tuner.interrupt = interrupt::listen(ENDING, meter.voice(), || ());
        tuner.budget = self.budget;
        tuner.deadline = self.deadline;
        tuner.retries = self.retries;
        tuner.tolerance = self.tolerance;
        tuner.seed = self.seed;
        tuner.keep_env = self.keep_env;
        let interrupted = Arc::clone(&tuner.interrupt);
        let outcome = tuner.tune(&mut |progress, left| meter.tell(progress, left));
        meter.tell(Progress::Ended, 0.0);
        let outcome = outcome?;

        if destinations.are_files() {
            tell(report::verdict(&outcome));
        }
        // Whatever of this fails, the rest is done.
        let written = destinations.write(|format, to_stdout| {
            let advice = if format == Format::Table && to_stdout { advice(&outcome) } else { String::new() };
            let page = if to_stdout { Page::stdout() } else { Page::FILE };
            report::render(&outcome, format, page) + &advice
        });
        for warning in &outcome.warnings {
            tell(format_args!("gingham: warning: {warning}"));
        }
        let saved = profile.map_or(Ok(()), |path| save(&path, &outcome, &environment));
        if let (Err(failure), true) = (&written, saved.is_err()) {
            failure.tell();
        }
        saved.and(written)?;
        match outcome.best {
            Some(_) if self.strict && !outcome.warnings.is_empty() => {
                Err(Failure::doubt("the measurement cannot be trusted, and --strict asks for one that can"))
            }
            Some(_) => Ok(()),
            None if interrupted.load(Ordering::Relaxed) => Err(tuner::Error::Interrupted.into()),
            None => Err(Failure::work("no combination finished with right results; the result says why for each")),
        }
    }

    fn selection(&self) -> Result<Selection, Failure> {
        let executors = self.executor.as_ref().map(|names| names.iter().map(|name| name.parse()).collect());
        let op_threads = self.op_threads.as_ref().map(|counts| counts.iter().map(|&n| OpThreads::new(n)).collect());
        let mut selection = Selection::default();
        selection.backends = self.backend.clone().filter(|ids| ids != &["all"]);
        selection.executors = executors.transpose()?;
        selection.transports = match &self.transport {
            Some(names) if names.iter().any(|name| name == "all") => Some(Transport::ALL.to_vec()),
            named => named.as_ref().map(|names| names.iter().map(|name| name.parse()).collect()).transpose()?,
        };
        selection.op_threads = op_threads.transpose()?;
        selection.workers = self.workers.clone();
        selection.chunks = self.chunk.clone();
        Ok(selection)
    }

    fn profile_path(&self) -> Result<Option<PathBuf>, Failure> {
        let path = || self.profile.clone().map_or_else(profile::default_path, Ok);
        Ok(if self.no_save { None } else { Some(path()?) })
    }
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number, such as 7".into())
}

fn strategy(text: &str) -> Result<Strategy, String> {
    match text {
        "race" => Ok(Strategy::Race),
        "exhaustive" => Ok(Strategy::Exhaustive),
        _ => Err(format!("unknown strategy `{text}`; available: race, exhaustive")),
    }
}

/// Saves the answer, if any, and says where.
fn save(path: &Path, outcome: &Outcome, environment: &Environment) -> Result<(), Failure> {
    let (name, flag) = (path.display(), profile::flag(path));
    match save::save(path, outcome, environment).map_err(Failure::work)? {
        Recorded::Saved => {
            let session =
                if flag.is_empty() { "open(gingham::registry())" } else { "with_profile(gingham::registry(), path)" };
            let files = match outcome.workload.call().op() {
                Some((Op::MatMul, _)) if outcome.workload.source() == Source::Parent => {
                    format!(", and `gingham run --lhs 'a/*.npy' --rhs 'b/*.npy' --out c{flag}` to files")
                }
                _ => String::new(),
            };
            let of_processes = outcome.best.as_ref().is_some_and(|best| best.executor.transport().is_some());
            let init = if of_processes { " (its main begins with `gingham::init(&registry)`)" } else { "" };
            tell(format_args!(
                "Saved to {name}: a program applies it by `Session::{session}?.plan(&workload)?`{init}{files}."
            ));
        }
        Recorded::KeptFull => {
            tell(format_args!("Not saved: {name} has a full answer for this, and a partial one does not replace it."));
        }
        Recorded::KeptWider => {
            let (workload, narrowing) = (outcome.workload.flags(), &outcome.narrowed_by);
            tell(format_args!(
                "Not saved: {name} has an answer for this that was chosen among more combinations, and one with \
                 {narrowing} does not replace it; name another file with --profile, or drop that answer by `gingham \
                 profile forget {workload}{flag}` first."
            ));
        }
        Recorded::Nothing => {}
    }
    Ok(())
}

/// What the answer says to do.
fn advice(outcome: &Outcome) -> String {
    let Some(best) = &outcome.best else { return String::new() };
    let tasks = match best.executor {
        ExecutorKind::Serial => "one task after the other".to_owned(),
        ExecutorKind::Processes(_) => format!("{} at a time, each in a process", report::count(best.workers, "task")),
        _ => format!("{} at a time", report::count(best.workers, "task")),
    };
    let plan = match (best.executor, best.op_threads.get()) {
        (ExecutorKind::Serial, 1) => "one thread for everything".to_owned(),
        (_, 1) => format!("{tasks}, one thread inside each"),
        (_, n) => format!("{tasks}, {n} threads inside each"),
    };
    format!("That is {plan}, with {}.\n", best.backend)
}
