//! The conformance suite.

gingham_core::conformance!(gingham_faer::Faer::new());
