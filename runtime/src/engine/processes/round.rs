//! A round: a run is posted on the board, and the pool waits until it is done, or until those that did it have died.

use std::ops::Range;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::batch::{Death, Faults};
use super::board::{Board, Order, Run};
use super::transport::{Arrays, Carrier};
use crate::process::{self, Child, Patience, WAIT, wait_for_one};

/// How long workers may go on with other tasks once one has died and its task will not be run again: the error has to
/// come within a second.
const GRACE: Duration = Duration::from_millis(100);

/// How much longer than it was meant to take a wait takes on a busy machine.
const STALLED: Duration = Duration::from_millis(500);

/// How long a worker may take to end once it has been told to.
pub(super) const TOLD: Duration = Duration::from_secs(1);

/// What it takes to do a run.
pub(super) struct Round<'a> {
    pub(super) faults: Faults,
    pub(super) children: &'a mut [Option<Child>],
    pub(super) board: &'a Board,
    pub(super) carrier: &'a mut dyn Carrier,
    pub(super) run: Run,
}

/// What is not done after a round.
pub(super) struct Undone {
    /// The workers that died.
    pub(super) deaths: Vec<Death>,
    /// The tasks that nobody had begun.
    pub(super) unclaimed: Vec<Range<usize>>,
}

impl Round<'_> {
    /// Brings the arrays, has the run done, and fetches the results of what is done.
    ///
    /// # Errors
    /// What brings arrays is gone; nothing of the run counts as done then.
    pub(super) fn carry(mut self, arrays: &mut Arrays<'_>) -> Result<Undone, process::Error> {
        self.carrier.bring(self.run, arrays)?;
        let deaths = self.wait(arrays);
        while self.carrier.serve(arrays) {}
        let unclaimed = self.board.unclaimed(self.run);
        let in_hand = || deaths.iter().filter_map(|death| Some(&death.in_hand.as_ref()?.left));
        let is_done = |task: &usize| !unclaimed.iter().chain(in_hand()).any(|tasks| tasks.contains(task));
        self.carrier.fetch(&mut self.run.tasks().filter(is_done), arrays)?;
        Ok(Undone { deaths, unclaimed })
    }

    /// Posts the run and waits until every worker that is left has finished with it; returns those that died.
    fn wait(&mut self, arrays: &mut Arrays<'_>) -> Vec<Death> {
        let Self { faults, board, run, .. } = *self;
        let slept = board.post(Order::Run(run));
        if !self.carrier.serves() && board.is_finished_soon(slept) {
            return Vec::new();
        }
        let mut deaths = Vec::new();
        let mut quiet = vec![(Duration::ZERO, [0; 2]); self.children.len()];
        let mut grace = None;
        while board.may_sleep() {
            let begin = Instant::now();
            let left = grace.map_or(WAIT, |until: Instant| until.saturating_duration_since(begin));
            let wait = faults.deadline.map_or(left, |deadline| left.min(deadline / 4));
            self.carrier.serve(arrays);
            let mut events = Vec::new();
            self.carrier.wait_for(&mut events);
            // That time is up is no error here: the loop looks at the clock itself.
            let _ = wait_for_one(self.children.iter().flatten(), events, &mut Patience::new(wait));
            // A wait that took far longer than it was meant to is one in which this process was stopped: workers that
            // wait for it cannot have got on.
            let waited = Some(begin.elapsed()).filter(|&waited| waited < wait + STALLED).unwrap_or_default();
            for worker in 0..self.children.len() {
                let ended = |child: &mut Child| !child.drain() || child.has_ended();
                if self.children[worker].as_mut().is_some_and(ended) {
                    deaths.extend(self.bury(worker, false, arrays));
                }
            }
            if grace.is_none() && faults.retries == 0 && deaths.iter().any(|death| death.in_hand.is_some()) {
                board.stop();
                self.carrier.stop();
                grace = Some(Instant::now() + GRACE);
            }
            for (worker, (time, before)) in quiet.iter_mut().enumerate() {
                let now = board.progress(worker);
                *time = if now == *before { *time + waited } else { Duration::ZERO };
                *before = now;
                let hangs = faults.deadline.is_some_and(|deadline| *time >= deadline) && board.is_busy(worker);
                let aside = grace.is_some_and(|until| Instant::now() >= until) && board.is_busy(worker);
                if hangs && let Some(child) = &self.children[worker] {
                    child.signal(Signal::TERM);
                    child.ends_within(TOLD);
                }
                if hangs || aside {
                    let death = self.bury(worker, true, arrays).map(|death| Death { aside, ..death });
                    let how = faults.deadline.filter(|_| hangs).map(process::Error::Late);
                    deaths.extend(death.map(|death| Death { how: how.unwrap_or(death.how), ..death }));
                }
            }
        }
        deaths
    }

    /// Takes leave of a worker that has ended, or that is to end at once.
    fn bury(&mut self, worker: usize, at_once: bool, arrays: &mut Arrays<'_>) -> Option<Death> {
        let mut gone = self.children[worker].take()?;
        let (process, how) = (gone.id(), if at_once { gone.end() } else { gone.death() });
        self.carrier.leave(worker, arrays);
        self.board.leave(worker);
        Some(Death { worker, process, in_hand: self.board.in_hand(self.run, worker), how, aside: false })
    }
}
