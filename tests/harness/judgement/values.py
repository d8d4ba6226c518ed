"""The values that an operation returns in the place of (y, grad): torch's are one row of all their entries, and are cut here.

What is wrong with a value is told by its own name and place.
"""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.spec import Operation


def shapes(op: Operation, inputs: tuple) -> dict[str, tuple[int, ...]]:
    """The shape of each value for these inputs."""
    given = dict(zip(op.inputs, inputs, strict=True))
    return {name: np.shape(given[like]) for name, like in op.values.items()}


def cut(op: Operation, inputs: tuple, row: NDArray) -> dict[str, NDArray]:
    """The row of all entries as values; what is one value has its shape already."""
    found, at = {}, 0
    for name, shape in shapes(op, inputs).items():
        found[name] = row.reshape(-1)[at : at + prod(shape)].reshape(shape)
        at += prod(shape)
    return found


def joined(values: dict[str, NDArray]) -> NDArray:
    """The values as torch's are: one alone as it is, several in a row of all their entries."""
    several = list(values.values())
    return several[0] if len(several) == 1 else np.concatenate([np.reshape(value, -1) for value in several])


def place(values: dict[str, NDArray], entry: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """The value, and the place there, of an entry of what was joined."""
    if len(values) == 1:
        return next(iter(values)), entry
    (at,) = entry
    for name, value in values.items():
        if at < value.size:
            return name, tuple(int(i) for i in np.unravel_index(at, value.shape))
        at -= value.size
    raise IndexError("no such entry")
