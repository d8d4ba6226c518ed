"""Hypotheses about a mean, a variance or a norm inside the row's torch expression: taken otherwise, left out, or held constant.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims, Predict
from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch

_WORDS = {
    torch.mean.__name__: "the mean",
    torch.sum.__name__: "the sum",
    torch.var.__name__: "the variance",
    torch.std.__name__: "the standard deviation",
    torch.linalg.vector_norm.__name__: "the norm",
}
_CORRECTED = (_WORDS[torch.var.__name__], _WORDS[torch.std.__name__])


@dataclass(frozen=True)
class _Reduction:
    """A call that reduces over an axis and keeps it: what it gives, how many axes there are, and which it reduces."""

    what: str
    ndim: int
    axis: int


@dataclass(frozen=True)
class _Change:
    """What becomes of a reduction: taken over other axes, with another correction, or off by a factor.

    `factor` and `slope` get the number of entries that it is over: what the value is multiplied by, or its derivative alone.
    """

    axes: tuple[int, ...] | None = None
    correction: int | None = None
    factor: Callable[[int], float] | None = None
    slope: Callable[[int], float] | None = None


def changed(g: str, sample: Sample) -> Claims:
    """Right if a reduction inside were another one, for the forward and the backward pass."""
    reductions = _reductions(sample)
    for number, reduction in enumerate(reductions):
        what = reduction.what
        if what in _CORRECTED:
            claim = Claim(f"{{g}} {{is}} what {what} of a sample would give, divided by n - 1", "divide by n")
            yield claim, _with_reductions(g, (number,), _Change(correction=1))
        if len(reductions) > 1:
            claim = Claim(f"{{g}} {{is}} what {what} = 0 would give: {what} is left out")
            yield claim, _with_reductions(g, (number,), _Change(factor=lambda entries: 0))
        for times, question, factor in _MULTIPLES:
            claim = Claim(f"{{g}} {{is}} what {what} {times} would give, {_N}{question}")
            yield claim, _with_reductions(g, (number,), _Change(factor=factor))
    if not reductions:
        return
    (*_, everything), what = _choices(reductions), _named(reductions)
    due = f"but should be with {what} over {_axis(reductions[0])}"
    for axis in range(reductions[0].ndim):
        claim = Claim(f"{{g}} {{is}} what you get with {what} over axis {axis}, {due}")
        yield claim, _with_reductions(g, everything, _Change(axes=(axis,)))
    if reductions[0].ndim > 1:
        claim = Claim(f"{{g}} {{is}} what you get with {what} over everything, {due}")
        yield claim, _with_reductions(g, everything, _Change(axes=()))


_N = "n the number of entries that it is over"
_MULTIPLES: tuple[tuple[str, str, Callable[[int], float]], ...] = (
    ("times n", ": sum instead of mean?", lambda entries: entries),
    ("divided by n", ": mean instead of sum?", lambda entries: 1 / entries),
    ("divided by sqrt(n)", ": mean instead of sum?", lambda entries: entries**-0.5),
)


def path(g: str, sample: Sample) -> Claims:
    """The gradient's term of one reduction, or of all of them, is missing or has another factor."""
    if g == "y":
        return
    reductions, v = _reductions(sample), g[1:]
    for chosen in _choices(reductions):
        what = _named([reductions[number] for number in chosen])
        one = len(chosen) == 1
        treated = "is treated as a constant: it depends" if one else "are treated as constants: they depend"
        claim = Claim(f"in {{g}}, {what} {treated} on {v} too", f"a term for each path from {v} to y")
        yield claim, _with_reductions(g, chosen, _Change(slope=lambda entries: 0))
        for is_wrong, are_wrong, slope in _SLOPES:
            terms = f"the term that comes through {what} {is_wrong}" if one else f"the terms of {what} {are_wrong}"
            yield Claim(f"in {{g}}, {terms}"), _with_reductions(g, chosen, _Change(slope=slope))
        if one:
            claim = Claim(
                f"in {{g}}, the term that comes through {what} has a wrong factor, the same all along its axis"
            )
            axis, term = reductions[chosen[0]].axis, _with_reductions(g, chosen, _Change(slope=lambda entries: 0))
            yield claim, lambda sample, axis=axis, term=term: _with_other_factor(sample, g, term(sample), axis)


