"""Edits of gy, and of how the Jacobian meets it: ignored, taken otherwise, spread wrongly, met by the diagonal alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import MULTIPLY
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.samples import Sample, alone, close, fits
from tests.harness.rows.oracle import Truth

_MANY = 1000  # entries of gy: each takes a backward pass of its own


def other(g: str, sample: Sample) -> Edits:
    """The gradient for something else than gy."""
    if g == "y":
        return
    text = "{g} {is} what gy = ones would give: gy is ignored"
    yield Edit(text, MULTIPLY, after=lambda s, right: _with_ones(s, g))
    for words, function in _IN_ITS_PLACE:
        yield Edit(f"{{g}} {{is}} what {words} in place of gy would give", gy=lambda s, f=function: f(s.gy))


def _over(reduce: Callable, axis: int) -> Callable:
    return lambda gy: reduce(gy, axis=axis, keepdims=True) if gy.ndim else gy


_IN_ITS_PLACE: tuple[tuple[str, Callable], ...] = (
    ("gy's mean", np.mean),
    ("gy's sum", np.sum),
    ("gy**2", np.square),
    ("abs(gy)", np.abs),
    ("gy's sign", np.sign),
    ("gy's mean over the first axis", _over(np.mean, 0)),
    ("gy's sum over the first axis", _over(np.sum, 0)),
    ("gy's mean over the last axis", _over(np.mean, -1)),
    ("gy's sum over the last axis", _over(np.sum, -1)),
    *((f"gy[{at}] alone, and 0 elsewhere,", lambda gy, at=at: alone(gy, (at,))) for at in (0, -1)),
    ("gy[::-1]", lambda gy: gy[::-1]),
)


def along_the_wrong_axis(g: str, sample: Sample) -> Edits:
    """gy has an axis less than the input, and was multiplied in without giving it the missing one."""
    gy, right = sample.gy, sample.right[g]
    if g == "y" or not gy.ndim or gy.ndim >= right.ndim or gy.shape != right.shape[: gy.ndim]:
        return
    missing = right.ndim - gy.ndim
    index = ", ".join([":" if gy.ndim == 1 else "...", *["None"] * missing])
    shown = "shape (N,)" if gy.ndim == 1 else "an axis less"

    def after(s: Sample, right: NDArray) -> NDArray | None:
        slope = s.with_gy(np.ones(()))[g]
        if not close(slope * s.gy[(..., *[None] * missing)], right):
            return None
        return slope * s.gy if s.gy.shape == right.shape[missing:] else None

    yield Edit(
        f"in {{g}}, gy multiplies along the features, not along the batch: gy has {shown}, use gy[{index}]", after=after
    )


def in_its_place(g: str, sample: Sample) -> Edits:
    """gy itself, or another gradient, in the place of a gradient; y itself, or the input, with gy added."""
    if g == "y":
        return
    if sample.gy.shape == sample.right[g].shape:
        yield Edit("{g} {is} gy itself: the derivative of the operation is missing", after=lambda s, right: s.gy)
    for name in sample.right:
        if name not in ("y", g) and sample.right[name].shape == sample.yours[g].shape:
            text = f"{{g}} {{is}} {name}: the wrong gradient stands there"
            yield Edit(text, after=lambda s, right, name=name: s.right[name])
    if sample.gy.shape == sample.right[g].shape:
        for v in sample.arrays():
            yield Edit(f"{{g}} {{is}} gy * {v}: {v} stands in the place of the derivative", after=_times_input(v))
        yield Edit("{g} {is} y: gy is ignored", MULTIPLY, after=lambda s, right: s.right["y"])
        text = "{g} {is} y - gy: gy is subtracted as if it were a target, but should multiply"
        yield Edit(text, MULTIPLY, after=lambda s, right: s.right["y"] - s.gy)


def forward_again(g: str, sample: Sample) -> Edits:
    """gy is sent through the operation as if it were the input."""
    if g != "y":
        hint = "grad goes the other way: it multiplies by the transposed Jacobian"
        text = "{g} {is} what the operation itself makes of gy: that is forward once more"
        yield Edit(text, hint, after=lambda s, right: _forward_of_upstream(s, g))


def from_the_other_end(g: str, sample: Sample) -> Edits:
    """Reversed along an axis that an argument names; or computed from that axis's other end."""
    for v in _whole_numbers(sample):
        text = f"{{g}} {{is}} reversed along {v}: turned once too often, or once too little"
        yield Edit(text, after=lambda s, right, v=v: np.flip(right, s.inputs[v]))
        text = f"{{g}} {{is}} computed from the other end of {v}"
        yield Edit(text, after=lambda s, right, v=v: _from_the_other_end(s, g, s.inputs[v]))
        text = f"{{g}} {{is}} computed along all entries, as if in one row, whatever {v} is"
        yield Edit(text, after=lambda s, right, v=v: _in_one_row(s, g, v))
        if g != "y":
            text = f"{{g}} {{is}} gy's sum over the whole of {v}, at every place"
            yield Edit(text, after=lambda s, right, v=v: _sum_everywhere(s, right, s.inputs[v]))
            for axis, words in ((0, "axis 0"), (-1, "the last axis")):
                text = f"{{g}} {{is}} flipped along {words}, whatever {v} is"
                yield Edit(text, after=lambda s, right, v=v, axis=axis: _flipped_elsewhere(s, g, v, axis))


