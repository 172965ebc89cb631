//! A backend of plain loops of its own, sound as long as no bug is planted in it.
//!
//! It does not touch the reference, so it is native; it splits rows over scoped threads, so that every kind of
//! [`Threading`] can be shown; and it has a place for each bug of [`Bug`], one line or so where the bug would be in
//! life.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use gingham_core::backend::STACK;
use gingham_core::ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, ShapeBuilder};
use gingham_core::reference::Reference;
use gingham_core::{
    Backend, BackendId, Binary, DType, Distribution, Dot, Elementwise, Error, Fill, Info, Limit, MatMul, Op, OpThreads,
    Ops, Product, Random, Scalar, Stream, Support, Threading, Unary, Variable,
};

/// What can be wrong with a backend; one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
    WrongElement,
    LostLastRow,
    NanInFirstColumn,
    BetaZeroReadsC,
    AlphaZeroReadsA,
    AddsNothing,
    WriteIntoGap,
    SingleAccumulation,
    SwappedStrides,
    ZeroSkipping,
    LostBehindZeroBlock,
    SymmetricMirrored,
    ErrorOfTheLargest,
    KZeroKeepsC,
    LastOfBlockLost,
    LastOfBatchLost,
    BatchBetaForFirst,
    BatchIgnoresAlpha,
    BatchSharesB,
    BatchRemainderLost,
    BatchAlphaZeroReadsA,
    BroadcastTakenOnce,
    PanicsOnEmpty,
    SubnormalsFlushed,
    SharedScratch,
    LastRowOfAThreadLost,
    DishonestSupport,
    MixedSupport,
    RefusesStrides,
    IgnoredLimit,
    ThirdThread,
    LimitNotRestored,
    LimitOfItsThread,
    SingleAcceptsTwo,
    AtStartAcceptsAny,
    NoVersion,
    SilentAboutItsStack,
    SilentAboutItsVariable,
    SilentAboutAnEffect,
    DotDropsTail,
    DotSkipsZeros,
    DotOnTheStack,
    LastOfManyLost,
    DotIgnoresReversal,
    FillLosesSignOfZero,
    FillWritesNext,
    MinDropsNan,
    StaleInPlace,
    ExpTenUlpOff,
    SinReducesNaively,
    BroadcastReadOnce,
    DrawIgnoresReversal,
    DrawStartsAnew,
    UniformGivesOne,
    UniformLacksBits,
    SameNumberAlways,
    NormalTooWide,
    EqualStreams,
    OverlappingStreams,
    NumbersOfThread,
}

const ID: BackendId = BackendId::new("planted");

/// The variable that an [`Threading::AtStart`] one reads.
pub(crate) const START_VARIABLE: &str = "GINGHAM_PLANTED_THREADS";

/// Plain loops, with or without a bug.
pub(crate) struct Planted {
    bug: Option<Bug>,
    threading: Threading,
    variables: Vec<Variable>,
    /// The threads of the last limit, which a [`Threading::Process`] one obeys.
    setting: AtomicUsize,
    /// The thread that has taken it.
    setter: Mutex<Option<ThreadId>>,
    scratch: Mutex<f64>,
}

impl Planted {
    pub(crate) fn sound(threading: Threading) -> Self {
        Self {
            bug: None,
            threading,
            variables: threading
                .variable()
                .map(|name| Variable::new(name, "op threads at its start"))
                .into_iter()
                .collect(),
            setting: AtomicUsize::new(2),
            setter: Mutex::default(),
            scratch: Mutex::default(),
        }
    }

    pub(crate) fn with(bug: Bug) -> Self {
        Self { bug: Some(bug), ..Self::sound(Threading::Single) }
    }

    pub(crate) fn with_threads(bug: Bug, threading: Threading) -> Self {
        Self { bug: Some(bug), ..Self::sound(threading) }
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// The threads that work on a call that is given `asked`.
    fn threads(&self, asked: OpThreads) -> usize {
        match self.threading {
            _ if self.has(Bug::IgnoredLimit) => 3,
            _ if self.has(Bug::ThirdThread) && asked.get() > 1 => 3,
            _ if self.has(Bug::LimitOfItsThread) && !self.is_setter() => 3,
            _ if self.has(Bug::LimitNotRestored) => self.setting.load(Ordering::SeqCst),
            Threading::Single => 1,
            Threading::PerCall { .. } => asked.get(),
            Threading::Process { .. } => self.setting.load(Ordering::SeqCst),
            Threading::AtStart { .. } => started(),
        }
    }
}

impl Planted {
    fn is_setter(&self) -> bool {
        *self.setter.lock().unwrap_or_else(PoisonError::into_inner) == Some(thread::current().id())
    }

