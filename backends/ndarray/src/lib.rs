//! Gingham backend: ndarray
