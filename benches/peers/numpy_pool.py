"""NumPy in a pool of threads, one a CPU, with the threads that its BLAS takes by itself: they may compete."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from runner import Batch, Run, cpus, serve


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    with ThreadPoolExecutor(cpus()) as pool:

        def run(tasks: range, _check: bool) -> list[Any]:
            return list(pool.map(batch.compute, tasks))

        yield run


if __name__ == "__main__":
    serve(start)
