"""Hypotheses about an argument that is not used, is another one than it should be, or comes in at the wrong place.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.predictions import with_input
from tests.harness.diagnosis.samples import Sample


def neutral(g: str, sample: Sample) -> Claims:
    """Right if an array of floats were all ones, as one that multiplies and is not used; or were larger by 1."""
    for v in sample.arrays():
        claim = Claim(f"{{g}} {{is}} what {v} = 1 would give: {v} is not used")
        yield claim, with_input(g, v, np.ones_like)
        yield Claim(f"{{g}} {{is}} what 1 + {v} in place of {v} would give"), with_input(g, v, lambda value: 1 + value)


def flags(g: str, sample: Sample) -> Claims:
    """Right if an array of bool were all True, or all False."""
    for v in sample.arrays("b"):
        for value in (True, False):
            claim = Claim(f"{{g}} {{is}} what {v} = {value} everywhere would give: {v} is not used")
            yield claim, with_input(g, v, lambda array, value=value: np.full_like(array, value))


def count(g: str, sample: Sample) -> Claims:
    """Right if an argument that is an int were 1."""
    for v in (v for v, value in sample.inputs.items() if type(value) is int):
        yield Claim(f"{{g}} {{is}} what {v} = 1 would give: {v} is not used"), with_input(g, v, lambda _: 1)


def outside(g: str, sample: Sample) -> Claims:
    """A factor multiplies the finished gradient, but belongs inside sums over its axes, next to gy."""
    for v in sample.arrays() if g != "y" else ():
        if v == g[1:]:
            continue
        text = f"in {{g}}, {v} multiplies at the end, after the sums, but belongs inside them: multiply gy by {v} first"
        ones = with_input(g, v, np.ones_like)
        yield (
            Claim(text, f"g = gy * {v}, then the rest with g"),
            lambda sample, variable=v, ones=ones: _broadcast_product(ones(sample), sample.inputs[variable]),
        )


def product(g: str, sample: Sample) -> Claims:
    """gy times an array, summed to the shape of the variable: another array stands where the derivative should."""
    if g == "y" or sample.right[g].shape == sample.gy.shape:
        return
    for v in (*sample.arrays(), "y"):
        claim = Claim(
            f"{{g}} {{is}} gy * {v}, summed to the shape of {g[1:]}: {v} stands in the place of the derivative"
        )
        yield (
            claim,
            lambda sample, variable=v: _summed_like(
                sample.right[g],
                sample.gy * sample.right["y"]
                if variable == "y"
                else _broadcast_product(sample.gy, sample.inputs[variable]),
            ),
        )


def _broadcast_product(a: NDArray | None, b: NDArray) -> NDArray | None:
    """Their product, where b broadcasts to a; as a factor of each row along the last axes, or of each entry of axis 1."""
    if a is None:
        return None
    for shaped in (b, b.reshape(b.shape + (1,) * max(a.ndim - 1 - b.ndim, 0))):
        if shaped.ndim <= a.ndim and all(m in (1, n) for m, n in zip(shaped.shape[::-1], a.shape[::-1], strict=False)):
            return a * shaped
    return None


def _summed_like(array: NDArray, value: NDArray | None) -> NDArray | None:
    """The value summed over the axes that the array does not have, or has with length 1."""
    for count in range(value.ndim + 1 if value is not None else 0):
        for axes in combinations(range(value.ndim), count):
            for keep in (False, True):
                total = value.sum(axes, keepdims=keep)
                if total.shape == array.shape:
                    return total
    return None
