//! The functions of `simd` are as exact as its README says, by the sample that `--short` takes.

use std::process::Command;

#[test]
fn every_function_keeps_its_bound() {
    let output = Command::new(env!("CARGO_BIN_EXE_accuracy")).arg("--short").output().expect("the program starts");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{out}{err}");
    // Those of the levels that this CPU lacks are said to be skipped.
    for function in ["exp", "ln", "sin", "cos", "tanh", "pow"] {
        assert!(out.lines().any(|line| line.split_whitespace().next() == Some(function)), "{function}:\n{out}");
    }
}
