//! Gingham backend: simd
