//! What the backends of this repository say of themselves. No version, no number: what a backend says is its library's
//! version is the one that was locked. And what is cleared for trials does not depend on which of them are compiled in.

use std::collections::BTreeMap;

use gingham::machine::environment::is_kernel_variable;

/// Libraries that are not crates: they report their version when called.
const SYSTEM: &[&str] = &["OpenBLAS"];

#[test]
fn versions_are_the_locked_ones() {
    let lock: toml::Table = include_str!("../Cargo.lock").parse().expect("Cargo.lock is TOML");
    let packages = lock["package"].as_array().expect("a list of packages").iter();
    let locked: BTreeMap<_, _> = packages.map(|p| (p["name"].as_str(), p["version"].as_str())).collect();
    for backend in gingham::registry().iter() {
        let info = backend.info();
        if !SYSTEM.contains(&info.library) {
            assert_eq!(locked.get(&Some(info.library)), Some(&Some(info.version.as_str())), "{}", info.id);
        }
    }
}

#[test]
fn builds_without_a_backend_clear_its_variables_too() {
    for backend in gingham::registry().iter() {
        for variable in backend.variables() {
            assert_eq!(variable.overrides_kernels, is_kernel_variable(variable.name), "{}", variable.name);
        }
    }
}
