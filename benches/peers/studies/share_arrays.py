"""The ways of Python to share an array with a worker process: what each costs per task, and per MiB.

A task takes an array of f64 to one worker and a new array of the same size back. The worker checks the sum of what it
reads and adds 1 to every element; the program checks the sum of what comes back. All that is in the time, as in
"no sharing", where the program does it by itself. "Per task" is the time with 8 elements; "per MiB" is the slope over
larger arrays. Workers are started before, and spawned, except for "inherited global", which forks one for every task.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np

from apart import ONE_BLAS_THREAD, apart
from sharing import WAYS, Exchange
from study import Row, Size, each, main, race

SIZES = {
    "rounds": Size(11, 2, "how often each way is measured"),
    "tasks": Size(100, 3, "how many tasks of 8 elements a round"),
    "mib": Size((1, 4, 16, 64), (1, 2), "sizes of the larger arrays in MiB"),
}

TINY = 8
MIB = 2**20 // np.dtype(np.float64).itemsize


@contextlib.contextmanager
def program(way: str, capacity: int) -> Iterator[Callable[[int, int], float]]:
    """Yields a function that makes some tasks of so many elements and returns their median time in seconds."""
    start, _ = WAYS[way]
    with start(capacity) as exchange:

        def median_s(elements: int, tasks: int) -> float:
            return statistics.median(task_s(exchange, elements, task) for task in range(tasks))

        yield median_s


def task_s(exchange: Exchange, elements: int, task: int) -> float:
    """Seconds for one task. Its array is new, as joblib would not look at one again that it has written already."""
    x = np.arange(float(elements)) % 1000.0  # Integers: their sum is exact.
    x[0] = task
    total = float(x.sum())
    begin = time.perf_counter()
    found = exchange(x, total).sum()
    seconds = time.perf_counter() - begin
    if found != total + elements:
        raise ValueError(f"the worker's result has the sum {found}, not {total + elements}")
    return seconds


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    capacity = MIB * max(arguments.mib)
    with contextlib.ExitStack() as stack:
        ways = {}
        for way in WAYS:
            median_s = stack.enter_context(apart(program, way, capacity, environment=ONE_BLAS_THREAD))
            ways[way] = functools.partial(costs, median_s, arguments)
        samples = race(ways, arguments.rounds, unmeasured=1)
    for way, (_, note) in WAYS.items():
        yield Row(f"{way}, per task", "us", each(samples[way], lambda sample: sample[0] * 1e6), note)
        yield Row(f"{way}, per MiB", "us/MiB", each(samples[way], lambda sample: sample[1] * 1e6), note)


def costs(median_s: Callable[[int, int], float], arguments: argparse.Namespace) -> tuple[float, float]:
    """Seconds per task and seconds per MiB of one way."""
    tiny_s = median_s(TINY, arguments.tasks)
    large_s = [median_s(MIB * mib, 1) for mib in arguments.mib]
    return tiny_s, statistics.linear_regression(arguments.mib, large_s).slope


if __name__ == "__main__":
    main(__doc__, SIZES, rows)
