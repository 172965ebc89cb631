"""`ProcessPoolExecutor`, one process a CPU: workers map the operands and are sent the index of a task."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from processes import await_workers, compute_mapped, open_batch, worker_pid
from runner import Batch, Run, cpus, serve


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(cpus(), context, open_batch, (batch.hello,)) as pool:
        await_workers(lambda: pool.map(worker_pid, range(cpus())))

        def run(tasks: range, check: bool) -> list[Any]:
            list(pool.map(partial(compute_mapped, check), tasks))
            return []

        yield run


if __name__ == "__main__":
    serve(start)
