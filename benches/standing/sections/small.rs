//! Single calls of small square products: never slower than the best rival, and 1.05 times as fast as it wherever it
//! lies below 90 % of the ceiling.

use crate::peers::Element;
use crate::sections::square;
use crate::standing::Standing;
use crate::verdict::Goal;

const SIZES: [usize; 10] = [4, 8, 16, 24, 32, 48, 64, 96, 128, 192];

pub(super) fn run(standing: &Standing) {
    rows::<f64>(standing);
    rows::<f32>(standing);
}

fn rows<T: Element>(standing: &Standing) {
    for n in SIZES {
        square::<T>(standing, "small", n, Goal { ceiling: None, ratio: Some(1.0), ratio_below: Some(1.05) });
    }
}
