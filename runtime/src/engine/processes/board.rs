//! The board: shared memory through which a pool hands tasks to its workers, and learns what became of them.
//!
//! A message through a pipe takes 60 us there and back between two sleeping processes; a spinning worker that looks at
//! the board needs less than one. What is on the board, in words of 32 bits:
//!
//! ```text
//! head      what is to be run: written by the pool, read by the workers
//! counter   the part that is handed out next
//! bell      whether the pool sleeps, and wants to be woken
//! seats     one for each worker: what it is doing, and its first error
//! parts     one word for each part of the run: free, claimed by a worker, or done
//! ```
//!
//! A worker may die at any moment, so nothing here is locked, and whatever a dead worker had in hand can be read from
//! its seat and from the parts that it claimed: nothing is lost, and what it had done is not done again.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::*};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::thread::futex;

use crate::arena::{Location, Shared, Words};
use crate::executor::Parts;

/// Words of the head.
const GENERATION: usize = 0;
const ORDER: usize = 1;
const FIRST: usize = 2;
const COUNT: usize = 3;
const CHUNK: usize = 4;
const LONGEST: usize = 5;
const OF_FIRST: usize = 6;
const OF_COUNT: usize = 7;
const STOPPED: usize = 8;

/// The counter and the bell, each on a cache line of its own: all workers write to the one while they read the head.
const NEXT: usize = 16;
const BELL: usize = 32;

/// Words before the first seat.
const HEAD: usize = 48;

/// Words of a seat, of which the last [`TEXT`] hold a message.
const SEAT: usize = 256;
const TEXT: usize = 240;

/// Words of a seat: the generation that its worker has finished, whether it sleeps, whether it is gone, the tasks that
/// it is doing, how many have failed, and the first of these: its number, whether it panicked, and what it said.
const FINISHED: usize = 0;
const ASLEEP: usize = 1;
const GONE: usize = 2;
const CURRENT: usize = 3;
const STEP: usize = 4;
const FAILED: usize = 5;
const LOWEST: usize = 6;
const LOWEST_HIGH: usize = 7;
const PANICKED: usize = 8;
const LENGTH: usize = 9;

/// A part that nobody has claimed, and one that is done. Between them lies 1 + the number of the worker that claimed
/// it.
const FREE: u32 = 0;
const DONE: u32 = u32::MAX;

/// How long either side spins before it sleeps: about as long as the futex round trip that this may save (45 us between
/// two threads on a Zen 5), so that a wait costs at most twice the better of the two choices.
const SPIN: Duration = Duration::from_micros(50);

/// How long a sleeping worker takes to wake. A pool that slept meanwhile would have to be woken itself: an empty task
/// on a sleeping worker took 124 us then on a Zen 4, and takes half of that.
const WAKE: Duration = Duration::from_micros(100);

/// What the pool has put on the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Run tasks.
    Run(Run),
    /// Leave the board, and read the next request.
    Talk,
}

/// Tasks that are to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The first of them.
    pub(super) first: usize,
    /// How many.
    pub(super) count: usize,
    /// Tasks of a part; 0 gives each worker one part.
    pub(super) chunk: usize,
    /// The most tasks that a worker does in one step. A dead worker is known to have been at one of its step's.
    pub(super) longest: usize,
    /// The first task of the batch that these are a part of, and how many that has.
    pub(super) of: [usize; 2],
}

impl Run {
    /// The parts that the tasks fall into, numbered from the first task of the run on.
    fn parts(self, workers: usize) -> Parts {
        Parts::new(self.count, self.chunk, workers)
    }

    /// Their numbers.
    pub(super) fn tasks(self) -> Range<usize> {
        self.first..self.first + self.count
    }
}

/// The first error among the tasks of one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    /// Its task, numbered as [`Tasks::run`](crate::workload::Tasks::run) numbers them.
    pub(super) index: usize,
    /// Whether it panicked.
    pub(super) panicked: bool,
    /// What it said, cut after 960 bytes.
    pub(super) message: String,
    /// Tasks that failed, this one included.
    pub(super) tasks: usize,
}

/// What a worker that is gone had in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InHand {
    /// The tasks of which it was doing one.
    pub(super) doing: Range<usize>,
    /// Those that it had claimed and not done, these included.
    pub(super) left: Range<usize>,
}

/// A board as either side sees it.
#[derive(Debug)]
pub(super) struct Board {
    words: Words,
    workers: usize,
    spins: bool,
}

