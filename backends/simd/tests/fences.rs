//! No kernel reads or writes past an operand: each operand begins or ends at a page without access, at every level.
#![cfg(unix)]

use std::ptr;
use std::slice;

use gingham_core::ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, ShapeBuilder};
use gingham_core::{Binary, OpThreads, Scalar, Unary, dot, elementwise, fill, matmul};
use gingham_simd::{Level, Simd};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};

/// At least the largest page of any machine that this runs on.
const PAGE: usize = 1 << 16;

/// Elements between two pages without access, either right after the first or right before the second.
struct Fenced<T> {
    map: *mut std::ffi::c_void,
    start: *mut T,
    len: usize,
}

#[derive(Debug, Clone, Copy)]
enum Side {
    First,
    Last,
}

const SIDES: [Side; 2] = [Side::First, Side::Last];

impl<T: Scalar> Fenced<T> {
    fn new(len: usize, side: Side, value: impl Fn(usize) -> T) -> Self {
        assert!(len * size_of::<T>() <= PAGE);
        // SAFETY: a new mapping of three pages; the outer two lose access and only the middle one is used.
        let (map, start) = unsafe {
            let map = mmap_anonymous(ptr::null_mut(), 3 * PAGE, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
            let map = map.unwrap();
            mprotect(map, PAGE, MprotectFlags::empty()).unwrap();
            mprotect(map.byte_add(2 * PAGE), PAGE, MprotectFlags::empty()).unwrap();
            let skipped = match side {
                Side::First => 0,
                Side::Last => PAGE - len * size_of::<T>(),
            };
            (map, map.byte_add(PAGE + skipped).cast::<T>())
        };
        let mut fenced = Self { map, start, len };
        fenced.slice_mut().iter_mut().enumerate().for_each(|(i, x)| *x = value(i));
        fenced
    }

    fn slice(&self) -> &[T] {
        // SAFETY: `new` has put `len` elements here, and zero bytes are a value of T.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }

    fn slice_mut(&mut self) -> &mut [T] {
        // SAFETY: as `slice`; the mapping is this value's alone.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl<T> Drop for Fenced<T> {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made, which nothing borrows any more.
        unsafe { munmap(self.map, 3 * PAGE).unwrap() };
    }
}

fn levels() -> impl Iterator<Item = Simd> {
    Level::ALL.into_iter().filter_map(|level| Simd::with_level(level).inspect_err(|e| eprintln!("SKIPPED: {e}")).ok())
}

/// Around every multiple of a vector's and of a tile's size.
const SIZES: [usize; 12] = [1, 2, 3, 5, 7, 8, 9, 16, 17, 24, 25, 49];

fn small<T: Scalar>(i: usize) -> T {
    T::from_f64((i % 11) as f64 - 5.0)
}

fn products<T: Scalar>() {
    for simd in levels() {
        for (side, column_major) in SIDES.into_iter().flat_map(|side| [(side, false), (side, true)]) {
            for (&m, &n) in SIZES.iter().flat_map(|m| SIZES.iter().map(move |n| (m, n))) {
                for k in [1, 6, 17] {
                    let (a, b) = (Fenced::<T>::new(m * k, side, small), Fenced::<T>::new(k * n, side, small));
                    let mut c = Fenced::new(m * n, side, |_| T::one());
                    let a = ArrayView2::from_shape((m, k).set_f(column_major), a.slice()).unwrap();
                    let b = ArrayView2::from_shape((k, n).set_f(!column_major), b.slice()).unwrap();
                    let expected = a.dot(&b).mapv(|x| x + T::one());
                    let mut c = ArrayViewMut2::from_shape((m, n).set_f(column_major), c.slice_mut()).unwrap();
                    matmul::matmul(&simd, T::one(), a, b, T::one(), c.view_mut(), OpThreads::ONE).unwrap();
                    assert!(c == expected, "{m}x{k}x{n}, {side:?}, column-major {column_major}");
                }
            }
        }
    }
}

#[test]
fn matmul_f64() {
    products::<f64>();
}

#[test]
fn matmul_f32() {
    products::<f32>();
}

fn lanes<T: Scalar>() {
    for simd in levels() {
        for side in SIDES {
            for len in 1..200 {
                let (x, y) = (Fenced::<T>::new(len, side, small), Fenced::<T>::new(len, side, |i| small(i + 1)));
                let mut out = Fenced::<T>::new(len, side, small);
                let (x, y) = (ArrayView1::from(x.slice()), ArrayView1::from(y.slice()));
                let mut out = ArrayViewMut1::from(out.slice_mut());
                assert_eq!(dot::dot(&simd, x, y, OpThreads::ONE), Ok(x.dot(&y)));
                elementwise::binary(&simd, Binary::Min, Some(x), y, out.view_mut(), OpThreads::ONE).unwrap();
                elementwise::unary(&simd, Unary::Square, None, out.view_mut(), OpThreads::ONE).unwrap();
                assert!(out.iter().zip(x.iter().zip(y)).all(|(&out, (&x, &y))| out == x.min(y) * x.min(y)), "{len}");
                fill::fill(&simd, T::one(), out.view_mut(), OpThreads::ONE).unwrap();
                assert!(out.iter().all(|&out| out == T::one()), "{len}");
            }
        }
    }
}

#[test]
fn lanes_f64() {
    lanes::<f64>();
}

#[test]
fn lanes_f32() {
    lanes::<f32>();
}
