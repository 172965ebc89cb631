//! The small vector that every algorithm here uses, and how an algorithm is compiled for each instruction set.
//!
//! A [`Kernel`] is an algorithm with its operands. It is generic over the [`Vector`]; each file of [`crate::arch`]
//! instantiates it inside one function that is compiled with the features of its instruction set. Everything between
//! that function and the intrinsics is `#[inline(always)]`: a function that is not inlined would be compiled for the
//! baseline.
//!
//! A vector is a [`Register`] with one trait for each kind of operation: [`Memory`], [`Arithmetic`], [`Compare`] (which
//! gives a [`Mask`]), [`Bits`], [`Across`] and [`Elementary`].

mod across;
mod arithmetic;
mod bits;
mod compare;
mod element;
mod elementary;
mod memory;
mod register;

use crate::words::FromWords;

pub(crate) use across::Across;
pub(crate) use arithmetic::Arithmetic;
pub(crate) use bits::Bits;
pub(crate) use compare::{Compare, Mask};
pub(crate) use element::Element;
pub(crate) use elementary::Elementary;
pub(crate) use memory::Memory;
pub(crate) use register::{MAX_LANES, Register};

/// An algorithm with its operands.
pub(crate) trait Kernel<T: Element> {
    /// What it returns, beside what it writes to its operands.
    type Output;

    /// Does the work. Implementations are `#[inline(always)]`.
    ///
    /// # Safety
    /// The CPU has the instructions of `V`.
    unsafe fn run<V: Vector<Elem = T>>(self) -> Self::Output;
}

/// A calculation in `f64` from `N` vectors: a trait because closures are not `#[inline(always)]`.
pub(crate) trait InF64<const N: usize>: Copy {
    /// The result for each lane.
    fn apply<W: Vector<Elem = f64>>(self, arguments: [W; N]) -> W;
}

/// Everything that a vector can do. All methods are `#[inline(always)]`.
pub(crate) trait Vector: Across + Arithmetic + Bits + Compare + Elementary + FromWords + Memory {
    /// `f` of every lane, calculated in `f64` and rounded to the element.
    fn in_f64<const N: usize>(arguments: [Self; N], f: impl InF64<N>) -> Self;

    /// Runs `kernel` in a function of its own, so that large code with several callers is compiled once.
    ///
    /// # Safety
    /// As [`Register::splat`].
    #[inline(never)]
    unsafe fn outlined<K: Kernel<Self::Elem>>(kernel: K) -> K::Output {
        // SAFETY: the caller's.
        unsafe { kernel.run::<Self>() }
    }
}
