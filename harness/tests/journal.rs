//! The journal: appended events come back after a kill, and damaged bytes never pass for an event.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gingham_core::{DType, Op};
use gingham_harness::journal::{Error, Header, Journal};
use gingham_machine::Machine;
use gingham_runtime::Workload;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Sample { name: String, seconds: f64 },
    Left { id: u64, reason: Option<String> },
}

fn sample(id: usize) -> Event {
    Event::Sample { name: format!("J{id} \u{e9}\n"), seconds: 0.25 * id as f64 }
}

/// Three events that make a small file.
fn three() -> Vec<Event> {
    vec![sample(1), Event::Left { id: 1, reason: None }, sample(2)]
}

fn machine(usable_cpus: usize, quota: Option<f64>, simd: &[&str]) -> Machine {
    let mut machine = Machine::probe();
    machine.cpu_model = "CPU".into();
    (machine.usable_cpus, machine.quota) = (usable_cpus, quota);
    machine.simd = simd.iter().map(|&level| level.to_owned()).collect();
    machine
}

/// A header of few and always the same bytes.
fn header() -> Header {
    let machine = machine(2, None, &[]);
    let workload = Workload::new(Op::Dot, DType::F64, "9", None, 3).unwrap();
    Header::new(&workload, &machine, [("seed".to_owned(), "0".to_owned())].into())
}

struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("journal")
    }

    /// A file of `bytes`.
    fn holding(bytes: &[u8]) -> Self {
        let scratch = Self::new();
        fs::write(scratch.path(), bytes).unwrap();
        scratch
    }

    fn open(&self) -> Result<(Journal<Event>, Vec<Event>), Error> {
        Journal::open(&self.path(), &header())
    }

    fn append(&self, events: &[Event]) {
        let (mut journal, _) = self.open().unwrap();
        events.iter().for_each(|event| journal.append(event).unwrap());
    }

    fn events(&self) -> Vec<Event> {
        self.open().unwrap().1
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(self.path()).unwrap()
    }

    /// Checks that the file is refused and stays as it is; returns the error.
    fn refused(&self, header: &Header) -> Error {
        let before = self.bytes();
        let error = Journal::<Event>::open(&self.path(), header).unwrap_err();
        assert_eq!(self.bytes(), before, "{error}");
        error
    }
}

/// The bytes of a journal of `events`.
fn journal_of(events: &[Event]) -> Vec<u8> {
    let scratch = Scratch::new();
    scratch.append(events);
    scratch.bytes()
}

/// That `bytes`, a damaged journal of `events`, is refused untouched or gives a strict prefix of them, and goes on
/// from there.
fn gives_a_strict_prefix_or_an_error(bytes: &[u8], events: &[Event]) -> Option<Error> {
    let scratch = Scratch::holding(bytes);
    match scratch.open() {
        Err(error) => {
            assert_eq!(scratch.bytes(), bytes, "{error}");
            Some(error)
        }
        Ok((mut journal, found)) => {
            assert!(found.len() < events.len() && events.starts_with(&found), "{found:?}");
            journal.append(&sample(9)).unwrap();
            drop(journal);
            assert_eq!(scratch.events(), [found, vec![sample(9)]].concat());
            None
        }
    }
}

