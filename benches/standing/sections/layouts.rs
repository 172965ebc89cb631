//! A, B, C or all of them by columns: 95 % of the rate of the same product with all by rows.

use gingham::core::OpThreads;

use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

const SIZES: [usize; 2] = [512, 1000];

/// In the letters of a workload's layout.
const LAYOUTS: [(&str, ByColumns); 4] = [
    ("crr", ByColumns { a: true, b: false, c: false }),
    ("rcr", ByColumns { a: false, b: true, c: false }),
    ("rrc", ByColumns { a: false, b: false, c: true }),
    ("ccc", ByColumns { a: true, b: true, c: true }),
];

pub(super) fn run(standing: &Standing) {
    rows::<f64>(standing);
    rows::<f32>(standing);
}

fn rows<T: Element>(standing: &Standing) {
    for n in SIZES {
        for (layout, by_columns) in LAYOUTS {
            let name = format!("layouts/{}/{n}/{layout}", T::DTYPE);
            let [turned, plain] = [by_columns, ByColumns::default()].map(|columns| (columns, [n; 3]));
            if !standing.wants(&name, 2.0 * (n as f64).powi(3)) {
                continue;
            }
            let [turned, plain] = [turned, plain].map(|(columns, shape)| Product::<T>::new(shape, columns));
            let ours = turned.verified(standing, vec![turned.side(standing.ours(), OpThreads::ONE)]);
            let mut rivals = plain.verified(standing, vec![plain.side(standing.ours(), OpThreads::ONE)]);
            rivals.iter_mut().for_each(|side| side.name = "simd rrr".into());
            if let Some(ours) = ours.into_iter().next() {
                let (work, ceiling) = (turned.flop(), Some(fma(T::DTYPE)));
                let goal = Goal::ratio(0.95);
                standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals });
            }
        }
    }
}
