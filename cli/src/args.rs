//! Flags that several commands share, and the small forms they are written in.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gingham_core::{DType, Op};
use gingham_runtime::workload::{Sink, Source};
use gingham_runtime::{Workload, store};

use super::failure::Failure;
use super::workload_file;

/// What is to be computed.
#[derive(Args, PartialEq, Default)]
pub(super) struct WorkloadArgs {
    /// A TOML file with op, dtype, shape, tasks and layout
    ///
    /// For a workload that is tuned again and again, or kept beside the program that it stands for. The keys are those
    /// of the flags below, for example: op = "matmul", shape = "512x256x512", tasks = 100.
    #[arg(long, value_name = "FILE")]
    #[arg(conflicts_with_all = ["op", "shape", "dtype", "tasks", "layout", "source", "sink"])]
    workload: Option<PathBuf>,
    /// matmul, dot, fill, random-uniform, random-normal, or an element-wise function such as exp or add
    ///
    /// What every task of the batch does. `gingham matrix` lists all operations, and which backends compute each.
    /// `gingham run` also has load and save, for files.
    #[arg(long)]
    pub(super) op: Option<String>,
    /// MxKxN or N for matmul, N for dot, MxN or N for the others
    ///
    /// The sizes of one task: for matmul A is M x K, B is K x N and C is M x N, and N alone is NxNxN. Take those of
    /// your own work: another size may have another fastest combination.
    #[arg(long)]
    pub(super) shape: Option<String>,
    /// f64 or f32 [default: f64]
    ///
    /// The type of all elements. f32 is about twice as fast, where its seven digits will do.
    #[arg(long)]
    pub(super) dtype: Option<String>,
    /// Number of tasks in the batch
    ///
    /// How many such operations your program has at a time. With one task only threads inside it can help.
    #[arg(long, value_name = "K", value_parser = count)]
    tasks: Option<usize>,
    /// Order of A, B and C: r by rows, c by columns, for example rcr
    ///
    /// For matmul alone. NumPy's arrays are by rows unless made otherwise, transposed views and Fortran's by columns.
    #[arg(long)]
    layout: Option<String>,
    /// Where inputs come from: parent, worker, or files [default: parent]
    ///
    /// parent: they lie in memory before the batch begins. worker: whoever does a task makes its inputs, which are
    /// random numbers, and the making counts. files: whoever does a task reads its inputs from .npy files, which lie in
    /// the directory for temporary files.
    #[arg(long, value_name = "WHENCE")]
    source: Option<String>,
    /// Where results go: parent, drop, or files [default: parent]
    ///
    /// parent: into memory that the parent sees. drop: nowhere, as where each task keeps a number of its result alone.
    /// files: whoever does a task writes its result to a .npy file.
    #[arg(long, value_name = "WHITHER")]
    sink: Option<String>,
}

/// The largest workload file that is read: one is some hundred bytes.
const LARGEST_FILE: u64 = 1 << 20;

impl WorkloadArgs {
    /// Whether no flag was given.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it says more than an operation, a type and a shape.
    pub(super) fn is_of_tasks(&self) -> bool {
        self.workload.is_some() || self.tasks.is_some() || self.layout.is_some()
    }

    /// The workload that the flags, or the file, describe; `None` where no flag is given.
    pub(super) fn workload(&self) -> Result<Option<Workload>, Failure> {
        if self.is_empty() {
            return Ok(None);
        }
        if let Some(path) = &self.workload {
            let name = path.display();
            let refuse = |reason: &dyn std::fmt::Display| Failure::usage(format!("workload {name}: {reason}"));
            let text = store::read_text(path, LARGEST_FILE).map_err(|e| refuse(&e))?;
            return workload_file::parse(&text).map(Some).map_err(|e| refuse(&e));
        }
        let missing =
            |flag| Failure::usage(format!("--{flag} is missing; for example --op matmul --shape 512 --tasks 32"));
        let op = self.op.as_deref().ok_or_else(|| missing("op"))?.parse::<Op>()?;
        let shape = self.shape.as_deref().ok_or_else(|| missing("shape"))?;
        let dtype = self.dtype.as_deref().map_or(Ok(DType::F64), str::parse)?;
        let tasks = self.tasks.ok_or_else(|| missing("tasks"))?;
        let source = self.source.as_deref().map_or(Ok(Source::Parent), str::parse)?;
        let sink = self.sink.as_deref().map_or(Ok(Sink::Parent), str::parse)?;
        Ok(Some(Workload::new(op, dtype, shape, self.layout.as_deref(), tasks)?.between(source, sink)?))
    }
}

/// A number of things.
pub(super) fn count(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number, such as 8".into())
}

/// A duration: `60s`, `500ms`, `2min`, or seconds as a bare number.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let error = || format!("`{text}` is not a duration; expected one such as 60s, 500ms or 2min");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(error()),
    };
    let seconds = digits.parse::<f64>().map_err(|_| error())? * unit;
    let longest = 7.0 * 24.0 * 3600.0;
    if !(0.001..=longest).contains(&seconds) {
        return Err(format!("`{text}` is out of range; expected 1ms to a week"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A share: `2%`, or `0.02`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|p| p / 100.0),
        None => text.parse(),
    };
    match share {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err(format!("`{text}` is not a share below one; expected one such as 2%")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("60s"), Ok(Duration::from_secs(60)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2min"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        for bad in ["", "s", "-1s", "0", "1e300", "NaN", "inf", "5 parsecs", "1d"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn shares() {
        assert_eq!(share("2%"), Ok(0.02));
        assert_eq!(share("0.05"), Ok(0.05));
        for bad in ["", "%", "-1%", "100%", "NaN", "1.5"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }
}
