//! The Mandelbrot set as a picture, its rows spread as is fastest on this machine:
//! `cargo run --release --example mandelbrot -- [--size N] [--iterations N] [--budget SECONDS] [--out FILE]`.
//!
//! Rows through the middle of the set cost a hundred times those at its edges, so how they are dealt to workers
//! matters. The row is a function that is registered by name, so it is raced in trials and compared with a serial run;
//! `tune_closure` shows the shorter way, for a closure.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gingham::core::{Context, Registry};
use gingham::harness::FnTuner;
use gingham::runtime::Workload;

const ROWS: &str = "mandelbrot_rows";

fn main() -> ExitCode {
    let registry = gingham::registry().with_function(ROWS, row);
    gingham::init(&registry);
    match paint(&registry) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mandelbrot: {error}");
            ExitCode::FAILURE
        }
    }
}

fn paint(registry: &Registry) -> Result<(), Box<dyn Error>> {
    let [mut size, mut iterations, mut budget] = [800, 10_000, 15];
    let mut out = String::from("mandelbrot.png");
    let mut args = std::env::args().skip(1);
    while let Some(flag) = args.next() {
        let value = args.next().ok_or_else(|| format!("{flag} has no value"))?;
        match flag.as_str() {
            "--size" => size = value.parse().map_err(|e| format!("--size {value}: {e}"))?,
            "--iterations" => iterations = value.parse().map_err(|e| format!("--iterations {value}: {e}"))?,
            "--budget" => budget = value.parse().map_err(|e| format!("--budget {value}: {e}"))?,
            "--out" => out = value,
            _ => return Err(format!("unknown flag {flag}; available: --size, --iterations, --budget, --out").into()),
        }
    }

    let parameters = [iterations as f64];
    let rows = Workload::function(registry, ROWS, size, size, &parameters)?;
    let budget = Duration::from_secs(budget as u64);
    let mut tuner = FnTuner::default();
    tuner.budget = budget;
    tuner.progress = gingham::progress(budget);
    #[cfg(target_os = "linux")]
    let tuned = tuner.tune_calls(registry, std::env::current_exe()?, &rows)?;
    #[cfg(not(target_os = "linux"))] // in this process, as trials need Linux
    let tuned = tuner
        .tune_fn(size, |cx, item| row(&Context::new(size, cx.op_threads(), &parameters), item, &mut vec![0.0; size]))?;
    println!("{tuned}");

    let plan = tuned.plan(registry)?;
    let start = Instant::now();
    let steps: Vec<f64> = plan.call(registry, &rows)?;
    let seconds = start.elapsed().as_secs_f64();
    let gain = tuned.serial_row().and_then(|row| row.median_s).map(|serial| serial / seconds);
    let gain = gain.map_or_else(String::new, |gain| format!(", {gain:.2} x as fast as one thread"));
    println!("{size} x {size} points, {iterations} iterations at most: {seconds:.2} s on {}{gain}", plan.combination());
    write_png(out.as_ref(), size, &steps, iterations as f64)?;
    println!("written to {out}");
    Ok(())
}

/// Steps until each point of a row leaves the circle of radius 2, over [-2, 1] x [-1.5, 1.5]. The parameter is the
/// largest number of steps, which a point that stays inside gets.
fn row(cx: &Context<'_>, row: usize, steps: &mut [f64]) -> Result<(), Box<dyn Error + Send + Sync>> {
    let [most] = *cx.parameters() else { return Err("expected one parameter, the iterations".into()) };
    let width = steps.len() as f64;
    let im = 3.0 * (row as f64 + 0.5) / cx.items() as f64 - 1.5;
    for (column, steps) in steps.iter_mut().enumerate() {
        let re = 3.0 * (column as f64 + 0.5) / width - 2.0;
        let (mut x, mut y) = (0.0, 0.0);
        *steps = 0.0;
        while *steps < most && x * x + y * y <= 4.0 {
            (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
            *steps += 1.0;
        }
    }
    Ok(())
}

/// The hotter, the later a point has left: from black over red and yellow to white, on a logarithmic scale.
fn write_png(path: &Path, size: usize, steps: &[f64], most: f64) -> Result<(), Box<dyn Error>> {
    let side = u32::try_from(size)?;
    let file = File::create(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), side, side);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let colour = |steps: &f64| {
        let heat = 3.0 * steps.ln_1p() / most.ln_1p();
        [heat, heat - 1.0, heat - 2.0].map(|part| (255.0 * part.clamp(0.0, 1.0)).round() as u8)
    };
    let pixels: Vec<u8> = steps.iter().flat_map(colour).collect();
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    Ok(writer.finish()?)
}
