"""Edits of how the uses of an input that was broadcast are added up, and of the factors next to gy before they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.edit import Edit, Edits, SaysNothing
from tests.harness.diagnosis.samples import Sample, alone, close, fits
from tests.harness.rows.shapes import Token, parsed


@dataclass(frozen=True)
class Uses:
    """The gradient of an input, as if each use of its entries were an entry of its own: before they are added up.

    `front`, `ones`: the axes along which it was repeated, because it lacks them, or has them with length 1. `tail`: how many
    of its last axes are never repeated, as those of a matrix.
    """

    gradient: NDArray
    front: tuple[int, ...]
    ones: tuple[int, ...]
    shape: tuple[int, ...]
    tail: int = 0

    def summed(self, gradient: NDArray | None = None) -> NDArray:
        """What is right; or likewise of something else in the place of the gradient."""
        value = self.gradient if gradient is None else gradient
        return value.sum((*self.front, *self.ones), keepdims=True).reshape(self.shape)


def not_added_up(g: str, sample: Sample) -> Edits:
    """The uses of an input that was broadcast are not added up, or not all, or otherwise."""
    if not _broadcasts(g, sample):
        return
    kept = "sum over the axes that it lacks, and, with keepdims=True, over those where it has length 1"
    for words, add in _ADDED_UP:
        yield Edit(f"{{g}} {{is}} {words}", kept, after=_from_uses(g, lambda s, uses, add=add: add(uses)))
    text = "{g} {is} gy, added up in the input's shape: the derivative of the operation is missing"
    yield Edit(text, after=_from_uses(g, lambda s, uses: uses.summed(s.gy)))
    text = "in {g}, gy is summed before it is multiplied: multiply first, in the shape of y, then add up"
    yield Edit(text, after=_from_uses(g, lambda s, uses: uses.summed(s.gy) * (uses.gradient / s.gy)))
    text = "{g} {is} the sum of gy times the sum of the slopes: multiply first, in the shape of y, then add up"
    yield Edit(text, after=_from_uses(g, lambda s, uses: uses.summed(s.gy) * uses.summed(uses.gradient / s.gy)))


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
    (
        "summed over the axes where the input has length 1, numbered as the input numbers them, and not over those that it lacks",
        lambda uses: _summed_by_number(uses.gradient, uses),
    ),
    (
        "summed over the first of the axes that the input lacks, but not over the others",
        lambda uses: _summed_by_number(uses.gradient.sum(0) if uses.front else uses.gradient, uses),
    ),
    ("right but for the shape: an axis of length 1 is lost", lambda uses: uses.gradient.sum((*uses.front, *uses.ones))),
    (
        "averaged over the axes along which the input was broadcast: mean instead of sum?",
        lambda uses: uses.gradient.mean((*uses.front, *uses.ones), keepdims=True).reshape(uses.shape),
    ),
    (
        "averaged over the axes that the input lacks: mean instead of sum?",
        lambda uses: uses.gradient.mean(uses.front).sum(tuple(a - len(uses.front) for a in uses.ones), keepdims=True),
    ),
    ("the largest of the uses' gradients, but all uses add up", lambda uses: _largest(uses)),
    ("the gradient of one use of the input, but all its uses add up", lambda uses: _one(uses, 0)),
    ("the gradient of the last use of the input, but all its uses add up", lambda uses: _one(uses, -1)),
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
    ("cut to the input's shape, but all uses of an entry add up", lambda uses: np.resize(uses.gradient, uses.shape)),
)


def other_factor(g: str, sample: Sample) -> Edits:
    """Where inputs are broadcast: a factor too many or too few, or another one, before uses are added up."""
    if not any(_broadcasts(f"g{v}", sample) for v in (sample.op.variables if g == "y" else (g[1:],))):
        return
    names = ("y", *sample.arrays())
    for v in names:
        yield Edit(f"in {{g}}, the factor {v} is missing", after=_with_factor(g, lambda s, v=v: 1 / s.value(v)))
        yield Edit(f"in {{g}}, there is a factor {v} too many", after=_with_factor(g, lambda s, v=v: s.value(v)))
    for v in names:
        for w in names:
            if v != w:
                text = f"in {{g}}, there is a factor {w} where {v} should be"
                yield Edit(text, after=_with_factor(g, lambda s, v=v, w=w: s.value(w) / s.value(v)))
    if g != "y":
        text = "{g} {is} gy divided by the derivative, but should be multiplied by it"
        yield Edit(text, after=_from_uses(g, lambda s, uses: uses.summed(s.gy**2 / uses.gradient)))


def fewer_axes(g: str, sample: Sample) -> Edits:
    """Where the variable has fewer axes than y: not all of those that it lacks are summed, or another one is."""
    due = _lacking(g, sample)
    if not due or sample.yours[g].shape == sample.right[g].shape:
        return
    front = any(token.run for token in _of_y(sample)) and due == tuple(range(len(due)))
    whole = "all leading axes are" if front else f"{_axes(due)} {'is' if len(due) == 1 else 'are'}"
    hint = "sum over all axes in front of the last" if front else f"sum over {_axes(due)}"
    for axes in ((0,), (-1,), (0, 1), (1,), (1, 2), (2,), (0, -1)):
        placed = {a % sample.gy.ndim for a in axes} if max(axes) < sample.gy.ndim else {None}
        if placed == set(due):
            continue
        verb = "is" if len(axes) == 1 else "are"
        text = f"in {{g}}, {'only ' if placed < set(due) else ''}{_axes(axes)} {verb} summed, but {whole} due"
        for keep in (False, True):
            summed = lambda s, axes=axes, k=keep: _summed_over(s, g, axes, keep=k)  # noqa: E731
            yield Edit(text, hint, after=lambda s, right, f=summed: f(s))
            yield Edit(text, hint, after=lambda s, right, f=summed: f(s) if s.gy.ndim > right.ndim else right)


def product(g: str, sample: Sample) -> Edits:
    """gy times an array, summed to the shape of the variable: another array stands where the derivative should."""
    if g == "y" or sample.right[g].shape == sample.gy.shape:
        return
    text = f"{{g}} {{is}} gy, summed to the shape of {g[1:]}: the derivative of the operation is missing"
    yield Edit(text, after=lambda s, right: _rows_summed(right, s.gy))
    for v in (*sample.arrays(), "y"):
        text = f"{{g}} {{is}} gy * {v}, summed to the shape of {g[1:]}: {v} stands in the place of the derivative"
        yield Edit(text, after=lambda s, right, v=v: _summed_like(right, _product(s.gy, s.value(v))))


def outside(g: str, sample: Sample) -> Edits:
    """A factor multiplies the finished gradient, but belongs inside sums over its axes, next to gy."""
    for v in sample.arrays() if g != "y" else ():
        if v != g[1:]:
            text = f"in {{g}}, {v} multiplies at the end, after the sums, but belongs inside them: multiply gy by {v} first"
            hint, ones = f"g = gy * {v}, then the rest with g", {v: lambda s, v=v: np.ones_like(s.inputs[v])}
            yield Edit(text, hint, inputs=ones, after=lambda s, right, v=v, ones=ones: _outside(s, g, v, ones, right))
            if sample.inputs[v].ndim < sample.right[g].ndim:
                text = f"in {{g}}, there is a factor {v} too many"
                yield Edit(text, after=lambda s, right, v=v: _product(right, s.inputs[v]))


def _outside(s: Sample, g: str, v: str, ones: dict[str, Callable], right: NDArray) -> NDArray | None:
    """The gradient for v of ones, times v; None where the remedy, gy times v, would not mend it."""
    inside = _product(s.gy, s.inputs[v])
    if inside is None or not close(s.edited(inputs={v: ones[v](s)}, gy=inside)[g], s.right[g]):
        return None
    return _product(right, s.inputs[v])


def _of_y(sample: Sample) -> tuple[Token, ...]:
    """The dimensions of y, as the input that has its shape has them; nothing where none has."""
    shapes = [sample.op.shapes[v] for v in sample.op.variables if sample.inputs[v].shape == sample.gy.shape]
    return parsed(shapes[0]) if shapes else ()


def _lacking(g: str, s: Sample) -> tuple[int, ...]:
    """The axes of y that the variable does not have, or has with length 1."""
    if g == "y":
        return ()
    has = [token for token in parsed(s.op.shapes[g[1:]]) if token.run or token.letters]
    tokens = _of_y(s)
    if any(token.broadcasts for token in has) or not set(has) < set(tokens):
        return ()
    after = next((n for n, token in enumerate(tokens) if token.run), len(tokens))
    places = [n if n < after else n - len(tokens) for n, token in enumerate(tokens) if not token.run and token in has]
    return tuple(sorted(set(range(s.gy.ndim)) - {place % s.gy.ndim for place in places}))


def _summed_over(s: Sample, g: str, axes: tuple[int, ...], *, keep: bool) -> NDArray | None:
    """What gy's entries contribute to a variable with fewer axes, in the shape of y, summed over these axes alone."""
    due = _lacking(g, s)
    if any(a >= s.gy.ndim for a in axes):
        return None
    parts = np.empty(s.gy.shape)
    for at in np.ndindex(*(s.gy.shape[a] for a in due)):
        where = [slice(None)] * s.gy.ndim
        for axis, index in zip(due, at, strict=True):
            where[axis] = index
        parts[tuple(where)] = s.with_gy(alone(s.gy, tuple(where)))[g].reshape(parts[tuple(where)].shape)
    return parts.sum(axes, keepdims=keep)


