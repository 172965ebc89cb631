"""The ways of Python to share an array with a worker process.

A module of its own: joblib's workers find its functions by their module, which a study that runs apart does not have.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.queues import Queue
from multiprocessing.shared_memory import SharedMemory
from queue import Empty
from typing import Any

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor

from apart import messages

# joblib maps arguments above 1 MiB by itself; half of that, so that the smallest of the slope is mapped as well.
JOBLIB_MAPS_FROM = 2**19

# Seconds after which a result will not come: a queue does not tell that the worker has ended.
QUEUE_S = 60

SPAWN = multiprocessing.get_context("spawn")
FORK = multiprocessing.get_context("fork")

# Takes an array and its sum to a worker and returns the worker's array.
Exchange = Callable[[np.ndarray, float], np.ndarray]


def work(x: np.ndarray, total: float, out: np.ndarray | None = None) -> np.ndarray:
    """What the worker does with an array whose sum is `total`."""
    if (found := x.sum()) != total:
        raise ValueError(f"the worker's array has the sum {found}, not {total}")
    return np.add(x, 1.0, out=out)


@contextlib.contextmanager
def worker(function: Callable[..., None], *arguments: Any) -> Iterator[Connection]:
    """The connection to a process that runs `function(connection, *arguments)` until it is closed."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=function, args=(theirs, *arguments))
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join()


@contextlib.contextmanager
def no_sharing(_capacity: int) -> Iterator[Exchange]:
    yield work


@contextlib.contextmanager
def function_argument(_capacity: int) -> Iterator[Exchange]:
    with SPAWN.Pool(1) as pool:
        yield lambda x, total: pool.apply(work, (x, total))


def answer_pipe(connection: Connection) -> None:
    for x, total in messages(connection):
        connection.send(work(x, total))


@contextlib.contextmanager
def pipe(_capacity: int) -> Iterator[Exchange]:
    with worker(answer_pipe) as connection:

        def exchange(x: np.ndarray, total: float) -> np.ndarray:
            connection.send((x, total))
            return connection.recv()

        yield exchange


def answer_queue(connection: Connection, tasks: Queue, results: Queue) -> None:
    while (task := tasks.get()) is not None:
        results.put(work(*task))


@contextlib.contextmanager
def queue(_capacity: int) -> Iterator[Exchange]:
    tasks, results = SPAWN.Queue(), SPAWN.Queue()
    with worker(answer_queue, tasks, results):

        def exchange(x: np.ndarray, total: float) -> np.ndarray:
            tasks.put((x, total))
            try:
                return results.get(timeout=QUEUE_S)
            except Empty:
                raise TimeoutError(f"no result within {QUEUE_S} s") from None

        try:
            yield exchange
        finally:
            tasks.put(None)


inherited = np.empty(0)


def answer_inherited(connection: Connection, total: float) -> None:
    connection.send(work(inherited, total))


@contextlib.contextmanager
def inherited_global(_capacity: int) -> Iterator[Exchange]:
    def exchange(x: np.ndarray, total: float) -> np.ndarray:
        global inherited
        inherited = x
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=answer_inherited, args=(theirs, total))
        process.start()
        theirs.close()
        result = ours.recv()
        process.join()
        return result

    yield exchange


def answer_raw_array(connection: Connection, source: Any, target: Any) -> None:
    x, out = np.frombuffer(source), np.frombuffer(target)
    for elements, total in messages(connection):
        work(x[:elements], total, out[:elements])
        connection.send(None)


@contextlib.contextmanager
def raw_array(capacity: int) -> Iterator[Exchange]:
    source, target = SPAWN.RawArray("d", capacity), SPAWN.RawArray("d", capacity)
    ours, theirs = np.frombuffer(source), np.frombuffer(target)
    with worker(answer_raw_array, source, target) as connection:

        def exchange(x: np.ndarray, total: float) -> np.ndarray:
            ours[: x.size] = x
            connection.send((x.size, total))
            connection.recv()
            return theirs[: x.size]

        yield exchange


def answer_shared_memory(connection: Connection) -> None:
    for source, target, elements, total in messages(connection):
        with contextlib.closing(SharedMemory(source)) as x, contextlib.closing(SharedMemory(target)) as out:
            work(view(x, elements), total, view(out, elements))
        connection.send(None)


def view(memory: SharedMemory, elements: int) -> np.ndarray:
    """An array there. It has to be gone before the memory is closed."""
    return np.frombuffer(memory.buf, np.float64, elements)


@contextlib.contextmanager
def new_memory(elements: int) -> Iterator[SharedMemory]:
    memory = SharedMemory(create=True, size=elements * 8)
    try:
        yield memory
    finally:
        memory.close()
        memory.unlink()


@contextlib.contextmanager
def shared_memory(capacity: int) -> Iterator[Exchange]:
    # The file is as long as requested in any case, and a write beyond what /dev/shm has room for is a SIGBUS.
    room = os.statvfs("/dev/shm")
    if (free := room.f_bavail * room.f_frsize) < 2 * 8 * capacity:
        raise OSError(f"/dev/shm has {free // 2**20} MiB free, {2 * 8 * capacity // 2**20} MiB are needed")
    with new_memory(capacity) as source, new_memory(capacity) as target, worker(answer_shared_memory) as connection:

        def exchange(x: np.ndarray, total: float) -> np.ndarray:
            view(source, x.size)[:] = x
            connection.send((source.name, target.name, x.size, total))
            connection.recv()
            return view(target, x.size)

        yield exchange


def answer_manager(connection: Connection, store: Any) -> None:
    for total in messages(connection):
        store["result"] = work(store["operand"], total)
        connection.send(None)


@contextlib.contextmanager
def manager_process(_capacity: int) -> Iterator[Exchange]:
    with SPAWN.Manager() as manager:
        store = manager.dict()
        with worker(answer_manager, store) as connection:

            def exchange(x: np.ndarray, total: float) -> np.ndarray:
                store["operand"] = x
                connection.send(total)
                connection.recv()
                return store["result"]

            yield exchange


@contextlib.contextmanager
def memory_mapped_file(_capacity: int) -> Iterator[Exchange]:
    with joblib.Parallel(n_jobs=2, max_nbytes=JOBLIB_MAPS_FROM) as parallel:
        yield lambda x, total: parallel([joblib.delayed(work)(x, total)])[0]
    get_reusable_executor(reuse=True).shutdown(wait=True)  # Its idle workers would keep this process for five minutes.


WAYS: dict[str, tuple[Callable[[int], contextlib.AbstractContextManager[Exchange]], str]] = {
    "no sharing": (no_sharing, "the program itself"),
    "function argument": (function_argument, "Pool.apply: pickled to the worker and back"),
    "pipe": (pipe, "Pipe: pickled to the worker and back"),
    "queue": (queue, "Queue: pickled to the worker and back, by threads"),
    "inherited global": (inherited_global, "a new process for every task, by fork; the result by a pipe"),
    "raw shared array": (raw_array, "RawArray: copied in; the result is used where it lies"),
    "named shared memory": (
        shared_memory,
        "SharedMemory, attached for every task: copied in; the result is used where it lies",
    ),
    "manager process": (manager_process, "Manager().dict(): pickled in and out of it by both sides"),
    "memory-mapped file": (
        memory_mapped_file,
        "joblib: written to a file that the worker maps; the result pickled back",
    ),
}