#[test]
fn what_was_appended_comes_back_in_order() {
    let scratch = Scratch::new();
    assert_eq!(scratch.events(), []);
    assert_eq!(scratch.events(), []);
    scratch.append(&three());
    scratch.append(&[sample(5)]);
    assert_eq!(scratch.events(), [three(), vec![sample(5)]].concat());
    let text = String::from_utf8(scratch.bytes()).unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(text.lines().next().unwrap()[9..].starts_with(r#"{"schema":"gingham.journal/2","gingham":""#), "{text}");
}

#[test]
fn a_journal_cut_anywhere_gives_its_whole_events_and_goes_on() {
    let events = three();
    let bytes = journal_of(&events);
    for length in 0..=bytes.len() {
        let scratch = Scratch::holding(&bytes[..length]);
        let lines = bytes[..length].iter().filter(|&&byte| byte == b'\n').count();
        let whole = &events[..lines.saturating_sub(1)];
        let (mut journal, found) = scratch.open().unwrap();
        assert_eq!(found, whole, "{length}");
        assert_eq!(scratch.bytes(), journal_of(whole), "{length}");
        journal.append(&sample(9)).unwrap();
        drop(journal);
        assert_eq!(scratch.events(), [whole, &[sample(9)]].concat(), "{length}");
    }
}

#[test]
fn no_flipped_bit_makes_a_wrong_event() {
    let events = three();
    let bytes = journal_of(&events);
    let (mut refused, mut cut) = (0, 0);
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        match gives_a_strict_prefix_or_an_error(&flipped, &events) {
            Some(_) => refused += 1,
            None => cut += 1,
        }
    }
    let last = 1 + bytes[..bytes.len() - 1].iter().rev().position(|&byte| byte == b'\n').unwrap();
    assert!(refused > 0 && cut > 7 * last, "{refused} refused, {cut} cut, the last line has {last} bytes");
}

#[test]
fn lines_missing_doubled_or_swapped_are_seen() {
    let events: Vec<Event> = (0..5).map(sample).collect();
    let bytes = journal_of(&events);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    for i in 0..lines.len() {
        let mut missing = lines.clone();
        missing.remove(i);
        let error = gives_a_strict_prefix_or_an_error(&missing.concat(), &events);
        // Without the last line but one, the last counts as torn; without the last, nothing shows it.
        assert_eq!(error.is_some(), i < lines.len() - 2, "{i}: {error:?}");
        for j in 0..i {
            let mut swapped = lines.clone();
            swapped.swap(i, j);
            assert!(gives_a_strict_prefix_or_an_error(&swapped.concat(), &events).is_some(), "{i} {j}");
        }
        if i < lines.len() - 1 {
            let mut doubled = lines.clone();
            doubled.insert(i, lines[i]);
            assert!(gives_a_strict_prefix_or_an_error(&doubled.concat(), &events).is_some(), "{i}");
        }
    }
}

#[test]
fn damage_before_the_last_line_is_named() {
    let text = String::from_utf8(journal_of(&three())).unwrap();
    let scratch = Scratch::holding(text.replace("0.25", "0.26").as_bytes());
    let error = scratch.refused(&header()).to_string();
    let path = scratch.path();
    let expected = format!("journal {} is damaged in line 2 (its checksum is wrong); remove it, or", path.display());
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn a_whole_line_that_is_no_event_is_an_error() {
    let scratch = Scratch::new();
    let (mut journal, _) = Journal::<String>::open(&scratch.path(), &header()).unwrap();
    journal.append(&"not an Event".to_owned()).unwrap();
    drop(journal);
    assert!(matches!(scratch.refused(&header()), Error::Damaged { line: 2, .. }));
}

#[test]
fn an_event_that_json_cannot_hold_is_refused_and_the_journal_goes_on() {
    let scratch = Scratch::new();
    let (mut journal, _) = scratch.open().unwrap();
    journal.append(&sample(1)).unwrap();
    let error = journal.append(&Event::Sample { name: String::new(), seconds: f64::NAN }).unwrap_err();
    assert!(matches!(error, Error::Event { .. }), "{error}");
    journal.append(&sample(2)).unwrap();
    drop(journal);
    assert_eq!(scratch.events(), [sample(1), sample(2)]);
}

#[test]
fn what_is_no_journal_is_refused_untouched() {
    for bytes in ["\n", "{}", "notes\n", "a\nb\nc\n", "00000000 {}\n", "deadbeef", "\0\0\0\0", "{\"schema\":1}\n"] {
        let error = Scratch::holding(bytes.as_bytes()).refused(&header());
        assert!(matches!(error, Error::NoJournal { .. }), "{bytes:?}: {error}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Journal::<Event>::open(folder.path(), &header()), Err(Error::Io { .. })));
    if cfg!(unix) {
        let device = Journal::<Event>::open(Path::new("/dev/null"), &header());
        assert!(matches!(device, Err(Error::NoJournal { .. })), "{device:?}");
    }
    let nowhere = folder.path().join("absent/journal");
    assert!(matches!(Journal::<Event>::open(&nowhere, &header()), Err(Error::Io { .. })));
}

/// The cut header of another run cannot be told from another file, so nothing of it is overwritten.
#[test]
fn the_cut_header_of_another_run_is_refused() {
    let bytes = journal_of(&[]);
    let here = Header { gingham: "9.9.9".into(), ..header() };
    assert!(matches!(Scratch::holding(&bytes[..40]).refused(&here), Error::NoJournal { .. }));
}

#[test]
fn a_journal_of_another_form_is_refused() {
    let json = r#"{"schema":"gingham.journal/1","colour":"red"}"#;
    let scratch = Scratch::holding(format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).as_bytes());
    let error = scratch.refused(&header());
    assert!(matches!(&error, Error::Schema { schema, .. } if schema == "gingham.journal/1"), "{error}");
    let json = r#"{"schema":"gingham.journal/2","colour":"red"}"#;
    let scratch = Scratch::holding(format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes())).as_bytes());
    assert!(matches!(scratch.refused(&header()), Error::Damaged { line: 1, .. }));
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let scratch = Scratch::new();
    fs::File::create(scratch.path()).unwrap().set_len((256 << 20) + 1).unwrap();
    assert!(matches!(scratch.open(), Err(Error::Large { length: 268_435_457, .. })));
}

#[test]
fn a_journal_of_another_run_is_refused_with_the_reason() {
    let scratch = Scratch::holding(&journal_of(&three()));
    let with = |name: &str, value: &str, facts: &BTreeMap<String, String>| {
        let mut facts = facts.clone();
        facts.insert(name.into(), value.into());
        facts
    };
    let here = header();
    let matmul = Workload::new(Op::MatMul, DType::F64, "512", None, 64).unwrap();
    let version = format!("of another version: gingham {}, here 9.9.9", here.gingham);
    let cases = [
        (Header { gingham: "9.9.9".into(), ..here.clone() }, &version[..]),
        (
            Header { workload: matmul, ..here.clone() },
            "of another workload: dot 9 f64, 3 tasks; this run is of matmul 512x512x512 f64, 64 tasks",
        ),
        (
            Header { machine: with("usable_cpus", "4", &here.machine), ..here.clone() },
            "of another machine: usable_cpus 2, here 4",
        ),
        (
            Header { settings: with("strategy", "race", &with("seed", "3", &here.settings)), ..here.clone() },
            "of other settings: seed 0, here 3; strategy not set, here race",
        ),
        (Header { settings: BTreeMap::new(), ..here }, "of other settings: seed 0, here not set"),
    ];
    for (other, reason) in cases {
        let error = scratch.refused(&other).to_string();
        let path = scratch.path();
        assert_eq!(error, format!("journal {} is {reason}; name another file with --resume", path.display()));
    }
    assert_eq!(scratch.events(), three());
}

#[test]
fn the_machine_of_a_header_is_what_changes_the_measured() {
    let machine = machine(1, Some(1.5), &["sse4.2", "avx2+fma"]);
    let facts = Header::new(&header().workload, &machine, BTreeMap::new()).machine;
    let facts: Vec<(&str, &str)> = facts.iter().map(|(name, value)| (&name[..], &value[..])).collect();
    assert_eq!(facts, [("cpu_model", "CPU"), ("quota", "1.5"), ("simd", "sse4.2 avx2+fma"), ("usable_cpus", "1")]);
}

#[test]
fn two_runs_cannot_share_a_journal() {
    let scratch = Scratch::new();
    let (mut first, _) = scratch.open().unwrap();
    first.append(&sample(1)).unwrap();
    let error = scratch.open().unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    first.append(&sample(2)).unwrap();
    drop(first);
    assert_eq!(scratch.events(), [sample(1), sample(2)]);
}

/// This test runs itself in another process, which finds the journal's name in this variable and is killed.
const CHILD: &str = "GINGHAM_TEST_JOURNAL";

#[test]
fn a_killed_run_loses_nothing_that_it_wrote() {
    if let Some(path) = std::env::var_os(CHILD) {
        let (mut journal, _) = Journal::open(Path::new(&path), &header()).unwrap();
        (0..20_000).for_each(|id| journal.append(&sample(id)).unwrap());
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap(); // until killed, or the parent is gone
        return;
    }
    let scratch = Scratch::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_run_loses_nothing_that_it_wrote"])
        .env(CHILD, scratch.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let lines = || fs::read(scratch.path()).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count());
    while lines() < 1000 && started.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let in_use = scratch.open();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(in_use, Err(Error::InUse { .. })), "{in_use:?}");
    let written = lines();
    assert!(written >= 1000, "{written} lines in {:?}", started.elapsed());
    assert!(scratch.events().into_iter().eq((0..written - 1).map(sample)));
}

