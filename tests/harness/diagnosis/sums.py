"""Edits of a sum in the backward pass: the gradient's term of a path adds up along another axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.paths import Path, paths_of, without
from tests.harness.diagnosis.samples import Sample, close

_Weight = Callable[[Sample], NDArray]
_WEIGHTS: tuple[tuple[str, _Weight], ...] = (
    ("gy", lambda s: np.ones_like(s.right["y"])),
    ("gy * y", lambda s: s.right["y"]),
    ("gy * exp(y)", lambda s: np.exp(s.right["y"])),
)
"""What is added up in a term, and what multiplies gy in it."""
_OVER: tuple[tuple[str, Callable[[NDArray], NDArray]], ...] = (
    ("over axis 0", lambda a: a.sum(0, keepdims=True)),
    ("over everything", lambda a: a.sum(keepdims=True)),
)


def over_another_axis(g: str, sample: Sample) -> Edits:
    """What is added up along the last axis in a term is added up elsewhere, or not at all."""
    if g == "y" or sample.gy.shape != sample.right[g].shape or not sample.gy.ndim:
        return
    for path in paths_of(sample):
        for what, weight in _WEIGHTS:
            if _summed(sample, g, path, weight) is None:
                continue
            for where, add in _OVER:
                text = f"in {{g}}, {what} is summed {where}, but should be over the last axis"
                yield Edit(text, after=_added_up(g, path, weight, add))
            return


def _added_up(g: str, path: Path, weight: _Weight, add: Callable[[NDArray], NDArray]) -> Callable:
    def after(s: Sample, right: NDArray) -> NDArray | None:
        shared = _summed(s, g, path, weight)
        return None if shared is None else without(s, g, path, s.gy) + shared * add(s.gy * weight(s))

    return after


def _summed(s: Sample, g: str, path: Path, weight: _Weight) -> NDArray | None:
    """What multiplies the sum in the path's term; None where it is no such sum along the last axis."""
    ones = np.ones_like(s.gy)
    share = (s.with_gy(ones)[g] - without(s, g, path, ones)) / weight(s).sum(-1, keepdims=True)
    term = s.right[g] - without(s, g, path, s.gy)
    return share if np.any(term) and close(share * (s.gy * weight(s)).sum(-1, keepdims=True), term) else None
