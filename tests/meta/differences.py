"""Derivatives by numbers alone: of an implementation's own forward pass, along random directions. No torch, no formula.

Two ways. The complex step, Im f(x + i h d) / h, has no error but rounding, where f is analytic and takes complex numbers
(Squire and Trapp, 1998). Else central differences at h, h/2 and h/4, extrapolated to h = 0 (Richardson), with an error
of the order h^6. Both say whether the point is smooth: at a kink, or so close to one that the step crosses it, what is
seen on the two sides, or at the three widths, differs.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TINY = 1e-30  # the complex step: nothing is subtracted, so it cannot be too small
STEP = 1e-3  # the widest difference, relative to the input: h^6 is far below rounding, and rounding over h near 1e-13
SMOOTH = (
    1e-4  # by how much of its size a slope on one side may differ from that on the other; a kink's differ by much more
)
CONVERGED = 1e-8  # by how much the last extrapolation may change a slope

Slope = Callable[[Callable, tuple, int, NDArray, NDArray], "Seen"]
"""Of sum(gy y): the function, its inputs, the number of the one to move, the direction, gy."""


@dataclass(frozen=True)
class Seen:
    """A slope, whether the function is smooth there, and the size of what was added up: the measure of its rounding."""

    slope: float
    smooth: bool
    size: float


def complex_step(function: Callable, inputs: tuple, number: int, direction: NDArray, gy: NDArray) -> Seen:
    """The slope by a complex step. At a kink one step sees one side, its opposite the other."""
    seen = [_at(function, inputs, number, inputs[number] + sign * 1j * TINY * direction) for sign in (1, -1)]
    there, back = (np.imag(y) * gy / (sign * TINY) for y, sign in zip(seen, (1, -1), strict=True))
    slope, size = float(np.sum(there)), float(np.sum(abs(there)))
    return Seen(
        slope, bool(np.all(abs(there - back) <= CONVERGED * (size or 1))), float(np.sum(abs(gy) * (1 + abs(seen[0]))))
    )


def differences(function: Callable, inputs: tuple, number: int, direction: NDArray, gy: NDArray) -> Seen:
    """The slope by extrapolated central differences; the same extrapolation on each side tells a kink."""
    h = STEP * max(1.0, float(np.max(abs(inputs[number]), initial=0)))
    here = _at(function, inputs, number, inputs[number])
    ahead, behind = (
        [(_at(function, inputs, number, inputs[number] + s * h / n * direction) - here) * s * n / h for n in (1, 2, 4)]
        for s in (1, -1)
    )
    # An odd error on one side: h, h^2; an even one where both are averaged: h^2, h^4.
    forward, backward = (_extrapolated(side, (2, 4))[-1] for side in (ahead, behind))
    central = [(a + b) / 2 for a, b in zip(ahead, behind, strict=True)]
    *_, nearly, slope = _extrapolated(central, (4, 16))
    terms = abs(slope) + abs(nearly) + 1
    smooth = np.all(abs(forward - backward) <= SMOOTH * terms) and np.all(abs(slope - nearly) <= CONVERGED * terms)
    size = np.sum(abs(gy) * (abs(here) / h + abs(ahead[0])))  # here may be 0, and the function not
    return Seen(float(np.sum(slope * gy)), bool(smooth), float(size))


def takes_complex(function: Callable, inputs: tuple, number: int, direction: NDArray, gy: NDArray) -> bool | None:
    """Whether the complex step agrees with differences: it does not where abs drops the imaginary part. None at a kink."""
    plain = differences(function, inputs, number, direction, gy)
    if not plain.smooth:
        return None
    try:
        exact = complex_step(function, inputs, number, direction, gy)
    except (TypeError, ValueError):
        return False
    return exact.smooth and abs(exact.slope - plain.slope) <= 1e-6 * (abs(plain.slope) + 1e-6 * plain.size)


def _at(function: Callable, inputs: tuple, number: int, value: NDArray) -> NDArray:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where an imaginary part is dropped, the slope shows it
        return np.asarray(function(*inputs[:number], np.asarray(value), *inputs[number + 1 :])[0])


def _extrapolated(slopes: list[NDArray], factors: tuple[int, ...]) -> list[NDArray]:
    """Richardson's table: the last entry of each level. Each factor is by how much halving h divides the error."""
    best = [slopes[-1]]
    for factor in factors:
        slopes = [(factor * fine - coarse) / (factor - 1) for coarse, fine in pairwise(slopes)]
        best.append(slopes[-1])
    return best
