"""Hypotheses about a formula with one slip in it: another number, another axis, another function than it should be.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.predictions import with_input
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.rows.oracle import Truth

# What people write where an argument should stand.
_NUMBERS = (0.0, 1.0, 0.01, 0.1, 0.5, 2.0, 1e-5, 1e-6, 1e-8, 1e-12)
_CHANGES: dict[str, Callable[[float], float]] = {
    "-{v}": lambda value: -value,
    "1 / {v}": lambda value: 1 / value,
    "{v}**2": lambda value: value**2,
    "sqrt({v})": math.sqrt,
    "1 - {v}": lambda value: 1 - value,
    "2 * {v}": lambda value: 2 * value,
    "{v} / 2": lambda value: value / 2,
}
_REDUCTIONS: dict[str, Callable] = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "sum": np.sum}


def other_number(g: str, sample: Sample) -> Claims:
    """Right for another value of an argument that is a number."""
    for v in sample.numbers:
        for number in _NUMBERS:
            claim = Claim(f"{{g}} {{is}} what {v} = {number:g} would give: {v} is not used")
            yield claim, with_input(g, v, lambda _, number=number: number)
        for words, change in _CHANGES.items():
            claim = Claim(f"{{g}} {{is}} what {words.format(v=v)} in place of {v} would give")
            yield claim, with_input(g, v, change)


def other_multiple(g: str, sample: Sample) -> Claims:
    """Right for a multiple of an input."""
    multiples: dict[str, Callable] = {
        "2 * {v}": lambda array: 2 * array,
        "{v} / 2": lambda array: array / 2,
        "-abs({v})": lambda array: -abs(array),
    }
    for v in sample.arrays():
        for words, change in multiples.items():
            claim = Claim(f"{{g}} {{is}} what {words.format(v=v)} in place of {v} would give")
            yield claim, with_input(g, v, change)


def other_axis(g: str, sample: Sample) -> Claims:
    """Right for another axis than the last, or for all entries in one row; for operations of one array and nothing else."""
    if len(sample.inputs) > 1 or (g != "y" and sample.right[g].shape != sample.yours[g].shape):
        return
    for words, turn, back in (
        ("along axis 0", lambda array: np.moveaxis(array, 0, -1), lambda array, shape: np.moveaxis(array, -1, 0)),
        ("over all entries at once", np.ravel, lambda array, shape: array.reshape(shape)),
    ):
        claim = Claim(f"{{g}} {{is}} computed {words}, but should be along the last axis", "axis=-1")
        yield claim, lambda sample, turn=turn, back=back: _along_another(sample, g, turn, back)


def outer_function(g: str, sample: Sample) -> Claims:
    """The right y, with one function too many or too few at the end."""
    if g != "y":
        return
    for words, function in (
        ("exp of what it should be: a log is missing", np.exp),
        ("log of what it should be: a log too many", np.log),
        ("the square of what it should be: a square root is missing", np.square),
        ("the square root of what it should be", np.sqrt),
        ("1 over what it should be", np.reciprocal),
    ):
        yield Claim(f"y is {words}"), lambda sample, function=function: function(sample.right["y"])


def reduction(g: str, sample: Sample) -> Claims:
    """y is off by a reduction of an input along its last axis, or is that reduction; or is off by the log of a size."""
    if g != "y" or sample.yours[g].shape != sample.right[g].shape:
        return
    for v in sample.op.variables:
        for words, function in _REDUCTIONS.items():
            what = f"the {words} of {v} along the last axis"
            yield (
                Claim(f"y is {what}"),
                lambda sample, variable=v, function=function: _reduced(sample, variable, function),
            )
            for said, sign in (("is missing in y", -1), ("is in y once too often", 1)):
                yield (
                    Claim(f"{what} {said}"),
                    lambda sample, variable=v, function=function, sign=sign: _with_term(
                        sample.right["y"], _reduced(sample, variable, function), sign
                    ),
                )
    for letter in sample.op.letters:
        for said, sign in (("mean instead of sum?", -1), ("sum instead of mean?", 1)):
            claim = Claim(f"y is off by log({letter}): {said}")
            yield (
                claim,
                lambda sample, letter=letter, sign=sign: sample.right["y"] + sign * math.log(sample.sizes[letter]),
            )


def other_derivative(g: str, sample: Sample) -> Claims:
    """gy times a slope that belongs to something else."""
    if g == "y" or sample.right["y"].shape != sample.right[g].shape:
        return
    slopes: dict[str, Callable] = {
        "y": lambda value: value,
        "(1 - y)": lambda value: 1 - value,
        "y * (1 - y)": lambda value: value * (1 - value),
        "(1 - y**2)": lambda value: 1 - value**2,
    }
    for v in ("y", g[1:]):
        for words, slope in slopes.items():
            claim = Claim(f"{{g}} {{is}} gy * {words.replace('y', v)}: the derivative of something else")
            yield (
                claim,
                lambda sample, variable=v, slope=slope: (
                    sample.gy * slope((sample.inputs | {"y": sample.right["y"]})[variable])
                ),
            )


def constant_factor(g: str, sample: Sample) -> Claims:
    """Right but for a factor that is the same everywhere in an example, or all along an axis."""
    right = sample.right[g]
    if sample.yours[g].shape != right.shape or not right.ndim:
        return
    hint = "look at what it is divided by, or multiplied with: a sum, a mean, a root"
    everywhere = Claim("{g} {is} off by a factor, the same for all entries, but another one in another example", hint)
    yield everywhere, lambda sample: _times_factor(sample, g, tuple(range(sample.right[g].ndim)))
    for axis in range(-1, -right.ndim - 1, -1):
        claim = Claim(f"{{g}} {{is}} off by a factor that is constant along axis {axis}", hint)
        yield claim, lambda sample, axis=axis: _times_factor(sample, g, axis)


def _along_another(s: Sample, g: str, turn: Callable, back: Callable) -> NDArray | None:
    (x,) = s.inputs.values()
    if x.ndim < 2 or not close(_truth(s, x[:1], s.gy[:1]).y, s.right["y"][:1]):
        return None  # there is no other axis, or rows are not computed by themselves
    turned = turn(x)
    same = s.gy.shape == x.shape
    if g == "y":
        y = _truth(s, turned).y
        return back(y, x.shape) if same else y
    if not same:
        return None
    return back(_truth(s, turned, turn(s.gy)).gradients[0], x.shape)


def _truth(s: Sample, x: NDArray, gy: NDArray | None = None) -> Truth:
    return Truth(s.op, (x,), np.ones(()) if gy is None else gy)


def _reduced(s: Sample, v: str, function: Callable) -> NDArray | None:
    return function(s.inputs[v], axis=-1) if s.inputs[v].ndim else None


def _with_term(y: NDArray, term: NDArray | None, sign: int) -> NDArray | None:
    if term is None:
        return None
    if y.ndim == term.ndim + 1:
        term = term[..., None]
    return y + sign * term if y.ndim == term.ndim and np.broadcast_shapes(y.shape, term.shape) == y.shape else None


def _times_factor(s: Sample, g: str, axis: int | tuple[int, ...]) -> NDArray | None:
    right = s.right[g]
    if np.size(right, axis) < 2:
        return None
    factor = s.yours[g] / right
    if np.any(factor == 0):
        return None  # what is zero is missing, and not multiplied
    alike = abs(right - right.mean(axis, keepdims=True)).max() <= 1e-6 * abs(right).max()
    # Where what is right does not vary along the axis, a constant factor says nothing.
    return None if alike else right * np.median(factor, axis, keepdims=True)
