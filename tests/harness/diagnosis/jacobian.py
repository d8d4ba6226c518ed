"""Hypotheses about the Jacobian: its diagonal alone, or contributions to an entry that do not add up.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample


def only_the_diagonal(g: str, sample: Sample) -> Claims:
    """Each entry is treated as if it depended on no other."""
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    hint = "y_i depends on x_j too: add the entries off the diagonal"
    yield (
        Claim("in {g}, only the diagonal of the Jacobian is used: the terms with i != j are missing", hint),
        lambda sample: _diagonal(sample, g),
    )


def overwritten(g: str, sample: Sample) -> Claims:
    """Each entry keeps one of its contributions, where they should add up."""
    if g == "y":
        return
    text = (
        "in {g}, contributions overwrite each other instead of adding up: only the last one stays (repeated indices?)"
    )
    hint = "add with np.add.at(gx, indices, gy), because gx[indices] += gy adds once"
    yield Claim(text, hint), lambda sample: _one_contribution(sample, g, last=True)
    text = "in {g}, only the first of several contributions is kept, but they add up (repeated indices?)"
    yield Claim(text, hint), lambda sample: _one_contribution(sample, g, last=False)
    text = "in {g}, contributions are averaged, but they add up (repeated indices?)"
    yield Claim(text, "add, and do not divide by how many there are"), lambda sample: _mean_contribution(sample, g)


def _diagonal(s: Sample, g: str) -> NDArray:
    slope = np.empty(s.gy.shape)
    for at, part in _contributions(s, g):
        slope[at] = part[at]
    return slope


def _one_contribution(s: Sample, g: str, *, last: bool) -> NDArray:
    one = np.zeros(s.right[g].shape)
    for _, part in _contributions(s, g):
        one = np.where((part != 0) & (last | (one == 0)), part, one)
    return one


def _mean_contribution(s: Sample, g: str) -> NDArray:
    number = sum(part != 0 for _, part in _contributions(s, g))
    return s.right[g] / np.maximum(number, 1)


def _contributions(s: Sample, g: str) -> Iterator[tuple[tuple[int, ...], NDArray]]:
    """What each entry of gy adds to the gradient."""
    for at in np.ndindex(s.gy.shape):
        alone = np.zeros(s.gy.shape)
        alone[at] = s.gy[at]
        yield at, s.with_gy(alone)[g]
