//! Two op threads from 1000 up: 1.9 times one.

use crate::peers::Element;
use crate::sections::two_threads;
use crate::standing::Standing;

const SIZES: [usize; 4] = [1000, 1024, 2000, 2048];

pub(super) fn run(standing: &Standing) {
    rows::<f64>(standing);
    rows::<f32>(standing);
}

fn rows<T: Element>(standing: &Standing) {
    for n in SIZES {
        two_threads::<T>(standing, format!("threads/{}/{n}", T::DTYPE), [n; 3], 1.9);
    }
}
