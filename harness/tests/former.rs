//! Files of before the harness was cut in two: profiles and journals that were saved then still load.

use std::fs;
use std::path::{Path, PathBuf};

use gingham_harness::journal::{Event, Header, Journal};
use gingham_runtime::{Profile, Workload};

fn former(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/former-files").join(name)
}

#[test]
fn a_profile_loads_and_is_written_as_it_was() {
    let profile = Profile::load(&former("profile.json")).unwrap();
    let workloads: Vec<String> = profile.entries.iter().map(|entry| entry.workload.to_string()).collect();
    assert_eq!(workloads, ["matmul 64x64x64 f64, 8 tasks", "exp 1000 f32, 8 tasks"]);
    let best = profile.entries.iter().map(|entry| entry.ranking[0].combination.to_string());
    assert_eq!(best.collect::<Vec<_>>(), ["faer:1+serial", "simd:2+serial"]);
    assert_eq!(profile.to_json(), fs::read_to_string(former("profile.json")).unwrap());
}

#[test]
fn a_journal_loads_event_by_event() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    fs::copy(former("matmul.journal"), &path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    // A line is JSON behind a checksum of eight digits and a space.
    let header: Header = serde_json::from_str(&text.lines().next().unwrap()[9..]).unwrap();
    assert_eq!(header.workload, Workload::matmul::<f64>([64, 64, 64]).tasks(8));
    let (_, events) = Journal::<Event>::open(&path, &header).unwrap();
    assert_eq!(events.len(), text.lines().count() - 1);
    let written: Vec<serde_json::Value> = events.iter().map(|event| serde_json::to_value(event).unwrap()).collect();
    for (line, now) in text.lines().skip(1).zip(&written) {
        assert_eq!(kind(&serde_json::from_str(&line[9..]).unwrap()), kind(now));
    }
}

/// What an event is, whatever it tells.
fn kind(event: &serde_json::Value) -> String {
    match event {
        serde_json::Value::Object(fields) => fields.keys().next().cloned().unwrap_or_default(),
        other => other.to_string(),
    }
}
