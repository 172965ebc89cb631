//! `gingham profile check`: one line an answer, and status 1 unless all hold.

use gingham_core::Registry;
use gingham_harness::Profile;

use crate::failure::Failure;
use crate::progress::Steps;

pub(super) fn execute(saved: &Profile, registry: &Registry) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|e| Failure::work(format!("cannot find this program: {e}")))?;
    let mut fallen = 0;
    let steps = Steps::new(saved.entries.len());
    for entry in &saved.entries {
        steps.begin(format!("measuring {} again", entry.workload));
        let verdict = entry.measure_again(registry, &program);
        fallen += usize::from(!verdict.holds());
        steps.done(&format!("{}: {verdict}\n", entry.workload))?;
    }
    match fallen {
        0 => Ok(()),
        _ => Err(Failure::work(format!(
            "{fallen} of {} answers cannot be relied on; `gingham tune` renews them",
            saved.entries.len()
        ))),
    }
}
