"""What torch has said, kept from run to run in the user's cache directory: one file an operation and seed.

A file is a digest and two arrays in NumPy's own format: an index as JSON, and all numbers in one row. It is believed only
if it was made by this very code, on a machine of this kind, and is whole; else it is as if it were not there. What goes
wrong with files costs only time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from importlib.metadata import version
from io import BytesIO
from math import prod
from pathlib import Path

import numpy as np

from tests.harness.rows.memory import Memory, Page
from tests.harness.rows.spec import Operation

MOST = 1 << 27  # bytes of all files together; those that were read last stay
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
_DIGEST = 32  # bytes
_ENDING = ".answers"
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
                wrote |= _write(_file(op, seed), _packed(page, shapes))
                page.learned, self._read[op, seed] = 0, (_moment(_file(op, seed)), len(shapes))
        if wrote:
            _sweep()

    def refresh(self, ops: Iterable[str], seed: int) -> None:
        """Read what other processes have left since."""
        for op in ops:
            if (op, seed) not in self._pages or _moment(_file(op, seed)) != self._read[op, seed][0]:
                self._pages[op, seed] = self._opened(op, seed)

    def _opened(self, op: str, seed: int) -> Page:
        file, page, shapes = _file(op, seed), Page(), self._rows()[op].output_shapes
        self._read[op, seed] = _moment(file), 0
        with contextlib.suppress(*_UNREADABLE):
            answers, known = _unpacked(file.read_bytes(), file.name)
            shapes |= known
            page.learn(answers)
            self._read[op, seed] = _moment(file), len(shapes)
            os.utime(file)
            self._read[op, seed] = _moment(file), len(shapes)
        return page


def folder() -> Path:
    """Where the files are: in KATA_DATA, or in the user's cache directory."""
    if os.environ.get("KATA_DATA"):
        return Path(os.environ["KATA_DATA"]) / "answers"
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("backprop-kata", appauthor=False)) / "answers"


def forget() -> int:
    """Delete them; how many there were."""
    gone = 0
    for file in _files():
        with contextlib.suppress(OSError):
            file.unlink()
            gone += 1
    with contextlib.suppress(OSError):
        folder().rmdir()
    return gone


def _file(op: str, seed: int) -> Path:
    return folder() / f"{op}-{seed}-{_key()}{_ENDING}"


def _files() -> list[Path]:
    """All of them, also what was not written to its end."""
    return list(folder().glob(f"*{_ENDING}*"))


@cache
def _key() -> str:
    """What the answers depend on: the code that asks, the libraries that compute, and the kind of machine."""
    made = hashlib.blake2b(digest_size=16)
    for place in (TESTS / name for name in MADE_BY):
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            made.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    versions = [sys.version, *(f"{name} {version(name)}" for name in ("torch", "numpy"))]
    tuning = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_TUNING)]
    made.update("\n".join([*versions, *tuning, sys.platform, platform.machine(), _processor()]).encode())
    return made.hexdigest()


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


def _unpacked(content: bytes, name: str) -> tuple[dict, dict]:
    """Answers by their questions, and shapes. Raises one of _UNREADABLE."""
    content, digest = content[_DIGEST:], content[:_DIGEST]
    if digest != _digest(content, name):
        raise ValueError("it is not what was written here")
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


def _digest(content: bytes, name: str) -> bytes:
    return hashlib.blake2b(name.encode() + b"\0" + content, digest_size=_DIGEST).digest()


def _write(file: Path, content: bytes) -> bool:
    """Write it whole, or not at all; whether it was."""
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
        with open(handle, "wb") as stream:
            stream.write(_digest(content, file.name) + content)
        os.replace(temporary, file)
    except OSError:
        with contextlib.suppress(OSError, TypeError):
            os.unlink(temporary)
        return False
    return True


def _sweep() -> None:
    """Delete what was read least lately, where there is too much."""
    with contextlib.suppress(OSError):
        left = MOST
        for file in sorted(_files(), key=_moment, reverse=True):
            left -= file.stat().st_size
            if left < 0:
                file.unlink()


def _moment(file: Path) -> int:
    """When it was written or read last; 0 where there is none."""
    with contextlib.suppress(OSError):
        return file.stat().st_mtime_ns
    return 0
