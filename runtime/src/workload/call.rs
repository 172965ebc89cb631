//! What a task does: an operation, or a function that the program registered.

use std::fmt;

use gingham_core::function::Element;
use gingham_core::{DType, Op};

/// What a task does.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// An operation, on elements of one type.
    Op {
        /// The operation.
        op: Op,
        /// The element type of every operand.
        dtype: DType,
    },
    /// A function that the program registered by name.
    Function(Box<FunctionCall>),
}

/// Calls of a function, one an item.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionCall {
    /// The name that it is registered under.
    pub name: String,
    /// What it writes.
    pub element: Element,
    /// The number of items. A batch of fewer tasks calls the function with items that are evenly spread over all.
    pub items: usize,
    /// The parameters of every call.
    pub parameters: Vec<f64>,
}

impl Call {
    /// The type of every element.
    #[must_use]
    pub fn element(&self) -> Element {
        match self {
            Self::Op { dtype: DType::F32, .. } => Element::F32,
            Self::Op { dtype: DType::F64, .. } => Element::F64,
            Self::Function(call) => call.element,
        }
    }

    /// The operation, unless it is a function.
    #[must_use]
    pub fn op(&self) -> Option<(Op, DType)> {
        match *self {
            Self::Op { op, dtype } => Some((op, dtype)),
            Self::Function(_) => None,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Op { op, .. } => f.pad(op.name()),
            Self::Function(call) => f.pad(&call.name),
        }
    }
}
