"""What people hand in, as data: a few right operations in every wrapping that was seen, and what must be said of them.

Each module has one kind of wrapping. How a row is graded in three ways stands in ways.py, the test in test_handed_in.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

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
_RETURNED = "np.maximum(x, 0), lambda gy: gy * (x > 0)"
_LIKE_RELU = {
    "relu": ("x", "np.maximum(x, 0), lambda gy: gy * (x > 0)"),
    "sigmoid": ("x", "np.exp(-np.logaddexp(0, -x)), lambda gy: gy * np.exp(-np.logaddexp(0, -x) - np.logaddexp(0, x))"),
    "tanh": ("x", "np.tanh(x), lambda gy: gy * 4 * np.exp(-2 * np.logaddexp(x, -x))"),
    "softplus": ("x", "np.logaddexp(0, x), lambda gy: gy * np.exp(-np.logaddexp(0, -x))"),
    "silu": (
        "x",
        "x * np.exp(-np.logaddexp(0, -x)), lambda gy: gy * (np.exp(-np.logaddexp(0, -x)) + x * np.exp(-np.logaddexp(0, -x) - np.logaddexp(0, x)))",
    ),
    "leaky_relu": ("x, slope", "np.where(x > 0, x, slope * x), lambda gy: np.where(x > 0, gy, slope * gy)"),
    "transpose": ("x, axes", "np.transpose(x, axes), lambda gy: np.transpose(gy, np.argsort(axes))"),
    "reshape": ("x, shape", "np.reshape(x, shape), lambda gy: np.reshape(gy, x.shape)"),
    "cumsum": ("x, axis", "np.cumsum(x, axis), lambda gy: np.flip(np.cumsum(np.flip(gy, axis), axis), axis)"),
}
"""Operation -> its parameters and what it returns, where that is one line, as in RELU."""
Content = str | bytes
Files = Mapping[str, Content]


@dataclass(frozen=True)
class HandedIn:
    """What was handed in, and what must be said of it.

    `files`: name -> content; in practice they are in kata/, as PATH they are a file, or a folder of several. `says`:
    operation -> the status and the line of the first property that fails; nothing where all hold. `notes`: what else is told.
    `pack`: makes of the files the one that is handed in, its name and its bytes. `project`: files beside kata/, in practice.
    `shares`: operation -> the name of the row that it stands for, where several are handed in together.
    `counted`: nothing in it disturbs the counting of what an operation costs, though it may only mean to log (see guard.py).
    """

    name: str
    files: Files
    says: Mapping[str, str]
    notes: tuple[str, ...] = ()
    ways: tuple[str, ...] = (PRACTICE, PATH)
    pack: Callable[[Files], tuple[str, bytes]] | None = None
    project: Files | None = None
    shares: Mapping[str, str] = field(default_factory=dict)
    counted: bool = True


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


def shared(name: str, *rows: HandedIn) -> HandedIn:
    """Rows of one module with relu each, handed in as one: each module has another operation in relu's place, and its name."""
    files, says = {}, {}
    shares = dict(zip(_LIKE_RELU, rows, strict=False))
    assert len(shares) == len(rows), name
    for op, row in shares.items():
        ((file, content),) = row.files.items()
        assert (file, [*row.says], row.ways, row.notes) == ("feedforward.py", ["relu"], rows[0].ways, ()), row.name
        files[f"{op}.py"] = _instead(content, op)
        says[op] = _renamed(row.says["relu"], op).replace("feedforward.py", f"{op}.py")
    return HandedIn(name, files, says, ways=rows[0].ways, shares={op: row.name for op, row in shares.items()})


def _instead(content: Content, op: str) -> Content:
    """The module with this operation in relu's place, in whatever encoding."""
    if isinstance(content, bytes):
        for encoding in ("utf-16-le", "utf-32-le"):  # a text of the other end first has these bytes too
            content = content.replace("relu".encode(encoding), op.encode(encoding))
        return _instead(content.decode("latin-1"), op).encode("latin-1")
    parameters, returned = _LIKE_RELU[op]
    content = content.replace(_RETURNED, returned).replace("lambda x:", f"lambda {parameters}:")
    return _renamed(re.sub(r"\bdef (\w+)\(x\)", rf"def \1({parameters})", content), op)


def _renamed(text: str, op: str) -> str:
    return re.sub(r"\brelu\b", op, text)


def _of_relu(says: str | Mapping[str, str]) -> Mapping[str, str]:
    return {"relu": says} if isinstance(says, str) else says
