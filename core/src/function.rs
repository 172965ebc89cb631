//! A program's own functions: what a call receives and writes, and the form of a function that is registered by name.
//!
//! A closure cannot be sent to another process, but a name can: the same program, started again, registers the same
//! functions ([`Registry::with_function`](crate::Registry::with_function)) and finds the right one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::named::named;
use crate::{Error, OpThreads};

/// What a call receives, beside the index of its item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Context<'a> {
    items: usize,
    op_threads: OpThreads,
    parameters: &'a [f64],
}

/// A function that is registered by name. It receives the index of an item, below [`Context::items`], and writes that
/// item's results over whatever was there before.
///
/// # Contract
/// * It may be called for several items at once, and for an item any number of times: the results are the same to the
///   bit each time.
/// * It writes nothing but its results.
pub type Body<T> =
    dyn Fn(&Context<'_>, usize, &mut [T]) -> Result<(), Box<dyn std::error::Error + Send + Sync>> + Send + Sync;

/// A function that is registered by name, by what it writes.
#[derive(Clone)]
pub enum Function {
    /// `f32`.
    F32(Arc<Body<f32>>),
    /// `f64`.
    F64(Arc<Body<f64>>),
    /// Bytes.
    Bytes(Arc<Body<u8>>),
}

/// What a function may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Element {
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64.
    F64,
    /// Bytes.
    Bytes,
}

/// A type that a function may write: `f32`, `f64` or `u8`.
pub trait Value: Copy + fmt::Debug + Default + PartialEq + Send + Sync + 'static {
    /// The value that names this type.
    const ELEMENT: Element;

    /// `body` as a function.
    fn function(body: Arc<Body<Self>>) -> Function;

    /// The body of `function`, if it writes this type.
    fn body(function: &Function) -> Option<&Body<Self>>;
}

/// A name that belongs to no registered function.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown function `{given}`; registered: {registered}")]
pub struct UnknownFunction {
    /// The name that was given.
    pub given: String,
    /// The registered names, comma-separated, or `none`.
    pub registered: String,
}

impl<'a> Context<'a> {
    /// The context of `items` calls, each of which may use `op_threads` threads and receives `parameters`.
    #[must_use]
    pub fn new(items: usize, op_threads: OpThreads, parameters: &'a [f64]) -> Self {
        Self { items, op_threads, parameters }
    }

    /// The number of items.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// Threads that this call may use, including the calling thread: the number to pass to operations.
    #[must_use]
    pub fn op_threads(&self) -> OpThreads {
        self.op_threads
    }

    /// The parameters that the caller of a registered function has set, the same for every item. A closure has none: it
    /// captures what it needs.
    #[must_use]
    pub fn parameters(&self) -> &'a [f64] {
        self.parameters
    }
}

impl Function {
    /// What the function writes.
    #[must_use]
    pub fn element(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::F64(_) => Element::F64,
            Self::Bytes(_) => Element::Bytes,
        }
    }
}

macro_rules! value {
    ($($type:ty: $variant:ident),*) => {$(
        impl Value for $type {
            const ELEMENT: Element = Element::$variant;

            fn function(body: Arc<Body<Self>>) -> Function {
                Function::$variant(body)
            }

            fn body(function: &Function) -> Option<&Body<Self>> {
                if let Function::$variant(body) = function { Some(body.as_ref()) } else { None }
            }
        }
    )*};
}

value! { f32: F32, f64: F64, u8: Bytes }
named! { Element { F32: "f32", F64: "f64", Bytes: "bytes" } }

impl Element {
    /// Bytes of one.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Bytes => 1,
        }
    }
}

impl FromStr for Element {
    type Err = Error;

    fn from_str(s: &str) -> Result<Self, Error> {
        let unknown = || Error::Unknown { what: "results", given: s.into(), available: "f32, f64, bytes".into() };
        Self::ALL.into_iter().find(|element| element.name() == s).ok_or_else(unknown)
    }
}
