//! `sum x_i y_i` for contiguous vectors, every backend on one thread.

mod contest;

use gingham::core::Op;

fn main() {
    // In L1, in L2 or L3, in memory.
    contest::run(&[Op::Dot], &["1000", "30000", "1000000"]);
}
