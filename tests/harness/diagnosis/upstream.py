"""Hypotheses about gy: ignored, taken otherwise, or itself in the place of a gradient; or another gradient there.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample, close


def other_upstream(g: str, sample: Sample) -> Claims:
    """The gradient for something else than gy."""
    if g == "y":
        return
    ignored = Claim(
        "{g} {is}" + " what gy = ones would give: gy is ignored",
        "multiply by gy: grad(gy) is the vector-Jacobian product",
    )
    yield ignored, lambda sample: _with_ones(sample, g)
    for words, function in _UPSTREAM:
        yield (
            Claim(f"{{g}} {{is}} what {words} in place of gy would give"),
            lambda sample, function=function: sample.with_gy(function(sample.gy))[g],
        )


_UPSTREAM: tuple[tuple[str, Callable], ...] = (
    ("gy's mean", np.mean),
    ("gy's sum", np.sum),
    ("gy**2", np.square),
    ("abs(gy)", np.abs),
    ("gy's sign", np.sign),
    ("gy's mean over the first axis", lambda gy: gy.mean(0, keepdims=True) if gy.ndim else gy),
    ("gy's sum over the first axis", lambda gy: gy.sum(0, keepdims=True) if gy.ndim else gy),
    ("gy's mean over the last axis", lambda gy: gy.mean(-1, keepdims=True) if gy.ndim else gy),
    ("gy's sum over the last axis", lambda gy: gy.sum(-1, keepdims=True) if gy.ndim else gy),
)


def along_the_wrong_axis(g: str, sample: Sample) -> Claims:
    """gy has an axis less than the input, and was multiplied in without giving it the missing one."""
    gy, right = sample.gy, sample.right[g]
    if g == "y" or not gy.ndim or gy.ndim >= right.ndim or gy.shape != right.shape[: gy.ndim]:
        return
    missing = right.ndim - gy.ndim
    index = ", ".join([":" if gy.ndim == 1 else "...", *["None"] * missing])
    shown = "shape (N,)" if gy.ndim == 1 else "an axis less"
    text = f"in {{g}}, gy multiplies along the features, not along the batch: gy has {shown}, use gy[{index}]"

    def predict(s: Sample) -> NDArray | None:
        slope = s.with_gy(np.ones(()))[g]
        if not close(slope * s.gy[(..., *[None] * missing)], s.right[g]):
            return None
        return slope * s.gy if s.gy.shape == s.right[g].shape[missing:] else None

    yield Claim(text), predict


def upstream_itself(g: str, sample: Sample) -> Claims:
    if g != "y" and sample.gy.shape == sample.right[g].shape:
        yield Claim("{g} {is} gy itself: the derivative of the operation is missing"), lambda sample: sample.gy


def another_gradient(g: str, sample: Sample) -> Claims:
    """One gradient where another should be."""
    for other in sample.right:
        if g != "y" and other not in ("y", g) and sample.right[other].shape == sample.yours[g].shape:
            yield (
                Claim(f"{{g}} {{is}} {other}: the wrong gradient stands there"),
                lambda sample, other=other: sample.right[other],
            )


def _with_ones(s: Sample, g: str) -> NDArray:
    """The gradient for a gy of ones. Where the truth is 0, any rounding of it will do."""
    predicted, rounding = s.with_gy(np.ones(()))[g], 1e-12 * abs(s.right[g]).max(initial=0)
    alike = (
        s.yours[g].shape == predicted.shape and max(abs(a).max(initial=0) for a in (predicted, s.yours[g])) <= rounding
    )
    return s.yours[g] if alike else predicted
