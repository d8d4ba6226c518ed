"""Hypotheses about entries that stand elsewhere, and about arguments that are taken otherwise: an axis, a mask, indices.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.predictions import with_input
from tests.harness.diagnosis.samples import Sample, close


def other_argument(g: str, sample: Sample) -> Claims:
    """Right for another value of an argument that is no array of floats."""
    for v, value in sample.inputs.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim >= 2:
            claim = Claim(f"{{g}} {{is}} what {v} with its last two axes exchanged would give: transpose {v}")
            yield claim, lambda sample, variable=v: _transposed(sample, g, variable)
        elif isinstance(value, np.ndarray) and value.dtype.kind == "b":
            claim = Claim(f"{{g}} {{is}} what ~{v} in place of {v} would give: True and False are exchanged")
            yield claim, with_input(g, v, lambda mask: ~mask)
        elif isinstance(value, np.ndarray) and value.dtype.kind == "i":
            for words, step in ((f"{v} + 1", 1), (f"{v} - 1", -1)):
                claim = Claim(f"{{g}} {{is}} what {words} in place of {v} would give", "indices count from 0")
                yield claim, with_input(g, v, lambda indices, step=step: indices + step)
        elif isinstance(value, bool):
            for other in (False, True):
                claim = Claim(f"{{g}} {{is}} what {v} = {other} would give: {v} is not used")
                yield claim, with_input(g, v, lambda _, other=other: other)
        elif value is None or (hasattr(sample.op.kinds[v], "several") and isinstance(value, int | tuple)):
            for other in (None, -1, 0):
                claim = Claim(f"{{g}} {{is}} what {v} = {other} would give: {v} is not used")
                yield claim, with_input(g, v, lambda _, other=other: other)
        elif isinstance(value, tuple):
            for words, change in (
                ("the inverse of {v}", lambda axes: tuple(int(a) for a in np.argsort(axes))),
                ("{v} backwards", lambda axes: axes[::-1]),
                ("all axes in reverse order", lambda axes: tuple(range(len(axes)))[::-1]),
            ):
                claim = Claim(f"{{g}} {{is}} what {words.format(v=v)} in place of {v} would give")
                yield claim, with_input(g, v, change)


def forward_again(g: str, sample: Sample) -> Claims:
    """gy is sent through the operation as if it were the input."""
    if g == "y":
        return
    hint = "grad goes the other way: it multiplies by the transposed Jacobian"
    yield (
        Claim("{g} {is} what the operation itself makes of gy: that is forward once more", hint),
        lambda sample: _forward_of_upstream(sample, g),
    )


def from_the_other_end(g: str, sample: Sample) -> Claims:
    """Reversed along an axis that an argument names; or computed from that axis's other end."""
    for v, value in sample.inputs.items():
        if not isinstance(value, int) or isinstance(value, bool):
            continue
        claim = Claim(f"{{g}} {{is}} reversed along {v}: turned once too often, or once too little")
        yield claim, lambda sample, variable=v: np.flip(sample.right[g], sample.inputs[variable])
        claim = Claim(f"{{g}} {{is}} computed from the other end of {v}")
        yield claim, lambda sample, variable=v: _from_the_other_end(sample, g, sample.inputs[variable])
        claim = Claim(f"{{g}} {{is}} gy's sum over the whole of {v}, at every place")
        if g != "y":
            yield claim, lambda sample, variable=v: _sum_everywhere(sample, g, sample.inputs[variable])


def as_if_elementwise(g: str, sample: Sample) -> Claims:
    """gy times the gradient for a gy of ones: right where an entry of y depends on one of the input alone."""
    if g != "y" and sample.gy.shape == sample.right[g].shape:
        text = "{g} {is} gy times the gradient for gy = ones: that is right for elementwise operations only"
        hint = "an entry of the input reaches several entries of y, each with its own gy"
        yield (
            Claim(text, hint),
            lambda sample: (
                sample.gy * sample.with_gy(np.ones(()))[g] if sample.gy.shape == sample.right[g].shape else None
            ),
        )


def elsewhere(g: str, sample: Sample) -> Claims:
    """The right entries, at other places or in another shape; or an input left as it is."""
    if g == "y":
        for v in sample.op.variables:
            yield Claim(f"y is {v} itself: nothing is done to it"), lambda sample, variable=v: sample.inputs[variable]
    yield (
        Claim("{g} {is} right but for the shape: all entries are there, in their order"),
        lambda sample: (
            sample.right[g].reshape(sample.yours[g].shape) if sample.right[g].size == sample.yours[g].size else None
        ),
    )
    for v, kind in sample.op.kinds.items():
        claim = Claim(f"{{g}} {{is}} gy's entries in their order, in the shape of {v}: they belong to other places")
        if g == f"g{v}" and kind.differentiated:
            yield claim, lambda sample: sample.gy.reshape(sample.right[g].shape)
    yield (
        Claim(
            "the entries of {g} are right, but stand at other places", "which axis is which, and where does it start?"
        ),
        lambda sample: sample.yours[g] if _alike_but_for_places(sample.yours[g], sample.right[g]) else None,
    )


def _alike_but_for_places(a: NDArray, b: NDArray) -> bool:
    return a.shape == b.shape and close(np.sort(a, None), np.sort(b, None))


def _transposed(s: Sample, g: str, v: str) -> NDArray | None:
    turned = np.swapaxes(s.inputs[v], -1, -2)
    return s.right_with(g, **{v: turned}) if turned.shape == s.inputs[v].shape else None


def _forward_of_upstream(s: Sample, g: str) -> NDArray | None:
    """None unless the operation is odd: else it would be a gradient in which gy is not used linearly."""
    if s.gy.ndim != s.right[g].ndim:
        return None
    y, negative = s.right_with("y", **{g[1:]: s.gy}), s.right_with("y", **{g[1:]: -s.gy})
    return y if y is not None and negative is not None and close(-negative, y) else None


def _sum_everywhere(s: Sample, g: str, axis: int) -> NDArray:
    return np.broadcast_to(s.gy.sum(axis, keepdims=True), s.right[g].shape)


def _from_the_other_end(s: Sample, g: str, axis: int) -> NDArray | None:
    if g == "y":
        turned = {v: np.flip(s.inputs[v], axis) for v in s.op.variables}
        y = s.right_with("y", **turned)
        return None if y is None else np.flip(y, axis)
    return np.flip(s.with_gy(np.flip(s.gy, axis))[g], axis)
