"""`ProcessPoolExecutor`, one process a CPU: operands are pickled to the workers, results are pickled back."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

from processes import await_workers, worker_pid
from runner import Batch, Run, cpus, serve


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    with ProcessPoolExecutor(cpus(), multiprocessing.get_context("spawn")) as pool:
        await_workers(lambda: pool.map(worker_pid, range(cpus())))

        def run(tasks: range, _check: bool) -> list[Any]:
            return list(pool.map(batch.function, *zip(*[batch.arguments[task] for task in tasks])))

        yield run


if __name__ == "__main__":
    serve(start)
