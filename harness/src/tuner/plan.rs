//! The pick of a tuning, made ready for the program that tuned.

use gingham_core::Registry;
use gingham_runtime::plan::{self, Plan};
use gingham_runtime::session::Session;
use gingham_runtime::workload::Call;

use crate::outcome::Outcome;

impl Outcome {
    /// The pick made ready, with the backends of `registry`.
    ///
    /// # Errors
    /// [`plan::Error::NothingRan`], with the reason of the first row that has one, where no combination ran to its end;
    /// otherwise as [`Session::apply`].
    pub fn plan(&self, registry: &Registry) -> Result<Plan, plan::Error> {
        let Some(best) = &self.best else {
            let told =
                self.trials.iter().find_map(|row| Some(format!("{}: {}", row.combination, row.reason.as_ref()?)));
            return Err(plan::Error::NothingRan(told.unwrap_or_else(|| self.stopped_because.clone())));
        };
        match self.workload.call() {
            Call::Op { .. } => Session::without_profile(registry.clone()).apply(best),
            Call::Function(_) => Plan::for_functions(best),
        }
    }
}
