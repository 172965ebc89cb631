//! Gingham backend: nalgebra