impl Board {
    /// A fresh board for `workers` workers and at most `tasks` tasks, and the memory that it lies in.
    ///
    /// # Errors
    /// [`crate::arena::Error`]
    pub(super) fn new(workers: usize, tasks: usize) -> Result<(Self, Shared), crate::arena::Error> {
        let words = HEAD + workers * SEAT + tasks.max(workers);
        let memory = Shared::new("gingham-board", (words * size_of::<AtomicU32>()) as u64)?;
        let board = Self { words: memory.words()?, workers, spins: spins(workers) };
        Ok((board, memory))
    }

    /// The board of a pool of `workers` workers at this place.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open(place: &Location, workers: usize) -> io::Result<Self> {
        let words = Words::open(&place.path, place.bytes)?;
        match words.as_slice().len() >= HEAD + workers * SEAT {
            true => Ok(Self { words, workers, spins: spins(workers) }),
            false => Err(io::Error::other(format!("the board is too small for {workers} workers"))),
        }
    }

    fn head(&self, word: usize) -> &AtomicU32 {
        &self.words.as_slice()[word]
    }

    fn seat(&self, worker: usize, word: usize) -> &AtomicU32 {
        &self.words.as_slice()[HEAD + worker * SEAT + word]
    }

    fn parts(&self) -> &[AtomicU32] {
        &self.words.as_slice()[HEAD + self.workers * SEAT..]
    }

    /// The number of the order that is on the board.
    pub(super) fn generation(&self) -> u32 {
        self.head(GENERATION).load(SeqCst)
    }

    /// Puts an order on the board, and wakes the workers that sleep. True where some did.
    pub(super) fn post(&self, order: Order) -> bool {
        let word = |size: usize| u32::try_from(size).expect("a board has a word for each task");
        match order {
            Order::Talk => self.head(ORDER).store(0, Relaxed),
            Order::Run(run) => {
                let parts = run.parts(self.workers).len();
                self.parts()[..parts].iter().for_each(|part| part.store(FREE, Relaxed));
                for worker in 0..self.workers {
                    self.seat(worker, CURRENT).store(word(run.first), Relaxed);
                    self.seat(worker, STEP).store(0, Relaxed);
                    self.seat(worker, FAILED).store(0, Relaxed);
                }
                self.head(ORDER).store(1, Relaxed);
                self.head(FIRST).store(word(run.first), Relaxed);
                self.head(COUNT).store(word(run.count), Relaxed);
                self.head(CHUNK).store(u32::try_from(run.chunk).unwrap_or(u32::MAX), Relaxed);
                self.head(LONGEST).store(u32::try_from(run.longest).unwrap_or(u32::MAX), Relaxed);
                self.head(OF_FIRST).store(word(run.of[0]), Relaxed);
                self.head(OF_COUNT).store(word(run.of[1]), Relaxed);
                self.head(STOPPED).store(0, Relaxed);
                self.head(NEXT).store(0, Relaxed);
            }
        }
        let next = self.generation().wrapping_add(1);
        self.head(GENERATION).store(next, SeqCst);
        let asleep = (0..self.workers).any(|worker| self.seat(worker, ASLEEP).load(SeqCst) != 0);
        if asleep {
            // The kernel takes the count as a signed number: -1 would wake one.
            let _ = futex::wake(self.head(GENERATION), futex::Flags::empty(), i32::MAX as u32);
        }
        asleep
    }

    /// What is on the board.
    pub(super) fn order(&self) -> Order {
        let size = |word| self.head(word).load(Relaxed) as usize;
        match self.head(ORDER).load(Relaxed) {
            0 => Order::Talk,
            _ => Order::Run(Run {
                first: size(FIRST),
                count: size(COUNT),
                chunk: size(CHUNK),
                longest: size(LONGEST),
                of: [size(OF_FIRST), size(OF_COUNT)],
            }),
        }
    }

    /// A worker waits for an order other than number `seen`; returns its number.
    pub(super) fn wait(&self, worker: usize, seen: u32) -> u32 {
        if self.spin(SPIN, || self.generation() != seen) {
            return self.generation();
        }
        self.seat(worker, ASLEEP).store(1, SeqCst);
        while self.generation() == seen {
            match futex::wait(self.head(GENERATION), futex::Flags::empty(), seen, None) {
                Ok(()) | Err(Errno::INTR | Errno::AGAIN) => {}
                // A system that refuses futexes between processes is polled, as often as a futex would take.
                Err(_) => thread::sleep(SPIN),
            }
        }
        self.seat(worker, ASLEEP).store(0, SeqCst);
        self.generation()
    }

    /// Whether `ready` came true within a short while. On a machine whose processors all have a worker, a spinning
    /// process takes the processor from the process that it waits for: it does not spin.
    fn spin(&self, most: Duration, ready: impl Fn() -> bool) -> bool {
        if ready() {
            return true;
        }
        let start = Instant::now();
        while self.spins && start.elapsed() < most {
            for _ in 0..32 {
                if ready() {
                    return true;
                }
                std::hint::spin_loop();
            }
        }
        ready()
    }

    /// The next part that `worker` may do, in tasks of the batch, and its number; it is claimed.
    pub(super) fn claim(&self, run: Run, worker: usize) -> Option<(usize, Range<usize>)> {
        let parts = run.parts(self.workers);
        loop {
            if self.head(STOPPED).load(Relaxed) != 0 {
                return None;
            }
            let part = match run.chunk {
                0 => worker,
                _ => self.head(NEXT).fetch_add(1, Relaxed) as usize,
            };
            let range = parts.get(part)?;
            let claimed = self.parts()[part].compare_exchange(FREE, worker as u32 + 1, AcqRel, Relaxed);
            match (claimed, run.chunk) {
                (Ok(_), _) => return Some((part, run.first + range.start..run.first + range.end)),
                // It has done its one part.
                (Err(_), 0) => return None,
                (Err(_), _) => {}
            }
        }
    }

    /// Claims `task` for `worker`, in a run whose parts are single tasks; returns the number of its part. `None` where
    /// it is none of the run's, or is claimed.
    pub(super) fn take(&self, run: Run, task: usize, worker: usize) -> Option<usize> {
        let part = task.checked_sub(run.first).filter(|&part| run.chunk == 1 && part < run.count)?;
        let claimed = self.parts()[part].compare_exchange(FREE, worker as u32 + 1, AcqRel, Relaxed);
        claimed.is_ok().then_some(part)
    }

    /// `worker` begins a step.
    pub(super) fn step(&self, worker: usize, tasks: &Range<usize>) {
        self.seat(worker, CURRENT).store(tasks.start as u32, Release);
        self.seat(worker, STEP).store(tasks.len() as u32, Release);
    }

    /// A part is done.
    pub(super) fn done(&self, part: usize) {
        self.parts()[part].store(DONE, Release);
    }

    /// Some of the tasks that `worker` did have failed.
    pub(super) fn failed(&self, worker: usize, failed: &Failed) {
        let seat = |word| self.seat(worker, word);
        let before = seat(FAILED).fetch_add(failed.tasks as u32, Relaxed);
        if before > 0 && self.lowest(worker) <= failed.index {
            return;
        }
        let bytes = &failed.message.as_bytes()[..failed.message.floor_char_boundary(4 * TEXT)];
        for (place, word) in bytes.chunks(4).enumerate() {
            let word = word.iter().rev().fold(0, |word, &byte| word << 8 | u32::from(byte));
            seat(SEAT - TEXT + place).store(word, Relaxed);
        }
        seat(LENGTH).store(bytes.len() as u32, Relaxed);
        seat(PANICKED).store(failed.panicked.into(), Relaxed);
        seat(LOWEST).store(failed.index as u32, Relaxed);
        seat(LOWEST_HIGH).store((failed.index as u64 >> 32) as u32, Relaxed);
    }

    fn lowest(&self, worker: usize) -> usize {
        let half = |word| u64::from(self.seat(worker, word).load(Relaxed));
        (half(LOWEST_HIGH) << 32 | half(LOWEST)) as usize
    }

    /// `worker` has nothing more to do in order `generation`. True where it has to wake the pool.
    pub(super) fn finish(&self, worker: usize, generation: u32) -> bool {
        self.seat(worker, FINISHED).store(generation, SeqCst);
        self.is_finished() && self.head(BELL).swap(0, SeqCst) != 0
    }

    /// Whether every worker that is left has finished. What they wrote can be read then.
    pub(super) fn is_finished(&self) -> bool {
        let now = self.generation();
        (0..self.workers).all(|worker| self.has_finished(worker, now) || self.is_gone(worker))
    }

    fn has_finished(&self, worker: usize, generation: u32) -> bool {
        self.seat(worker, FINISHED).load(SeqCst) == generation
    }

    fn is_gone(&self, worker: usize) -> bool {
        self.seat(worker, GONE).load(SeqCst) != 0
    }

    /// Whether `worker` is still at the order on the board.
    pub(super) fn is_busy(&self, worker: usize) -> bool {
        !self.is_gone(worker) && !self.has_finished(worker, self.generation())
    }

    /// A number that changes whenever `worker` gets on.
    pub(super) fn progress(&self, worker: usize) -> [u32; 2] {
        [CURRENT, FINISHED].map(|word| self.seat(worker, word).load(Acquire))
    }

    /// The pool waits for the workers without sleeping, for a short while, or until those that slept have woken and had
    /// such a while. True where all have finished.
    pub(super) fn is_finished_soon(&self, slept: bool) -> bool {
        self.spin(if slept { WAKE + SPIN } else { SPIN }, || self.is_finished())
    }

    /// The pool is about to sleep, and wants to be woken by the last worker. False where that has finished already.
    pub(super) fn may_sleep(&self) -> bool {
        self.head(BELL).store(1, SeqCst);
        !self.is_finished()
    }

    /// No worker claims another part of this run.
    pub(super) fn stop(&self) {
        self.head(STOPPED).store(1, SeqCst);
    }

    /// `worker` is gone.
    pub(super) fn leave(&self, worker: usize) {
        self.seat(worker, GONE).store(1, SeqCst);
    }

    /// A fresh worker takes the place of one that is gone.
    pub(super) fn join(&self, worker: usize) {
        self.seat(worker, ASLEEP).store(0, SeqCst);
        self.seat(worker, FINISHED).store(self.generation(), SeqCst);
        self.seat(worker, GONE).store(0, SeqCst);
    }

    /// What `worker`, which is gone, had in hand of `run`.
    pub(super) fn in_hand(&self, run: Run, worker: usize) -> Option<InHand> {
        let parts = run.parts(self.workers);
        let claimed = |part: &usize| self.parts()[*part].load(Acquire) == worker as u32 + 1;
        let part = (0..parts.len()).find(claimed)?;
        let range = parts.get(part)?;
        let (start, end) = (run.first + range.start, run.first + range.end);
        let word = |word| self.seat(worker, word).load(Acquire) as usize;
        let at = word(CURRENT).clamp(start, end);
        Some(InHand { doing: at..(at + word(STEP).max(1)).min(end), left: at..end })
    }

    /// The parts of `run` that nobody has claimed, neighbours as one range of tasks.
    pub(super) fn unclaimed(&self, run: Run) -> Vec<Range<usize>> {
        let parts = run.parts(self.workers);
        let free = (0..parts.len()).filter(|&part| self.parts()[part].load(Acquire) == FREE);
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for range in free.filter_map(|part| parts.get(part)) {
            let range = run.first + range.start..run.first + range.end;
            match ranges.last_mut().filter(|last| last.end == range.start) {
                Some(last) => last.end = range.end,
                None => ranges.push(range),
            }
        }
        ranges
    }

    /// The first error of each worker that had one.
    pub(super) fn failures(&self) -> impl Iterator<Item = Failed> {
        let failures = |worker| {
            let word = |word| self.seat(worker, word).load(Acquire) as usize;
            (word(FAILED) > 0).then(|| Failed {
                index: self.lowest(worker),
                panicked: word(PANICKED) != 0,
                message: self.message(worker, word(LENGTH).min(4 * TEXT)),
                tasks: word(FAILED),
            })
        };
        (0..self.workers).filter_map(failures)
    }

    fn message(&self, worker: usize, length: usize) -> String {
        let words = (0..length.div_ceil(4)).map(|place| self.seat(worker, SEAT - TEXT + place).load(Relaxed));
        let bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).take(length).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// Whether there is a processor for each of `workers` and for the pool.
