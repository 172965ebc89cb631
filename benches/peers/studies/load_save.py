"""Loading and saving many arrays of f64 in Python: one after the other, by two threads, by two processes.

Every file is loaded into an array in the program, so processes pickle what they have loaded; for saving they are sent
the arrays. Workers are started before the clock, all arrays of a batch are kept until it stops, and every element is
compared afterwards. "Warm": the files are in the page cache. "Cold": they have been dropped from it; the cache of a
virtual machine's host, or of the disk, may still have them. Saving ends in the page cache, and is not forced to disk.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from apart import ONE_BLAS_THREAD, apart
from study import Row, Size, main, race

SIZES = {
    "rounds": Size(3, 1, "how often each way is measured"),
    "npy-files": Size(2_000, 6, "how many .npy files"),
    "npy-kib": Size(512, 16, "size of an array in a .npy file, in KiB"),
    "csv-files": Size(100, 4, "how many CSV files"),
    "csv-kib": Size(1_024, 16, "size of an array in a CSV file, in KiB as f64 in memory"),
}

WORKERS = 2
COLUMNS = 128  # A row is 1 KiB.

# As many digits as tell every f64 from its neighbours. A number takes up to 24 bytes of text, 8 in memory.
DIGITS = "%.17g"
TEXT_PER_BYTE = 3

Array = np.ndarray

# As `map`: calls a function with the next item of each iterable.
SpreadMap = Callable[..., Iterable[Any]]


def load_csv_numpy(path: Path) -> Array:
    return np.loadtxt(path, delimiter=",", ndmin=2)


def save_csv_numpy(path: Path, array: Array) -> None:
    np.savetxt(path, array, DIGITS, ",")


def load_csv_pandas(path: Path) -> Array:
    import pandas  # Here, so that the other rows are there without it.

    return pandas.read_csv(path, header=None, engine="c", float_precision="round_trip").to_numpy()


def save_csv_pandas(path: Path, array: Array) -> None:
    import pandas

    pandas.DataFrame(array).to_csv(path, header=False, index=False)


@dataclass(frozen=True)
class Format:
    """A kind of file, and a library's functions for it."""

    kind: str
    load: Callable[[Path], Array]
    save: Callable[[Path, Array], Any]
    load_note: str
    save_note: str


FORMATS = {
    "npy": Format("npy", np.load, np.save, "numpy.load", "numpy.save"),
    "CSV, NumPy": Format("csv", load_csv_numpy, save_csv_numpy, "numpy.loadtxt", f"numpy.savetxt with {DIGITS}"),
    "CSV, pandas": Format(
        "csv",
        load_csv_pandas,
        save_csv_pandas,
        "read_csv with its C reader and float_precision='round_trip'",
        "DataFrame.to_csv",
    ),
}


def prepare() -> None:
    """Imports in a worker what its tasks would import while the clock runs."""
    with contextlib.suppress(ImportError):
        import pandas  # noqa: F401


@contextlib.contextmanager
def serial() -> Iterator[SpreadMap]:
    yield map


@contextlib.contextmanager
def pool(executor: Executor) -> Iterator[SpreadMap]:
    with executor:
        list(executor.map(time.sleep, [0.1] * WORKERS))  # Starts the workers.
        yield executor.map


def threads() -> contextlib.AbstractContextManager[SpreadMap]:
    return pool(ThreadPoolExecutor(WORKERS))


