//! The parent's side: a pool of worker processes, which it starts, feeds, waits for, replaces when they die, and ends.
//!
//! A run is posted on the board and waited for together with the deaths of the workers. What a dead worker had in hand,
//! and what nobody had claimed, is run again where [`Faults`] allow it, one task at a time, so that a task which kills
//! its worker is known by its number, and takes no others with it.

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gingham_machine::{available_memory, forks};
use rustix::process::Signal;

use super::batch::{Batch, Faults};
use super::board::{Board, Order, Run};
use super::keeper::Keeper;
use super::round::{Round, TOLD, Undone};
use super::transport::{self, Arrays, Carrier, Site};
use crate::arena::{self, Shared};
use crate::combination::{Combination, ExecutorKind, Transport};
use crate::environment::Environment;
use crate::executor::{self, BoxError, TaskErrors};
use crate::process::protocol::{Answer, Hello, PROTOCOL, Request, Seat, Way};
use crate::process::{self, Child, Patience, Program, Role};
use crate::quantity::bytes;

/// How long a worker may take to load its libraries and to map the operands: pages that nobody has touched yet come at
/// 0.3 GB/s on some machines.
const READY: Duration = Duration::from_secs(120);

/// The shortest time that it is given for that, however short the deadline of a task is: some 50 ms on an idle machine.
const SOON: Duration = Duration::from_secs(5);

/// How long workers may take to end once they have been asked to.
const ASKED: Duration = Duration::from_secs(2);

/// How often in a row workers may die before they begin a task.
const FRUITLESS: usize = 3;

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
    /// The arrays cannot be brought to the workers.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// The copies that a transport makes do not fit into memory.
    #[error(
        "processes/{transport} copies {}, and {} of memory are available; processes/shm copies nothing",
        bytes(*needed),
        bytes(*available)
    )]
    TooLarge {
        /// The transport.
        transport: Transport,
        /// Bytes of its copies.
        needed: u64,
        /// Bytes that the machine has left.
        available: u64,
    },
    /// What brought the arrays to the workers is gone, with all that it had.
    #[error("the arrays of processes/{transport} are lost: {source}")]
    Lost {
        /// The transport.
        transport: Transport,
        /// What happened.
        source: process::Error,
    },
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
    transport: Transport,
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
    carrier: Box<dyn Carrier>,
}

impl Pool {
    /// Starts the workers of `combination`, which arrays reach by `transport`.
    ///
    /// # Errors
    /// [`Error`]
    pub(in crate::engine) fn new(
        combination: &Combination,
        transport: Transport,
        environment: Environment,
    ) -> Result<Self, Error> {
        let program = Program::this();
        program.check()?;
        let workers = combination.workers;
        let inner = Combination { executor: ExecutorKind::Serial, workers: 1, chunk: 0, ..combination.clone() };
        let children = (0..workers).map(|_| None).collect();
        let pool = Self {
            combination: inner,
            workers,
            transport,
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

    /// Whether it copies the caller's arrays.
    pub(in crate::engine) fn copies(&self) -> bool {
        self.transport != Transport::Shm
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
        let of = |worker: usize| move |source| Error::Worker { worker, source };
        let started = missing.iter().map(|&worker| Ok((worker, self.start().map_err(of(worker))?)));
        // All start at the same time. Where one does not, the others are ended, and are missing still.
        let mut started = started.collect::<Result<Vec<_>, Error>>()?;
        let mut patience = self.patience();
        started.iter_mut().try_for_each(|(worker, child)| arrived(child, &mut patience).map_err(of(*worker)))?;
        started.into_iter().for_each(|(worker, child)| state.children[worker] = Some(child));
        Ok(missing)
    }

    /// Starts a process.
    fn start(&self) -> Result<Child, process::Error> {
        // The workers of a runner belong to the trial: they are stopped and ended with it.
        let role = if process::program::serves() { Role::RunnersWorker } else { Role::Worker };
        let mut command = self.program.command();
        self.environment.apply(&mut command, &self.combination);
        self.keeper.start(command, role)
    }

    /// Starts one that is told `request`, and waits until it is ready.
    fn start_with(&self, request: &Request) -> Result<Child, process::Error> {
        let (mut child, mut patience) = (self.start()?, self.patience());
        arrived(&mut child, &mut patience)?;
        child.send(request, &mut patience)?;
        ready(&mut child, &mut patience)?;
        Ok(child)
    }

    /// How long a process may take to become ready.
    fn patience(&self) -> Patience {
        Patience::new(self.faults.deadline.map_or(READY, |deadline| deadline.clamp(SOON, READY)))
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
        let is_open = state.open.as_mut().is_some_and(|open| open.id == work.id && open.carrier.is_whole());
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
            state.begin_afresh();
        })
    }

