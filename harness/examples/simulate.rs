//! Writes recorded exhaustive runs of a simulated machine with 16 CPUs: `simulate RECORDINGS OUTPUT`.
//!
//! The noise comes from the measured recordings in the folder RECORDINGS; the results go to the folder OUTPUT, in the
//! form of `gingham tune --format json`.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use gingham_core::{Binary, DType, Op, OpThreads};
use gingham_harness::report::{self, Format, Page};
use gingham_harness::search::Strategy;
use gingham_harness::space::Selection;
use gingham_runtime::{ExecutorKind, Workload};

use gingham_simulation::modelled::{self, Noise};
use gingham_simulation::recordings;

/// Seeds the noise.
const SEED: u64 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [recordings, output] = &arguments[..] else { return Err("usage: simulate RECORDINGS OUTPUT".into()) };
    let noise = noise(recordings)?;
    let workloads = [
        ("matmul-256-few", Workload::new(Op::MatMul, DType::F64, "256", None, 24)?),
        ("matmul-512-many", Workload::new(Op::MatMul, DType::F64, "512", None, 100)?),
        ("add-many", Workload::new(Op::Binary(Binary::Add), DType::F64, "1000000", None, 64)?),
    ];
    for (name, workload) in workloads {
        let outcome = modelled::outcome(&workload, &selection()?, Strategy::Exhaustive, &noise, SEED, f64::INFINITY)?;
        let path = output.join(format!("simulated-{}-{name}.json", modelled::CPUS));
        fs::write(&path, report::render(&outcome, Format::Json, Page::FILE))?;
    }
    Ok(())
}

/// The noise of the measured recordings in a folder.
fn noise(folder: &Path) -> Result<Noise, Box<dyn Error>> {
    let recordings = recordings::measured(folder)?;
    if recordings.is_empty() {
        return Err(format!("{}: no measured recording, whose noise could be taken", folder.display()).into());
    }
    Ok(Noise::of(&recordings))
}

/// A part of the space, with some eighty combinations and the fastest of all: every second number of threads, the
/// larger numbers of workers, and one of the two pools.
fn selection() -> Result<Selection, gingham_core::Error> {
    Ok(Selection::default()
        .with_executors([ExecutorKind::Serial, ExecutorKind::Threads])
        .with_op_threads([1, 4, 16].map(OpThreads::new).into_iter().collect::<Result<Vec<_>, _>>()?)
        .with_workers([4, 8, 16])
        .with_chunks([0, 1]))
}
