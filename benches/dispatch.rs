//! What an executor costs when the tasks cost nothing.
//!
//! 100,000 empty tasks, handed out one by one (`chunk` 1) or in one range for each worker (0), give the cost of a task,
//! which should stay below 1 us on two workers. Two empty tasks give the latency of one run.

mod contest;

use std::error::Error;
use std::hint::black_box;

use contest::race::{Race, seconds};
use criterion::Throughput;
use gingham::runtime::executor::{Executor, Rayon, Serial, Threads, for_each};

const WORKERS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let executors: [&dyn Executor; 3] = [&Serial, &Threads::new(WORKERS)?, &Rayon::new(WORKERS)?];
    let names = executors.map(|executor| executor.name());
    let mut criterion = contest::criterion();
    let mut group = criterion.benchmark_group("dispatch");
    for tasks in [100_000, 2] {
        group.throughput(Throughput::Elements(tasks as u64));
        for chunk in [1, 0] {
            let race = Race::new(executors.len(), |side, calls| {
                seconds(calls, || {
                    let done = for_each(executors[side], tasks, chunk, |index| {
                        black_box(index);
                        Ok(())
                    });
                    done.unwrap_or_else(|error| panic!("{error}"));
                })
            });
            race.run(&mut group, &names, format!("{tasks} tasks, chunk {chunk}"));
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
