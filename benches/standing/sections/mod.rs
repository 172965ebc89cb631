//! The table's sections, one a file; each builds the operands of its rows, which
//! `benches/workloads/standing.toml` lists.

mod avx2;
mod batch;
mod column;
mod dot;
mod ksplit;
mod lanes;
mod large;
mod layouts;
mod random;
mod skinny;
mod small;
mod threads;

use gingham::core::{DType, OpThreads};
use gingham::machine::ceilings::Resource;

use crate::definitions::Definitions;
use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

/// Measures the wanted rows of a section.
type Section = fn(&Standing, &Definitions);

/// In the order of the table. The name of a row begins with its section's name.
pub(crate) const ALL: [(&str, Section); 12] = [
    ("small", |standing, of| small::run(standing, &of.small)),
    ("batch", |standing, of| batch::run(standing, &of.batch)),
    ("large", |standing, of| large::run(standing, &of.large)),
    ("layouts", |standing, of| layouts::run(standing, &of.layouts)),
    ("avx2", |standing, of| avx2::run(standing, &of.avx2)),
    ("skinny", |standing, of| skinny::run(standing, &of.skinny)),
    ("column", |standing, of| column::run(standing, &of.column)),
    ("threads", |standing, of| threads::run(standing, &of.threads)),
    ("ksplit", |standing, of| ksplit::run(standing, &of.ksplit)),
    ("dot", |standing, of| dot::run(standing, &of.dot)),
    ("lanes", |standing, of| lanes::run(standing, &of.lanes)),
    ("random", |standing, of| random::run(standing, &of.random)),
];

/// The ceiling of arithmetic on `dtype`.
fn fma(dtype: DType) -> Resource {
    match dtype {
        DType::F64 => Resource::FmaF64,
        DType::F32 => Resource::FmaF32,
    }
}

/// The row of one square product by rows, against all rivals.
fn square<T: Element>(standing: &Standing, section: &str, n: usize, goal: Goal) {
    let name = format!("{section}/{}/{n}", T::DTYPE);
    if !standing.wants(&name, 2.0 * (n as f64).powi(3)) {
        return;
    }
    let product = Product::<T>::new([n; 3], ByColumns::default());
    let ours = product.verified(standing, vec![product.side(standing.ours(), OpThreads::ONE)]);
    if let Some(ours) = ours.into_iter().next() {
        let rivals = product.verified(standing, product.rivals(standing));
        let (work, ceiling) = (product.flop(), Some(fma(T::DTYPE)));
        standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 1, goal, ours, rivals });
    }
}

/// The row of one product on two op threads against one.
fn two_threads<T: Element>(standing: &Standing, name: String, shape: [usize; 3], goal: Goal) {
    let [m, k, n] = shape.map(|len| len as f64);
    if !standing.wants(&name, 2.0 * m * k * n) {
        return;
    }
    let Some(two) = standing.threads(2) else { return };
    let product = Product::<T>::new(shape, ByColumns::default());
    let sides = [two, OpThreads::ONE].map(|threads| product.side(standing.ours(), threads));
    let mut sides = product.verified(standing, sides.into()).into_iter();
    if let (Some(ours), Some(mut one)) = (sides.next(), sides.next()) {
        one.name = "simd, 1 thread".into();
        let (work, ceiling) = (product.flop(), Some(fma(T::DTYPE)));
        standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 2, goal, ours, rivals: vec![one] });
    }
}
