//! The conformance suite.

gingham_core::conformance!(gingham_template::Template::new());
