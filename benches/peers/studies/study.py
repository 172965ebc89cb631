"""What the studies share: their arguments, rounds in random order, and rows as lines of JSON on standard output.

README.md in the folder above describes the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from apart import Failed, one_line
from supervision import is_supervised, leave_signals, supervise

Key = TypeVar("Key", bound=Hashable)
Sample = TypeVar("Sample")


@dataclass(frozen=True)
class Size:
    """An argument that is a number above 0, or several that differ: in the study, with `--quick`, and in words."""

    full: int | Sequence[int]
    quick: int | Sequence[int]
    help: str


@dataclass(frozen=True)
class Missing:
    """Why there are no samples."""

    why: str


@dataclass(frozen=True)
class Row:
    """One way, and its samples in `unit`. `more` is data to stand beside them."""

    name: str
    unit: str
    samples: Sequence[float] | Missing
    note: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> str:
        """The row as JSON.

        `low` and `high` leave a tenth of the samples out at each end: with ten or fewer they are the extremes.
        """
        if isinstance(self.samples, Missing):
            return json.dumps({"row": self.name, "missing": self.samples.why, **self.more})
        ordered = sorted(self.samples)
        tail = (len(ordered) - 1) // 10
        spread = {"median": statistics.median(ordered), "low": ordered[tail], "high": ordered[-1 - tail]}
        spread = {name: float(f"{figure:.6g}") for name, figure in spread.items()}
        return json.dumps(
            {"row": self.name, "unit": self.unit, **spread, "n": len(ordered), "note": self.note, **self.more}
        )


def main(
    description: str | None,
    sizes: Mapping[str, Size],
    rows: Callable[[argparse.Namespace], Iterable[Row]],
) -> None:
    """Reads the arguments, then prints each of `rows(arguments)`, in a supervised process; ends the program."""
    arguments = _parse(description, sizes)
    if not is_supervised():
        sys.exit(supervise(arguments.directory))
    leave_signals()
    # Standard output is for rows alone: what a library or a worker prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for row in rows(arguments):
        print(row.line(), file=answers, flush=True)


def race(
    ways: Mapping[Key, Callable[[], Sample]], rounds: int, unmeasured: int = 0
) -> dict[Key, list[Sample] | Missing]:
    """Calls every way once a round, in an order drawn anew each time, and returns what each has returned.

    `unmeasured` rounds come first and are left out. A way that has failed is not called again.
    """
    results: dict[Key, list[Sample] | Missing] = {key: [] for key in ways}
    for _ in range(unmeasured + rounds):
        for key in random.sample(list(ways), len(ways)):
            samples = results[key]
            if isinstance(samples, Missing):
                continue
            try:
                samples.append(ways[key]())
            except Failed as failure:
                results[key] = Missing(str(failure))
            except Exception as error:
                results[key] = Missing(one_line(error))
    return {key: samples if isinstance(samples, Missing) else samples[unmeasured:] for key, samples in results.items()}


def each(samples: Sequence[Sample] | Missing, part: Callable[[Sample], float]) -> list[float] | Missing:
    """A figure of every sample."""
    return samples if isinstance(samples, Missing) else [part(sample) for sample in samples]


def cpus() -> int:
    """How many CPUs this process may use."""
    return len(os.sched_getaffinity(0))


def _parse(description: str | None, sizes: Mapping[str, Size]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, for tests: seconds in all")
    parser.add_argument("--directory", type=_directory, help="where temporary files are made")
    for name, size in sizes.items():
        several = None if isinstance(size.full, int) else "+"
        text = f"{size.help} (default: {_words(size.full)}; with --quick {_words(size.quick)})"
        parser.add_argument(f"--{name}", type=_positive, nargs=several, metavar="N", help=text)
    arguments = parser.parse_args()
    for name, size in sizes.items():
        given = getattr(arguments, name.replace("-", "_"))
        if isinstance(given, list) and len({*given}) < 2:
            parser.error(f"argument --{name}: one size gives no slope: two that differ are needed")
        if given is None:
            setattr(arguments, name.replace("-", "_"), size.quick if arguments.quick else size.full)
    return arguments


def _words(size: int | Sequence[int]) -> str:
    return str(size) if isinstance(size, int) else " ".join(map(str, size))


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number above 0")
    return int(text)


def _directory(text: str) -> Path:
    if not os.access(text, os.W_OK | os.X_OK) or not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"`{text}` is not a directory that can be written to")
    return Path(text)
