//! One pair of files, and why it may have no product.

use std::fmt;
use std::path::PathBuf;

use gingham_core::DType;

use super::freivalds::Wrong;
use crate::engine;
use crate::executor::TaskErrors;
use crate::format;
use crate::quantity::bytes;
use crate::shown::Shown;

/// Two files to be multiplied, and the file that their product goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The left factor.
    pub lhs: PathBuf,
    /// The right factor.
    pub rhs: PathBuf,
    /// Their product.
    pub out: PathBuf,
}

/// A pair whose product could not be made. Its output is as it was.
#[derive(Debug, thiserror::Error)]
#[error("{pair}: {problem}")]
pub struct Failure {
    /// Position in the request.
    pub index: usize,
    /// The files.
    pub pair: Pair,
    /// Why there is no product.
    pub problem: Problem,
}

/// Why a pair has no product, and what would have worked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A file that cannot be read, or the output that cannot be written.
    #[error(transparent)]
    File(#[from] format::Error),
    /// Different element types.
    #[error("{lhs} x {rhs}; expected one dtype: `--cast {lhs}` or `--cast {rhs}` converts")]
    DTypes {
        /// Element type of the left file.
        lhs: DType,
        /// Element type of the right file.
        rhs: DType,
    },
    /// A number, or an array of four axes or more: its shape.
    #[error("an array of {n} axes, shape {0:?}; expected a vector, a matrix, or a stack of matrices", n = .0.len())]
    Axes(Vec<usize>),
    /// Shapes that do not fit each other.
    #[error(
        "shapes {lhs:?} x {rhs:?}; expected as many columns on the left as rows on the right, and stacks of one length"
    )]
    Shapes {
        /// Shape of the left file.
        lhs: Vec<usize>,
        /// Shape of the right file.
        rhs: Vec<usize>,
    },
    /// The pair needs more memory than is available.
    #[error("the pair needs {}, and {} of memory are available", bytes(*needs), bytes(*available))]
    Memory {
        /// Bytes of the factors and their product, and what a worker needs beside these.
        needs: u64,
        /// Bytes that pairs may have.
        available: u64,
    },
    /// The system refused memory for a product of this shape.
    #[error("no memory for the product, shape {0:?}; use fewer workers or smaller matrices")]
    Refused(Vec<usize>),
    /// The engine has no backend, or its backend refused.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The backend refused a product of a stack, or panicked in it.
    #[error("in the stack, {0}")]
    Stack(TaskErrors),
    /// The executor did not run, for this reason.
    #[error("{0}")]
    NotRun(String),
    /// The backend panicked with this message.
    #[error("the backend panicked: {0}")]
    Panicked(String),
    /// The product is wrong.
    #[error("{wrong}{}; it is not written", slice.map_or_else(String::new, |i| format!(" (product {i} of the stack)")))]
    Wrong {
        /// Its place in the stack, if the product is a stack.
        slice: Option<usize>,
        /// What is wrong.
        wrong: Wrong,
    },
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", Shown(&self.lhs), Shown(&self.rhs))
    }
}
