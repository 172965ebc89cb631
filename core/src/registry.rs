//! The backends of a program: an ordinary value, built by an ordinary function.

use std::sync::Arc;

use crate::reference::Reference;
use crate::{Backend, Error};

/// The backends that a program was built with. It always holds the reference, under its own name.
#[derive(Clone)]
pub struct Registry {
    backends: Vec<Arc<dyn Backend>>,
    features: &'static [&'static str],
}

impl Registry {
    /// The reference alone.
    #[must_use]
    pub fn new() -> Self {
        Self { backends: vec![Arc::new(Reference)], features: &[] }
    }

    /// The reference alone, knowing that a backend named in `features` could be compiled in by the cargo feature of
    /// that name.
    #[must_use]
    pub fn with_features(features: &'static [&'static str]) -> Self {
        Self { features, ..Self::new() }
    }

    /// Adds `backend`.
    ///
    /// # Panics
    /// If the id breaks the rules of [`Backend`] or is taken: both are slips in the program, not in its input.
    #[must_use]
    pub fn with(mut self, backend: impl Backend) -> Self {
        let id = backend.info().id;
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        assert!(
            id.starts_with(|c: char| c.is_ascii_lowercase()) && id.chars().all(letters),
            "backend id `{id}`: lower-case letters, digits, - and _ only, starting with a letter"
        );
        assert!(self.find(id).is_none(), "backend id `{id}` is registered twice");
        self.backends.push(Arc::new(backend));
        self
    }

    /// All backends, the reference first, then in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Backend>> {
        self.backends.iter()
    }

    /// The ids of all backends.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.iter().map(|b| b.info().id)
    }

    /// The backend named `id`.
    ///
    /// # Errors
    /// [`Error::NotCompiled`] or [`Error::UnknownBackend`], both naming what is available.
    pub fn get(&self, id: &str) -> Result<&Arc<dyn Backend>, Error> {
        self.find(id).ok_or_else(|| {
            let available = self.ids().collect::<Vec<_>>().join(", ");
            match self.features.contains(&id) {
                true => Error::NotCompiled { given: id.into(), available },
                false => Error::UnknownBackend { given: id.into(), available },
            }
        })
    }

    fn find(&self, id: &str) -> Option<&Arc<dyn Backend>> {
        self.iter().find(|b| b.info().id == id)
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new()
    }
}
