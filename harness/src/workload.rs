//! What is to be tuned: an operation on arrays of one shape and element type, and how many times a batch does it.

use std::fmt;
use std::str::FromStr;

use gingham_core::{DType, Op};
use serde::{Deserialize, Serialize};

use crate::report::count;

/// A batch of equal tasks. Its parts fit each other and its sizes fit the machine's integers: it can only be made
/// through [`Workload::new`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
pub struct Workload {
    op: Op,
    dtype: DType,
    shape: Shape,
    layout: Layout,
    tasks: usize,
}

/// The sizes of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A is m x k, B is k x n, C is m x n.
    MatMul {
        /// Rows of A and C.
        m: usize,
        /// Columns of A, rows of B.
        k: usize,
        /// Columns of B and C.
        n: usize,
    },
    /// Every operand is an array of `rows` x `columns` elements; a vector has one row.
    Array {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        columns: usize,
    },
}

impl Shape {
    /// Its sizes; the last one of an array is 1.
    pub(crate) fn sizes(self) -> [usize; 3] {
        match self {
            Self::MatMul { m, k, n } => [m, k, n],
            Self::Array { rows, columns } => [rows, columns, 1],
        }
    }
}

/// Row-major (C) or column-major (Fortran) order of A, B and C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Layout {
    /// For each operand, whether it is stored by columns.
    pub by_columns: [bool; 3],
}

/// One operand of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operand {
    /// Its name in the contract of the operation, `a`, `b`, `c`, `x`, `y`, `out`.
    pub name: &'static str,
    /// Rows and columns.
    pub shape: [usize; 2],
    /// Strides in elements.
    pub strides: [isize; 2],
    /// Whether the task writes it.
    pub output: bool,
}

/// A workload that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The operation or the element type is unknown.
    #[error(transparent)]
    Core(#[from] gingham_core::Error),
    /// The text is no shape of this operation.
    #[error("shape `{given}` for {op}; expected {expected}")]
    Shape {
        /// The text that was given.
        given: String,
        /// The operation.
        op: Op,
        /// The forms that would have worked.
        expected: &'static str,
    },
    /// More bytes than can be addressed.
    #[error(
        "shape {shape} in {dtype}, {}: the operands are beyond 2^63 bytes; use smaller sizes or fewer tasks",
        count(*tasks, "task")
    )]
    Overflow {
        /// The sizes of one task.
        shape: Shape,
        /// The element type.
        dtype: DType,
        /// The number of tasks.
        tasks: usize,
    },
    /// The text is no layout of this operation.
    #[error("layout `{given}` for {op}; expected {expected}")]
    Layout {
        /// The text that was given.
        given: String,
        /// The operation.
        op: Op,
        /// The forms that would have worked.
        expected: &'static str,
    },
    /// A batch without tasks.
    #[error("0 tasks; expected at least 1")]
    NoTasks,
}

impl Workload {
    /// Checks that shape and layout are those of `op`, and that the whole batch can be addressed.
    ///
    /// # Errors
    /// [`Error`], naming the part that does not fit.
    pub fn new(op: Op, dtype: DType, shape: &str, layout: Option<&str>, tasks: usize) -> Result<Self, Error> {
        let shape = Shape::parse(op, shape)?;
        let layout = layout.map_or(Ok(Layout::default()), |text| Layout::parse(op, text))?;
        let workload = Self { op, dtype, shape, layout, tasks };
        if tasks == 0 {
            return Err(Error::NoTasks);
        }
        let overflow = Error::Overflow { shape, dtype, tasks };
        workload.checked_batch_bytes().filter(|&bytes| i64::try_from(bytes).is_ok()).ok_or(overflow)?;
        Ok(workload)
    }

    /// The same workload with another number of tasks, at least one and at most as many as before.
    #[must_use]
    pub fn with_fewer_tasks(&self, tasks: usize) -> Self {
        Self { tasks: tasks.clamp(1, self.tasks), ..self.clone() }
    }

