//! Arrays of any rank: the checked entries, which join axes and loop over lanes, give what a loop over elements gives.

use gingham_core::ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, Slice};
use gingham_core::reference::Reference;
use gingham_core::{Binary, OpThreads, Unary, elementwise, fill};
use proptest::prelude::*;

/// How a view lies in its array: in one order of the axes (`order`), cut and stepped along each, broadcast where the
/// step is 0.
#[derive(Debug, Clone)]
struct Layout {
    order: Vec<usize>,
    axes: Vec<(isize, bool)>,
}

/// A shape of rank 0 to 4, small enough that many elements meet many layouts.
fn shape() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(prop_oneof![1 => Just(0_usize), 3 => Just(1), 8 => 2..5_usize], 0..=4)
}

fn layout(rank: usize, steps: &'static [isize]) -> impl Strategy<Value = Layout> {
    let order = Just((0..rank).collect::<Vec<_>>()).prop_shuffle();
    let axes = prop::collection::vec((prop::sample::select(steps), any::<bool>()), rank);
    (order, axes).prop_map(|(order, axes)| Layout { order, axes })
}

const OUTPUT: &[isize] = &[1, 1, 1, -1, 2, -2];
const INPUT: &[isize] = &[1, 1, 1, -1, 2, 0];

/// A shape and the layouts of x, y and the output.
fn case() -> impl Strategy<Value = (Vec<usize>, Layout, Layout, Layout)> {
    shape().prop_flat_map(|shape| {
        let rank = shape.len();
        (Just(shape), layout(rank, INPUT), layout(rank, INPUT), layout(rank, OUTPUT))
    })
}

impl Layout {
    /// The array in which a view of `shape` lies, its elements counted up from `first`.
    fn store(&self, shape: &[usize], first: f64) -> ArrayD<f64> {
        let full = |axis: usize| match (shape[axis], self.axes[axis]) {
            (_, (0, _)) => 1,
            (0, (_, padded)) => usize::from(padded),
            (len, (step, padded)) => (len - 1) * step.unsigned_abs() + 1 + usize::from(padded),
        };
        let shape: Vec<usize> = self.order.iter().map(|&axis| full(axis)).collect();
        let mut next = first - 1.0;
        ArrayD::from_shape_simple_fn(shape, || {
            next += 1.0;
            next
        })
    }

    fn cut(&self, shape: &[usize], axis: usize) -> Slice {
        match (shape[axis], self.axes[axis].0) {
            (_, 0) => Slice::from(..),
            (0, step) => Slice::new(0, Some(0), step),
            (len, step) => Slice::new(0, Some(((len - 1) * step.unsigned_abs() + 1) as isize), step),
        }
    }

    /// The axes of the store in the order of the shape.
    fn back(&self) -> Vec<usize> {
        (0..self.order.len()).map(|axis| self.order.iter().position(|&at| at == axis).expect("each once")).collect()
    }

    fn view_mut<'a>(&self, shape: &[usize], store: &'a mut ArrayD<f64>) -> ArrayViewMutD<'a, f64> {
        let mut view = store.view_mut().permuted_axes(self.back());
        view.slice_each_axis_inplace(|axis| self.cut(shape, axis.axis.index()));
        view
    }

    /// A view whose axes of step 0 still have length one.
    fn view<'a>(&self, shape: &[usize], store: &'a ArrayD<f64>) -> ArrayViewD<'a, f64> {
        let mut view = store.view().permuted_axes(self.back());
        view.slice_each_axis_inplace(|axis| self.cut(shape, axis.axis.index()));
        view
    }
}

/// What `out` must be: `f` of each index, everything around the view as it was.
fn expected(layout: &Layout, shape: &[usize], before: &ArrayD<f64>, f: impl Fn(&[usize], f64) -> f64) -> ArrayD<f64> {
    use gingham_core::ndarray::Dimension;
    let mut after = before.clone();
    layout.view_mut(shape, &mut after).indexed_iter_mut().for_each(|(index, out)| *out = f(index.slice(), *out));
    after
}

/// The element of a view with axes of length one that stand for all.
fn element(view: &ArrayViewD<'_, f64>, index: &[usize]) -> f64 {
    let index: Vec<usize> = index.iter().enumerate().map(|(i, &at)| at.min(view.len_of(Axis(i)) - 1)).collect();
    view[&index[..]]
}

proptest! {
    #[test]
    fn fill_writes_the_view_and_nothing_else((shape, _, _, layout) in case()) {
        let mut out = layout.store(&shape, 0.0);
        let want = expected(&layout, &shape, &out, |_, _| -7.0);
        fill::fill(&Reference, -7.0, layout.view_mut(&shape, &mut out), OpThreads::ONE).unwrap();
        prop_assert_eq!(out, want);
    }

    #[test]
    fn unary_pairs_the_elements_of_equal_index((shape, of_x, _, of_out) in case(), in_place: bool) {
        let (x, mut out) = (of_x.store(&shape, 100.0), of_out.store(&shape, 0.0));
        let short = of_x.view(&shape, &x);
        let want = expected(&of_out, &shape, &out, |at, out| -(if in_place { out } else { element(&short, at) }));
        let x = short.broadcast(&shape[..]).expect("axes of length one spread");
        let given = (!in_place).then_some(x);
        let into = of_out.view_mut(&shape, &mut out);
        elementwise::unary(&Reference, Unary::Neg, given, into, OpThreads::ONE).unwrap();
        prop_assert_eq!(out, want);
    }

    #[test]
    fn binary_pairs_the_elements_of_equal_index((shape, of_x, of_y, of_out) in case(), in_place: bool) {
        let (x, y) = (of_x.store(&shape, 100.0), of_y.store(&shape, 3000.0));
        let mut out = of_out.store(&shape, 0.0);
        let (short_x, short_y) = (of_x.view(&shape, &x), of_y.view(&shape, &y));
        let want = expected(&of_out, &shape, &out, |at, out| {
            (if in_place { out } else { element(&short_x, at) }) - element(&short_y, at)
        });
        let [x, y] = [&short_x, &short_y].map(|short| short.broadcast(&shape[..]).expect("axes of length one spread"));
        let given = (!in_place).then_some(x);
        let into = of_out.view_mut(&shape, &mut out);
        elementwise::binary(&Reference, Binary::Sub, given, y, into, OpThreads::ONE).unwrap();
        prop_assert_eq!(out, want);
    }
}
