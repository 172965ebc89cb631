//! A workload as it stands in files and on the wire: words and numbers. Unknown fields are ignored.

use std::str::FromStr;

use gingham_core::function::Element;
use gingham_core::{DType, Op};
use serde::{Deserialize, Serialize};

use super::{Call, Error, FunctionCall, Workload};

#[derive(Default, Serialize, Deserialize)]
pub(super) struct Text {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<String>,
    /// In place of an operation, a function by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    function: Option<String>,
    #[serde(default = "double")]
    dtype: String,
    shape: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layout: Option<String>,
    #[serde(default = "one")]
    tasks: usize,
    /// Items of the function, where the tasks are a part of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<f64>,
}

fn double() -> String {
    DType::F64.to_string()
}

fn one() -> usize {
    1
}

impl TryFrom<Text> for Workload {
    type Error = Error;

    fn try_from(text: Text) -> Result<Self, Error> {
        let call = match (text.op, text.function) {
            (Some(op), None) => Call::Op { op: Op::from_str(&op)?, dtype: DType::from_str(&text.dtype)? },
            (None, Some(name)) => Call::Function(Box::new(FunctionCall {
                name,
                element: Element::from_str(&text.dtype)?,
                items: text.items.unwrap_or(text.tasks),
                parameters: text.parameters,
            })),
            _ => return Err(Error::Nothing),
        };
        Self::checked(call, &text.shape, text.layout.as_deref(), text.tasks)
    }
}

impl From<Workload> for Text {
    fn from(workload: Workload) -> Self {
        let layout = workload.call.family().facts().layouts.map(|_| workload.layout.to_string());
        let text = Self { shape: workload.shape.to_string(), layout, tasks: workload.tasks, ..Self::default() };
        match workload.call {
            Call::Op { op, dtype } => Self { op: Some(op.to_string()), dtype: dtype.to_string(), ..text },
            Call::Function(call) => Self {
                function: Some(call.name),
                dtype: call.element.to_string(),
                items: Some(call.items).filter(|&items| items != workload.tasks),
                parameters: call.parameters,
                ..text
            },
        }
    }
}