    /// One task of the same kind that takes some milliseconds where the workload's own may take seconds: no side of a
    /// matrix is longer than `side`, no array has more than `side` squared elements.
    #[must_use]
    pub fn small(&self, side: usize) -> Self {
        let shape = match self.shape {
            Shape::MatMul { m, k, n } => {
                let [m, k, n] = [m, k, n].map(|length| length.min(side));
                Shape::MatMul { m, k, n }
            }
            Shape::Array { rows, columns } => {
                let columns = columns.min(side * side);
                Shape::Array { rows: rows.min(side * side / columns.max(1)).max(rows.min(1)), columns }
            }
        };
        Self { shape, tasks: 1, ..self.clone() }
    }

    /// The flags of the command line that name it: `--op matmul --shape 256x256x256 --tasks 64`.
    #[must_use]
    pub fn flags(&self) -> String {
        let Self { op, dtype, shape, layout, tasks } = self;
        let dtype = if *dtype == DType::F64 { String::new() } else { format!(" --dtype {dtype}") };
        let layout = if *layout == Layout::default() { String::new() } else { format!(" --layout {layout}") };
        format!("--op {op} --shape {shape}{dtype}{layout} --tasks {tasks}")
    }

    /// The operation of every task.
    #[must_use]
    pub fn op(&self) -> Op {
        self.op
    }

    /// The element type of every operand.
    #[must_use]
    pub fn dtype(&self) -> DType {
        self.dtype
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

    /// The number of tasks in the batch.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks
    }

    /// The operands of one task, in the order of the operation's contract; the output comes last.
    #[must_use]
    pub fn operands(&self) -> Vec<Operand> {
        let operand = |name, shape: [usize; 2], by_columns: bool, output| {
            let strides = if by_columns { [1, shape[0] as isize] } else { [shape[1] as isize, 1] };
            Operand { name, shape, strides, output }
        };
        match self.shape {
            Shape::MatMul { m, k, n } => {
                let [a, b, c] = self.layout.by_columns;
                vec![operand("a", [m, k], a, false), operand("b", [k, n], b, false), operand("c", [m, n], c, true)]
            }
            Shape::Array { rows, columns } => {
                let array = |name, output| operand(name, [rows, columns], false, output);
                match self.op {
                    Op::Dot => vec![array("x", false), array("y", false), operand("out", [1, 1], false, true)],
                    Op::Fill | Op::Random(_) => vec![array("out", true)],
                    Op::Binary(_) => vec![array("x", false), array("y", false), array("out", true)],
                    _ => vec![array("x", false), array("out", true)],
                }
            }
        }
    }

    /// Bytes of all operands of one task.
    #[must_use]
    pub fn task_bytes(&self) -> u64 {
        self.checked_task_bytes().expect("checked when the workload was made")
    }

    /// Bytes of all operands of the batch.
    #[must_use]
    pub fn batch_bytes(&self) -> u64 {
        self.checked_batch_bytes().expect("checked when the workload was made")
    }

    fn checked_task_bytes(&self) -> Option<u64> {
        let elements = self.operands().iter().try_fold(0_u64, |sum, operand| {
            let [rows, columns] = operand.shape.map(|n| n as u64);
            sum.checked_add(rows.checked_mul(columns)?)
        })?;
        elements.checked_mul(self.dtype.size() as u64)
    }

    fn checked_batch_bytes(&self) -> Option<u64> {
        self.checked_task_bytes()?.checked_mul(self.tasks as u64)
    }

    /// The work of `tasks` tasks in the unit of [`Workload::rate_unit`] times 1e9: floating-point operations for
    /// matmul (2 m k n each), the bytes of the operands for all others, which memory bounds.
    #[must_use]
    pub fn work(&self, tasks: usize) -> f64 {
        let one = match self.shape {
            Shape::MatMul { m, k, n } => 2.0 * m as f64 * k as f64 * n as f64,
            Shape::Array { .. } => self.task_bytes() as f64,
        };
        one * tasks as f64
    }