    /// `x`, or what another caller has put into the scratch before it was taken out again. No data race: the lock is
    /// held for each step, but not from one to the other.
    fn through_scratch<T: Scalar>(&self, x: T) -> T {
        if !self.has(Bug::SharedScratch) {
            return x;
        }
        let scratch = || self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        *scratch() = x.into_f64();
        thread::sleep(Duration::from_micros(50));
        T::from_f64(*scratch())
    }

    /// How many elements of a lane of `n` are done.
    fn done(&self, n: usize) -> usize {
        n - usize::from(self.has(Bug::LastOfManyLost) && n > 50_000)
    }
}

/// Runs `run` on each of `parts`: the first on the calling thread, each other on a thread of its own.
fn on_threads<P: Send>(mut parts: impl Iterator<Item = P>, run: impl Fn(P) + Sync) {
    let run = &run;
    thread::scope(|scope| {
        let own = parts.next();
        parts.for_each(|part| drop(scope.spawn(move || run(part))));
        own.into_iter().for_each(run);
    });
}

/// The threads of an [`Threading::AtStart`] one.
fn started() -> usize {
    std::env::var(START_VARIABLE).ok().and_then(|n| n.parse().ok()).unwrap_or(2)
}

impl Backend for Planted {
    fn info(&self) -> Info {
        let version = if self.has(Bug::NoVersion) { "" } else { "1.0" };
        Info::new(ID, "plain loops", version)
    }

    fn threading(&self) -> Threading {
        self.threading
    }

    fn variables(&self) -> &[Variable] {
        const NO_EFFECT: [Variable; 1] = [Variable::new(START_VARIABLE, " ")];
        match self.bug {
            Some(Bug::SilentAboutItsVariable) => &[],
            Some(Bug::SilentAboutAnEffect) => &NO_EFFECT,
            _ => &self.variables,
        }
    }

    fn support(&self, _op: Op, _dtype: DType) -> Support {
        Support::Native
    }

    fn stack(&self) -> usize {
        STACK + usize::from(self.has(Bug::SilentAboutItsStack))
    }

    fn limit(&self, threads: OpThreads) -> Result<Limit<'_>, Error> {
        *self.setter.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
        let former = self.setting.swap(threads.get(), Ordering::SeqCst);
        match self.threading {
            Threading::Single if self.has(Bug::SingleAcceptsTwo) => Ok(Limit::empty()),
            Threading::Single => Limit::single(ID, threads),
            Threading::PerCall { .. } => Ok(Limit::empty()),
            Threading::Process { .. } => {
                let restored = if self.has(Bug::LimitNotRestored) { threads.get() } else { former };
                Ok(Limit::restoring(move || self.setting.store(restored, Ordering::SeqCst)))
            }
            Threading::AtStart { .. } if self.has(Bug::AtStartAcceptsAny) => Ok(Limit::empty()),
            Threading::AtStart { var, .. } => Limit::at_start(ID, var, started(), threads),
        }
    }
}

impl Ops<f32> for Planted {
    fn random(&self) -> Option<&dyn Random<f32>> {
        Some(self)
    }
}

impl Ops<f64> for Planted {
    fn random(&self) -> Option<&dyn Random<f64>> {
        Some(self)
    }
}

