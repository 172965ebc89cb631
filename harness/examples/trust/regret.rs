//! Races against recorded exhaustive runs: what a quarter of their time loses.

use std::path::Path;

use gingham_harness::stats::median;
use gingham_simulation::recordings;

use super::{table, wrapped};

/// Races for each recording.
const RACES: u64 = 100;

pub(super) fn section() -> String {
    let recordings = recordings::all(Path::new(recordings::FOLDER)).expect("the recordings can be read");
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let (mut rows, mut medians, mut single) = (Vec::new(), Vec::new(), Vec::new());
    for (path, recording) in recordings {
        let play = recording.play(0..RACES).expect("an exhaustive run");
        let outcome = recording.outcome();
        let raced = outcome.trials.iter().filter(|row| !row.samples.is_empty()).count();
        medians.push(play.regret());
        single.extend(play.races.iter().map(|race| race.regret));
        rows.push(vec![
            path.file_stem().unwrap_or_default().display().to_string(),
            outcome.machine.machine.usable_cpus.to_string(),
            raced.to_string(),
            percent(play.regret()),
            percent(play.largest_regret()),
            percent(play.share()),
            percent(play.largest_share()),
            percent(play.held() as f64 / play.races.len() as f64),
        ]);
    }
    let large = single.iter().filter(|&&regret| regret > 0.05).count() as f64 / single.len() as f64;
    let text = format!(
        "{RACES} races against each recorded exhaustive run (`cargo xtask recordings`; those called `simulated` are of \
         a cost model of 16 CPUs). A race has a quarter of the exhaustive run's time and draws whole recorded rounds. \
         Regret is the pick's pace over that of the fastest, less one, a pace being the median of the times over the \
         usual time of each round. Over the recordings the median regret is {} and the largest {}; of single races {} \
         lose more than 5 %. Twelve rounds leave a pace uncertain by a third of its spread within rounds: the fastest \
         is in part the luckiest, and regret against it is overstated by as much. A race holds it if it is the pick or \
         tied with it; not all of many equals race, and of combinations that differ in their chunks alone only one \
         does where tasks are long.",
        percent(median(&medians)),
        percent(medians.iter().copied().fold(0.0, f64::max)),
        percent(large)
    );
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
    format!("## Regret over recordings\n\n{}\n\n{}", wrapped(&text), table(&heads, rows))
}
