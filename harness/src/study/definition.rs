//! A study as data: a file of benches/workloads/studies, which says what is asked, what is measured, what the tutorials
//! measured, and what may be concluded.

use std::collections::BTreeMap;

use gingham_runtime::{Combination, Transport, combination};
use serde::Deserialize;

/// A study.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// What `gingham study` calls it: the name of its file.
    #[serde(skip)]
    pub name: &'static str,
    /// A heading.
    pub title: String,
    /// What it asks.
    pub question: String,
    /// What its figures show, and what is not to be concluded from them; paragraphs, with an empty line between.
    pub analysis: String,
    /// The program in benches/peers/studies that measures the ways of Python. It takes the sizes as its arguments.
    pub(super) peer: String,
    /// Seconds that the study may take, of which our rows have half.
    budget_s: f64,
    /// Rounds that come first and do not count.
    #[serde(default)]
    pub(super) unmeasured_rounds: usize,
    /// Which rows are compared with each other: those whose names have all the words, between commas, of a group.
    pub(super) groups: Vec<String>,
    /// How much is measured.
    sizes: Sizes,
    /// How much is measured where only the working counts.
    quick: Sizes,
    #[serde(rename = "row")]
    rows: Vec<Definition>,
}

/// A way that is measured: a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// Its name. `{transport}` in it stands for each transport of this build.
    pub(super) name: String,
    pub(super) measure: Measure,
    /// What the reader has to know of it.
    #[serde(default)]
    pub(super) note: String,
    /// What the tutorial measured, in the unit of the row.
    pub(super) theirs: Option<f64>,
}

/// What a row measures.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Measure {
    /// An array of 8 elements to a worker and a new one back, in microseconds.
    ExchangeTask { combination: Pattern },
    /// The slope of the time for larger arrays, in microseconds per MiB.
    ExchangeMib { combination: Pattern },
    /// From the request for workers to the end of an empty task of each, in seconds.
    Start { combination: Pattern },
    /// The round trip of an empty task of each worker, after a pause, in microseconds.
    Dispatch {
        combination: Pattern,
        #[serde(default)]
        pause_us: u64,
    },
    /// A whole program that makes matrices and multiplies them, in seconds.
    Program(Program),
    /// Files into arrays, in seconds.
    Load {
        format: Format,
        combination: Pattern,
        #[serde(default)]
        cold: bool,
    },
    /// Arrays into files, in seconds.
    Save { format: Format, combination: Pattern },
    /// What no arrangement of the products can beat, in seconds.
    Floor { matrices_per_task: usize },
}

/// A whole program.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Program {
    pub(super) combination: Pattern,
    pub(super) operands: Operands,
}

/// Where the matrices of a program come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Operands {
    /// All are ones, made first, one after the other.
    Ones,
    /// All are random, made first, one after the other.
    RandomFirst,
    /// Each task makes its own random ones.
    RandomInTask,
}

/// The formats of the files that are loaded and saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(super) enum Format {
    Npy,
    Csv,
}

/// The text of a combination, in which `{transport}` stands for a transport, `{cpus}` for the number of usable CPUs,
/// and `{quarter}` for a quarter of the tasks, rounded up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Pattern(String);

const TRANSPORT: &str = "{transport}";

impl Pattern {
    /// The combination on a machine with so many CPUs, for so many tasks.
    ///
    /// # Errors
    /// [`combination::Error`], where it is none.
    pub(super) fn combination(&self, cpus: usize, tasks: usize) -> Result<Combination, combination::Error> {
        let text = self.0.replace("{cpus}", &cpus.to_string());
        text.replace("{quarter}", &tasks.div_ceil(4).to_string()).parse()
    }
}

/// How much is measured: numbers by name, which are arguments of the peer's program too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Sizes(BTreeMap<String, Size>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Size {
    One(usize),
    Several(Vec<usize>),
}

