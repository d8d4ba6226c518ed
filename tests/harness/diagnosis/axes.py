"""A hypothesis about an axis: right if one of the functions inside went along another one.

hypotheses.py holds the table that this one stands in, __init__.py says what a hypothesis is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch


def along_another_axis_inside(g: str, sample: Sample) -> Claims:
    """A function that goes along the last axis goes along the first."""
    for number, function in enumerate(_calls(sample)):
        claim = Claim(f"{{g}} {{is}} what {function} along axis 0 would give, but it should go along the last axis")
        yield claim, lambda sample, number=number: _along_the_first(sample, g, number)


def _calls(sample: Sample) -> list[str]:
    with _Along() as calls:
        sample.op.torch(*[torch.tensor(v) if isinstance(v, np.ndarray) else v for v in sample.inputs.values()])
    return calls.names


def _along_the_first(s: Sample, g: str, number: int) -> NDArray | None:
    def turned(*inputs):
        with _Along(number):
            return s.op.torch(*inputs)

    try:
        return s.with_torch(turned)[g]
    except (RuntimeError, IndexError):
        return None


class _Along(torch.overrides.TorchFunctionMode):
    """Notes the calls that go along the last axis, and turns one of them to the first."""

    def __init__(self, turn: int = -1):
        super().__init__()
        self.names: list[str] = []
        self._turn = turn

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        named, placed = kwargs.get("dim") == -1, len(args) > 1 and isinstance(args[1], int) and args[1] == -1
        if named or placed:
            self.names.append(getattr(func, "__name__", ""))
            if len(self.names) - 1 == self._turn:
                args, kwargs = (args, kwargs | {"dim": 0}) if named else ((args[0], 0, *args[2:]), kwargs)
        return func(*args, **kwargs)
