//! Where the backend `simd` stands: against every other installed library, and against the machine's ceilings.
//!
//! ```text
//! cargo xtask peers libraries
//! cargo bench --bench standing --features openblas,peers -- [--quick] [ROW ...]
//! ```
//!
//! A ROW is the beginning of a row's name, `large` or `small/f64` or `batch/memory/16`; without one all rows are
//! measured, which takes about five minutes.
//!
//! How it is measured: every row is a number of rounds, and in each round every side is timed once, in random order,
//! and the ceiling once. A sample is a millisecond or more of repeated calls. The process, and with it every library
//! and NumPy's process, is bound to one CPU, or to two in the rows of two threads. Results are verified before anything
//! is timed. The rates are medians; the per cent of the ceiling and the ratio to the best rival are taken within each
//! round, and the interval is of the median ratio, at 95 %. A goal of 1.00 x is met where the interval reaches 1.
//!
//! The sides: the backends of this build through `&dyn Backend` and the checked entries; the crate `gemm`, the newest
//! OpenBLAS and MKL from Python's wheels, called directly; NumPy in a process of its own. Libraries that are not
//! installed are named and left out. Only `gingham-machine`'s loops, which share no code with any kernel, count as
//! ceilings.

#[path = "../contest/mod.rs"]
mod contest;
mod cores;
mod definitions;
mod numpy;
mod peers;
mod product;
mod rounds;
mod sections;
mod standing;
mod verdict;

use std::cell::{Cell, RefCell};
use std::env;
use std::path::Path;
use std::process::ExitCode;

use gingham::core::{Limit, OpThreads};
use gingham::machine::Machine;
use gingham::machine::ceilings::{Loops, Resource};
use gingham::machine::environment::kernel_variables;

use contest::memory;
use cores::Cores;
use definitions::Definitions;
use numpy::Numpy;
use rounds::Effort;
use standing::{OURS, Standing};

/// The virtual environment that `cargo xtask peers` makes.
const ENVIRONMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/.venv");

fn main() -> ExitCode {
    let cleared = kernel_variables();
    if !cleared.is_empty() {
        let names: Vec<&str> = cleared.iter().map(|(name, _)| name.as_str()).collect();
        println!("cleared         {}", names.join(", "));
    }
    contest::clean_environment(&[1]);
    match stand(env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("standing: {error}");
            ExitCode::from(2)
        }
    }
}

fn stand(arguments: Vec<String>) -> Result<(), String> {
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let effort = match (has("--bench"), has("--quick")) {
        // Cargo passes `--bench` when it runs benches, but not when it tests them.
        (false, _) => Effort { rounds: 1, sample: 0.0, largest: 1.1e7 },
        (true, true) => Effort { rounds: 6, sample: 1e-3, largest: 5e10 },
        (true, false) => Effort { rounds: 12, sample: 2e-3, largest: f64::INFINITY },
    };
    let known = ["--bench", "--quick"];
    let wanted: Vec<String> = arguments.into_iter().filter(|argument| !known.contains(&argument.as_str())).collect();
    if let Some(unknown) = wanted.iter().find(|wanted| !sections::ALL.iter().any(|(name, _)| begins(wanted, name))) {
        let names: Vec<&str> = sections::ALL.iter().map(|(name, _)| *name).collect();
        return Err(format!("no row begins with `{unknown}`; sections: {}; option: --quick", names.join(", ")));
    }

    let definitions = Definitions::load()?;
    let machine = Machine::probe();
    let cores = Cores::of_this_process().map_err(|error| format!("the CPUs of this process: {error}"))?;
    let loops = RefCell::new(Loops::new(&machine));
    cores.allow(1).map_err(|error| format!("one CPU: {error}"))?;
    let registry = gingham::registry();
    registry.get(OURS).map_err(|error| error.to_string())?;
    let limits: Result<Vec<Limit<'_>>, _> = registry.iter().map(|backend| backend.limit(OpThreads::ONE)).collect();
    let _limits = limits.map_err(|error| error.to_string())?;
    let environment = Path::new(ENVIRONMENT);
    let (peers, mut missing) = peers::find(environment);
    let numpy = Numpy::start(environment).map_err(|why| missing.push(format!("numpy: {why}"))).ok();
    let standing =
        Standing { registry: registry.clone(), peers, numpy, loops, cores, effort, wanted, head: Cell::new(true) };

    print!("{}", describe(&standing, &machine, &missing));
    for (name, section) in sections::ALL {
        if standing.wanted.is_empty() || standing.wanted.iter().any(|wanted| begins(wanted, name)) {
            standing.head.set(true);
            section(&standing, &definitions);
        }
    }
    println!("\n{}", ceilings(&standing));
    Ok(())
}

/// Whether rows of the section `name` can begin with `wanted`.
fn begins(wanted: &str, name: &str) -> bool {
    wanted.split('/').next() == Some(name)
}

/// The lines above the table, which name the version of every library.
fn describe(standing: &Standing, machine: &Machine, missing: &[String]) -> String {
    let mut text = format!("{:<15} {}, {} CPUs usable\n", "machine", machine.cpu_model, standing.cores.count());
    for backend in standing.registry.iter() {
        let info = backend.info();
        text += &format!("{:<15} {} {}", info.id, info.library, info.version);
        text += &if info.kernels.is_empty() { "\n".into() } else { format!(", {}\n", info.kernels) };
    }
    for peer in &standing.peers {
        text += &format!("{:<15} {}\n", peer.name(), peer.version());
    }
    if let Some(numpy) = &standing.numpy {
        text += &format!("{:<15} {}\n", "numpy", numpy.version());
    }
    missing.iter().for_each(|line| text += &format!("left out        {line}\n"));
    text + &ceilings(standing) + "\n"
}

/// The ceilings as they are now.
fn ceilings(standing: &Standing) -> String {
    let line = |threads: usize| {
        let rate =
            |resource| standing.ceiling(resource, threads).map_or("-".into(), |rate| format!("{:.1}", rate / 1e9));
        format!(
            "ceilings, {threads} CPU{} {} GF/s f64, {} f32; AVX2 {}, {}; read {} GB/s, write {}, copy {}",
            if threads == 1 { " " } else { "s" },
            rate(Resource::FmaF64),
            rate(Resource::FmaF32),
            rate(Resource::Avx2F64),
            rate(Resource::Avx2F32),
            rate(Resource::Read),
            rate(Resource::Write),
            rate(Resource::Copy),
        )
    };
    let counts = 1..=standing.cores.count().min(2);
    counts.map(|threads| standing.on_cpus(threads, || line(threads))).collect::<Vec<_>>().join("\n")
}
