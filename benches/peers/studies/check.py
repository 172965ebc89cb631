"""Runs every study with small sizes, and checks its rows, what it refuses, and that it leaves nothing behind.

One line a study, `OK` or `FAIL` with the reason; exits with status 1 if any failed. Names of studies as arguments check
these alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

# Each study, how many rows it has, and an argument with which it takes minutes.
STUDIES = {
    "load_save": (27, "--rounds"),
    "matmul_processes": (5, "--rounds"),
    "matmul_threads": (4, "--rounds"),
    "share_arrays": (18, "--rounds"),
    "start_methods": (12, "--trips"),
}

# What may be missing on a machine, with what it is missing for.
MAY_BE_MISSING = {
    "serial, BLAS physical cores": "are physical cores",
    "load, cold": "stay in memory",
}

UNITS = {"s", "us", "us/MiB"}

# Seconds. A study with small sizes takes up to ten on an idle machine, and has five to end its workers.
STUDY_S = 120.0
END_S = 15.0

# Seconds after its start at which a study is ended: while it imports, starts its workers, and measures.
MOMENTS = (0.1, 0.7, 1.5, 3.0)


@contextmanager
def started(
    name: str, *arguments: str, environment: Mapping[str, str] = {}
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A study, and its folder for temporary files; raises unless it leaves nothing behind when it has ended."""
    shared = memory_files()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, HERE / f"{name}.py", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, "TMPDIR": folder},
        )
        try:
            yield process, folder
            assert process.poll() is not None, "it has not ended"
            assert not (pids := processes_of(folder)), f"processes {pids} are left"
            assert not (files := [path.name for path in Path(folder).iterdir()]), f"files are left: {files}"
            assert not (more := memory_files() - shared), f"/dev/shm has {more} more"
        finally:
            for pid in processes_of(folder):
                os.kill(pid, signal.SIGKILL)
            process.communicate()


def memory_files() -> set[str]:
    """The files of Python's shared memory and semaphores."""
    prefixes = ("psm_", "pym-", "sem.mp-", "sem.loky-", "joblib_")
    return {path.name for path in Path("/dev/shm").iterdir() if path.name.startswith(prefixes)}


def processes_of(folder: str) -> list[int]:
    """The processes that have this folder, or one in it, for their temporary files."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = path.read_bytes()
        except OSError:  # It has ended, or is another user's.
            continue
        if f"TMPDIR={folder}".encode() in environment:
            found.append(int(path.parent.name))
    return found


def rows_of(name: str, *arguments: str, environment: Mapping[str, str] = {}) -> dict[str, dict[str, Any]]:
    """The rows of a study that ends as it should."""
    with started(name, "--quick", *arguments, environment=environment) as (process, _):
        output, said = process.communicate(timeout=STUDY_S)
        assert process.returncode == 0, f"status {process.returncode}: {said[-2000:]}"
    lines = [json.loads(line) for line in output.splitlines()]
    rows = {line["row"]: line for line in lines}
    assert len(rows) == len(lines), "two rows have the same name"
    return rows


def check_rows(name: str) -> None:
    rows = rows_of(name)
    assert len(rows) == STUDIES[name][0], f"{len(rows)} rows"
    for row in rows.values():
        if "missing" in row:
            assert any(part in row["row"] and why in row["missing"] for part, why in MAY_BE_MISSING.items()), row
        else:
            assert row["unit"] in UNITS and row["n"] > 0 and row["note"], row
            assert row["low"] <= row["median"] <= row["high"], row
            assert row["low"] > 0 or row["unit"] == "us/MiB", row  # The slope of two small sizes may be anything.


def check_end(name: str, number: signal.Signals, moment_s: float) -> None:
    """A study that is ended by a signal leaves nothing behind, and no half of a row."""
    with started(name, "--quick", STUDIES[name][1], "1000000") as (process, _):
        time.sleep(moment_s)
        process.send_signal(number)
        output, _ = process.communicate(timeout=END_S)
        # Before it has imported what it needs, the signal does to it what it does to any Python.
        assert process.returncode in (128 + number, -number, 1), process.returncode
    for line in output.splitlines():
        json.loads(line)


def check_end_of_group(name: str, number: signal.Signals) -> None:
    """As `check_end`, where all its processes get the signal, as by Ctrl-C; and none has anything to say to that."""
    with started(name, "--quick", STUDIES[name][1], "1000000") as (process, folder):
        time.sleep(MOMENTS[-1])
        for pid in processes_of(folder):
            os.kill(pid, number)
        _, said = process.communicate(timeout=END_S)
        assert process.returncode == 128 + number, process.returncode
        assert "Traceback" not in said, said[-2000:]


def check_refusals(name: str) -> None:
    for arguments in (["--rounds", "0"], ["--rounds", "-1"], ["--rounds", "x"], ["--directory", "/no/such"], ["--no"]):
        with started(name, *arguments) as (process, _):
            output, said = process.communicate(timeout=STUDY_S)
            assert process.returncode == 2 and not output and arguments[0] in said, (process.returncode, said)


def check_environment() -> None:
    """What chooses kernels and threads does not reach a study."""
    variables = {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    changed = rows_of("matmul_processes", environment=variables)
    clean = {name: row.get("note") for name, row in rows_of("matmul_processes").items()}
    assert {name: row.get("note") for name, row in changed.items()} == clean, changed


def check_without_pandas() -> None:
    """Rows that need a library which is not there say so, and the others are there."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pandas.py").write_text("raise ModuleNotFoundError('no pandas here')\n")
        rows = rows_of("load_save", environment={"PYTHONPATH": folder})
    for name, row in rows.items():
        assert ("no pandas here" in row.get("missing", "")) == ("pandas" in name), row


def check_in_memory() -> None:
    """Files that cannot be cold have no figure for it."""
    rows = rows_of("load_save", "--csv-files", "1", "--npy-files", "1", "--directory", "/dev/shm")
    for name, row in rows.items():
        assert ("stay in memory" in row.get("missing", "")) == ("cold" in name), row


def check(name: str) -> None:
    check_rows(name)
    check_refusals(name)
    for number in (signal.SIGINT, signal.SIGTERM):
        for moment_s in MOMENTS:
            check_end(name, number, moment_s)
        check_end_of_group(name, number)
    if name == "matmul_processes":
        check_environment()
    if name == "load_save":
        check_without_pandas()
        check_in_memory()


def main() -> int:
    failed = False
    for name in sys.argv[1:] or STUDIES:
        begin = time.monotonic()
        try:
            check(name)
            verdict = "OK"
        except Exception as error:
            failed = True
            verdict = "FAIL"
            traceback.print_exception(error)
        print(f"{name:<20} {verdict:<4} {time.monotonic() - begin:6.1f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
