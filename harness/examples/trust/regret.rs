//! Races against recorded exhaustive runs: what a quarter of their time loses.

use std::path::Path;

use gingham_harness::stats::median;
use gingham_simulation::recordings;

use super::table;

/// Races for each recording.
const RACES: u64 = 100;

/// The table, and the figures of the text around it, by their names in `page.md`.
pub(super) fn parts() -> [(&'static str, String); 5] {
    let recordings = recordings::all(Path::new(recordings::FOLDER)).expect("the recordings can be read");
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let (mut rows, mut medians, mut single) = (Vec::new(), Vec::new(), Vec::new());
    for (path, recording) in recordings {
        let play = recording.play(0..RACES).expect("an exhaustive run");
        let outcome = recording.outcome();
        let raced = outcome.trials.iter().filter(|row| !row.samples.is_empty()).count();
        let ([regret, largest_regret], [share, largest_share]) = (play.regret(), play.share());
        medians.push(regret);
        single.extend(play.races.iter().map(|race| race.regret));
        rows.push(vec![
            path.file_stem().unwrap_or_default().display().to_string(),
            outcome.machine.machine.usable_cpus.to_string(),
            raced.to_string(),
            percent(regret),
            percent(largest_regret),
            percent(share),
            percent(largest_share),
            percent(play.held() as f64 / play.races.len() as f64),
        ]);
    }
    let large = single.iter().filter(|&&regret| regret > 0.05).count() as f64 / single.len() as f64;
    let heads = [
        "recording",
        "CPUs",
        "combinations",
        "median regret",
        "largest",
        "share of the time",
        "largest share",
        "hold the fastest",
    ];
    [
        ("races", RACES.to_string()),
        ("median regret", percent(median(&medians))),
        ("largest regret", percent(medians.iter().copied().fold(0.0, f64::max))),
        ("large", percent(large)),
        ("regret", table(&heads, rows)),
    ]
}
