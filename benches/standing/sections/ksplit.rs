//! A small result of a long product, where two op threads must share the steps: 1.7 times one.

use crate::peers::Element;
use crate::sections::two_threads;
use crate::standing::Standing;

const SHAPE: [usize; 3] = [64, 100_000, 64];

pub(super) fn run(standing: &Standing) {
    row::<f64>(standing);
    row::<f32>(standing);
}

fn row<T: Element>(standing: &Standing) {
    two_threads::<T>(standing, format!("ksplit/{}", T::DTYPE), SHAPE, 1.7);
}
