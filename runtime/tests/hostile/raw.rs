//! Raw values.

use gingham_core::DType;
use gingham_runtime::format::raw::Raw;
use gingham_runtime::format::{Kind, Layout, LoadOptions};

use crate::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    let case = |what: &str, bytes: usize, kind, shape: &[usize], says| {
        let Case { name, bytes, options, .. } = case(what, "raw", vec![0; bytes], says);
        let raw = Some(Raw::native(Layout { kind, shape: shape.into(), fortran_order: false }));
        Case { name, bytes, length: 0, options: LoadOptions { raw, ..options }, says }
    };
    let mut untold = case("untold", 8, Kind::Float64, &[1], "tell its element type and its shape");
    untold.options.raw = None;
    let mut wide = case("a cast to more", 1 << 22, Kind::Int8, &[1 << 22], "33554432 bytes of data; at most 16777216");
    wide.options.cast = Some(DType::F64);
    vec![
        untold,
        wide,
        case("cut", 47, Kind::Float64, &[2, 3], "47 bytes; shape [2, 3] of float64 has 48"),
        case("a byte over", 49, Kind::Float64, &[2, 3], "49 bytes; shape [2, 3] of float64 has 48"),
        case("overflow", 8, Kind::Float64, &[1 << 32, 1 << 32], "more bytes than this machine can address"),
        case("overflow beside a zero", 0, Kind::Float64, &[0, 1 << 63], "more bytes than this machine can address"),
    ]
}
