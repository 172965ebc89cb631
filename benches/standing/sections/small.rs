//! Single calls of small square products: never slower than the best rival, and 1.05 times as fast as it wherever it
//! lies below 90 % of the ceiling.

use crate::definitions::Sizes;
use crate::peers::Element;
use crate::sections::square;
use crate::standing::Standing;

pub(super) fn run(standing: &Standing, of: &Sizes) {
    rows::<f64>(standing, of);
    rows::<f32>(standing, of);
}

fn rows<T: Element>(standing: &Standing, of: &Sizes) {
    for &n in &of.sizes {
        square::<T>(standing, "small", n, of.goal);
    }
}
