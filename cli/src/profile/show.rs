//! `gingham profile show`: each answer with its date, the facts that it depends on, and its evidence.

use std::path::PathBuf;

use gingham_core::Registry;
use gingham_harness::report;
use gingham_machine::Machine;
use gingham_runtime::Profile;
use gingham_runtime::profile::{Entry, Evidence, Fingerprint, Ranked};

use crate::failure::Failure;
use crate::output::print;

/// Combinations of each answer that are shown.
const SHOWN: usize = 5;

/// The answers of each file, the user's first.
pub(super) fn execute(layers: &[(PathBuf, Profile)], registry: &Registry) -> Result<(), Failure> {
    let now = Fingerprint::now(&Machine::probe(), registry);
    for (place, (path, saved)) in layers.iter().enumerate() {
        if place > 0 && !saved.entries.is_empty() {
            print(&format!("In {}, for all users:\n", path.display()))?;
        }
        saved.entries.iter().try_for_each(|entry| print(&describe(entry, &now)))?;
    }
    Ok(())
}

fn describe(entry: &Entry, now: &Fingerprint) -> String {
    let Entry { workload, fingerprint, saved_unix, seed, evidence, ranking, .. } = entry;
    let mut text = format!("{workload}\n  saved {}, seed {seed}\n", date(*saved_unix));
    for line in fingerprint.to_string().lines() {
        text += &format!("  on {line}\n").replacen("on gingham", "by gingham", 1);
    }
    let changes = fingerprint.changes(now);
    if !changes.is_empty() {
        text += &format!("  stale: {changes}\n");
    }
    let Evidence { rounds, repeated, tied, stopped_because, partial, disturbed, narrowed_by, .. } = evidence;
    let ended = report::ended(stopped_because);
    let rounds = report::count(*rounds, "round");
    text += &format!("  {rounds}, {repeated} repeated; {tied} tied with the best; ended {ended}\n");
    if !narrowed_by.is_none() {
        text += &format!("  narrowed by {narrowed_by}\n");
    }
    text.extend(partial.iter().map(|gaps| format!("  partial: {gaps}\n")));
    text.extend(disturbed.iter().map(|what| format!("  disturbed: {what}\n")));
    text.extend(ranking.iter().take(SHOWN).map(line));
    match ranking.len().saturating_sub(SHOWN) {
        0 => text,
        more => text + &format!("  and {more} more\n"),
    }
}

fn line(ranked: &Ranked) -> String {
    let Ranked { combination, slower, median_s, ci95_s, samples, confirmed, export, .. } = ranked;
    let interval =
        ci95_s.map_or_else(String::new, |[low, high]| format!("{} .. {}", report::seconds(low), report::seconds(high)));
    let confirmed = if *confirmed { ", confirmed" } else { "" };
    let export = export.as_ref().map(|export| format!(", needs {export}")).unwrap_or_default();
    let (name, median) = (combination.to_string(), report::seconds(*median_s));
    let samples = report::count(*samples, "sample");
    format!("  {name:<32} {slower:>5.2} x  {median:>8} {interval:>22}  {samples}{confirmed}{export}\n")
}

/// `2026-11-21 09:23 UTC`, in the proleptic Gregorian calendar: Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// civil_from_days, whose years begin in March so that the leap day is the last of them.
fn date(unix: u64) -> String {
    let (days, seconds) = (unix / 86_400 + 719_468, unix % 86_400); // days since 1 March of the year 0
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = if months_from_march < 10 { months_from_march + 3 } else { months_from_march - 9 };
    let year = year_of_era + 400 * era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", seconds / 3600, seconds % 3600 / 60)
}

#[cfg(test)]
mod tests {
    use super::date;

    /// From `date -u -d @N`.
    #[test]
    fn dates() {
        for (unix, text) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_399, "2000-02-28 23:59 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (951_868_800, "2000-03-01 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00 UTC"),
        ] {
            assert_eq!(date(unix), text, "{unix}");
        }
        assert!(date(u64::MAX).ends_with(" 07:00 UTC"));
    }
}
