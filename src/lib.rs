//! Gingham.
