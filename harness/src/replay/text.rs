//! The text of a replay, which is the same each time.

use std::collections::BTreeMap;

use gingham_runtime::combination::Combination;
use gingham_runtime::quantity::{count, seconds};

use super::difference::{names, parts};
use super::{Decision, Play, Recording};

/// Simulated races: about one race in twenty exceeds the largest regret of twenty.
const SEEDS: std::ops::Range<u64> = 0..20;

/// The decision as recorded and as `replayed`, what differs between them, and what a race would have made of an
/// exhaustive run.
#[must_use]
pub fn render(recording: &Recording, replayed: &Decision) -> String {
    let outcome = recording.outcome();
    let machine = &outcome.machine.machine;
    let (cpus, seed) = (machine.usable_cpus, outcome.seed);
    let mut text =
        format!("{} on {}, {}, seed {seed}\n", outcome.workload, machine.cpu_model, count(cpus, "usable CPU"));
    let recorded = recording.recorded();
    text += &format!("\nAs recorded:\n{}\nAs replayed:\n{}\n", decision(&recorded), decision(replayed));
    text += &match &recorded.differences(replayed)[..] {
        [] => "The same decision on the same samples.\n".to_owned(),
        differences => {
            let lines: String = differences.iter().map(|difference| format!("  {difference}\n")).collect();
            let parts = parts(differences);
            format!("The decisions differ in {parts}: the search is another one since, or the file.\n{lines}")
        }
    };
    if let Some(play) = recording.play(SEEDS) {
        text += &played(&play);
    }
    text
}

fn decision(decision: &Decision) -> String {
    let [best, tied] = [decision.best.as_slice(), &decision.tied[..]].map(|list| names(list, ", "));
    let left = decision.left.iter().map(|(combination, why)| format!("  left   {combination}: {why}\n"));
    format!("  best   {best}\n  tied   {tied}\n  ended  {}\n{}", decision.ended, left.collect::<String>())
}

fn played(play: &Play) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let ([regret, largest_regret], [share, largest_share]) = (play.regret().map(percent), play.share().map(percent));
    let mut picks: BTreeMap<Option<&Combination>, (usize, f64)> = BTreeMap::new();
    for race in &play.races {
        let pick = picks.entry(race.pick.as_ref()).or_insert((0, race.regret));
        pick.0 += 1;
    }
    let mut picks: Vec<_> = picks.into_iter().collect();
    picks.sort_by_key(|&(_, (times, _))| std::cmp::Reverse(times)); // stable: by name within
    let mut text = format!(
        "\n{} on rounds drawn from these samples:\n  oracle  {}, {}; the answer of {} holds it\n  \
         regret  {regret} in the median, {largest_regret} at most\n  \
         time    {share} of the exhaustive run's samples in the median, {largest_share} at most\n",
        count(play.races.len(), "race"),
        play.oracle,
        seconds(play.oracle_s),
        count(play.held(), "race"),
    );
    for (pick, (times, regret)) in picks {
        let name = pick.map_or_else(|| "none".to_owned(), ToString::to_string);
        text += &format!("  picked  {name}, {}, {} slower than the oracle\n", count(times, "time"), percent(regret));
    }
    text
}
