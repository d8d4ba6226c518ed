"""`fast`: how the cost of an operation grows with each of its dimensions, beside the reference solution. No clock.

Cost is what counting.py counts: the opcodes of Python, and memory. One dimension at a time goes from a few to some 270.
A loop over it that the reference does not have shows in the first, an explicit Jacobian in the second; what loops in C shows
in neither. Then two dimensions are large together, of which no input has both: there memory alone is compared, for whoever
saves it by blocks takes more steps. At last there is an ordinary call at a large size, which must be done by the call's
usual deadline.

All answers are compared with torch's, all inputs are drawn anew for each call.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.examples.pairs import LARGE, Pair, pairs
from tests.harness.examples.sizes import Draws, grown, largest
from tests.harness.judgement import depth, judge
from tests.harness.judgement.costs import COUNTED, LARGER, LOOPS, SPARE, STEPS, of_reference
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.properties import Contest
from tests.harness.judgement.trial import Trial
from tests.harness.rows.memory import Known
from tests.harness.rows.spec import Operation
from tests.harness.worker.counting import Cost, counted
from tests.harness.worker.observation import Call, Grad, Observation, Steps, formed
from tests.harness.worker.observe import observe

MOST = 30_000  # opcodes more than the reference's are too many, whatever the growth
SURE = 0.9  # of what the harness itself costs, as counted here, must be counted there too
TRIES = 10  # large calls, until one is suited
_STEPS = (Call(), Grad(0))


def compare(contest: Contest) -> None:
    """Raise Wrong where the cost of the operation grows out of all proportion to the reference's, or an answer is wrong."""
    if contest.op.adapter:
        depth.compare(contest)
        return
    op, draw, count = contest.op, Draws(contest.op, contest.seed), _Count(contest)
    calls = []
    for number, size in enumerate(grown(op)):
        first, again = (count(draw(size.of(size.few), choices=number)) for _ in range(2))
        small = first.least(again)
        _hold(small)
        large = count(draw(size.of(size.many), choices=number))
        growth = _Growth(size.name, size.few, size.many, small, large)
        # NumPy's own Python may take another branch from some size on: that is a step, and a loop is a slope.
        if growth.steps_beyond() > 0 and (
            large.is_full() or growth.is_steady(size.middle, count(draw(size.of(size.middle), choices=number)))
        ):
            raise Wrong(growth.of_steps())
        if growth.bytes_beyond() > 0:
            raise Wrong(growth.of_bytes())
        calls += [small, large]
    for pair in pairs(op):
        together = count(draw(pair.dimensions, choices=len(calls)))
        if _is_beyond(together):
            raise Wrong(_of_pair(pair))
        calls.append(together)
    for call in calls:
        _suited(op, call)
    for _ in range(TRIES):
        call = count(draw(largest(op), choices=len(calls)))
        _hold(call)
        if _suited(op, call):
            return
    raise Wrong("no answer at a large size is near enough to torch's to be told right")


@dataclass(frozen=True)
class _Beside:
    """What was observed of an example, what it cost, and what was due: what it cost the reference.

    `known`: where what torch says of it is remembered.
    """

    example: Example
    known: Known
    seen: Observation
    yours: Cost
    due: Cost

    def is_full(self) -> bool:
        """Whether there was far more than the reference takes."""
        return self.yours.steps > max(self.due.steps + MOST, LOOPS * self.due.steps)

    def least(self, other: _Beside) -> _Beside:
        """The cheaper of two calls of one size: the first one may have had something to import."""
        return replace(self, yours=_least(self.yours, other.yours), due=_least(self.due, other.due))


def _least(a: Cost, b: Cost) -> Cost:
    return Cost(min(a.steps, b.steps), min(a.bytes, b.bytes))


@dataclass(frozen=True)
class _Due:
    """What an example costs the reference: `held`, the bytes of all that is given and returned; `asking`, the least it takes."""

    cost: Cost
    held: int
    asking: int


