//! `docs/commands.md` names every command and flag, `docs/results.md` every field of the JSON forms.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::process::Command;

use gingham::core::skip;
use serde_json::Value;

fn stdout_of(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_gingham")).args(args).output().expect("the program starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The names in the first column of a list under `head` in a help text.
fn listed(help: &str, head: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != head).skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.filter_map(|rest| Some(rest.split_whitespace().next()?.to_owned())).collect()
}

#[test]
fn every_command_and_flag_is_described_at_length_and_in_the_overview() {
    let page = include_str!("../docs/commands.md");
    let mut seen = 0;
    for command in listed(&stdout_of(&["-h"]), "Commands:") {
        assert!(page.contains(&format!("`{command}")), "docs/commands.md says nothing of {command}");
        if command == "help" {
            continue;
        }
        let [short, long] = [["-h"], ["--help"]].map(|flag| stdout_of(&[&[command.as_str()], &flag[..]].concat()));
        assert_eq!(stdout_of(&["help", &command]), long, "{command}");
        for inner in listed(&short, "Commands:") {
            assert!(page.contains(&format!("`{inner}")) || page.contains(&format!(" {inner}`")), "{command} {inner}");
        }
        let flags = short
            .split_whitespace()
            .filter(|word| word.starts_with("--"))
            .map(|word| word.trim_end_matches(|c: char| !c.is_ascii_alphabetic()));
        for flag in flags.filter(|flag| flag.len() > 2 && *flag != "--help").collect::<BTreeSet<_>>() {
            seen += 1;
            assert!(page.contains(&format!("`{flag}`")), "docs/commands.md says nothing of {command} {flag}");
        }
    }
    assert!(seen > 30, "{seen}");
}

/// Every name in an object, however deep; those of `versions` are of libraries.
fn names(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            into.insert(name.clone());
            if name != "versions" {
                names(value, into);
            }
        }),
        Value::Array(items) => items.iter().for_each(|item| names(item, into)),
        _ => {}
    }
}

#[test]
fn every_field_is_described() {
    let page = include_str!("../docs/results.md");
    let tune = ["tune", "--op", "matmul", "--shape", "32", "--tasks", "8", "--backend", "reference", "--budget", "10s"];
    let tuned = stdout_of(&[&tune[..], &["--format", "json", "--no-save"]].concat());
    let listed = stdout_of(&["list", "--format", "json"]);
    let mut fields = BTreeSet::new();
    for text in [&tuned, &listed] {
        names(&serde_json::from_str(text).expect("JSON"), &mut fields);
    }
    assert!(fields.len() > 60, "{fields:?}");
    for field in fields {
        assert!(page.contains(&format!("`{field}`")), "docs/results.md says nothing of `{field}`");
    }
    let backends: Value = serde_json::from_str(&listed).expect("JSON");
    let ids: Vec<&str> = backends["backends"].as_array().unwrap().iter().map(|b| b["id"].as_str().unwrap()).collect();
    assert_eq!(ids, gingham::registry().ids().map(String::from).collect::<Vec<_>>());
}

#[test]
fn shells_are_given_what_they_can_read() {
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout_of(&["completions", shell]);
        assert!(script.contains("gingham") && script.contains("op-threads"), "{shell}");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("script");
        std::fs::write(&file, &script).expect("written");
        match Command::new(shell).arg("-n").arg(&file).status() {
            Ok(status) => assert!(status.success(), "{shell} -n"),
            Err(_) => skip!("there is no {shell} to read its script"),
        }
    }
}

/// The README shows the whole of an example, so that what is copied from it compiles.
#[test]
fn the_readme_applies_as_the_example_does() {
    let (_, code) = include_str!("../examples/apply.rs").split_once("\n\n").expect("its first line says what it does");
    assert!(include_str!("../README.md").contains(&format!("```rust\n{code}```")), "README.md differs from apply.rs");
}
