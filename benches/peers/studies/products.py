"""What the two studies of matrix products share: their samples, the memory they need, and the BLAS they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import threadpoolctl

from study import Missing, Row, each


class Sample(NamedTuple):
    """One run of an arrangement, and the BLAS that did it."""

    seconds: float
    blas: str


def timed(run: Callable[[], list[np.ndarray]], check: Callable[[list[np.ndarray]], None]) -> Sample:
    """Runs all products and checks the results after the clock has stopped."""
    begin = time.perf_counter()
    results = run()
    seconds = time.perf_counter() - begin
    check(results)
    return Sample(seconds, blas())


def row(name: str, samples: Sequence[Sample] | Missing, note: str, theirs: float | None) -> Row:
    """An arrangement's row; `theirs` are the seconds of the tutorial."""
    if not isinstance(samples, Missing):
        note = f"{note}; {samples[-1].blas}"
    more = {} if theirs is None else {"theirs": theirs}
    return Row(name, "s", each(samples, lambda sample: sample.seconds), note, more)


def require_memory(matrices: int, n: int) -> None:
    """Raises `MemoryError` unless so many n x n matrices of f64 fit into the memory that is free."""
    needed = matrices * n * n * 8
    with open("/proc/meminfo") as meminfo:
        fields = dict(line.split(":", 1) for line in meminfo)
    available = int(fields["MemAvailable"].split()[0]) * 2**10
    if needed > available:
        raise MemoryError(f"{needed >> 20} MiB are needed, {available >> 20} MiB are available")


def blas() -> str:
    """The BLAS of NumPy in this process, in words. Workers that inherit its environment have the same."""
    packages = Path(np.__file__).parent.parent
    for pool in threadpoolctl.threadpool_info():
        if pool["user_api"] == "blas" and packages in Path(pool["filepath"]).parents:
            threads = "1 thread" if pool["num_threads"] == 1 else f"{pool['num_threads']} threads"
            return f"{pool['internal_api']} {pool['version']}, {pool.get('architecture', 'unknown')} kernels, {threads}"
    return "BLAS unknown"
