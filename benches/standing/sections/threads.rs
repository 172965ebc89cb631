//! Two op threads from 1000 up: 1.9 times one.

use crate::definitions::Sizes;
use crate::peers::Element;
use crate::sections::two_threads;
use crate::standing::Standing;

pub(super) fn run(standing: &Standing, of: &Sizes) {
    rows::<f64>(standing, of);
    rows::<f32>(standing, of);
}

fn rows<T: Element>(standing: &Standing, of: &Sizes) {
    for &n in &of.sizes {
        two_threads::<T>(standing, format!("threads/{}/{n}", T::DTYPE), [n; 3], of.goal);
    }
}
