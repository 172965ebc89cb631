"""What it costs to start workers in Python, and to send one an empty task.

Cold: from the request for a worker, or for a pool of two, to the answer of the last of them, each in a new process
that has imported NumPy and has no other threads. Workers that are spawned, or come from a forkserver, import the
program, and NumPy with it. Warm: the round trip of one empty task at a time to a pool of two that has been used before.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

import joblib
import numpy as np  # noqa: F401  As every program does that has arrays to share.
from joblib.externals.loky import get_reusable_executor

from apart import ONE_BLAS_THREAD, Start, apart, once
from study import Missing, Row, Size, each, main, race

SIZES = {
    "rounds": Size(11, 1, "how often each start is measured"),
    "trips": Size(10_000, 20, "how many round trips are measured"),
    "unmeasured": Size(1_000, 5, "how many round trips come before and do not count"),
}

WORKERS = 2

# The empty task. Not a function of this file: loky's workers could not import it from a program that runs apart.
empty = os.getpid

# Round trips that one pool makes before it is the next one's turn.
TURN = 100

NOTES = {
    "spawn": "a new interpreter, which imports the program",
    "forkserver": "forked by a server process, not by the program",
    "fork": "a copy of the program; may deadlock where it has threads",
}


def say(connection: Connection) -> None:
    connection.send(None)


def one_worker_s(method: str) -> float:
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=say, args=(theirs,))
    begin = time.perf_counter()
    process.start()
    theirs.close()  # A worker that dies is the end of the file.
    ours.recv()
    seconds = time.perf_counter() - begin
    process.join()
    return seconds


def await_all(barrier: Barrier) -> None:
    barrier.wait()


def pool_s(method: str) -> float:
    """Seconds until a worker answers that has waited for all others."""
    context = multiprocessing.get_context(method)
    barrier = context.Barrier(WORKERS)
    begin = time.perf_counter()
    with context.Pool(WORKERS, await_all, (barrier,)) as pool:
        pool.apply(empty)
        return time.perf_counter() - begin


def starts_s(start_s: Callable[[str], float], method: str) -> tuple[float, float]:
    """Two starts, one after the other: the second finds a forkserver running."""
    return start_s(method), start_s(method)


STARTS: dict[str, Callable[[str], float]] = {"one worker": one_worker_s, f"pool of {WORKERS}": pool_s}


def trips_us(trip: Callable[[], object], count: int) -> list[float]:
    """Microseconds of each of so many round trips."""
    times = []
    for _ in range(count):
        begin = time.perf_counter_ns()
        trip()
        times.append((time.perf_counter_ns() - begin) / 1e3)
    return times


@contextlib.contextmanager
def multiprocessing_pool() -> Iterator[Callable[[int], list[float]]]:
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        yield functools.partial(trips_us, lambda: pool.apply(empty))


def submitted(executor: Executor) -> Callable[[int], list[float]]:
    return functools.partial(trips_us, lambda: executor.submit(empty).result())


@contextlib.contextmanager
def process_pool_executor() -> Iterator[Callable[[int], list[float]]]:
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as executor:
        yield submitted(executor)


@contextlib.contextmanager
def loky_executor() -> Iterator[Callable[[int], list[float]]]:
    with get_reusable_executor(WORKERS) as executor:
        yield submitted(executor)


@contextlib.contextmanager
def joblib_parallel() -> Iterator[Callable[[int], list[float]]]:
    with joblib.Parallel(n_jobs=WORKERS) as parallel:
        yield functools.partial(trips_us, lambda: parallel([joblib.delayed(empty)()]))
    get_reusable_executor(reuse=True).shutdown(wait=True)  # Its idle workers would keep this process for five minutes.


POOLS: dict[str, tuple[Start, str]] = {
    "multiprocessing.Pool": (multiprocessing_pool, "apply"),
    "ProcessPoolExecutor": (process_pool_executor, "submit, then result"),
    "loky": (loky_executor, "submit, then result"),
    "joblib": (joblib_parallel, "Parallel over loky, called with one task: it asks for results every 10 ms"),
}


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    yield from cold(arguments.rounds)
    yield from warm(arguments.trips, arguments.unmeasured)


def cold(rounds: int) -> Iterator[Row]:
    pairs = [(what, method) for what in STARTS for method in NOTES]
    ways = {
        (what, method): functools.partial(once, starts_s, STARTS[what], method, environment=ONE_BLAS_THREAD)
        for what, method in pairs
    }
    samples = race(ways, rounds)
    for what, method in pairs:
        first_s = each(samples[what, method], lambda sample: sample[0])
        if method == "forkserver":
            second_s = each(samples[what, method], lambda sample: sample[1])
            yield Row(f"{what}, {method}, first", "s", first_s, f"the server is started; {NOTES[method]}")
            yield Row(f"{what}, {method}, warm", "s", second_s, f"the server runs; {NOTES[method]}")
        else:
            yield Row(f"{what}, {method}", "s", first_s, NOTES[method])


def warm(trips: int, unmeasured: int) -> Iterator[Row]:
    turn = min(TURN, trips)
    with contextlib.ExitStack() as stack:
        calls = {
            pool: stack.enter_context(apart(start, environment=ONE_BLAS_THREAD)) for pool, (start, _) in POOLS.items()
        }
        race({pool: functools.partial(call, unmeasured) for pool, call in calls.items()}, 1)
        turns = race({pool: functools.partial(call, turn) for pool, call in calls.items()}, -(-trips // turn))
    for pool, (_, note) in POOLS.items():
        found = turns[pool]
        samples = found if isinstance(found, Missing) else [trip for times in found for trip in times]
        yield Row(f"empty task, {pool}", "us", samples, note)


if __name__ == "__main__":
    main(__doc__, SIZES, rows)
