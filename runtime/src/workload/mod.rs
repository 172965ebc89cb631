//! What is to be tuned: an operation on arrays of one shape and element type, or a function that the program has
//! registered, and how many of them make a batch.

mod batch;
mod call;
mod ends;
mod error;
pub(crate) mod family;
#[cfg(feature = "files")]
pub mod folder;
pub(crate) mod freivalds;
pub mod judge;
mod making;
pub mod memory;
mod operands;
pub mod placement;
mod portion;
mod shape;
mod task;
mod text;
mod work;

use std::fmt;

use gingham_core::function::Element;
use gingham_core::{DType, Op};
use serde::{Deserialize, Serialize};

pub(crate) use batch::multiply;
pub use batch::{Batch, Tasks};
pub use call::{Call, FunctionCall};
pub use ends::{Sink, Source};
pub use error::Error;
pub use family::{Bound, Unit};
pub use judge::Judge;
pub use making::Maker;
pub(crate) use making::Making;
pub use operands::Operands;
pub use placement::{Placement, Tensor};
pub use portion::Portion;
pub use shape::{Layout, Shape};
pub use task::Task;

use crate::quantity::count;
use text::Text;

/// A batch of equal tasks. Typed constructors make it in a program, [`Workload::new`] from what a user typed:
///
/// ```
/// # use gingham_runtime::Workload;
/// let workload = Workload::matmul::<f64>([256, 256, 256]).tasks(64);
/// assert_eq!(workload.to_string(), "matmul 256x256x256 f64, 64 tasks");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Workload {
    call: Call,
    shape: Shape,
    layout: Layout,
    tasks: usize,
    source: Source,
    sink: Sink,
}

/// One task, of which [`Single::tasks`] makes a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Single(Workload);

impl Single {
    pub(crate) fn new(op: Op, dtype: DType, shape: Shape, layout: Layout) -> Self {
        let (source, sink) = (Source::Parent, Sink::Parent);
        Self(Workload { call: Call::Op { op, dtype }, shape, layout, tasks: 1, source, sink })
    }

    fn of_array(op: Op, dtype: DType, [rows, columns]: [usize; 2]) -> Self {
        Self::new(op, dtype, Shape::Array { rows, columns }, Layout::default())
    }

    /// A batch of `tasks` of them. A batch of 0 tasks, or with a size of 0, has nothing to run; a tuning refuses it, as
    /// it refuses one that does not fit the machine's memory.
    #[must_use]
    pub fn tasks(self, tasks: usize) -> Workload {
        Workload { tasks, ..self.0 }
    }
}

impl Workload {
    /// `tasks` tasks of `op` from the words of a command line: checks that shape and layout are those of `op`, and that
    /// the whole batch can be addressed.
    ///
    /// # Errors
    /// [`Error`], naming the part that does not fit.
    pub fn new(op: Op, dtype: DType, shape: &str, layout: Option<&str>, tasks: usize) -> Result<Self, Error> {
        Self::checked(Call::Op { op, dtype }, shape, layout, tasks)
    }

    fn checked(call: Call, shape: &str, layout: Option<&str>, tasks: usize) -> Result<Self, Error> {
        let family = call.family();
        let sizes = shape::sizes(shape).and_then(|sizes| family.shape(&sizes));
        let facts = family.facts();
        let not_a_shape = || Error::Shape { given: shape.into(), call: call.to_string(), expected: facts.shapes };
        let shape = sizes.ok_or_else(not_a_shape)?;
        let layout = match (layout, facts.layouts) {
            (None, _) => Layout::default(),
            (Some(text), forms) => forms.and_then(|_| Layout::parse(text)).ok_or_else(|| Error::Layout {
                given: text.into(),
                call: call.to_string(),
                expected: forms.unwrap_or("none: --layout is for matmul, whose operands are matrices"),
            })?,
        };
        if tasks == 0 {
            return Err(Error::NoTasks);
        }
        let workload = Self { call, shape, layout, tasks, source: Source::Parent, sink: Sink::Parent };
        match i64::try_from(workload.batch_bytes()) {
            Ok(_) => Ok(workload),
            Err(_) => Err(Error::Overflow { shape, element: workload.call.element(), tasks }),
        }
    }

    /// The same workload with another number of tasks, at least one and at most as many as before.
    #[must_use]
    pub fn with_fewer_tasks(&self, tasks: usize) -> Self {
        Self { tasks: tasks.clamp(1, self.tasks.max(1)), ..self.clone() }
    }

    /// One task of the same kind that takes some milliseconds where the workload's own may take seconds: no side of a
    /// matrix is longer than `side`, and no array has more than `side` squared elements. The call of a function stays
    /// the same.
    #[must_use]
    pub fn small(&self, side: usize) -> Self {
        let shape = match self.call {
            Call::Op { .. } => self.shape.at_most(side),
            Call::Function(_) => self.shape,
        };
        Self { shape, tasks: 1, ..self.clone() }
    }

