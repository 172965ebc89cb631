//! The tile of a direct product: it reads columns of A where they lie, and spreads elements of B from memory.

use gingham_core::Scalar;

use super::matrix::Matrix;
use super::operands::{Operands, Origins};
use crate::vector::{Element, Kernel, Vector};

/// A row of tiles, `MV` vectors by `NR` columns each, in some products: the columns `from` to `to`, fewer than `NR` if
/// the tile is `CUT`. The last vector of a column is full unless it is `MASKED`.
///
/// The operands are borrowed: they have just been written word by word, and a copy in whole vectors would stall on
/// store forwarding, some 15 cycles each time.
pub(super) struct DirectTiles<'a, T, const MV: usize, const NR: usize, const MASKED: bool, const CUT: bool> {
    pub(super) operands: &'a Operands<T>,
    pub(super) origins: &'a [Origins<T>],
    pub(super) from: usize,
    pub(super) to: usize,
}

impl<T: Element, const MV: usize, const NR: usize, const MASKED: bool, const CUT: bool> Kernel<T>
    for DirectTiles<'_, T, MV, NR, MASKED, CUT>
{
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(self) {
        let &Operands { alpha, a, b, beta, c, .. } = self.operands;
        // SAFETY: the caller's.
        unsafe {
            let finish = Finish::<V>::new(alpha, beta);
            for origins in self.origins {
                let (a, b, c) = (a.moved_to(origins.a), b.moved_to(origins.b), c.moved_to(origins.c));
                let row = Row { a, b, c, finish };
                let mut j = self.from;
                while j < self.to {
                    row.tile::<MV, NR, MASKED, CUT>(j, if CUT { self.to - j } else { NR });
                    j += NR;
                }
            }
        }
    }
}

/// What is done with the sums of products.
#[derive(Clone, Copy)]
enum Finish<V> {
    /// `C <- AB`
    Store,
    /// `C <- alpha AB`
    Scale(V),
    /// `C <- alpha AB + beta C`
    Add(V, V),
}

impl<V: Vector> Finish<V> {
    /// # Safety
    /// The CPU has the instructions of V.
    #[inline(always)]
    unsafe fn new(alpha: V::Elem, beta: V::Elem) -> Self {
        // SAFETY: the caller's.
        unsafe {
            match (alpha == V::Elem::from_f64(1.0), beta == V::Elem::default()) {
                (true, true) => Self::Store,
                (false, true) => Self::Scale(V::splat(alpha)),
                (_, false) => Self::Add(V::splat(alpha), V::splat(beta)),
            }
        }
    }
}

/// The operands of a row of tiles.
#[derive(Clone, Copy)]
struct Row<V: Vector> {
    a: Matrix<V::Elem>,
    b: Matrix<V::Elem>,
    c: Matrix<V::Elem>,
    finish: Finish<V>,
}

impl<V: Vector> Row<V> {
    /// The tile of `cols` columns from j on: `NR`, or fewer if it is `CUT`. A cut tile computes the sums of its last
    /// column several times, and stores them once.
    ///
    /// # Safety
    /// As the kernel; the columns exist.
    #[inline(always)]
    unsafe fn tile<const MV: usize, const NR: usize, const MASKED: bool, const CUT: bool>(self, j: usize, cols: usize) {
        let Self { a, b, c, finish } = self;
        let last = c.rows - (MV - 1) * V::LANES;
        // SAFETY: the caller's: vector i of a column has `LANES` rows, the last one `last`.
        unsafe {
            let load = |p: *const V::Elem, i: usize| match MASKED && i + 1 == MV {
                true => V::load_first(p.wrapping_add(i * V::LANES), last),
                false => V::load(p.wrapping_add(i * V::LANES)),
            };
            let mut sums = [[V::splat(V::Elem::default()); MV]; NR];
            let columns: [*mut V::Elem; NR] =
                std::array::from_fn(|l| b.at(0, j + if CUT { l.min(cols - 1) } else { l }));
            let (mut column, mut offset) = (a.at(0, 0), 0);
            for _ in 0..a.cols {
                let x: [V; MV] = std::array::from_fn(|i| load(column, i));
                for (sums, b) in sums.iter_mut().zip(columns) {
                    let y = V::splat(*b.wrapping_offset(offset));
                    for (sum, &x) in sums.iter_mut().zip(&x) {
                        *sum = x.mul_add(y, *sum);
                    }
                }
                column = column.wrapping_offset(a.col_stride);
                offset += b.row_stride;
            }
            for (l, sums) in sums.iter().enumerate() {
                if CUT && l >= cols {
                    break;
                }
                let column = c.at(0, j + l);
                for (i, &sum) in sums.iter().enumerate() {
                    let new = match finish {
                        Finish::Store => sum,
                        Finish::Scale(alpha) => sum.mul(alpha),
                        Finish::Add(alpha, beta) => sum.mul_add(alpha, load(column, i).mul(beta)),
                    };
                    let to = column.add(i * V::LANES);
                    if MASKED && i + 1 == MV { new.store_first(to, last) } else { new.store(to) }
                }
            }
        }
    }
}
