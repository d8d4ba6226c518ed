"""Edits of a matrix product's derivative: a matrix that should be transposed is not."""

from __future__ import annotations

from collections.abc import Callable

from tests.harness.diagnosis.calls import plain
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import Change, recorded, rewritten, with_argument
from tests.harness.diagnosis.functions import MATMUL
from tests.harness.diagnosis.samples import Sample


def not_transposed(g: str, sample: Sample) -> Edits:
    """In the gradient of one factor, the other one is not transposed, or the product's own gradient is."""
    for node in recorded(sample) if g != "y" else ():
        if node.name != MATMUL or len(node.places) != 2:
            continue
        for at in (at for at in node.places if node.args[at].requires_grad):
            what = plain(node.words[1 - at])
            for said, other, own in (
                (f"{what} is not transposed", True, False),
                (f"the gradient of {node.text} is transposed", False, True),
            ):
                text = f"in {{g}}, {said} in the product with {'the gradient' if other else what}"
                change = rewritten(sample.op.torch, {node.number: _backward_with(at, other=other, own=own)})
                yield Edit(text, "the shapes tell which factor is to be transposed", torch=change, breaks=True)


def _backward_with(at: int, *, other: bool, own: bool) -> Change:
    """The product, with its gradient for one factor made from a transposed matrix: the `other` factor, or the gradient (`own`)."""

    def change(func: Callable, args: tuple, kwargs: dict):
        shape = args[1 - at].shape if other else func(*args, **kwargs).shape
        if shape[-1] != shape[-2]:
            raise ValueError("only a square matrix can stand there")
        fixed = tuple(a.detach() for a in args)
        turned = with_argument(fixed, 1 - at, fixed[1 - at].transpose(-1, -2)) if other else fixed
        through = func(*with_argument(turned, at, args[at]), **kwargs)
        if own and through.requires_grad:
            through.register_hook(lambda gradient: gradient.transpose(-1, -2))
        rest = func(*with_argument(args, at, fixed[at]), **kwargs)
        return rest + (through - through.detach())

    return change
