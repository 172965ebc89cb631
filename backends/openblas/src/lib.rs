//! Gingham backend: openblas