def _axes(axes: tuple[int, ...]) -> str:
    names = ["the last" if a < 0 else str(a) for a in axes]
    if axes == (-1,):
        return "the last axis"
    return f"axis {names[0]}" if len(names) == 1 else f"axes {', '.join(names[:-1])} and {names[-1]}"


def _broadcasts(g: str, sample: Sample) -> bool:
    return g != "y" and any(token.broadcasts for token in parsed(sample.op.shapes[g[1:]]))


def _from_uses(g: str, add: Callable[[Sample, Uses], NDArray]) -> Callable:
    def after(s: Sample, right: NDArray) -> NDArray | None:
        uses = _uses(s, g)
        return None if uses is None else add(s, uses)

    return after


def _uses(s: Sample, g: str) -> Uses | None:
    """None where an input with an entry for each use does not give the same y."""
    value, tail = s.inputs[g[1:]], sum(not token.run for token in parsed(s.op.shapes[g[1:]]))
    lead = s.right["y"].shape[: s.right["y"].ndim - tail]
    full = (*lead, *value.shape[value.ndim - tail :])
    front = len(full) - value.ndim
    if front < 0:
        return None
    ones = tuple(a for a in range(front, len(lead)) if value.shape[a - front] == 1 < full[a])
    found = s.with_inputs(**{g[1:]: np.broadcast_to(value, full)})
    return Uses(found[g], tuple(range(front)), ones, value.shape, tail) if close(found["y"], s.right["y"]) else None


