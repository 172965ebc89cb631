//! A workload in a file of TOML; an error names its key and its line.

use std::ops::Range;

use gingham_core::{DType, Op};
use gingham_runtime::workload::{Error, Sink, Source};
use gingham_runtime::{Workload, store};
use serde::Deserialize;
use toml::Spanned;

/// The keys, as they stand in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    op: Spanned<String>,
    shape: Spanned<String>,
    dtype: Option<Spanned<String>>,
    layout: Option<Spanned<String>>,
    tasks: Option<Spanned<usize>>,
    source: Option<Spanned<String>>,
    sink: Option<Spanned<String>>,
}

/// The workload that `text` describes.
///
/// # Errors
/// What is wrong with it, for example "line 2, `shape`: ...".
pub(super) fn parse(text: &str) -> Result<Workload, String> {
    let Keys { op, shape, dtype, layout, tasks, source, sink } = toml::from_str(text).map_err(|error| {
        let said = store::plain(&error.message());
        // An error about the whole file has no place in it.
        let is_somewhere = |span: &Range<usize>| span.start > 0 || (1..text.trim_end().len()).contains(&span.len());
        let span = error.span().filter(is_somewhere);
        span.map_or_else(|| said.clone(), |span| at(text, span.start, &said))
    })?;
    let here = |key: &str, start: Option<usize>, error: &dyn std::fmt::Display| match start {
        Some(start) => format!("line {}, `{key}`: {error}", line(text, start)),
        None => error.to_string(),
    };
    let start = |value: &Option<Spanned<String>>| value.as_ref().map(|value| value.span().start);
    let parsed_op: Op = op.as_ref().parse().map_err(|e| here("op", Some(op.span().start), &e))?;
    let parsed_dtype = dtype.as_ref().map_or(Ok(DType::F64), |dtype| dtype.as_ref().parse());
    let parsed_dtype = parsed_dtype.map_err(|e: gingham_core::Error| here("dtype", start(&dtype), &e))?;
    let parsed_source = source.as_ref().map_or(Ok(Source::Parent), |source| source.as_ref().parse());
    let parsed_source = parsed_source.map_err(|e: Error| here("source", start(&source), &e))?;
    let parsed_sink = sink.as_ref().map_or(Ok(Sink::Parent), |sink| sink.as_ref().parse());
    let parsed_sink = parsed_sink.map_err(|e: Error| here("sink", start(&sink), &e))?;
    let count = tasks.as_ref().map_or(1, |tasks| *tasks.as_ref());
    let made =
        Workload::new(parsed_op, parsed_dtype, shape.as_ref(), layout.as_ref().map(|l| l.as_ref().as_str()), count);
    made.map(|made| made.with_source(parsed_source).with_sink(parsed_sink)).map_err(|error| match error {
        Error::Layout { .. } => here("layout", start(&layout), &error),
        Error::NoTasks => here("tasks", tasks.map(|tasks| tasks.span().start), &error),
        _ => here("shape", Some(shape.span().start), &error),
    })
}

/// The message `said` about byte `start`, with the key of its line, if it has one.
fn at(text: &str, start: usize, said: &str) -> String {
    let begin = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let whole = text[begin..].lines().next().unwrap_or_default();
    match whole.split_once('=') {
        // A message about the key itself names it already, unless the key is there twice.
        Some((key, _)) if begin + key.len() < start || said == "duplicate key" => {
            format!("line {}, `{}`: {said}", line(text, start), key.trim())
        }
        None if whole.starts_with('[') && said.starts_with("invalid type") => {
            format!("line {}, `{}`: {said}", line(text, start), whole.trim().trim_matches(['[', ']']))
        }
        _ => format!("line {}: {said}", line(text, start)),
    }
}

/// The line of byte `start`, counted from 1.
fn line(text: &str, start: usize) -> usize {
    text[..start].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_workload() {
        let workload = parse("# ours\nop = 'matmul'\nshape = '2x3x4'\nlayout = 'rcr'\n").unwrap();
        assert_eq!((workload.to_string().as_str(), workload.tasks()), ("matmul 2x3x4 f64, 1 task, layout rcr", 1));
        assert_eq!(parse("op = 'dot'\nshape = '9'\ndtype = 'f32'\ntasks = 7").unwrap().tasks(), 7);
    }

    #[test]
    fn what_is_wrong_is_told_with_key_and_line() {
        for (text, said) in [
            ("op = 'dot'\nshape = 9", "line 2, `shape`: invalid type: integer `9`, expected a string"),
            ("op = 'dot'\nshape = '9x'", "line 2, `shape`: shape `9x` for dot; expected N"),
            (
                "op = 'dot'\nshape = '9'\n\ntasks = 'many'",
                "line 4, `tasks`: invalid type: string \"many\", expected a whole number",
            ),
            ("op = 'dot'\nshape = '9'\ntasks = 0", "line 3, `tasks`: 0 tasks"),
            ("op = 'dott'\nshape = '9'", "line 1, `op`: unknown operation `dott`"),
            ("dtype = 'f16'\nop = 'dot'\nshape = '9'", "line 1, `dtype`: unknown dtype `f16`"),
            ("op = 'dot'\nshape = '9'\nlayout = 'rrr'", "line 3, `layout`: layout `rrr` for dot"),
            ("op = 'dot'\nshap = '9'", "line 2: unknown field `shap`"),
            ("op = 'dot'\nshape = '9'\nop = 'dot'", "line 3, `op`: duplicate key"),
            ("op = 'dot'\n[shape]\nn = 9", "line 2, `shape`: invalid type: map, expected a string"),
            ("op = 'dot'", "missing field `shape`"),
            ("op = 'dot'\nshape '9'", "line 2: "),
            ("", "missing field `op`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(said), "{text}: {error}");
            assert!(!error.contains("struct") && !error.contains("usize"), "{error}");
        }
    }
}
