//! Random numbers: Philox in vectors, whose words become uniform or normal numbers.
//!
//! A stream is a sequence of 64-bit words. The generator ([`philox`]) makes them 32 blocks at a time, two words a
//! block. This group of 64 holds the first word of every block, then the second word of every block, which is the order
//! in which registers hold them, whatever their width:
//!
//! | words of group g | made of |
//! |---|---|
//! | `64 g` to `64 g + 31` | the first words of blocks `32 g` to `32 g + 31` |
//! | `64 g + 32` to `64 g + 63` | the second words of the same blocks |
//!
//! Element i of `f64` is made from word i, element i of `f32` from one half of word `i / 2`, the lower one if i is
//! even. A normal number ([`normal`]) also takes the word of its partner, 32 places on or back.
//!
//! So an element depends on seed, stream and index alone. A call that needs part of a group draws the whole group and
//! keeps that part.

mod normal;
mod pairs;
mod philox;
mod uniform;

use gingham_core::ndarray::{ArrayViewMut1, Axis};
use gingham_core::{Distribution, Error, OpThreads, Stream};

use crate::arch::Vectors;
use crate::level::Available;
use crate::team;
use crate::vector::{Element, Kernel, Vector};
use crate::words::{FromWords, Words};

use normal::Normal;
use pairs::Pairs;
use philox::Philox;
use uniform::Uniform;

/// Elements below which a second thread does not pay: on Zen 4 a thread takes as long to start as to draw them.
const LEAST: usize = 1 << 16;

/// Blocks of the generator in a group.
const BLOCKS: usize = 32;

/// Registers of blocks that go through the generator side by side.
const ABREAST: usize = 4;

/// Bytes of a group.
const GROUP: usize = 2 * BLOCKS * size_of::<u64>();

/// Writes the numbers of `stream`, from its position on, to `out`.
pub(crate) fn random<T: Vectors>(
    level: Available,
    distribution: Distribution,
    stream: Stream,
    out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) -> Result<(), Error> {
    match distribution {
        Distribution::Uniform => draw(level, Uniform, stream, out, threads),
        Distribution::Normal => draw(level, Normal, stream, out, threads),
    }
    Ok(())
}

fn draw<T: Vectors>(
    level: Available,
    pairs: impl Pairs,
    stream: Stream,
    mut out: ArrayViewMut1<'_, T>,
    threads: OpThreads,
) {
    let philox = Philox::new(stream);
    let piece = team::piece(out.len(), threads.get(), LEAST);
    let pieces = out.axis_chunks_iter_mut(Axis(0), piece).enumerate();
    team::share(threads.get(), pieces, |(i, out)| {
        let first = stream.skip((i * piece) as u64).start;
        level.run(Drawn { pairs, philox: &philox, first, out });
    });
}

/// Elements of a stream from `first` on.
struct Drawn<'a, T, P> {
    pairs: P,
    philox: &'a Philox,
    first: u64,
    out: ArrayViewMut1<'a, T>,
}

impl<T: Element, P: Pairs> Kernel<T> for Drawn<'_, T, P> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vector<Elem = T>>(mut self) {
        let group = GROUP / size_of::<T>();
        let (len, stride, out) = (self.out.len(), self.out.strides()[0], self.out.as_mut_ptr());
        let mut kept = [T::zero(); GROUP / size_of::<f32>()];
        let (mut done, mut skip) = (0, (self.first % group as u64) as usize);
        let mut block = self.first / group as u64 * BLOCKS as u64;
        while done < len {
            let count = (group - skip).min(len - done);
            let whole = stride == 1 && count == group;
            // SAFETY: the caller answers for V. A whole group is inside the lane, every other one fits `kept`; what is
            // copied from there has an index below `len`, for which the view answers.
            unsafe {
                let to = if whole { out.add(done) } else { kept.as_mut_ptr() };
                self.group::<V>(block, to);
                if !whole {
                    for (i, &x) in kept[skip..skip + count].iter().enumerate() {
                        *out.offset((done + i) as isize * stride) = x;
                    }
                }
            }
            (done, skip, block) = (done + count, 0, block.wrapping_add(BLOCKS as u64));
        }
    }
}

impl<T: Element, P: Pairs> Drawn<'_, T, P> {
    /// The numbers of the group that begins at `block`.
    ///
    /// # Safety
    /// The CPU has the instructions of V; a group is writable at `to`.
    #[inline(always)]
    unsafe fn group<V: Vector<Elem = T>>(&self, block: u64, to: *mut T) {
        let half = GROUP / size_of::<T>() / 2;
        let lanes = <V as FromWords>::Words::LANES;
        for part in (0..BLOCKS / lanes).step_by(ABREAST) {
            // SAFETY: the caller's: the vectors of all parts fill one half of the group each.
            unsafe {
                let words = self.philox.words::<V::Words, ABREAST>(block + (part * lanes) as u64);
                for (i, &[a, b]) in words.iter().enumerate() {
                    let [x, y] = self.pairs.pair::<V>(a, b);
                    x.store(to.add((part + i) * V::LANES));
                    y.store(to.add(half + (part + i) * V::LANES));
                }
            }
        }
    }
}
