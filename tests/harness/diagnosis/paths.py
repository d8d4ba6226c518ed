"""Hypotheses about a gradient that arrives along several paths, where one of them is cut, doubled or turned round.

In x * f(x), x reaches y on two paths, as a factor and through f; the product rule has a term for each. The same goes for a
mean that is subtracted, a root that divides. A path is an argument of one call in the row's torch expression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.claim import Claim, Claims
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch

_ROUTINE = ("view", "unsqueeze", "squeeze", "detach", "expand", "double", "to")
_LINEAR = [
    f.__name__ for f in (torch.Tensor.add, torch.Tensor.sub, torch.rsub, torch.Tensor.mul, torch.Tensor.div, torch.neg)
]


@dataclass(frozen=True)
class Path:
    """An argument of a call: the function's name, which argument of how many, and the number of the path."""

    function: str
    argument: int
    of: int
    number: int

    @property
    def what(self) -> str:
        """What goes this way, in words."""
        if self.of == 1:
            return self.function
        if self.function == torch.Tensor.mul.__name__:
            return "one factor of a product"
        if self.function == torch.Tensor.sub.__name__:
            return ("what is subtracted from", "what is subtracted")[self.argument]
        if self.function == torch.Tensor.div.__name__:
            return ("the numerator", "the denominator")[self.argument] + " of a division"
        return f"the {('first', 'second', 'third')[min(self.argument, 2)]} argument of {self.function}"


def term(g: str, sample: Sample) -> Claims:
    """The gradient's term of one path is missing, or has another factor."""
    if g == "y":
        return
    for path in _paths(sample):
        rule = "the product rule has two terms" if "product" in path.what else "its own derivative is missing"
        claim = Claim(f"in {{g}}, {path.what} is treated as a constant: {rule}", "the input is in it too")
        yield claim, lambda sample, number=path.number: _with_term(sample, g, number, 0)
        for factor, words in (
            (-1, "has the wrong sign"),
            (2, "is twice what it should be"),
            (0.5, "is half of what it should be"),
        ):
            claim = Claim(f"in {{g}}, the term that comes through {path.what} {words}")
            yield claim, lambda sample, number=path.number, factor=factor: _with_term(sample, g, number, factor)
        for letter in sample.op.letters:
            for power, words in ((-1, "small: mean instead of sum?"), (1, "large: sum instead of mean?")):
                claim = Claim(f"in {{g}}, the term that comes through {path.what} is {letter} times too {words}")
                yield (
                    claim,
                    lambda sample, number=path.number, letter=letter, power=power: _with_term(
                        sample, g, number, float(sample.sizes[letter]) ** power
                    ),
                )


def _paths(sample: Sample) -> list[Path]:
    tensors = [
        torch.tensor(v, requires_grad=v.dtype.kind == "f") if isinstance(v, np.ndarray) else v
        for v in sample.inputs.values()
    ]
    with _Calls() as calls:
        sample.op.torch(*tensors)
    return calls.paths


def _with_term(s: Sample, g: str, number: int, factor: float) -> NDArray | None:
    """The right gradient with the term of this path multiplied by the factor."""

    def cut(*inputs):
        with _Calls(number):
            return s.op.torch(*inputs)

    try:
        without = s.with_torch(cut)[g]
    except RuntimeError:  # nothing is left to differentiate
        without = np.zeros_like(s.right[g])
    return without + factor * (s.right[g] - without)


class _Calls(torch.overrides.TorchFunctionMode):
    """Notes the paths, and cuts one of them."""

    def __init__(self, cut: int = -1):
        super().__init__()
        self.paths: list[Path] = []
        self._cut = cut

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name.startswith("_") or name in _ROUTINE:
            return func(*args, **(kwargs or {}))
        args = list(args)
        tensors = [at for at, a in enumerate(args) if isinstance(a, torch.Tensor)]
        # A number that is added or multiplied makes no path of its own.
        for place, at in enumerate(() if len(tensors) == 1 and name in _LINEAR else tensors):
            if args[at].requires_grad:
                self.paths.append(Path(name, place, len(tensors), len(self.paths)))
                if self.paths[-1].number == self._cut:
                    args[at] = args[at].detach()
        return func(*args, **(kwargs or {}))