@dataclass(frozen=True)
class _Growth:
    """What was counted where a dimension had one size, and a larger one."""

    name: str
    few: int
    many: int
    small: _Beside
    large: _Beside

    def steps_beyond(self) -> int:
        """How many more opcodes were added than may be."""
        yours, due = self._added("steps")
        return yours - LARGER * due - STEPS * (self.many - self.few)

    def bytes_beyond(self) -> int:
        """Likewise for bytes."""
        yours, due = self._added("bytes")
        return yours - LARGER * due - SPARE

    def is_steady(self, size: int, between: _Beside) -> bool:
        """Whether too many opcodes are added both up to a size between, and from there on."""
        halves = replace(self, many=size, large=between), replace(self, few=size, small=between)
        return all(half.steps_beyond() > 0 for half in halves)

    def of_steps(self) -> str:
        yours, due = (steps / (self.many - self.few) for steps in self._added("steps"))
        more = "more than " if self.large.is_full() else ""
        return (
            f"Python's steps grow by {more}{yours:.0f} for each one that {self.name} is larger ({self.few} -> {self.many}), "
            f"the reference's by {due:.0f}: a loop over the elements, or the rows?"
        )

    def of_bytes(self) -> str:
        # No figures of memory: the last digits are not the same each time.
        return (
            f"memory grows more than {LARGER} times as much as the reference's where {self.name} is larger "
            f"({self.few} -> {self.many}): an explicit Jacobian?"
        )

    def _added(self, what: str) -> tuple[int, int]:
        """How many were added: yours, the reference's."""
        yours = getattr(self.large.yours, what) - getattr(self.small.yours, what)
        return yours, max(0, getattr(self.large.due, what) - getattr(self.small.due, what))


def _is_beyond(seen: _Beside) -> bool:
    """Whether a call takes far more memory than the reference."""
    return seen.yours.bytes > LARGER * seen.due.bytes + SPARE


def _of_pair(pair: Pair) -> str:
    first, second = pair.names
    return (
        f"memory is more than {LARGER} times the reference's where {first} and {second} are large together "
        f"({LARGE[0]} and {LARGE[1]}): is something held for each pair of them, at once or in pieces?"
    )


def _hold(seen: _Beside) -> None:
    """Raise Wrong where a call costs far more than the reference, whatever the growth."""
    shapes = ", ".join(str(i.shape) for i in seen.example.inputs if isinstance(i, np.ndarray))
    if seen.is_full():
        raise Wrong(
            f"Python takes more than {seen.yours.steps - 1} steps for inputs of shapes {shapes}, the reference "
            f"{seen.due.steps}: a loop over the elements?"
        )
    if _is_beyond(seen):
        raise Wrong(
            f"takes more than {LARGER} times the reference's memory for inputs of shapes {shapes}: an explicit Jacobian?"
        )


class _Count:
    """Counts what calls cost, of both."""

    def __init__(self, contest: Contest):
        self._contest, self._least = contest, 0

    def __call__(self, drawn: tuple[str, Example]) -> _Beside:
        """Raises Wrong where there is no answer, or the count is worth nothing."""
        (name, example), page = drawn, self._contest.page
        op = self._contest.op
        ask = (op.name, [example.inputs], [example.gy], formed(_STEPS, op.form))
        count = self._contest.implementation.counting(*ask, COUNTED)
        due = page.shared((name,), lambda: self._of_reference(ask))  # meanwhile, where the other runs elsewhere
        seen, yours = count()
        beside = _Beside(example, Known(page, name), seen, yours, due.cost)
        if len(seen.answers) < len(_STEPS):
            _suited(self._contest.op, beside)  # which says why
        self._least = self._least or due.asking
        foul = yours.foul
        if not foul and (yours.steps < SURE * self._least or yours.bytes < SURE * due.held):
            foul = "fewer steps were counted, or less memory, than it takes to ask"
        if foul:
            raise Wrong(f"what it costs cannot be counted: {foul}", status="error")
        return beside

    def _of_reference(self, ask: tuple[str, list[tuple], list[NDArray], Steps]) -> _Due:
        _, (inputs,), (gy,), _ = ask
        seen, cost = of_reference(self._contest.reference, ask)
        arrays = (*inputs, gy, *seen.answers[0].values, *seen.answers[1].values)
        held = sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))
        return _Due(cost, held, _asking(seen, inputs, gy, ask[-1]))


def _asking(due: Observation, inputs: tuple, gy: NDArray, steps: Steps) -> int:
    """The steps that it takes to ask for an answer and to look at it, of whatever size, where it is there already."""
    values, gradients = (answer.values for answer in due.answers)
    answer = gradients if len(gradients) != 1 else gradients[0]
    result = (values[0], lambda _: answer) if gradients else values
    run = partial(observe, lambda *_: result, [inputs], [gy], steps)
    return counted(run, MOST)[1].steps


def _suited(op: Operation, call: _Beside) -> bool:
    """Whether the example shows that the answers are torch's. Raises Wrong where they are not."""
    trial = Trial(op, (call.example,), lambda *_: call.seen).remembered(call.known)
    try:
        with judge.said_of("larger arrays"):
            judge.forward(trial, call.seen, trial.truth)
            judge.gradient(trial, call.seen, trial.truth)
    except UnsuitedExample:
        return False
    return True
