//! Successive halving (Jamieson and Talwalkar 2016): from all candidates to the few that race.
//!
//! Samples are of a small part of the batch, but never of a part that fits a cache if the batch does not.
//!
//! Where tasks are long ([`Rules::tasks_are_long`](super::Rules::tasks_are_long)) every run is planned: candidates
//! start while the rounds of their group fit into the time, and as many race as can run up to the first look.

use gingham_runtime::combination::Combination;
use gingham_runtime::waves::makespan;

use super::baselines::Baselines;
use super::bounds::LOOKS;
use super::state::{End, State};
use super::{Left, Process, Unstarted, gross, shares};

/// Candidates of the first group, the most promising ones.
const FIRST_GROUP: usize = 16;

/// Candidates that start in each other group.
const NEXT_GROUP: usize = 24;

/// A candidate is not started if even its ideal time (perfect speed-up) is more than this multiple of the leader's.
const BEYOND: f64 = 1.25;

/// After a group, one of this many live candidates stays.
const ONE_OF: usize = 3;

/// Candidates of the race.
const FINALISTS: usize = 8;

/// Candidates of the race at least, where tasks are long.
const FEWEST_FINALISTS: usize = 2;

/// With more candidates than this, an A/A control takes the place of one of them in the race of long tasks.
const WITHOUT_CONTROL: usize = 3;

/// Candidates that take at most this many times the leader's best time may stay although a third is faster: the bests
/// of a few samples of two equals differ by as much.
const NEAR: f64 = 1.08;

/// Candidates up to which near ones may stay: after a group, and in the race.
const MOST_NEAR: [usize; 2] = [12, 10];

/// The part of the batch that a sample runs.
const ONE_IN: usize = 8;

/// Tasks of it for each CPU at least: only from the second on does a sample show how the work is handed out.
const FEWEST_PER_CPU: usize = 2;

/// The phase from all candidates to the few that race.
pub(super) struct Halving<'s, 'a> {
    state: &'s mut State<'a>,
    baselines: Baselines,
    /// Candidates that have not been started; the last of them is the next.
    waiting: Vec<usize>,
    /// Tasks of the batch that a sample runs.
    tasks: usize,
    /// Groups that have run.
    groups: usize,
}

impl<'s, 'a> Halving<'s, 'a> {
    pub(super) fn new(state: &'s mut State<'a>) -> Self {
        let mut waiting = state.startable();
        leave_out_equals(state, &mut waiting);
        let tasks = portion(state);
        let baselines = Baselines::among(state, &mut waiting);
        Self { state, baselines, waiting, tasks, groups: 0 }
    }

    /// Runs the phase; the candidates that are left will race.
    pub(super) fn run(mut self) {
        if self.baselines.run(self.state, &mut self.waiting, self.tasks) == End::Cut {
            return shares::leave_out(self.state, &self.waiting);
        }
        self.order();
        self.forecast();
        loop {
            self.leave_out_beyond();
            if self.waiting.is_empty() && (self.groups > 0 || self.state.racing_own().len() <= FINALISTS) {
                break;
            }
            if self.run_group() == End::Cut {
                break;
            }
        }
        self.state.wake();
        let best = self.finalists();
        // Where tasks are long, another round of all that are left would cost more than it is worth.
        let is_decided = |state: &mut State<'_>| state.rules.tasks_are_long() || state.round(self.tasks) == End::Whole;
        if self.state.racing_own().len() > best && is_decided(self.state) {
            self.thin_out(best, MOST_NEAR[1]);
        }
    }

    /// Starts the next group, runs its rounds, and eliminates the slower candidates. Is cut, without a start, if the
    /// time is too short.
    fn run_group(&mut self) -> End {
        let size = if self.groups == 0 { FIRST_GROUP } else { NEXT_GROUP };
        let group = self.waiting.split_off(self.waiting.len().saturating_sub(size));
        let group: Vec<usize> = group.into_iter().rev().collect();
        if shares::is_late(self.state, 0.0) || self.state.is_interrupted() {
            shares::leave_out(self.state, &[&group[..], &self.waiting].concat());
            return End::Cut;
        }
        // A group whose candidates have not run has taught nothing: where tasks are long, its round must fit.
        let tasks = self.tasks;
        let pending_s = |state: &State<'_>| if state.rules.tasks_are_long() { state.round_s(tasks) } else { 0.0 };
        let is_late = |state: &State<'_>| shares::is_late(state, pending_s(state));
        shares::start(self.state, &group, self.waiting.len(), is_late);
        for _ in 0..shares::group_rounds(self.state, self.tasks) {
            if self.state.round(self.tasks) == End::Cut {
                shares::leave_out(self.state, &self.waiting);
                self.waiting.clear();
                break;
            }
        }
        gross::eliminate(self.state);
        self.thin_out(self.state.racing_own().len().div_ceil(ONE_OF).max(FINALISTS), MOST_NEAR[0]);
        self.groups += 1;
        End::Whole
    }

    /// Orders the waiting candidates: those about which nothing is known start first, then the most promising.
    fn order(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by(|&a, &b| {
            let key = |id| self.expected(id).unwrap_or(0.0);
            let threads = |id: usize| self.state.combinations[id].runnable();
            key(b).total_cmp(&key(a)).then(threads(b).cmp(&threads(a))).then(b.cmp(&a))
        });
        self.waiting = waiting;
    }

    fn forecast(&mut self) {
        let ideals: Vec<f64> = self.waiting.iter().filter_map(|&id| self.expected(id)).collect();
        if let Some(least) = ideals.iter().copied().min_by(f64::total_cmp) {
            let worth = ideals.iter().filter(|&&ratio| ratio <= BEYOND * least).count();
            self.state.forecast(least, worth, worth.min(FINALISTS));
        }
    }

