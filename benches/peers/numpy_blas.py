"""NumPy, one task after the other, with the threads that its BLAS takes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from runner import Batch, Run, serve


@contextmanager
def start(batch: Batch) -> Iterator[Run]:
    def run(tasks: range, _check: bool) -> list[Any]:
        return [batch.compute(task) for task in tasks]

    yield run


if __name__ == "__main__":
    serve(start)
