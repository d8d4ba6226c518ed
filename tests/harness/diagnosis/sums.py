"""Hypotheses about sums over axes: the uses of an input that was broadcast, and the entries that are reduced to one.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.rows.shapes import parsed


@dataclass(frozen=True)
class Uses:
    """The gradient of an input, as if each use of its entries were an entry of its own: before they are added up.

    `front`, `ones`: the axes along which it was repeated, because it lacks them, or has them with length 1.
    """

    gradient: NDArray
    front: tuple[int, ...]
    ones: tuple[int, ...]
    shape: tuple[int, ...]

    def summed(self) -> NDArray:
        """What is right."""
        return self.gradient.sum((*self.front, *self.ones), keepdims=True).reshape(self.shape)


def not_added_up(g: str, sample: Sample) -> Claims:
    """The uses of an input that was broadcast are not added up, or not all, or otherwise."""
    if not _broadcasts(g, sample):
        return
    kept = "sum over the axes that it lacks, and over those where it has length 1; keep the latter"
    for words, add in _ADDED_UP:
        yield Claim(f"{{g}} {{is}} {words}", kept), lambda s, f=add: _from_uses(s, g, f)
    claim = Claim("{g} {is} gy, added up in the input's shape: the derivative of the operation is missing")
    yield claim, lambda s: _from_uses(s, g, _of_upstream(s))
    text = "{g} {is} the sum of gy times the sum of the slopes: multiply first, in the shape of y, then add up"
    yield Claim(text), lambda s: _from_uses(s, g, lambda u: _of_upstream(s)(u) * _of_slope(s)(u))


_ADDED_UP: tuple[tuple[str, Callable[[Uses], NDArray]], ...] = (
    ("not summed over the axes along which the input was broadcast", lambda uses: uses.gradient),
    (
        "summed over the axes that the input lacks, but not over those where it has length 1",
        lambda uses: uses.gradient.sum(uses.front),
    ),
    (
        "summed over the axes where the input has length 1, but not over those that it lacks",
        lambda uses: uses.gradient.sum(uses.ones, keepdims=True),
    ),
    ("right but for the shape: an axis of length 1 is lost", lambda uses: uses.gradient.sum((*uses.front, *uses.ones))),
    (
        "averaged over the axes along which the input was broadcast: mean instead of sum?",
        lambda uses: uses.gradient.mean((*uses.front, *uses.ones), keepdims=True).reshape(uses.shape),
    ),
    ("the gradient of one use of the input, but all its uses add up", lambda uses: _at(uses, 0)),
    ("the gradient of the last use of the input, but all its uses add up", lambda uses: _at(uses, -1)),
    (
        "summed over everything, not only over the axes along which the input was broadcast",
        lambda uses: np.full(uses.shape, uses.gradient.sum()) if uses.front or uses.ones else uses.gradient,
    ),
    (
        "summed over axis 0, whichever axes the input was broadcast along",
        lambda uses: (
            uses.gradient.sum(0, keepdims=not uses.front) if uses.gradient.shape != uses.shape else uses.gradient
        ),
    ),
    (
        "summed over the last axes, but broadcasting lines shapes up at their last axis",
        lambda uses: _summed_behind(uses),
    ),
    (
        "cut to the input's shape, but all uses of an entry add up",
        lambda uses: np.resize(uses.gradient, uses.shape),
    ),
)


def other_factor(g: str, sample: Sample) -> Claims:
    """Where inputs are broadcast: a factor too many or too few, or another one, before uses are added up."""
    if not any(_broadcasts(f"g{v}", sample) for v in (sample.op.variables if g == "y" else (g[1:],))):
        return
    sources = {"y": lambda s: s.right["y"]} | {v: lambda s, v=v: s.inputs[v] for v in sample.arrays()}
    for v, value in sources.items():
        yield (
            Claim(f"in {{g}}, the factor {v} is missing"),
            lambda s, f=value: _with_factor_inside(s, g, lambda s: 1 / f(s)),
        )
        yield Claim(f"in {{g}}, there is a factor {v} too many"), lambda s, f=value: _with_factor_inside(s, g, f)
    for v, value in sources.items():
        for w, other in sources.items():
            if v != w:
                claim = Claim(f"in {{g}}, there is a factor {w} where {v} should be")
                yield claim, lambda s, f=value, h=other: _with_factor_inside(s, g, lambda s: h(s) / f(s))
    claim = Claim("{g} {is} gy divided by the derivative, but should be multiplied by it")
    if g != "y":
        yield claim, lambda s: _from_uses(s, g, lambda u: Uses(s.gy**2 / u.gradient, u.front, u.ones, u.shape).summed())


def miscounted(g: str, sample: Sample) -> Claims:
    """Multiplied or divided by another number than that of the entries that are reduced to one."""
    if sample.op.letters or sample.yours[g].shape != sample.right[g].shape or not _reduced(sample):
        return
    hint = "n is how many entries of the input make one of y: x.size / y.size"
    for words, factor in _COUNTS:
        yield Claim(f"{{g}} {{is}} {words}", hint), lambda s, f=factor: _counted(s, g, f)


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
    yield claim, lambda s: _spread(s.gy, s.right[g].shape)
    claim = Claim("{g} {is} right but for the shape: it is not repeated along the reduced axes", "np.broadcast_to")
    yield claim, lambda s: s.yours[g] if close(np.broadcast_to(s.yours[g], s.right[g].shape), s.right[g]) else None
    hint = "give gy the reduced axes back, where they were: np.expand_dims(gy, axis)"
    for where, axes in (("as it comes, along the last axes", ()), ("along the first axes", (...,))):
        text = f"in {{g}}, gy is spread {where}, not along those that were reduced"
        for grows in (False, True):
            yield Claim(text, hint, breaks=True), lambda s, a=axes, w=grows: _spread_wrongly(s, g, a, grows=w)
    text = "{g} {is} off by a term that is the same for all entries that make one of y (the mean's own derivative?)"
    yield Claim(text), lambda s: _off_alike(s, g)


def other_reduction(g: str, sample: Sample) -> Claims:
    """y reduces the right entries otherwise."""
    if g != "y" or not _reduced(sample):
        return
    for words, reduce in _REDUCTIONS.items():
        claim = Claim(f"y is the {words} of the entries that make it")
        yield claim, lambda s, f=reduce: f(_array(s), _reduced_axes(s)).reshape(s.right["y"].shape)


_REDUCTIONS: dict[str, Callable] = {
    "sum": np.sum,
    "mean": np.mean,
    "largest": np.max,
    "smallest": np.min,
    "product": np.prod,
    "standard deviation": np.std,
    "variance": np.var,
    "mean square": lambda x, axes: np.mean(x**2, axes),
    "sum of squares": lambda x, axes: np.sum(x**2, axes),
}


def _broadcasts(g: str, sample: Sample) -> bool:
    return g != "y" and any(token.broadcasts for token in parsed(sample.op.shapes[g[1:]]))


def _from_uses(s: Sample, g: str, add: Callable[[Uses], NDArray]) -> NDArray | None:
    uses = _uses(s, g)
    return None if uses is None else add(uses)


def _uses(s: Sample, g: str) -> Uses | None:
    """None where an input with an entry for each use does not give the same y."""
    value, tail = s.inputs[g[1:]], sum(not token.run for token in parsed(s.op.shapes[g[1:]]))
    lead = s.right["y"].shape[: s.right["y"].ndim - tail]
    full = (*lead, *value.shape[value.ndim - tail :])
    front = len(full) - value.ndim
    if front < 0:
        return None
    ones = tuple(a for a in range(front, len(lead)) if value.shape[a - front] == 1 < full[a])
    named = s.with_inputs(**{g[1:]: np.broadcast_to(value, full)})
    if named is None or not close(named["y"], s.right["y"]):
        return None
    return Uses(named[g], tuple(range(front)), ones, value.shape)


def _summed_behind(u: Uses) -> NDArray:
    total = u.gradient.sum(tuple(range(len(u.shape), u.gradient.ndim)))
    return total.sum(tuple(a for a, n in enumerate(u.shape) if n == 1), keepdims=True)


def _at(u: Uses, use: int) -> NDArray:
    """The gradient of the first or the last use."""
    gradient = u.gradient
    for axis in (*u.front, *u.ones):
        gradient = np.take(gradient, [use], axis)
    return gradient.reshape(u.shape)


def _of_upstream(s: Sample) -> Callable[[Uses], NDArray]:
    return lambda uses: Uses(s.gy, uses.front, uses.ones, uses.shape).summed()


def _of_slope(s: Sample) -> Callable[[Uses], NDArray]:
    return lambda uses: Uses(uses.gradient / s.gy, uses.front, uses.ones, uses.shape).summed()


def _with_factor_inside(s: Sample, g: str, factor: Callable[[Sample], NDArray]) -> NDArray | None:
    if g == "y":
        return s.right["y"] * factor(s)
    return _from_uses(s, g, lambda uses: Uses(uses.gradient * factor(s), uses.front, uses.ones, uses.shape).summed())


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
