//! Gingham backend: matrixmultiply
