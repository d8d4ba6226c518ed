"""The search for a claim that holds: the hypotheses are tried in the order of their table.

A claim is made only if its prediction equals what came back on every sample, and differs from what is right on each
where yours does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

import numpy as np

from tests.harness.diagnosis.claim import Claim, Claims, Predict
from tests.harness.diagnosis.hypotheses import HYPOTHESES
from tests.harness.diagnosis.samples import Sample, close

_ROUNDING = 1e-12  # relative to what is right: of a prediction that cancels, only rounding is left


def claimed(name: str, samples: Sequence[Sample], spend: Callable[[], None] = lambda: None) -> Claim | None:
    """The first claim that reproduces your array of this name on every sample; None where none does.

    `spend`: is told of each prediction; what it raises ends the search.
    """
    answered = [s for s in samples if name in s.yours]
    broken = [s for s in samples if name not in s.yours]
    if not answered or any(not np.all(np.isfinite(s.yours[name])) for s in answered):
        return None
    wrong = next((s for s in answered if not s.is_right(name)), answered[0])
    for hypothesis in HYPOTHESES:
        for claim, predict in _claims(hypothesis, name, wrong):
            spend()
            if broken and not (claim.breaks and all(_breaks(predict, s) for s in broken)):
                continue
            if _reproduces(name, answered, predict, told=bool(broken)):
                return claim
    return None


def _claims(hypothesis: Callable[[str, Sample], Claims], name: str, sample: Sample) -> Claims:
    """The hypothesis's claims, as far as its own arithmetic goes: an answer may be 1e308."""
    with contextlib.suppress(ArithmeticError):
        yield from hypothesis(name, sample)


def _breaks(predict: Predict, sample: Sample) -> bool:
    try:
        predict(sample)
    except ValueError:
        return True
    return False


def _reproduces(name: str, samples: Sequence[Sample], predict: Predict, *, told: bool) -> bool:
    for sample in samples:
        try:
            with np.errstate(all="ignore"):
                predicted = predict(sample)
        except (
            ValueError,
            IndexError,
            TypeError,
            RuntimeError,
            ArithmeticError,
        ):  # makes no sense for arrays of these shapes
            return False
        if predicted is None or not np.all(np.isfinite(predicted)):
            return False
        rounding = _ROUNDING * abs(sample.right[name]).max(initial=0) if np.any(predicted) else 0.0
        if not close(sample.yours[name], predicted, rounding):
            return False
        told |= not close(predicted, sample.right[name])
    return told
