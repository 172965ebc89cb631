//! Small square matrices by a column: never slower than the best rival.

use gingham::core::OpThreads;

use crate::definitions::Sizes;
use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};

pub(super) fn run(standing: &Standing, of: &Sizes) {
    rows::<f64>(standing, of);
    rows::<f32>(standing, of);
}

fn rows<T: Element>(standing: &Standing, of: &Sizes) {
    for &n in &of.sizes {
        let name = format!("column/{}/{n}", T::DTYPE);
        if !standing.wants(&name, 2.0 * (n * n) as f64) {
            continue;
        }
        let product = Product::<T>::new([n, n, 1], ByColumns::default());
        for ours in product.verified(standing, vec![product.side(standing.ours(), OpThreads::ONE)]) {
            let rivals = product.verified(standing, product.rivals(standing));
            let (work, ceiling, goal, name) = (product.flop(), Some(fma(T::DTYPE)), of.goal, name.clone());
            standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals });
        }
    }
}