fn event() -> impl Strategy<Value = Event> {
    // Sixty-fourths have few digits, which serde_json reads back exactly.
    let sample = (".{0,12}", -1_000_000..1_000_000)
        .prop_map(|(name, seconds)| Event::Sample { name, seconds: f64::from(seconds) / 64.0 });
    let left = (any::<u64>(), proptest::option::of("\\PC{0,12}")).prop_map(|(id, reason)| Event::Left { id, reason });
    prop_oneof![sample, left]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_come_back_over_any_number_of_runs(
        runs in prop::collection::vec(prop::collection::vec(event(), 0..6), 1..4),
        torn in prop::collection::vec(any::<u8>().prop_filter("no newline", |&byte| byte != b'\n'), 0..40),
    ) {
        let scratch = Scratch::new();
        for run in &runs {
            scratch.append(run);
            fs::write(scratch.path(), [scratch.bytes(), torn.clone()].concat()).unwrap();
        }
        prop_assert_eq!(scratch.events(), runs.concat());
    }

    #[test]
    fn a_journal_with_other_bytes_in_it_gives_a_prefix_or_an_error(
        events in prop::collection::vec(event(), 1..6),
        at: prop::sample::Index,
        removed in 0..60_usize,
        inserted in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n')], 0..60),
    ) {
        let bytes = journal_of(&events);
        let at = at.index(bytes.len());
        let rest = &bytes[(at + removed).min(bytes.len())..];
        let changed = [&bytes[..at], &inserted[..], rest].concat();
        let scratch = Scratch::holding(&changed);
        match scratch.open() {
            Ok((_, found)) => prop_assert!(events.starts_with(&found), "{:?}", found),
            Err(_) => prop_assert_eq!(scratch.bytes(), changed),
        }
    }

    #[test]
    fn any_other_file_is_refused_untouched(bytes in prop::collection::vec(any::<u8>(), 9..200)) {
        Scratch::holding(&bytes).refused(&header());
    }
}
