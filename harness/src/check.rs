//! Whether a saved answer still holds: its best is measured against the best of another arrangement. That takes about a
//! second, or two runs of a few tasks each where a run takes longer.
//!
//! Both run in trials over a small arena. They are verified first and then run in turn, so that whatever else the
//! machine does slows both. Their ratio is compared with the saved ratio, and the best's time with its saved median: if
//! both have become slower by the same factor that is a change too, since the slower machine may have another fastest
//! combination.

use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use gingham_core::Registry;
use gingham_machine::{Machine, available_memory};
use gingham_runtime::arena::Arena;
use gingham_runtime::combination::Combination;
use gingham_runtime::environment::Environment;
use gingham_runtime::profile::{Changes, Entry, Fingerprint, Ranked};
use gingham_runtime::quantity::seconds;
use gingham_runtime::workload::Maker;

use crate::defaults;
use crate::progress::Progress;
use crate::sample::Sample;
use crate::search::Lost;
use crate::stats;
use crate::trial::Program;
use crate::trial::driver::{Driver, Running, Start};

/// Bytes of the arena, unless the workers need more: several times most caches, and filled in half a second.
const ARENA: u64 = 128 << 20;

/// How long the two run in turn.
const MEASURING: Duration = Duration::from_millis(800);

/// Rounds at least, unless they take longer than [`LONGEST`]: three have a median.
const FEWEST_ROUNDS: usize = 3;

/// After the first round, no round begins that would end later than this. A product of 4096 x 4096 takes a core two
/// seconds and more: in one sample of that length, noise is only some percent.
const LONGEST: Duration = Duration::from_secs(5);

/// The rival is another winner if it is ahead by more than this factor, or by this factor more than it was.
const OVERTAKEN: f64 = 1.05;

/// A ratio of two that ran in turn has changed by more than noise if it has changed by more than this factor: ratios
/// within one run hold to some percent even on shared machines.
const RATIO: f64 = 1.25;

/// A time that has changed by more than this factor has changed by more than noise: two runs of one system on a shared
/// machine have been 38 % apart.
const TIME: f64 = 1.5;

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// As it was saved.
    Holds(Figures),
    /// The figures have changed: which, and how, in words.
    Moved(Figures, String),
    /// The machine or a library has changed since.
    Stale {
        /// From what to what.
        changed: Changes,
        /// What the answer takes now; `None` if the machine has changed.
        measured: Option<Box<Verdict>>,
    },
    /// It could not be measured.
    Unmeasured(String),
}

/// What was measured, and what is saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The best combination whose backend this program has.
    pub best: Combination,
    /// Its median seconds of a batch: now, and as saved.
    pub best_s: [f64; 2],
    /// The best of another arrangement, and its time over the best's: now, and as saved.
    pub rival: Option<(Combination, [f64; 2])>,
    /// In words, how much of the machine other programs took meanwhile, if they took too much.
    pub disturbed: Option<String>,
}

