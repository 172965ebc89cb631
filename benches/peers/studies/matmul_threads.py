"""Matrix products by threads and by BLAS threads: 100 pairs of 2000 x 2000 matrices, all ones, and their products.

`multiprocessing.pool.ThreadPool` has a worker a CPU, and hands the pairs out in its default chunks or in four. The time
includes making the matrices and starting the pool. Each run is a new process. "theirs" are the seconds of the tutorial,
on 4 cores with 8 threads.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Iterator
from multiprocessing.pool import ThreadPool

import numpy as np
import threadpoolctl

from apart import once
from products import Sample, require_memory, row, timed
from study import Row, Size, cpus, main, race

SIZES = {
    "rounds": Size(3, 1, "how often each arrangement is measured"),
    "tasks": Size(100, 4, "how many products"),
    "n": Size(2_000, 64, "rows and columns of a matrix"),
}

CHUNKS = 4


def pairs(tasks: int, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    require_memory(3 * tasks, n)
    return [(np.ones((n, n)), np.ones((n, n))) for _ in range(tasks)]


def serial(tasks: int, n: int) -> list[np.ndarray]:
    return [a.dot(b) for a, b in pairs(tasks, n)]


def pool(tasks: int, n: int, chunk: int | None = None) -> list[np.ndarray]:
    with ThreadPool(cpus()) as workers:
        return workers.starmap(np.dot, pairs(tasks, n), chunk)


def chunked_pool(tasks: int, n: int) -> list[np.ndarray]:
    return pool(tasks, n, -(-tasks // CHUNKS))


def check(n: int, results: list[np.ndarray]) -> None:
    if not all((result == n).all() for result in results):
        raise ValueError(f"a product of ones is not {n} everywhere")


def sample(run: Callable[[int, int], list[np.ndarray]], threads: int | None, tasks: int, n: int) -> Sample:
    """One run in this process, with so many BLAS threads or, as `None`, the default."""
    with threadpoolctl.threadpool_limits(threads, user_api="blas"):
        return timed(functools.partial(run, tasks, n), functools.partial(check, n))


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    size = (arguments.tasks, arguments.n)
    workers = f"{cpus()} workers"
    in_chunks = f"{workers}, chunksize={-(-arguments.tasks // CHUNKS)}; in the tutorial about as serial"
    limited = f"{workers}, limited by threadpoolctl"
    arrangements = {
        "serial, BLAS default": (serial, None, "one product after the other", 10.705),
        "pool, BLAS default": (pool, None, workers, 17.354),
        f"pool in {CHUNKS} chunks, BLAS default": (chunked_pool, None, in_chunks, None),
        "pool, BLAS 1 thread": (pool, 1, limited, None),
    }
    ways = {
        name: functools.partial(once, sample, run, threads, *size)
        for name, (run, threads, _, _) in arrangements.items()
    }
    samples = race(ways, arguments.rounds)
    for name, (_, _, note, theirs) in arrangements.items():
        yield row(name, samples[name], note, theirs)


if __name__ == "__main__":
    main(__doc__, SIZES, rows)
