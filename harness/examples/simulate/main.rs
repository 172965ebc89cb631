//! Writes recorded exhaustive runs of a simulated machine with 16 CPUs: `simulate RECORDINGS OUTPUT`.
//!
//! The noise is that of the measured recordings in the folder RECORDINGS; the results go to the folder OUTPUT, in the
//! form of `gingham tune --format json`.

mod machine;
mod record;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use gingham_core::{Binary, DType, Op, OpThreads};
use gingham_harness::replay::Recording;
use gingham_harness::report::{self, Format, Page};
use gingham_harness::search::Strategy;
use gingham_harness::space::Selection;
use gingham_harness::{ExecutorKind, Workload};

use machine::Noise;

/// Seeds the noise.
const SEED: u64 = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [recordings, output] = &arguments[..] else { return Err("usage: simulate RECORDINGS OUTPUT".into()) };
    let noise = Noise::of(&measured(recordings)?);
    let workloads = [
        ("matmul-256-few", Workload::new(Op::MatMul, DType::F64, "256", None, 24)?),
        ("matmul-512-many", Workload::new(Op::MatMul, DType::F64, "512", None, 100)?),
        ("add-many", Workload::new(Op::Binary(Binary::Add), DType::F64, "1000000", None, 64)?),
    ];
    for (name, workload) in workloads {
        let outcome = record::outcome(&workload, &selection()?, Strategy::Exhaustive, &noise, SEED, f64::INFINITY)?;
        let path = output.join(format!("simulated-{}-{name}.json", machine::CPUS));
        fs::write(&path, report::render(&outcome, Format::Json, Page::FILE))?;
    }
    Ok(())
}

/// The recordings in a folder that are of a machine that is there.
fn measured(folder: &Path) -> Result<Vec<Recording>, Box<dyn Error>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut recordings = paths.iter().map(|path| Recording::load(path)).collect::<Result<Vec<_>, _>>()?;
    recordings.retain(|recording| !recording.outcome().machine.machine.cpu_model.starts_with("simulated"));
    if recordings.is_empty() {
        return Err(format!("{}: no measured recording, whose noise could be taken", folder.display()).into());
    }
    Ok(recordings)
}

/// A part of the space of some eighty combinations, the fastest of all among them: every second number of threads, the
/// larger numbers of workers, and one of the two pools.
fn selection() -> Result<Selection, gingham_core::Error> {
    Ok(Selection {
        executors: Some(vec![ExecutorKind::Serial, ExecutorKind::Threads]),
        op_threads: Some([1, 4, 16].map(OpThreads::new).into_iter().collect::<Result<_, _>>()?),
        workers: Some(vec![4, 8, 16]),
        chunks: Some(vec![0, 1]),
        ..Selection::default()
    })
}
