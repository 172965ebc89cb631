//! Gingham backend: faer
