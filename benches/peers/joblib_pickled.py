"""joblib with loky, one process a CPU: operands are pickled to the workers, results are pickled back.

joblib's own mapping of large arguments is off (`max_nbytes`): it writes an array to a file once and finds it there in
every later sample, which is not what a program sees that comes with new arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from processes import await_workers, worker_pid
from runner import Batch, Run, cpus, serve

import joblib  # After `processes`: it imports NumPy.
from joblib.externals.loky import get_reusable_executor


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    parallel = joblib.Parallel(n_jobs=cpus(), max_nbytes=None)
    await_workers(lambda: parallel(joblib.delayed(worker_pid)(i) for i in range(cpus())))

    def run(tasks: range, _check: bool) -> list[Any]:
        return parallel(joblib.delayed(batch.function)(*batch.arguments[task]) for task in tasks)

    yield run
    get_reusable_executor(reuse=True).shutdown(wait=True)


if __name__ == "__main__":
    serve(start, f"joblib {joblib.__version__}")
