//! Applies the saved answer to a batch of products: `cargo run --release --example apply`.

use gingham::core::Product;
use gingham::core::ndarray::Array2;
use gingham::{Session, Workload};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let workload = Workload::matmul::<f64>([256, 256, 256]).tasks(64);
    let plan = Session::open(gingham::registry())?.plan(&workload)?;
    println!("{}", plan.note());

    let a = Array2::from_shape_fn((256, 256), |(i, j)| ((i + j) % 7) as f64);
    let b = Array2::<f64>::eye(256);
    let mut products = vec![Array2::zeros((256, 256)); workload.tasks()];
    let mut batch: Vec<_> =
        products.iter_mut().map(|c| Product { a: a.view(), b: b.view(), c: c.view_mut() }).collect();
    plan.matmul_many(&mut batch)?;
    assert!(products.iter().all(|c| c == a));
    Ok(())
}
