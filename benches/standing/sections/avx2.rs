//! The level AVX2, forced: 85 % of that level's own ceiling.

use gingham::core::{DType, OpThreads};
use gingham::machine::ceilings::Resource;
use gingham_simd::{Level, Simd};

use crate::definitions::Sizes;
use crate::peers::Element;
use crate::product::Product;
use crate::standing::{Row, Standing, Unit};

pub(super) fn run(standing: &Standing, of: &Sizes) {
    match Simd::with_level(Level::Avx2) {
        Ok(backend) => {
            rows::<f64>(standing, of, &backend);
            rows::<f32>(standing, of, &backend);
        }
        Err(error) => println!("avx2: left out: {error}"),
    }
}

fn rows<T: Element>(standing: &Standing, of: &Sizes, backend: &Simd) {
    for &n in &of.sizes {
        let name = format!("avx2/{}/{n}", T::DTYPE);
        if !standing.wants(&name, 2.0 * (n as f64).powi(3)) {
            continue;
        }
        let product = Product::<T>::new([n; 3], Default::default());
        let ceiling = Some(match T::DTYPE {
            DType::F64 => Resource::Avx2F64,
            DType::F32 => Resource::Avx2F32,
        });
        let ours = product.verified(standing, vec![product.side(backend, OpThreads::ONE)]);
        if let Some(ours) = ours.into_iter().next() {
            let (work, goal) = (product.flop(), of.goal);
            standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals: Vec::new() });
        }
    }
}