/// A study lacks this size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the study has no size `{0}`")]
pub(super) struct NoSize(&'static str);

impl Sizes {
    /// The first number of this name.
    pub(super) fn one(&self, name: &'static str) -> Result<usize, NoSize> {
        self.all(name)?.first().copied().ok_or(NoSize(name))
    }

    /// The numbers of this name.
    pub(super) fn all(&self, name: &'static str) -> Result<&[usize], NoSize> {
        match self.0.get(name) {
            Some(Size::One(one)) => Ok(std::slice::from_ref(one)),
            Some(Size::Several(several)) => Ok(several),
            None => Err(NoSize(name)),
        }
    }

    /// Arguments of the peer's program.
    pub(super) fn arguments(&self) -> Vec<String> {
        let numbers = |size: &Size| match size {
            Size::One(one) => vec![one.to_string()],
            Size::Several(several) => several.iter().map(ToString::to_string).collect(),
        };
        self.0.iter().flat_map(|(name, size)| [vec![format!("--{name}")], numbers(size)].concat()).collect()
    }
}

/// The studies of this build, in the order in which `gingham study all` takes them.
const ALL: [(&str, &str); 5] = [
    ("share-arrays", include_str!("../../../benches/workloads/studies/share-arrays.toml")),
    ("start-methods", include_str!("../../../benches/workloads/studies/start-methods.toml")),
    ("load-save", include_str!("../../../benches/workloads/studies/load-save.toml")),
    ("matmul-threads", include_str!("../../../benches/workloads/studies/matmul-threads.toml")),
    ("matmul-processes", include_str!("../../../benches/workloads/studies/matmul-processes.toml")),
];

/// A name that no study has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown study `{0}`; available: {names}, all, list", names = ALL.map(|(name, _)| name).join(", "))]
pub struct Unknown(String);

impl Study {
    /// The studies of this build.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let parse = |(name, text)| {
            let study = toml::from_str::<Self>(text).unwrap_or_else(|e| panic!("{name}: a file of this build: {e}"));
            Self { name, ..study }
        };
        ALL.map(parse).into()
    }

    /// The study called `name`.
    ///
    /// # Errors
    /// [`Unknown`]
    pub fn named(name: &str) -> Result<Self, Unknown> {
        Self::all().into_iter().find(|study| study.name == name).ok_or_else(|| Unknown(name.into()))
    }

    /// How much it measures.
    #[must_use]
    pub fn sizes(&self, quick: bool) -> &Sizes {
        if quick { &self.quick } else { &self.sizes }
    }

    /// The most time that it takes, unless a sample takes more.
    #[must_use]
    pub fn budget(&self) -> std::time::Duration {
        std::time::Duration::from_secs_f64(self.budget_s)
    }

    /// Its rows: those with a transport once for each of this build.
    pub(super) fn rows(&self) -> Vec<Definition> {
        let each = |row: &Definition| match row.name.contains(TRANSPORT) {
            true => Transport::ALL.map(|transport| row.by(transport)).to_vec(),
            false => vec![row.clone()],
        };
        self.rows.iter().flat_map(each).collect()
    }
}

impl Definition {
    /// The row for this transport.
    fn by(&self, transport: Transport) -> Self {
        let mut row = Self { name: self.name.replace(TRANSPORT, transport.name()), ..self.clone() };
        if let Some(Pattern(text)) = row.measure.pattern_mut() {
            *text = text.replace(TRANSPORT, transport.name());
        }
        row
    }
}

impl Measure {
    fn pattern_mut(&mut self) -> Option<&mut Pattern> {
        match self {
            Self::ExchangeTask { combination }
            | Self::ExchangeMib { combination }
            | Self::Start { combination }
            | Self::Dispatch { combination, .. }
            | Self::Program(Program { combination, .. })
            | Self::Load { combination, .. }
            | Self::Save { combination, .. } => Some(combination),
            Self::Floor { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_study_is_whole() {
        for study in Study::all() {
            let names: Vec<String> = study.rows().into_iter().map(|row| row.name).collect();
            assert!(names.len() > 3 && names.iter().all(|name| !name.contains('{')), "{names:?}");
            for words in [&study.title, &study.question, &study.analysis] {
                assert!(!words.trim().is_empty(), "{}", study.name);
            }
            assert!(study.analysis.contains("Not to be concluded:"), "{}", study.name);
            let keys = |sizes: &Sizes| sizes.0.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(&study.sizes), keys(&study.quick), "{}", study.name);
            for mut row in study.rows() {
                let Some(pattern) = row.measure.pattern_mut() else { continue };
                assert!(pattern.combination(4, 100).is_ok(), "{pattern:?}");
            }
        }
    }

    #[test]
    fn a_pattern_is_a_combination_of_the_machine() {
        let text = |pattern: &str| Pattern(pattern.into()).combination(4, 9).unwrap().to_string();
        assert_eq!(text("simd:{cpus}+threads:{cpus}:{quarter}"), "simd:4+threads:4:3");
        assert_eq!(text("simd:1+serial"), "simd:1+serial");
    }

    #[test]
    fn sizes_are_arguments() {
        let sizes: Sizes = toml::from_str("rounds = 2\nmib = [1, 4]").unwrap();
        assert_eq!(sizes.arguments(), ["--mib", "1", "4", "--rounds", "2"]);
        assert_eq!((sizes.one("rounds"), sizes.one("mib"), sizes.one("n")), (Ok(2), Ok(1), Err(NoSize("n"))));
    }
}
