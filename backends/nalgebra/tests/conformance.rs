//! The conformance suite.

gingham_core::conformance!(gingham_nalgebra::Nalgebra::new());
