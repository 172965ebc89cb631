//! `feature-matrix.md` says what the conformance suite observes. It includes OpenBLAS, so a build with OpenBLAS checks
//! it.
#![cfg(feature = "openblas")]

use std::process::Command;

#[test]
fn the_feature_matrix_is_fresh() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/feature-matrix.md");
    let check = Command::new(env!("CARGO_BIN_EXE_gingham")).args(["matrix", "--check", file]).output();
    let check = check.expect("the program starts");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn a_stale_one_is_told_by_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let stale = folder.path().join("stale.md");
    let text = include_str!("../feature-matrix.md").replacen("**native**", "*reference*", 2);
    std::fs::write(&stale, text).expect("written");
    let check = Command::new(env!("CARGO_BIN_EXE_gingham")).args(["matrix", "--check"]).arg(&stale).output();
    let check = check.expect("the program starts");
    assert_eq!(check.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&check.stderr).contains("out of date from line 3"));
}
