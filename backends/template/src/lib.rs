//! Gingham backend: template
