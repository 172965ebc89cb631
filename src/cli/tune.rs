//! `gingham tune`: races the combinations and says which is fastest.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;
use gingham_core::{DType, Op, OpThreads, Registry};
use gingham_harness::environment::Environment;
use gingham_harness::report::{self, Format};
use gingham_harness::search::Strategy;
use gingham_harness::space::Selection;
use gingham_harness::trial::Program;
use gingham_harness::{ExecutorKind, Outcome, Profile, Tuner, Workload, profile};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::args::{WorkloadArgs, duration, share};
use super::failure::Failure;
use super::output::Output;
use super::progress::Meter;

/// Races combinations of backend, op threads and executor on a workload, and says which is fastest
#[derive(Args)]
pub(super) struct Tune {
    #[command(flatten)]
    workload: WorkloadArgs,
    /// Backends, comma-separated [default: all that are compiled in]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    backend: Option<Vec<String>>,
    /// Executors, comma-separated: serial, threads, rayon [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    executor: Option<Vec<String>>,
    /// Threads inside one operation, comma-separated [default: powers of two up to the usable CPUs]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    op_threads: Option<Vec<usize>>,
    /// Workers of the pools, comma-separated [default: powers of two up to the usable CPUs]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    workers: Option<Vec<usize>>,
    /// Tasks handed out at a time, 0 for an even split, comma-separated [default: 0, 1, tasks / (8 workers)]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    chunk: Option<Vec<usize>>,
    /// Race this runner of the trial protocol as peer/NAME too: [NAME=]CMD; may be given several times
    #[arg(long, value_name = "CMD", value_parser = Program::peer)]
    peer: Vec<Program>,
    /// race, or exhaustive: every combination in twelve rounds
    #[arg(long, default_value = "race", value_parser = strategy)]
    strategy: Strategy,
    /// Leave variables that choose kernels (OPENBLAS_CORETYPE and the like) set for trials
    #[arg(long)]
    keep_env: bool,
    /// Time for everything
    #[arg(long, default_value = "60s", value_parser = duration)]
    budget: Duration,
    /// Time after which a trial that does not answer is ended
    #[arg(long, default_value = "30s", value_parser = duration)]
    deadline: Duration,
    /// Combinations this close to the best are not told apart from it
    #[arg(long, default_value = "2%", value_parser = share)]
    tolerance: f64,
    /// Sets the inputs and the order of rounds
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Exit with status 3 where the measurement cannot be trusted
    #[arg(long)]
    strict: bool,
    /// A journal of all samples: made where there is none, gone on with where there is one
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// table, json, csv or markdown
    #[arg(long, default_value = "table")]
    format: String,
    /// Write the result to this file, as a whole or not at all
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Save the answer in this file [default: profile.json in the user's configuration directory]
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Do not save the answer
    #[arg(long, conflicts_with = "profile")]
    no_save: bool,
}

impl Default for Tune {
    /// What `gingham` alone does.
    fn default() -> Self {
        Self {
            workload: WorkloadArgs::default(),
            backend: None,
            executor: None,
            op_threads: None,
            workers: None,
            chunk: None,
            peer: Vec::new(),
            strategy: Strategy::Race,
            keep_env: false,
            budget: Duration::from_secs(30),
            deadline: Duration::from_secs(30),
            tolerance: 0.02,
            seed: 0,
            strict: false,
            resume: None,
            format: Format::Table.to_string(),
            output: None,
            profile: None,
            no_save: false,
        }
    }
}

/// The built-in workload: products of a size that every backend does well, enough of them for both levels of
/// parallelism, 96 MiB in all.
fn default_workload() -> Workload {
    Workload::new(Op::MatMul, DType::F64, "256", None, 64).expect("a fixed workload")
}

impl Tune {
    pub(super) fn execute(self, registry: Registry) -> Result<(), Failure> {
        let format: Format = self.format.parse()?;
        let workload = self.workload.workload(default_workload)?;
        let selection = self.selection()?;
        let output = Output::open(self.output.as_deref())?;
        let profile = self.profile_path()?;
        if let Some(path) = &profile {
            Profile::load(path)?; // what cannot be read could not be saved after the work either
        }
        let program = std::env::current_exe().map_err(|e| Failure::work(format!("cannot find this program: {e}")))?;
        let environment = Environment::new(&registry, self.keep_env);
        let tuner = Tuner {
            selection,
            peers: self.peer,
            strategy: self.strategy,
            journal: self.resume,
            interrupt: interrupt()?,
            budget: self.budget,
            deadline: self.deadline,
            tolerance: self.tolerance,
            seed: self.seed,
            keep_env: self.keep_env,
            ..Tuner::new(registry, workload, program)
        };
        let meter = Meter::new(self.budget);
        let outcome = tuner.tune(&mut |progress, left| meter.tell(progress, left));
        meter.finish();
        let outcome = outcome?;

        let mut text = report::render(&outcome, format);
        if format == Format::Table && self.output.is_none() {
            text += &advice(&outcome);
        }
        output.write(&text)?;
        if let Some(path) = &profile {
            Profile::record(path, &outcome, &environment).map_err(Failure::work)?;
            eprintln!("Saved to {}.", path.display());
        }
        for warning in &outcome.warnings {
            eprintln!("gingham: warning: {warning}");
        }
        match outcome.best {
            Some(_) if self.strict && !outcome.warnings.is_empty() => {
                Err(Failure::doubt("the measurement cannot be trusted, and --strict asks for one that can"))
            }
            Some(_) => Ok(()),
            None => Err(Failure::work("no combination finished with right results; the result says why for each")),
        }
    }

