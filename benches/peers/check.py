"""Starts every runner in this folder as the parent would, and checks what it answers and leaves behind.

One line a runner, `OK` or `FAIL` with the reason; exits with status 1 if any failed. Names of runners as arguments
check these alone.
"""

from __future__ import annotations

import fcntl
import json
import math
import mmap
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
NO_RUNNERS = {"check", "processes", "runner"}
TASKS = 5

# Seconds. A runner starts in about one on an idle machine, and has to be gone in 10 when its parent is.
ANSWER_S = 60.0
GONE_S = 10.0

# Operation, element type, shape of each operand, layout of each operand (r: by rows, c: by columns); the result last.
Case = tuple[str, str, list[tuple[int, int]], str]
MATMUL: Case = ("matmul", "f64", [(33, 20), (20, 41), (33, 41)], "rrr")
CASES: list[Case] = [
    MATMUL,
    ("matmul", "f32", [(33, 20), (20, 41), (33, 41)], "crc"),
    ("matmul", "f64", [(7, 0), (0, 3), (7, 3)], "rcr"),
    ("dot", "f32", [(1, 999), (1, 999), (1, 1)], "rrr"),
    ("fill", "f64", [(10, 7)], "r"),
    ("exp", "f32", [(10, 7), (10, 7)], "rr"),
    ("add", "f64", [(1, 70), (1, 70), (1, 70)], "rrr"),
]

# Every other operation, checked in one runner: all take them from one table.
ELEMENTWISE = {
    "neg": lambda x: -x,
    "abs": lambda x: abs(x),
    "sqrt": lambda x: x**0.5,
    "recip": lambda x: 1 / x,
    "square": lambda x: x * x,
    "exp": lambda x: math.e**x,
    "ln": lambda x: np.log2(x) * math.log(2),
    "sin": lambda x: np.exp(1j * x).imag,
    "cos": lambda x: np.exp(1j * x).real,
    "tanh": lambda x: 1 - 2 / (math.e ** (2 * x) + 1),
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "min": lambda x, y: np.where(x < y, x, y),
    "max": lambda x, y: np.where(x > y, x, y),
    "pow": lambda x, y: math.e ** (y * np.log(x)),
}


