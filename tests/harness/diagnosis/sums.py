"""Hypotheses about the uses of an input that was broadcast, which are to be added up.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
        yield Claim(f"{{g}} {{is}} {words}", kept), lambda sample, add=add: _from_uses(sample, g, add)
    claim = Claim("{g} {is} gy, added up in the input's shape: the derivative of the operation is missing")
    yield claim, lambda sample: _from_uses(sample, g, _of_upstream(sample))
    text = "{g} {is} the sum of gy times the sum of the slopes: multiply first, in the shape of y, then add up"
    yield (
        Claim(text),
        lambda sample: _from_uses(
            sample, g, lambda upstream: _of_upstream(sample)(upstream) * _of_slope(sample)(upstream)
        ),
    )


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
    sources = {"y": lambda sample: sample.right["y"]} | {
        v: lambda sample, variable=v: sample.inputs[variable] for v in sample.arrays()
    }
    for v, value in sources.items():
        yield (
            Claim(f"in {{g}}, the factor {v} is missing"),
            lambda sample, value=value: _with_factor_inside(sample, g, lambda sample: 1 / value(sample)),
        )
        yield (
            Claim(f"in {{g}}, there is a factor {v} too many"),
            lambda sample, value=value: _with_factor_inside(sample, g, value),
        )
    for v, value in sources.items():
        for w, other in sources.items():
            if v != w:
                claim = Claim(f"in {{g}}, there is a factor {w} where {v} should be")
                yield (
                    claim,
                    lambda sample, value=value, other=other: _with_factor_inside(
                        sample, g, lambda sample: other(sample) / value(sample)
                    ),
                )
    claim = Claim("{g} {is} gy divided by the derivative, but should be multiplied by it")
    if g != "y":
        yield (
            claim,
            lambda sample: _from_uses(
                sample,
                g,
                lambda upstream: Uses(
                    sample.gy**2 / upstream.gradient, upstream.front, upstream.ones, upstream.shape
                ).summed(),
            ),
        )


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
