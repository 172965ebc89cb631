//! The backend's id, and the errors that carry it.

use gingham_core::Error;

/// The id of the backend.
pub(crate) const ID: &str = "simd";

/// What only this backend can say.
pub(crate) fn library(message: String) -> Error {
    Error::Library { backend: ID, message }
}