    fn selection(&self) -> Result<Selection, Failure> {
        let executors = self.executor.as_ref().map(|names| names.iter().map(|name| name.parse()).collect());
        let op_threads = self.op_threads.as_ref().map(|counts| counts.iter().map(|&n| OpThreads::new(n)).collect());
        Ok(Selection {
            backends: self.backend.clone().filter(|ids| ids != &["all"]),
            executors: executors.transpose()?,
            op_threads: op_threads.transpose()?,
            workers: self.workers.clone(),
            chunks: self.chunk.clone(),
        })
    }

    fn profile_path(&self) -> Result<Option<PathBuf>, Failure> {
        match (&self.profile, self.no_save) {
            (_, true) => Ok(None),
            (Some(path), _) => Ok(Some(path.clone())),
            (None, _) => Ok(Some(profile::default_path()?)),
        }
    }
}

fn strategy(text: &str) -> Result<Strategy, String> {
    match text {
        "race" => Ok(Strategy::Race),
        "exhaustive" => Ok(Strategy::Exhaustive),
        _ => Err(format!("unknown strategy `{text}`; available: race, exhaustive")),
    }
}

/// A flag that Ctrl-C sets, so that the tuning ends with what is known; the second Ctrl-C ends the program.
fn interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let failed = |e| Failure::work(format!("cannot listen for Ctrl-C: {e}"));
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag)).map_err(failed)?;
        signal_hook::flag::register(signal, Arc::clone(&flag)).map_err(failed)?;
    }
    Ok(flag)
}

/// How to apply the answer.
fn advice(outcome: &Outcome) -> String {
    let Some(best) = &outcome.best else { return String::new() };
    let serial = best.executor == ExecutorKind::Serial;
    let threads = best.op_threads.get();
    let plan = match (serial, threads) {
        (true, 1) => "one thread for everything".to_owned(),
        (true, n) => format!("one task after the other, {n} threads inside each"),
        (false, 1) => format!("{} tasks at a time, one thread inside each", best.workers),
        (false, n) => format!("{} tasks at a time, {n} threads inside each", best.workers),
    };
    let apply = match outcome.workload.op() {
        Op::MatMul => {
            "`gingham run --lhs 'a/*.npy' --rhs 'b/*.npy' --out c` applies it to files, and a program by \
                       `Session::open(gingham::registry())?.plan(&workload)?`"
        }
        _ => "A program applies it by `Session::open(gingham::registry())?.plan(&workload)?`",
    };
    format!("That is {plan}, with {}.\n{apply}.\n", best.backend)
}