_SLOPES: tuple[tuple[str, str, Callable[[int], float]], ...] = (
    ("has the wrong sign", "have the wrong sign", lambda entries: -1),
    ("is twice what it should be", "are twice what they should be", lambda entries: 2),
    ("is half of what it should be", "are half of what they should be", lambda entries: 0.5),
    (
        f"is n times too large, {_N}: sum instead of mean?",
        "are n times too large, n the number of entries that they are over: sum instead of mean?",
        lambda entries: entries,
    ),
    (
        f"is n times too small, {_N}: mean instead of sum?",
        "are n times too small, n the number of entries that they are over: mean instead of sum?",
        lambda entries: 1 / entries,
    ),
)


def _choices(reductions: Sequence[_Reduction]) -> list[tuple[int, ...]]:
    """Each of them, and then all together."""
    count = len(reductions)
    return [*((number,) for number in range(count)), *([tuple(range(count))] if count > 1 else [])]


def _named(reductions: Sequence[_Reduction]) -> str:
    return listed(list(dict.fromkeys(reduction.what for reduction in reductions)))


def _axis(reduction: _Reduction) -> str:
    return "the last axis" if reduction.axis % reduction.ndim == reduction.ndim - 1 > 0 else f"axis {reduction.axis}"


def _with_reductions(g: str, chosen: tuple[int, ...], change: _Change) -> Predict:
    def predict(s: Sample) -> NDArray | None:
        def function(*inputs):
            with _Reductions(chosen, change):
                return s.op.torch(*inputs)

        return s.with_torch(function)[g]

    return predict


def _reductions(sample: Sample) -> list[_Reduction]:
    given = [torch.tensor(v) if isinstance(v, np.ndarray) else v for v in sample.inputs.values()]
    with _Reductions() as found:
        sample.op.torch(*given)
    return found.all


def _with_other_factor(s: Sample, g: str, without: NDArray, axis: int) -> NDArray | None:
    """The right gradient with another factor for one of its terms; `without` has all other terms."""
    term, missing = s.right[g] - without, s.yours[g] - without
    if abs(missing).max() <= _ROUNDING * abs(without).max():
        return None
    if without.ndim != s.gy.ndim or without.shape[axis] < 2:  # a single entry is proportional to any other
        return None
    at = np.argmax(abs(term), axis=axis, keepdims=True)
    factor = np.take_along_axis(missing, at, axis) / np.take_along_axis(term, at, axis)
    return without + factor * term


_ROUNDING = 1e-12


class _Reductions(torch.overrides.TorchFunctionMode):
    """Notes the reductions over one axis that keep it, and changes the chosen ones."""

    def __init__(self, chosen: tuple[int, ...] = (), change: _Change | None = None):
        super().__init__()
        self.all: list[_Reduction] = []
        self._chosen, self._change = chosen, change

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        what = _WORDS.get(getattr(func, "__name__", ""))
        place = "dim" if "dim" in kwargs else 1
        axis = kwargs.get("dim") if place == "dim" else args[1] if len(args) > 1 else None
        if not what or not isinstance(axis, int) or not kwargs.get("keepdim"):
            return func(*args, **kwargs)
        number, change = len(self.all), self._change
        self.all.append(_Reduction(what, args[0].ndim, axis))
        if number not in self._chosen or change is None:
            return func(*args, **kwargs)
        axes: int | tuple[int, ...] = axis if change.axes is None else change.axes or tuple(range(args[0].ndim))
        if place == "dim":
            kwargs["dim"] = axes
        else:
            args = (args[0], axes, *args[2:])
        if change.correction is not None:
            kwargs["correction"] = change.correction
        result = func(*args, **kwargs)
        over = prod(args[0].shape[a] for a in (axes if isinstance(axes, tuple) else (axes,)))
        if change.factor:
            result = result * change.factor(over)
        if change.slope:
            slope = change.slope(over)
            result = result * slope + (result * (1 - slope)).detach()
        return result
