"""An array of plain data as it is shown: its numbers, its shape, and the part of it that there is room for."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
from numpy.typing import NDArray

SLICES = 4  # of an array, at most

Window = tuple[tuple[int, ...], range, range]
"""A part of an array that is shown: the indices of its slice, its rows and its columns."""


def number(value: float, digits: int = 6) -> str:
    """A number in so many significant digits."""
    return str(value) if isinstance(value, bool | np.bool_) else f"{value:.{digits}g}"


def array(value: object) -> NDArray | None:
    """Nested lists as an array of numbers, of a large one its corner; None where they are not that."""
    if isinstance(value, dict):
        value = value.get("corner")
    try:
        found = np.array(value)
        if found.dtype.kind == "U":  # NaN and the infinities come as strings
            found = found.astype(float)
    except (ValueError, TypeError):
        return None
    return found if found.dtype.kind in "biuf" else None


def shape(found: NDArray) -> str:
    """The shape as Python writes it; nothing for a plain integer or boolean, such as an axis."""
    return str(found.shape) if found.ndim or found.dtype.kind == "f" else ""


def slice_label(at: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, at))}, :, :]" if at else ""


def windows(grid: NDArray, side: int, cells: int, badness: NDArray | None = None) -> tuple[list[Window], str]:
    """The parts of an array that are shown, around the worst entry of each slice; and a note on what is left out."""
    *lead, height, width = grid.shape
    if not grid.size:
        return [], ""
    h, w = min(height, side), min(width, side)
    if h * w > cells:
        h, w = min(h, math.isqrt(cells)), min(w, math.isqrt(cells))
    most = min(SLICES, max(1, cells // (h * w)))
    slices = (
        np.ndindex(*lead) if badness is None else iter(sorted(np.ndindex(*lead), key=lambda at: -badness[at].max()))
    )
    shown = []
    for at in sorted(islice(slices, most)):
        row, column = (0, 0) if badness is None else np.unravel_index(badness[at].argmax(), (height, width))
        top, left = min(max(int(row) - h // 2, 0), height - h), min(max(int(column) - w // 2, 0), width - w)
        shown.append((at, range(top, top + h), range(left, left + w)))
    cut = []
    if (h, w) != (height, width):
        cut.append(f"{h} x {w} of {height} x {width} entries")
    if len(shown) < math.prod(lead):
        cut.append(f"{len(shown)} of {math.prod(lead)} slices")
    worst = ", around the largest difference" if badness is not None else ""
    return shown, f"shown: {' in '.join(cut)}{worst}" if cut else ""