    /// Leaves out those whose ideal time could not win.
    fn leave_out_beyond(&mut self) {
        let Some(leader) = self.state.leader() else { return };
        let than = &self.state.combinations[leader.candidate];
        let model = self.state.rules.model;
        // Before the first group the bound is perfect scaling over the CPUs: the group shows whether the ceilings hold.
        let stretch = if self.groups == 0 { model.cpus as f64 / model.gain.max(1.0) } else { self.stretch(leader) };
        let bound = BEYOND * stretch.max(1.0);
        let beyond = |&id: &usize| Some((id, self.measured(id).filter(|&best| best > bound)?));
        for (id, times) in self.waiting.iter().filter_map(beyond).collect::<Vec<_>>() {
            self.state.skip(id, Unstarted::Bound { times, than: than.clone() });
        }
        self.waiting.retain(|&id| self.state.run(id).skipped.is_none());
    }

    /// The largest ratio of a candidate's speed to the speed that the ceilings allow. Ceilings hold for the moment in
    /// which they were measured.
    fn stretch(&self, leader: Process) -> f64 {
        let times =
            |process: Process| Some(self.measured(process.candidate)? / self.state.record().ratio(process, leader)?);
        self.state.racing().into_iter().filter_map(times).fold(1.0, f64::max)
    }

    /// How many times the leader's time a candidate takes with perfect speed-up, by its backend's samples on one
    /// thread.
    fn measured(&self, id: usize) -> Option<f64> {
        Some(self.ideal(id, self.baselines.measured(self.state, id, self.state.leader()?)?))
    }

    /// The same, by a small task where its backend has no samples.
    fn expected(&self, id: usize) -> Option<f64> {
        let probed = || Some(self.ideal(id, self.baselines.probed(self.state, id, self.state.leader()?)?));
        self.measured(id).or_else(probed)
    }

    /// What a task takes with perfect speed-up, where one thread takes `one`.
    fn ideal(&self, id: usize, one: f64) -> f64 {
        let model = self.state.rules.model;
        model.seconds(&self.state.combinations[id], one) / model.tasks as f64
    }

    /// Candidates of the race: as many as can run up to its first look, and be judged once more, in the time that the
    /// confirmation leaves.
    fn finalists(&self) -> usize {
        let (state, rules) = (&self.state, self.state.rules);
        let Some(leader) = state.leader().filter(|_| rules.tasks_are_long()) else { return FINALISTS };
        let each_s = state.cost_s(leader, rules.model.tasks) * (LOOKS[0] + 1) as f64;
        match ((state.left_s() - shares::confirmation_s(state)) / each_s) as usize {
            fit @ 0..=WITHOUT_CONTROL => fit.max(FEWEST_FINALISTS),
            fit => (fit - 1).min(FINALISTS),
        }
    }

    /// Eliminates all candidates but the `best`, those that are [`NEAR`] up to `most` candidates, and the leader's
    /// siblings, which differ from it in executor or chunk alone. Where tasks are long only the `best` stay, since each
    /// other one would cost a part of the race.
    fn thin_out(&mut self, best: usize, most: usize) {
        let racing = self.state.racing_own();
        let Some(leader) = self.state.leader().filter(|_| racing.len() > best) else { return };
        let ratio = |process: Process| Some((self.state.record().ratio(process, leader)?, process));
        let mut by_time: Vec<(f64, Process)> = racing.into_iter().filter_map(ratio).collect();
        by_time.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let combinations = self.state.combinations;
        let is_sibling = |process: Process| {
            let [own, first] = [process, leader].map(|process| &combinations[process.candidate]);
            (&own.backend, own.op_threads, own.workers) == (&first.backend, first.op_threads, first.workers)
        };
        for (rank, &(ratio, process)) in by_time.iter().enumerate().skip(best) {
            let may_stay = !self.state.rules.tasks_are_long() && (rank < most && ratio <= NEAR || is_sibling(process));
            if !may_stay {
                self.state.eliminate(process, Left::Halved { ratio });
            }
        }
    }
}

/// Tasks of the batch that a sample runs: enough to keep every CPU busy twice over, and to leave the caches if the
/// batch does.
fn portion(state: &State<'_>) -> usize {
    let model = state.rules.model;
    let part = (model.tasks / ONE_IN).max(model.beyond_cache).next_multiple_of(model.cpus);
    part.max(FEWEST_PER_CPU * model.cpus).min(model.tasks)
}

/// Leaves out candidates that differ from another one by their chunk alone, which takes a microsecond to hand out. Of
/// chunks that give the busiest worker equally many tasks, the smallest balances best.
fn leave_out_equals(state: &mut State<'_>, waiting: &mut Vec<usize>) {
    if !state.rules.tasks_are_long() {
        return;
    }
    let (combinations, tasks) = (state.combinations, state.rules.model.tasks);
    for &id in waiting.iter() {
        let own = &combinations[id];
        let busiest = |c: &Combination| makespan(tasks, c.workers, c.chunk);
        let size = |c: &Combination| if c.chunk == 0 { usize::MAX } else { c.chunk };
        let equal = waiting.iter().map(|&other| &combinations[other]).find(|other| {
            Combination { chunk: own.chunk, ..(*other).clone() } == *own
                && size(other) < size(own)
                && busiest(other) == busiest(own)
        });
        if let Some(equal) = equal {
            state.skip(id, Unstarted::Equal(equal.clone()));
        }
    }
    waiting.retain(|&id| state.run(id).skipped.is_none());
}
