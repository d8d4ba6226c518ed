"""Where a gradient is one of several that are right: entries that tie."""

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.samples import Sample

APART = 1e-6  # relative: another gradient, and no smooth move of this one


def has_ties(s: Sample) -> bool:
    """Whether the row allows other shares than torch's: for inputs next to these torch has others, or, of nothing, the row."""
    (name,) = (f"g{v}" for v in s.op.variables)
    right = s.right[name]
    others = (*(beside.right[name] for beside in s.neighbours()), s.truth.nearest(np.zeros(right.shape)))
    return any(np.any(abs(other - right) > APART * abs(s.gy).max(initial=0)) for other in others)


def tied_entries(x: NDArray, axis: object) -> NDArray:
    """Which entries are the largest along the axis, and not alone."""
    if (
        axis is None
        or isinstance(axis, int | np.integer)
        or (all(-x.ndim <= a < x.ndim for a in axis) and len(set(axis)) == len(axis))
    ):
        largest = x == x.max(axis=axis, keepdims=True)
        return largest & (largest.sum(axis=axis, keepdims=True) > 1)
    return np.zeros(x.shape, bool)
