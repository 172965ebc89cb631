//! How much memory there is, and how much of it this process may still take.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes that could be allocated now without swapping: what the system has available, or what the limit of a control
/// group leaves, if that is less (a container is killed at its own limit, however much the machine has). 0 where the
/// system does not say.
pub fn available_memory() -> u64 {
    let system = now().map_or(0, |system| system.available_memory());
    crate::cgroup::memory_left().map_or(system, |left| left.min(system))
}

/// Bytes of memory that the system has, used or not. 0 where it does not say.
pub(crate) fn total() -> u64 {
    now().map_or(0, |system| system.total_memory())
}

fn now() -> Option<System> {
    System::new_with_specifics(RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram())).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn some_memory_is_available_and_not_more_than_there_is() {
        let available = super::available_memory();
        assert!(0 < available && available <= super::total(), "{available} of {}", super::total());
    }
}
