//! The backend's id, and the errors that carry it.

use gingham_core::{BackendId, Error};

/// The id of the backend.
pub(crate) const ID: BackendId = BackendId::new("simd");

/// What only this backend can say.
pub(crate) fn library(message: String) -> Error {
    Error::Library { backend: ID, message }
}