    /// Puts up a board for `work`, and takes the workers away from the one before.
    fn lay_out(&self, state: &mut State, work: &Work) -> Result<(), Error> {
        if let Some(open) = state.open.take() {
            open.board.post(Order::Talk);
        }
        let workload = &work.hello.workload;
        let (transport, workers) = (self.transport, self.workers);
        let needed = transport::needed_bytes(transport, workload, workers);
        let available = if needed > 0 { available_memory() } else { 0 };
        if needed > available {
            return Err(Error::TooLarge { transport, needed, available });
        }
        let (board, memory) = Board::new(workers, workload.tasks())?;
        let start = |request: &Request| self.start_with(request);
        let site = Site {
            workload,
            workers,
            start: &start,
            deadline: self.faults.deadline.map(|deadline| deadline.max(SOON)),
        };
        let carrier = transport::set_up(transport, &site)?;
        state.open = Some(Open { id: work.id, board, memory, carrier });
        Ok(())
    }

    /// Tells the workers of these numbers what they work on, and waits until all are ready.
    fn greet(&self, state: &mut State, work: &Work, numbers: &[usize]) -> Result<(), Error> {
        let State { children, open: Some(Open { board, memory, carrier, .. }) } = state else { return Ok(()) };
        let mut patience = self.patience();
        for &worker in numbers {
            board.join(worker);
            let seat = Seat { board: memory.location(), worker, workers: self.workers, way: Way::Mapped };
            let combination = self.combination.clone();
            let mut hello = Hello { combination, seat: Some(seat), ..work.hello.clone() };
            carrier.direct(&mut hello);
            let hello = Request::Hello(Box::new(hello));
            let Some(child) = &mut children[worker] else { continue };
            child.drain();
            child.send(&hello, &mut patience).map_err(|source| Error::Worker { worker, source })?;
        }
        for &worker in numbers {
            let Some(child) = &mut children[worker] else { continue };
            ready(child, &mut patience).map_err(|source| Error::Worker { worker, source })?;
        }
        let process = |&worker: &usize| Some((worker, children[worker].as_ref()?.id()));
        let ready: Vec<(usize, u32)> = numbers.iter().filter_map(process).collect();
        Ok(carrier.meet(&ready).map_err(transport::Error::Socket)?)
    }

    /// Runs the tasks `part`, whose arrays are these, `chunk` at a time. They are a part of a batch: its first task,
    /// and how many it has. `number` gives the number of a task in errors.
    ///
    /// # Errors
    /// [`TaskErrors`]
    pub(super) fn run(
        &self,
        work: &Work,
        arrays: &mut Arrays<'_>,
        part: Range<usize>,
        of: [usize; 2],
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
        if u32::try_from(of[0] + of[1]).is_err() {
            return none(Error::TooMany(of[0] + of[1]).into());
        }
        let chunk = self.transport.chunk(chunk);
        let mut state = self.lock();
        let mut batch = Batch::new(self.faults, number);
        let mut todo = VecDeque::from([Run { first: part.start, count: all, chunk, longest: usize::MAX, of }]);
        let (mut fruitless, mut losses) = (0, 0);
        while let Some(run) = todo.pop_front() {
            if let Err(error) = self.open(&mut state, work) {
                let left = todo.iter().map(|run| run.count).sum::<usize>() + run.count;
                batch.fail_from(run.first, error.into(), left);
                break;
            }
            let State { children, open: Some(Open { board, carrier, .. }) } = &mut *state else { break };
            let round = Round { faults: self.faults, children, board, carrier: carrier.as_mut(), run };
            let Undone { deaths, unclaimed } = match round.carry(arrays) {
                Ok(undone) => undone,
                Err(source) => {
                    state.begin_afresh();
                    losses += 1;
                    todo.push_front(run);
                    if losses <= self.faults.retries {
                        continue;
                    }
                    let error = Error::Lost { transport: self.transport, source };
                    batch.fail_from(run.first, error.into(), todo.iter().map(|run| run.count).sum());
                    break;
                }
            };
            board.failures().for_each(|failed| batch.note(failed));
            let again =
                |tasks: Range<usize>| Run { first: tasks.start, count: tasks.len(), chunk: 1, longest: 1, ..run };
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
                batch.fail_from(run.first, error.into(), run.count);
                continue;
            }
            todo.extend(lost.into_iter().map(again));
        }
        batch.end()
    }
}

/// Waits until a process has started. Before that the kernel would not end it with this one: one that was stopped
/// meanwhile would stay for ever.
fn arrived(child: &mut Child, patience: &mut Patience) -> Result<(), process::Error> {
    match child.receive(patience)? {
        Answer::Here => Ok(()),
        answer => Err(answer.into()),
    }
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

impl State {
    /// Some workers may be waiting for an order, and some for a request: fresh ones take their places.
    fn begin_afresh(&mut self) {
        self.children.iter_mut().for_each(|child| *child = None);
        self.open = None;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.home != forks::count() {
            // The workers and the thread are another process'.
            self.keeper.forget();
            mem::forget(state.open.take());
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
