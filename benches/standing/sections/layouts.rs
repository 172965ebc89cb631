//! A, B, C or all of them by columns: 95 % of the rate of the same product with all by rows.

use gingham::core::OpThreads;

use crate::definitions::Layouts;
use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};

pub(super) fn run(standing: &Standing, of: &Layouts) {
    rows::<f64>(standing, of);
    rows::<f32>(standing, of);
}

fn rows<T: Element>(standing: &Standing, of: &Layouts) {
    for &n in &of.sizes {
        for layout in &of.layouts {
            let name = format!("layouts/{}/{n}/{layout}", T::DTYPE);
            let [turned, plain] = [by_columns(layout), ByColumns::default()].map(|columns| (columns, [n; 3]));
            if !standing.wants(&name, 2.0 * (n as f64).powi(3)) {
                continue;
            }
            let [turned, plain] = [turned, plain].map(|(columns, shape)| Product::<T>::new(shape, columns));
            let ours = turned.verified(standing, vec![turned.side(standing.ours(), OpThreads::ONE)]);
            let mut rivals = plain.verified(standing, vec![plain.side(standing.ours(), OpThreads::ONE)]);
            rivals.iter_mut().for_each(|side| side.name = "simd rrr".into());
            if let Some(ours) = ours.into_iter().next() {
                let (work, ceiling) = (turned.flop(), Some(fma(T::DTYPE)));
                let goal = of.goal;
                standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals });
            }
        }
    }
}

/// The letters of a layout, as in a workload: for A, B and C in turn, `c` by columns and `r` by rows.
fn by_columns(layout: &str) -> ByColumns {
    let mut letters = layout.chars().map(|letter| letter == 'c');
    let mut next = || letters.next().unwrap_or_default();
    ByColumns { a: next(), b: next(), c: next() }
}
