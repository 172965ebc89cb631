//! The families of operations for both element types.
//!
//! A macro writes one impl for each type. Every crate that uses the backend would compile a generic impl anew, which
//! took 40 s for each test and bench.

use gingham_core::ndarray::{ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2};
use gingham_core::{
    Binary, Distribution, Dot, Elementwise, Error, Fill, MatMul, OpThreads, Ops, Product, Random, Stream, Unary,
};

use crate::{Simd, dot, elementwise, fill, matmul, random};

macro_rules! families {
    ($($element:ty)*) => {$(
        impl MatMul<$element> for Simd {
            fn matmul(
                &self,
                alpha: $element,
                a: ArrayView2<'_, $element>,
                b: ArrayView2<'_, $element>,
                beta: $element,
                c: ArrayViewMut2<'_, $element>,
                threads: OpThreads,
            ) -> Result<(), Error> {
                matmul::matmul(self.level()?, alpha, a, b, beta, c, threads)
            }

            fn matmul_batch(
                &self,
                alpha: $element,
                batch: &mut [Product<'_, $element>],
                beta: $element,
                threads: OpThreads,
            ) -> Result<(), Error> {
                matmul::matmul_batch(self.level()?, alpha, batch, beta, threads)
            }
        }

        impl Dot<$element> for Simd {
            fn dot(
                &self,
                x: ArrayView1<'_, $element>,
                y: ArrayView1<'_, $element>,
                threads: OpThreads,
            ) -> Result<$element, Error> {
                dot::dot(self.level()?, x, y, threads)
            }
        }

        impl Fill<$element> for Simd {
            fn fill(
                &self,
                value: $element,
                out: ArrayViewMut1<'_, $element>,
                threads: OpThreads,
            ) -> Result<(), Error> {
                fill::fill(self.level()?, value, out, threads)
            }
        }

        impl Elementwise<$element> for Simd {
            fn unary(
                &self,
                f: Unary,
                x: Option<ArrayView1<'_, $element>>,
                out: ArrayViewMut1<'_, $element>,
                threads: OpThreads,
            ) -> Result<(), Error> {
                elementwise::unary(self.level()?, f, x, out, threads)
            }

            fn binary(
                &self,
                f: Binary,
                x: Option<ArrayView1<'_, $element>>,
                y: ArrayView1<'_, $element>,
                out: ArrayViewMut1<'_, $element>,
                threads: OpThreads,
            ) -> Result<(), Error> {
                elementwise::binary(self.level()?, f, x, y, out, threads)
            }
        }

        impl Random<$element> for Simd {
            fn draw(
                &self,
                distribution: Distribution,
                stream: Stream,
                out: ArrayViewMut1<'_, $element>,
                threads: OpThreads,
            ) -> Result<(), Error> {
                random::random(self.level()?, distribution, stream, out, threads)
            }
        }

        impl Ops<$element> for Simd {
            fn random(&self) -> Option<&dyn Random<$element>> {
                Some(self)
            }
        }
    )*};
}

families! { f32 f64 }
