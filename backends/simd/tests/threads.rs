//! The number of op threads never changes a result, to the bit, at every level.

mod every;

use every::levels;
use gingham_core::ndarray::{Array1, Array2, Axis, s};
use gingham_core::reference::Reference;
use gingham_core::{Binary, Distribution, OpThreads, Stream, Unary, dot, elementwise, fill, matmul, random};
use gingham_simd::Simd;

fn threads(n: usize) -> OpThreads {
    OpThreads::new(n).unwrap()
}

/// Neighbours differ, and their sums round.
fn number(i: usize) -> f64 {
    ((i * 7919) % 1013) as f64 / 1013.0 - 0.5
}

#[test]
fn dot_has_one_result() {
    let x = Array1::from_shape_fn(2 * 500_009, number);
    let y = Array1::from_shape_fn(2 * 500_009, |i| number(i + 5));
    for simd in levels() {
        for step in [1, 2, -1] {
            let (x, y) = (x.slice(s![..;step]), y.slice(s![..;step]));
            let one = dot::dot(&simd, x, y, OpThreads::ONE).unwrap();
            for n in [2, 3, 7] {
                assert_eq!(
                    dot::dot(&simd, x, y, threads(n)).unwrap().to_bits(),
                    one.to_bits(),
                    "{n} threads, step {step}"
                );
            }
        }
    }
}

#[test]
fn matmul_has_one_result() {
    for simd in levels() {
        for (m, k, n) in [(401, 130, 407), (1201, 70, 101), (3, 4099, 800)] {
            let a = Array2::from_shape_fn((m, k), |(i, j)| number(i * k + j));
            let b = Array2::from_shape_fn((k, n), |(i, j)| number(i * n + j + 11));
            let c0 = Array2::from_shape_fn((m, n), |(i, j)| number(i + j));
            let product = |count| {
                let mut c = c0.clone();
                matmul::matmul(&simd, 1.5, a.view(), b.view(), -0.5, c.view_mut(), threads(count)).unwrap();
                c
            };
            let one = product(1);
            for count in [2, 3, 5, 64] {
                assert!(product(count) == one, "{m}x{k}x{n}, {count} threads");
            }
        }
    }
}

#[test]
fn random_numbers_are_the_same() {
    for simd in levels() {
        for (distribution, stream) in Distribution::ALL.map(|d| (d, Stream::new(5, 6).skip(7))) {
            let draw = |count| {
                let (mut doubles, mut singles) = (Array1::<f64>::zeros(300_007), Array1::<f32>::zeros(300_007));
                random::random(&simd, distribution, stream, doubles.view_mut(), threads(count)).unwrap();
                random::random(&simd, distribution, stream, singles.view_mut(), threads(count)).unwrap();
                (doubles, singles)
            };
            let one = draw(1);
            for count in [2, 3, 4, 64] {
                assert!(draw(count) == one, "{distribution:?}, {count} threads");
            }
        }
    }
}

/// All levels make the same uniform numbers; normal ones differ as their instruction sets round.
#[test]
fn random_numbers_of_the_levels_are_alike() {
    let draw = |simd: &Simd, distribution| {
        let (mut doubles, mut singles) = (Array1::<f64>::zeros(3000), Array1::<f32>::zeros(3000));
        random::random(simd, distribution, Stream::new(1, 2), doubles.view_mut(), OpThreads::ONE).unwrap();
        random::random(simd, distribution, Stream::new(1, 2), singles.view_mut(), OpThreads::ONE).unwrap();
        (doubles, singles)
    };
    let all: Vec<Simd> = levels().collect();
    for simd in &all {
        assert!(draw(simd, Distribution::Uniform) == draw(&all[0], Distribution::Uniform));
        let [(doubles, singles), (other_doubles, other_singles)] =
            [simd, &all[0]].map(|simd| draw(simd, Distribution::Normal));
        assert!(doubles.iter().zip(&other_doubles).all(|(x, y)| (x - y).abs() < 1e-14));
        assert!(singles.iter().zip(&other_singles).all(|(x, y)| (x - y).abs() < 1e-5));
    }
}

#[test]
fn pieces_cover_every_element_once() {
    let len = 700_001;
    let x = Array1::from_shape_fn(len, |i| i as f64);
    for simd in levels() {
        for n in [1, 2, 3, 5] {
            let mut out = Array2::from_elem((len, 2), -1.0);
            fill::fill(&simd, 7.0, out.index_axis_mut(Axis(1), 0), threads(n)).unwrap();
            elementwise::binary(&simd, Binary::Add, None, x.view(), out.index_axis_mut(Axis(1), 0), threads(n))
                .unwrap();
            elementwise::unary(&simd, Unary::Neg, None, out.index_axis_mut(Axis(1), 0), threads(n)).unwrap();
            assert!(out.rows().into_iter().enumerate().all(|(i, row)| (row[0], row[1]) == (-(i as f64) - 7.0, -1.0)));
        }
    }
}

/// The operands have more elements than an i32 counts. All are ones, so that the sum is exact.
#[test]
fn a_broadcast_dot_longer_than_i32() {
    let len = (1usize << 31) + 3;
    let one = Array1::from_elem(1, 1.0);
    let x = one.broadcast(len).unwrap();
    assert_eq!(dot::dot(&Simd::new(), x, x, threads(2)), Ok(len as f64));
}

/// These products contain boundaries of blocks of A, of B and of k; integers make every order of sums exact.
#[test]
fn blocks_meet_without_a_seam() {
    for simd in levels() {
        for (m, k, n) in [(530, 515, 33), (9, 300, 2100), (2100, 3, 50)] {
            let a = Array2::from_shape_fn((m, k), |(i, j)| ((i * 3 + j) % 7) as f64 - 3.0);
            let b = Array2::from_shape_fn((k, n), |(i, j)| ((i + j * 5) % 5) as f64 - 2.0);
            let (mut c, mut expected) = (Array2::from_elem((m, n), 1.0), Array2::from_elem((m, n), 1.0));
            matmul::matmul(&simd, 2.0, a.view(), b.view(), 3.0, c.view_mut(), OpThreads::ONE).unwrap();
            matmul::matmul(&Reference, 2.0, a.view(), b.view(), 3.0, expected.view_mut(), OpThreads::ONE).unwrap();
            assert!(c == expected, "{m}x{k}x{n}");
        }
    }
}
