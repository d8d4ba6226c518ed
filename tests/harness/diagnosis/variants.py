"""An operation's torch expression with a function inside it left out, without its derivative, or exchanged with the next."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch


def elementwise_calls(sample: Sample) -> list[str]:
    """The names of the functions that can be changed, in the order of their calls."""
    with _Elementwise() as calls:
        sample.op.torch(*[torch.tensor(v) if isinstance(v, np.ndarray) else v for v in sample.inputs.values()])
    return calls.names


def changed_at(function: Callable, number: int, *, leave_out: bool) -> Callable:
    """The expression with the call of this number changed: left out, or with the gradient passing through it unchanged."""

    def changed(*inputs):
        with _Elementwise(number, leave_out=leave_out):
            return function(*inputs)

    return changed


def exchanged_at(function: Callable, number: int) -> Callable:
    """The expression with the call of this number made after the next one; RuntimeError where that does not use its result."""

    def changed(*inputs):
        with _Exchanged(number) as calls:
            y = function(*inputs)
        if not calls.done:
            raise RuntimeError("the two calls do not follow each other")
        return y

    return changed


class _Elementwise(torch.overrides.TorchFunctionMode):
    """Notes the calls whose result has the shape of the one tensor that went in, and changes one of them.

    `leave_out`: that call returns its input. Otherwise its value stays, and the gradient passes through it unchanged.
    """

    def __init__(self, change: int = -1, *, leave_out: bool = False):
        super().__init__()
        self.names: list[str] = []
        self._change, self._leave_out = change, leave_out

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [a for a in args if isinstance(a, torch.Tensor)]
        if not _is_elementwise(func, tensors, result):
            return result
        self.names.append(func.__name__)
        if len(self.names) - 1 != self._change:
            return result
        return tensors[0] if self._leave_out else tensors[0] + (result - tensors[0]).detach()


class _Exchanged(torch.overrides.TorchFunctionMode):
    """Makes one of the calls that `_Elementwise` notes after the next of them, if that gets its result."""

    def __init__(self, number: int):
        super().__init__()
        self.done = False
        self._number, self._calls = number, 0
        self._waiting: Callable | None = None
        self._given: torch.Tensor | None = None

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        tensors = [a for a in args if isinstance(a, torch.Tensor)]
        if not _is_elementwise(func, tensors, result):
            return result
        self._calls += 1
        if self._calls - 1 == self._number:
            at = next(i for i, a in enumerate(args) if a is tensors[0])
            self._waiting = lambda value: func(*args[:at], value, *args[at + 1 :], **(kwargs or {}))
            self._given = tensors[0]
            return self._given
        if self._calls - 2 == self._number and tensors[0] is self._given:
            self.done = True
            return self._waiting(result)
        return result


def _is_elementwise(func: Callable, tensors: list, result) -> bool:
    """Whether floats of the same shape come out as the one tensor that went in."""
    name = getattr(func, "__name__", "_")
    if name.startswith("_") or len(tensors) != 1 or getattr(result, "shape", None) != tensors[0].shape:
        return False
    return result.is_floating_point()  # no comparison
