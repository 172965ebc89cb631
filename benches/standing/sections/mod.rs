//! The table's sections, one a file; each builds the operands of its rows and says what they are to reach.

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

use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

/// Measures the wanted rows of a section.
type Section = fn(&Standing);

/// In the order of the table. The name of a row begins with that of its section.
pub(crate) const ALL: [(&str, Section); 12] = [
    ("small", small::run),
    ("batch", batch::run),
    ("large", large::run),
    ("layouts", layouts::run),
    ("avx2", avx2::run),
    ("skinny", skinny::run),
    ("column", column::run),
    ("threads", threads::run),
    ("ksplit", ksplit::run),
    ("dot", dot::run),
    ("lanes", lanes::run),
    ("random", random::run),
];

/// Bytes of operands and result together in the rows that are in cache.
const IN_CACHE: usize = 512 << 10;

/// Elements of each operand in the rows that are in memory.
const IN_MEMORY: usize = 50_000_000;

/// The ceiling of arithmetic on `dtype`.
fn fma(dtype: DType) -> Resource {
    match dtype {
        DType::F64 => Resource::FmaF64,
        DType::F32 => Resource::FmaF32,
    }
}

/// The row of one square product by rows, against everyone.
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
fn two_threads<T: Element>(standing: &Standing, name: String, shape: [usize; 3], times: f64) {
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
        let (work, ceiling, goal) = (product.flop(), Some(fma(T::DTYPE)), Goal::ratio(times));
        standing.row(Row { name, work, unit: Unit::Flop, ceiling, threads: 2, goal, ours, rivals: vec![one] });
    }
}
