//! Arrays of any rank as lanes, so that a backend handles only one-dimensional views.
//!
//! Axes that continue each other in every operand are merged, so that a contiguous array is one lane whatever its
//! rank; what cannot be merged is looped over here, and the lanes run along the output's smallest stride.

use ndarray::{ArrayBase, ArrayView1, ArrayViewD, ArrayViewMut1, ArrayViewMutD, Axis, Dimension, Ix1, IxDyn, RawData};

use crate::Error;

/// Refuses an output in which an axis longer than one has stride 0.
pub(crate) fn check_output<S: RawData, D: Dimension>(op: &'static str, out: &ArrayBase<S, D>) -> Result<(), Error> {
    if out.is_empty() {
        return Ok(());
    }
    match out.shape().iter().zip(out.strides()).find(|&(&len, &stride)| len > 1 && stride == 0) {
        Some((&len, _)) => Err(Error::OverlappingOutput { op, len }),
        None => Ok(()),
    }
}

/// A lane of an operand, if the call has that operand.
type Input<'a, T> = Option<ArrayView1<'a, T>>;

/// Calls `body` for each lane of the operands, which have one shape.
pub(crate) fn for_each_lane<T>(
    mut x: Option<ArrayViewD<'_, T>>,
    mut y: Option<ArrayViewD<'_, T>>,
    mut out: ArrayViewMutD<'_, T>,
    mut body: impl FnMut(Input<'_, T>, Input<'_, T>, ArrayViewMut1<'_, T>) -> Result<(), Error>,
) -> Result<(), Error> {
    if out.is_empty() {
        return Ok(());
    }
    if out.ndim() == 1 {
        // Ordering one axis took some 170 ns (Zen 4), as long as 800 elements of a sum of two vectors from L2.
        return body(x.map(lane), y.map(lane), lane(out));
    }
    let order = by_stride(&out);
    out = out.permuted_axes(order.clone());
    x = x.map(|x| x.permuted_axes(order.clone()));
    y = y.map(|y| y.permuted_axes(order));
    for into in (1..out.ndim()).rev() {
        let take = into - 1;
        let merges = continues(&out, take)
            && x.as_ref().is_none_or(|x| continues(x, take))
            && y.as_ref().is_none_or(|y| continues(y, take));
        if merges {
            out = merged(out, take);
            x = x.map(|x| merged(x, take));
            y = y.map(|y| merged(y, take));
        }
    }
    descend(x, y, out, &mut body)
}

/// Calls `body` for each run of elements that follow each other in row-major order at one stride, with the number of
/// elements before it.
pub(crate) fn for_each_row<T>(
    mut out: ArrayViewMutD<'_, T>,
    mut body: impl FnMut(u64, ArrayViewMut1<'_, T>) -> Result<(), Error>,
) -> Result<(), Error> {
    if out.is_empty() {
        return Ok(());
    }
    for into in (1..out.ndim()).rev() {
        if continues(&out, into - 1) {
            out = merged(out, into - 1);
        }
    }
    if out.ndim() == 0 {
        out = out.insert_axis(Axis(0));
    }
    let last = Axis(out.ndim() - 1);
    let len = out.len_of(last) as u64;
    out.lanes_mut(last)
        .into_iter()
        .zip(0..)
        .try_for_each(|(row, i)| body(i * len, row.into_dimensionality().expect("one axis")))
}

/// The axes of `out` by falling stride; axes of length one, which merge with anything, come first.
fn by_stride<T>(out: &ArrayViewMutD<'_, T>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..out.ndim()).collect();
    let stride = |axis: usize| match out.len_of(Axis(axis)) {
        1 => usize::MAX,
        _ => out.strides()[axis].unsigned_abs(),
    };
    order.sort_by_key(|&axis| std::cmp::Reverse(stride(axis)));
    order
}

/// Whether axis `take` steps over exactly what the axis after it covers.
fn continues<S: RawData>(view: &ArrayBase<S, IxDyn>, take: usize) -> bool {
    let (shape, strides) = (view.shape(), view.strides());
    let covered = strides[take + 1].checked_mul(shape[take + 1] as isize);
    shape[take] == 1 || shape[take + 1] == 1 || covered == Some(strides[take])
}

/// `view` with axis `take` merged into the one after it.
fn merged<S: RawData>(mut view: ArrayBase<S, IxDyn>, take: usize) -> ArrayBase<S, IxDyn> {
    let did = view.merge_axes(Axis(take), Axis(take + 1));
    assert!(did, "axes that continue each other merge");
    view.index_axis_move(Axis(take), 0)
}

fn descend<T>(
    x: Option<ArrayViewD<'_, T>>,
    y: Option<ArrayViewD<'_, T>>,
    mut out: ArrayViewMutD<'_, T>,
    body: &mut impl FnMut(Input<'_, T>, Input<'_, T>, ArrayViewMut1<'_, T>) -> Result<(), Error>,
) -> Result<(), Error> {
    match out.ndim() {
        0 => descend(
            x.map(|x| x.insert_axis(Axis(0))),
            y.map(|y| y.insert_axis(Axis(0))),
            out.insert_axis(Axis(0)),
            body,
        ),
        1 => body(x.map(lane), y.map(lane), lane(out)),
        _ => out.outer_iter_mut().enumerate().try_for_each(|(i, out)| {
            descend(
                x.clone().map(|x| x.index_axis_move(Axis(0), i)),
                y.clone().map(|y| y.index_axis_move(Axis(0), i)),
                out,
                body,
            )
        }),
    }
}

fn lane<S: RawData>(view: ArrayBase<S, IxDyn>) -> ArrayBase<S, Ix1> {
    view.into_dimensionality().expect("one axis is left")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// Safe code cannot make an output that overlaps itself, so a broadcast input stands for one.
    #[test]
    fn an_output_of_stride_0_is_refused() {
        let one = array![1.0];
        let overlapping = one.broadcast((2, 3)).expect("broadcast");
        assert_eq!(check_output("fill", &overlapping), Err(Error::OverlappingOutput { op: "fill", len: 2 }));
        assert_eq!(check_output("fill", &one.broadcast((0, 3)).expect("broadcast")), Ok(()), "nothing overlaps");
        assert_eq!(check_output("fill", &one.broadcast((1, 1)).expect("broadcast")), Ok(()), "one element");
    }
}
