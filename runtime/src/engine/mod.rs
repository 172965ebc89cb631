//! How a batch is run: a combination made ready.

mod local;

pub use local::{Engine, Error, Limited};
