//! `x_i <- value` for contiguous vectors, every backend on one thread.

mod contest;

use gingham::core::Op;

fn main() {
    // In L1, in L2 or L3, in memory.
    contest::run(&[Op::Fill], &["1000", "100000", "10000000"]);
}