    /// The flags of the command line for it: `--op matmul --shape 256x256x256 --tasks 64`.
    #[must_use]
    pub fn flags(&self) -> String {
        let Self { call, shape, layout, tasks, source, sink } = self;
        let element = call.element();
        let dtype = if element == Element::F64 { String::new() } else { format!(" --dtype {element}") };
        let layout = if *layout == Layout::default() { String::new() } else { format!(" --layout {layout}") };
        let source = if *source == Source::Parent { String::new() } else { format!(" --source {source}") };
        let sink = if *sink == Sink::Parent { String::new() } else { format!(" --sink {sink}") };
        format!("--op {call} --shape {shape}{dtype}{layout} --tasks {tasks}{source}{sink}")
    }

    /// What every task does.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The sizes of every task.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The order of the operands.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The same with inputs from `source` and results to `sink`.
    ///
    /// # Errors
    /// [`Error::Ends`], where it calls a function and either is not the parent.
    pub fn between(self, source: Source, sink: Sink) -> Result<Self, Error> {
        match (&self.call, source, sink) {
            (Call::Op { .. }, ..) | (_, Source::Parent, Sink::Parent) => Ok(self.with_source(source).with_sink(sink)),
            (Call::Function(_), ..) => Err(Error::Ends),
        }
    }

