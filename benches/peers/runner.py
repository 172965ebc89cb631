"""The trial protocol for runners in Python: maps the operands, answers the parent's requests, times the batch.

A runner hands `serve` one context manager, `start(batch)`. It starts the workers, yields `run(tasks, check)`, and ends
the workers afterwards. `run` computes these tasks and returns their results in order; `serve` copies them to where the
parent looks for them, after the clock has stopped. A `run` whose workers have put the results there themselves returns
none. README.md beside this file describes the protocol.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import multiprocessing
import os
import queue
import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import threadpoolctl

PROTOCOL = 1

# Seconds for a batch that is running, and for ending the workers, when the parent has gone.
GRACE_S = 5.0

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "matmul": np.matmul,
    "dot": np.dot,
    "fill": np.full,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "recip": np.reciprocal,
    "square": np.square,
    "exp": np.exp,
    "ln": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.minimum,
    "max": np.maximum,
    "pow": np.power,
}

DTYPES: dict[str, np.dtype[Any]] = {"f32": np.dtype(np.float32), "f64": np.dtype(np.float64)}

Message = dict[str, Any]
Run = Callable[[range, bool], Sequence[Any]]
Start = Callable[["Batch"], contextlib.AbstractContextManager[Run]]


class Refused(Exception):
    """This runner does not do what `hello` asks for."""


class Batch:
    """The operands of all tasks, mapped from the parent's memory.

    `function(*arguments[i])` is the result of task `i`, in memory of its own. A `private` batch has copied its inputs
    into memory from NumPy's allocator, which asks for huge pages.
    """

    def __init__(self, hello: Message) -> None:
        workload = hello["workload"]
        op = _known("operation", workload["op"], FUNCTIONS)
        dtype = DTYPES[_known("element type", workload["dtype"], DTYPES)]
        inputs: Any = _map(hello["arenas"]["inputs"], mmap.PROT_READ)
        if hello.get("private"):
            inputs = np.frombuffer(inputs, np.uint8).copy()
        outputs = _map(hello["arenas"]["outputs"], mmap.PROT_READ | mmap.PROT_WRITE)

        def views(tensor: Message) -> list[np.ndarray]:
            memory = outputs if tensor["output"] else inputs
            strides = [stride * dtype.itemsize for stride in tensor["strides"]]
            offsets = (tensor["base"] + task * tensor["step"] for task in range(workload["tasks"]))
            return [np.ndarray(tensor["shape"], dtype, memory, offset, strides) for offset in offsets]

        *operands, self._results = [views(tensor) for tensor in hello["tensors"]]
        self.hello = hello
        self.function = FUNCTIONS[op]
        self.arguments: list[tuple[Any, ...]]
        if op == "fill":
            self.arguments = [(result.shape, 1, dtype) for result in self._results]
        elif op == "dot":
            self.arguments = [(x[0], y[0]) for x, y in zip(*operands)]
        else:
            self.arguments = list(zip(*operands))

    def compute(self, task: int) -> Any:
        """The result of one task."""
        return self.function(*self.arguments[task])

    def store(self, task: int, result: Any) -> None:
        """Copies a result to where the parent looks for it."""
        self._results[task][...] = result


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0))


def serve(start: Start, *libraries: str) -> None:
    """Serves one parent over standard input and output.

    `libraries` are names and versions of what the runner uses beside NumPy.
    """
    answers = _take_stdout()
    requests = _listen()
    try:
        _converse(start, libraries, requests, answers)
    except Exception:
        traceback.print_exc()
        _end()


def _take_stdout() -> TextIO:
    """Standard output for answers alone: what a library prints goes to standard error from now on."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return answers


def _listen() -> queue.SimpleQueue[str | None]:
    """Lines from standard input; `None` at its end, which is the end of the parent.

    They are read by a thread of their own: a batch that hangs must not keep the runner from ending with its parent.
    """
    requests: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        # Not sys.stdin, whose lock this thread would hold while the interpreter shuts down.
        for line in open(0, closefd=False):
            requests.put(line)
        requests.put(None)
        time.sleep(GRACE_S)
        _end()

    threading.Thread(target=read, daemon=True).start()
    return requests


def _end() -> None:
    """Ends this process and its workers, without asking any of them: one that hangs would not answer."""
    for worker in _workers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    os._exit(1)


