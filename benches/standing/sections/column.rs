//! Small square matrices by a column: never slower than the best rival.

use gingham::core::OpThreads;

use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

const SIZES: [usize; 7] = [4, 8, 12, 16, 24, 32, 64];

pub(super) fn run(standing: &Standing) {
    rows::<f64>(standing);
    rows::<f32>(standing);
}

fn rows<T: Element>(standing: &Standing) {
    for n in SIZES {
        let name = format!("column/{}/{n}", T::DTYPE);
        if !standing.wants(&name, 2.0 * (n * n) as f64) {
            continue;
        }
        let product = Product::<T>::new([n, n, 1], ByColumns::default());
        for ours in product.verified(standing, vec![product.side(standing.ours(), OpThreads::ONE)]) {
            let rivals = product.verified(standing, product.rivals(standing));
            let (work, ceiling, goal, name) = (product.flop(), Some(fma(T::DTYPE)), Goal::ratio(1.0), name.clone());
            standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals });
        }
    }
}
