"""Hypotheses about a factor, or a term, that is not as it should be: an argument, a size, a function of an input.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.predictions import multiplied
from tests.harness.diagnosis.samples import Sample

_OF_AN_INPUT: dict[str, Callable] = {
    "exp({v})": np.exp,
    "exp(-{v})": lambda value: np.exp(-value),
    "exp({v}) / (1 + exp({v}))**2": lambda value: np.exp(-abs(value)) / (1 + np.exp(-abs(value))) ** 2,
}
_DIGITS = 1e-4  # relative: what is closer than this is not another formula


def of_an_argument(g: str, sample: Sample) -> Claims:
    """A number among the arguments, or 1 less it, multiplies or divides once, or twice, too often."""
    for v in sample.numbers:
        for words, of in ((v, lambda value: value), (f"(1 - {v})", lambda value: 1 - value)):
            for times, power in (("once", 1), ("twice", 2)):
                yield (
                    Claim(f"{{g}} {{is}} multiplied by {words} {times} too often"),
                    multiplied(g, lambda sample, variable=v, of=of, power=power: of(sample.inputs[variable]) ** power),
                )
                yield (
                    Claim(f"{{g}} {{is}} divided by {words} {times} too often"),
                    multiplied(g, lambda sample, variable=v, of=of, power=power: of(sample.inputs[variable]) ** -power),
                )


def of_a_size_less_one(g: str, sample: Sample) -> Claims:
    """Divided by a size less one instead of that size, or the other way round."""
    for k in sample.op.letters:
        less = f"{k} - 1"
        for one, other, power in ((less, k, 1), (k, less, -1)):
            claim = Claim(f"{{g}} {{is}} divided by {one}, but should be by {other}")
            yield (
                claim,
                multiplied(g, lambda sample, k=k, power=power: (sample.sizes[k] / (sample.sizes[k] - 1)) ** power),
            )


def of_an_input(g: str, sample: Sample) -> Claims:
    """A function of an input too many or too few, entry by entry."""
    for v in sample.arrays():
        if sample.inputs[v].shape == sample.right[g].shape:
            for words, f in _OF_AN_INPUT.items():
                what = words.format(v=v)
                yield (
                    Claim(f"in {{g}}, there is a factor {what} too many"),
                    multiplied(g, lambda sample, variable=v, function=f: function(sample.inputs[variable])),
                )
                yield (
                    Claim(f"in {{g}}, the factor {what} is missing"),
                    multiplied(g, lambda sample, variable=v, function=f: 1 / function(sample.inputs[variable])),
                )


def argument_added(g: str, sample: Sample) -> Claims:
    """A number among the arguments, whole or divided by a size, is added once too often, or is missing."""
    if sample.yours[g].shape != sample.right[g].shape:
        return
    for v in sample.numbers:
        for k in (None, *sample.op.letters):
            for said, sign in (("added to", 1), ("subtracted from", -1)):
                claim = Claim(f"{v}{f' / {k}' if k else ''} is {said} {{g}} once too often")
                yield (
                    claim,
                    lambda sample, variable=v, k=k, sign=sign: (
                        sample.right[g] + sign * sample.inputs[variable] / (sample.sizes[k] if k else 1)
                    ),
                )


def spread(g: str, sample: Sample) -> Claims:
    """Every entry is the mean, or the sum, of what the entries should be."""
    if g != "y" and sample.right[g].ndim:
        for words, reduce in (("mean", np.mean), ("sum", np.sum)):
            claim = Claim(f"every entry of {{g}} is the {words} of what the entries should be")
            yield claim, lambda sample, reduce=reduce: np.full(sample.right[g].shape, reduce(sample.right[g]))


def nearly(g: str, sample: Sample) -> Claims:
    """Right to a few digits, every entry: as where something small is added to avoid a division by zero."""

    def predict(s: Sample) -> NDArray | None:
        yours, right = s.yours[g], s.right[g]
        if yours.shape != right.shape:
            return None
        return yours if np.all(abs(yours - right) <= _DIGITS * abs(right)) else None

    hint = "is something small added, or clipped, where it need not be?"
    yield Claim("{g} {is} right to a few digits only, in every entry", hint), predict
