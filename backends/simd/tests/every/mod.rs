//! What the tests go through: every level that this CPU has, and both element types.

use gingham_core::skip;
use gingham_simd::{Level, Simd};

/// The backend at each level that the CPU has; the test reports the others as skipped.
pub(crate) fn levels() -> impl Iterator<Item = Simd> {
    Level::ALL.into_iter().filter_map(|level| Simd::with_level(level).inspect_err(|e| skip!("{e}")).ok())
}

/// Writes a module for each generic function named, with a test of it in `f64` and one in `f32`.
#[allow(unused_macros, reason = "not every test that includes this has generic functions")]
macro_rules! both {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn f64() {
                super::$name::<f64>();
            }

            #[test]
            fn f32() {
                super::$name::<f32>();
            }
        }
    )*};
}
