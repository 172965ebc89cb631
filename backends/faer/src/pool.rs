//! The rayon pools of faer's products: one per calling thread and size.
//!
//! faer divides work in the rayon pool that it runs in. In a shared pool, w callers with t op threads each would be t
//! threads in all and not w t, so each calling thread has its own. A pool is made at its first use and lives as long as
//! the calling thread. In a forked child the pool's threads are missing, and the product is refused.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use gingham_core::fork::Home;
use gingham_core::{Error, OpThreads};

use crate::ID;
use rayon::{ThreadPool, ThreadPoolBuilder};

thread_local! {
    static POOLS: RefCell<BTreeMap<OpThreads, Arc<Pool>>> = const { RefCell::new(BTreeMap::new()) };
}

struct Pool {
    threads: ThreadPool,
    home: Home,
}

/// Runs `work` in this thread's pool of `threads`, while this thread waits.
pub(crate) fn install(threads: OpThreads, work: impl FnOnce() + Send) -> Result<(), Error> {
    // The pool is taken out of the map before the wait: a caller that is itself a rayon worker runs other tasks of its
    // pool while it waits, and these may come through here.
    let pool = pool(threads)?;
    if pool.home.is_elsewhere() {
        return Err(Error::Forked { backend: ID });
    }
    pool.threads.install(work);
    Ok(())
}

fn pool(threads: OpThreads) -> Result<Arc<Pool>, Error> {
    if let Some(pool) = POOLS.with_borrow(|pools| pools.get(&threads).cloned()) {
        return Ok(pool);
    }
    let pool = ThreadPoolBuilder::new()
        .num_threads(threads.get())
        .thread_name(|i| format!("faer-{i}"))
        .build()
        .map_err(|e| Error::Library { backend: ID, message: format!("no pool of {threads} threads: {e}") })?;
    let pool = Arc::new(Pool { threads: pool, home: Home::here() });
    POOLS.with_borrow_mut(|pools| pools.insert(threads, Arc::clone(&pool)));
    Ok(pool)
}