def _summed_by_number(gradient: NDArray, u: Uses) -> NDArray:
    """Over the axes where the input has length 1, as if it lacked none in front."""
    ones = tuple(a for a, n in enumerate(u.shape) if n == 1 and a < len(u.shape) - u.tail)
    return gradient.sum(ones, keepdims=True)


def _summed_behind(u: Uses) -> NDArray:
    total = u.gradient.sum(tuple(range(len(u.shape), u.gradient.ndim)))
    return total.sum(tuple(a for a, n in enumerate(u.shape) if n == 1), keepdims=True)


def _largest(u: Uses) -> NDArray:
    return u.gradient.max((*u.front, *u.ones), keepdims=True).reshape(u.shape)


def _one(u: Uses, use: int) -> NDArray:
    """The gradient of the first or the last use."""
    gradient = u.gradient
    for axis in (*u.front, *u.ones):
        gradient = np.take(gradient, [use], axis)
    return gradient.reshape(u.shape)


def _with_factor(g: str, factor: Callable[[Sample], NDArray]) -> Callable:
    if g == "y":
        return lambda s, right: right * factor(s)
    return _from_uses(g, lambda s, uses: uses.summed(uses.gradient * factor(s)))


def _product(a: NDArray, b: NDArray) -> NDArray | None:
    """Their product, where b broadcasts to a; as a factor of each row along the last axes, or of each entry of axis 1."""
    ways = {shape: b.reshape(shape) for shape in (b.shape, b.shape + (1,) * max(a.ndim - 1 - b.ndim, 0))}
    fitting = [shaped for shaped in ways.values() if fits(shaped, a)]
    if len(fitting) > 1:  # nobody can tell which is meant
        raise SaysNothing
    return a * fitting[0] if fitting else None


def _rows_summed(array: NDArray, gy: NDArray) -> NDArray | None:
    """The sum of gy's rows, as one row, or as none."""
    total = gy.reshape(-1, gy.shape[-1]).sum(0) if gy.ndim else gy
    return total.reshape(array.shape) if array.shape in (total.shape, (1, *total.shape)) else None


def _summed_like(array: NDArray, value: NDArray | None) -> NDArray | None:
    """The value summed over the axes that the array does not have, or has with length 1."""
    totals = (
        value.sum(axes, keepdims=keep)
        for count in range(value.ndim + 1 if value is not None else 0)
        for axes in combinations(range(value.ndim), count)
        for keep in (False, True)
    )
    return next((total for total in totals if total.shape == array.shape), None)
