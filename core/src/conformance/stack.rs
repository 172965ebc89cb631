//! The rule about the stack: a call takes no more of it than [`Backend::stack`] says.
//!
//! A program chooses the stacks of its threads, 128 KiB by default with musl; if a thread overflows its stack, the
//! system ends the process. So the calls are made in a process of its own (see [`super::threads`]), on threads of that
//! size.

use std::fmt::Display;
use std::io::{self, Write};
use std::thread;

use super::threads::{Scene, apart, own};
use super::{Report, Violation, matmul, support, vectors};
use crate::{Backend, DType, Op, Scalar};

/// What the thread uses before the call: its start, thread-local variables, the making of operands.
const START: usize = 24 << 10;

/// Products in addition to the small ones of [`support`]: a single element, columns and rows, and sizes at which
/// libraries pack.
const PRODUCTS: [[usize; 3]; 6] =
    [[1, 1, 1], [40, 40, 1], [1, 40, 40], [300, 300, 1], [130, 130, 130], [300, 300, 300]];

/// Elements of the lanes.
const LANE: usize = 10_000;

/// Every operation that the backend computes itself, in many layouts, on one op thread (or as many as the process
/// started with).
///
/// # Errors
/// A violation where the process ends, with the operation that ended it.
pub fn small(backend: &dyn Backend, test: &str) -> Result<Report, Violation> {
    apart(backend, test, "stack::small", |scene| {
        let own =
            DType::ALL.into_iter().flat_map(|dtype| Op::all().filter(own(backend, dtype)).map(move |op| (op, dtype)));
        Report::all(own.map(|(op, dtype)| match dtype {
            DType::F64 => calls::<f64>(scene, op),
            DType::F32 => calls::<f32>(scene, op),
        }))
    })
}

/// The calls of one operation, on a thread of their own.
fn calls<T: Scalar>(scene: &Scene<'_>, op: Op) -> Result<Report, Violation> {
    let (_limit, threads) = scene.limit(scene.started.unwrap_or(1))?;
    let subject = scene.subject(op, threads);
    // The last line of a process that ends here.
    let tell = |what: &dyn Display| writeln!(io::stderr(), "{op} on {}: {what}", T::DTYPE);
    let work = || {
        let mut random = subject.random();
        for turn in 0..support::CALLS {
            let _ = tell(&format_args!("layout {turn}"));
            let (case, outcome) = support::call::<T>(&subject, turn, &mut random);
            subject.must(outcome, case)?;
        }
        match op {
            Op::MatMul => PRODUCTS.into_iter().try_for_each(|shape| {
                let _ = tell(&format_args!("{shape:?}"));
                matmul::product::<T>(shape)(&subject)
            }),
            Op::Dot | Op::Fill | Op::Unary(_) | Op::Binary(_) | Op::Random(_) => {
                let _ = tell(&format_args!("{LANE} elements"));
                vectors::unjudged::<T>(LANE)(&subject)
            }
        }
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(scene.backend.stack() + START).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| subject.violation(format_args!("no thread: {error}")))?;
        thread.join().unwrap_or_else(|_| Err(subject.violation("a call panicked")))
    })?;
    Ok(Report { cases: support::CALLS, ..Report::default() })
}
