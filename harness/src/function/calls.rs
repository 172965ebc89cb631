//! Calls of a function that is known by name, as data: what another process needs to make them.

use gingham_core::{DType, Op};
use serde::{Deserialize, Serialize};

use super::Error;
use crate::workload::Workload;

/// A batch of calls of a registered task, one an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    task: String,
    items: usize,
    len: usize,
    parameters: Vec<f64>,
}

impl Calls {
    /// Calls of `task` for `items` items, each of which has `len` results. `parameters` are the same for every call.
    ///
    /// # Errors
    /// [`Error`], where there are no items or no results, where the results are more than can be addressed, or where a
    /// parameter is no finite number.
    pub fn new(task: &str, items: usize, len: usize, parameters: &[f64]) -> Result<Self, Error> {
        let calls = Self { task: task.into(), items, len, parameters: parameters.into() };
        match parameters.iter().find(|parameter| !parameter.is_finite()) {
            _ if items == 0 => Err(Error::NoItems),
            _ if len == 0 => Err(Error::NoResults),
            Some(&given) => Err(Error::Parameter { given }),
            None => calls.results().map(|_| calls),
        }
    }

    /// The name of the task.
    #[must_use]
    pub fn task(&self) -> &str {
        &self.task
    }

    /// How many items there are.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// How many results an item has.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is the length of each item's results, and never zero")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// What every call is given.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// A workload whose outputs lie in memory as the results do.
    pub(super) fn results(&self) -> Result<Workload, Error> {
        Ok(Workload::new(Op::Fill, DType::F64, &self.len.to_string(), None, self.items)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_called_is_refused_with_the_reason() {
        let said = |items, len, parameters: &[f64]| Calls::new("f", items, len, parameters).unwrap_err().to_string();
        assert_eq!(said(0, 1, &[]), "0 items; expected at least 1");
        assert_eq!(said(1, 0, &[]), "0 results an item; expected at least 1");
        assert_eq!(said(1, 1, &[2.0, f64::NAN]), "parameter NaN; expected a finite number");
        assert!(said(usize::MAX, 2, &[]).contains("beyond 2^63 bytes"), "{}", said(usize::MAX, 2, &[]));
        assert!(Calls::new("f", 1, usize::MAX, &[]).is_err());
    }

    #[test]
    fn results_lie_as_the_outputs_of_a_fill() {
        let results = Calls::new("f", 5, 3, &[1.0]).unwrap().results().unwrap();
        assert_eq!((results.tasks(), results.task_bytes()), (5, 24));
    }
}
