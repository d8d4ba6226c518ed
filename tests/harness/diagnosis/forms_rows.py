"""Worse forms of functions along an axis: softmax, its logarithm, log-sum-exp, the variance."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.forms import SMALL, Axes, Family, Form
from tests.harness.rows.imports import torch

_S = torch.softmax.__name__
_LOG_SUM_EXP = "log-sum-exp: with the maximum of each row for m, the logarithm is {z} - m - log(sum(exp({z} - m)))"
_SUBTRACT = "subtract the maximum of each row first: it cancels"


def _of_columns(z: NDArray, axes: Axes) -> NDArray:
    return z.max(tuple(a for a in range(z.ndim) if a - z.ndim not in axes), keepdims=True)


def _shifts() -> Iterator[tuple[str, str, Callable]]:
    """What is subtracted before exp sees the scores: in words, and of the array and the axes."""
    yield "the maximum is not subtracted before exp", _SUBTRACT, lambda z, axes: np.zeros((), z.dtype)
    yield (
        "the maximum over everything is subtracted, but should be that of each row: far below it, exp rounds to 0",
        "take each row's own maximum: max(axis=..., keepdims=True)",
        lambda z, axes: z.max(),
    )
    yield (
        "the maximum of each column is subtracted, but should be that of each row",
        "take each row's own maximum: max(axis=..., keepdims=True)",
        _of_columns,
    )
    yield (
        "the mean is subtracted, but should be the maximum: exp still overflows",
        _SUBTRACT,
        lambda z, axes: z.mean(axes, keepdims=True),
    )
    yield (
        "the minimum is subtracted, but should be the maximum: exp still overflows",
        _SUBTRACT,
        lambda z, axes: z.min(axes, keepdims=True),
    )


def _parts(z: NDArray, axes: Axes, shift: Callable) -> tuple[NDArray, NDArray, NDArray]:
    """The scores less what is subtracted, their exponentials, and the sum of these."""
    moved = z - shift(z, axes) if shift else z
    e = np.exp(moved)
    return moved, e, e.sum(axes, keepdims=True)


def _softmax(z: NDArray, axes: Axes, shift: Callable) -> NDArray:
    _, e, total = _parts(z, axes, shift)
    return e / total


def _maximum(z: NDArray, axes: Axes) -> NDArray:
    return z.max(axes, keepdims=True)


def _softmax_forms() -> Iterator[Form]:
    for text, hint, shift in _shifts():
        yield Form(text, hint, lambda z, axes, shift=shift: _softmax(z, axes, shift))

        def slope(g, z, axes, shift=shift):
            p = _softmax(z, axes, shift)
            return p * (g - (g * p).sum(axes, keepdims=True))

        yield Form(text, hint, None, slope)


def _times_one_hot(v: NDArray, axes: Axes) -> NDArray:
    """Each entry as the sum of a row of which it alone is multiplied by 1: no number where another is not finite."""
    infinite = ~np.isfinite(v)
    return np.where(infinite.sum(axes, keepdims=True) > infinite, np.nan, v)


def _of_probabilities(text: str, shift: Callable) -> Iterator[Form]:
    """The logarithm of them, also where all of a row is multiplied by 1 or 0: what is infinite times 0 is no number."""

    def value(z, axes):
        return np.log(_softmax(z, axes, shift))

    yield Form(text, _LOG_SUM_EXP, value)
    yield Form(text, _LOG_SUM_EXP, lambda z, axes: _times_one_hot(value(z, axes), axes))


def _log_softmax_forms() -> Iterator[Form]:
    for text, hint, shift in _shifts():

        def value(z, axes, shift=shift):
            moved, _, total = _parts(z, axes, shift)
            return moved - np.log(total)

        def slope(g, z, axes, shift=shift):
            return g - _softmax(z, axes, shift) * g.sum(axes, keepdims=True)

        yield Form(text, hint, value)
        yield Form(text, hint, None, slope)
        yield from _of_probabilities(f"{text}, and the logarithm is taken of the {_S}", shift)
    yield from _of_probabilities(f"the logarithm is taken of a {_S}, which rounds to 0", _maximum)
    for small in SMALL:
        for number, shift in enumerate((_maximum, None)):
            also = ", and the maximum is not subtracted before exp" if number else ""
            yield Form(
                f"the logarithm is taken of the {_S} plus {small:g}{also}",
                _LOG_SUM_EXP,
                lambda z, axes, small=small, shift=shift: np.log(_softmax(z, axes, shift) + small),
            )
            for text, top in ((f"{small:g} and 1", 1.0), (f"{small:g} and 1 - {small:g}", 1 - small)):
                yield Form(
                    f"the {_S} is clipped to {text} before its logarithm is taken{also}",
                    _LOG_SUM_EXP,
                    lambda z, axes, small=small, top=top, shift=shift: np.log(
                        np.clip(_softmax(z, axes, shift), small, top)
                    ),
                )


def _logsumexp_forms() -> Iterator[Form]:
    for text, hint, shift in _shifts():
        if shift is _of_columns:
            continue  # of another shape than what is due

        def value(z, axes, shift=shift):
            _, _, total = _parts(z, axes, shift)
            return shift(z, axes) + np.log(total)

        def late(g, z, axes, shift=shift):
            _, e, total = _parts(z, axes, shift)
            return g * e / total

        yield Form(text, hint, value)
        yield Form(text, hint, None, late)
        yield Form(text, hint, None, lambda g, z, axes, shift=shift: g * _softmax(z, axes, shift))


SOFTMAX = Family(lambda z, axes: torch.softmax(z, axes[0]), tuple(_softmax_forms()), reduces=True)
LOG_SOFTMAX = Family(lambda z, axes: torch.log_softmax(z, axes[0]), tuple(_log_softmax_forms()), reduces=True)
LOGSUMEXP = Family(
    lambda z, axes: torch.logsumexp(z, axes, keepdim=True),
    tuple(_logsumexp_forms()),
    reduces=True,
)


def _spread(z: NDArray, axes: Axes) -> NDArray:
    return (z * z).mean(axes, keepdims=True) - z.mean(axes, keepdims=True) ** 2


_CANCELS = "the variance is E[x^2] - E[x]^2, which cancels where the mean is large"
_CENTRE = "take the mean off first, then square: ((x - mean)**2).mean()"
VARIANCE = Family(
    lambda z, axes: z.var(axes, correction=0, keepdim=True),
    (
        Form(_CANCELS, _CENTRE, _spread),
        Form(_CANCELS, _CENTRE, lambda z, axes: np.maximum(_spread(z, axes), 0)),
        Form(_CANCELS, _CENTRE, lambda z, axes: abs(_spread(z, axes))),
    ),
    reduces=True,
)

FAMILIES = (LOG_SOFTMAX, SOFTMAX, LOGSUMEXP, VARIANCE)
