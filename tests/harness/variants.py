"""An operation's torch expression with one of the functions inside it left out, or without its derivative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.harness.imports import torch
from tests.harness.samples import Sample


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
        name = getattr(func, "__name__", "")
        tensors = [a for a in args if isinstance(a, torch.Tensor)]
        if name.startswith("_") or len(tensors) != 1 or getattr(result, "shape", None) != tensors[0].shape:
            return result
        if not result.is_floating_point():  # a comparison
            return result
        self.names.append(name)
        if len(self.names) - 1 != self._change:
            return result
        return tensors[0] if self._leave_out else tensors[0] + (result - tensors[0]).detach()
