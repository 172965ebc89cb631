//! The largest error of a function over many arguments, at several levels at once, since the judge takes most of the
//! time.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use astro_float::Consts;
use gingham_core::{Backend, DType, Support};
use gingham_simd::{Level, Simd};

use crate::error::{Element, Exact};
use crate::function::Function;
use crate::points::{BLOCK, Extent, Points};
use crate::specials::specials;

/// A line of the table.
pub(crate) struct Row {
    function: Function,
    dtype: DType,
    level: Level,
    support: Support,
    points: u64,
    worst: Worst,
    /// Special values that are wrong, in words.
    wrong: Vec<String>,
}

/// The largest error, in ULP, and where it is.
#[derive(Debug, Clone, Copy)]
struct Worst {
    error: f64,
    argument: (f64, f64),
}

impl Row {
    pub(crate) const HEADINGS: &str =
        "function  dtype  level     by              points  largest error  bound  at the argument";

    /// Whether the bound holds and every special value is right.
    pub(crate) fn good(&self) -> bool {
        self.worst.error <= self.function.bound() && self.wrong.is_empty()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, dtype, level, support, points, worst, wrong } = self;
        let support = if *support == Support::Native { "native" } else { "fallback" };
        let (x, y) = worst.argument;
        let (name, error, bound) = (function.name(), worst.error, function.bound());
        write!(f, "{name:<8}  {dtype:<5}  {level:<8}  {support:<8}  {points:>12}  {error:>13.4}  {bound:>5}  {x:e}")?;
        if *function == Function::Pow {
            write!(f, ", {y:e}")?;
        }
        if error > bound {
            write!(f, "  TOO FAR")?;
        }
        wrong.iter().try_for_each(|case| write!(f, "\n  WRONG: {case}"))
    }
}

/// Measures `function` at every level of `backends`.
pub(crate) fn measure<T: Element>(function: Function, backends: &[(Level, Simd)], extent: Extent) -> Vec<Row> {
    let points = Points::new::<T>(function, extent);
    let next = AtomicU64::new(0);
    let none = Worst { error: 0.0, argument: (0.0, 0.0) };
    let worst = Mutex::new(vec![none; backends.len()]);
    let work = || {
        let mut own = vec![none; backends.len()];
        let mut constants = Consts::new().expect("memory for a few constants");
        let mut block = Block::<T>::new(backends.len());
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= points.blocks {
                break;
            }
            points.fill(number, &mut block.x, &mut block.y);
            block.measure(function, backends, &mut constants, &mut own);
        }
        let mut worst = worst.lock().expect("no thread panics with it");
        worst.iter_mut().zip(own).filter(|(all, own)| own.error > all.error).for_each(|(all, own)| *all = own);
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let worst = worst.into_inner().expect("no thread panics with it");
    let rows = backends.iter().zip(worst).map(|(&(level, ref backend), worst)| Row {
        function,
        dtype: T::DTYPE,
        level,
        support: backend.support(function.op(), T::DTYPE),
        points: points.len(),
        worst,
        wrong: wrong_specials::<T>(function, backend),
    });
    rows.collect()
}

/// Arguments that are measured together, and each level's results.
struct Block<T> {
    x: Vec<T>,
    y: Vec<T>,
    got: Vec<Vec<T>>,
}

impl<T: Element> Block<T> {
    fn new(levels: usize) -> Self {
        let zeros = vec![T::zero(); BLOCK];
        Self { x: zeros.clone(), y: zeros.clone(), got: vec![zeros; levels] }
    }

    fn measure(&mut self, function: Function, backends: &[(Level, Simd)], constants: &mut Consts, worst: &mut [Worst]) {
        let Self { x, y, got } = self;
        for ((_, backend), got) in backends.iter().zip(&mut *got) {
            function.apply(backend, x, y, got);
        }
        for (i, (x, y)) in x.iter().zip(y).enumerate() {
            let argument = (x.into_f64(), y.into_f64());
            let nearest = function.nearest(argument.0, argument.1);
            let mut exact = Exact::new(function, argument, constants);
            for (got, worst) in got.iter().zip(&mut *worst) {
                let error = got[i].error(worst.error, nearest, &mut exact);
                if error > worst.error {
                    *worst = Worst { error, argument };
                }
            }
        }
    }
}

/// The special values that the backend does not give to the bit.
fn wrong_specials<T: Element>(function: Function, backend: &Simd) -> Vec<String> {
    let cases = specials::<T>(function);
    let [x, y]: [Vec<T>; 2] = [cases.iter().map(|case| case.0).collect(), cases.iter().map(|case| case.1).collect()];
    let mut got = vec![T::zero(); cases.len()];
    function.apply(backend, &x, &y, &mut got);
    let same = |a: T, b: T| a.pattern() == b.pattern() || a.is_nan() && b.is_nan();
    let wrong = cases.iter().zip(got).filter(|((_, _, expected), got)| !same(*got, *expected));
    let name = function.name();
    wrong
        .map(|((x, y, expected), got)| match function {
            Function::Pow => format!("{name}({x:e}, {y:e}) is {got:e}, not {expected:e}"),
            _ => format!("{name}({x:e}) is {got:e}, not {expected:e}"),
        })
        .collect()
}
