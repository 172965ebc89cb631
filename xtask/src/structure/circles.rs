//! Circles in a graph of files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::modules::Edges;

/// The sets of files in which each leads to every other.
pub(super) fn circles(edges: &Edges) -> BTreeSet<BTreeSet<PathBuf>> {
    let mut next: BTreeMap<&PathBuf, Vec<&PathBuf>> = BTreeMap::new();
    for (from, to) in edges.keys() {
        next.entry(from).or_default().push(to);
    }
    let ahead_of = |start| {
        let (mut reached, mut ahead) = (BTreeSet::new(), vec![start]);
        while let Some(at) = ahead.pop() {
            ahead.extend(next.get(at).into_iter().flatten().filter(|&&to| reached.insert(to)));
        }
        reached
    };
    let reached: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> = next.keys().map(|&file| (file, ahead_of(file))).collect();
    let leads = |from: &PathBuf, to: &PathBuf| reached.get(from).is_some_and(|reached| reached.contains(to));
    let circle = |&file: &&PathBuf| reached[file].iter().filter(|&&to| leads(to, file)).map(|&to| to.clone()).collect();
    reached.keys().filter(|&&file| leads(file, file)).map(circle).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::modules::edges;
    use super::*;

    /// The circles of a crate of these files, in words.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let edges = edges(&folder.path().join(files[0].0)).unwrap();
        let name = |file: &PathBuf| file.strip_prefix(folder.path()).unwrap().display().to_string();
        let circle = |circle: &BTreeSet<_>| circle.iter().map(name).collect::<Vec<_>>().join(" ");
        circles(&edges).iter().map(circle).collect()
    }

    const LIB: (&str, &str) = ("lib.rs", "mod a;\nmod b;\nmod c;\n");

    #[test]
    fn modules_that_need_each_other_are_a_circle() {
        let b = ("b.rs", "pub struct B;\nfn f() -> super::c::C { super::c::C }");
        let c = ("c.rs", "pub struct C;\nfn f(b: crate::b::B) {}");
        assert_eq!(found(&[LIB, ("a.rs", "use crate::{b::B, c};\nfn f(_: B) -> c::C { c::C }"), b, c]), ["b.rs c.rs"]);
        // A longer one, a renamed module, and a name that comes from everything of a module.
        let a = ("a.rs", "use crate::b as other;\npub struct A;\nfn f() { other::g() }");
        let b = ("b.rs", "use super::c::*;\npub fn g() { let _ = C; }");
        let c = ("c.rs", "pub struct C;\nimpl C { fn f(&self) { use crate::a::A; } }");
        assert_eq!(found(&[LIB, a, b, c]), ["a.rs b.rs c.rs"]);
        assert_eq!(found(&[LIB, a, b, ("c.rs", "pub struct C;")]), [""; 0]);
    }

    #[test]
    fn two_circles_are_told_apart() {
        let lib = ("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;\n");
        let files = [("a.rs", "fn f() { crate::b::f() }"), ("b.rs", "pub fn f() { crate::a::f() }")];
        let others = [("c.rs", "fn f() { crate::d::f(); crate::a::f() }"), ("d.rs", "pub fn f() { crate::c::f() }")];
        assert_eq!(found(&[lib, files[0], files[1], others[0], others[1]]), ["a.rs b.rs", "c.rs d.rs"]);
    }

    #[test]
    fn handing_on_is_no_circle_and_hides_none() {
        let face = ("lib.rs", "pub mod a;\nmod b;\npub use a::A;\npub use b::B;\npub use std::fs;");
        let a = ("a.rs", "pub struct A;");
        let b = ("b.rs", "use crate::A;\nuse crate::fs;\npub struct B(A);");
        assert_eq!(found(&[face, a, b]), [""; 0]);
        assert_eq!(found(&[face, ("a.rs", "use crate::B;\npub struct A;\nfn f(_: B) {}"), b]), ["a.rs b.rs"]);
    }

    #[test]
    fn the_head_of_a_folder_may_use_what_lies_in_it() {
        let lib = ("lib.rs", "mod x;\nmod y;\n");
        let head = ("x/mod.rs", "mod part;\npub struct X;\nfn f() { part::g() }");
        let part = ("x/part.rs", "use super::X;\npub fn g() { let _ = X; }");
        assert_eq!(found(&[lib, head, part, ("y.rs", "use crate::x::X;")]), [""; 0]);
        // But the files in it lead on, as does the head itself.
        let part = ("x/part.rs", "use super::X;\nuse crate::y::Y;\npub fn g() { let _ = (X, Y); }");
        assert_eq!(
            found(&[lib, head, part, ("y.rs", "pub struct Y;\nfn f() { crate::x::part::g() }")]),
            ["x/part.rs y.rs"]
        );
    }

    #[test]
    fn what_is_not_compiled_for_others_does_not_count() {
        let a = ("a.rs", "pub fn f() {}\n#[cfg(test)]\nmod tests { use crate::b; fn f() { b::f() } }");
        let b = ("b.rs", "pub fn f() { crate::a::f() }");
        let texts = ("c.rs", "//! crate::b::f()\n/// [`crate::b::f`]\nfn f() -> &'static str { \"crate::b::f()\" }");
        let lib = ("lib.rs", "pub mod a;\nmod b;\nmod c;\n#[cfg(test)]\nmod absent;\nfn f() { b::f() }");
        assert_eq!(found(&[lib, a, b, texts]), [""; 0]);
        assert_eq!(found(&[lib, ("a.rs", "pub fn f() { crate::b::f() }"), b, texts]), ["a.rs b.rs"]);
    }

    #[test]
    fn macros_and_other_paths_lead_where_they_say() {
        let lib = ("lib.rs", "mod a;\n#[path = \"else/where.rs\"]\nmod b;");
        let a = ("a.rs", "#[macro_export]\nmacro_rules! check { () => { $crate::b::f(); super::b::f() } }");
        assert_eq!(found(&[lib, a, ("else/where.rs", "pub(in crate::a) fn f() {}")]), [""; 0]);
        assert_eq!(
            found(&[lib, a, ("else/where.rs", "fn f() -> impl Sized + use<> { crate::check!() }")]),
            ["a.rs else/where.rs"]
        );
    }
}
