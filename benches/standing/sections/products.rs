//! Products of two matrices: eight sections, whose rows differ in their shapes and layouts, and in what they are
//! compared with.

use gingham::core::{Backend, DType, OpThreads};
use gingham::machine::ceilings::Resource;
use gingham_simd::{Level, Simd};

use crate::definitions::{Counted, Layouts, Rows, Shape, Sizes, Skinny};
use crate::peers::Element;
use crate::product::{ByColumns, Product};
use crate::rounds::Side;
use crate::sections::fma;
use crate::standing::{Row, Standing, Unit};
use crate::verdict::Goal;

/// What a product is compared with.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Against {
    Rivals,
    /// The same product with all matrices by rows.
    ByRows,
    /// The same product on one thread; its own side has two.
    OneThread,
    /// The ceiling alone.
    Ceiling,
}

/// A row, but for its element type.
struct Case<'a> {
    /// What follows the section and the element type in the row's name.
    label: String,
    /// m, k and n.
    shape: [usize; 3],
    by_columns: ByColumns,
    backend: &'a dyn Backend,
    unit: Counted,
    /// The ceiling of the arithmetic.
    fma: fn(DType) -> Resource,
    against: Against,
    goal: Goal,
}

impl<'a> Case<'a> {
    fn new(standing: &'a Standing, label: String, shape: [usize; 3], against: Against, goal: Goal) -> Self {
        let (backend, by_columns) = (standing.ours(), ByColumns::default());
        Self { label, shape, by_columns, backend, unit: Counted::Flop, fma, against, goal }
    }
}

/// A square product for each size.
pub(super) fn squares(standing: &Standing, section: &str, of: &Sizes, against: Against) {
    let case = |&n| Case::new(standing, format!("/{n}"), [n; 3], against, of.goal);
    run(standing, section, of.sizes.iter().map(case));
}

/// A square matrix by a column for each size.
pub(super) fn columns(standing: &Standing, section: &str, of: &Sizes) {
    let case = |&n| Case::new(standing, format!("/{n}"), [n, n, 1], Against::Rivals, of.goal);
    run(standing, section, of.sizes.iter().map(case));
}

/// A square product for each size and layout.
pub(super) fn layouts(standing: &Standing, section: &str, of: &Layouts) {
    let cases = of.sizes.iter().flat_map(|&n| of.layouts.iter().map(move |layout| (n, layout)));
    let case = |(n, layout): (usize, &String)| Case {
        by_columns: by_columns(layout),
        ..Case::new(standing, format!("/{n}/{layout}"), [n; 3], Against::ByRows, of.goal)
    };
    run(standing, section, cases.map(case));
}

/// A square product for each size, by the kernels of AVX2.
pub(super) fn avx2(standing: &Standing, section: &str, of: &Sizes) {
    let fma = |dtype| match dtype {
        DType::F64 => Resource::Avx2F64,
        DType::F32 => Resource::Avx2F32,
    };
    match Simd::with_level(Level::Avx2) {
        Ok(backend) => {
            let case = |&n| Case {
                backend: &backend,
                fma,
                ..Case::new(standing, format!("/{n}"), [n; 3], Against::Ceiling, of.goal)
            };
            run(standing, section, of.sizes.iter().map(case));
        }
        Err(error) => println!("{section}: left out: {error}"),
    }
}

/// The listed shapes.
pub(super) fn skinny(standing: &Standing, section: &str, of: &Rows<Skinny>) {
    let case = |&Skinny { shape, unit, goal }| {
        let [m, k, n] = shape;
        Case { unit, ..Case::new(standing, format!("/{m}x{k}x{n}"), shape, Against::Rivals, goal) }
    };
    run(standing, section, of.rows.iter().map(case));
}

/// One shape, on two threads.
pub(super) fn two_threads(standing: &Standing, section: &str, of: &Shape) {
    let case = Case::new(standing, String::new(), of.shape, Against::OneThread, of.goal);
    run(standing, section, [case].into_iter());
}

/// Measures all rows in f64, then all in f32.
fn run<'a>(standing: &Standing, section: &str, cases: impl Iterator<Item = Case<'a>>) {
    let cases: Vec<Case<'a>> = cases.collect();
    cases.iter().for_each(|case| row::<f64>(standing, section, case));
    cases.iter().for_each(|case| row::<f32>(standing, section, case));
}

fn row<T: Element>(standing: &Standing, section: &str, case: &Case<'_>) {
    let &Case { ref label, shape, by_columns, backend, unit, fma, against, goal } = case;
    let name = format!("{section}/{}{label}", T::DTYPE);
    let [m, k, n] = shape.map(|len| len as f64);
    let (work, unit, ceiling) = match unit {
        Counted::Flop => (2.0 * m * k * n, Unit::Flop, fma(T::DTYPE)),
        Counted::Bytes => ((m * k + k * n + m * n) * T::DTYPE.size() as f64, Unit::Bytes, Resource::Read),
    };
    if !standing.wants(&name, work) {
        return;
    }
    let threads = if against == Against::OneThread { 2 } else { 1 };
    let Some(op_threads) = standing.threads(threads) else { return };
    let product = Product::<T>::new(shape, by_columns);
    let by_rows = (against == Against::ByRows).then(|| Product::<T>::new(shape, ByColumns::default()));
    let Some(ours) = product.verified(standing, product.side(backend, op_threads)) else { return };
    let rivals = match against {
        Against::Rivals => product.rivals(standing),
        Against::ByRows | Against::OneThread => {
            let (other, name) = by_rows.as_ref().map_or((&product, "simd, 1 thread"), |other| (other, "simd rrr"));
            let side = Side { name: name.into(), ..other.side(backend, OpThreads::ONE) };
            other.verified(standing, side).into_iter().collect()
        }
        Against::Ceiling => Vec::new(),
    };
    standing.row(Row { name, work, unit, ceiling: Some(ceiling), threads, goal, ours, rivals });
}

/// The letters of a layout, as in a workload: for A, B and C in turn, `c` by columns and `r` by rows.
fn by_columns(layout: &str) -> ByColumns {
    let mut letters = layout.chars().map(|letter| letter == 'c');
    let mut next = || letters.next().unwrap_or_default();
    ByColumns { a: next(), b: next(), c: next() }
}
