"""Dask's threaded scheduler, one thread a CPU, with the threads that NumPy's BLAS takes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dask

from runner import Batch, Run, cpus, serve


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    def run(tasks: range, _check: bool) -> list[Any]:
        delayed = [dask.delayed(batch.function)(*batch.arguments[task]) for task in tasks]
        return list(dask.compute(*delayed, scheduler="threads", num_workers=cpus()))

    yield run


if __name__ == "__main__":
    serve(start, f"Dask {dask.__version__}")
