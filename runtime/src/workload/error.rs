//! Why a workload is invalid.

use gingham_core::function::{Element, UnknownFunction};

use super::{Shape, placement};
use crate::quantity::count;

/// A workload that is invalid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The operation or the element type is unknown.
    #[error(transparent)]
    Core(#[from] gingham_core::Error),
    /// No function of this name is registered.
    #[error(transparent)]
    Unknown(#[from] UnknownFunction),
    /// The text is not a shape of this operation.
    #[error("shape `{given}` for {call}; expected {expected}")]
    Shape {
        /// The text that was given.
        given: String,
        /// The operation.
        call: String,
        /// The forms that would have worked.
        expected: &'static str,
    },
    /// More bytes than can be addressed.
    #[error(
        "shape {shape} in {element}, {}: the operands are beyond 2^63 bytes; use smaller sizes or fewer tasks",
        count(*tasks, "task")
    )]
    Overflow {
        /// The sizes of one task.
        shape: Shape,
        /// The element type.
        element: Element,
        /// The number of tasks.
        tasks: usize,
    },
    /// The text is not a layout of this operation.
    #[error("layout `{given}` for {call}; expected {expected}")]
    Layout {
        /// The text that was given.
        given: String,
        /// The operation.
        call: String,
        /// The forms that would have worked.
        expected: &'static str,
    },
    /// The text is not a source of inputs.
    #[error("source `{0}`; expected parent, worker or files")]
    Source(String),
    /// The text is not a sink of results.
    #[error("sink `{0}`; expected parent, drop or files")]
    Sink(String),
    /// Operands that go through files have no place.
    #[error("{0}")]
    Folder(String),
    /// A function makes its inputs itself, and its results are what is compared.
    #[error("a function has no other source and sink than parent: it makes its inputs itself")]
    Ends,
    /// A batch without tasks.
    #[error("0 tasks; expected at least 1")]
    NoTasks,
    /// Calls of a function without an item.
    #[error("0 items; expected at least 1")]
    NoItems,
    /// Calls of a function that write nothing.
    #[error("0 results an item; expected at least 1")]
    NoResults,
    /// A parameter that cannot be sent to another process.
    #[error("parameter {0}; expected a finite number")]
    Parameter(f64),
    /// The function of this name writes something else in this program.
    #[error("the function `{name}` writes {writes} here; the workload has {given}")]
    Element {
        /// Its name.
        name: String,
        /// What it writes.
        writes: Element,
        /// What the workload says.
        given: Element,
    },
    /// Neither an operation nor a function, or both.
    #[error("a workload names an operation, `op`, or a function, `function`")]
    Nothing,
    /// Operands that lie outside the memory.
    #[error(transparent)]
    Placement(#[from] placement::Error),
}
