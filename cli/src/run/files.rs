//! `gingham run` on pairs of files: finds the pairs, says which cannot have a product, multiplies the others.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering::Relaxed;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use gingham_core::DType;
use gingham_harness::report::{bytes, count, seconds};
use gingham_machine::available_memory;
use gingham_runtime::files::{
    Failure as Bad, Job, Options, Pair, Pairing, Pairs, Problem, Side, Summary, Verify, pair, prepare, sync,
};
use gingham_runtime::format::Format;
use gingham_runtime::shown::Shown;
use gingham_runtime::{Combination, Plan, Workload};

use super::watch::Watch;
use crate::failure::Failure;
use crate::output::print;
use crate::stderr::complain;

const ENDING: &str =
    "interrupted: the products in progress are finished, and no other is begun; once more ends at once";

const ENDED: &str = "ended at once: the products that are there are whole, and --skip-existing goes on with the others";

/// Files to be multiplied.
#[derive(Args)]
pub(super) struct FilesArgs {
    /// Left factors: a .npy file, a directory of them, or a quoted pattern such as 'a/*.npy'
    #[arg(long, value_name = "GLOB", group = "input", requires_all = ["rhs", "out"])]
    lhs: Option<PathBuf>,
    /// Right factors, likewise; a single file, given by its path, goes with every one of the other side
    #[arg(long, value_name = "GLOB", requires_all = ["lhs", "out"])]
    rhs: Option<PathBuf>,
    /// Directory for the products, each named as its left factor, or for saved files, which keep their names
    #[arg(long, value_name = "DIR", requires = "input")]
    pub(super) out: Option<PathBuf>,
    /// How partners are found: by their names (without what the patterns fix, numbers as numbers), or in their order
    #[arg(long, value_name = "HOW", requires = "lhs", default_value = "name", value_parser = pairings())]
    pair: Pairing,
    /// Print the pairs, and which have no product and why, or the files; do nothing
    #[arg(long, requires = "input")]
    pub(super) dry_run: bool,
    /// Check products, or what was loaded or saved: where that costs below 5 %, always, or never
    ///
    /// A product is checked with random vectors before it is written. A loaded file is compared, to the bit, with what
    /// a second reading gives; a saved one is loaded again and compared with what it was made of.
    #[arg(long, value_name = "WHEN", requires = "input", default_value = "auto", value_parser = verifications())]
    pub(super) verify: Verify,
    /// Convert what is read to f64 or f32: integers, float16 and bool need it to be multiplied
    #[arg(long, value_name = "DTYPE", requires = "input", value_parser = dtypes())]
    pub(super) cast: Option<DType>,
    /// Leave out what is there already, pairs with a whole product or saved files: an interrupted run goes on
    #[arg(long, requires = "input")]
    pub(super) skip_existing: bool,
}

fn pairings() -> impl TypedValueParser<Value = Pairing> {
    PossibleValuesParser::new(["name", "order"])
        .map(|word| if word == "order" { Pairing::Order } else { Pairing::Name })
}

fn verifications() -> impl TypedValueParser<Value = Verify> {
    PossibleValuesParser::new(["auto", "always", "never"]).map(|word| match &*word {
        "always" => Verify::Always,
        "never" => Verify::Never,
        _ => Verify::Auto,
    })
}

fn dtypes() -> impl TypedValueParser<Value = DType> {
    PossibleValuesParser::new(DType::ALL.map(DType::name)).map(|word| word.parse().expect("a name of a dtype"))
}

impl FilesArgs {
    /// The left factors, the right factors, and the directory for the products, if files are given at all.
    pub(super) fn paths(&self) -> Option<[&Path; 3]> {
        Some([self.lhs.as_deref()?, self.rhs.as_deref()?, self.out.as_deref()?])
    }
}

