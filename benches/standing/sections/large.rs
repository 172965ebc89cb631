//! Square products from 256 up: 90 % of the multiply-add ceiling, and never slower than the best rival.

use crate::peers::Element;
use crate::sections::square;
use crate::standing::Standing;
use crate::verdict::Goal;

const SIZES: [usize; 7] = [256, 512, 1000, 1024, 2000, 2048, 4096];

pub(super) fn run(standing: &Standing) {
    rows::<f64>(standing);
    rows::<f32>(standing);
}

fn rows<T: Element>(standing: &Standing) {
    for n in SIZES {
        square::<T>(standing, "large", n, Goal { ceiling: Some(0.9), ratio: Some(1.0), ratio_below: None });
    }
}
