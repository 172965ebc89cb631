//! What an executor costs when the tasks cost nothing.
//!
//! 100,000 empty tasks, handed out one by one (`chunk` 1) or in one range for each worker (0), give the cost of a task;
//! it is to stay below 1 us on two workers. Two empty tasks give the latency of one run.

use std::error::Error;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use gingham::harness::executor::{Executor, Rayon, Serial, Threads, for_each};

const WORKERS: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let executors: [&dyn Executor; 3] = [&Serial, &Threads::new(WORKERS)?, &Rayon::new(WORKERS)?];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("dispatch");
    for executor in executors {
        for n in [100_000, 2] {
            group.throughput(Throughput::Elements(n as u64));
            for chunk in [1, 0] {
                let id = BenchmarkId::new(executor.name(), format!("{n} tasks, chunk {chunk}"));
                group.bench_function(id, |bencher| {
                    bencher.iter(|| {
                        for_each(executor, n, chunk, |index| {
                            black_box(index);
                            Ok(())
                        })
                    })
                });
            }
        }
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
