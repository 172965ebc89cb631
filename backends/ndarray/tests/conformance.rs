//! The conformance suite.

gingham_core::conformance!(gingham_ndarray::Ndarray::new());
