"""Edits of an array's shape: an axis lost or kept, sums over too many axes, too few or others, entries at other places."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.samples import Sample, close
from tests.harness.rows.oracle import Truth

_BOTH = (("summed", np.sum), ("averaged", np.mean))


def shape(g: str, sample: Sample) -> Edits:
    """The right numbers in another shape, or summed over an axis too many or too few."""
    right, yours = sample.right[g], sample.yours[g]
    if yours.shape == right.shape:
        return
    kept = "keep the axis: sum(axis=..., keepdims=True)"
    if yours.size == right.size and 1 in right.shape and yours.ndim < right.ndim:
        text = "{g} {is} right but for the shape: an axis of length 1 is lost"
        yield Edit(text, kept, after=lambda s, right: _squeezed(s.yours[g], right))
    if yours.size == right.size and yours.ndim > right.ndim:
        text = "{g} {is} right but for the shape: an axis of length 1 is kept"
        yield Edit(text, "sum without keepdims, or drop the axis", after=lambda s, right: _squeezed(s.yours[g], right))
    if yours.ndim < right.ndim:
        for axes in _axes(right.ndim):
            for word, reduce in _BOTH:
                text = f"{{g}} {{is}} {word} over {_over(axes, right.ndim)}, which should stay"
                yield Edit(text, after=lambda s, right, axes=axes, reduce=reduce: reduce(right, axis=axes))
        text = f"{{g}} {{is}} gy itself, of shape {sample.gy.shape}"
        yield Edit(text, f"spread gy over {g[1:]}'s shape" if g != "y" else "", after=lambda s, right: s.gy)
    if g == "y":
        return
    due = _summed(sample.gy, right)
    wrong = f", but {due} {'are' if due.startswith('axes') else 'is'} due" if due else ": that is the wrong axis"
    for axes in [*([(-1,)] if sample.gy.ndim > 1 else []), *_axes(sample.gy.ndim)]:
        over = _over(axes, sample.gy.ndim)
        for keep in (True, False):
            for word, reduce in _BOTH:
                text = f"{{g}} {{is}} gy {word} over {over}{wrong}"
                summed = lambda s, right, axes=axes, k=keep, f=reduce: f(s.gy, axis=axes, keepdims=k)  # noqa: E731
                yield Edit(text, after=summed)
    text = f"{{g}} {{is}} gy itself: the sum over the axes that {g[1:]} does not have is missing"
    hint = "sum over the batch: gy.sum(axis=0, keepdims=True)"
    yield Edit(text, hint, after=lambda s, right: s.gy if _summed(s.gy, right) else None)
    yield Edit(
        f"{{g}} {{is}} gy itself, in the shape of y, but should have that of {g[1:]}", after=lambda s, right: s.gy
    )


def unreduced(g: str, sample: Sample) -> Edits:
    """Your array has axes that should have been summed, or averaged; or an axis with several entries for each that is due."""
    yours, right = sample.yours[g], sample.right[g]
    apart = yours.ndim == right.ndim and yours.size > right.size
    if apart and all(n == due or due > 1 for n, due in zip(yours.shape, right.shape, strict=True)):
        text = f"{{g}} {{is}} not summed over those that share an entry of {g[1:]}: it has several for each that is due"
        yield Edit(
            text,
            "sum over them: reshape, and sum over their axis",
            after=lambda s, right: _if_shared(s.yours[g], right),
        )
    for axes in _axes(yours.ndim):
        if yours.ndim - len(axes) == right.ndim or np.sum(yours, axis=axes, keepdims=True).shape == right.shape:
            over = _over(axes, yours.ndim)
            for keep in (False, True):
                # Adding up what is yours gives what is right, and nothing else is wrong with it.
                for (word, reduce), verb in zip(_BOTH, ("sum", "take the mean"), strict=True):
                    hint = f"{verb} over {over}" + (", keepdims=True" if keep else "")
                    after = lambda s, right, a=axes, k=keep, f=reduce: _if_reduced(s.yours[g], right, f, a, k)  # noqa: E731
                    yield Edit(f"{{g}} {{is}} not {word} over {over}", hint, after=after)


def transposed(g: str, sample: Sample) -> Edits:
    if sample.right[g].ndim >= 2:
        product = "(A @ B).T is B.T @ A.T"
        yield Edit(f"{{g}} {{is}} transposed: yours equals {g}.T", product, after=lambda s, right: right.T)
        text = "{g} {is} transposed: its last two axes are exchanged"
        yield Edit(text, product, after=lambda s, right: right.swapaxes(-1, -2))


def everything(g: str, sample: Sample) -> Edits:
    """y reduced along another axis, or over all of them."""
    if g != "y":
        return
    text = "y is the sum over everything, but an axis should stay"
    yield Edit(text, after=lambda s, right: np.sum(right) if right.ndim else None)
    arrays = [v for v, value in sample.inputs.items() if isinstance(value, np.ndarray) and value.ndim == 2]
    if len(arrays) == len(sample.inputs):
        turned = {v: lambda s, v=v: s.inputs[v].T for v in arrays}
        yield Edit("y is reduced over axis 0, but should be over the last axis", "axis=-1", inputs=turned)


def all_pairs(g: str, sample: Sample) -> Edits:
    """All pairs of rows, where each row has one partner."""
    if sample.yours[g].ndim == sample.right[g].ndim + 1:
        text = "{g} {is} computed for all pairs of rows, but should be for each row and its partner"
        yield Edit(text, after=lambda s, right: s.yours[g] if close(np.diagonal(s.yours[g]), right) else None)


def other_axis(g: str, sample: Sample) -> Edits:
    """Another axis than the last, or all entries in one row; for operations of one array and nothing else."""
    if len(sample.inputs) > 1 or (g != "y" and sample.right[g].shape != sample.yours[g].shape):
        return
    for words, turn, back in (
        ("along axis 0", lambda array: np.moveaxis(array, 0, -1), lambda array, shape: np.moveaxis(array, -1, 0)),
        ("over all entries at once", np.ravel, lambda array, shape: array.reshape(shape)),
    ):
        text = f"{{g}} {{is}} computed {words}, but should be along the last axis"
        yield Edit(text, "axis=-1", after=lambda s, right, turn=turn, back=back: _along_another(s, g, turn, back))


def elsewhere(g: str, sample: Sample) -> Edits:
    """The right entries, at other places or in another shape; or an input left as it is."""
    if g == "y":
        for v in sample.op.variables:
            yield Edit(f"y is {v} itself: nothing is done to it", after=lambda s, right, v=v: s.inputs[v])
    text = "{g} {is} right but for the shape: all entries are there, in their order"
    yield Edit(text, after=lambda s, right: right.reshape(s.yours[g].shape))
    if g != "y":
        text = f"{{g}} {{is}} gy's entries in their order, in the shape of {g[1:]}: they belong to other places"
        yield Edit(text, after=lambda s, right: s.gy.reshape(right.shape))
    text, hint = (
        "the entries of {g} are right, but stand at other places",
        "which axis is which, and where does it start?",
    )
    yield Edit(text, hint, after=lambda s, right: s.yours[g] if _alike_but_for_places(s.yours[g], right) else None)


def _squeezed(yours: NDArray, right: NDArray) -> NDArray | None:
    longer = [[n for n in a.shape if n != 1] for a in (right, yours)]
    return right.reshape(yours.shape) if longer[0] == longer[1] else None


def _summed(gy: NDArray, right: NDArray) -> str:
    """Over which axes gy gives what is right; empty where it does not."""
    fits = (axes for axes in _axes(gy.ndim) for keep in (0, 1) if close(np.sum(gy, axes, keepdims=bool(keep)), right))
    return next((_over(axes, gy.ndim) for axes in fits), "")


def _if_reduced(yours: NDArray, right: NDArray, reduce: Callable, axes: tuple[int, ...], keep: bool) -> NDArray | None:
    total = np.asarray(reduce(yours, axis=axes, keepdims=keep)) if max(axes) < yours.ndim else None
    return yours if total is not None and close(total, right) else None


def _if_shared(yours: NDArray, right: NDArray) -> NDArray | None:
    """Yours, where the sums of as many successive entries as are too many are what is right."""
    parts = [part for n, m in zip(yours.shape, right.shape, strict=False) for part in (m, n // m)]
    if yours.ndim != right.ndim or np.prod(parts) != yours.size:
        return None
    return yours if close(yours.reshape(parts).sum(tuple(range(1, 2 * right.ndim, 2))), right) else None


def _alike_but_for_places(a: NDArray, b: NDArray) -> bool:
    return a.shape == b.shape and close(np.sort(a, None), np.sort(b, None))


def _along_another(s: Sample, g: str, turn: Callable, back: Callable) -> NDArray | None:
    (x,), same = s.inputs.values(), s.gy.shape == s.example.inputs[0].shape
    if x.ndim < 2 or not close(Truth(s.op, (x[:1],), s.gy[:1]).y, s.right["y"][:1]):
        return None  # there is no other axis, or rows are not computed by themselves
    if g == "y":
        y = Truth(s.op, (turn(x),), s.gy).y
        return back(y, x.shape) if same else y
    return back(Truth(s.op, (turn(x),), turn(s.gy)).gradients[0], x.shape) if same else None


def _axes(ndim: int) -> list[tuple[int, ...]]:
    return [axes for size in range(1, ndim + 1) for axes in combinations(range(ndim), size)]


def _over(axes: tuple[int, ...], ndim: int) -> str:
    if len(axes) == ndim > 1:
        return "everything"
    if axes == (-1,):
        return "the last axis"
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {' and '.join(map(str, axes))}"