impl<T: Scalar> MatMul<T> for Planted {
    fn matmul(
        &self,
        alpha: T,
        mut a: ArrayView2<'_, T>,
        mut b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        let ((m, n), k) = (c.dim(), a.ncols());
        let strided = c.as_slice_memory_order().is_none();
        if self.has(Bug::DishonestSupport) || (self.has(Bug::MixedSupport) && strided) {
            return Reference.matmul(alpha, a, b, beta, c, threads);
        }
        if self.has(Bug::RefusesStrides) && strided {
            return Err(Error::Library { backend: ID, message: "strides".into() });
        }
        if self.has(Bug::KZeroKeepsC) && k == 0 {
            return Ok(());
        }
        if self.has(Bug::BroadcastTakenOnce) && b.strides()[0] == 0 && k > 1 {
            (a, b) = (a.split_at(Axis(1), 1).0, b.split_at(Axis(0), 1).0);
        }
        assert!(!self.has(Bug::PanicsOnEmpty) || m * n > 0, "an empty product");
        if self.has(Bug::SwappedStrides) && !b.is_standard_layout() {
            // A Fortran-order array, read as if it were in C order.
            if let Some(slice) = b.to_slice_memory_order() {
                b = ArrayView2::from_shape((k, n), slice).expect("as many elements");
            }
        }
        if self.has(Bug::LostLastRow) && m > 8 {
            (a, c) = (a.split_at(Axis(0), m - 1).0, c.split_at(Axis(0), m - 1).0);
        }
        // At least eight rows a thread: the suite has some ten thousand small products, and starting a thread for each
        // of their rows took half a minute.
        let rows = m.div_ceil(self.threads(threads)).max(8);
        let parts = a.axis_chunks_iter(Axis(0), rows).zip(c.axis_chunks_iter_mut(Axis(0), rows));
        on_threads(parts.enumerate(), |(part, (a, mut c))| {
            let last = c.nrows() - 1;
            let kept = c.row(last).to_owned();
            self.rows(alpha, a, b, beta, c.view_mut());
            if part > 0 && self.has(Bug::LastRowOfAThreadLost) {
                c.row_mut(last).assign(&kept);
            }
        });
        if let Some(first) = c.first_mut() {
            *first = self.through_scratch(*first);
        }
        if self.has(Bug::WrongElement) && m > 16 && n > 8 {
            c[[m / 2, n / 2]] = c[[m / 2, n / 2]] * T::from_f64(1.0 + 1e-4);
        }
        if self.has(Bug::NanInFirstColumn) && n > 0 {
            c.column_mut(0).fill(T::nan());
        }
        if self.has(Bug::WriteIntoGap) && c.strides()[1] == 2 && m * n > 0 {
            write_after(c.row_mut(0));
        }
        Ok(())
    }

    fn matmul_batch(&self, alpha: T, batch: &mut [Product<'_, T>], beta: T, threads: OpThreads) -> Result<(), Error> {
        let done = match self.bug {
            Some(Bug::LastOfBatchLost) if batch.len() > 4 => batch.len() - 1,
            Some(Bug::BatchRemainderLost) => batch.len() / 4 * 4,
            _ => batch.len(),
        };
        let alpha = if self.has(Bug::BatchIgnoresAlpha) { T::one() } else { alpha };
        let first = batch.first().map(|p| p.b).filter(|_| self.has(Bug::BatchSharesB));
        batch[..done].iter_mut().enumerate().try_for_each(|(i, p)| {
            let beta = if self.has(Bug::BatchBetaForFirst) && i > 0 { T::zero() } else { beta };
            let b = first.filter(|first| first.dim() == p.b.dim()).unwrap_or(p.b);
            self.matmul(alpha, p.a, b, beta, p.c.view_mut(), threads)?;
            if let (true, Some(c), Some(&a)) = (self.has(Bug::BatchAlphaZeroReadsA), p.c.first_mut(), p.a.first()) {
                *c = *c + T::zero() * a;
            }
            Ok(())
        })
    }
}

impl Planted {
    /// The product of some rows. B is copied, so that the inner loop runs along its columns.
    fn rows<T: Scalar>(
        &self,
        alpha: T,
        a: ArrayView2<'_, T>,
        b: ArrayView2<'_, T>,
        beta: T,
        mut c: ArrayViewMut2<'_, T>,
    ) {
        let mut columns = Array2::from_elem(b.dim().f(), T::zero());
        columns.assign(&b);
        let largest = a.iter().fold(T::zero(), |largest, x| largest.max(x.abs()));
        let spread = self.has(Bug::ErrorOfTheLargest) && largest > T::from_f64(1e6) && largest.is_finite();
        let is_empty = alpha == T::zero() || a.ncols() == 0;
        let mirrored = self.has(Bug::SymmetricMirrored) && a == a.t();
        for (i, mut c) in c.rows_mut().into_iter().enumerate() {
            let a: Vec<T> = a.row(if mirrored { i.max(1) - 1 } else { i }).to_vec();
            for (column, c) in columns.columns().into_iter().zip(&mut c) {
                let mut product = if alpha == T::zero() { T::zero() } else { alpha * self.sum(&a, column) };
                if self.has(Bug::AlphaZeroReadsA) {
                    product = alpha * self.sum(&a, column);
                }
                if self.has(Bug::SubnormalsFlushed) && product.is_subnormal() {
                    product = T::zero();
                }
                if spread {
                    product = (product + largest) - largest;
                }
                let read = beta != T::zero() || self.has(Bug::BetaZeroReadsC);
                let adds = !is_empty || self.has(Bug::AddsNothing) || self.has(Bug::AlphaZeroReadsA);
                *c = match read {
                    true if adds => product + beta * *c,
                    true => beta * *c,
                    false => product,
                };
            }
        }
    }

