//! `cargo xtask accuracy`: how far the approximated functions of the backend `simd` are from the exact values.
//!
//! Every `f32` is an argument of the functions of one argument; `f64`, and the pairs of `pow`, are sampled densely. The
//! judge is CORE-MATH, whose `f64` functions are correctly rounded ([`function`]). A crate of its own, because the
//! judge is C, and no published crate should need that.

mod error;
mod function;
mod measure;
mod points;
mod specials;

use std::process::ExitCode;

use gingham_core::DType;
use gingham_simd::{Level, Simd};

use error::Element;
use function::Function;
use measure::Row;
use points::Extent;

const USAGE: &str = "\
usage: cargo xtask accuracy [--short] [FUNCTION]... [f32|f64]... [portable|avx2|avx512]...

  exp, ln, sin, cos, tanh, pow; all functions, element types and levels that this CPU has where none is named
  --short   a sample of seconds where the whole takes minutes a function";

/// What is to be measured.
struct Request {
    extent: Extent,
    functions: Vec<Function>,
    dtypes: Vec<DType>,
    levels: Vec<Level>,
}

impl Request {
    /// The settings from the words of the command line.
    fn parse(args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut request = Self { extent: Extent::Whole, functions: vec![], dtypes: vec![], levels: vec![] };
        for arg in args {
            if arg == "--short" {
                request.extent = Extent::Short;
            } else if let Some(function) = Function::ALL.into_iter().find(|f| f.name() == arg) {
                request.functions.push(function);
            } else if let Some(dtype) = DType::ALL.into_iter().find(|dtype| dtype.to_string() == arg) {
                request.dtypes.push(dtype);
            } else if let Some(level) = Level::ALL.into_iter().find(|level| level.name() == arg) {
                request.levels.push(level);
            } else {
                return Err(format!("`{arg}` is not a function, element type or level\n{USAGE}"));
            }
        }
        or_all(&mut request.functions, &Function::ALL);
        or_all(&mut request.dtypes, &DType::ALL);
        or_all(&mut request.levels, &Level::ALL);
        Ok(request)
    }
}

fn or_all<T: Clone>(named: &mut Vec<T>, all: &[T]) {
    if named.is_empty() {
        named.extend_from_slice(all);
    }
}

fn main() -> ExitCode {
    let request = match Request::parse(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let mut backends = Vec::new();
    for &level in &request.levels {
        match Simd::with_level(level) {
            Ok(backend) => backends.push((level, backend)),
            Err(error) => println!("skipped: {error}"),
        }
    }
    if backends.is_empty() {
        return ExitCode::FAILURE;
    }
    println!("{}", Row::HEADINGS);
    let mut good = true;
    for function in request.functions {
        for &dtype in &request.dtypes {
            good &= match dtype {
                DType::F32 => report::<f32>(function, &backends, request.extent),
                DType::F64 => report::<f64>(function, &backends, request.extent),
            };
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one function, prints a row for each level, and says whether all are within the bound.
fn report<T: Element>(function: Function, backends: &[(Level, Simd)], extent: Extent) -> bool {
    let rows = measure::measure::<T>(function, backends, extent);
    rows.iter().for_each(|row| println!("{row}"));
    rows.iter().all(Row::good)
}
