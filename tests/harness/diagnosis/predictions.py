"""Sources of predictions that many hypotheses share: what is right for another input, and what is right times a factor."""

from __future__ import annotations

from collections.abc import Callable

from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Predict
from tests.harness.diagnosis.samples import Sample


def with_input(name: str, variable: str, change: Callable) -> Predict:
    """What would be right if an input were changed; nothing where `change` is undefined, as 1 / 0 is."""

    def predict(s: Sample) -> NDArray | None:
        try:
            return s.right_with(name, **{variable: change(s.inputs[variable])})
        except (ArithmeticError, ValueError):
            return None

    return predict


def multiplied(name: str, factor: Callable[[Sample], object]) -> Predict:
    """What is right, multiplied; nothing where the factor divides by zero."""

    def predict(s: Sample) -> NDArray | None:
        try:
            return s.right[name] * factor(s)
        except ZeroDivisionError:
            return None

    return predict