/// Measures a saved answer again, with the backends of `registry`. The main of `program` must begin with
/// [`crate::trial::init`] and the same backends. `progress` receives what comes next.
#[must_use]
pub fn measure_again(
    entry: &Entry,
    registry: &Registry,
    program: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Verdict {
    let program = Program::Own(program.into());
    if let Err(reason) = program.check() {
        return Verdict::Unmeasured(reason.to_string());
    }
    let machine = Machine::probe();
    let changed = entry.fingerprint.changes(&Fingerprint::now(&machine, registry));
    if !changed.machine.is_empty() {
        return Verdict::Stale { changed, measured: None };
    }
    let figures = figures(entry, registry, &program, machine.usable_cpus, progress);
    let measured = figures.map_or_else(Verdict::Unmeasured, Figures::verdict);
    match changed.is_empty() {
        true => measured,
        false => Verdict::Stale { changed, measured: Some(Box::new(measured)) },
    }
}

impl Figures {
    fn verdict(self) -> Verdict {
        let apart = |[now, saved]: [f64; 2]| (now / saved).max(saved / now);
        let mut how = Vec::new();
        if let Some((rival, leads @ [now, saved])) = &self.rival {
            if *now < saved.min(1.0) / OVERTAKEN {
                how.push(format!("{rival} is {:.2} x faster now", 1.0 / now));
            } else if apart(*leads) > RATIO {
                how.push(format!("{rival} took {saved:.2} x its time, and takes {now:.2} x now"));
            }
        }
        if apart(self.best_s) > TIME {
            let [now, saved] = self.best_s;
            how.push(format!("it takes {:.2} x the saved time", now / saved));
        }
        match how.is_empty() {
            true => Verdict::Holds(self),
            false => Verdict::Moved(self, how.join(", ")),
        }
    }
}

impl Verdict {
    /// Whether a program may go on as before.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Holds(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds(figures) => write!(f, "holds: {figures}"),
            Self::Moved(figures, how) => write!(f, "moved: {how}: {figures}"),
            Self::Stale { changed, measured: None } => write!(f, "stale: {changed}"),
            Self::Stale { changed, measured: Some(measured) } => write!(f, "stale: {changed}; measured: {measured}"),
            Self::Unmeasured(reason) => write!(f, "cannot be measured: {reason}"),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { best, best_s: [now, saved], rival, disturbed } = self;
        write!(f, "{best} takes {} ({} saved)", seconds(*now), seconds(*saved))?;
        if let Some((rival, [now, saved])) = rival {
            write!(f, ", {rival} {now:.2} x that ({saved:.2} x saved)")?;
        }
        match disturbed {
            Some(what) => write!(f, "; {what}; stop what else runs, and check again"),
            None => Ok(()),
        }
    }
}

/// One of the two combinations, and its samples.
struct Raced<'a> {
    ranked: &'a Ranked,
    running: Running,
    samples: Vec<Sample>,
}

/// Starts the best and its rival, and has them run in turn.
fn figures(
    entry: &Entry,
    registry: &Registry,
    program: &Program,
    cpus: usize,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Figures, String> {
    let mut ranking = entry.ranking.iter().filter(|ranked| registry.get(&ranked.combination.backend).is_ok());
    let best = ranking.next().ok_or("this program has none of its backends")?;
    let rival = ranking.find(|other| arrangement(&other.combination) != arrangement(&best.combination));

    let chosen: Vec<&Ranked> = [best].into_iter().chain(rival).collect();
    let workers = chosen.iter().map(|ranked| ranked.combination.workers).max().unwrap_or(1);
    let whole = &entry.workload;
    let held = whole.with_fewer_tasks(whole.within(ARENA).tasks().max(workers));
    held.check_memory(available_memory()).map_err(|e| e.to_string())?;
    let maker = Maker::of(registry);
    let arena = Arena::new(&maker, &held, entry.seed).map_err(|e| e.to_string())?;
    let environment = Environment::new(registry, false);
    let mut driver = Driver::new(environment, maker, held, arena, entry.seed, cpus).map_err(|e| e.to_string())?;

    let live = chosen.len();
    let mut raced = Vec::new();
    for (i, ranked) in chosen.into_iter().enumerate() {
        let combination = &ranked.combination;
        progress(Progress::Admitting { combination, left: live - i });
        // Long tasks are timed in their first run, as in a tuning.
        let task_s = ranked.median_s * combination.workers.min(whole.tasks()) as f64 / whole.tasks() as f64;
        let start = Start { program, deadline: defaults::DEADLINE, private: false, retries: 0, task_s, budget_s: 0.0 };
        let started = driver.start(combination, &start);
        let (running, _) = started.map_err(|failure| format!("{combination}: {failure}"))?;
        raced.push(Raced { ranked, running, samples: Vec::new() });
    }
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    let mut round = 0;
    while goes_on(round, start.elapsed(), longest) {
        let begun = Instant::now();
        for Raced { ranked, running, samples } in &mut raced {
            let combination = &ranked.combination;
            progress(Progress::Sampling { combination, round, live });
            let sample = running.sample(round, usize::MAX);
            samples.push(sample.map_err(|failure| format!("{combination}: {failure}"))?);
        }
        raced.reverse(); // the one that goes first changes from round to round
        round += 1;
        longest = longest.max(begun.elapsed());
    }
    if round % 2 == 1 {
        raced.reverse();
    }
    let mut lost = Lost::default();
    raced.iter().flat_map(|raced| &raced.samples).for_each(|sample| lost += Lost::during(sample, cpus));
    // Seconds of a whole batch, round by round.
    let batches = |Raced { ranked, samples, .. }: &Raced<'_>| -> Vec<f64> {
        samples.iter().map(|sample| sample.batch_s(&ranked.combination, whole)).collect()
    };
    let times: Vec<Vec<f64>> = raced.iter().map(batches).collect();
    let paired = |rival: &Vec<f64>| stats::median(&rival.iter().zip(&times[0]).map(|(r, b)| r / b).collect::<Vec<_>>());
    Ok(Figures {
        disturbed: lost.told(),
        best: best.combination.clone(),
        best_s: [stats::median(&times[0]), best.median_s],
        rival: rival
            .zip(times.get(1))
            .map(|(rival, times)| (rival.combination.clone(), [paired(times), rival.slower / best.slower])),
    })
}

