//! The parent's side: a pool of worker processes, which it starts, feeds, waits for, replaces when they die, and ends.
//!
//! A run is posted on the board and waited for together with the deaths of the workers. What a dead worker had in hand,
//! and what nobody had claimed, is run again where [`Faults`] allow it, one task at a time, so that a task which kills
//! its worker is known by its number, and takes no others with it.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gingham_machine::forks;
use rustix::process::Signal;

use super::board::{Board, Failed, InHand, Order, Run};
use super::keeper::Keeper;
use crate::arena::{self, Shared};
use crate::combination::{Combination, ExecutorKind};
use crate::environment::Environment;
use crate::executor::{self, BoxError, TaskError, TaskErrors};
use crate::process::protocol::{Answer, Hello, PROTOCOL, Request, Seat};
use crate::process::{self, Child, Patience, Program, Role, WAIT, wait_for_one};

/// How long a worker may take to load its libraries and to map the operands: pages that nobody has touched yet come at
/// 0.3 GB/s on some machines.
const READY: Duration = Duration::from_secs(120);

/// The shortest time that it is given for that, however short the deadline of a task is: some 50 ms on an idle machine.
const SOON: Duration = Duration::from_secs(5);

/// How long workers may go on with other tasks once one has died and its task will not be run again: the error has to
/// come within a second.
const GRACE: Duration = Duration::from_millis(100);

/// How long workers may take to end once they have been asked to, and once they have been told to.
const ASKED: Duration = Duration::from_secs(2);
const TOLD: Duration = Duration::from_secs(1);

/// How often in a row workers may die before they begin a task.
const FRUITLESS: usize = 3;

/// What a pool does about workers that die or hang.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// How often a task is run again, on a fresh worker, after one has died of it. With 0 the first death ends the
    /// batch.
    pub retries: usize,
    /// How long a worker may go without getting on, before it is ended: from one task to the next, where tasks take
    /// longer than some microseconds. `None` waits for ever.
    pub deadline: Option<Duration>,
}

