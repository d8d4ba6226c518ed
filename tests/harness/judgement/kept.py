"""What torch has said, kept from run to run in the user's cache directory: one file an operation and seed.

A file has two arrays in NumPy's own format: an index as JSON, and all numbers in one row. It is believed only if it was made
by this very code, on a machine of this kind, and is whole (files.py); else it is as if it were not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from math import prod
from pathlib import Path

import numpy as np

from tests.harness.judgement import files
from tests.harness.rows.memory import Memory, Page
from tests.harness.rows.spec import Operation

TESTS = Path(__file__).parents[2]
MADE_BY = (
    "specs",
    "harness/rows",
    "harness/examples",
    "harness/judgement",
    "harness/worker/observation.py",
    "test_ops.py",
)
"""The code that draws the examples and asks torch: where it is another, its answers may be."""
_TUNING = (
    "ATEN_",
    "DNNL_",
    "MKL_",
    "NPY_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "TORCH_",
)  # variables that choose how to compute
_SHAPES = 4000  # that are kept of an operation
_UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, EOFError, MemoryError)


class Kept(Memory):
    """A memory that reads what earlier runs have left, and leaves what this one has learned. `rows`: by their names."""

    def __init__(self, rows: Callable[[], dict[str, Operation]]):
        super().__init__()
        self._rows = cache(rows)
        self._read: dict[tuple[str, int], tuple[int, int]] = {}  # when the file was written, and how many shapes it has

    def keep(self) -> None:
        """Write what was learned."""
        wrote = False
        for (op, seed), page in self._pages.items():
            shapes = self._rows()[op].output_shapes
            if page.learned or len(shapes) > self._read[op, seed][1]:
                wrote |= files.write(_file(op, seed), _packed(page, shapes))
                page.learned, self._read[op, seed] = 0, (files.moment(_file(op, seed)), len(shapes))
        if wrote:
            files.sweep()

    def refresh(self, ops: Iterable[str], seed: int) -> None:
        """Read what other processes have left since."""
        for op in ops:
            if (op, seed) not in self._pages or files.moment(_file(op, seed)) != self._read[op, seed][0]:
                self._pages[op, seed] = self._opened(op, seed)

    def _opened(self, op: str, seed: int) -> Page:
        file, page, shapes = _file(op, seed), Page(), self._rows()[op].output_shapes
        self._read[op, seed] = files.moment(file), 0
        with contextlib.suppress(*_UNREADABLE):
            answers, known = _unpacked(files.read(file))
            shapes |= known
            page.learn(answers)
            self._read[op, seed] = files.moment(file), len(shapes)
        return page


def _file(op: str, seed: int) -> Path:
    return files.folder() / f"{op}-{seed}-{_key()}{files.ENDING}"


@cache
def _key() -> str:
    """What the answers depend on: the code that asks, the libraries that compute, and the kind of machine."""
    made = hashlib.blake2b(digest_size=16)
    for place in (TESTS / name for name in MADE_BY):
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            made.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = [sys.version, *(f"{name} {_version(name)}" for name in ("torch", "numpy"))]
    tuning = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_TUNING)]
    made.update("\n".join([*versions, *tuning, sys.platform, platform.machine(), _processor()]).encode())
    return made.hexdigest()


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:  # it was not installed by a package manager: it must say itself
        return import_module(library).__version__


def _processor() -> str:
    """The processor's name and what it can do, as far as that is told at once."""
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        first = iter(lines.readline, "\n")  # of several processors, which are alike
        return "".join(sorted(line for line in first if re.match("vendor_id|model|flags|Features|CPU", line)))
    return os.environ.get("PROCESSOR_IDENTIFIER", platform.machine())


def _packed(page: Page, shapes: dict[tuple, tuple[int, ...]]) -> bytes:
    answers = {q: answer for q, answer in page.answers.items() if all(a.dtype == np.float64 for a in answer)}
    arrays = [array for answer in answers.values() for array in answer]
    index = {
        "shapes": list(shapes.items())[:_SHAPES],
        "answers": [(question, [a.shape for a in answer]) for question, answer in answers.items()],
    }
    stream = BytesIO()
    for part in (
        np.frombuffer(json.dumps(index).encode(), np.uint8),
        np.concatenate([np.zeros(0), *(array.ravel() for array in arrays)]),
    ):
        np.save(stream, part, allow_pickle=False)
    return stream.getvalue()


def _unpacked(content: bytes) -> tuple[dict, dict]:
    """Answers by their questions, and shapes. Raises one of _UNREADABLE."""
    stream = BytesIO(content)
    index, numbers = json.loads(np.load(stream, allow_pickle=False).tobytes()), np.load(stream, allow_pickle=False)
    numbers.flags.writeable = False
    answers, at = {}, 0
    for question, sizes in index["answers"]:
        answer = []
        for shape in sizes:
            stop = at + prod(shape)
            answer.append(numbers[at:stop].reshape(shape))
            at = stop
        answers[tuple(question)] = tuple(answer)
    return answers, {
        tuple(i if isinstance(i, str) else tuple(i) for i in inputs): tuple(shape) for inputs, shape in index["shapes"]
    }
