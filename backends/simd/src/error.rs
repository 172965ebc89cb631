//! The backend's id, and the errors that carry it.

use gingham_core::{BackendId, Error};

pub(crate) const ID: BackendId = BackendId::new("simd");

/// An error with a message of this backend's own.
pub(crate) fn library(message: String) -> Error {
    Error::Library { backend: ID, message }
}