    fn sum<T: Scalar>(&self, row: &[T], column: ArrayView1<'_, T>) -> T {
        let block = if self.has(Bug::LastOfBlockLost) { 256 } else { usize::MAX };
        let terms = row.iter().zip(column).enumerate().filter(|(p, _)| p % block != block - 1).map(|(_, xy)| xy);
        if self.has(Bug::SingleAccumulation) {
            let sum = terms.fold(0.0_f32, |sum, (&x, &y)| sum + (x * y).into_f64() as f32);
            return T::from_f64(sum.into());
        }
        if self.has(Bug::LostBehindZeroBlock) {
            // Eight: random integers have four zeros in a row in one run of ten, and another check then finds the bug.
            let zeros = |p: usize| p >= 8 && row[p - 8..p].iter().all(|&x| x == T::zero());
            let kept = terms.enumerate().filter(|&(p, (&x, _))| x == T::zero() || !zeros(p));
            return kept.fold(T::zero(), |sum, (_, (&x, &y))| sum + x * y);
        }
        let skip = self.has(Bug::ZeroSkipping);
        terms.filter(|&(&x, _)| !(skip && x == T::zero())).fold(T::zero(), |sum, (&x, &y)| sum + x * y)
    }
}

impl<T: Scalar> Dot<T> for Planted {
    fn dot(&self, mut x: ArrayView1<'_, T>, y: ArrayView1<'_, T>, _threads: OpThreads) -> Result<T, Error> {
        if self.has(Bug::DotIgnoresReversal) && x.strides()[0] < 0 {
            x.invert_axis(Axis(0));
        }
        if self.has(Bug::DotOnTheStack) {
            take_stack();
        }
        let n = if self.has(Bug::DotDropsTail) { x.len() / 8 * 8 } else { self.done(x.len()) };
        let skip = self.has(Bug::DotSkipsZeros);
        let terms = x.iter().zip(y).take(n).filter(|&(&x, _)| !(skip && x == T::zero()));
        Ok(self.through_scratch(terms.fold(T::zero(), |sum, (&x, &y)| sum + x * y)))
    }
}

/// Takes 100 KiB of stack. Not inlined: the frame of its caller would have them without the bug.
#[inline(never)]
fn take_stack() {
    std::hint::black_box([0_u8; 100 << 10]);
}

impl<T: Scalar> Fill<T> for Planted {
    fn fill(&self, mut value: T, mut out: ArrayViewMut1<'_, T>, _threads: OpThreads) -> Result<(), Error> {
        if self.has(Bug::FillLosesSignOfZero) && value == T::zero() {
            value = T::zero();
        }
        let (n, value) = (self.done(out.len()), self.through_scratch(value));
        out.iter_mut().take(n).for_each(|out| *out = value);
        if self.has(Bug::FillWritesNext) && out.strides()[0] == 2 && !out.is_empty() {
            write_after(out);
        }
        Ok(())
    }
}

impl<T: Scalar> Elementwise<T> for Planted {
    fn unary(
        &self,
        f: Unary,
        x: Option<ArrayView1<'_, T>>,
        mut out: ArrayViewMut1<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        let apply = |x: T| match f {
            Unary::Neg => -x,
            Unary::Abs => x.abs(),
            Unary::Sqrt => x.sqrt(),
            Unary::Recip => x.recip(),
            Unary::Square => x * x,
            Unary::Exp if self.has(Bug::ExpTenUlpOff) => x.exp() * T::from_f64(1.0 + 10.0 * T::epsilon().into_f64()),
            Unary::Exp => x.exp(),
            Unary::Ln => x.ln(),
            Unary::Sin if self.has(Bug::SinReducesNaively) => (x % T::from_f64(std::f64::consts::TAU)).sin(),
            Unary::Sin => x.sin(),
            Unary::Cos => x.cos(),
            Unary::Tanh => x.tanh(),
        };
        let stale = self.has(Bug::StaleInPlace).then(|| out.last().copied()).flatten();
        let n = self.done(out.len());
        match x {
            Some(x) => out.iter_mut().zip(x).take(n).for_each(|(out, &x)| *out = apply(x)),
            None => out.iter_mut().take(n).for_each(|x| *x = apply(stale.unwrap_or(*x))),
        }
        if let Some(first) = out.first_mut() {
            *first = self.through_scratch(*first);
        }
        Ok(())
    }

