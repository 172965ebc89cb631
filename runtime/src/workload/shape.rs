//! The sizes of a task, and the order in which its matrices are stored.

use std::fmt;

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

/// Row-major (C) or column-major (Fortran) order of A, B and C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Layout {
    /// For each operand, whether it is stored by columns.
    pub by_columns: [bool; 3],
}

impl Shape {
    /// Its sizes; the last one of an array is 1.
    pub(crate) fn sizes(self) -> [usize; 3] {
        match self {
            Self::MatMul { m, k, n } => [m, k, n],
            Self::Array { rows, columns } => [rows, columns, 1],
        }
    }

    /// The same, but no side of a matrix is longer than `side`, and no array has more than `side` squared elements.
    pub(super) fn at_most(self, side: usize) -> Self {
        match self {
            Self::MatMul { m, k, n } => {
                let [m, k, n] = [m, k, n].map(|length| length.min(side));
                Self::MatMul { m, k, n }
            }
            Self::Array { rows, columns } => {
                let columns = columns.min(side * side);
                Self::Array { rows: rows.min(side * side / columns.max(1)).max(rows.min(1)), columns }
            }
        }
    }
}

/// The sizes that a text such as `512x256x512` lists, in digits alone: `+5` and `5.0` are slips, not sizes.
pub(super) fn sizes(text: &str) -> Option<Vec<usize>> {
    let size = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    text.split('x').map(size).collect()
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
    /// Three letters, each `r` (by rows) or `c` (by columns).
    pub(super) fn parse(text: &str) -> Option<Self> {
        let letters = text.chars().map(|letter| match letter {
            'r' => Some(false),
            'c' => Some(true),
            _ => None,
        });
        let by_columns = letters.collect::<Option<Vec<_>>>()?.try_into().ok()?;
        Some(Self { by_columns })
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.by_columns.iter().try_for_each(|&c| f.write_str(if c { "c" } else { "r" }))
    }
}