def _converse(
    start: Start,
    libraries: Sequence[str],
    requests: queue.SimpleQueue[str | None],
    answers: TextIO,
) -> None:
    def answer(kind: str, **fields: Any) -> None:
        print(json.dumps({"type": kind, **fields}), file=answers, flush=True)

    line = requests.get()
    if line is None:
        return
    hello = json.loads(line)
    if hello["type"] != "hello":
        raise ValueError("the first request is not hello")
    try:
        if hello["protocol"] != PROTOCOL:
            raise Refused(f"protocol {hello['protocol']}; this runner speaks {PROTOCOL}")
        batch = Batch(hello)
    except Refused as refusal:
        return answer("refused", reason=str(refusal))

    with start(batch) as run:
        answer("ready", protocol=PROTOCOL, version=_version(libraries), kernels=_kernels())
        while (line := requests.get()) is not None:
            request = json.loads(line)
            match request["type"]:
                case "run":
                    answer(**_timed(batch, run, request))
                case "quit":
                    break
                case other:
                    raise ValueError(f"`{other}` after hello")
        usage = _usage(_pids())
    # After the workers have ended: soon after this the parent kills what is left.
    if line is not None:
        answer("bye", **usage)


def _timed(batch: Batch, run: Run, request: Message) -> Message:
    """The answer to a `run`."""
    tasks = range(request["first"], request["first"] + request["count"])
    if tasks.stop > len(batch.arguments):
        return {"kind": "failed", "reason": f"tasks {tasks.start}+{len(tasks)} are beyond the batch"}
    try:
        results: Sequence[Any] = []
        begin = time.perf_counter()
        for _ in range(request["repeat"]):
            results = run(tasks, request["check"])
        wall_s = time.perf_counter() - begin
        if request["check"]:
            for task, result in zip(tasks, results):
                batch.store(task, result)
    except Exception as error:
        first_line = str(error).partition("\n")[0]
        return {"kind": "failed", "reason": f"{type(error).__name__}: {first_line}"}
    return {"kind": "done", "wall_s": wall_s}


def _version(libraries: Sequence[str]) -> str:
    """What does the arithmetic, and what hands it out."""
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    name = {"scipy-openblas": "OpenBLAS"}.get(blas["name"], blas["name"])
    return ", ".join([*libraries, f"NumPy {np.__version__} ({name} {blas['version']})"])


def _kernels() -> str:
    """The processors that the loaded BLAS libraries have chosen kernels for."""
    architectures = {pool.get("architecture") for pool in threadpoolctl.threadpool_info()}
    return ", ".join(sorted(architectures - {None}))


def _workers() -> list[int]:
    return [worker.pid for worker in multiprocessing.active_children() if worker.pid]


def _pids() -> list[int]:
    """The processes that work: this one, and its workers."""
    return [os.getpid(), *_workers()]


def _usage(pids: Sequence[int]) -> Message:
    """The largest resident sets of processes, summed, and the CPU seconds of each of their threads."""
    peak_rss_bytes = 0
    threads = []
    for process in (Path(f"/proc/{pid}") for pid in pids):
        with contextlib.suppress(OSError):  # A worker may have ended.
            fields = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
            peak_rss_bytes += int(fields["VmHWM"].split()[0]) * 1024
            for thread in (process / "task").iterdir():
                threads.append(int((thread / "schedstat").read_text().split()[0]) * 1e-9)
    return {"peak_rss_bytes": peak_rss_bytes, "threads": threads}


def _map(location: Message, protection: int) -> mmap.mmap:
    """A memory file of the parent, all its pages present.

    It is opened by its path, since workers inherit no descriptors, and for no more than `protection`: kernels before
    6.7 refuse a shared mapping of a sealed file through a descriptor that could write.
    """
    descriptor = os.open(location["path"], os.O_RDWR if protection & mmap.PROT_WRITE else os.O_RDONLY)
    try:
        return mmap.mmap(descriptor, location["bytes"], mmap.MAP_SHARED | mmap.MAP_POPULATE, protection)
    finally:
        os.close(descriptor)


def _known(what: str, name: str, known: dict[str, Any]) -> str:
    if name not in known:
        raise Refused(f"no {what} `{name}`; this runner has {', '.join(known)}")
    return name
