"""Hypotheses about other calls inside the row's torch expression: a function or its derivative missing, two in the wrong order.

hypotheses.py holds the table that these stand in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample
from tests.harness.diagnosis.variants import changed_at, elementwise_calls, exchanged_at
from tests.harness.rows.imports import torch


def denominator(g: str, sample: Sample) -> Claims:
    """What divides inside is missing in the gradient, or divides once too often."""
    if g == "y":
        return
    for number, what in enumerate(_divisions(sample).names):
        claim = Claim(f"{{g}} {{is}} not divided by {what}, as y is")
        yield claim, lambda sample, number=number: sample.right[g] * _divisions(sample).values[number]
        claim = Claim(f"{{g}} {{is}} divided by {what} once too often")
        yield claim, lambda sample, number=number: sample.right[g] / _divisions(sample).values[number]


def order(g: str, sample: Sample) -> Claims:
    """Right if two functions that follow each other changed places."""
    for number, names in enumerate(pairwise(elementwise_calls(sample))):
        first, second = (_OPERATORS.get(name, name) for name in names)
        claim = Claim(f"{{g}} {{is}} what {second} before {first} would give: the order is wrong")
        yield claim, lambda sample, number=number: sample.with_torch(exchanged_at(sample.op.torch, number))[g]


def function_missing(g: str, sample: Sample) -> Claims:
    """Right if one of the functions inside were left out."""
    for number, function in enumerate(elementwise_calls(sample)):
        claim = Claim(f"{{g}} {{is}} what leaving out {function} would give: {function} is missing")
        yield (
            claim,
            lambda sample, number=number: sample.with_torch(changed_at(sample.op.torch, number, leave_out=True))[g],
        )


def derivative_missing(g: str, sample: Sample) -> Claims:
    """Right if one of the functions inside had no derivative of its own to multiply by."""
    if g == "y":
        return
    for number, function in enumerate(elementwise_calls(sample)):
        claim = Claim(f"in {{g}}, the derivative of {function} is missing: the gradient passes through it unchanged")
        yield (
            claim,
            lambda sample, number=number: sample.with_torch(changed_at(sample.op.torch, number, leave_out=False))[g],
        )


_OPERATORS = {
    torch.add.__name__: "the addition",
    torch.sub.__name__: "the subtraction",
    torch.mul.__name__: "the multiplication",
    torch.div.__name__: "the division",
}


def _divisions(sample: Sample) -> _Divisions:
    given = {v: torch.tensor(a) if isinstance(a, np.ndarray) else a for v, a in sample.inputs.items()}
    with _Divisions({v: a for v, a in given.items() if isinstance(a, torch.Tensor)}) as found:
        sample.op.torch(*given.values())
    return found


class _Divisions(torch.overrides.TorchFunctionMode):
    """Notes what arrays are divided by, an input or the result of a function, and its values."""

    def __init__(self, inputs: dict[str, torch.Tensor]):
        super().__init__()
        self.names: list[str] = []
        self.values: list[NDArray] = []
        self._made = [(tensor, name) for name, tensor in inputs.items()]

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name == torch.div.__name__ and len(args) == 2 and all(isinstance(a, torch.Tensor) for a in args):
            maker = next((made for tensor, made in reversed(self._made) if tensor is args[1]), "")
            if maker:
                self.names.append(maker)
                self.values.append(args[1].detach().numpy())
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self._made.append((result, f"the result of {name}"))
        return result
