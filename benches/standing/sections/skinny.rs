//! A tall product by a small square, and matrices by a column: from L3 against the rivals, from memory against the
//! bandwidth of reading.

use gingham::core::OpThreads;
use gingham::machine::ceilings::Resource;

use crate::peers::Element;
use crate::product::Product;
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

pub(super) fn run(standing: &Standing) {
    rows::<f64>(standing);
    rows::<f32>(standing);
}

fn rows<T: Element>(standing: &Standing) {
    product::<T>(standing, [20_000, 16, 16], Unit::Flop, Goal::ratio(1.05));
    product::<T>(standing, [1000, 1000, 1], Unit::Flop, Goal::ratio(1.05));
    product::<T>(standing, [8000, 8000, 1], Unit::Bytes, Goal::ceiling(0.9));
}

fn product<T: Element>(standing: &Standing, [m, k, n]: [usize; 3], unit: Unit, goal: Goal) {
    let name = format!("skinny/{}/{m}x{k}x{n}", T::DTYPE);
    let bytes = ((m * k + k * n + m * n) * T::DTYPE.size()) as f64;
    if !standing.wants(&name, bytes) {
        return;
    }
    let product = Product::<T>::new([m, k, n], Default::default());
    let ours = product.side(standing.ours(), OpThreads::ONE);
    let (work, ceiling) = match unit {
        Unit::Flop => (product.flop(), fma(T::DTYPE)),
        _ => (bytes, Resource::Read),
    };
    for ours in product.verified(standing, vec![ours]) {
        let rivals = product.verified(standing, product.rivals(standing));
        let row = Row { name: name.clone(), work, unit, ceiling: Some(ceiling), threads: 1, goal, ours, rivals };
        standing.row(row);
    }
}
