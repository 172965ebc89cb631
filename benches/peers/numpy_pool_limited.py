"""NumPy in a pool of threads, one a CPU, with its BLAS limited to one thread by threadpoolctl."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import threadpoolctl

import numpy_pool
from runner import Batch, Run, serve


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    with threadpoolctl.threadpool_limits(1, user_api="blas"), numpy_pool.start(batch) as run:
        yield run


if __name__ == "__main__":
    serve(start, f"threadpoolctl {threadpoolctl.__version__}")
