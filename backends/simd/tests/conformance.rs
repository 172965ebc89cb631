//! The suite that every backend passes, at the level that `Simd::new()` chooses.

gingham_core::conformance!(gingham_simd::Simd::new());
