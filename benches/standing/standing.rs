//! What every section works with: the sides, the ceilings, and the table of the rows.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use gingham::core::{Backend, DType, Op, OpThreads, Registry, Support};
use gingham::machine::ceilings::{Loops, Resource};

use crate::cores::Cores;
use crate::memory::Buffer;
use crate::numpy::Numpy;
use crate::peers::{Element, Peer};
use crate::rounds::{Effort, Side, measure};
use crate::verdict::{Figure, Goal};

/// The backend that is compared with the others.
pub(crate) const OURS: &str = "simd";

/// Everything that a section needs.
pub(crate) struct Standing {
    pub(crate) registry: Registry,
    pub(crate) peers: Vec<Box<dyn Peer>>,
    pub(crate) numpy: Option<Numpy>,
    pub(crate) loops: RefCell<Loops>,
    pub(crate) cores: Cores,
    pub(crate) effort: Effort,
    /// Beginnings of the names of the wanted rows; none means all.
    pub(crate) wanted: Vec<String>,
    /// Whether a section's column heads are still to be written.
    pub(crate) head: Cell<bool>,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    Flop,
    Bytes,
    Elements,
}

/// A row of the table, to be measured.
pub(crate) struct Row<'a> {
    pub(crate) name: String,
    /// What a call does, in `unit`.
    pub(crate) work: f64,
    pub(crate) unit: Unit,
    /// Which ceiling applies, in FLOP or bytes as `unit` is.
    pub(crate) ceiling: Option<Resource>,
    /// The most threads that a side uses; the ceiling is of as many threads.
    pub(crate) threads: usize,
    pub(crate) goal: Goal,
    pub(crate) ours: Side<'a>,
    pub(crate) rivals: Vec<Side<'a>>,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Flop => "GF/s",
            Self::Bytes => "GB/s",
            Self::Elements => "Ge/s",
        }
    }
}

impl Standing {
    /// The backend [`OURS`].
    pub(crate) fn ours(&self) -> &dyn Backend {
        &**self.registry.get(OURS).expect("main has found it")
    }

    /// The other backends that compute `op` themselves. For products ndarray calls matrixmultiply, which takes part.
    pub(crate) fn rivals(&self, op: Op, dtype: DType) -> impl Iterator<Item = &dyn Backend> {
        let out = move |id: &str| id == OURS || (op == Op::MatMul && id == "ndarray");
        let others = self.registry.iter().filter(move |backend| !out(&backend.info().id));
        others.filter(move |backend| backend.support(op, dtype) == Support::Native).map(|backend| &**backend)
    }

    /// Whether the row `name`, of so many FLOP or bytes, is wanted.
    pub(crate) fn wants(&self, name: &str, work: f64) -> bool {
        let wanted = self.wanted.is_empty() || self.wanted.iter().any(|beginning| name.starts_with(beginning));
        let small = work <= self.effort.largest;
        if wanted && !small {
            println!("{name}: too large for a short run; left out");
        }
        wanted && small
    }

    /// `count` op threads, if this process may use as many CPUs.
    pub(crate) fn threads(&self, count: usize) -> Option<OpThreads> {
        let threads = OpThreads::new(count).ok().filter(|_| count <= self.cores.count());
        if threads.is_none() {
            println!("  {count} threads: this process may use {} CPU; left out", self.cores.count());
        }
        threads
    }