class Arena:
    """The operands of a batch in two memory files, as the parent lays them out."""

    def __init__(self, op: str, dtype: str, shapes: list[tuple[int, int]], layouts: str) -> None:
        self.op = op
        element = np.dtype({"f32": np.float32, "f64": np.float64}[dtype])
        ends = {False: 0, True: 0}
        tensors: list[dict[str, Any]] = []
        for i, ((rows, columns), layout) in enumerate(zip(shapes, layouts)):
            output = i == len(shapes) - 1
            step = -(-rows * columns * element.itemsize // 64) * 64
            strides = [columns, 1] if layout == "r" else [1, rows]
            place = {"base": ends[output], "step": step, "shape": [rows, columns], "strides": strides}
            tensors.append({"name": f"operand {i}", "output": output, **place})
            ends[output] += step * TASKS

        self.files = [os.memfd_create(name, os.MFD_ALLOW_SEALING) for name in ("inputs", "outputs")]
        lengths = [max(4096, end) for end in ends.values()]
        memories = []
        for file, length in zip(self.files, lengths):
            os.ftruncate(file, length)
            memories.append(mmap.mmap(file, length))
        inputs = np.frombuffer(memories[0], element)
        inputs[:] = np.random.default_rng(1).uniform(0.5, 2.0, inputs.size)
        self.outputs = np.frombuffer(memories[1], element)

        def view(tensor: dict[str, Any], task: int) -> np.ndarray:
            strides = [stride * element.itemsize for stride in tensor["strides"]]
            offset = tensor["base"] + task * tensor["step"]
            return np.ndarray(tensor["shape"], element, memories[tensor["output"]], offset, strides)

        *operands, self.results = [[view(tensor, task) for task in range(TASKS)] for tensor in tensors]
        self.operands = [[view.astype(np.float64) for view in operand] for operand in operands]
        self.tolerance = 1e3 * np.finfo(element).eps

        # A file with a writable mapping cannot be sealed.
        del operands, inputs
        memories[0].close()
        fcntl.fcntl(self.files[0], fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)

        paths = [f"/proc/{os.getpid()}/fd/{file}" for file in self.files]
        locations = [{"fd": f, "path": p, "bytes": n} for f, p, n in zip(self.files, paths, lengths)]
        self.hello = {
            "type": "hello",
            "protocol": 1,
            "workload": {"op": op, "dtype": dtype, "shape": "as in tensors", "tasks": TASKS},
            "combination": "peer/check",
            "private": False,
            "arenas": dict(zip(("inputs", "outputs"), locations)),
            "tensors": tensors,
        }

    def poison(self) -> None:
        """Makes every output a NaN."""
        self.outputs[:] = np.nan

    def judge(self, tasks: range) -> None:
        """Raises unless exactly `tasks` have their results."""
        for task in range(TASKS):
            expected = self.expected(task) if task in tasks else np.nan
            np.testing.assert_allclose(self.results[task], expected, self.tolerance, self.tolerance, err_msg=self.op)

    def expected(self, task: int) -> Any:
        operands = [operand[task] for operand in self.operands]
        match self.op:
            case "matmul":
                return np.einsum("ij,jk->ik", *operands)
            case "dot":
                return sum(operands[0][0] * operands[1][0])
            case "fill":
                return 1.0
            case op:
                return ELEMENTWISE[op](*operands)


class Trial:
    """A runner in a process group of its own."""

    def __init__(self, runner: Path, arena: Arena) -> None:
        self.process = subprocess.Popen(
            [sys.executable, runner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=arena.files,
            process_group=0,
        )
        self.unread = b""

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_: object) -> None:
        if self.alive():
            os.killpg(self.process.pid, signal.SIGKILL)
        with self.process:  # Closes the pipes.
            self.process.wait()

    def send(self, **request: Any) -> None:
        self.process.stdin.write(json.dumps(request).encode() + b"\n")

    def ask(self, expected: str, **request: Any) -> dict[str, Any]:
        """Sends a request and returns its answer, which must be of the type `expected`."""
        self.send(**request)
        until = time.monotonic() + ANSWER_S
        while b"\n" not in self.unread:
            left = max(0.0, until - time.monotonic())
            assert select.select([self.process.stdout], [], [], left)[0], f"no answer to {request['type']}"
            read = os.read(self.process.stdout.fileno(), 4096)
            assert read, f"ended at {request['type']}: {self.process.stderr.read().decode()[-2000:]}"
            self.unread += read
        line, self.unread = self.unread.split(b"\n", 1)
        answer = json.loads(line)
        assert answer["type"] == expected, f"answered {answer} to {request['type']}"
        return answer

    def ready(self, hello: dict[str, Any]) -> None:
        answer = self.ask("ready", **hello)
        assert answer["protocol"] == 1 and answer["version"], answer

    def run(self, tasks: range, repeat: int, check: bool) -> None:
        cost = self.ask("done", type="run", first=tasks.start, count=len(tasks), repeat=repeat, check=check)
        assert 0.0 < cost["wall_s"] < ANSWER_S, cost

    def pause(self) -> None:
        """What the parent does between samples."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        time.sleep(0.05)
        os.killpg(self.process.pid, signal.SIGCONT)

    def ended(self) -> None:
        """Raises unless the runner and all that it started end in time, and nothing is left on its standard output."""
        status = self.process.wait(GONE_S)
        until = time.monotonic() + GONE_S
        while self.alive():
            assert time.monotonic() < until, f"workers {self.alive()} are left"
            time.sleep(0.05)
        left = self.unread + self.process.stdout.read()
        assert not left, f"wrote {left!r} to standard output"
        said = self.process.stderr.read().decode()
        assert "Traceback" not in said and status in (0, 1), f"status {status}: {said[-2000:]}"

    def alive(self) -> list[int]:
        """The processes of the group that have not ended."""
        alive = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                state, _parent, group = path.read_text().rpartition(")")[2].split()[:3]
            except OSError:  # It has just ended.
                continue
            if int(group) == self.process.pid and state != "Z":
                alive.append(int(path.parent.name))
        return alive


def check_results(runner: Path, case: Case, private: bool = False) -> None:
    arena = Arena(*case)
    everything = range(TASKS)
    with Trial(runner, arena) as trial:
        trial.ready(arena.hello | {"private": private})
        for tasks in (range(1, 4), everything):
            arena.poison()
            trial.run(tasks, repeat=1, check=True)
            arena.judge(tasks)
            trial.pause()
            trial.run(tasks, repeat=3, check=False)
            trial.pause()
        arena.poison()
        trial.run(everything, repeat=2, check=True)
        arena.judge(everything)
        trial.ask("bye", type="quit")
        trial.ended()


def check_refusals(runner: Path) -> None:
    for change in ({"protocol": 99}, {"workload": {"op": "no-such", "dtype": "f64", "shape": "1", "tasks": TASKS}}):
        arena = Arena(*MATMUL)
        with Trial(runner, arena) as trial:
            assert trial.ask("refused", **arena.hello | change)["reason"]
            trial.ended()


def check_failure(runner: Path) -> None:
    """What cannot be run is answered, and the next request too."""
    arena = Arena(*MATMUL)
    with Trial(runner, arena) as trial:
        trial.ready(arena.hello)
        failure = trial.ask("failed", type="run", first=0, count=TASKS + 1, repeat=1, check=False)
        assert failure["reason"], failure
        trial.run(range(TASKS), repeat=1, check=False)
        trial.ask("bye", type="quit")
        trial.ended()


def check_end_of_parent(runner: Path, busy: bool) -> None:
    """End of file on standard input ends the runner and all its workers, in the middle of a run too."""
    arena = Arena(*MATMUL)
    with Trial(runner, arena) as trial:
        trial.ready(arena.hello)
        trial.run(range(TASKS), repeat=1, check=False)
        if busy:
            trial.send(type="run", first=0, count=TASKS, repeat=10**9, check=False)
        trial.process.stdin.close()
        trial.ended()


def check(runner: Path) -> None:
    if runner.stem == "example":
        check_results(runner, MATMUL)
    else:
        for case in CASES:
            check_results(runner, case)
        check_results(runner, MATMUL, private=True)
        check_failure(runner)
        check_end_of_parent(runner, busy=True)
    if runner.stem == "numpy_blas":
        for op, function in ELEMENTWISE.items():
            operands = function.__code__.co_argcount + 1
            check_results(runner, (op, "f64", [(3, 50)] * operands, "r" * operands))
    check_refusals(runner)
    check_end_of_parent(runner, busy=False)


def main() -> int:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NO_RUNNERS)
    failed = False
    for name in names:
        begin = time.monotonic()
        try:
            check(HERE / f"{name}.py")
            verdict = "OK"
        except Exception as error:
            failed = True
            verdict = "FAIL"
            traceback.print_exception(error)
        print(f"{name:<20} {verdict:<4} {time.monotonic() - begin:6.1f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
