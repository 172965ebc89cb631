//! NumPy, in a process of its own that waits for lines: its samples are taken between ours, on the same core.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Error as IoError, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::memory::{Buffer, PERIOD};
use crate::peers::Element;
use crate::rounds::Side;

/// What the process runs.
const RUNNER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/standing/numpy_side.py");

/// NumPy's process, which ends when its standard input is closed.
pub(crate) struct Numpy {
    pipes: RefCell<(ChildStdin, BufReader<ChildStdout>)>,
    version: String,
    _process: Child,
}

impl Numpy {
    /// Starts the process with the Python of `environment`.
    pub(crate) fn start(environment: &Path) -> Result<Self, String> {
        let python = environment.join("bin/python");
        let mut command = Command::new(&python);
        command.arg(RUNNER).stdin(Stdio::piped()).stdout(Stdio::piped());
        let missing = |error: IoError| format!("{}: {error}; `cargo xtask peers` installs it", python.display());
        let mut process = command.spawn().map_err(missing)?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("no pipes".into());
        };
        let pipes = RefCell::new((input, BufReader::new(output)));
        let mut numpy = Self { pipes, version: String::new(), _process: process };
        numpy.version = numpy.ask(&json!({}), "version")?.as_str().unwrap_or("unknown").to_owned();
        Ok(numpy)
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Prepares `op` on operands that repeat after [`PERIOD`] elements, calls it once, and returns the side with the
    /// first period of its result. `shape` is the shape of the result and of the inputs.
    pub(crate) fn side<T: Element>(
        &self,
        op: &str,
        shape: &[usize],
        inputs: &[&Buffer<T>],
    ) -> Result<(Side<'_>, Vec<T>), String> {
        let periods: Vec<String> = inputs.iter().map(|input| hex(&input[..input.len().min(PERIOD)])).collect();
        let case = json!({"op": op, "dtype": T::DTYPE.name(), "shape": shape, "inputs": periods});
        let out = unhex(self.ask(&case, "out")?.as_str().unwrap_or_default());
        let time = |calls: u64| {
            let seconds = self.ask(&json!({"calls": calls}), "seconds").map(|answer| answer.as_f64());
            seconds.ok().flatten().unwrap_or(f64::INFINITY)
        };
        Ok((Side { name: "numpy".into(), first: 0.0, time: Box::new(time) }, out))
    }

    fn ask(&self, request: &Value, field: &str) -> Result<Value, String> {
        let (input, output) = &mut *self.pipes.borrow_mut();
        let mut line = String::new();
        let exchanged = writeln!(input, "{request}").and_then(|()| output.read_line(&mut line));
        exchanged.map_err(|error| format!("its process: {error}"))?;
        let answer: Value = serde_json::from_str(&line).map_err(|error| format!("its answer `{line}`: {error}"))?;
        match answer.get(field) {
            Some(value) => Ok(value.clone()),
            None => Err(answer["error"].as_str().unwrap_or("no answer").to_owned()),
        }
    }
}

fn hex<T: Element>(values: &[T]) -> String {
    bytemuck::cast_slice::<T, u8>(values).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<T: Element>(text: &str) -> Vec<T> {
    let digit = |c: u8| (c as char).to_digit(16).unwrap_or_default() as u8;
    let bytes: Vec<u8> = text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()
}
