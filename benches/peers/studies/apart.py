"""Functions in a process of their own: what one way of a study does to its process does not reach another way.

Threads that a BLAS has started, memory that is mapped and pools that run make a fork slower, take a core, or change
what is measured next.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

ONE_BLAS_THREAD = {"OPENBLAS_NUM_THREADS": "1"}

Start = Callable[..., contextlib.AbstractContextManager[Callable[..., Any]]]


class Failed(Exception):
    """A function apart has failed; the message is one line."""


@contextlib.contextmanager
def apart(start: Start, *arguments: Any, environment: Mapping[str, str] = {}) -> Iterator[Callable[..., Any]]:
    """Enters `start(*arguments)` in a new, spawned process, and yields the function that it yields there.

    A call of it raises `Failed` if `start` or the function has raised, or if the process has ended. `environment` is
    added to that of the process before it imports anything.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, start, arguments))
    with _added(environment):
        process.start()
    theirs.close()

    def call(*arguments: Any) -> Any:
        try:
            ours.send(arguments)
            answer, failure = ours.recv()
        except (EOFError, OSError):
            process.join()
            raise Failed(f"its process has ended with status {process.exitcode}") from None
        if failure:
            raise Failed(failure)
        return answer

    try:
        yield call
    finally:
        ours.close()
        process.join()


def once(function: Callable[..., Any], *arguments: Any, environment: Mapping[str, str] = {}) -> Any:
    """`function(*arguments)` in a process that is made for this one call."""
    with apart(contextlib.nullcontext, function, environment=environment) as call:
        return call(*arguments)


def messages(connection: Connection) -> Iterator[Any]:
    """What arrives, until the other end is closed."""
    while True:
        try:
            message = connection.recv()
        except EOFError:
            return
        yield message


def one_line(error: Exception) -> str:
    """What stands in a row for an error."""
    if isinstance(error, EOFError):
        return "a worker has ended"  # What it had to say is on standard error.
    first_line = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__


@contextlib.contextmanager
def _added(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _serve(connection: Connection, start: Start, arguments: tuple[Any, ...]) -> None:
    try:
        with start(*arguments) as function:
            for call in messages(connection):
                connection.send(_outcome(function, call))
    except Exception as error:
        for _ in messages(connection):
            connection.send((None, one_line(error)))


def _outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str | None]:
    try:
        return function(*arguments), None
    except Exception as error:
        return None, one_line(error)
