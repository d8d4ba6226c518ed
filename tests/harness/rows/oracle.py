"""What torch says: the output and the gradients of a row's expression, in float64, and how far they are to be trusted.

Nothing here runs where the candidate's code does. What is known already is not computed again (memory.py), and torch is
imported only to compute (computed.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.memory import Known
from tests.harness.rows.spec import Operation

if TYPE_CHECKING:
    from tests.harness.rows.computed import Computed
    from tests.harness.rows.noise import Jitter, Move

RUNS = 6  # of Monte-Carlo arithmetic, for the whole of it
_ANY = 1e-30


@dataclass(frozen=True, eq=False)
class Truth:
    """The oracle's answer for one example: `y`, and one gradient a variable. Arrays are float64.

    `known`: where what torch says of this very example is remembered.
    """

    op: Operation
    inputs: tuple
    gy: NDArray
    known: Known = field(default_factory=Known)

    def with_gy(self, gy: NDArray, name: str) -> Truth:
        """The answer for the same inputs and another gy, which always has this name."""
        return Truth(self.op, self.inputs, gy, self.known.beside(name))

    @cached_property
    def proven(self) -> set[tuple]:
        """Answers that have been found right: to be told at once when they come again. Whoever judges fills it."""
        return set()

    @cached_property
    def y(self) -> NDArray:
        return self.known.once("y", lambda: (self._plain.y,))[0]

    @cached_property
    def gradients(self) -> tuple[NDArray, ...]:
        return self.known.once("gradients", lambda: self._plain.gradients())

    @cached_property
    def other_gradients(self) -> tuple[NDArray, ...]:
        """The other end of what is right at a kink; the same as `gradients` for a row without one."""
        if not self.op.also:
            return self.gradients
        return self.known.once("other gradients", lambda: self._computed(self.op.also).gradients())

    def nearest(self, yours: NDArray) -> NDArray:
        """The right gradient that is nearest to yours, as the row decides it; float64."""
        with np.errstate(all="ignore"):
            return np.asarray(self.op.ties(yours, self.gy.astype(np.float64), *self.inputs), np.float64)

    def noise(self, runs: int, *, alone: bool = False) -> tuple[NDArray, ...]:
        """For y and each gradient, how much every entry moves when all that is computed on the way is off by one part.

        Measured by Monte-Carlo arithmetic: the oracle runs again with each input and each value on the way, forward and
        backward, changed by a random relative amount, and by the same amount of 1 where it comes out of a function that
        has 1 for its scale, like exp. Times the machine epsilon this is the rounding error that another order of
        summation, or another formula, may make: the largest term of the sum that makes the entry, also where the sum
        cancels. More `runs` never find less, nor do the other ways in which the row is written; `alone` leaves these out.
        Source of the method: Parker, Monte Carlo Arithmetic (1997).
        """
        ways = () if alone else self.op.otherwise
        name = f"noise {runs}" if ways == self.op.otherwise else f"noise {runs} alone"
        return self.known.once(name, lambda: self._noise(runs, ways))

    def moves_within(self, step: float) -> tuple[NDArray, ...]:
        """For y and each gradient, how far every entry moves when the inputs, and each value on the way, move by so much of themselves.

        An input that is 0 moves by next to nothing, but to both sides.
        """
        return self.known.once(f"moves within {step!r}", lambda: self._moves_within(step))

    def _noise(self, runs: int, ways: tuple[Callable, ...]) -> tuple[NDArray, ...]:
        from tests.harness.rows.noise import STEP, Move

        values = Move(relative=STEP, natural=STEP)
        moves = self._moves(runs, inputs=Move(relative=STEP), values=values)
        for function in ways:
            also = self._moves(runs, inputs=Move(relative=STEP), values=values, function=function)
            moves = tuple(np.fmax(move, np.where(np.isfinite(a), a, 0)) for move, a in zip(moves, also, strict=True))
        if self.op.ties:
            moves = (moves[0], *self._moves(runs, inputs=Move(), values=values)[1:])
        return tuple(move / STEP for move in moves)

    def _moves_within(self, step: float) -> tuple[NDArray, ...]:
        from tests.harness.rows.noise import Move

        inputs = Move(relative=step, absolute=_ANY)
        # Where a difference of large values decides, one that is moved on the way may hide each time that it can go either way.
        alone = self._moves(2, inputs=inputs, values=Move())
        moves = self._moves(RUNS, inputs=inputs, values=Move(relative=step, level=step))
        return tuple(np.fmax(move, one) for move, one in zip(moves, alone, strict=True))

    def _moves(self, runs: int, *, inputs: Move, values: Move, function: Callable | None = None) -> tuple[NDArray, ...]:
        from tests.harness.rows.noise import Jitter

        function = function or self.op.torch
        done = self._runs.setdefault((inputs, values, function), [])
        with np.errstate(all="ignore"):
            while len(done) < runs:
                run = self._computed(function, Jitter(len(done), inputs, values))
                moved, answers = (run.y, *run.gradients()), (self.y, *self.gradients)
                done.append([abs(moved - answer) for moved, answer in zip(moved, answers, strict=True)])
            return tuple(np.max(move, axis=0) for move in zip(*done[:runs], strict=True))

    @cached_property
    def _runs(self) -> dict:
        return {}

    @cached_property
    def _plain(self) -> Computed:
        return self._computed(self.op.torch)

    def _computed(self, function: Callable, jitter: Jitter | None = None) -> Computed:
        from tests.harness.rows.computed import Computed

        return Computed(self.op, function, self.inputs, self.gy, jitter)


def output_shape(op: Operation, inputs: tuple) -> tuple[int, ...]:
    """The shape of y for these inputs; it depends on their shapes and on what is not an array."""
    if op.adapter:  # a root is of one entry
        return ()
    key = tuple(i.shape if isinstance(i, np.ndarray) else repr(i) for i in inputs)
    known = op.output_shapes.get(key)
    if known is None:
        from tests.harness.rows.computed import shape

        known = op.output_shapes[key] = shape(op, inputs)
    return known


def jacobian_column(op: Operation, inputs: tuple, variable: str, entry: tuple[int, ...]) -> NDArray:
    """J[output... | entry]: the derivative of every entry of y with respect to one entry of the variable."""
    shape, number = output_shape(op, inputs), op.variables.index(variable)
    column = np.zeros(shape)
    for at in np.ndindex(shape):
        one_hot = np.zeros(shape)
        one_hot[at] = 1
        column[at] = Truth(op, inputs, one_hot).gradients[number][entry]
    return column