    /// The same with inputs from this source.
    #[must_use]
    pub fn with_source(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// The same with results to this sink.
    #[must_use]
    pub fn with_sink(self, sink: Sink) -> Self {
        Self { sink, ..self }
    }

    /// Where inputs come from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// Where results go.
    #[must_use]
    pub fn sink(&self) -> Sink {
        self.sink
    }

    /// The operands that lie in the memory of a batch: the output comes last.
    pub(crate) fn placed(&self) -> Vec<Tensor> {
        let lies_there = |operand: &Tensor| operand.output || self.source == Source::Parent;
        self.operands().into_iter().filter(lies_there).collect()
    }

    /// The number of tasks in the batch.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The operands of every task, in the order of the operation's contract; the output comes last.
    #[must_use]
    pub fn operands(&self) -> Vec<Tensor> {
        self.call.family().operands(self)
    }

    /// Bytes of all operands of one task, at most 2^64 - 1.
    #[must_use]
    pub fn task_bytes(&self) -> u64 {
        let bytes = |Tensor { shape: [rows, columns], .. }: Tensor| (rows as u64).saturating_mul(columns as u64);
        let elements = self.operands().into_iter().map(bytes).fold(0, u64::saturating_add);
        elements.saturating_mul(self.call.element().size() as u64)
    }

    /// Bytes of all operands of the batch, at most 2^64 - 1.
    #[must_use]
    pub fn batch_bytes(&self) -> u64 {
        self.task_bytes().saturating_mul(self.tasks as u64)
    }

    /// Whether the batch has nothing to do, because its number of tasks or one of its sizes is 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks == 0 || self.shape.sizes().contains(&0)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, shape, tasks, .. } = self;
        match call {
            Call::Op { dtype, .. } => write!(f, "{call} {shape} {dtype}, {}", count(*tasks, "task"))?,
            Call::Function(_) if self.shape.sizes()[1] == 0 => write!(f, "{call}, {}", count(*tasks, "item"))?,
            Call::Function(_) => write!(f, "{call}, {} of {shape} {}", count(*tasks, "item"), call.element())?,
        }
        if self.layout != Layout::default() {
            write!(f, ", layout {}", self.layout)?;
        }
        match self.source {
            Source::Parent => {}
            Source::Worker => f.write_str(", inputs made by the workers")?,
            #[cfg(feature = "files")]
            Source::Files => f.write_str(", inputs from files")?,
        }
        match self.sink {
            Sink::Parent => {}
            Sink::Drop => f.write_str(", results dropped")?,
            #[cfg(feature = "files")]
            Sink::Files => f.write_str(", results to files")?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gingham_core::Unary;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_a_workload_or_an_error(
            op in 0..Op::all().count(),
            shape in "[0-9x]{0,24}|\\PC{0,12}",
            layout in proptest::option::of("[rc]{3}|\\PC{0,4}"),
            tasks: usize,
        ) {
            let op = Op::all().nth(op).unwrap();
            if let Ok(workload) = Workload::new(op, DType::F32, &shape, layout.as_deref(), tasks) {
                prop_assert!(workload.batch_bytes() <= i64::MAX as u64);
                let text = serde_json::to_string(&workload).unwrap();
                prop_assert_eq!(serde_json::from_str::<Workload>(&text).unwrap(), workload);
            }
        }
    }

    fn matmul(shape: &str) -> Result<Workload, Error> {
        Workload::new(Op::MatMul, DType::F64, shape, None, 3)
    }

    #[test]
    fn shapes_of_each_operation() {
        assert_eq!(matmul("5").unwrap().shape(), Shape::MatMul { m: 5, k: 5, n: 5 });
        assert_eq!(matmul("0x4x2").unwrap().work(1), 0.0);
        assert_eq!(matmul("2x3x4").unwrap().work(3), 144.0);
        assert_eq!(matmul("2x3x4").unwrap().batch_bytes(), 3 * 8 * (6 + 12 + 8));
        let exp = Workload::new(Op::Unary(Unary::Exp), DType::F32, "10x7", None, 1).unwrap();
        assert_eq!(exp.task_bytes(), 2 * 70 * 4);
        assert_eq!(Workload::new(Op::Dot, DType::F64, "9", None, 1).unwrap().task_bytes(), 19 * 8);
    }

    #[test]
    fn what_is_no_shape_is_refused() {
        for bad in ["", "x", "5x", "5x5", "-1", "+1", "1.5", "5X5X5", "1x2x3x4", "99999999999999999999"] {
            assert!(matches!(matmul(bad), Err(Error::Shape { .. })), "{bad}");
        }
        assert!(matches!(matmul("4294967296"), Err(Error::Overflow { .. })));
        assert!(matches!(matmul("9223372036854775807x0x9223372036854775807"), Err(Error::Overflow { .. })));
        assert!(matches!(Workload::new(Op::Dot, DType::F64, "2x2", None, 1), Err(Error::Shape { .. })));
        assert_eq!(Workload::new(Op::Dot, DType::F64, "2", None, 0), Err(Error::NoTasks));
    }

    #[test]
    fn a_small_task_is_of_the_same_kind() {
        let workload = Workload::new(Op::MatMul, DType::F64, "2000x100x3000", Some("rcr"), 7).unwrap();
        assert_eq!(workload.small(512), Workload::new(Op::MatMul, DType::F64, "512x100x512", Some("rcr"), 1).unwrap());
        let small = |shape| Workload::new(Op::Fill, DType::F64, shape, None, 7).unwrap().small(10).shape();
        assert_eq!(small("1000"), Shape::Array { rows: 1, columns: 100 });
        assert_eq!(small("7x20"), Shape::Array { rows: 5, columns: 20 });
        assert_eq!(small("0x20"), Shape::Array { rows: 0, columns: 20 });
    }

    #[test]
    fn flags_name_the_workload() {
        let flags = |op, dtype, shape, layout| Workload::new(op, dtype, shape, layout, 7).unwrap().flags();
        assert_eq!(flags(Op::MatMul, DType::F64, "8", None), "--op matmul --shape 8x8x8 --tasks 7");
        let all = flags(Op::MatMul, DType::F32, "2x3x4", Some("rcr"));
        assert_eq!(all, "--op matmul --shape 2x3x4 --dtype f32 --layout rcr --tasks 7");
        assert_eq!(flags(Op::Fill, DType::F64, "9", None), "--op fill --shape 9 --tasks 7");
    }

    #[test]
    fn layouts_are_for_matrices() {
        let workload = Workload::new(Op::MatMul, DType::F64, "2x3x4", Some("rcr"), 1).unwrap();
        assert_eq!(workload.operands().iter().map(|o| o.strides).collect::<Vec<_>>(), [[3, 1], [1, 3], [4, 1]]);
        for bad in ["", "rr", "rrrr", "rrx"] {
            assert!(Workload::new(Op::MatMul, DType::F64, "2", Some(bad), 1).is_err(), "{bad}");
        }
        assert!(Workload::new(Op::Fill, DType::F64, "2", Some("rrr"), 1).is_err());
    }

    #[test]
    fn text_round_trip() {
        let workload = Workload::new(Op::MatMul, DType::F32, "2x3x4", Some("crc"), 7).unwrap();
        let text = serde_json::to_string(&workload).unwrap();
        assert_eq!(serde_json::from_str::<Workload>(&text).unwrap(), workload);
        let newer = r#"{"op":"matmul","shape":"2","colour":"red"}"#;
        assert_eq!(serde_json::from_str::<Workload>(newer).unwrap().shape(), Shape::MatMul { m: 2, k: 2, n: 2 });
        for neither in [r#"{"shape":"2"}"#, r#"{"shape":"2","op":"dot","function":"f"}"#] {
            assert!(serde_json::from_str::<Workload>(neither).is_err(), "{neither}");
        }
        assert_eq!(toml::from_str::<Workload>("op = 'dot'\nshape = '10'").unwrap().tasks(), 1);
    }
}
