//! The `serial` executor: a loop on the calling thread, against which all others are measured.

use std::ops::Range;

use super::{Error, Executor, Parts, panics::Panics};

/// Runs every range on the calling thread, in order.
#[derive(Debug, Clone, Copy, Default)]
pub struct Serial;

impl Executor for Serial {
    fn name(&self) -> &'static str {
        "serial"
    }

    fn workers(&self) -> usize {
        1
    }

    fn run(&self, n: usize, chunk: usize, body: &(dyn Fn(Range<usize>) + Sync)) -> Result<(), Error> {
        let panics = Panics::default();
        for range in Parts::new(n, chunk, 1).iter() {
            panics.catch(|| body(range));
        }
        panics.resume();
        Ok(())
    }
}
