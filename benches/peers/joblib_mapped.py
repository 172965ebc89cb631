"""joblib with loky, one process a CPU: workers map the operands and are sent the index of a task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from processes import await_workers, compute_mapped, open_batch, worker_pid
from runner import Batch, Run, cpus, serve

import joblib  # After `processes`: it imports NumPy.
from joblib.externals.loky import get_reusable_executor


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    open_batch(batch.hello)  # For one CPU joblib starts no worker and computes here.
    parallel = joblib.Parallel(n_jobs=cpus(), initializer=open_batch, initargs=(batch.hello,))
    await_workers(lambda: parallel(joblib.delayed(worker_pid)(i) for i in range(cpus())))

    def run(tasks: range, check: bool) -> list[Any]:
        parallel(joblib.delayed(compute_mapped)(check, task) for task in tasks)
        return []

    yield run
    get_reusable_executor(reuse=True).shutdown(wait=True)


if __name__ == "__main__":
    serve(start, f"joblib {joblib.__version__}")