    /// NumPy's side of `op`, where NumPy is there and the first period of its result is right.
    pub(crate) fn numpy<T: Element>(
        &self,
        op: &str,
        shape: &[usize],
        inputs: &[&Buffer<T>],
        is_right: impl FnOnce(&[T]) -> bool,
    ) -> Option<Side<'_>> {
        match self.numpy.as_ref()?.side(op, shape, inputs) {
            Ok((side, out)) if is_right(&out) => return Some(side),
            Ok(_) => println!("  numpy: its result is wrong; left out"),
            Err(why) => println!("  numpy: {why}; left out"),
        }
        None
    }

    /// `side` if its result is right: `poison` destroys the last one, `is_right` looks at the new one. A side whose
    /// result is wrong is named and left out.
    pub(crate) fn verified<'a>(
        &self,
        mut side: Side<'a>,
        poison: impl FnOnce(),
        is_right: impl FnOnce() -> bool,
    ) -> Option<Side<'a>> {
        poison();
        side.first = (side.time)(1);
        let right = is_right();
        if !right {
            println!("  {}: its result is wrong; left out", side.name);
        }
        right.then_some(side)
    }

    /// Measures `row` and writes its line.
    pub(crate) fn row(&self, row: Row<'_>) {
        let Row { name, work, unit, ceiling, threads, goal, ours, rivals } = row;
        let mut sides: Vec<Side<'_>> = [ours].into_iter().chain(rivals).collect();
        let ceiling = || ceiling.and_then(|resource| self.ceiling(resource, threads)).unwrap_or(f64::NAN);
        let rounds = self.on_cpus(threads, || measure(&mut sides, ceiling, self.effort));

        let rates = |side: usize| rounds.seconds[side].iter().map(|s| work / s).collect::<Vec<_>>();
        let share = |rates: &[f64]| Some(Figure::of_ratios(rates, &rounds.ceilings)).filter(|f| !f.median.is_nan());
        let ours = rates(0);
        let stayed = (1..sides.len()).filter(|&side| !rounds.seconds[side].is_empty());
        let rival = stayed.max_by(|&x, &y| Figure::of(&rates(x)).median.total_cmp(&Figure::of(&rates(y)).median));
        let rival = rival.map(|side| (&sides[side].name, rates(side)));

        let ratio = rival.as_ref().map(|(_, theirs)| Figure::of_ratios(&ours, theirs));
        let (ours_share, rival_share) = (share(&ours), rival.as_ref().and_then(|(_, theirs)| share(theirs)));
        let rival_share = rival_share.map(|share| share.median);
        let giga = |rates: &[f64]| Figure::of(rates).median / 1e9;
        let cells = [
            format!("{name:<24}"),
            format!("{:>8.2} {}", giga(&ours), unit.name()),
            ours_share.map_or(format!("{:>7}", "-"), |share| format!("{:>5.1} %", 100.0 * share.median)),
            rival.map_or(format!("{:<23}", "-"), |(name, theirs)| format!("{name:<15}{:>8.2}", giga(&theirs))),
            ratio.map_or(format!("{:<21}", "-"), |ratio| {
                format!("{:>6.3} [{:.3}, {:.3}]", ratio.median, ratio.interval[0], ratio.interval[1])
            }),
            format!("{:<12}", goal.text(rival_share)),
            goal.verdict(ours_share, ratio, rival_share),
        ];
        if self.head.take() {
            println!(
                "\n{:<24}  {:>13}  {:>7}  {:<23}  {:<21}  {:<12}  verdict",
                "row", "simd", "ceiling", "best rival", "ratio [95 %]", "goal"
            );
        }
        println!("{}", cells.join("  "));
    }

    /// Binds this process to `count` CPUs while `call` runs, and to one afterwards.
    pub(crate) fn on_cpus<R>(&self, count: usize, call: impl FnOnce() -> R) -> R {
        let allow = |count| self.cores.allow(count).unwrap_or_else(|why| panic!("the CPUs cannot be chosen: {why}"));
        allow(count);
        let result = call();
        allow(1);
        result
    }

    /// The rate of `resource` now.
    pub(crate) fn ceiling(&self, resource: Resource, threads: usize) -> Option<f64> {
        // Every form has a turn: an arithmetic form takes half a millisecond, one of memory some five.
        let share = match resource {
            Resource::Read | Resource::Write | Resource::Copy => Duration::from_millis(60),
            _ => Duration::from_millis(10),
        };
        self.loops.borrow_mut().rate(resource, threads, share)
    }
}
