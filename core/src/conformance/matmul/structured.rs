//! Products of matrices with structure. Dense uniform numbers hide kernels that depend on their operands: one that
//! leaves out zeros, one for symmetric matrices, an algorithm in which every row errs as much as the largest row.

use ndarray::ArrayViewMut2;

use super::Case;
use crate::Scalar;
use crate::conformance::random::Random;
use crate::conformance::{Report, Subject, Violation};

/// Sides of the matrices: below and above the sizes of tiles.
const SIDES: [usize; 4] = [8, 17, 40, 72];

/// A side large enough for libraries to use their threads; for one product of each structure, since judging takes time.
const LARGE: usize = 200;

/// Sides of blocks of zeros.
const BLOCKS: [usize; 4] = [4, 8, 16, 64];

/// Writes a structure into a square matrix of uniform numbers.
type Structure<T> = fn(ArrayViewMut2<'_, T>, &mut Random);

/// Every second block is zero, the first one among them or not.
fn zero_blocks<T: Scalar>(mut x: ArrayViewMut2<'_, T>, random: &mut Random) {
    let (side, odd) = (random.pick(&BLOCKS), random.below(2));
    x.indexed_iter_mut().filter(|((i, j), _)| (i / side + j / side) % 2 == odd).for_each(|(_, x)| *x = T::zero());
}

fn symmetric<T: Scalar>(mut x: ArrayViewMut2<'_, T>, _random: &mut Random) {
    for i in 0..x.nrows() {
        for j in 0..i {
            x[[i, j]] = x[[j, i]];
        }
    }
}

/// One row of numbers so large that whatever is added to them is lost. (A row of the transpose is a column.)
fn huge_row<T: Scalar>(mut x: ArrayViewMut2<'_, T>, random: &mut Random) {
    let huge = T::max_value().sqrt().sqrt();
    let row = random.below(x.nrows());
    x.row_mut(row).map_inplace(|x| *x = *x * huge);
}

/// Zero blocks, symmetric matrices and one row or column of huge numbers, in A, in B and in both.
pub(in crate::conformance) fn structured<T: Scalar>(subject: &Subject<'_>) -> Result<Report, Violation> {
    let mut random = subject.random();
    let structures: [Structure<T>; 3] = [zero_blocks, symmetric, huge_row];
    let places = [(true, false), (false, true), (true, true)];
    let small = SIDES.into_iter().flat_map(|n| places.map(|place| (n, place)));
    let all = small.chain([(LARGE, (true, true))]).flat_map(|(n, place)| structures.map(|write| (n, place, write)));
    Report::all(all.map(|(n, (in_a, in_b), write)| {
        let case = Case { alpha: 1.0, ..Case::any(n, n, n, &mut random) };
        let mut operands = case.drawn::<T>(&mut random);
        if in_a {
            write(operands.a.view_mut(), &mut random);
        }
        if in_b {
            // The huge row becomes a column.
            write(operands.b.view_mut().reversed_axes(), &mut random);
        }
        operands.run(subject)
    }))
}
