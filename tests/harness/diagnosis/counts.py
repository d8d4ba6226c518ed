"""Edits where an array is reduced: how many entries make one of y, how gy is spread over them, by what they are reduced."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.leftovers import along
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.rows.plain import Axis


def miscounted(g: str, sample: Sample) -> Edits:
    """Multiplied or divided by another number than that of the entries that are reduced to one."""
    if sample.op.letters or sample.yours[g].shape != sample.right[g].shape or not _reduced(sample):
        return
    hint = "n is how many entries of the input make one of y: x.size / y.size"
    for words, factor in _COUNTS:
        yield Edit(f"{{g}} {{is}} {words}", hint, after=lambda s, right, f=factor: _counted(s, right, f))
    for words, count in _LENGTHS:
        text = f"{{g}} {{is}} divided by {words}, not by how many entries make one of y"
        yield Edit(text, hint, after=lambda s, right, c=count: _counted(s, right, lambda n, m: n / c(s)))


# n: how many entries make one of y; m: how many y has.
_COUNTS: tuple[tuple[str, Callable[[int, int], float]], ...] = (
    ("n times too small, n the number of entries that make one of y: mean instead of sum?", lambda n, m: 1 / n),
    ("n times too large, n the number of entries that make one of y: sum instead of mean?", lambda n, m: n),
    ("divided by n - 1 instead of n: the sample's instead of the population's?", lambda n, m: n / (n - 1)),
    ("(n - 1) / n times what it should be, n the number of entries that make one of y", lambda n, m: (n - 1) / n),
    ("m times too small, m the number of y's entries: divided by the size of all?", lambda n, m: 1 / m),
    ("n / m times what it should be, m the number of y's entries: divided by y.size?", lambda n, m: n / m),
    ("n / 2 times what it should be, n the number of entries that make one of y", lambda n, m: n / 2),
)


_LENGTHS: tuple[tuple[str, Callable[[Sample], float]], ...] = (
    ("the length of the first axis", lambda s: len(_array(s))),
    ("the length of the last axis", lambda s: _array(s).shape[-1]),
    ("the sum of the lengths of the reduced axes", lambda s: sum(_array(s).shape[a] for a in _reduced_axes(s))),
    ("the length of the first reduced axis", lambda s: _array(s).shape[_reduced_axes(s)[0]]),
)


def spread(g: str, sample: Sample) -> Edits:
    """gy handed on to all the entries that were reduced; or a term missing that is the same for all of them."""
    if g == "y" or not _reduced(sample):
        return
    text = "{g} {is} gy, spread over the reduced axes: the derivative of the operation is missing"
    yield Edit(text, after=lambda s, right: _spread(s.gy, s))
    text = "{g} {is} right but for the shape: it is not repeated along the reduced axes"
    yield Edit(text, "np.broadcast_to", after=lambda s, right: _if_broadcast(s.yours[g], right))
    hint = "give gy the reduced axes back, where they were: np.expand_dims(gy, axis)"
    for where, axes in (("as it comes, along the last axes", ()), ("along the first axes", (...,))):
        text = f"in {{g}}, gy is spread {where}, not along those that were reduced"
        for grows in (False, True):
            wrongly = lambda s, right, axes=axes, grows=grows: _spread_wrongly(s, g, axes, grows=grows)  # noqa: E731
            yield Edit(text, hint, breaks=True, after=wrongly)
    text = "{g} {is} off by a term that is the same for all entries that make one of y (look at the mean)"
    yield Edit(text, after=lambda s, right: along(lambda s: np.ones(right.shape), _reduced_axes(s), g)(s, right))


def _reduced(s: Sample) -> bool:
    """Whether the operation's arrays are all of one shape, and it makes one entry of y from several of theirs."""
    arrays, y = [v for v in s.inputs.values() if isinstance(v, np.ndarray)], s.right["y"]
    if len({a.shape for a in arrays}) != 1 or y.size >= arrays[0].size:
        return False
    try:
        return bool(_reduced_axes(s))
    except ValueError:
        return False


def _array(s: Sample) -> NDArray:
    return next(v for v in s.inputs.values() if isinstance(v, np.ndarray))


def _counted(s: Sample, right: NDArray, factor: Callable[[int, int], float]) -> NDArray | None:
    x, m = _array(s), s.right["y"].size
    n = x.size // m
    return right * factor(n, m) if n > 1 else None


def _spread(small: NDArray, s: Sample) -> NDArray:
    """An array like y, repeated along the reduced axes of the input."""
    shape, axes = _array(s).shape, _reduced_axes(s)
    return np.broadcast_to(small.reshape([1 if a in axes else n for a, n in enumerate(shape)]), shape)


def _if_broadcast(yours: NDArray, right: NDArray) -> NDArray | None:
    return yours if close(np.broadcast_to(yours, right.shape), right) else None


def _spread_wrongly(s: Sample, g: str, behind: tuple, *, grows: bool) -> NDArray:
    """gy without its reduced axes, or with all of them `behind`. Raises ValueError where it cannot be broadcast so.

    `grows`: it is multiplied in, and so may make the gradient larger than it should be.
    """
    shape, slope = s.right[g].shape, s.with_gy(np.ones(()))[g]
    gy = s.gy[(*behind, *[None] * (len(shape) - s.gy.ndim))] if behind else s.gy
    return gy * slope if grows else np.broadcast_to(gy, shape) * slope


def _reduced_axes(s: Sample) -> tuple[int, ...]:
    """The axes that the argument names; all of them where there is none. Raises ValueError where they do not make y."""
    x, y = _array(s), s.right["y"]
    named = [s.inputs[v] for v, kind in s.op.kinds.items() if isinstance(kind, Axis)]
    axes = named[0] if named and named[0] is not None else tuple(range(x.ndim))
    found = tuple(sorted(a % x.ndim for a in (axes if isinstance(axes, tuple) else (int(axes),))))
    if y.size != prod(n for a, n in enumerate(x.shape) if a not in found):
        raise ValueError("no reduction")
    return found
