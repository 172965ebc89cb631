//! A small result of a long product, where two op threads must share the steps: 1.7 times one.

use crate::definitions::Shape;
use crate::peers::Element;
use crate::sections::two_threads;
use crate::standing::Standing;

pub(super) fn run(standing: &Standing, of: &Shape) {
    row::<f64>(standing, of);
    row::<f32>(standing, of);
}

fn row<T: Element>(standing: &Standing, of: &Shape) {
    two_threads::<T>(standing, format!("ksplit/{}", T::DTYPE), of.shape, of.goal);
}
