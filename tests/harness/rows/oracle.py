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
from tests.harness.rows.noise import STEP, Jitter, Move
from tests.harness.rows.spec import Operation

RUNS = 6  # of Monte-Carlo arithmetic, for the whole of it
_ANY = 1e-30
_shapes: dict[tuple, tuple[int, ...]] = {}


@dataclass(frozen=True, eq=False)
class Truth:
    """The oracle's answer for one example: `y`, and one gradient a variable. Arrays are float64."""

    op: Operation
    inputs: tuple
    gy: NDArray

    @cached_property
    def proven(self) -> set[tuple]:
        """Answers that have been found right: to be told at once when they come again. Whoever judges fills it."""
        return set()

    @cached_property
    def y(self) -> NDArray:
        return self._run.y

    @cached_property
    def gradients(self) -> tuple[NDArray, ...]:
        return self._run.gradients()

    @cached_property
    def other_gradients(self) -> tuple[NDArray, ...]:
        """The other end of what is right at a kink; the same as `gradients` for a row without one."""
        return _Run(self.op, self.op.also, self.inputs, self.gy).gradients() if self.op.also else self.gradients

    def nearest(self, yours: NDArray) -> NDArray:
        """The right gradient that is nearest to yours, as the row decides it; float64."""
        with np.errstate(all="ignore"):
            return np.asarray(self.op.ties(yours, self.gy.astype(np.float64), *self.inputs), np.float64)

    def noise(self, runs: int) -> tuple[NDArray, ...]:
        """For y and each gradient, how much every entry moves when all that is computed on the way is off by one part.

        Measured by Monte-Carlo arithmetic: the oracle runs again with each input and each value on the way, forward and
        backward, changed by a random relative amount, and by the same amount of 1 where it comes out of a function that
        has 1 for its scale, like exp. Times the machine epsilon this is the rounding error that another order of
        summation, or another formula, may make: the largest term of the sum that makes the entry, also where the sum
        cancels. More `runs` never find less. Source of the method: Parker, Monte Carlo Arithmetic (1997).
        """
        values = Move(relative=STEP, natural=STEP)
        moves = self._moves(runs, inputs=Move(relative=STEP), values=values)
        if self.op.ties:
            moves = (moves[0], *self._moves(runs, inputs=Move(), values=values)[1:])
        return tuple(move / STEP for move in moves)

    def moves_within(self, step: float) -> tuple[NDArray, ...]:
        """For y and each gradient, how far every entry moves when the inputs, and each value on the way, move by so much of themselves.

        An input that is 0 moves by next to nothing, but to both sides.
        """
        return self._moves(RUNS, inputs=Move(relative=step, absolute=_ANY), values=Move(relative=step))

    def _moves(self, runs: int, *, inputs: Move, values: Move) -> tuple[NDArray, ...]:
        done = self._runs.setdefault((inputs, values), [])
        with np.errstate(all="ignore"):
            while len(done) < runs:
                run = _Run(self.op, self.op.torch, self.inputs, self.gy, Jitter(len(done), inputs, values))
                moved, answers = (run.y, *run.gradients()), (self.y, *self.gradients)
                done.append([abs(moved - answer) for moved, answer in zip(moved, answers, strict=True)])
            return tuple(np.max(move, axis=0) for move in zip(*done[:runs], strict=True))

    @cached_property
    def _runs(self) -> dict:
        return {}

    @cached_property
    def _run(self) -> "_Run":
        return _Run(self.op, self.op.torch, self.inputs, self.gy)


def output_shape(op: Operation, inputs: tuple) -> tuple[int, ...]:
    """The shape of y for these inputs; it depends on their shapes and on what is not an array."""
    key = (op, *(i.shape if isinstance(i, np.ndarray) else repr(i) for i in inputs))
    if key not in _shapes:
        with torch.no_grad():
            _shapes[key] = tuple(op.torch(*map(tensor, inputs)).shape)
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


class _Run:
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
            self._y = function(*tensors)
        self.y: NDArray = self._y.detach().numpy()

    def gradients(self) -> tuple[NDArray, ...]:
        # A scalar loss with this gradient: torch.autograd.grad(y, ..., gy) imports sympy first, for a quarter of a second.
        loss = (self._y * self._upstream).sum()
        gradients = torch.autograd.grad(loss, self._leaves, allow_unused=True, materialize_grads=True)
        return tuple(g.numpy() for g in gradients)


def tensor(value, floats: type = np.float64):
    """Floats in float64, or this dtype, whatever they came in, integers likewise in int64; what is no array (an axis) as Python has it."""
    if not isinstance(value, np.ndarray):
        return value.item() if isinstance(value, np.generic) else value
    return torch.from_numpy(value.astype({"f": floats, "b": np.bool_}.get(value.dtype.kind, np.int64)))