def processes() -> contextlib.AbstractContextManager[SpreadMap]:
    return pool(ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn"), prepare))


SPREADS = {"serial": serial, f"{WORKERS} threads": threads, f"{WORKERS} processes": processes}


@dataclass(frozen=True)
class Files:
    """Files of one kind in a folder, and the arrays that are in them."""

    folder: Path
    kind: str
    count: int
    kib: int

    def bytes_on_disk(self) -> int:
        """At most, headers aside."""
        return self.count * self.kib * 2**10 * (TEXT_PER_BYTE if self.kind == "csv" else 1)

    def paths(self, folder: Path) -> list[Path]:
        return [folder / f"{i:05}.{self.kind}" for i in range(self.count)]

    def arrays(self) -> Iterator[Array]:
        """They differ in every element, and have all digits."""
        base = np.random.default_rng(1).random((self.kib, COLUMNS))
        return (base + i for i in range(self.count))

    def write(self) -> None:
        """Writes the files, down to the disk: what the disk has not got cannot be dropped from the page cache."""
        save: Callable[[Path, Array], Any] = np.save if self.kind == "npy" else save_csv_numpy
        self.folder.mkdir()
        for path, array in zip(self.paths(self.folder), self.arrays(), strict=True):
            save(path, array)
            with open(path) as file:
                os.fsync(file.fileno())

    def check(self, arrays: Iterable[Array]) -> None:
        for i, (found, expected) in enumerate(zip(arrays, self.arrays(), strict=True)):
            if not np.array_equal(found, expected):
                raise ValueError(f"array {i} of {self.count} is not the one that was written")

    def drop(self) -> None:
        """Drops the files from the page cache.

        On a busy machine one of some hundred stays at first, because another CPU has its pages in hand.
        """
        for path in self.paths(self.folder):
            with open(path, "rb") as file:
                for _ in range(20):
                    if is_dropped(file.fileno()):
                        break
                    time.sleep(0.005)
                else:
                    raise OSError(f"files in {self.folder.parent} stay in memory")


def is_dropped(file: int) -> bool:
    """Whether the system has dropped a file, given by its descriptor, from its page cache."""
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    try:
        os.preadv(file, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        return True  # It would have to wait for the disk.
    except OSError:
        return False  # A tmpfs has no such reads.
    return False


def load_s(spread_map: SpreadMap, form: Format, files: Files) -> float:
    paths = files.paths(files.folder)
    begin = time.perf_counter()
    arrays = list(spread_map(form.load, paths))
    seconds = time.perf_counter() - begin
    files.check(arrays)
    return seconds


def cold_load_s(spread_map: SpreadMap, form: Format, files: Files) -> float:
    files.drop()
    return load_s(spread_map, form, files)


def save_s(spread_map: SpreadMap, form: Format, files: Files) -> float:
    arrays = list(files.arrays())
    with tempfile.TemporaryDirectory() as folder:
        paths = files.paths(Path(folder))
        begin = time.perf_counter()
        list(spread_map(form.save, paths, arrays))
        seconds = time.perf_counter() - begin
        files.check(map(form.load, paths))
    return seconds


MEASURES = {"load, warm": load_s, "load, cold": cold_load_s, "save": save_s}


@contextlib.contextmanager
def program(spread: str) -> Iterator[Callable[[str, str, Files], float]]:
    """Yields a function that returns the seconds of one measure of one format."""
    prepare()
    with SPREADS[spread]() as spread_map:
        yield lambda measure, form, files: MEASURES[measure](spread_map, FORMATS[form], files)


def rows(arguments: argparse.Namespace) -> Iterator[Row]:
    folder = Path(tempfile.gettempdir())
    files = {
        "npy": Files(folder / "npy", "npy", arguments.npy_files, arguments.npy_kib),
        "csv": Files(folder / "csv", "csv", arguments.csv_files, arguments.csv_kib),
    }
    require_room(folder, files.values())
    for kind in files.values():
        kind.write()

    keys = [(measure, form, spread) for form in FORMATS for measure in MEASURES for spread in SPREADS]
    with contextlib.ExitStack() as stack:
        calls = {spread: stack.enter_context(apart(program, spread, environment=ONE_BLAS_THREAD)) for spread in SPREADS}
        samples = race(
            {
                (measure, form, spread): functools.partial(calls[spread], measure, form, files[FORMATS[form].kind])
                for measure, form, spread in keys
            },
            arguments.rounds,
            unmeasured=1,
        )
    for measure, form, spread in keys:
        kind = files[FORMATS[form].kind]
        how = FORMATS[form].save_note if measure == "save" else FORMATS[form].load_note
        note = f"{how}; {kind.count} files of {kind.kib} KiB of f64"
        yield Row(f"{form}, {measure}, {spread}", "s", samples[measure, form, spread], note)


def require_room(folder: Path, files: Iterable[Files]) -> None:
    """Ends the program if the files that are loaded, and those that are saved, would not fit on the disk."""
    needed = 2 * sum(kind.bytes_on_disk() for kind in files)
    if (free := shutil.disk_usage(folder).free) < needed:
        sys.exit(
            f"load_save: {needed >> 20} MiB are needed and {free >> 20} MiB are free in {folder.parent}: "
            "name another --directory, or less to load"
        )


if __name__ == "__main__":
    main(__doc__, SIZES, rows)
