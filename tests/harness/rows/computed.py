"""A row's expression computed by torch. Whoever imports this imports torch; what is asked of it, and remembered, is in oracle.py."""

from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.imports import torch
from tests.harness.rows.noise import Jitter
from tests.harness.rows.spec import Operation


class Computed:
    """The expression, computed once: `y` at once, the gradients when they are asked for, once at most."""

    def __init__(self, op: Operation, function: Callable, inputs: tuple, gy: NDArray, jitter: Jitter | None = None):
        tensors, self._upstream = [tensor(i) for i in inputs], tensor(gy)
        if jitter:
            tensors, self._upstream = [jitter.input(t) for t in tensors], jitter.input(self._upstream)
        pairs = zip(tensors, op.kinds.values(), strict=True)
        self._leaves = [t.requires_grad_() for t, kind in pairs if kind.differentiated]
        # What the row itself decides at ties must not be moved off them.
        moves_saved = jitter and not op.ties
        with (
            jitter or nullcontext(),
            torch.autograd.graph.saved_tensors_hooks(jitter.keep, jitter.kept) if moves_saved else nullcontext(),
        ):
            self._y = flat(function(*tensors))
        self.y: NDArray = self._y.detach().numpy()

    def gradients(self) -> tuple[NDArray, ...]:
        if not self._leaves:
            return ()
        # A scalar loss with this gradient: torch.autograd.grad(y, ..., gy) imports sympy first, for a quarter of a second.
        loss = (self._y * self._upstream).sum()
        gradients = torch.autograd.grad(loss, self._leaves, allow_unused=True, materialize_grads=True)
        return tuple(g.numpy() for g in gradients)


def shape(op: Operation, inputs: tuple) -> tuple[int, ...]:
    """The shape of y."""
    with torch.no_grad():
        return tuple(flat(op.torch(*map(tensor, inputs))).shape)


def flat(value):
    """A tensor as it is, also alone in a tuple; of several values, all their entries in one row."""
    several = value if isinstance(value, tuple | list) else (value,)
    return torch.cat([one.reshape(-1) for one in several]) if len(several) > 1 else several[0]


def tensor(value, floats: type = np.float64):
    """Floats in float64, or this dtype, whatever they came in, integers likewise in int64; what is no array (an axis) as Python has it."""
    if not isinstance(value, np.ndarray):
        return value.item() if isinstance(value, np.generic) else value
    return torch.from_numpy(value.astype({"f": floats, "b": np.bool_}.get(value.dtype.kind, np.int64)))
