"""What torch says: the output and the gradients of a row's expression, in float64, and how far they are to be trusted.

Nothing here runs where the candidate's code does.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.imports import torch
from tests.harness.rows.spec import Operation

RUNS = 6  # of Monte-Carlo arithmetic, for the whole of it
_STEP = 1e-9  # far above float64's rounding, far below anything that is not linear
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

    def nearest(self, yours: NDArray) -> NDArray:
        """The right gradient that is nearest to yours, as the row decides it; float64."""
        with np.errstate(all="ignore"):
            return np.asarray(self.op.ties(yours, self.gy.astype(np.float64), *self.inputs), np.float64)

    def noise(self, runs: int) -> tuple[NDArray, ...]:
        """For y and each gradient, how much every entry moves when all that is computed on the way is off by one part.

        Measured by Monte-Carlo arithmetic: the oracle runs again with each input and each value on the way, forward and
        backward, changed by a random relative amount. Times the machine epsilon this is the rounding error that another
        order of summation, or another formula, may make: the largest term of the sum that makes the entry, also where
        the sum cancels. More `runs` never find less. Source of the method: Parker, Monte Carlo Arithmetic (1997).
        """
        inputs = _Move() if self.op.ties else _Move(relative=_STEP)
        return self._moves(runs, inputs=inputs, values=_Move(relative=_STEP))

    def amplification(self, runs: int) -> tuple[NDArray, ...]:
        """For y and each gradient, how much every entry moves when each value on the way is off by one, absolutely.

        1 / (1 + exp(-x)) and (1 + tanh(x / 2)) / 2 are both right, and one rounds to 0 where the other says 1e-17.
        """
        return self._moves(runs, inputs=_Move(), values=_Move(absolute=_STEP))

    @cached_property
    def jumps(self) -> tuple[NDArray, ...]:
        """For y and each gradient, how far every entry moves within a hair's breadth of the inputs: far, on a kink."""
        moves = self._moves(RUNS, inputs=_Move(relative=_STEP, absolute=_STEP), values=_Move(relative=_STEP))
        return tuple(move * _STEP for move in moves)

    def _moves(self, runs: int, *, inputs: "_Move", values: "_Move") -> tuple[NDArray, ...]:
        done = self._runs.setdefault((inputs, values), [])
        with np.errstate(all="ignore"):
            while len(done) < runs:
                run = _answer(self.op, self.op.torch, self.inputs, self.gy, _Jitter(len(done), inputs, values))
                done.append([abs(moved - answer) for moved, answer in zip(run, self._answer, strict=True)])
            return tuple(np.max(move, axis=0) / _STEP for move in zip(*done[:runs], strict=True))

    @cached_property
    def _runs(self) -> dict:
        return {}

    @cached_property
    def _answer(self) -> tuple[NDArray, ...]:
        return _answer(self.op, self.op.torch, self.inputs, self.gy)


def output_shape(op: Operation, inputs: tuple) -> tuple[int, ...]:
    """The shape of y for these inputs; it depends on their shapes and on what is not an array."""
    key = (op, *(i.shape if isinstance(i, np.ndarray) else repr(i) for i in inputs))
    if key not in _shapes:
        with torch.no_grad():
            _shapes[key] = tuple(op.torch(*map(_tensor, inputs)).shape)
    return _shapes[key]


def jacobian_column(op: Operation, inputs: tuple, variable: str, entry: tuple[int, ...]) -> NDArray:
    """J[output... | entry]: the derivative of every entry of y with respect to one entry of the variable."""
    shape, number = output_shape(op, inputs), op.variables.index(variable)
    column = np.zeros(shape)
    for at in np.ndindex(shape):
        one_hot = np.zeros(shape)
        one_hot[at] = 1
        column[at] = Truth(op, inputs, one_hot).gradients[number][entry]
    return column


@dataclass(frozen=True)
class _Move:
    """By how much at most a number is moved."""

    relative: float = 0.0
    absolute: float = 0.0


class _Jitter(torch.overrides.TorchFunctionMode):
    """Moves the inputs, what torch computes from them, and what it keeps for the backward pass, at random."""

    def __init__(self, seed: int, inputs: _Move, values: _Move):
        super().__init__()
        self._inputs, self._values = inputs, values
        # Seeds come in pairs that move everything in opposite directions: what stands on a kink leaves it in one of them.
        self._at, self._sign = 997 * (seed // 2), 1 - 2 * (seed % 2)

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return self.value(func(*args, **(kwargs or {})))

    def input(self, tensor):
        return self._moved(tensor, self._inputs)

    def value(self, tensor):
        return self._moved(tensor, self._values)

    def _moved(self, value, move: _Move):
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value
        size, self._at = value.numel(), self._at % max(1, len(_POOL) - value.numel())
        part = _POOL[self._at : self._at + size] if size < len(_POOL) else _POOL.repeat(-(-size // len(_POOL)))[:size]
        self._at += size
        part = part.view(value.shape) * self._sign
        moved = torch.addcmul(value, value, part, value=move.relative) if move.relative else value
        return torch.add(moved, part, alpha=move.absolute) if move.absolute else moved


_generator = torch.Generator().manual_seed(1)
# Random, but never near zero: no entry is left where it was by chance. A pool, because it is asked for very often.
_POOL = (torch.randint(0, 2, (9973,), generator=_generator, dtype=torch.float64) * 2 - 1) * (
    0.5 + 0.5 * torch.rand(9973, generator=_generator, dtype=torch.float64)
)


def _answer(
    op: Operation, function: Callable, inputs: tuple, gy: NDArray, jitter: _Jitter | None = None
) -> tuple[NDArray, ...]:
    tensors, upstream = [_tensor(i) for i in inputs], _tensor(gy)
    if jitter:
        tensors, upstream = [jitter.input(t) for t in tensors], jitter.input(upstream)
    leaves = [t.requires_grad_() for t, kind in zip(tensors, op.kinds.values(), strict=True) if kind.differentiated]
    # What the row itself decides at ties must not be moved off them.
    moves_saved = jitter and not op.ties
    with (
        jitter or nullcontext(),
        torch.autograd.graph.saved_tensors_hooks(lambda t: t, jitter.value) if moves_saved else nullcontext(),
    ):
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
