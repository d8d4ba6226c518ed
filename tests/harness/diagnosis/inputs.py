"""Hypotheses about the inputs: right for others than those given.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.predictions import with_input
from tests.harness.diagnosis.samples import Sample


def other_inputs(g: str, sample: Sample) -> Claims:
    """Right for inputs that are not the ones given: one left out, transposed, or another in its place."""
    arrays = {v: sample.inputs[v] for v in sample.arrays()}
    for v in arrays:
        text = f"{{g}} {{is}} what {v} = 0 would give: {v} is not used"
        yield Claim(text), with_input(g, v, np.zeros_like)
    for v, value in arrays.items():
        if value.ndim == 2:
            text = f"{{g}} {{is}} what {v}.T in place of {v} would give: transpose {v}"
            yield (
                Claim(text),
                lambda sample, variable=v: (
                    sample.right_with(g, **{variable: sample.inputs[variable].T})
                    if _is_square(sample, variable)
                    else None
                ),
            )
    for v, value in arrays.items():
        if value.shape == sample.right["y"].shape:
            why = "the operation is applied twice" if g == "y" else "the derivative is taken at the output"
            claim = Claim(f"{{g}} {{is}} what y in place of {v} would give: {why}")
            yield claim, lambda sample, variable=v: _output_in_place_of(sample, variable, g)
        yield (
            Claim(f"{{g}} {{is}} what -{v} in place of {v} would give", "look at the sign"),
            with_input(g, v, np.negative),
        )
        claim = Claim(f"{{g}} {{is}} what abs({v}) in place of {v} would give")
        yield claim, with_input(g, v, np.abs)
    for v, w in combinations(arrays, 2):
        claim = Claim(f"{{g}} {{is}} what you get with {v} and {w} exchanged")
        yield (
            claim,
            lambda sample, variable=v, other=w: sample.right_with(
                g, **{variable: sample.inputs[other], other: sample.inputs[variable]}
            ),
        )


def _output_in_place_of(s: Sample, v: str, g: str) -> NDArray | None:
    y = s.right["y"]
    return s.right_with(g, **{v: y}) if y.shape == s.inputs[v].shape else None


def _is_square(s: Sample, v: str) -> bool:
    return s.inputs[v].shape == s.inputs[v].T.shape
