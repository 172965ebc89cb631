//! The command on a copy of the files that it reads and writes.

use tempfile::TempDir;

use super::*;

/// The repository, as far as the command looks at it.
fn repository() -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for folder in ["src", "backends"] {
        fs::create_dir(copy.path().join(folder)).unwrap();
    }
    for file in [MANIFEST, REGISTRY] {
        fs::copy(root().join(file), copy.path().join(file)).unwrap();
    }
    let unchanged = Name::new("template").unwrap();
    copy_renamed(&root().join("backends/template"), &copy.path().join("backends/template"), &unchanged).unwrap();
    copy
}

/// Every file below `folder` with its text, in order.
fn snapshot(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(snapshot(&path)),
            false => files.push((path.display().to_string(), read(&path).unwrap())),
        }
    }
    files.sort();
    files
}

/// The lines of `new` that `old` lacks; every other line must be where it was.
fn added<'a>(old: &str, new: &'a str) -> Vec<&'a str> {
    let mut old = old.lines().peekable();
    let added = new.lines().filter(|line| old.next_if_eq(line).is_none()).collect();
    assert_eq!(old.next(), None, "a line was changed or lost");
    added
}

#[test]
fn three_lines_in_the_manifest_and_one_gate_in_the_registry() {
    let copy = repository();
    create(copy.path(), &Name::new("my-lib").unwrap()).unwrap();

    let manifest = read(&copy.path().join(MANIFEST)).unwrap();
    let expected = [
        "my-lib = [\"dep:gingham-my-lib\"]",
        "gingham-my-lib = { workspace = true, optional = true }",
        "gingham-my-lib = { path = \"backends/my-lib\", version = \"0.1.0\" }",
    ];
    assert_eq!(added(&read(&root().join(MANIFEST)).unwrap(), &manifest), expected);

    let registry = read(&copy.path().join(REGISTRY)).unwrap();
    assert!(registry.contains(", \"my-lib\"]"), "{registry}");
    let gate = "    #[cfg(feature = \"my-lib\")]\n    let registry = registry.with(gingham_my_lib::MyLib::new());\n";
    assert!(registry.contains(gate), "{registry}");
}

#[test]
fn the_new_crate_is_the_template_under_its_own_name() {
    let copy = repository();
    create(copy.path(), &Name::new("my-lib").unwrap()).unwrap();
    let (template, new) = (copy.path().join("backends/template"), copy.path().join("backends/my-lib"));
    assert_eq!(snapshot(&new).len(), snapshot(&template).len());
    for (file, text) in snapshot(&new) {
        assert!(!text.to_lowercase().contains("template"), "{file} still speaks of the template:\n{text}");
    }
    assert!(read(&new.join("Cargo.toml")).unwrap().contains("name = \"gingham-my-lib\""));
}

#[test]
fn a_second_backend_goes_after_the_first() {
    let copy = repository();
    create(copy.path(), &Name::new("one").unwrap()).unwrap();
    create(copy.path(), &Name::new("two").unwrap()).unwrap();
    let manifest = read(&copy.path().join(MANIFEST)).unwrap();
    assert!(manifest.contains("one = [\"dep:gingham-one\"]\ntwo = [\"dep:gingham-two\"]\n"), "{manifest}");
}

#[test]
fn a_refusal_changes_nothing() {
    let copy = repository();
    let before = snapshot(copy.path());
    for given in ["faer", "template", "core", "default", "reference", "dot"] {
        let error = create(copy.path(), &Name::new(given).unwrap()).unwrap_err().to_string();
        assert!(error.contains(given), "{error}");
        assert_eq!(snapshot(copy.path()), before, "{given}");
    }
}

#[test]
fn two_spellings_of_one_crate_are_one_name() {
    let copy = repository();
    create(copy.path(), &Name::new("my-lib").unwrap()).unwrap();
    assert!(create(copy.path(), &Name::new("my_lib").unwrap()).is_err());
}

#[test]
fn a_failure_half_way_puts_everything_back() {
    let copy = repository();
    let before = snapshot(copy.path());
    // A folder that is not empty stands in the way of the crate, which is the first to be renamed.
    let folder = copy.path().join("backends/my-lib");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes"), "").unwrap();
    assert!(create(copy.path(), &Name::new("my-lib").unwrap()).is_err());
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(snapshot(copy.path()), before);
}

#[test]
fn a_manifest_without_the_section_is_named() {
    let copy = repository();
    let manifest = read(&copy.path().join(MANIFEST)).unwrap();
    fs::write(copy.path().join(MANIFEST), manifest.replace("[features]", "[feature]")).unwrap();
    let before = snapshot(copy.path());
    let error = create(copy.path(), &Name::new("my-lib").unwrap()).unwrap_err().to_string();
    assert!(error.contains("[features]"), "{error}");
    assert_eq!(snapshot(copy.path()), before);
}

#[test]
fn a_list_over_several_lines_is_continued() {
    let source = "const FEATURES: &[&str] = &[\n    \"simd\",\n];\n\
                  fn registry() {\n    let registry = registry.with(a::A);\n}\n";
    let new = registered_in_source(source, &Name::new("b").unwrap()).unwrap();
    assert!(new.starts_with("const FEATURES: &[&str] = &[\n    \"simd\", \"b\"];\n"), "{new}");
    assert!(new.ends_with("    let registry = registry.with(gingham_b::B::new());\n}\n"), "{new}");
}
