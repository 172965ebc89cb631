"""Matrix products by processes and by BLAS threads: 100 tasks, each two random 2000 x 2000 matrices and their product.

Without a pool the program makes all matrices first. In a pool, `multiprocessing.Pool` with a worker a CPU, each task
makes its own, and the product is pickled back to the program, which keeps it. The time is that of the whole program but
for the start of the interpreter and its imports: it includes making the matrices and starting the pool. Each run is a
new process. "theirs" are the seconds of the tutorial, on 4 cores with 8 threads and with a pool of 4.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import joblib
import numpy as np

from apart import once
from products import Sample, require_memory, row, timed
from study import Missing, Row, Size, cpus, main, race

SIZES = {
    "rounds": Size(3, 1, "how often each arrangement is measured"),
    "tasks": Size(100, 4, "how many products"),
    "n": Size(2_000, 64, "rows and columns of a matrix"),
}


def operands(task: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(task)
    return random.random((n, n)), random.random((n, n))


def product(task: int, n: int) -> np.ndarray:
    a, b = operands(task, n)
    return a @ b


def serial(tasks: int, n: int) -> list[np.ndarray]:
    require_memory(3 * tasks, n)
    pairs = [operands(task, n) for task in range(tasks)]
    return [a @ b for a, b in pairs]


def pool(tasks: int, n: int) -> list[np.ndarray]:
    # The results, and in each worker its operands, a result and that result pickled.
    require_memory(tasks + 4 * cpus(), n)
    with multiprocessing.get_context("spawn").Pool(cpus()) as workers:
        return workers.starmap(product, [(task, n) for task in range(tasks)])


def check(n: int, results: list[np.ndarray]) -> None:
    for task in {0, len(results) - 1}:
        a, b = operands(task, n)
        np.testing.assert_allclose(results[task][-1], b.T @ a[-1], rtol=1e-10)


@dataclass(frozen=True)
class Arrangement:
    """Where the parallelism is: `run(tasks, n)` returns the results, with so many BLAS threads; 0 is its default."""

    name: str
    run: Callable[[int, int], list[np.ndarray]]
    threads: int
    theirs: float

    def sample(self, tasks: int, n: int) -> Sample:
        environment = {"OPENBLAS_NUM_THREADS": str(self.threads)} if self.threads else {}
        run, judge = functools.partial(self.run, tasks, n), functools.partial(check, n)
        return once(timed, run, judge, environment=environment)


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    physical = joblib.cpu_count(only_physical_cores=True)
    arrangements = [
        Arrangement("serial, BLAS 1 thread", serial, 1, 33.1),
        Arrangement("serial, BLAS default", serial, 0, 15.9),
        Arrangement("serial, BLAS physical cores", serial, physical, 15.9),
        Arrangement("pool, BLAS 1 thread", pool, 1, 11.5),
        Arrangement("pool, BLAS default", pool, 0, 12.1),
    ]
    ways = {way.name: functools.partial(way.sample, arguments.tasks, arguments.n) for way in arrangements}
    missing = {}
    if physical == cpus():
        # The same threads as by default, and a minute of the study.
        missing["serial, BLAS physical cores"] = Missing(f"the {physical} CPUs are physical cores: as BLAS default")
    samples = race({name: way for name, way in ways.items() if name not in missing}, arguments.rounds) | missing
    for way in arrangements:
        note = f"{cpus()} workers" if way.run is pool else "the matrices are made first"
        yield row(way.name, samples[way.name], note, way.theirs)


if __name__ == "__main__":
    main(__doc__, SIZES, rows)
