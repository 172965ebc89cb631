//! Fresh processes that contradict the race win, and the text says so.

mod timed;

use gingham_harness::search::{Found, Model, Role, Rules, Warning, search};
use gingham_harness::space::Candidate;

use timed::{Timed, Turn};

const NAMES: [&str; 2] = ["a+serial", "b+threads:2"];

/// A search on a machine on which the second combination takes `race` times the time of the first in the race, and
/// `fresh` times in fresh processes.
fn found(race: f64, fresh: f64) -> Found {
    disturbed_by(0.0, race, fresh)
}

/// The same, while other programs take `others` of one of the two CPUs.
fn disturbed_by(others: f64, race: f64, fresh: f64) -> Found {
    let candidates = NAMES.map(|name| Candidate { combination: name.parse().unwrap(), skipped: None });
    // It is not known beforehand that two workers gain nothing.
    let model = Model { tasks: 8, cpus: 2, gain: 2.0, beyond_cache: 0, task_s: 0.0 };
    let mut rules = Rules::new(model);
    rules.private = false;
    let time = |Turn { process, round, .. }: Turn| {
        let second = if matches!(process.role, Role::Race | Role::Control) { race } else { fresh };
        let factor = if process.candidate == 1 { second } else { 1.0 };
        // No two rounds are alike, by a few parts in a thousand.
        let noise = 1.0 + 0.001 * ((round * 7 + process.candidate * 3) % 5) as f64;
        10.0 * factor * noise
    };
    let mut machine = Timed::new(time);
    machine.others = others;
    search(&candidates, &rules, &mut machine, &mut |_| {})
}

#[test]
fn what_others_had_is_found_and_warned_of() {
    for (others, disturbed) in [(0.05, None), (0.6, Some("had 30 % of the CPU time meanwhile"))] {
        let found = disturbed_by(others, 1.1, 1.1);
        assert_eq!(found.disturbed.is_some(), disturbed.is_some(), "{:?}", found.disturbed);
        let warned = found.disturbed.clone().map(Warning::Disturbed);
        assert_eq!(found.warnings, warned.into_iter().collect::<Vec<_>>());
        assert!(disturbed.is_none_or(|what| found.warnings[0].to_string().contains(what)), "{:?}", found.warnings);
    }
}

fn contradictions(found: &Found) -> usize {
    found.warnings.iter().filter(|warning| matches!(warning, Warning::Contradicted { .. })).count()
}

#[test]
fn what_was_slower_in_the_race_and_is_faster_in_fresh_processes_wins() {
    for race in [1.1, 1.7] {
        let found = found(race, 0.9);
        assert_eq!((found.best, &found.tied[..]), (Some(1), &[][..]), "{found:?}");
        assert!(found.runs[1].left.is_none() && found.runs[1].slower_by.is_none(), "{found:?}");
        assert!(found.runs[0].slower_by.is_some_and(|[low, _]| low > 0.08), "{found:?}");
        assert_eq!(contradictions(&found), 1, "{:?}", found.warnings);
    }
}

#[test]
fn what_was_proven_slower_and_is_level_in_fresh_processes_is_tied() {
    let found = found(1.1, 0.995);
    assert_eq!((found.best, &found.tied[..]), (Some(0), &[1][..]), "{found:?}");
    assert_eq!(contradictions(&found), 1, "{:?}", found.warnings);
}

/// To leave in successive halving is not a claim, so nothing contradicts it.
#[test]
fn what_left_without_proof_and_is_level_in_fresh_processes_is_tied_without_a_warning() {
    let found = found(1.7, 0.995);
    assert_eq!((found.best, &found.tied[..]), (Some(0), &[1][..]), "{found:?}");
    assert_eq!(contradictions(&found), 0, "{:?}", found.warnings);
}

#[test]
fn where_both_agree_the_race_stands() {
    for fresh in [1.01, 1.1] {
        let found = found(1.1, fresh);
        assert_eq!((found.best, &found.tied[..]), (Some(0), &[][..]), "{found:?}");
        assert!(found.runs[1].slower_by.is_some() && contradictions(&found) == 0, "{found:?}");
    }
}