    fn binary(
        &self,
        f: Binary,
        x: Option<ArrayView1<'_, T>>,
        y: ArrayView1<'_, T>,
        mut out: ArrayViewMut1<'_, T>,
        _threads: OpThreads,
    ) -> Result<(), Error> {
        let drops = self.has(Bug::MinDropsNan);
        let nan = |x: T, y: T| x.is_nan() || y.is_nan();
        let apply = |x: T, y: T| match f {
            Binary::Add => x + y,
            Binary::Sub => x - y,
            Binary::Mul => x * y,
            Binary::Div => x / y,
            Binary::Min | Binary::Max if nan(x, y) && !drops => T::nan(),
            Binary::Min => x.min(y),
            Binary::Max => x.max(y),
            Binary::Pow => x.powf(y),
        };
        let once = self.has(Bug::BroadcastReadOnce) && y.strides()[0] == 0;
        for (i, out) in out.iter_mut().enumerate() {
            let (x, y) = (x.map_or(*out, |x| x[i]), if once && i > 0 { T::zero() } else { y[i] });
            *out = apply(x, y);
        }
        Ok(())
    }
}

impl<T: Scalar> Random<T> for Planted {
    fn draw(
        &self,
        distribution: Distribution,
        stream: Stream,
        mut out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error> {
        if self.has(Bug::DrawIgnoresReversal) && out.strides()[0] < 0 {
            out.invert_axis(Axis(0));
        }
        let n = self.done(out.len());
        let piece = n.div_ceil(self.threads(threads)).max(1);
        on_threads(out.axis_chunks_iter_mut(Axis(0), piece).enumerate(), |(part, mut out)| {
            let mut stream = stream.skip((part * piece) as u64);
            if self.has(Bug::NumbersOfThread) {
                stream.seed += part as u64;
            }
            let indices = 0..n.saturating_sub(part * piece).min(piece) as u64;
            out.iter_mut().zip(indices).for_each(|(x, i)| *x = self.number(distribution, stream.skip(i), i));
        });
        if let Some(first) = out.first_mut() {
            *first = self.through_scratch(*first);
        }
        Ok(())
    }
}

impl Planted {
    /// The first element of `stream`, which is element `i` of the call.
    fn number<T: Scalar>(&self, distribution: Distribution, mut stream: Stream, i: u64) -> T {
        if self.has(Bug::DrawStartsAnew) {
            stream.start = i;
        }
        if self.has(Bug::EqualStreams) {
            stream.number = 0;
        }
        if self.has(Bug::OverlappingStreams) {
            stream = Stream { start: stream.start.wrapping_add(stream.number.wrapping_mul(17)), number: 0, ..stream };
        }
        if self.has(Bug::SameNumberAlways) {
            stream = Stream::default();
        }
        let bits = |what: u64| mixed(mixed(mixed(mixed(stream.seed) ^ stream.number) ^ stream.start) ^ what);
        let (double, single) = ((bits(0) >> 11) as f64, (bits(0) >> 40) as f64);
        T::from_f64(match (distribution, T::DTYPE) {
            (Distribution::Uniform, _) if self.has(Bug::UniformGivesOne) => (bits(0) >> 56) as f64 / 255.0,
            (Distribution::Uniform, _) if self.has(Bug::UniformLacksBits) => (bits(0) >> 44) as f64 / 20_f64.exp2(),
            (Distribution::Uniform, DType::F64) => double / 53_f64.exp2(),
            (Distribution::Uniform, DType::F32) => single / 24_f64.exp2(),
            (Distribution::Normal, _) => {
                let angle = std::f64::consts::TAU * (bits(1) >> 11) as f64 / 53_f64.exp2();
                let radius = (-2.0 * ((double + 1.0) / 53_f64.exp2()).ln()).sqrt();
                radius * angle.cos() * if self.has(Bug::NormalTooWide) { 1.02 } else { 1.0 }
            }
        })
    }
}

/// The finaliser of SplitMix64, after a step of it.
fn mixed(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Writes into the gap behind the first element of a lane of step 2. Safe code cannot; the kernel can, by the address.
fn write_after<T: Scalar>(lane: ArrayViewMut1<'_, T>) {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::FileExt;
        let gap = lane.as_ptr().wrapping_add(1).expose_provenance() as u64;
        let memory =
            std::fs::File::options().write(true).open("/proc/self/mem").expect("a process may open its memory");
        memory.write_all_at(&[1; 4][..T::DTYPE.size().min(4)], gap).expect("the gap is mapped");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = lane;
}
