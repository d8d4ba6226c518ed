"""What torch says: the output and the gradients of a row's expression, in float64, and how far they are to be trusted.

Nothing here runs where the candidate's code does.
"""

import gc
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tests.harness.spec import Constant, Operation

# Importing torch makes a million objects, none of them garbage. Left alone, the collector walks them again and again: a
# third of the time to start, and half a second in pytest's closing collections.
gc.disable()
import torch  # noqa: E402 (see above)
from torch.autograd.graph import saved_tensors_hooks  # noqa: E402
from torch.overrides import TorchFunctionMode  # noqa: E402

gc.freeze()
gc.enable()
torch.set_num_threads(1)  # the arrays are tiny, and the other cores may be running other tests

_RUNS = 6
_JITTER = 1e-9  # far above float64's rounding, far below anything that is not linear
_shapes: dict[tuple, tuple[int, ...]] = {}


@dataclass(frozen=True, eq=False)
class Truth:
    """The oracle's answer for one example: `y`, and one gradient a variable. Arrays are float64."""

    op: Operation
    inputs: tuple
    gy: NDArray

    @cached_property
    def y(self) -> NDArray:
        return self._answer[0]

    @cached_property
    def gradients(self) -> tuple[NDArray, ...]:
        return self._answer[1:]

    @cached_property
    def other_gradients(self) -> tuple[NDArray, ...]:
        """The other end of what is right at a kink; the same as `gradients` for a row without one."""
        return _answer(self.op, self.op.also, self.inputs, self.gy)[1:] if self.op.also else self.gradients

    @cached_property
    def noise(self) -> tuple[NDArray, ...]:
        """For y and each gradient, how much every entry moves when all that is computed on the way is off by one part.

        Measured by Monte-Carlo arithmetic: the oracle runs again with each input and each value on the
        way, forward and backward, changed by a random relative amount. Times the machine epsilon this is the rounding error that another order of summation,
        or another formula, may make: the largest term of the sum that makes the entry, also where the sum cancels.
        Source of the method: Parker, Monte Carlo Arithmetic (1997).
        """
        with np.errstate(all="ignore"):
            runs = [self._moved(seed, 0) for seed in range(_RUNS)]
            moves = [[abs(moved - answer) for moved, answer in zip(run, self._answer, strict=True)] for run in runs]
            return tuple(np.max(move, axis=0) / _JITTER for move in zip(*moves, strict=True))

    @cached_property
    def on_kink(self) -> bool:
        """Whether a gradient jumps within a hair's breadth of the inputs, so that no one value of it is the right one."""
        for seed in range(_RUNS):
            for moved, gradient in zip(self._moved(seed, _JITTER)[1:], self.gradients, strict=True):
                # A smooth function moves by about 1e-9 of its size, a jump by all of it.
                if not np.all(
                    abs(moved - gradient) <= 1e-4 * max(abs(gradient).max(initial=0), abs(self.gy).max(initial=0))
                ):
                    return True
        return False

    @cached_property
    def _answer(self) -> tuple[NDArray, ...]:
        return _answer(self.op, self.op.torch, self.inputs, self.gy)

    def _moved(self, seed: int, shift: float) -> tuple[NDArray, ...]:
        return _answer(self.op, self.op.torch, self.inputs, self.gy, _Jitter(seed), shift)


def output_shape(op: Operation, inputs: tuple) -> tuple[int, ...]:
    """The shape of y for these inputs; it depends on their shapes and on what is not an array."""
    key = (op.name, *(i.shape if isinstance(i, np.ndarray) else repr(i) for i in inputs))
    if key not in _shapes:
        with torch.no_grad():
            _shapes[key] = tuple(op.torch(*map(_tensor, inputs)).shape)
    return _shapes[key]


def output(op: Operation, inputs: tuple) -> NDArray:
    """y alone, without the cost of a backward pass."""
    with torch.no_grad():
        return op.torch(*map(_tensor, inputs)).numpy()


def jacobian_column(op: Operation, inputs: tuple, variable: str, entry: tuple[int, ...]) -> NDArray:
    """J[output... | entry]: the derivative of every entry of y with respect to one entry of the variable."""
    shape, number = output_shape(op, inputs), op.variables.index(variable)
    column = np.zeros(shape)
    for at in np.ndindex(shape):
        one_hot = np.zeros(shape)
        one_hot[at] = 1
        column[at] = Truth(op, inputs, one_hot).gradients[number][entry]
    return column


class _Jitter(TorchFunctionMode):
    """Moves what torch computes, and what it keeps for the backward pass, by a random relative amount of `_JITTER`."""

    def __init__(self, seed: int):
        super().__init__()
        # Seeds come in pairs that move everything in opposite directions: what stands on a kink leaves it in one of them.
        self._at, self._sign = 997 * (seed // 2), 1 - 2 * (seed % 2)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return self.off(func(*args, **(kwargs or {})))

    def off(self, value, shift: float = 0.0):
        """The value, moved by a relative `_JITTER` and an absolute `shift`, up or down at random."""
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value
        size, self._at = value.numel(), self._at % max(1, len(_SIGNS) - value.numel())
        # Signs, not a uniform draw: no entry is left where it was by chance. From a pool: this is called ten thousand times.
        signs = (
            _SIGNS[self._at : self._at + size] if size < len(_SIGNS) else _SIGNS.repeat(-(-size // len(_SIGNS)))[:size]
        )
        self._at += size
        signs = signs.view(value.shape) * self._sign
        moved = torch.addcmul(value, value, signs, value=_JITTER)
        return moved + shift * signs if shift else moved


_SIGNS = torch.randint(0, 2, (9973,), generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 2 - 1


def _answer(
    op: Operation, function: Callable, inputs: tuple, gy: NDArray, jitter: _Jitter | None = None, shift: float = 0.0
) -> tuple[NDArray, ...]:
    tensors, upstream = [_tensor(i) for i in inputs], _tensor(gy)
    if jitter:
        tensors, upstream = [jitter.off(t, shift) for t in tensors], jitter.off(upstream)
    leaves = [
        t.requires_grad_() for t, c in zip(tensors, op.inputs.values(), strict=True) if not isinstance(c, Constant)
    ]
    with jitter or nullcontext(), saved_tensors_hooks(lambda t: t, jitter.off) if jitter else nullcontext():
        y = function(*tensors)
    # A scalar loss with this gradient: torch.autograd.grad(y, ..., gy) imports sympy first, for a quarter of a second.
    loss = (y * upstream).sum()
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
    return (y.detach().numpy(), *(g.numpy() for g in gradients))


def _tensor(value):
    """Floats in float64 whatever they came in, other arrays as they are, anything else (an axis, a stride) untouched."""
    if not isinstance(value, np.ndarray):
        return value
    return torch.tensor(value, dtype=torch.float64 if value.dtype.kind == "f" else None)