/// Whether another round is run after `rounds` rounds, of which the longest took `longest`, in `elapsed`.
fn goes_on(rounds: usize, elapsed: Duration, longest: Duration) -> bool {
    let is_wanted = rounds < FEWEST_ROUNDS || elapsed < MEASURING;
    rounds == 0 || (is_wanted && elapsed + longest <= LONGEST)
}

/// How the threads are spread, whatever the backend.
fn arrangement(combination: &Combination) -> impl PartialEq {
    (combination.op_threads, combination.executor, combination.workers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(best_s: [f64; 2], leads: Option<[f64; 2]>) -> Verdict {
        let rival = leads.map(|leads| ("b+serial".parse().unwrap(), leads));
        Figures { best: "a+threads:2".parse().unwrap(), best_s, rival, disturbed: None }.verdict()
    }

    #[test]
    fn rounds_are_three_or_as_many_as_fit() {
        let rounds = |round_s: f64| {
            let length = Duration::from_secs_f64(round_s);
            (0..).find(|&rounds| !goes_on(rounds, length * rounds as u32, length)).unwrap()
        };
        assert_eq!([0.01, 0.3, 1.0, 2.0, 3.0, 60.0].map(rounds), [80, 3, 3, 2, 1, 1]);
    }

    #[test]
    fn what_others_had_stands_with_the_figures() {
        let Verdict::Holds(figures) = verdict([1.0, 1.0], None) else { panic!("it holds") };
        let text = Verdict::Holds(Figures { disturbed: Some("others had it".into()), ..figures }).to_string();
        assert!(text.ends_with(" saved); others had it; stop what else runs, and check again"), "{text}");
    }

    #[test]
    fn what_holds_and_what_has_moved() {
        for (best_s, leads) in [
            ([1.0, 1.0], None),
            ([1.0, 1.0], Some([1.9, 1.9])),
            ([1.4, 1.0], Some([2.2, 1.9])),
            ([1.0, 1.4], Some([0.96, 1.02])),
        ] {
            assert!(verdict(best_s, leads).holds(), "{best_s:?} {leads:?}");
        }
        for (best_s, leads, how) in [
            ([1.0, 1.0], Some([0.5, 1.9]), "b:1+serial is 2.00 x faster now"),
            ([1.0, 1.0], Some([1.1, 1.9]), "b:1+serial took 1.90 x its time, and takes 1.10 x now"),
            ([2.0, 1.0], Some([1.9, 1.9]), "it takes 2.00 x the saved time"),
            ([1.0, 2.0], None, "it takes 0.50 x the saved time"),
        ] {
            let verdict = verdict(best_s, leads);
            assert!(!verdict.holds());
            let text = verdict.to_string();
            assert!(text.starts_with(&format!("moved: {how}: a:1+threads:2 takes ")), "{text}");
        }
    }
}
