//! Rows from a TOML file: tables `[[workload]]`, in the words of `gingham tune --workload`, each value a list.

use gingham::core::OpThreads;
use gingham::runtime::Workload;
use serde::Deserialize;

use crate::contest::row::Row;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    workload: Vec<Table>,
}

/// A row for each combination of its values.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    op: String,
    shape: Vec<String>,
    #[serde(default = "double")]
    dtype: Vec<String>,
    /// The layouts of A, B and C, for matmul alone.
    layout: Option<Vec<String>>,
    #[serde(default = "one")]
    op_threads: Vec<usize>,
}

fn double() -> Vec<String> {
    vec!["f64".into()]
}

fn one() -> Vec<usize> {
    vec![1]
}

/// The rows of `text`, in its order.
///
/// # Errors
/// What is wrong: with the line if the text is not TOML of this form, otherwise with the invalid row.
pub(crate) fn rows(text: &str) -> Result<Vec<Row>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut rows = Vec::new();
    for table in &file.workload {
        table.add_to(&mut rows).map_err(|error| format!("a workload of {}: {error}", table.op))?;
    }
    Ok(rows)
}

impl Table {
    fn add_to(&self, rows: &mut Vec<Row>) -> Result<(), Box<dyn std::error::Error>> {
        let op = self.op.parse()?;
        let layouts = match &self.layout {
            Some(layouts) => layouts.iter().map(|layout| Some(layout.as_str())).collect(),
            None => vec![None],
        };
        for dtype in &self.dtype {
            for shape in &self.shape {
                for layout in &layouts {
                    for &count in &self.op_threads {
                        let workload = Workload::new(op, dtype.parse()?, shape, *layout, 1)?;
                        let layout = layout.map_or(String::new(), |layout| format!(" {layout}"));
                        let name = format!("{shape}{layout} op_threads={count}");
                        rows.push(Row { workload, op_threads: OpThreads::new(count)?, name });
                    }
                }
            }
        }
        Ok(())
    }
}
