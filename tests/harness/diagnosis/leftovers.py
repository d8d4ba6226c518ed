"""Edits of what is left over: `yours - right` is a multiple of some direction, known or the same all along an axis."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.edit import Edit, Edits, SaysNothing
from tests.harness.diagnosis.functions import OF_AN_INPUT, STANDS
from tests.harness.diagnosis.samples import Sample, fits

_REDUCTIONS: dict[str, Callable] = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "sum": np.sum}
_ALIKE = 1e-6  # relative: what varies less, along an axis, does not vary


def offset(g: str, sample: Sample) -> Edits:
    """A number, or an input, is added."""
    yours, right = sample.yours[g], sample.right[g]
    if yours.shape != right.shape:
        return
    for v in sample.arrays():
        if fits(sample.inputs[v], right):
            for said, sign in (("added to", 1), ("subtracted from", -1)):
                text = f"{v} is {said} {{g}} once too often"
                yield Edit(text, after=lambda s, right, v=v, sign=sign: _plus(right, sign * s.inputs[v]))
    if g != "y" and sample.gy.shape == right.shape:
        yield Edit("gy is added to {g} once too often", after=lambda s, right: right + s.gy)
        text = "gy is subtracted from {g} once too often: its own place is left out"
        yield Edit(text, after=lambda s, right: right - s.gy)
    difference = float(np.ravel(yours - right)[0]) if right.size else 0.0
    yield Edit(f"{{g}} {{is}} off by a constant: {difference:.6g} is added", after=lambda s, right: right + difference)


def argument_added(g: str, sample: Sample) -> Edits:
    """A number among the arguments, whole or divided by a size, is added once too often, or is missing."""
    if sample.yours[g].shape != sample.right[g].shape:
        return
    for v in sample.numbers:
        for k in (None, *sample.op.letters):
            for said, sign in (("added to", 1), ("subtracted from", -1)):
                text = f"{v}{f' / {k}' if k else ''} is {said} {{g}} once too often"
                size = lambda s, k=k: s.sizes[k] if k else 1  # noqa: E731
                yield Edit(text, after=lambda s, right, v=v, size=size, sign=sign: right + sign * s.inputs[v] / size(s))


def of_labels(g: str, sample: Sample) -> Edits:
    """What integers pick in each row is missing or twice there; or it is in every row, for every one of them."""
    for v in (*sample.arrays("i"), *sample.arrays("u")):
        labels, right = sample.inputs[v], sample.right[g]
        if g == "y" or labels.ndim != 1 or right.ndim != 2 or len(labels) != len(right):
            continue
        text = f"in {{g}}, [:, {v}] stands where [rows, {v}] should: each row gets an entry for every one of {v}, not for its own"
        hint = f"rows = np.arange(len({v})), then [rows, {v}]"
        for grid in (_grid, _counted):
            yield Edit(text, hint, after=along(lambda s, v=v, grid=grid: grid(s, g, v) - _picked(s, g, v), None, g))
        text = f"in {{g}}, {v} stand as numbers where 1 at [rows, {v}] should: they are classes"
        yield Edit(text, hint, after=along(lambda s, v=v: s.inputs[v][:, None] - _picked(s, g, v), None, g))


def instead(g: str, sample: Sample) -> Edits:
    """A function of an input stands where another one should, beside something else."""
    if g == "y" or sample.yours[g].shape != sample.right[g].shape:
        return
    for v in (v for v in sample.arrays() if sample.inputs[v].shape == sample.right[g].shape):
        for due in STANDS:
            for other, function in OF_AN_INPUT.items():
                if other != due:
                    text = f"in {{g}}, {other.format(v=v)} stands where {due.format(v=v)} should"
                    way = lambda s, v=v, a=function, b=OF_AN_INPUT[due]: a(s.inputs[v]) - b(s.inputs[v])  # noqa: E731
                    yield Edit(text, after=along(way, None, g))
            text = f"in {{g}}, there is a term {due.format(v=v)} too many"
            yield Edit(text, after=along(lambda s, v=v, a=OF_AN_INPUT[due]: a(s.inputs[v]), None, g))


def constant_term(g: str, sample: Sample) -> Edits:
    """What is missing is the same all along an axis, as the derivative of a mean or a sum over that axis is."""
    right, yours = sample.right[g], sample.yours[g]
    if yours.shape != right.shape:
        return
    question = "" if g == "y" else " (the mean's own derivative?)"
    for axis in range(-1, -right.ndim - 1, -1):
        text = f"{{g}} {{is}} off by a term that is constant along axis {axis}{question}"
        yield Edit(text, after=along(lambda s: np.ones(s.right[g].shape), axis, g), fitted=True)


def along_the_input(g: str, sample: Sample) -> Edits:
    """A multiple of the input is missing in each row."""
    if g != "y" and sample.inputs[g[1:]].ndim > 1 and sample.yours[g].shape == sample.right[g].shape:
        text = "{g} {is} off by a multiple of {v} in each row: is a length's own derivative wrong, or missing?"
        yield Edit(text, "a length depends on the row too", after=along(lambda s: s.inputs[g[1:]], -1, g), fitted=True)


def reduction(g: str, sample: Sample) -> Edits:
    """y is off by a reduction of an input along its last axis, or is that reduction; or is off by the log of a size."""
    if g != "y" or sample.yours[g].shape != sample.right[g].shape:
        return
    for v in sample.op.variables:
        for words, function in _REDUCTIONS.items():
            what = f"the {words} of {v} along the last axis"
            yield Edit(f"y is {what}", after=lambda s, right, v=v, f=function: f(s.inputs[v], axis=-1))
            for size, sign in (("small", -1), ("large", 1)):
                term = lambda s, v=v, f=function, sign=sign: sign * f(s.inputs[v], axis=-1)  # noqa: E731
                yield Edit(
                    f"y is too {size} by {what}",
                    after=lambda s, right, term=term: _plus(right, _beside(term(s), right)),
                )
    for letter in sample.op.letters:
        for said, sign in (("mean instead of sum?", -1), ("sum instead of mean?", 1)):
            text = f"y is off by log({letter}): {said}"
            yield Edit(text, after=lambda s, right, k=letter, sign=sign: right + sign * math.log(s.sizes[k]))


def constant_factor(g: str, sample: Sample) -> Edits:
    """Right but for a factor that is the same everywhere in an example, or all along an axis."""
    right = sample.right[g]
    if sample.yours[g].shape != right.shape or not right.ndim:
        return
    hint = "look at what it is divided by, or multiplied with: a sum, a mean, a root"
    text = "{g} {is} off by a factor, the same for all entries, but another one in another example"
    yield Edit(text, hint, after=lambda s, right: _times_factor(s, g, tuple(range(right.ndim))), fitted=True)
    for axis in range(-1, -right.ndim - 1, -1):
        text = f"{{g}} {{is}} off by a factor that is constant along axis {axis}"
        yield Edit(text, hint, after=lambda s, right, axis=axis: _times_factor(s, g, axis), fitted=True)


def along(direction: Callable[[Sample], NDArray], axis: int | tuple[int, ...] | None, g: str) -> Callable:
    """What is right, and that multiple of a direction, the same all along an axis, which comes nearest to yours.

    Raises SaysNothing where all of what is right, or of yours, goes that way: then any multiple would fit.
    """

    def after(s: Sample, right: NDArray) -> NDArray | None:
        yours, way = s.yours[g], direction(s)
        if yours.shape != right.shape or way.shape != right.shape:
            return None
        if np.size(right, axis) < 2 or any(_goes(array, way, axis) for array in (right, yours)):
            raise SaysNothing
        return right + _part(yours - right, way, axis)

    return after


def _goes(array: NDArray, way: NDArray, axis: object) -> bool:
    return bool(abs(array - _part(array, way, axis)).max() <= _ALIKE * abs(array).max())


def _part(array: NDArray, way: NDArray, axis: object) -> NDArray:
    """What of the array goes that way."""
    length = (way * way).sum(axis, keepdims=True)
    return way * np.divide((array * way).sum(axis, keepdims=True), length, out=np.zeros_like(length), where=length > 0)


def _times_factor(s: Sample, g: str, axis: int | tuple[int, ...]) -> NDArray | None:
    right = s.right[g]
    if np.size(right, axis) < 2:
        raise SaysNothing
    factor = s.yours[g] / right
    if np.any(factor == 0):
        return None  # what is zero is missing, and not multiplied
    alike = abs(right - right.mean(axis, keepdims=True)).max() <= _ALIKE * abs(right).max()
    # Where what is right does not vary along the axis, a constant factor says nothing.
    return None if alike else right * np.median(factor, axis, keepdims=True)


def _plus(right: NDArray, term: NDArray) -> NDArray | None:
    return right + term if fits(term, right) else None


def _beside(term: NDArray, right: NDArray) -> NDArray:
    """The term with the axis back along which it was reduced, where what it is added to has one."""
    return term[..., None] if right.ndim == term.ndim + 1 else term


def _picked(s: Sample, g: str, v: str) -> NDArray:
    return (np.arange(s.right[g].shape[1]) == s.inputs[v][:, None]).astype(float)


def _grid(s: Sample, g: str, v: str) -> NDArray:
    """1 in each row for every one of the integers, once."""
    return np.broadcast_to(_picked(s, g, v).max(0), s.right[g].shape)


def _counted(s: Sample, g: str, v: str) -> NDArray:
    """Likewise, as often as it is there."""
    return np.broadcast_to(_picked(s, g, v).sum(0), s.right[g].shape)
