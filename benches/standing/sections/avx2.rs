//! The level AVX2, forced: 85 % of that level's own ceiling.

use gingham::core::{DType, OpThreads};
use gingham::machine::ceilings::Resource;
use gingham_simd::{Level, Simd};

use crate::peers::Element;
use crate::product::Product;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

const SIZE: usize = 1000;

pub(super) fn run(standing: &Standing) {
    match Simd::with_level(Level::Avx2) {
        Ok(backend) => {
            row::<f64>(standing, &backend);
            row::<f32>(standing, &backend);
        }
        Err(error) => println!("avx2: left out: {error}"),
    }
}

fn row<T: Element>(standing: &Standing, backend: &Simd) {
    let name = format!("avx2/{}/{SIZE}", T::DTYPE);
    if !standing.wants(&name, 2.0 * (SIZE as f64).powi(3)) {
        return;
    }
    let product = Product::<T>::new([SIZE; 3], Default::default());
    let ceiling = Some(match T::DTYPE {
        DType::F64 => Resource::Avx2F64,
        DType::F32 => Resource::Avx2F32,
    });
    let ours = product.verified(standing, vec![product.side(backend, OpThreads::ONE)]);
    if let Some(ours) = ours.into_iter().next() {
        let (work, goal) = (product.flop(), Goal::ceiling(0.85));
        standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals: Vec::new() });
    }
}
