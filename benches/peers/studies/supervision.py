"""Starts a study a second time, as a child with a clean environment, and ends all that it leaves behind.

A study has workers, temporary files and shared memory, and may be ended at any moment. So a first process, which only
waits, starts the program again with a folder of its own for temporary files. When that has ended, or SIGINT, SIGTERM or
SIGHUP says so, the first process ends every process below it and removes the folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

# Set in the child to the process id of the first process.
_MARK = "GINGHAM_STUDY"

# They override OpenBLAS's own choice of kernels: on AVX-512 the first two halve it.
_KERNELS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_KERNELS_PREFIX = "NVPL_"

# A study sets the numbers of threads itself; "default" means what a BLAS takes where nobody has set one.
_THREADS = (
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_DEFAULT_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
)

# What a terminal sends to every process of a group.
_FOR_GROUPS = (signal.SIGINT, signal.SIGHUP)

# Seconds after which processes that SIGTERM has not ended are killed.
_GRACE_S = 5.0

# Seconds between two looks at the child.
_PAUSE_S = 0.05

# From linux/prctl.h.
_PR_SET_CHILD_SUBREAPER = 36


def is_supervised() -> bool:
    """Whether this process is the child."""
    return os.environ.get(_MARK) == str(os.getppid())


def leave_signals() -> None:
    """Ignores, in the child and all that it starts, what ends the first process: Ctrl-C reaches the whole group."""
    for number in _FOR_GROUPS:
        signal.signal(number, signal.SIG_IGN)


def supervise(directory: Path | None) -> int:
    """Runs this program as a child and returns its exit status, 128 and the number of a signal if one ended it.

    The child's temporary files are made in a new folder of `directory`, or of the system's place for them.
    """
    ends: list[int] = []
    for number in (signal.SIGTERM, *_FOR_GROUPS):
        signal.signal(number, lambda number, _: ends.append(number))
    # Processes whose parent has ended become children of this one, which therefore knows when all have ended.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    with tempfile.TemporaryDirectory(prefix="gingham-study-", dir=directory) as temporary:
        try:
            # Signals for groups are blocked until `leave_signals`. Not for longer: a resource tracker unblocks SIGINT.
            program = os.posix_spawn(
                sys.executable,
                [sys.executable, *sys.argv],
                _environment() | {_MARK: str(os.getpid()), "TMPDIR": temporary},
                setsigmask=_FOR_GROUPS,
            )
            while not ends:
                pid, status = os.waitpid(program, os.WNOHANG)
                if pid:
                    code = os.waitstatus_to_exitcode(status)
                    return code if code >= 0 else 128 - code
                time.sleep(_PAUSE_S)
            return 128 + ends[0]
        finally:
            _end_all()


def _environment() -> dict[str, str]:
    """The environment without what changes kernels or numbers of threads: a BLAS reads it when NumPy is imported."""
    cleared = {*_KERNELS, *_THREADS}
    return {k: v for k, v in os.environ.items() if k not in cleared and not k.startswith(_KERNELS_PREFIX)}


def _end_all() -> None:
    """Ends all processes below this one.

    By SIGTERM at first, which Python's resource trackers ignore: they remove semaphores and shared memory when all
    other processes have ended.
    """
    begin = time.monotonic()
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        pids = [int(pid) for pid in children.read_text().split()]
        if not pids:
            return
        for pid in pids:
            os.kill(pid, signal.SIGTERM if time.monotonic() < begin + _GRACE_S else signal.SIGKILL)
        time.sleep(_PAUSE_S)