def cut_elsewhere(g: str, sample: Sample) -> Edits:
    """Where a gradient is a piece of gy: one that begins at another place, or is cut along another axis."""
    for v in _whole_numbers(sample) if g != "y" else ():
        if _start(sample, g, v) is None:
            continue
        for behind in (False, True):
            for axis, words in ((0, "axis 0"), (-1, "the last axis")):
                text = f"{{g}} {{is}} cut from gy along {words}, whatever {v} is"
                for w in sample.arrays():
                    long = lambda s, w=w, axis=axis: s.inputs[w].shape[axis]  # noqa: E731
                    yield Edit(text, after=_cut(g, v, lambda s, axis=axis: axis, long, behind=behind))
            for up in (0, 1):
                half = lambda s, v=v, up=up: (s.gy.shape[s.inputs[v]] + up) // 2  # noqa: E731
                text = "{g} {is} cut from gy in the middle, but pieces need not be of one length"
                yield Edit(text, after=_cut(g, v, lambda s, v=v: s.inputs[v], half, behind=behind))
        for by in (-1, 1):
            side = "before" if by < 0 else "after"
            text = f"{{g}} {{is}} cut from gy one place {side} where it should be, along {v}"
            yield Edit(text, "where does the slice start?", after=lambda s, right, v=v, by=by: _cut_beside(s, g, v, by))


def only_the_diagonal(g: str, sample: Sample) -> Edits:
    """Each entry is treated as if it depended on no other."""
    if g != "y" and sample.right["y"].shape == sample.right[g].shape:
        hint = "y_i depends on x_j too: add the entries off the diagonal"
        text = "in {g}, only the diagonal of the Jacobian is used: the terms with i != j are missing"
        yield Edit(text, hint, after=lambda s, right: _diagonal(s, g))
        text = "in {g}, the terms off the diagonal of the Jacobian, i != j, have the wrong sign"
        yield Edit(text, after=lambda s, right: 2 * _diagonal(s, g) - right)


def overwritten(g: str, sample: Sample) -> Edits:
    """Each entry keeps one of its contributions, where they should add up."""
    if g == "y" or sample.gy.size > _MANY:
        return
    indexed = bool(sample.arrays("i") or sample.arrays("u"))
    repeated = " (repeated indices?)" if indexed else ""
    hint = "add with np.add.at(gx, indices, gy), because gx[indices] += gy adds once" if indexed else "add with +="
    text = f"in {{g}}, contributions overwrite each other instead of adding up: only the last one stays{repeated}"
    yield Edit(text, hint, after=lambda s, right: _one_contribution(s, g, last=True))
    text = f"in {{g}}, only the first of several contributions is kept, but they add up{repeated}"
    yield Edit(text, hint, after=lambda s, right: _one_contribution(s, g, last=False))
    text = f"in {{g}}, contributions are averaged, but they add up{repeated}"
    hint = "add, and do not divide by how many there are"
    yield Edit(text, hint, after=lambda s, right: right / np.maximum(_number_of_contributions(s, g), 1))


def as_if_elementwise(g: str, sample: Sample) -> Edits:
    """gy times the gradient for a gy of ones: right where an entry of y depends on one of the input alone."""
    if g != "y" and sample.gy.shape == sample.right[g].shape:
        text = "{g} {is} gy times the gradient for gy = ones: that is right for elementwise operations only"
        hint = "an entry of the input reaches several entries of y, each with its own gy"
        yield Edit(
            text, hint, after=lambda s, right: s.gy * s.with_gy(np.ones(()))[g] if s.gy.shape == right.shape else None
        )


def _whole_numbers(sample: Sample) -> list[str]:
    """The names of the arguments that are an int, as an axis is."""
    given = sample.inputs.items()
    return [v for v, value in given if isinstance(value, int | np.integer) and not isinstance(value, bool)]


def _with_ones(s: Sample, g: str) -> NDArray:
    """The gradient for a gy of ones. Where the truth is 0, any rounding of it will do."""
    predicted, rounding = s.with_gy(np.ones(()))[g], 1e-12 * abs(s.right[g]).max(initial=0)
    yours = s.yours[g]
    alike = yours.shape == predicted.shape and max(abs(a).max(initial=0) for a in (predicted, yours)) <= rounding
    return yours if alike else predicted


