//! `out_i <- f(x_i)` for contiguous vectors and every function of one argument, every backend on one thread.

mod contest;

use gingham::core::{Op, Unary};

fn main() {
    // In L1 or L2, in memory.
    contest::run(&Unary::ALL.map(Op::Unary), &["2000", "2000000"]);
}
