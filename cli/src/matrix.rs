//! `gingham matrix`: which operations each backend computes itself, as the conformance suite observes it.

use std::path::PathBuf;

use clap::Args;
use gingham_core::{DType, Op, Registry, Support, conformance};
use gingham_runtime::store;

use super::failure::Failure;
use super::output::print;

/// The largest file that is compared with: a matrix is some kilobytes.
const LARGEST: u64 = 1 << 20;

/// Prints which operations each backend computes itself, as Markdown
///
/// Observed, not declared: the conformance suite watches whether the library or the reference does the arithmetic.
#[derive(Args)]
pub(super) struct Matrix {
    /// Compare with this file instead, and fail where they differ
    ///
    /// For automated checks of a file that is kept, such as feature-matrix.md.
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

impl Matrix {
    pub(super) fn execute(self, registry: &Registry) -> Result<(), Failure> {
        let made = render(registry)?;
        let Some(path) = self.check else { return print(&made) };
        let name = path.display();
        let kept = store::read_text(&path, LARGEST).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
        if made.lines().eq(kept.lines()) {
            return Ok(());
        }
        let same = made.lines().zip(kept.lines()).take_while(|(made, kept)| made == kept).count();
        Err(Failure::work(format!(
            "{name} is out of date from line {}; `cargo run --features openblas -- matrix > feature-matrix.md` makes \
             it anew",
            same + 1
        )))
    }
}

fn render(registry: &Registry) -> Result<String, Failure> {
    let backends: Vec<_> = registry.iter().collect();
    let mut text = String::from(
        "# Feature matrix\n\n\
         Made by `cargo run --features openblas -- matrix`, from what the conformance suite observes: **native** where \
         the\nlibrary itself does the arithmetic for every layout, *reference* where core's plain loops do it. Both \
         element\ntypes, f64 and f32, are alike unless said.\n\n",
    );
    let row = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let heads: Vec<String> = std::iter::once("operation".into()).chain(registry.ids().map(Into::into)).collect();
    text += &row(&heads);
    text += &format!("|{}\n", "---|".repeat(heads.len()));
    for op in Op::all() {
        let mut cells = vec![op.to_string()];
        for backend in &backends {
            let seen =
                |dtype| conformance::observed_support(backend.as_ref(), op, dtype).map(word).map_err(Failure::work);
            let (f64, f32) = (seen(DType::F64)?, seen(DType::F32)?);
            cells.push(if f64 == f32 { f64.to_owned() } else { format!("f64: {f64}, f32: {f32}") });
        }
        text += &row(&cells);
    }
    text += "\n| backend | library | op threads | notes |\n|---|---|---|---|\n";
    for backend in backends {
        let info = backend.info();
        let threading = backend.threading().to_string();
        text += &row(&[info.id.into(), info.library.into(), threading, info.notes.join("; ")]);
    }
    Ok(text)
}

fn word(support: Support) -> &'static str {
    match support {
        Support::Native => "**native**",
        Support::Fallback => "*reference*",
        Support::None => "none",
    }
}
