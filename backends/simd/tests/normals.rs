//! Normal numbers of `f32` near 0, where a generator with too few bits repeats itself.

use std::collections::BTreeSet;

use gingham_core::ndarray::Array1;
use gingham_core::{Distribution, OpThreads, Stream, random};
use gingham_simd::{Level, Simd};

/// One of 2.6 million normal numbers lies in [0, 2^-20].
#[test]
fn numbers_near_zero_are_all_different() {
    const PIECE: usize = 1 << 20;
    let best = Simd::with_level(Level::best()).unwrap();
    let mut numbers = Array1::<f32>::zeros(PIECE);
    let (mut count, mut distinct) = (0, BTreeSet::new());
    let two = OpThreads::new(2).unwrap();
    for piece in 0..128 {
        let stream = Stream::new(3, 0).skip(piece * PIECE as u64);
        random::random(&best, Distribution::Normal, stream, numbers.view_mut(), two).unwrap();
        for &x in numbers.iter().filter(|x| (0.0..=20_f32.exp2().recip()).contains(*x)) {
            count += 1;
            distinct.insert(x.to_bits());
        }
    }
    // 51 are expected, with a standard deviation of 7.
    assert!((16..=86).contains(&count), "{count}");
    assert_eq!(distinct.len(), count, "{distinct:?}");
    assert!(!distinct.contains(&0), "an exact zero lies closer than the spacing of the angle");
}
