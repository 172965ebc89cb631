//! The conformance suite.

gingham_core::conformance!(gingham_matrixmultiply::MatrixMultiply::new());
