//! The contestants that are still in, with what they have shown: rounds are run and counted here, decisions are taken
//! elsewhere.

use std::collections::HashMap;

use super::bounds::{Comparison, compare};
use super::sampling::{self, SAMPLE_S};
use super::{Course, Entrant, Failure, Left, Lost, Order, Role, Rules, Run, Warning};
use crate::combination::Combination;
use crate::progress::Progress;
use crate::sample::{Rounds, Sample};
use crate::stats;

/// Rounds that may be repeated, as a share of all.
const MOST_REPEATED: f64 = 0.25;

/// Rounds that may be repeated before there are enough to take a share of.
const FIRST_REPEATED: usize = 2;

/// The share of the CPU time lost to others below which a round is not repeated.
const FEWEST_LOST: f64 = 0.02;

/// Seconds around a sample: the request, the wake-up, the reading of counters.
const AROUND_S: f64 = 0.004;

pub(super) struct Field<'a> {
    pub(super) combinations: &'a [Combination],
    pub(super) rules: &'a Rules,
    pub(super) course: &'a mut dyn Course,
    pub(super) progress: &'a mut dyn FnMut(Progress<'_>),
    pub(super) runs: Vec<Run>,
    /// Those that are still in.
    pub(super) live: Vec<Entrant>,
    /// Those of them that take no part in rounds for now.
    pub(super) resting: Vec<Entrant>,
    /// Seconds of a budget that would confirm the answer, where this one did not.
    pub(super) advised_s: Option<f64>,
    /// Samples of all roles but [`Role::Race`], whose are in `runs`.
    pub(super) others: HashMap<Entrant, Vec<Sample>>,
    pub(super) rounds: Rounds,
    pub(super) warnings: Vec<Warning>,
    /// Seconds that were gone when the search began.
    pub(super) begun_s: f64,
    /// Seconds that all starts have cost, and how many they were.
    starts: (f64, usize),
    /// Seconds that no round may touch: they are for what comes after the race.
    pub(super) reserve_s: f64,
    /// The first round of the race proper.
    pub(super) race_from: usize,
    /// How often the race has been looked at.
    pub(super) looks: usize,
    order: Order,
    /// What others took in each round that was kept.
    lost: Vec<Lost>,
    /// For each round so far the log of how many times as long everyone took as at its best.
    slowness: Vec<f64>,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All that are still in have run.
    Whole,
    /// Time was up, or the user wants no more.
    Cut,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        combinations: &'a [Combination],
        rules: &'a Rules,
        course: &'a mut dyn Course,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Self {
        Self {
            begun_s: course.elapsed_s(),
            combinations,
            rules,
            course,
            progress,
            runs: vec![Run::default(); combinations.len()],
            live: Vec::new(),
            resting: Vec::new(),
            advised_s: None,
            others: HashMap::new(),
            rounds: Rounds::default(),
            warnings: Vec::new(),
            starts: (0.0, 0),
            reserve_s: 0.0,
            race_from: 0,
            looks: 0,
            order: Order::new(rules.seed),
            lost: Vec::new(),
            slowness: Vec::new(),
        }
    }

    /// Seconds of the budget that the search has in all: making the operands may have taken most of it.
    pub(super) fn span_s(&self) -> f64 {
        self.rules.budget_s - self.begun_s
    }

    /// Seconds of the budget that are left.
    pub(super) fn left(&self) -> f64 {
        self.rules.budget_s - self.course.elapsed_s()
    }

    /// Seconds that a start costs on average.
    pub(super) fn start_s(&self) -> f64 {
        self.starts.0 / self.starts.1.max(1) as f64
    }

    /// Starts an entrant; one that fails at it is out.
    pub(super) fn admit(&mut self, who: Entrant, left: usize) {
        (self.progress)(Progress::Admitting { combination: &self.combinations[who.candidate], left });
        let before = self.course.elapsed_s();
        let admitted = self.course.admit(who);
        self.starts.0 += self.course.elapsed_s() - before;
        self.starts.1 += 1;
        match admitted {
            Ok(admission) => {
                self.live.push(who);
                match who.role {
                    Role::Race => self.runs[who.candidate].admission = Some(admission),
                    _ => _ = self.others.entry(who).or_default(),
                }
            }
            Err(failure) => self.fail(who, failure),
        }
    }

    /// Runs everyone once, on `tasks` tasks; again where others had the machine meanwhile, if that may still be.
    pub(super) fn round(&mut self, tasks: usize) -> End {
        loop {
            let number = self.next_round();
            let Some(lost) = self.pass(number, tasks) else { return End::Cut };
            let all = (self.rounds.kept + self.rounds.repeated + 1) as f64;
            let repeated = self.rounds.repeated + 1;
            let may_repeat = repeated <= FIRST_REPEATED || repeated as f64 <= MOST_REPEATED * all;
            let spoilt = self.is_spoilt(lost);
            if !spoilt || !may_repeat {
                self.lost.push(lost);
                self.rounds.kept += 1;
                self.rounds.spoilt += usize::from(spoilt);
                return End::Whole;
            }
            self.rounds.repeated += 1;
            let raced = self.runs.iter_mut().flat_map(|run| &mut run.samples);
            let samples = raced.chain(self.others.values_mut().flatten());
            samples.filter(|sample| sample.round == number).for_each(|sample| sample.set_aside = true);
        }
    }

    /// One sample of everyone; `None` where it was cut short.
    fn pass(&mut self, round: usize, tasks: usize) -> Option<Lost> {
        let entrants = self.awake();
        let mut lost = Lost::default();
        for at in self.order.next(entrants.len()) {
            let who = entrants[at];
            if self.course.interrupted() || self.left() - self.reserve_s < self.cost(who, tasks) {
                self.count_round();
                return None;
            }
            let combination = &self.combinations[who.candidate];
            (self.progress)(match who.role {
                Role::Race | Role::Twin => Progress::Sampling { combination, round, live: entrants.len() },
                Role::Confirmation | Role::Private => {
                    Progress::Confirming { combination, round, of: super::confirm::ROUNDS }
                }
            });
            match self.course.sample(who, round, tasks) {
                Ok(sample) => {
                    lost += Lost::during(&sample, self.rules.model.cpus);
                    self.samples_mut(who).push(sample);
                }
                Err(failure) => {
                    self.live.retain(|other| *other != who);
                    self.fail(who, failure);
                }
            }
        }
        self.count_round();
        Some(lost)
    }

    /// Takes up what a round that is over says of all rounds.
    fn count_round(&mut self) {
        let mut behind = vec![Vec::new(); self.next_round() + 1];
        for samples in self.runs.iter().map(|run| &run.samples).chain(self.others.values()) {
            let kept = samples.iter().filter(|sample| !sample.set_aside);
            let logs = kept.map(|sample| (sample.round, sample.seconds_per_task().ln()));
            let best = logs.clone().map(|(_, log)| log).fold(f64::INFINITY, f64::min);
            logs.for_each(|(round, log)| behind[round].push(log - best));
        }
        // The quarter that was least behind: a burst in the middle of a round has been seen to slow most of those that
        // ran in it by 1.7, and the few that it spared then passed for the quickest by as much.
        let least = |mut behind: Vec<f64>| {
            behind.sort_by(f64::total_cmp);
            behind.get(behind.len() / 4).copied().unwrap_or_default()
        };
        self.slowness = behind.into_iter().map(least).collect();
    }

    /// Those that take part in rounds.
    fn awake(&self) -> Vec<Entrant> {
        self.live.iter().copied().filter(|who| !self.resting.contains(who)).collect()
    }

    /// Seconds that a round on `tasks` tasks is expected to take.
    pub(super) fn round_s(&self, tasks: usize) -> f64 {
        self.awake().into_iter().map(|who| self.cost(who, tasks)).sum()
    }

    /// Asks the course what a task takes on a candidate, `left` of which are still to be asked for.
    pub(super) fn probe(&mut self, candidate: usize, left: usize) {
        (self.progress)(Progress::Admitting { combination: &self.combinations[candidate], left });
        self.runs[candidate].probe_s = self.course.probe(candidate);
    }

    /// Whether others had so much of the machine in a round that it is of no use: more than twice the usual.
    fn is_spoilt(&self, lost: Lost) -> bool {
        let usual = stats::median(&self.lost.iter().map(Lost::share).collect::<Vec<_>>());
        !self.lost.is_empty() && lost.share() > (2.0 * usual).max(FEWEST_LOST)
    }

    fn samples_mut(&mut self, who: Entrant) -> &mut Vec<Sample> {
        match who.role {
            Role::Race => &mut self.runs[who.candidate].samples,
            _ => self.others.entry(who).or_default(),
        }
    }

    /// What an entrant has shown, rounds that were set aside left out.
    pub(super) fn samples(&self, who: Entrant) -> impl Iterator<Item = &Sample> {
        let all = match who.role {
            Role::Race => &self.runs[who.candidate].samples[..],
            _ => self.others.get(&who).map_or(&[][..], Vec::as_slice),
        };
        all.iter().filter(|sample| !sample.set_aside)
    }

    /// Seconds that a sample of `who` on `tasks` tasks is expected to cost, all around it included; 0 where nothing is
    /// known of it. A fresh process is taken to cost what the one that raced did, and a long task what it took cold.
    pub(super) fn cost(&self, who: Entrant, tasks: usize) -> f64 {
        let last = self.samples(who).last().or_else(|| self.runs[who.candidate].samples.last());
        let admission = self.runs[who.candidate].admission.as_ref();
        let workers = self.combinations[who.candidate].workers;
        let task_s = match (last, admission) {
            (Some(sample), _) => sample.seconds_per_task(),
            (None, Some(cold)) if self.rules.tasks_are_long() => cold.cold_s / workers as f64,
            _ => return 0.0,
        };
        let most = admission.and_then(|admission| admission.most_tasks);
        let whole = task_s * tasks.min(most.unwrap_or(tasks)) as f64;
        let warm = Some(task_s * workers as f64).filter(|&warm_s| sampling::warms(warm_s));
        whole.max(SAMPLE_S) + warm.unwrap_or_default() + AROUND_S
    }

    /// Writes down why an entrant gives no more samples. What befalls a candidate's race or its confirmation is the
    /// candidate's failure; its twin is there for the noise alone, and private memory may not be had.
    pub(super) fn fail(&mut self, who: Entrant, failure: Failure) {
        match who.role {
            Role::Race | Role::Confirmation => self.runs[who.candidate].failure = Some(failure),
            Role::Twin => {
                let candidate = self.combinations[who.candidate].clone();
                self.warnings.push(Warning::ControlFailed { candidate, failure });
            }
            Role::Private => {}
        }
    }

    /// Ends an entrant.
    pub(super) fn dismiss(&mut self, who: Entrant, judge: bool) {
        self.live.retain(|other| *other != who);
        self.resting.retain(|other| *other != who);
        match self.course.dismiss(who, judge) {
            Ok(farewell) if who.role == Role::Race => self.runs[who.candidate].farewell = Some(farewell),
            Ok(_) => {}
            Err(failure) => self.fail(who, failure),
        }
    }

    /// Ends an entrant before the race is over, and says why.
    pub(super) fn eliminate(&mut self, who: Entrant, why: Left) {
        self.runs[who.candidate].left = Some(why);
        self.dismiss(who, false);
    }

    /// The contestants of the race that are still in.
    pub(super) fn racing(&self) -> Vec<Entrant> {
        self.live.iter().copied().filter(|who| who.role == Role::Race).collect()
    }

    /// The smallest seconds per task that `who` has shown.
    pub(super) fn quickest(&self, who: Entrant) -> Option<f64> {
        self.samples(who).map(Sample::seconds_per_task).min_by(f64::total_cmp)
    }

    /// How many times the time of `other` `who` takes, each at its best in the rounds that both ran in.
    ///
    /// Bests, because noise mostly adds time: one quiet sample tells what it can do, where a median of two bursts does
    /// not. Within rounds, because a shared machine changes its pace: memory has been seen to be half as fast from one
    /// minute to the next, which makes whoever ran in the better rounds look the better one. Where they have no round
    /// in common the clock is all there is.
    pub(super) fn ratio(&self, who: Entrant, other: Entrant) -> Option<f64> {
        let [own, theirs] = [who, other].map(|who| self.paces(who));
        let both = || own.iter().zip(&theirs).filter_map(|(own, theirs)| Some(((*own)?, (*theirs)?)));
        let best = |paces: &mut dyn Iterator<Item = f64>| paces.min_by(f64::total_cmp);
        match (best(&mut both().map(|(own, _)| own)), best(&mut both().map(|(_, theirs)| theirs))) {
            (Some(own), Some(theirs)) => Some((own - theirs).exp()),
            _ => Some(self.quickest(who)? / self.quickest(other)?),
        }
    }

    /// The quickest of `entrants`, of those that have run.
    pub(super) fn quickest_of(&self, entrants: impl IntoIterator<Item = Entrant>) -> Option<Entrant> {
        let run = entrants.into_iter().filter(|&who| self.samples(who).next().is_some());
        run.reduce(|best, who| if self.ratio(who, best).is_some_and(|ratio| ratio < 1.0) { who } else { best })
    }

    /// The quickest of those that race.
    pub(super) fn leader(&self) -> Option<Entrant> {
        self.quickest_of(self.racing())
    }

    /// Logs of the seconds per task of `who` in each round, less the slowness of the round.
    fn paces(&self, who: Entrant) -> Vec<Option<f64>> {
        let logs = self.logs(who, 0).into_iter().zip(&self.slowness);
        logs.map(|(log, slowness)| log.map(|log| log - slowness)).collect()
    }

    /// Logs of the seconds per task of `who` in rounds `from ..`, `None` where it did not run.
    pub(super) fn logs(&self, who: Entrant, from: usize) -> Vec<Option<f64>> {
        let mut logs = vec![None; self.next_round().saturating_sub(from)];
        for sample in self.samples(who).filter(|sample| sample.round >= from) {
            logs[sample.round - from] = Some(sample.seconds_per_task().ln());
        }
        logs
    }

    /// What the rounds `from ..` say of `entrants`, and of a twin of one of them.
    pub(super) fn compare(&self, entrants: &[Entrant], from: usize, alpha: f64) -> Option<Comparison> {
        let logs: Vec<_> = entrants.iter().map(|&who| self.logs(who, from)).collect();
        let twin = self.others.keys().find(|who| who.role == Role::Twin).copied();
        let twin = twin.and_then(|twin| {
            let of = entrants.iter().position(|who| who.candidate == twin.candidate)?;
            Some((of, self.logs(twin, from)))
        });
        compare(&logs, twin.as_ref().map(|(of, logs)| (*of, &logs[..])), self.rules.tolerance, alpha)
    }

    /// What others took in the rounds that were kept.
    pub(super) fn lost(&self) -> Lost {
        let mut all = Lost::default();
        self.lost.iter().for_each(|&lost| all += lost);
        all
    }

    /// The number of the round that comes next.
    pub(super) fn next_round(&self) -> usize {
        self.slowness.len()
    }
}
