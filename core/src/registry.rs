//! The backends of a program, and its own functions: an ordinary value, built by an ordinary function.

use std::sync::Arc;

use crate::function::{Context, Function, UnknownFunction, Value};
use crate::reference::Reference;
use crate::{Backend, BackendId, Error, id};

/// The backends that a program was built with, and the functions that it has registered by name. It always holds the
/// reference, under its own name.
#[derive(Clone)]
pub struct Registry {
    backends: Vec<Arc<dyn Backend>>,
    functions: Vec<(&'static str, Function)>,
    features: &'static [&'static str],
}

impl Registry {
    /// The reference alone.
    #[must_use]
    pub fn new() -> Self {
        Self { backends: vec![Arc::new(Reference)], functions: Vec::new(), features: &[] }
    }

    /// The reference alone. A cargo feature can compile in each backend that `features` names, by the same name.
    #[must_use]
    pub fn with_features(features: &'static [&'static str]) -> Self {
        Self { features, ..Self::new() }
    }

    /// Adds `backend`.
    ///
    /// # Panics
    /// If the id is taken: a slip in the program, not in its input.
    #[must_use]
    pub fn with(mut self, backend: impl Backend) -> Self {
        let id = backend.info().id;
        assert!(self.find(&id).is_none(), "backend id `{id}` is registered twice");
        self.backends.push(Arc::new(backend));
        self
    }

    /// Adds `f` as the function called `name`. Trials of this program register the same, and find it by that name.
    ///
    /// # Panics
    /// If the name breaks [`id::RULE`] or is taken by another function: slips in the program, not in its input.
    #[must_use]
    pub fn with_function<T: Value>(
        mut self,
        name: &'static str,
        f: impl Fn(&Context<'_>, usize, &mut [T]) -> Result<(), Box<dyn std::error::Error + Send + Sync>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        assert!(id::is_valid(name), "function `{name}`: {}", id::RULE);
        assert!(self.function(name).is_err(), "function `{name}` is registered twice");
        self.functions.push((name, T::function(Arc::new(f))));
        self
    }

    /// The function called `name`.
    ///
    /// # Errors
    /// [`UnknownFunction`], with the names that are registered.
    pub fn function(&self, name: &str) -> Result<&Function, UnknownFunction> {
        self.functions.iter().find(|(known, _)| *known == name).map(|(_, f)| f).ok_or_else(|| {
            let names: Vec<&str> = self.functions.iter().map(|(name, _)| *name).collect();
            let registered = if names.is_empty() { "none".into() } else { names.join(", ") };
            UnknownFunction { given: name.into(), registered }
        })
    }

    /// All backends, the reference first, then in the order of registration.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Backend>> {
        self.backends.iter()
    }

    /// The ids of all backends.
    pub fn ids(&self) -> impl Iterator<Item = BackendId> {
        self.iter().map(|b| b.info().id)
    }

    /// The backend named `id`.
    ///
    /// # Errors
    /// [`Error::NotCompiled`] or [`Error::Unknown`], both naming what is available.
    pub fn get(&self, id: &str) -> Result<&Arc<dyn Backend>, Error> {
        self.find(id).ok_or_else(|| {
            let available = self.ids().collect::<Vec<_>>().join(", ");
            match self.features.contains(&id) {
                true => Error::NotCompiled { given: id.into(), available },
                false => Error::Unknown { what: "backend", given: id.into(), available },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OpThreads;

    #[test]
    fn a_function_is_found_by_its_name_alone() {
        let unknown = |registry: &Registry, name| registry.function(name).map(drop).unwrap_err().to_string();
        assert_eq!(unknown(&Registry::new(), "f"), "unknown function `f`; registered: none");
        let registry = Registry::new()
            .with_function("first", |cx, item, out: &mut [f64]| {
                out[0] = (item * cx.items()) as f64 * cx.parameters()[0];
                Ok(())
            })
            .with_function("second-2", |_, _, _: &mut [u8]| Err("always".into()));
        let mut out = [f64::NAN];
        let cx = Context::new(10, OpThreads::ONE, &[0.5]);
        let first = f64::body(registry.function("first").unwrap()).unwrap();
        assert!(first(&cx, 3, &mut out).is_ok());
        assert_eq!(out, [15.0]);
        let second = registry.function("second-2").unwrap();
        assert!(f64::body(second).is_none() && u8::body(second).unwrap()(&cx, 3, &mut []).is_err());
        assert_eq!(unknown(&registry, "First"), "unknown function `First`; registered: first, second-2");
    }

    #[test]
    #[should_panic(expected = "function `twice` is registered twice")]
    fn a_name_is_one_function() {
        let nothing = |_: &Context<'_>, _, _: &mut [f32]| Ok(());
        let _ = Registry::new().with_function("twice", nothing).with_function("twice", nothing);
    }

    #[test]
    #[should_panic(expected = "lower-case letters")]
    fn a_name_is_a_word() {
        let _ = Registry::new().with_function("two words", |_, _, _: &mut [f64]| Ok(()));
    }
}
