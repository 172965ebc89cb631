//! Unusual lanes, in a function of their own, so that they take no registers from the usual path.

use crate::vector::{Kernel, MAX_LANES, Mask, Vector};

/// A calculation that is right for any `N` arguments: a trait because closures are not `#[inline(always)]`.
pub(super) trait Anywhere<const N: usize>: Copy {
    /// The result for each lane.
    fn apply<V: Vector<Elem = f32>>(self, arguments: [V; N]) -> V;
}

/// `value` where `usual`, `f` of the arguments elsewhere: the result of a lane does not depend on its neighbours.
#[inline(always)]
pub(super) fn usually<V: Vector<Elem = f32>, const N: usize>(
    usual: V::Mask,
    value: V,
    arguments: [V; N],
    f: impl Anywhere<N>,
) -> V {
    if !(!usual).any() {
        return value;
    }
    let mut lanes = [[0.0; MAX_LANES]; N];
    // SAFETY: the buffers have room for any LANES; a vector in hand proves that the CPU has its instructions.
    unsafe {
        for (lanes, x) in lanes.iter_mut().zip(arguments) {
            x.store(lanes.as_mut_ptr());
        }
        V::select(usual, value, V::load(of_lanes::<V, N, _>(&lanes, f).as_ptr()))
    }
}

/// `f` of the first lanes. Cold, and compiled for the baseline, which keeps the compiler from inlining it into a loop.
///
/// # Safety
/// The CPU has the instructions of `V`.
#[cold]
#[inline(never)]
unsafe fn of_lanes<V: Vector<Elem = f32>, const N: usize, F: Anywhere<N>>(
    lanes: &[[f32; MAX_LANES]; N],
    f: F,
) -> [f32; MAX_LANES] {
    // SAFETY: the caller's.
    unsafe { V::outlined(OfLanes { lanes, f }) }
}

/// A calculation with the first lanes of its arguments.
struct OfLanes<'a, F, const N: usize> {
    lanes: &'a [[f32; MAX_LANES]; N],
    f: F,
}

impl<F: Anywhere<N>, const N: usize> Kernel<f32> for OfLanes<'_, F, N> {
    type Output = [f32; MAX_LANES];

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = f32>>(self) -> [f32; MAX_LANES] {
        let mut results = [0.0; MAX_LANES];
        // SAFETY: the buffers have room for any LANES; the caller answers for V.
        unsafe {
            let mut arguments = [V::splat(0.0); N];
            for (x, lanes) in arguments.iter_mut().zip(self.lanes) {
                *x = V::load(lanes.as_ptr());
            }
            self.f.apply(arguments).store(results.as_mut_ptr());
        }
        results
    }
}
