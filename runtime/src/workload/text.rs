//! A workload as it stands in files and on the wire: words and numbers. Unknown fields are ignored.

use std::str::FromStr;

use gingham_core::function::Element;
use gingham_core::{DType, Op};
use serde::{Deserialize, Serialize};

use super::{Call, Error, FunctionCall, Sink, Source, Workload};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sink: Option<String>,
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
        let source: Option<Source> = text.source.as_deref().map(str::parse).transpose()?;
        let sink: Option<Sink> = text.sink.as_deref().map(str::parse).transpose()?;
        let workload = Self::checked(call, &text.shape, text.layout.as_deref(), text.tasks)?;
        workload.between(source.unwrap_or_default(), sink.unwrap_or_default())
    }
}

impl From<Workload> for Text {
    fn from(workload: Workload) -> Self {
        let layout = workload.call.family().facts().layouts.map(|_| workload.layout.to_string());
        let source = (workload.source != Source::Parent).then(|| workload.source.to_string());
        let sink = (workload.sink != Sink::Parent).then(|| workload.sink.to_string());
        let (shape, tasks) = (workload.shape.to_string(), workload.tasks);
        let text = Self { shape, layout, tasks, source, sink, ..Self::default() };
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
