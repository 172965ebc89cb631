//! `gingham profile check`: one line an answer, and status 1 unless all hold.

use gingham_core::Registry;
use gingham_harness::Progress;
use gingham_harness::check::{Verdict, measure_again};
use gingham_harness::report::count;
use gingham_runtime::Profile;
use gingham_runtime::environment::kernel_variables;
use gingham_runtime::profile::Changes;

use crate::failure::Failure;
use crate::progress::{Steps, words};

pub(super) fn execute(saved: &Profile, registry: &Registry) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|e| Failure::work(format!("cannot find this program: {e}")))?;
    let mut fallen = 0;
    let steps = Steps::new(saved.entries.len());
    for entry in &saved.entries {
        let workload = &entry.workload;
        steps.begin(format!("measuring {workload} again"));
        let mut progress = |told: Progress<'_>| steps.begin(format!("{workload}: {}", words(told)));
        let verdict = measure_again(entry, registry, &program, &mut progress);
        fallen += usize::from(!verdict.holds());
        let remedy =
            |changed: &Changes| format!("; {}", changed.remedy(&saved.tune(workload), &kernel_variables(registry)));
        let remedy = match &verdict {
            Verdict::Holds(_) | Verdict::Unmeasured(_) => String::new(),
            Verdict::Moved(..) => remedy(&Changes::default()),
            Verdict::Stale { changed, .. } => remedy(changed),
        };
        steps.done(&format!("{workload}: {verdict}{remedy}\n"))?;
    }
    match fallen {
        0 => Ok(()),
        _ => Err(Failure::work(format!("{fallen} of {} cannot be relied on", count(saved.entries.len(), "answer")))),
    }
}
