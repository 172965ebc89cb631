//! The table's sections; each builds the operands of its rows, which `benches/workloads/standing.toml` lists.

mod batch;
mod dot;
mod lanes;
mod products;
mod random;

use gingham::core::DType;
use gingham::machine::ceilings::Resource;

use crate::definitions::Definitions;
use crate::standing::Standing;
use products::Against::{OneThread, Rivals};

/// Measures the wanted rows of a section.
type Section = fn(&Standing, &Definitions);

/// In the order of the table. The name of a row begins with its section's name.
pub(crate) const ALL: [(&str, Section); 12] = [
    ("small", |standing, of| products::squares(standing, "small", &of.small, Rivals)),
    ("batch", |standing, of| batch::run(standing, &of.batch)),
    ("large", |standing, of| products::squares(standing, "large", &of.large, Rivals)),
    ("layouts", |standing, of| products::layouts(standing, "layouts", &of.layouts)),
    ("avx2", |standing, of| products::avx2(standing, "avx2", &of.avx2)),
    ("skinny", |standing, of| products::skinny(standing, "skinny", &of.skinny)),
    ("column", |standing, of| products::columns(standing, "column", &of.column)),
    ("threads", |standing, of| products::squares(standing, "threads", &of.threads, OneThread)),
    ("ksplit", |standing, of| products::two_threads(standing, "ksplit", &of.ksplit)),
    ("dot", |standing, of| dot::run(standing, &of.dot)),
    ("lanes", |standing, of| lanes::run(standing, &of.lanes)),
    ("random", |standing, of| random::run(standing, &of.random)),
];

/// The ceiling of arithmetic on `dtype`.
fn fma(dtype: DType) -> Resource {
    match dtype {
        DType::F64 => Resource::FmaF64,
        DType::F32 => Resource::FmaF32,
    }
}
