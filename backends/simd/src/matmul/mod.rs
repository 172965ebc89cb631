//! `C <- alpha A B + beta C`.
//!
//! The operands are transposed so that the vectors run along a contiguous axis of C. [`direct`] then computes small and
//! skinny products where their operands lie, [`matvec`] products with a single column (small ones [`mod@column`],
//! several rows at a time). All others are blocked and packed ([`blocking`]); [`split`] cuts their C into one piece for
//! each op thread. [`batch`] takes many products in one call.

mod batch;
mod blocking;
mod column;
mod direct;
mod direct_tile;
mod k_split;
mod large;
mod limits;
mod matrix;
mod matvec;
mod operands;
mod pack;
mod scratch;
mod split;
mod tile;

use gingham_core::ndarray::{ArrayView2, ArrayViewMut2};
use gingham_core::{Error, OpThreads, Product};

use crate::arch::Vectors;
use crate::level::Available;
use operands::Operands;

pub(crate) use tile::TileShape;

/// `C <- alpha A B + beta C`
pub(crate) fn matmul<T: Vectors>(
    level: Available,
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    if column::product(level, alpha, &a, &b, beta, &mut c) {
        return Ok(());
    }
    let operands = Operands::new(alpha, &a, &b, beta, &mut c);
    if operands.are_direct(threads) {
        return level.run(direct::One(&operands));
    }
    large::product(level, alpha, a, b, beta, c, threads)
}

/// `C <- alpha A B + beta C` for each product of `batch`.
pub(crate) fn matmul_batch<T: Vectors>(
    level: Available,
    alpha: T,
    batch: &mut [Product<'_, T>],
    beta: T,
    threads: OpThreads,
) -> Result<(), Error> {
    batch::products(level, alpha, batch, beta, threads)
}