pub(super) fn multiply(
    args: &FilesArgs,
    [lhs, rhs, out]: [&Path; 3],
    plan: impl FnOnce(&Workload) -> Result<Plan, Failure>,
) -> Result<(), Failure> {
    let [lhs, rhs] = [lhs, rhs].map(|side| Side::find(side, &[Format::Npy]).map_err(Failure::usage));
    let all = pair(&lhs?, &rhs?, out, args.pair).map_err(Failure::usage)?;
    let (asked, listed) = (all.len(), args.dry_run.then(|| all.clone()));
    let options = Options { cast: args.cast, skip_existing: args.skip_existing, memory: available_memory() };
    let pairs = Pairs::check(all, options).map_err(Failure::usage)?;
    let bad = told(&pairs.bad);
    let none = |failed: usize| format!("{failed} of {} without a product (reasons above)", count(asked, "pair"));
    let all_there = || {
        let all = if asked == 1 { "the product is".to_owned() } else { format!("all {asked} products are") };
        print(&format!("{all} there already, in {}\n", Shown(out)))
    };
    if let Some(listed) = listed {
        bad.iter().for_each(complain);
        match pairs.present.len() == asked {
            true => all_there()?,
            false => print(&list(&listed, &pairs.present))?,
        }
        return if bad.is_empty() { Ok(()) } else { Err(Failure::usage(none(pairs.bad.len()))) };
    }
    let Some(workload) = pairs.workload() else {
        return match &bad[..] {
            [] => all_there(),
            [line] => Err(Failure::usage(line)),
            lines => {
                lines.iter().for_each(complain);
                Err(Failure::usage(none(asked)))
            }
        };
    };
    let plan = plan(&workload)?;
    prepare(out).map_err(Failure::usage)?;
    bad.iter().for_each(complain);
    let (fitting, largest) = pairs.fitting();
    let good = pairs.good().len();
    let workers = plan.engine().workers().min(good);
    // A worker reads, multiplies and writes a pair: a process would do no more than a thread.
    let in_processes = plan.combination().executor.transport().is_some();
    let mut threads = None;
    if fitting < workers || in_processes {
        if in_processes {
            complain("products of files are made by threads: a process would read, multiply and write as they do");
        }
        if fitting < workers {
            let (available, largest) = (bytes(options.memory), bytes(largest));
            complain(format_args!(
                "memory for {fitting} of {}: {available} available, {largest} for a pair",
                count(workers, "worker")
            ));
        }
        threads = Some(plan.engine().with_threads(fitting.min(workers)).map_err(Failure::work)?);
    }

    let engine = threads.as_ref().unwrap_or(plan.engine());
    let (combination, engine) = (engine.combination(), engine.limited()?);
    let skipped = pairs.present.len();
    let Watch { bar, partials, stop } = Watch::begin(good, "product", ENDING, ENDED);
    let job = Job { engine: &engine, verify: args.verify, partials: &partials, stop: &stop };
    let summary = pairs.multiply(&job, &|_, result| {
        bar.inc(1);
        if let Err(failure) = result {
            bar.suspend(|| complain(failure));
        }
    });
    bar.finish_and_clear();
    let synced = if summary.done > 0 { sync(out) } else { Ok(()) };
    if summary.done > 0 {
        print(&said(&summary, combination, skipped))?;
    }
    let out = Shown(out);
    synced.map_err(|e| Failure::work(format!("products in {out} may not be on the disk: {e}")))?;
    match (summary.failed.len(), stop.load(Relaxed)) {
        (failed, true) => {
            let failed = if failed > 0 { format!(", {failed} have failed") } else { String::new() };
            let done = summary.done + skipped;
            Err(Failure::interrupted(format!(
                "interrupted: {done} of {} in {out}{failed}; --skip-existing goes on with the others",
                count(asked, "product")
            )))
        }
        (0, false) => Ok(()),
        (failed, false) if summary.done + skipped == 0 => Err(Failure::work(none(failed))),
        (failed, false) => Err(Failure::work(format!("{}; the others are in {out}", none(failed)))),
    }
}

/// The pairs that are not `present`, a line each.
fn list(pairs: &[Pair], present: &[Pair]) -> String {
    let present: HashSet<&PathBuf> = present.iter().map(|pair| &pair.out).collect();
    let others = pairs.iter().filter(|pair| !present.contains(&pair.out));
    others.map(|pair| format!("{pair} -> {}\n", Shown(&pair.out))).collect()
}

/// A line for each reason, with the first pair that it holds for: thousands of files may have the same error.
fn told(bad: &[Bad]) -> Vec<String> {
    let mut groups: BTreeMap<String, Vec<&Bad>> = BTreeMap::new();
    for failure in bad {
        let reason = match &failure.problem {
            Problem::File(error) => error.problem.to_string(),
            problem => problem.to_string(),
        };
        groups.entry(reason).or_default().push(failure);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|group| group[0].index);
    let line = |group: Vec<&Bad>| match &group[..] {
        [one] => one.to_string(),
        [first, second] => format!("{first}; and the same for {}", second.pair),
        [first, .., last] => format!("{first}; and the same for {} others up to {}", group.len() - 1, last.pair),
        [] => unreachable!("a group has a member"),
    };
    groups.into_iter().map(line).collect()
}

/// What was done, and how fast.
fn said(summary: &Summary, combination: &Combination, skipped: usize) -> String {
    let Summary { done, work, seconds: elapsed, .. } = summary;
    let skipped = if skipped > 0 { format!(", {skipped} there already") } else { String::new() };
    let (done, took, rate) = (count(*done, "product"), seconds(*elapsed), work.flops / elapsed.max(1e-9) / 1e9);
    let (read, written, verified) = (bytes(work.bytes_read), bytes(work.bytes_written), work.verified);
    format!(
        "{done} in {took} with {combination}: {read} read, {written} written, {rate:.1} GF/s with the files included, \
         {verified} verified{skipped}\n"
    )
}