/// A pool that cannot be made, or cannot run a batch.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A worker did not become ready.
    #[error("worker {worker} of the processes: {source}")]
    Worker {
        /// Its number.
        worker: usize,
        /// What happened to it.
        source: process::Error,
    },
    /// This program's main does not serve workers.
    #[error(transparent)]
    Uninitialised(#[from] process::Uninitialised),
    /// The pool has no memory to share.
    #[error(transparent)]
    Memory(#[from] arena::Error),
    /// The thread that starts workers could not be started.
    #[error("no thread can be started: {0}; raise `ulimit -u`")]
    Keeper(std::io::Error),
    /// A batch of more tasks than a board has room for.
    #[error("{0} tasks in one run; processes take 4294967295 at most")]
    TooMany(usize),
}

/// What a pool works on: tasks, and where their operands lie.
pub(in crate::engine) struct Work {
    /// What the workers are told.
    pub(in crate::engine) hello: Hello,
    /// Different for other operands, even where they lie at an address that had others before.
    pub(in crate::engine) id: u64,
}

/// Worker processes, which are kept from one batch to the next.
pub(in crate::engine) struct Pool {
    /// What each worker applies.
    combination: Combination,
    workers: usize,
    program: Program,
    environment: Environment,
    faults: Faults,
    keeper: Keeper,
    state: Mutex<State>,
    home: u32,
}

struct State {
    /// `None` where a worker has died and not been replaced.
    children: Vec<Option<Child>>,
    open: Option<Open>,
}

/// What the workers are working on.
struct Open {
    id: u64,
    board: Board,
    /// The board's, which workers map.
    memory: Shared,
}

/// A worker that died in a run.
struct Death {
    worker: usize,
    process: u32,
    in_hand: Option<InHand>,
    how: process::Error,
    /// The pool ended it, because another one's death had ended the batch.
    aside: bool,
}

impl Pool {
    /// Starts the workers of `combination`.
    ///
    /// # Errors
    /// [`Error`]
    pub(in crate::engine) fn new(combination: &Combination, environment: Environment) -> Result<Self, Error> {
        let program = Program::this();
        program.check()?;
        let workers = combination.workers;
        let inner = Combination { executor: ExecutorKind::Serial, workers: 1, chunk: 0, ..combination.clone() };
        let children = (0..workers).map(|_| None).collect();
        let pool = Self {
            combination: inner,
            workers,
            program,
            environment,
            faults: Faults::default(),
            keeper: Keeper::new().map_err(Error::Keeper)?,
            state: Mutex::new(State { children, open: None }),
            home: forks::count(),
        };
        pool.replace(&mut pool.lock())?;
        Ok(pool)
    }

    /// What it does about workers that die or hang.
    pub(in crate::engine) fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// The process ids of its workers.
    pub(in crate::engine) fn processes(&self) -> Vec<u32> {
        self.lock().children.iter().flatten().map(Child::id).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What a panic has left behind is judged by the workers' own state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a worker for each that is missing; returns their numbers.
    fn replace(&self, state: &mut State) -> Result<Vec<usize>, Error> {
        let missing: Vec<usize> = (0..self.workers).filter(|&worker| state.children[worker].is_none()).collect();
        // The workers of a runner belong to the trial: they are stopped and ended with it.
        let role = if process::program::serves() { Role::RunnersWorker } else { Role::Worker };
        for &worker in &missing {
            let mut command = self.program.command();
            self.environment.apply(&mut command, &self.combination);
            let child = self.keeper.start(command, role).map_err(|source| Error::Worker { worker, source })?;
            state.children[worker] = Some(child);
        }
        Ok(missing)
    }

    /// Makes every worker ready for `work`.
    fn open(&self, state: &mut State, work: &Work) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_to_open(state, work) {
                // It died or hung while it was greeted: a fresh one is as good.
                Err(Error::Worker { source: process::Error::Ended { .. } | process::Error::Late(_), .. })
                    if tries < FRUITLESS => {}
                done => return done,
            }
        }
    }

    fn try_to_open(&self, state: &mut State, work: &Work) -> Result<(), Error> {
        let is_open = state.open.as_ref().is_some_and(|open| open.id == work.id);
        if !is_open {
            // One that has died while it had nothing to do is replaced without a word.
            state.children.iter_mut().for_each(|child| drop(child.take_if(|child| child.has_ended())));
        }
        let mut fresh = self.replace(state)?;
        if !is_open {
            self.lay_out(state, work)?;
            fresh = (0..self.workers).collect();
        }
        self.greet(state, work, &fresh).inspect_err(|_| {
            // Some may be waiting for an order, and some for a request: all begin afresh.
            state.children.iter_mut().for_each(|child| *child = None);
            state.open = None;
        })
    }

    /// Puts up a board for `work`, and takes the workers away from the one before.
    fn lay_out(&self, state: &mut State, work: &Work) -> Result<(), Error> {
        if let Some(open) = state.open.take() {
            open.board.post(Order::Talk);
        }
        let (board, memory) = Board::new(self.workers, work.hello.workload.tasks())?;
        state.open = Some(Open { id: work.id, board, memory });
        Ok(())
    }

    /// Tells the workers of these numbers what they work on, and waits until all are ready.
    fn greet(&self, state: &mut State, work: &Work, numbers: &[usize]) -> Result<(), Error> {
        let State { children, open: Some(Open { board, memory, .. }) } = state else { return Ok(()) };
        let mut patience = Patience::new(self.faults.deadline.map_or(READY, |deadline| deadline.clamp(SOON, READY)));
        for &worker in numbers {
            board.join(worker);
            let seat = Seat { board: memory.location(), worker, workers: self.workers };
            let combination = self.combination.clone();
            let hello = Request::Hello(Box::new(Hello { combination, seat: Some(seat), ..work.hello.clone() }));
            let Some(child) = &mut children[worker] else { continue };
            child.drain();
            child.send(&hello, &mut patience).map_err(|source| Error::Worker { worker, source })?;
        }
        for &worker in numbers {
            let Some(child) = &mut children[worker] else { continue };
            ready(child, &mut patience).map_err(|source| Error::Worker { worker, source })?;
        }
        Ok(())
    }

    /// Runs the tasks `part` of a run of the tasks `of`, `chunk` at a time. `number` gives the number of a task in
    /// errors.
    ///
    /// # Errors
    /// [`TaskErrors`]
    pub(super) fn run(
        &self,
        work: &Work,
        part: Range<usize>,
        of: Range<usize>,
        chunk: usize,
        number: &dyn Fn(usize) -> usize,
    ) -> Result<(), TaskErrors> {
        let all = part.len();
        let none = |error: BoxError| Err(TaskErrors::of_all(error, all));
        if all == 0 {
            return Ok(());
        }
        if self.home != forks::count() {
            return none(executor::Error::Forked("processes").into());
        }
        if u32::try_from(of.end).is_err() {
            return none(Error::TooMany(of.end).into());
        }
        let of = [of.start, of.len()];
        let mut state = self.lock();
        let mut batch = Batch { faults: self.faults, number, deaths: BTreeMap::new(), failed: None };
        let mut todo = VecDeque::from([Run { first: part.start, count: all, chunk, longest: usize::MAX, of }]);
        let mut fruitless = 0;
        while let Some(run) = todo.pop_front() {
            if let Err(error) = self.open(&mut state, work) {
                let left = todo.iter().map(|run| run.count).sum::<usize>() + run.count;
                batch.fail(number(run.first), TaskError::Failed(error.into()), left);
                break;
            }
            let State { children, open: Some(Open { board, .. }) } = &mut *state else { break };
            let deaths = self.round(children, board, run);
            board.failures().for_each(|failed| batch.note(failed));
            let again =
                |tasks: Range<usize>| Run { first: tasks.start, count: tasks.len(), chunk: 1, longest: 1, ..run };
            let unclaimed = board.unclaimed(run);
            let left = unclaimed.iter().map(ExactSizeIterator::len).sum::<usize>();
            fruitless = if left == run.count { fruitless + 1 } else { 0 };
            let mut lost: Vec<Range<usize>> = unclaimed;
            for death in deaths {
                lost.extend(batch.after(death));
            }
            lost.retain(|tasks| !tasks.is_empty());
            let unfinished = lost.iter().map(ExactSizeIterator::len).sum::<usize>();
            if batch.is_over() {
                let waiting = todo.iter().map(|run| run.count).sum::<usize>();
                batch.count(unfinished + waiting);
                break;
            }
            if fruitless == FRUITLESS {
                let error = "its worker ended before it began, three times in a row";
                batch.fail(number(run.first), TaskError::Failed(error.into()), run.count);
                continue;
            }
            todo.extend(lost.into_iter().map(again));
        }
        batch.failed.map_or(Ok(()), Err)
    }

    /// Posts a run and waits until every worker that is left has finished with it; returns those that died.
    fn round(&self, children: &mut [Option<Child>], board: &Board, run: Run) -> Vec<Death> {
        let slept = board.post(Order::Run(run));
        if board.is_finished_soon(slept) {
            return Vec::new();
        }
        let mut deaths = Vec::new();
        let mut quiet = vec![(Duration::ZERO, [0; 2]); self.workers];
        let mut grace = None;
        while board.may_sleep() {
            let begin = Instant::now();
            let left = grace.map_or(WAIT, |until: Instant| until.saturating_duration_since(begin));
            let wait = self.faults.deadline.map_or(left, |deadline| left.min(deadline));
            // That time is up is no error here: the loop looks at the clock itself.
            let _ = wait_for_one(children.iter().flatten(), &mut Patience::new(wait));
            let waited = begin.elapsed().min(wait + WAIT);
            for (worker, child) in children.iter_mut().enumerate() {
                if child.as_mut().is_some_and(|child| !child.drain() || child.has_ended()) {
                    deaths.extend(bury(worker, child, board, run, false));
                }
            }
            if grace.is_none() && self.faults.retries == 0 && deaths.iter().any(|death| death.in_hand.is_some()) {
                board.stop();
                grace = Some(Instant::now() + GRACE);
            }
            for (worker, (time, before)) in quiet.iter_mut().enumerate() {
                let now = board.progress(worker);
                *time = if now == *before { *time + waited } else { Duration::ZERO };
                *before = now;
                let hangs = self.faults.deadline.is_some_and(|deadline| *time >= deadline) && board.is_busy(worker);
                let aside = grace.is_some_and(|until| Instant::now() >= until) && board.is_busy(worker);
                let child = &mut children[worker];
                if hangs && let Some(child) = child {
                    child.signal(Signal::TERM);
                    child.ends_within(TOLD);
                }
                if hangs || aside {
                    let death = bury(worker, child, board, run, aside);
                    let how = self.faults.deadline.filter(|_| hangs).map(process::Error::Late);
                    deaths.extend(death.map(|death| Death { how: how.unwrap_or(death.how), ..death }));
                }
            }
        }
        deaths
    }
}

