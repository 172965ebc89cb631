//! Square products from 256 up: 90 % of the multiply-add ceiling, and never slower than the best rival.

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
        square::<T>(standing, "large", n, of.goal);
    }
}
