//! The functions by which worker processes and trials, which are this program started anew, take part in a study.

use gingham_core::Registry;

use super::crew::EMPTY;
use super::program::{self, PRODUCT, PROGRAM};

/// `registry` with the functions of the studies. A program that runs studies gives it to
/// [`init`](crate::trial::init), so that its worker processes know them too.
#[must_use]
pub fn with_functions(registry: Registry) -> Registry {
    let backends = registry.clone();
    let registry = registry
        .with_function(EMPTY, |_, _, _: &mut [u8]| Ok(()))
        .with_function(PRODUCT, move |cx, item, out: &mut [f64]| program::product(&backends, cx, item, out));
    let whole = registry.clone();
    registry.with_function(PROGRAM, move |cx, _, out: &mut [f64]| {
        out[0] = program::run(&whole, cx.parameters())?;
        Ok(())
    })
}
