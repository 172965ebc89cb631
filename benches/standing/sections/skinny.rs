//! A tall product by a small square, and matrices by a column: from L3 against the rivals, from memory against the
//! bandwidth of reading.

use gingham::core::OpThreads;
use gingham::machine::ceilings::Resource;

use crate::definitions::{Counted, Rows, Skinny};
use crate::peers::Element;
use crate::product::Product;
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};

pub(super) fn run(standing: &Standing, of: &Rows<Skinny>) {
    rows::<f64>(standing, of);
    rows::<f32>(standing, of);
}

fn rows<T: Element>(standing: &Standing, of: &Rows<Skinny>) {
    for row in &of.rows {
        product::<T>(standing, row);
    }
}

fn product<T: Element>(standing: &Standing, &Skinny { shape: [m, k, n], unit, goal }: &Skinny) {
    let name = format!("skinny/{}/{m}x{k}x{n}", T::DTYPE);
    let bytes = ((m * k + k * n + m * n) * T::DTYPE.size()) as f64;
    if !standing.wants(&name, bytes) {
        return;
    }
    let product = Product::<T>::new([m, k, n], Default::default());
    let ours = product.side(standing.ours(), OpThreads::ONE);
    let (work, unit, ceiling) = match unit {
        Counted::Flop => (product.flop(), Unit::Flop, fma(T::DTYPE)),
        Counted::Bytes => (bytes, Unit::Bytes, Resource::Read),
    };
    for ours in product.verified(standing, vec![ours]) {
        let rivals = product.verified(standing, product.rivals(standing));
        let row = Row { name: name.clone(), work, unit, ceiling: Some(ceiling), threads: 1, goal, ours, rivals };
        standing.row(row);
    }
}
