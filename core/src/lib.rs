//! The contract between Gingham and a linear-algebra library.
//!
//! A backend implements [`Backend`] and one small trait per operation family ([`MatMul`], [`Dot`], [`Fill`],
//! [`Elementwise`], and [`Random`], which it may leave out). Each family has a file of its own that holds three things:
//! the contract (the trait's doc comment, one bullet a rule), the checked entry (a free function that callers use: it
//! checks shapes once and calls the backend once) and the reference (plain loops: the default of every trait method).
//!
//! ```
//! use gingham_core::{OpThreads, matmul, reference::Reference};
//! use ndarray::array;
//!
//! let (a, b) = (array![[1.0, 2.0]], array![[3.0], [4.0]]);
//! let mut c = array![[f64::NAN]]; // beta = 0 never reads C
//! matmul::matmul(&Reference, 1.0, a.view(), b.view(), 0.0, c.view_mut(), OpThreads::ONE)?;
//! assert_eq!(c, array![[11.0]]);
//! # Ok::<(), gingham_core::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod backend;
pub mod bounds;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod dot;
pub mod elementwise;
pub mod error;
pub mod fill;
pub mod fork;
pub mod function;
pub mod id;
mod lanes;
pub mod matmul;
mod named;
pub mod op;
pub mod random;
pub mod reference;
pub mod registry;
pub mod scalar;
pub mod skip;
pub mod threads;

pub use backend::{Backend, Info, Limit, Support, Threading, Variable};
pub use dot::Dot;
pub use elementwise::Elementwise;
pub use error::Error;
pub use fill::Fill;
pub use function::Context;
pub use id::BackendId;
pub use matmul::{MatMul, Product};
pub use ndarray;
pub use op::{Binary, Distribution, Op, Unary};
pub use random::{Random, Stream};
pub use registry::Registry;
pub use scalar::{DType, Ops, Scalar};
pub use threads::OpThreads;
