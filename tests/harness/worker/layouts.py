"""How the arrays that are given to an operation lie in memory, and which of them are one.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import numpy as np
from numpy.typing import NDArray

LAYOUTS = ("Fortran-ordered", "strided", "reversed", "read-only")
"""How an array may lie in memory, besides the usual way."""
BROADCAST = "broadcast"
"""Likewise, of gy: its first number, in no more memory than that takes."""
ALIKE, ONE_ARRAY = "alike", "one array"
"""Of arrays of floats of one shape, all have the first one's contents; or they are all one object."""


def copies_of(values: tuple, layout: str = "") -> tuple:
    """Copies of the arrays, laid out so, and all else as it is."""
    if not layout:
        return tuple([np.array(v) if isinstance(v, np.ndarray) else v for v in values])
    copies = tuple([laid_out(v, layout) if isinstance(v, np.ndarray) else v for v in values])
    if layout == ONE_ARRAY:
        copies = tuple(next(c for v, c in zip(values, copies, strict=True) if v is value) for value in values)
    return copies


def alike(values: tuple) -> tuple:
    """Of arrays of floats of one shape and dtype, the first one in the place of all."""
    firsts: dict = {}
    kinds = [(v.shape, v.dtype) if _is_floats(v) else n for n, v in enumerate(values)]
    return tuple(firsts.setdefault(kind, v) for kind, v in zip(kinds, values, strict=True))


def refilled(before, value):
    """The array of before, with these contents; the new one where they do not fit."""
    if not isinstance(before, np.ndarray) or before.shape != value.shape or before.dtype != value.dtype:
        return value
    before.flags.writeable = True
    before[...] = value
    return before


def laid_out(array: NDArray, layout: str) -> NDArray:
    """A copy of the array, laid out so."""
    if not layout or (not array.ndim and layout != "read-only"):
        return np.array(array)
    if layout == BROADCAST:
        return np.broadcast_to(np.array(array.flat[0]), array.shape)
    if layout == "Fortran-ordered":
        return np.array(array, order="F")
    if layout == "strided":
        wide = np.zeros([2 * n for n in array.shape], array.dtype)
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        return view
    if layout == "reversed":
        every = tuple(slice(None, None, -1) for _ in array.shape)
        return np.array(array[every])[every]
    copy = np.array(array)
    copy.flags.writeable = layout != "read-only"
    return copy


def _is_floats(value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
