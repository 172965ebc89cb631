//! The rows of the table as data: `benches/workloads/standing.toml`, a table for each section.

use std::fmt::Display;
use std::str::FromStr;

use gingham::core::Op;
use serde::{Deserialize, Deserializer, de};

use super::verdict::Goal;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definitions {
    pub(crate) small: Sizes,
    pub(crate) batch: Rows<Batch>,
    pub(crate) large: Sizes,
    pub(crate) layouts: Layouts,
    pub(crate) avx2: Sizes,
    pub(crate) skinny: Rows<Skinny>,
    pub(crate) column: Sizes,
    pub(crate) threads: Sizes,
    pub(crate) ksplit: Shape,
    pub(crate) dot: Dot,
    pub(crate) lanes: Lanes,
    pub(crate) random: Random,
}

impl Definitions {
    /// # Errors
    /// What is wrong with the file, and where. The `analysis` of a section, which says what it is for and what not to
    /// conclude from it, is for readers of the file, hence not kept.
    pub(crate) fn load() -> Result<Self, String> {
        let wrong = |error: toml::de::Error| format!("standing.toml: {error}");
        let mut sections: toml::Table = toml::from_str(include_str!("../workloads/standing.toml")).map_err(wrong)?;
        for (name, section) in &mut sections {
            let analysis = section.as_table_mut().and_then(|section| section.remove("analysis"));
            let text = analysis.as_ref().and_then(toml::Value::as_str).unwrap_or_default();
            if !text.contains("Not to be concluded: ") {
                return Err(format!("standing.toml: `{name}` does not say what is not to be concluded"));
            }
        }
        sections.try_into().map_err(wrong)
    }
}

/// A row for each n.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sizes {
    pub(crate) sizes: Vec<usize>,
    pub(crate) goal: Goal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rows<T> {
    pub(crate) rows: Vec<T>,
}

/// `count` products of n x n matrices.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// Where the operands are.
    pub(crate) place: String,
    pub(crate) count: usize,
    pub(crate) n: usize,
    pub(crate) goal: Goal,
}

/// A row for each n and layout.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layouts {
    pub(crate) sizes: Vec<usize>,
    pub(crate) layouts: Vec<String>,
    pub(crate) goal: Goal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skinny {
    /// m, k and n.
    pub(crate) shape: [usize; 3],
    pub(crate) unit: Counted,
    pub(crate) goal: Goal,
}

/// What a rate counts.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Counted {
    Flop,
    Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    /// m, k and n.
    pub(crate) shape: [usize; 3],
    pub(crate) goal: Goal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dot {
    /// Of each vector.
    pub(crate) elements: usize,
    pub(crate) threads: Vec<usize>,
    pub(crate) goal: Goal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lanes {
    /// Of each operand in memory.
    pub(crate) elements: usize,
    /// Of operands and result together in cache.
    pub(crate) bytes: usize,
    pub(crate) in_memory: Vec<InMemory>,
    pub(crate) in_memory_goals: Vec<OnThreads>,
    pub(crate) in_cache: Vec<InCache>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InMemory {
    #[serde(deserialize_with = "parsed")]
    pub(crate) op: Op,
    /// The range of each argument.
    pub(crate) arguments: Vec<[f64; 2]>,
    pub(crate) ceiling: Stored,
}

/// What a function does to memory, which decides its ceiling.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stored {
    Write,
    Copy,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnThreads {
    pub(crate) threads: usize,
    pub(crate) goal: Goal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InCache {
    #[serde(deserialize_with = "parsed")]
    pub(crate) op: Op,
    /// The range of each argument.
    pub(crate) arguments: Vec<[f64; 2]>,
    pub(crate) f64: Goal,
    pub(crate) f32: Goal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Random {
    pub(crate) bytes: usize,
    pub(crate) rows: Vec<Drawn>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drawn {
    #[serde(deserialize_with = "parsed")]
    pub(crate) op: Op,
    pub(crate) goal: Goal,
}

fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}
