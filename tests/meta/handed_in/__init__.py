"""What people hand in, as data: a few right operations in every wrapping that was seen, and what must be said of them.

Each module has one kind of wrapping. How a row is graded in three ways stands in ways.py, the test in test_handed_in.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

PRACTICE, PATH, CHECK = "practice", "PATH", "check"
FOREIGN = "ImportError: uses {}; only NumPy and the standard library may be used (rule 5)"
STUB = "todo the operation is not written yet"
RELU = """import numpy as np


def relu(x):
    return np.maximum(x, 0), lambda gy: gy * (x > 0)
"""
SIGMOID = """import numpy as np


def sigmoid(x):
    e = np.exp(-np.abs(x))
    s = np.where(x >= 0, 1, e) / (1 + e)
    return s, lambda gy: gy * s * (1 - s)
"""
AFFINE = """import numpy as np


def affine(x, w, b):
    return x @ w + b, lambda gy: (gy @ w.T, x.T @ gy, gy.sum(0, keepdims=True))
"""
Content = str | bytes
Files = Mapping[str, Content]


@dataclass(frozen=True)
class HandedIn:
    """What was handed in, and what must be said of it.

    `files`: name -> content; in practice they are in kata/, as PATH they are a file, or a folder of several. `says`:
    operation -> the status and the line of the first property that fails; nothing where all hold. `notes`: what else is told.
    `pack`: makes of the files the one that is handed in, its name and its bytes. `project`: files beside kata/, in practice.
    """

    name: str
    files: Files
    says: Mapping[str, str]
    notes: tuple[str, ...] = ()
    ways: tuple[str, ...] = (PRACTICE, PATH)
    pack: Callable[[Files], tuple[str, bytes]] | None = None
    project: Files | None = None


def module(name: str, source: Content, says: str | Mapping[str, str] = "", **more) -> HandedIn:
    """A single module feedforward.py, whose functions a notebook's user may check as well. `says` alone is of relu."""
    more.setdefault("ways", (PRACTICE, PATH, CHECK))
    return HandedIn(name, {"feedforward.py": source}, _of_relu(says), **more)


def unread(name: str, source: Content, says: str | Mapping[str, str] = "", **more) -> HandedIn:
    """Likewise, but nothing that could be typed into a notebook."""
    return module(name, source, says, ways=(PRACTICE, PATH), **more)


def folder(name: str, files: Files, says: str | Mapping[str, str] = "", **more) -> HandedIn:
    """Several modules of one folder, or one that is not called by its level."""
    return HandedIn(name, files, _of_relu(says), **more)


def parcel(name: str, files: Files, says: str | Mapping[str, str] = "", **more) -> HandedIn:
    """What can only be handed in: folders in folders, archives, notebooks."""
    return HandedIn(name, files, _of_relu(says), ways=(PATH,), **more)


def _of_relu(says: str | Mapping[str, str]) -> Mapping[str, str]:
    return {"relu": says} if isinstance(says, str) else says
