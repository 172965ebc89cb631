//! Operands in every layout, with canaries in the gaps.
//!
//! An operand lies in a larger array: `step` elements apart along each axis (negative: reversed; 0, for inputs: one
//! element for all), with a border of one element where `padded`. The elements between are gaps. They hold NaN in
//! inputs, so that a result that uses one shows, and a canary in outputs, so that a write into one shows.

use std::fmt;

use ndarray::{Array, ArrayView, ArrayViewMut, Dimension, ShapeBuilder, Slice};

use super::random::Random;
use crate::Scalar;
use crate::bounds::same;

/// Element steps along an axis of an output.
pub(super) const STEPS: [isize; 4] = [1, 2, -1, -2];

/// Element steps along an axis of an input.
pub(super) const INPUT_STEPS: [isize; 5] = [1, 2, -1, -2, 0];

/// The canary: exact in both types, and far from every result.
const CANARY: f64 = -12_345_678.0;

/// An array that lies strided in a larger one.
#[derive(Debug, Clone)]
pub(super) struct Strided<T, D: Dimension> {
    store: Array<T, D>,
    /// The shape of `store`, with the axes of step 0 at their full length.
    spread: D,
    cut: Vec<Slice>,
    gap: T,
}

/// Where the elements of an operand lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout<const N: usize> {
    pub(super) steps: [isize; N],
    pub(super) fortran: bool,
    pub(super) padded: bool,
}

impl<const N: usize> Layout<N> {
    /// Contiguous, C order.
    pub(super) const PLAIN: Self = Self { steps: [1; N], fortran: false, padded: false };

    /// Any layout of an output.
    pub(super) fn any(random: &mut Random) -> Self {
        Self {
            steps: std::array::from_fn(|_| random.pick(&STEPS)),
            fortran: random.below(2) == 1,
            padded: random.below(2) == 1,
        }
    }

    /// An input of `shape` in this layout, filled by `value`.
    pub(super) fn input<T: Scalar, D: Dimension>(&self, shape: D, mut value: impl FnMut() -> T) -> Strided<T, D> {
        Strided::filled(shape, self, T::nan(), &mut value)
    }

    /// An output of `shape` in this layout, filled by `value`.
    pub(super) fn output<T: Scalar, D: Dimension>(&self, shape: D, mut value: impl FnMut() -> T) -> Strided<T, D> {
        Strided::filled(shape, self, T::from_f64(CANARY), &mut value)
    }
}

impl<const N: usize> fmt::Display for Layout<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (order, padded) = (if self.fortran { "F" } else { "C" }, if self.padded { " padded" } else { "" });
        write!(f, "{order} order{padded} steps {:?}", self.steps)
    }
}

impl<T: Scalar, D: Dimension> Strided<T, D> {
    /// Not generic over the closure: operands are made in some seventy places, and this is most of their code.
    fn filled<const N: usize>(shape: D, layout: &Layout<N>, gap: T, value: &mut dyn FnMut() -> T) -> Self {
        let border = usize::from(layout.padded);
        let (mut stored, mut spread, mut cut) = (shape.clone(), shape.clone(), Vec::new());
        for (axis, &step) in layout.steps.iter().enumerate() {
            let len = shape[axis];
            if step == 0 && len > 0 {
                stored[axis] = 1;
                cut.push(Slice::from(..));
                continue;
            }
            // The stride of an empty axis means nothing.
            let step = if len == 0 { 1 } else { step };
            let covered = if len == 0 { 0 } else { step.unsigned_abs() * (len - 1) + 1 };
            stored[axis] = covered + 2 * border;
            spread[axis] = stored[axis];
            cut.push(Slice::new(border as isize, Some((border + covered) as isize), step));
        }
        let mut strided = Self { store: Array::from_elem(stored.set_f(layout.fortran), gap), spread, cut, gap };
        strided.set(value);
        strided
    }

    pub(super) fn view(&self) -> ArrayView<'_, T, D> {
        let mut view = self.store.broadcast(self.spread.clone()).expect("axes of length one spread");
        view.slice_each_axis_inplace(|axis| self.cut[axis.axis.index()]);
        view
    }

    /// The elements; an axis of step 0 has length one here.
    pub(super) fn view_mut(&mut self) -> ArrayViewMut<'_, T, D> {
        let mut view = self.store.view_mut();
        view.slice_each_axis_inplace(|axis| self.cut[axis.axis.index()]);
        view
    }

    pub(super) fn fill_with(&mut self, mut value: impl FnMut() -> T) {
        self.set(&mut value);
    }

    fn set(&mut self, value: &mut dyn FnMut() -> T) {
        self.view_mut().map_inplace(|x| *x = value());
    }

    /// Whether everything between the elements is as it was.
    pub(super) fn gaps_intact(&self) -> bool {
        let mut copy = self.clone();
        copy.fill_with(|| self.gap);
        copy.store.iter().all(|&x| same(x, self.gap))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Ix1, Ix2};

    use super::*;

    #[test]
    fn strides_are_those_asked_for_and_every_write_to_a_gap_shows() {
        let layout = Layout { steps: [2, -1], fortran: true, padded: true };
        let mut matrix = layout.output(Ix2(3, 4), || 1.0_f64);
        assert_eq!(matrix.store.dim(), (7, 6));
        assert_eq!(matrix.view().strides(), [2, -7]);
        assert!(matrix.gaps_intact());
        matrix.store[[2, 1]] = 1.0;
        assert!(!matrix.gaps_intact());
    }

    #[test]
    fn step_zero_is_one_element_for_all() {
        let lane = Layout { steps: [0], fortran: false, padded: true }.input(Ix1(5), || 3.0_f32);
        assert_eq!((lane.view().len(), lane.view().strides(), lane.view().sum()), (5, &[0][..], 15.0));
    }
}
