"""Hypotheses about the entries that are reduced to one: how many they are, how gy is spread over them, by what they are reduced.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample, close


def miscounted(g: str, sample: Sample) -> Claims:
    """Multiplied or divided by another number than that of the entries that are reduced to one."""
    if sample.op.letters or sample.yours[g].shape != sample.right[g].shape or not _reduced(sample):
        return
    hint = "n is how many entries of the input make one of y: x.size / y.size"
    for words, factor in _COUNTS:
        yield Claim(f"{{g}} {{is}} {words}", hint), lambda sample, factor=factor: _counted(sample, g, factor)


# n is `entries`, how many make one of y; m `outputs`, how many y has; k `rows`, the length of the input's first axis.


_COUNTS: tuple[tuple[str, Callable[[int, int, int], float]], ...] = (
    (
        "n times too small, n the number of entries that make one of y: mean instead of sum?",
        lambda entries, outputs, rows: 1 / entries,
    ),
    (
        "n times too large, n the number of entries that make one of y: sum instead of mean?",
        lambda entries, outputs, rows: entries,
    ),
    (
        "divided by n - 1 instead of n: the sample's instead of the population's?",
        lambda entries, outputs, rows: entries / (entries - 1),
    ),
    (
        "(n - 1) / n times what it should be, n the number of entries that make one of y",
        lambda entries, outputs, rows: (entries - 1) / entries,
    ),
    (
        "m times too small, m the number of y's entries: divided by the size of all?",
        lambda entries, outputs, rows: 1 / outputs,
    ),
    (
        "n / m times what it should be, m the number of y's entries: divided by y.size?",
        lambda entries, outputs, rows: entries / outputs,
    ),
    (
        "n / k times what it should be, k the length of the first axis: divided by k?",
        lambda entries, outputs, rows: entries / rows,
    ),
    (
        "n / 2 times what it should be, n the number of entries that make one of y",
        lambda entries, outputs, rows: entries / 2,
    ),
)


def spread(g: str, sample: Sample) -> Claims:
    """gy handed on to all the entries that were reduced; or a term missing that is the same for all of them."""
    if g == "y" or not _reduced(sample):
        return
    claim = Claim("{g} {is} gy, spread over the reduced axes: the derivative of the operation is missing")
    yield claim, lambda sample: _spread(sample.gy, sample.right[g].shape)
    claim = Claim("{g} {is} right but for the shape: it is not repeated along the reduced axes", "np.broadcast_to")
    yield (
        claim,
        lambda sample: (
            sample.yours[g] if close(np.broadcast_to(sample.yours[g], sample.right[g].shape), sample.right[g]) else None
        ),
    )
    hint = "give gy the reduced axes back, where they were: np.expand_dims(gy, axis)"
    for where, axes in (("as it comes, along the last axes", ()), ("along the first axes", (...,))):
        text = f"in {{g}}, gy is spread {where}, not along those that were reduced"
        for grows in (False, True):
            yield (
                Claim(text, hint, breaks=True),
                lambda sample, axes=axes, grows=grows: _spread_wrongly(sample, g, axes, grows=grows),
            )
    text = "{g} {is} off by a term that is the same for all entries that make one of y (the mean's own derivative?)"
    yield Claim(text), lambda sample: _off_alike(sample, g)


def other_reduction(g: str, sample: Sample) -> Claims:
    """y reduces the right entries otherwise."""
    if g != "y" or not _reduced(sample):
        return
    for words, reduce in _REDUCTIONS.items():
        claim = Claim(f"y is the {words} of the entries that make it")
        yield (
            claim,
            lambda sample, reduce=reduce: reduce(_array(sample), _reduced_axes(sample)).reshape(
                sample.right["y"].shape
            ),
        )


_REDUCTIONS: dict[str, Callable] = {
    "sum": np.sum,
    "mean": np.mean,
    "largest": np.max,
    "smallest": np.min,
    "product": np.prod,
    "standard deviation": np.std,
    "variance": np.var,
    "mean square": lambda array, axes: np.mean(array**2, axes),
    "sum of squares": lambda array, axes: np.sum(array**2, axes),
}


def _reduced(s: Sample) -> bool:
    """Whether the operation has one array, and makes one entry of y from several of it."""
    arrays, y = [v for v in s.inputs.values() if isinstance(v, np.ndarray)], s.right["y"]
    return len(arrays) == 1 and y.size < arrays[0].size and _spread(y, arrays[0].shape) is not None


def _array(s: Sample) -> NDArray:
    return next(v for v in s.inputs.values() if isinstance(v, np.ndarray))


def _counted(s: Sample, g: str, factor: Callable[[int, int, int], float]) -> NDArray | None:
    x, m = _array(s), s.right["y"].size
    n = x.size // m
    return s.right[g] * factor(n, m, x.shape[0]) if n > 1 else None


def _spread(small: NDArray, shape: tuple[int, ...]) -> NDArray | None:
    """The array repeated along the axes that it lacks, or has with length 1; None where it does not fit in."""
    lengths, left = [], list(small.shape)
    for place, n in enumerate(shape):
        if left and (left[0] == n or (left[0] == 1 and len(left) == len(shape) - place)):
            lengths.append(left.pop(0))
        else:
            lengths.append(1)
    return None if left else np.broadcast_to(small.reshape(lengths), shape)


def _spread_wrongly(s: Sample, g: str, behind: tuple, *, grows: bool) -> NDArray:
    """gy without its reduced axes, or with all of them `behind`. Raises ValueError where it cannot be broadcast so.

    `grows`: it is multiplied in, and so may make the gradient larger than it should be.
    """
    shape, slope = s.right[g].shape, s.with_gy(np.ones(()))[g]
    gy = s.gy[(*behind, *[None] * (len(shape) - s.gy.ndim))] if behind else s.gy
    return gy * slope if grows else np.broadcast_to(gy, shape) * slope


def _off_alike(s: Sample, g: str) -> NDArray | None:
    """What is right, less what is missing on average among the entries that make one of y."""
    axes = _reduced_axes(s)
    if prod(s.right[g].shape[a] for a in axes) < 2:
        return None
    missing = s.right[g] - s.yours[g]
    alike = (abs(a - a.mean(axes, keepdims=True)).max() <= 1e-6 * abs(a).max() for a in (s.right[g], s.yours[g]))
    return None if any(alike) else s.right[g] - missing.mean(axes, keepdims=True)


def _reduced_axes(s: Sample) -> tuple[int, ...]:
    shape = _array(s).shape
    strides = _spread(s.right["y"], shape).strides
    return tuple(a for a, stride in enumerate(strides) if stride == 0 and shape[a] > 1)
