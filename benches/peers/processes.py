"""What the runners with worker processes share: one BLAS thread a process, and the worker's side of a mapped batch.

They import this module before NumPy, which reads the variable when it loads its BLAS; workers inherit it. Workers are
spawned, never forked: a fork of a process that has BLAS or pool threads can deadlock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from runner import Batch, Message, cpus  # noqa: E402

_batch: Batch | None = None


def open_batch(hello: Message) -> None:
    """Maps the operands in a worker, when it starts; never copies them, of which each worker would need all."""
    global _batch
    _batch = Batch(hello | {"private": False})


def compute_mapped(check: bool, task: int) -> None:
    """Computes a task of the mapped batch in a worker. The result stays there, unless it is to be checked."""
    assert _batch is not None, "a worker starts with open_batch"
    result = _batch.compute(task)
    if check:
        _batch.store(task, result)


def worker_pid(_: int) -> int:
    """The worker's process id, after a pause that lets others take their share."""
    time.sleep(0.01)
    return os.getpid()


def await_workers(ask: Callable[[], Iterable[int]]) -> None:
    """Returns when every worker has answered; `ask` runs `worker_pid` on as many items as there are workers."""
    answered: set[int] = set()
    while len(answered) < cpus():
        answered.update(ask())
