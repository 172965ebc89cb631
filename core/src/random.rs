//! Random numbers: `x_i <- element i of a stream`, an optional family.

use ndarray::{ArrayViewMut, ArrayViewMut1, Dimension};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::{Backend, DType, Distribution, Error, Op, OpThreads, Scalar, lanes, reference};

/// Elements of a stream of random numbers, from one of them on.
///
/// Seed and number name a stream, `start` an element of it; streams of neighbouring numbers are independent, too.
/// Uniform and normal numbers, `f32` and `f64`, may be made of the same bits of a stream: use another stream for each
/// array that must be independent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stream {
    /// With the same seed, a program gets the same numbers again.
    pub seed: u64,
    /// Which of the streams of this seed.
    pub number: u64,
    /// Index of the first element.
    pub start: u64,
}

impl Stream {
    /// Stream `number` of `seed`, from its element 0 on.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        Self { seed, number, start: 0 }
    }

    /// The rest of the stream after `count` elements.
    #[must_use]
    pub fn skip(self, count: u64) -> Self {
        Self { start: self.start.wrapping_add(count), ..self }
    }
}

/// The random numbers of a backend; the reference draws where [`Ops::random`](crate::Ops::random) gives `None`. The
/// entry [`random`] hands over one lane at a time, and has checked that its stride is not 0 and that the stream is long
/// enough.
///
/// # Contract
/// * Any stride but 0, negative ones included.
/// * Elements between those that the lane addresses are not written.
/// * An element is a function of seed, stream number and index alone: an array that is filled piece by piece, on any
///   number of threads and in any order, has the same bits as from one call.
/// * [`Distribution::Uniform`]: multiples of 2^-53 (`f64`) or 2^-24 (`f32`) in [0, 1), all equally likely; 1 is never
///   given.
/// * [`Distribution::Normal`]: finite numbers of mean 0 and variance 1.
/// * The elements of a stream are independent of each other, and of the elements of every other stream of any seed.
///
/// Each backend has numbers of its own: the same version with the same kernels gives the same numbers, another backend
/// gives others.
pub trait Random<T: Scalar> {
    /// `out_i <- element start + i of the stream`.
    ///
    /// # Errors
    /// Errors that only the library can find.
    fn draw(
        &self,
        distribution: Distribution,
        stream: Stream,
        out: ArrayViewMut1<'_, T>,
        threads: OpThreads,
    ) -> Result<(), Error>;
}

/// Fills an array of any rank with the elements of `stream`, in row-major order of its indices whatever its strides:
/// the last index runs fastest. Axes that continue each other in this order are joined, and the backend is called once
/// for each lane that remains (once in all for an array in standard layout). A backend without this family gets the
/// reference's numbers.
///
/// # Errors
/// [`Error::OverlappingOutput`], [`Error::Shape`] where the array is longer than the rest of the stream, before
/// anything is written; otherwise the backend's.
pub fn random<T: Scalar, D: Dimension>(
    backend: &dyn Backend,
    distribution: Distribution,
    stream: Stream,
    out: ArrayViewMut<'_, T, D>,
    threads: OpThreads,
) -> Result<(), Error> {
    let op = Op::Random(distribution).name();
    lanes::check_output(op, &out)?;
    if stream.start.checked_add(out.len() as u64).is_none() {
        return Err(Error::Shape {
            op,
            given: format!("{} elements from element {} on", out.len(), stream.start),
            expected: format!("at most the {} that are left of a stream's 2^64 - 1", u64::MAX - stream.start),
        });
    }
    let family = T::ops(backend).random();
    lanes::for_each_row(out.into_dyn(), |before, out| {
        let stream = stream.skip(before);
        match family {
            Some(family) => family.draw(distribution, stream, out, threads),
            None => {
                plain(distribution, stream, out);
                Ok(())
            }
        }
    })
}

/// ChaCha with 8 rounds, which gives word `w` of stream `s` without computing the words before it. A normal number is
/// `r cos` or `r sin` of two uniform numbers (Box and Muller, A note on the generation of random normal deviates,
/// 1958): elements 2j and 2j + 1 share radius and angle. It reaches as far as 8.57, `sqrt(2 ln 2^53)`.
pub(crate) fn plain<T: Scalar>(distribution: Distribution, stream: Stream, mut out: ArrayViewMut1<'_, T>) {
    reference::count_call();
    let mut source = ChaCha8Rng::seed_from_u64(stream.seed);
    source.set_stream(stream.number);
    // In words of 32 bits.
    let words = T::DTYPE.size() as u128 / 4;
    match distribution {
        Distribution::Uniform => {
            source.set_word_pos(words * u128::from(stream.start));
            out.iter_mut().for_each(|x| *x = uniform(&mut source));
        }
        Distribution::Normal => {
            let mut index = stream.start;
            source.set_word_pos(4 * u128::from(index / 2));
            let mut pair = normals(&mut source);
            for x in &mut out {
                *x = T::from_f64(pair[(index % 2) as usize]);
                index += 1;
                if index.is_multiple_of(2) {
                    pair = normals(&mut source);
                }
            }
        }
    }
}

fn uniform<T: Scalar>(source: &mut ChaCha8Rng) -> T {
    T::from_f64(match T::DTYPE {
        DType::F64 => source.random(),
        DType::F32 => source.random::<f32>().into(),
    })
}

fn normals(source: &mut ChaCha8Rng) -> [f64; 2] {
    let (squared, turn): (f64, f64) = (source.random(), source.random());
    let radius = (-2.0 * (1.0 - squared).ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * turn).sin_cos();
    [radius * cos, radius * sin]
}