def _times_input(v: str) -> Callable:
    return lambda s, right: s.gy * s.inputs[v] if fits(s.inputs[v], s.gy) else None


def _forward_of_upstream(s: Sample, g: str) -> NDArray | None:
    """None unless the operation is odd: else it would be a gradient in which gy is not used linearly."""
    if s.gy.ndim != s.right[g].ndim:
        return None
    y, negative = (s.with_inputs(**{g[1:]: gy})["y"] for gy in (s.gy, -s.gy))
    return y if close(-negative, y) else None


def _start(s: Sample, g: str, v: str) -> int | None:
    """Where along the axis v the gradient begins in gy; None where it is no piece of it."""
    axis, right = s.inputs[v], s.right[g]
    if right.ndim != s.gy.ndim or not -right.ndim <= axis < right.ndim:
        return None
    long = right.shape[axis]
    pieces = {at: _piece(s.gy, axis, at, long) for at in range(s.gy.shape[axis] - long + 1)}
    return next((at for at, piece in pieces.items() if close(piece, right)), None)


def _piece(array: NDArray, axis: int, at: int, long: int) -> NDArray:
    return np.moveaxis(np.moveaxis(array, axis, 0)[at : at + long], 0, axis)


def _cut_beside(s: Sample, g: str, v: str, by: int) -> NDArray | None:
    start, long = _start(s, g, v), s.right[g].shape[s.inputs[v]]
    return None if start is None or start + by < 0 else _piece(s.gy, s.inputs[v], start + by, long)


def _cut(g: str, v: str, axis: Callable[[Sample], int], at: Callable[[Sample], int], *, behind: bool) -> Callable:
    """What is in front of a place along an axis, or behind it."""

    def after(s: Sample, right: NDArray) -> NDArray | None:
        if _start(s, g, v) is None:
            return None
        long, start = s.gy.shape[axis(s)], at(s)
        return _piece(s.gy, axis(s), start if behind else 0, long if behind else start)

    return after


def _sum_everywhere(s: Sample, right: NDArray, axis: int) -> NDArray:
    return np.broadcast_to(s.gy.sum(axis, keepdims=True), right.shape)


def _from_the_other_end(s: Sample, g: str, axis: int) -> NDArray:
    if g == "y":
        return np.flip(s.with_inputs(**{v: np.flip(s.inputs[v], axis) for v in s.op.variables})["y"], axis)
    return np.flip(s.with_gy(np.flip(s.gy, axis))[g], axis)


def _in_one_row(s: Sample, g: str, v: str) -> NDArray:
    flat = {w: s.inputs[w].ravel() for w in s.op.variables} | {v: 0}
    truth = Truth(s.op, tuple((s.inputs | flat).values()), s.gy.ravel())
    return (truth.y if g == "y" else truth.gradients[s.number(g) - 1]).reshape(s.right[g].shape)


def _flipped_elsewhere(s: Sample, g: str, v: str, axis: int) -> NDArray:
    """gy flipped along one axis, sent forward along that of the argument, and flipped back along the first."""
    return np.flip(s.with_inputs(**{g[1:]: np.flip(s.gy, axis)})["y"], axis)


def _diagonal(s: Sample, g: str) -> NDArray:
    slope = np.empty(s.gy.shape)
    for at, part in _contributions(s, g):
        slope[at] = part[at]
    return slope


def _one_contribution(s: Sample, g: str, *, last: bool) -> NDArray:
    one, seen, near = np.zeros(s.right[g].shape), np.zeros(s.right[g].shape, bool), next(s.neighbours())
    for at, part in _contributions(s, g):
        reached = _reached((s, near), g, at)
        one, seen = np.where(reached & (last | ~seen), part, one), seen | reached
    return one


def _number_of_contributions(s: Sample, g: str) -> NDArray:
    both = s, next(s.neighbours())
    return sum(_reached(both, g, at) for at in np.ndindex(s.gy.shape))


def _reached(both: tuple[Sample, Sample], g: str, at: tuple[int, ...]) -> NDArray:
    """Which entries of the gradient an entry of gy contributes to, be it 0 itself, or what it is multiplied by.

    `both`: a sample, and one next to it, in which that is not 0.
    """
    s, near = both
    one = alone(np.ones(s.gy.shape), at)
    return (s.with_gy(one)[g] != 0) | (near.with_gy(one)[g] != 0)


def _contributions(s: Sample, g: str) -> Iterator[tuple[tuple[int, ...], NDArray]]:
    """What each entry of gy adds to the gradient."""
    for at in np.ndindex(s.gy.shape):
        yield at, s.with_gy(alone(s.gy, at))[g]
