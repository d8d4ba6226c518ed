"""Edits of a softmax's derivative: what is added up in it is added up otherwise, or is missing."""

from __future__ import annotations

from collections.abc import Callable

from tests.harness.diagnosis.calls import edit
from tests.harness.diagnosis.edit import Edits
from tests.harness.diagnosis.expression import Change, recorded
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch

_SUM = "its sum, of the gradients times the weights,"
_OTHERWISE: tuple[tuple[str, Callable], ...] = (
    (f"{_SUM} is over the axis before the last one", lambda g, s: s * (g - (g * s).sum(-2, keepdim=True))),
    ("its sum is of the gradients alone, without the weights", lambda g, s: s * (g - g.sum(-1, keepdim=True))),
    (f"{_SUM} is a mean", lambda g, s: s * (g - (g * s).mean(-1, keepdim=True))),
    (f"{_SUM} is added, but should be subtracted", lambda g, s: s * (g + (g * s).sum(-1, keepdim=True))),
    (f"{_SUM} stands alone: the weights in front are missing", lambda g, s: g - (g * s).sum(-1, keepdim=True)),
)
"""What people make of the gradient g of the weights s, where s * (g - (g * s).sum(-1)) is due."""


def otherwise(g: str, sample: Sample) -> Edits:
    """The derivative of a softmax inside is another one."""
    for node in recorded(sample) if g != "y" else ():
        if node.name == torch.softmax.__name__:
            for words, backward in _OTHERWISE:
                yield edit(f"in {{g}}, the derivative of {node.name}: {words}", sample, {node.number: _with(backward)})


def _with(backward: Callable) -> Change:
    """The call, with its gradient made by a function of the output's gradient and the output."""

    def change(func, args, kwargs):
        result, passed = func(*args, **kwargs).detach(), args[0] + 0
        if passed.requires_grad:
            passed.register_hook(lambda gradient: backward(gradient, result))
        return result + (passed - passed.detach())

    return change