fn spins(workers: usize) -> bool {
    workers < thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(workers: usize, tasks: usize) -> Board {
        Board::new(workers, tasks).unwrap().0
    }

    fn posted(board: &Board, count: usize, chunk: usize) -> Run {
        let run = Run { first: 10, count, chunk, longest: usize::MAX, of: [10, count] };
        board.post(Order::Run(run));
        let [chunk, longest] = [chunk, usize::MAX].map(|size| size.min(u32::MAX as usize));
        assert_eq!(board.order(), Order::Run(Run { chunk, longest, ..run }));
        run
    }

    #[test]
    fn every_part_is_claimed_once_whoever_asks() {
        let board = board(3, 100);
        for chunk in [1, 7, 100, usize::MAX] {
            let run = posted(&board, 100, chunk);
            let mut tasks: Vec<usize> = Vec::new();
            for worker in (0..3).cycle() {
                let Some((part, range)) = board.claim(run, worker) else { break };
                board.done(part);
                tasks.extend(range);
            }
            assert_eq!(tasks, (10..110).collect::<Vec<_>>(), "{chunk}");
            assert_eq!(board.unclaimed(run), []);
        }
        let run = posted(&board, 100, 0);
        assert_eq!(board.claim(run, 1).unwrap().1, 44..77);
        assert_eq!(board.claim(run, 1), None, "each worker has one part");
        assert_eq!(board.unclaimed(run), [10..44, 77..110]);
    }

    #[test]
    fn what_a_dead_worker_had_in_hand_is_known_at_every_moment() {
        let board = board(2, 100);
        let run = posted(&board, 100, 10);
        assert_eq!(board.in_hand(run, 1), None, "it had claimed nothing");
        let (first, _) = board.claim(run, 0).unwrap();
        let (part, range) = board.claim(run, 1).unwrap();
        assert_eq!(range, 20..30);
        assert_eq!(board.in_hand(run, 1), Some(InHand { doing: 20..21, left: 20..30 }), "before its first step");
        board.step(1, &(24..28));
        assert_eq!(board.in_hand(run, 1), Some(InHand { doing: 24..28, left: 24..30 }));
        board.done(part);
        assert_eq!(board.in_hand(run, 1), None);
        board.head(NEXT).fetch_add(1, Relaxed); // a worker that dies before it has claimed what it was given
        board.done(first);
        assert_eq!(board.unclaimed(run), vec![30..110; 1]);
        assert_eq!(board.claim(run, 1).unwrap().1, 40..50);
        assert_eq!(board.in_hand(run, 1), Some(InHand { doing: 40..44, left: 40..50 }), "its last step was earlier");
        assert_eq!(board.unclaimed(run), [30..40, 50..110]);
        board.stop();
        assert_eq!(board.claim(run, 1), None);
    }

    #[test]
    fn the_last_worker_that_is_left_rings() {
        let board = board(3, 10);
        posted(&board, 10, 1);
        let now = board.generation();
        assert!(board.may_sleep() && board.is_busy(0));
        assert!(!board.finish(0, now) && !board.is_finished() && !board.is_busy(0));
        board.leave(2);
        assert!(board.finish(1, now), "the third is gone");
        assert!(board.is_finished() && !board.may_sleep());
        posted(&board, 10, 1);
        assert!(!board.is_finished());
        board.join(2);
        assert!(!board.is_busy(2), "a fresh worker has nothing to do with an order before it came");
        board.finish(0, board.generation());
        board.finish(1, board.generation());
        assert!(board.is_finished_soon(false));
    }

    #[test]
    fn the_first_error_of_a_worker_is_kept_whole_and_a_long_one_is_cut() {
        let board = board(2, 10);
        posted(&board, 10, 1);
        let failed = |index, message: &str| Failed { index, panicked: index == 3, message: message.into(), tasks: 1 };
        board.failed(0, &failed(1 << 40, "far"));
        board.failed(0, &failed(3, "a task's words, größer als nichts"));
        board.failed(0, &failed(7, "later"));
        board.failed(1, &failed(4, &"ä".repeat(1000)));
        let failures: Vec<Failed> = board.failures().collect();
        assert_eq!(failures[0], Failed { tasks: 3, ..failed(3, "a task's words, größer als nichts") });
        assert_eq!(failures[1].message, "ä".repeat(480));
        posted(&board, 10, 1);
        assert_eq!(board.failures().count(), 0);
    }

    #[test]
    fn an_order_wakes_every_worker_that_sleeps() {
        let board = board(3, 10);
        let asleep = || {
            while (0..3).any(|worker| board.seat(worker, ASLEEP).load(SeqCst) == 0) {
                thread::yield_now();
            }
            thread::sleep(Duration::from_millis(1));
        };
        thread::scope(|scope| {
            let work = |worker| {
                let first = board.wait(worker, 0);
                (first, board.order(), board.wait(worker, first), board.order())
            };
            let workers: Vec<_> = (0..3).map(|worker| scope.spawn(move || work(worker))).collect();
            asleep();
            let run = posted(&board, 10, 1);
            asleep();
            board.post(Order::Talk);
            let longest = u32::MAX as usize;
            for worker in workers {
                assert_eq!(worker.join().unwrap(), (1, Order::Run(Run { longest, ..run }), 2, Order::Talk));
            }
        });
    }
}
