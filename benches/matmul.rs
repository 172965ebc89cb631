//! `C <- A B` for square row-major matrices, every backend on one thread.

mod contest;

use gingham::core::Op;

fn main() {
    // From a matrix that fits the registers of some CPUs to one that fits no L2.
    contest::run(&[Op::MatMul], &["8", "32", "128", "512", "1000"]);
}
