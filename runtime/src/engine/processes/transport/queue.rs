//! `queue`: the pool copies the inputs of tasks into the slots of one queue, from which workers pull them one by one;
//! results come back through sockets.
//!
//! The queue is shared memory. Nothing is locked: a worker takes a slot by one exchange of a word, then claims the task
//! on the board, then empties the slot. Whichever of these was its last step, the pool sees from the word whose slot it
//! is, and empties the slots of the dead. (A pipe that all workers read would need a lock for arrays that are longer
//! than a packet, and who dies with the lock in hand stops all others.)

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use rustix::event::PollFd;
use rustix::io::Errno;
use rustix::thread::futex;

use super::arrays::{Arrays, Inputs, Side, outside};
use super::pipe::Pipe;
use super::{Carrier, Error, Site};
use crate::arena::{Location, ReadOnly, Shared, Words, Writable};
use crate::engine::processes::board::Run;
use crate::process;
use crate::process::protocol::{Hello, Way};
use crate::workload::{Placement, Workload};

/// Slots for each worker: while it computes one task, the next one waits for it.
pub(super) const SLOTS_EACH: usize = 2;

/// Words before the slots: how often something was pushed, and whether nothing more will be.
const PUSHED: usize = 0;
const CLOSED: usize = 1;
const HEAD: usize = 2;

/// Words of a slot: whether it is empty, full, or taken by a worker, whose number is added; and the task in it.
const STATE: usize = 0;
const TASK: usize = 1;
const SLOT: usize = 2;

const EMPTY: u32 = 0;
const FULL: u32 = 1;
const TAKEN: u32 = 2;

/// How often a worker looks for a task where the system refuses futexes between processes.
const LOOK: Duration = Duration::from_micros(50);

/// Which slots are full, and of what.
struct Slots(Words);

impl Slots {
    fn word(&self, word: usize) -> &AtomicU32 {
        &self.0.as_slice()[word]
    }

    fn slot(&self, slot: usize, word: usize) -> &AtomicU32 {
        self.word(HEAD + slot * SLOT + word)
    }

    fn all(&self) -> Range<usize> {
        0..(self.0.as_slice().len() - HEAD) / SLOT
    }

    /// Makes every slot empty that `state` names.
    fn empty(&self, state: u32) {
        for slot in self.all() {
            let _ = self.slot(slot, STATE).compare_exchange(state, EMPTY, SeqCst, SeqCst);
        }
    }

    /// Tells those that wait to look again.
    fn wake(&self) {
        self.word(PUSHED).fetch_add(1, SeqCst);
        // The kernel takes the count as a signed number.
        let _ = futex::wake(self.word(PUSHED), futex::Flags::empty(), i32::MAX as u32);
    }

    fn close(&self) {
        self.word(CLOSED).store(1, SeqCst);
        self.wake();
    }
}

/// The queue, as the pool has it.
pub(super) struct Queue {
    results: Pipe,
    /// A task as it lies in a slot.
    workload: Workload,
    placement: Placement,
    slots: (Shared, Slots),
    inputs: (Shared, Writable),
    /// The tasks of the run that are to be pushed yet.
    waiting: Range<usize>,
}

impl Queue {
    pub(super) fn new(site: &Site<'_>) -> Result<Self, Error> {
        let workload = site.workload.with_fewer_tasks(1);
        let placement = Placement::of(&workload);
        let slots = (site.workers * SLOTS_EACH) as u64;
        let words = Shared::new("gingham-queue", (HEAD as u64 + slots * SLOT as u64) * size_of::<AtomicU32>() as u64)?;
        let inputs = Shared::new("gingham-queue-inputs", slots * placement.input_bytes)?;
        let (slots, memory) = (Slots(words.words()?), inputs.writable()?);
        let results = Pipe::new(site)?;
        Ok(Self { results, workload, placement, slots: (words, slots), inputs: (inputs, memory), waiting: 0..0 })
    }

    /// Fills empty slots with tasks that wait. False where an array of one does not lie inside its arena.
    fn push(&mut self, arrays: &Arrays<'_>) -> bool {
        let (_, slots) = &self.slots;
        for slot in slots.all() {
            let Some(task) = self.waiting.clone().next() else { break };
            if slots.slot(slot, STATE).load(SeqCst) != EMPTY {
                continue;
            }
            let bytes = self.placement.input_bytes as usize;
            let memory = &mut self.inputs.1.as_mut_slice()[slot * bytes..][..bytes];
            let mut one = Arrays::new(&self.workload, &self.placement.tensors, Inputs::Open(memory), &mut []);
            if !one.copy(Side::Inputs, 0, arrays, task) {
                return false;
            }
            self.waiting.start += 1;
            // A board has no task whose number is longer.
            slots.slot(slot, TASK).store(task as u32, SeqCst);
            slots.slot(slot, STATE).store(FULL, SeqCst);
            slots.wake();
            if self.waiting.is_empty() {
                slots.close();
            }
        }
        true
    }
}

impl Carrier for Queue {
    fn direct(&self, hello: &mut Hello) {
        let way = Way::Pulled {
            slots: self.slots.0.location(),
            inputs: self.inputs.0.location(),
            address: self.results.address(),
        };
        hello.seat.iter_mut().for_each(|seat| seat.way = way.clone());
    }

    fn meet(&mut self, workers: &[(usize, u32)]) -> io::Result<()> {
        self.results.meet(workers)
    }