    /// Whether there is nothing to do: no task, or a size of 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks == 0 || self.shape.sizes().contains(&0)
    }

    /// `GF/s` or `GB/s`: the unit in which the rate of this operation is given.
    #[must_use]
    pub fn rate_unit(&self) -> &'static str {
        match self.shape {
            Shape::MatMul { .. } => "GF/s",
            Shape::Array { .. } => "GB/s",
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { op, dtype, shape, tasks, .. } = self;
        write!(f, "{op} {shape} {dtype}, {}", count(*tasks, "task"))?;
        if self.layout != Layout::default() {
            write!(f, ", layout {}", self.layout)?;
        }
        Ok(())
    }
}

impl Shape {
    /// `MxKxN` or `N` for matmul, `N` for dot, `MxN` or `N` for the others.
    fn parse(op: Op, given: &str) -> Result<Self, Error> {
        let expected = match op {
            Op::MatMul => "MxKxN or N, for example 512x256x512",
            Op::Dot => "N, the length of the vectors, for example 1000000",
            _ => "N or MxN, for example 1000000 or 1000x1000",
        };
        let error = || Error::Shape { given: given.into(), op, expected };
        let sizes = given.split('x').map(size).collect::<Option<Vec<_>>>().ok_or_else(error)?;
        match (op, &sizes[..]) {
            (Op::MatMul, &[n]) => Ok(Self::MatMul { m: n, k: n, n }),
            (Op::MatMul, &[m, k, n]) => Ok(Self::MatMul { m, k, n }),
            (Op::MatMul, _) => Err(error()),
            (_, &[columns]) => Ok(Self::Array { rows: 1, columns }),
            (Op::Dot, _) => Err(error()),
            (_, &[rows, columns]) => Ok(Self::Array { rows, columns }),
            _ => Err(error()),
        }
    }
}

/// A size in digits alone: `+5` and `5.0` are slips, not sizes.
fn size(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MatMul { m, k, n } => write!(f, "{m}x{k}x{n}"),
            Self::Array { rows: 1, columns } => write!(f, "{columns}"),
            Self::Array { rows, columns } => write!(f, "{rows}x{columns}"),
        }
    }
}

impl Layout {
    fn parse(op: Op, given: &str) -> Result<Self, Error> {
        let expected = match op {
            Op::MatMul => "three letters for A, B and C, each r (by rows) or c (by columns), for example rcr",
            _ => "none: --layout is for matmul, whose operands are matrices",
        };
        let error = || Error::Layout { given: given.into(), op, expected };
        let letters = given.chars().map(|letter| match letter {
            'r' => Some(false),
            'c' => Some(true),
            _ => None,
        });
        let by_columns = letters.collect::<Option<Vec<_>>>().and_then(|letters| letters.try_into().ok());
        match (op, by_columns) {
            (Op::MatMul, Some(by_columns)) => Ok(Self { by_columns }),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by_columns.iter().try_for_each(|&c| f.write_str(if c { "c" } else { "r" }))
    }
}

/// A workload as it stands in files: words and numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    op: String,
    #[serde(default = "double")]
    dtype: String,
    shape: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    layout: Option<String>,
    #[serde(default = "one")]
    tasks: usize,
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
        let (op, dtype) = (Op::from_str(&text.op)?, DType::from_str(&text.dtype)?);
        Self::new(op, dtype, &text.shape, text.layout.as_deref(), text.tasks)
    }
}

impl From<Workload> for Text {
    fn from(workload: Workload) -> Self {
        Self {
            op: workload.op.to_string(),
            dtype: workload.dtype.to_string(),
            shape: workload.shape.to_string(),
            layout: (workload.op == Op::MatMul).then(|| workload.layout.to_string()),
            tasks: workload.tasks,
        }
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
        assert!(serde_json::from_str::<Workload>(r#"{"op":"matmul","shape":"2","colour":"red"}"#).is_err());
        assert_eq!(toml::from_str::<Workload>("op = 'dot'\nshape = '10'").unwrap().tasks(), 1);
    }
}
