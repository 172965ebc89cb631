//! Multiplies matrices in worker processes: first in memory that all share, then arrays of this program, which are
//! copied there and back.
//!
//! ```text
//! cargo run --release --example processes
//! ```

use std::error::Error;
use std::time::Instant;

use gingham::core::ndarray::Array2;
use gingham::{Product, Session, Workload};

const N: usize = 1000;
const TASKS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let registry = gingham::registry();
    // The workers are this program, started again: here they begin to serve, and never come past this line.
    gingham::init(&registry);
    let plan = Session::without_profile(registry).apply(&"simd:1+processes/shm:2".parse()?)?;
    println!("{}", plan.note());

    let mut arena = plan.arena(&Workload::matmul::<f64>([N, N, N]).tasks(TASKS))?;
    for task in 0..TASKS {
        arena.input_mut::<f64>(task, 0)?.fill(1.0);
        arena.input_mut::<f64>(task, 1)?.fill(task as f64);
    }
    plan.run_in(&mut arena)?; // the workers map the arena
    let start = Instant::now();
    plan.run_in(&mut arena)?;
    println!(
        "in place: {:.3} s, C[0] of the last task {}",
        start.elapsed().as_secs_f64(),
        arena.output::<f64>(7)?[[0, 0]]
    );

    let (a, b) = (Array2::<f64>::ones((N, N)), Array2::<f64>::ones((N, N)));
    let mut c = vec![Array2::zeros((N, N)); TASKS];
    let mut products: Vec<_> = c.iter_mut().map(|c| Product { a: a.view(), b: b.view(), c: c.view_mut() }).collect();
    let start = Instant::now();
    plan.matmul_many(&mut products)?;
    println!("copied: {:.3} s, C[0] {}", start.elapsed().as_secs_f64(), c[7][[0, 0]]);
    Ok(())
}
