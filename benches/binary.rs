//! `out_i <- f(x_i, y_i)` for contiguous vectors and every function of two arguments, every backend on one thread.

mod contest;

use gingham::core::{Binary, Op};

fn main() {
    // In L1 or L2, in memory.
    contest::run(&Binary::ALL.map(Op::Binary), &["1000", "1000000"]);
}
