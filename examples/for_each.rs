//! Runs a closure over the rows of an image as the saved answer spreads tasks:
//! `cargo run --release --example for_each`.

use std::sync::atomic::{AtomicU64, Ordering};

use gingham::core::Unary;
use gingham::{Session, Workload};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let workload = Workload::unary::<f64>(Unary::Exp, [1, 800]).tasks(800);
    let plan = Session::open(gingham::registry())?.plan(&workload)?;
    let inside = AtomicU64::new(0);
    plan.for_each(800, |row| {
        let im = row as f64 / 800.0 * 3.0 - 1.5;
        let points = (0..800).filter(|column| is_inside(f64::from(*column) / 800.0 * 3.0 - 2.0, im)).count();
        inside.fetch_add(points as u64, Ordering::Relaxed);
    })?;
    println!("{}: the Mandelbrot set covers {:.3}", plan.combination(), inside.into_inner() as f64 * 9.0 / 640_000.0);
    Ok(())
}

/// Whether the orbit of `re + i im` stays within 2 for 200 steps.
fn is_inside(re: f64, im: f64) -> bool {
    let orbit = std::iter::successors(Some((0.0, 0.0)), |(x, y)| Some((x * x - y * y + re, 2.0 * x * y + im)));
    orbit.take(200).all(|(x, y): (f64, f64)| x * x + y * y <= 4.0)
}
