"""Hypotheses about arrays whose rows are compared: their lengths, their pairing, which of them is which.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.predictions import with_input
from tests.harness.diagnosis.samples import Sample, close


def length(g: str, sample: Sample) -> Claims:
    """The lengths of an input's rows multiply or divide once too often; or a multiple of the input is missing in each row."""
    matrices = [v for v in sample.arrays() if sample.inputs[v].ndim > 1]
    for chosen in (c for count in (1, 2) for c in combinations(matrices, count)):
        what = (
            f"the length of {' and of '.join(chosen)}'s rows"
            if len(chosen) == 1
            else f"the lengths of {listed(chosen)}'s rows"
        )
        yield (
            Claim(f"{{g}} {{is}} not divided by {what}"),
            lambda sample, chosen=chosen: _times_lengths(sample, g, chosen, 1),
        )
        yield (
            Claim(f"{{g}} {{is}} divided by {what} once too often"),
            lambda sample, chosen=chosen: _times_lengths(sample, g, chosen, -1),
        )
    for chosen in (c for count in range(len(matrices), 0, -1) for c in combinations(matrices, count)):
        claim = Claim(f"{{g}} {{is}} what {listed(chosen)} with rows of length 1 would give")
        yield (
            claim,
            lambda sample, chosen=chosen: sample.right_with(
                g, **{v: sample.inputs[v] / _lengths(sample.inputs[v]) for v in chosen}
            ),
        )
    if g[1:] in matrices:
        text = "{g} {is} off by a multiple of {v} in each row: is a length's own derivative wrong, or missing?"
        yield Claim(text, "a length depends on the row too"), lambda sample: _along_the_input(sample, g)


def pairing(g: str, sample: Sample) -> Claims:
    """All pairs of rows, where each row has one partner."""
    if sample.yours[g].ndim == sample.right[g].ndim + 1:
        claim = Claim("{g} {is} computed for all pairs of rows, but should be for each row and its partner")
        yield claim, lambda sample: sample.yours[g] if close(np.diagonal(sample.yours[g]), sample.right[g]) else None


def exchanged(g: str, sample: Sample) -> Claims:
    """The mean of what is right and of what is right with two inputs exchanged."""
    for v, w in combinations(sample.arrays(), 2):
        if sample.inputs[v].shape == sample.inputs[w].shape:
            claim = Claim(f"{{g}} {{is}} the mean of what it should be and of what you get with {v} and {w} exchanged")
            yield claim, lambda sample, variable=v, other=w: _half_exchanged(sample, g, variable, other)


def rounding(g: str, sample: Sample) -> Claims:
    """Right for an input rounded to whole numbers."""
    for v in sample.arrays():
        claim = Claim(f"{{g}} {{is}} what {v} rounded to whole numbers would give")
        yield claim, with_input(g, v, np.rint)


def distance(g: str, sample: Sample) -> Claims:
    """1 - y for y."""
    if g == "y":
        yield Claim("y is 1 minus what it should be"), lambda sample: 1 - sample.right["y"]


def _lengths(array: NDArray) -> NDArray:
    return np.linalg.norm(array, axis=-1, keepdims=True)


def _times_lengths(s: Sample, g: str, inputs: tuple[str, ...], power: int) -> NDArray | None:
    right = s.right[g]
    for v in inputs:
        lengths = _lengths(s.inputs[v])
        if right.shape == lengths.shape[:-1]:
            lengths = lengths[..., 0]
        elif right.shape[:-1] != lengths.shape[:-1]:
            return None
        right = right * lengths**power
    return right


def _along_the_input(s: Sample, g: str) -> NDArray | None:
    """What is right, with yours in the direction of the input, row by row."""
    right, yours, x = s.right[g], s.yours[g], s.inputs[g[1:]]
    if yours.shape != right.shape or x.shape[-1] < 2:
        return None
    unit = x / _lengths(x)
    if close(_part(right, unit), right) or close(_part(yours, unit), yours):
        return None  # where all of it goes that way, any factor would fit
    return right + _part(yours - right, unit)


def _part(array: NDArray, unit: NDArray) -> NDArray:
    return (array * unit).sum(-1, keepdims=True) * unit


def _half_exchanged(s: Sample, g: str, v: str, w: str) -> NDArray | None:
    counterpart = {f"g{v}": f"g{w}", f"g{w}": f"g{v}"}.get(g, g)
    same = s.right_with(counterpart, **{v: s.inputs[w], w: s.inputs[v]})
    return None if same is None else (s.right[g] + same) / 2