    fn bring(&mut self, run: Run, arrays: &Arrays<'_>) -> Result<(), process::Error> {
        let (_, slots) = &self.slots;
        slots.all().for_each(|slot| slots.slot(slot, STATE).store(EMPTY, SeqCst));
        slots.word(CLOSED).store(0, SeqCst);
        self.waiting = run.tasks();
        if self.push(arrays) { Ok(()) } else { Err(outside()) }
    }

    fn serves(&self) -> bool {
        true
    }

    fn wait_for<'a>(&'a self, events: &mut Vec<PollFd<'a>>) {
        self.results.wait_for(events);
    }

    fn serve(&mut self, arrays: &mut Arrays<'_>) -> bool {
        let moved = self.results.serve(arrays);
        // Whether the arrays lie inside their arena was seen as the first of them were pushed.
        self.push(arrays);
        moved
    }

    fn stop(&mut self) {
        self.waiting = 0..0;
        self.slots.1.empty(FULL);
        self.slots.1.close();
    }

    fn leave(&mut self, worker: usize, arrays: &mut Arrays<'_>) {
        self.results.leave(worker, arrays);
        self.slots.1.empty(TAKEN + worker as u32);
    }
}

/// The queue, as a worker has it.
pub(super) struct Tail {
    slots: Slots,
    inputs: ReadOnly,
    /// The slot that it has taken.
    taken: Option<usize>,
}

impl Tail {
    /// The queue at these places.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open(slots: &Location, inputs: &Location) -> io::Result<Self> {
        let slots = Slots(Words::open(&slots.path, slots.bytes)?);
        Ok(Self { slots, inputs: ReadOnly::open(&inputs.path, inputs.bytes)?, taken: None })
    }

    /// Takes the slot of a task, and waits for one; `None` where no more will come.
    pub(super) fn pull(&mut self, worker: usize) -> Option<usize> {
        let Self { slots, taken, .. } = self;
        loop {
            let (pushed, closed) = (slots.word(PUSHED).load(SeqCst), slots.word(CLOSED).load(SeqCst));
            let take = |slot: &usize| {
                let state = slots.slot(*slot, STATE);
                state.compare_exchange(FULL, TAKEN + worker as u32, SeqCst, SeqCst).is_ok()
            };
            *taken = slots.all().find(take);
            match taken {
                Some(slot) => return Some(slots.slot(*slot, TASK).load(SeqCst) as usize),
                None if closed != 0 => return None,
                None => match futex::wait(slots.word(PUSHED), futex::Flags::empty(), pushed, None) {
                    Ok(()) | Err(Errno::INTR | Errno::AGAIN) => {}
                    Err(_) => thread::sleep(LOOK),
                },
            }
        }
    }

    /// Copies the inputs of the task that was pulled to `to`, which holds one, and empties the slot.
    ///
    /// # Errors
    /// The queue is of other tasks.
    pub(super) fn take(&mut self, placement: &Placement, workload: &Workload, to: &mut Arrays<'_>) -> io::Result<()> {
        let bytes = placement.input_bytes as usize;
        let inputs = self.taken.and_then(|slot| self.inputs.as_slice().get(slot * bytes..(slot + 1) * bytes));
        let from = Arrays::new(workload, &placement.tensors, Inputs::Fixed(inputs.unwrap_or_default()), &mut []);
        let copied = to.copy(Side::Inputs, 0, &from, 0);
        self.skip();
        if copied { Ok(()) } else { Err(io::Error::other("the queue has no such task")) }
    }

    /// Empties the slot that was pulled.
    pub(super) fn skip(&mut self) {
        if let Some(slot) = self.taken.take() {
            self.slots.slot(slot, STATE).store(EMPTY, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_pulled_once_and_a_slot_of_the_dead_is_used_again() {
        let workload = Workload::dot::<f64>(3).tasks(9);
        let placement = Placement::of(&workload);
        let inputs: Vec<u8> = (0..placement.input_bytes).map(|i| i as u8).collect();
        let mut results = vec![0; placement.output_bytes as usize];
        let mut arrays = Arrays::new(&workload, &placement.tensors, Inputs::Fixed(&inputs), &mut results);
        let start = |_: &_| unreachable!("a queue needs no other process");
        let mut queue = Queue::new(&Site { workload: &workload, workers: 2, start: &start, deadline: None }).unwrap();
        let places = [queue.slots.0.location(), queue.inputs.0.location()];
        let tail = || Tail::open(&places[0], &places[1]).unwrap();
        let run = Run { first: 2, count: 7, chunk: 1, longest: 1, of: [2, 7] };
        queue.bring(run, &arrays).unwrap();
        let (mut dead, mut alive) = (tail(), tail());
        assert_eq!(dead.pull(1), Some(2));
        drop(dead);
        let one = workload.with_fewer_tasks(1);
        let own = Placement::of(&one);
        let mut pulled = Vec::new();
        while let Some(task) = alive.pull(0) {
            let mut memory = vec![0; own.input_bytes as usize];
            let mut to = Arrays::new(&one, &own.tensors, Inputs::Open(&mut memory), &mut []);
            alive.take(&own, &one, &mut to).unwrap();
            let bytes = placement.tensors[0].bytes(task, 8).unwrap();
            assert_eq!(memory[own.tensors[0].bytes(0, 8).unwrap()], inputs[bytes], "task {task}");
            pulled.push(task);
            if task == 4 {
                queue.leave(1, &mut arrays);
            }
            queue.serve(&mut arrays);
        }
        assert_eq!(queue.slots.1.all().len(), 4);
        pulled.sort_unstable();
        assert_eq!(pulled, [3, 4, 5, 6, 7, 8]);
        queue.bring(run, &arrays).unwrap();
        queue.stop();
        assert_eq!(alive.pull(0), None, "after a stop nobody begins another task");
    }
}
