"""Hypotheses about an array's shape: an axis lost or kept, sums over too many axes, too few or others; transposed.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample, close


def shape(g: str, sample: Sample) -> Claims:
    """The right numbers in another shape, or summed over an axis too many or too few."""
    if sample.yours[g].shape == sample.right[g].shape:
        return
    right, yours = sample.right[g], sample.yours[g]
    kept = "keep the axis: sum(axis=..., keepdims=True)"
    if yours.size == right.size and 1 in right.shape and yours.ndim < right.ndim:
        yield (
            Claim("{g} {is} right but for the shape: an axis of length 1 is lost", kept),
            lambda sample: _squeezed(sample, g),
        )
    if yours.size == right.size and yours.ndim > right.ndim:
        text = "{g} {is} right but for the shape: an axis of length 1 is kept"
        yield Claim(text, "sum without keepdims, or drop the axis"), lambda sample: _squeezed(sample, g)
    if yours.ndim < right.ndim:
        for axes in _axes(right.ndim):
            for word, reduce in (("summed", np.sum), ("averaged", np.mean)):
                text = f"{{g}} {{is}} {word} over {_axis_words(axes, right.ndim)}, which should stay"
                yield Claim(text), lambda sample, axes=axes, reduce=reduce: reduce(sample.right[g], axis=axes)
        text = f"{{g}} {{is}} gy itself, of shape {_letters_of(sample.gy.shape)}"
        hint = f"spread gy over {g[1:]}'s shape" if g != "y" else ""
        yield Claim(text, hint), lambda sample: sample.gy
    if g != "y":
        for axes in _axes(sample.gy.ndim):
            over = _axis_words(axes, sample.gy.ndim)
            for keep in (True, False):
                for word, reduce in (("summed", np.sum), ("averaged", np.mean)):
                    claim = Claim(f"{{g}} {{is}} gy {word} over {over}: that is the wrong axis")
                    yield (
                        claim,
                        lambda sample, axes=axes, keep=keep, reduce=reduce: reduce(sample.gy, axis=axes, keepdims=keep),
                    )
        text = f"{{g}} {{is}} gy itself: the sum over the axes that {g[1:]} does not have is missing"
        yield (
            Claim(text, "sum over the batch: gy.sum(axis=0, keepdims=True)"),
            lambda sample: _if_a_sum_is_missing(sample, g),
        )
        yield (
            Claim(f"{{g}} {{is}} gy itself, in the shape of y, but should have that of {g[1:]}"),
            lambda sample: sample.gy,
        )


def unreduced(g: str, sample: Sample) -> Claims:
    """Your array has axes that should have been summed, or averaged."""
    yours, right = sample.yours[g], sample.right[g]
    for axes in _axes(yours.ndim):
        if yours.ndim - len(axes) == right.ndim or np.sum(yours, axis=axes, keepdims=True).shape == right.shape:
            over = _axis_words(axes, yours.ndim)
            for keep in (False, True):
                # Adding up what is yours gives what is right, and nothing else is wrong with it.
                for word, verb, reduce in (("summed", "sum", np.sum), ("averaged", "take the mean", np.mean)):
                    hint = f"{verb} over {over}" + (", keepdims=True" if keep else "")
                    claim = Claim(f"{{g}} {{is}} not {word} over {over}", hint)
                    yield (
                        claim,
                        lambda sample, axes=axes, keep=keep, reduce=reduce: _if_reduced(
                            sample.yours[g], sample.right[g], reduce, axes, keep
                        ),
                    )


def transposed(g: str, sample: Sample) -> Claims:
    if sample.right[g].ndim >= 2:
        product = "(A @ B).T is B.T @ A.T"
        yield Claim(f"{{g}} {{is}} transposed: yours equals {g}.T", product), lambda sample: sample.right[g].T
        claim = Claim("{g} {is} transposed: its last two axes are exchanged", product)
        yield claim, lambda sample: sample.right[g].swapaxes(-1, -2) if sample.right[g].ndim >= 2 else None


def other_reduction(g: str, sample: Sample) -> Claims:
    """y reduced along another axis, or over all of them."""
    if g != "y":
        return
    yield (
        Claim("y is the sum over everything, but an axis should stay"),
        lambda sample: np.sum(sample.right["y"]) if sample.right["y"].ndim else None,
    )

    def along_first(s: Sample) -> NDArray | None:
        turned = {n: v.T for n, v in s.inputs.items() if isinstance(v, np.ndarray) and v.ndim == 2}
        return s.right_with("y", **turned) if len(turned) == len(s.inputs) else None

    yield Claim("y is reduced over axis 0, but should be over the last axis", "axis=-1"), along_first


def _squeezed(s: Sample, g: str) -> NDArray | None:
    longer = [[n for n in a.shape if n != 1] for a in (s.right[g], s.yours[g])]
    return s.right[g].reshape(s.yours[g].shape) if longer[0] == longer[1] else None


def _if_a_sum_is_missing(s: Sample, g: str) -> NDArray | None:
    sums = (np.sum(s.gy, axes, keepdims=keep) for axes in _axes(s.gy.ndim) for keep in (False, True))
    return s.gy if any(close(total, s.right[g]) for total in sums) else None


def _if_reduced(yours: NDArray, right: NDArray, reduce: Callable, axes: tuple[int, ...], keep: bool) -> NDArray | None:
    return (
        yours if max(axes) < yours.ndim and close(np.asarray(reduce(yours, axis=axes, keepdims=keep)), right) else None
    )


def _axes(ndim: int) -> list[tuple[int, ...]]:
    return [axes for size in range(1, ndim + 1) for axes in combinations(range(ndim), size)]


def _axis_words(axes: tuple[int, ...], ndim: int) -> str:
    if len(axes) == ndim > 1:
        return "everything"
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(map(str, axes))}"


def _letters_of(shape: tuple[int, ...]) -> str:
    return "()" if not shape else str(shape)
