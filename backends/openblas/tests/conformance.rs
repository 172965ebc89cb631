//! The conformance suite.

gingham_core::conformance!(gingham_openblas::OpenBlas::new());