/// Takes leave of a worker that has ended or is to end.
fn bury(worker: usize, child: &mut Option<Child>, board: &Board, run: Run, aside: bool) -> Option<Death> {
    let mut gone = child.take()?;
    let (process, how) = (gone.id(), if aside { gone.end() } else { gone.death() });
    board.leave(worker);
    Some(Death { worker, process, in_hand: board.in_hand(run, worker), how, aside })
}

/// Waits until a worker is ready.
fn ready(child: &mut Child, patience: &mut Patience) -> Result<(), process::Error> {
    loop {
        match child.receive(patience)? {
            Answer::Ready { protocol: PROTOCOL, .. } => return Ok(()),
            // It rang when the pool had seen already that all were done.
            Answer::Done { .. } => {}
            answer => return Err(answer.into()),
        }
    }
}

/// What has become of a batch so far.
struct Batch<'a> {
    faults: Faults,
    number: &'a dyn Fn(usize) -> usize,
    /// How often workers have died of a task.
    deaths: BTreeMap<usize, usize>,
    failed: Option<TaskErrors>,
}

impl Batch<'_> {
    /// Notes that `tasks` tasks have failed, the first of them being number `index`.
    fn fail(&mut self, index: usize, cause: TaskError, tasks: usize) {
        let others = tasks - 1 + self.failed.as_ref().map_or(0, |failed| failed.others + 1);
        match &mut self.failed {
            Some(failed) if failed.index <= index => failed.others = others,
            failed => *failed = Some(TaskErrors { index, cause, others }),
        }
    }

    /// Notes what a worker has reported.
    fn note(&mut self, failed: Failed) {
        let Failed { index, panicked, message, tasks } = failed;
        let cause = if panicked { TaskError::Panicked(message) } else { TaskError::Failed(message.into()) };
        self.fail(index, cause, tasks);
    }

    /// Counts `tasks` more that were not done because of a failure.
    fn count(&mut self, tasks: usize) {
        self.failed.iter_mut().for_each(|failed| failed.others += tasks);
    }

    /// Whether a death has ended it.
    fn is_over(&self) -> bool {
        self.faults.retries == 0 && self.deaths.values().any(|&deaths| deaths > 0)
    }

    /// The tasks that are to be run again after a death.
    fn after(&mut self, death: Death) -> Option<Range<usize>> {
        let Death { worker, process, in_hand, how, aside } = death;
        let InHand { doing, left } = in_hand?;
        if aside {
            return Some(left);
        }
        let alone = doing.len() == 1;
        let deaths = self.deaths.entry(doing.start).or_default();
        if alone || self.faults.retries == 0 {
            *deaths += 1;
        }
        if *deaths <= self.faults.retries {
            return Some(left);
        }
        let others = doing.len() - 1;
        let lost = TaskError::Lost { worker, process, others, how: how.into() };
        self.fail((self.number)(doing.start), lost, 1);
        Some(doing.start + 1..left.end)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.home != forks::count() {
            // The workers and the thread are another process'.
            self.keeper.forget();
            return mem::forget(mem::take(&mut state.children));
        }
        if let Some(open) = &state.open {
            open.board.post(Order::Talk);
        }
        for child in state.children.iter_mut().flatten() {
            // One that does not read any more is told by a signal.
            let _ = child.send(&Request::Quit, &mut Patience::new(TOLD));
        }
        let ends = Instant::now() + ASKED;
        for child in state.children.iter().flatten() {
            if !child.ends_within(ends.saturating_duration_since(Instant::now())) {
                child.signal(Signal::TERM);
                child.ends_within(TOLD);
            }
        }
        // Whatever is left is killed.
        state.children.clear();
    }
}
