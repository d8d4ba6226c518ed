"""Time and memory at a large size, beside the reference solution: the orders of magnitude, nothing finer.

A loop over the elements, an explicit Jacobian or numeric differences take 25 to 1000 times as long there; the vectorised
ways of writing an operation that were tried take at most 8 times as long as the fastest. Each side runs in a fresh worker
of the same sandbox, in turn, and only what is slow every time is slow. Raises GraderTrouble where the reference is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, prod
from typing import TYPE_CHECKING

import numpy as np

from tests.harness.examples import ORDINARY, dimensions_of, drawn_inputs
from tests.harness.judge import Wrong
from tests.harness.oracle import abstract_shape
from tests.harness.remote import GraderTrouble
from tests.harness.shapes import Dimensions, concrete
from tests.harness.sources import Repeating
from tests.harness.spec import Operation
from tests.harness.submissions import Pace

if TYPE_CHECKING:
    from tests.harness.properties import Contest

ROUNDS = 4
SLOWER, SLACK = 13.0, 0.02  # allowed: so many times the reference's seconds, and so many seconds more
LARGER, SPARE = 10.0, 512 * 2**20  # likewise for bytes
SECONDS = 30.0  # for a call at the large size
ENTRIES = 1_000_000  # of the largest array, at most
MATRIX = 512  # rows and columns of matrices that are multiplied, at most
VALUES = ORDINARY.values[ORDINARY.values != 0] / 4  # of a large array: a few numbers, repeated
READ = 500  # entries of each result that are compared, at random places, which are fractions of its size


def compare(contest: Contest) -> None:
    """Raise Wrong where the operation is out of all proportion to the reference solution."""
    op, task = contest.op, Task.of(contest.op)
    fastest = due = inf
    for attempt in range(ROUNDS):
        # Drawn anew, and told to nobody before the results are there.
        places = np.random.default_rng().random(READ)
        for _ in range(1 if attempt else ROUNDS):  # one slow moment of the reference must not excuse a loop
            reference = contest.reference.pace(op.name, task, SECONDS, places)
            if not reference.entries:
                raise GraderTrouble(
                    f"the reference solution of {op.name} gave no answer in {SECONDS:g} s {reference.failed}"
                )
            due = min(due, reference.seconds)
        allowed = SLOWER * due + SLACK
        # Beyond what is allowed nothing is learned by waiting.
        yours = contest.implementation.pace(op.name, task, 4 * allowed, places)
        if yours.failed:
            raise Wrong(f"for {task}: {yours.failed}", status="error")
        if yours.entries:
            _same(op, yours, reference)
        fastest = min(fastest, yours.seconds)
        if yours.entries and fastest <= allowed:
            break
    else:
        took = f"{fastest:.2g} s{'' if yours.entries else ' and more'}"
        raise Wrong(f"takes {took} for {task}, where the reference takes {due:.2g}: a loop over the elements?")
    if yours.bytes > LARGER * reference.bytes + SPARE:
        took, enough = yours.bytes / 2**20, reference.bytes / 2**20
        raise Wrong(f"takes {took:.0f} MiB for {task}, where the reference takes {enough:.0f}: an explicit Jacobian?")


@dataclass(frozen=True)
class Task:
    """A large example, described: an array is a list of its shape and of a few values, repeated where the operation is."""

    inputs: tuple
    gy: list

    @staticmethod
    def of(op: Operation) -> Task:
        """The largest example within ENTRIES and MATRIX, or of the sizes that the row gives."""

        def dimensions(n: int) -> Dimensions:
            return dimensions_of(op, n, (n, n))

        def fits(n: int) -> bool:
            largest = max(prod(concrete(shape, dimensions(n))) for shape in op.shapes.values())
            return largest <= ENTRIES and (len(op.letters) < 3 or n <= MATRIX)

        if op.large:
            chosen = Dimensions({k: op.large[k] for k in op.letters}, {run: (op.large[run],) * 2 for run in op.runs})
        else:
            chosen = dimensions(max(filter(fits, (int(2 ** (k / 4)) for k in range(4, 45))), default=2))
        inputs = drawn_inputs(op, chosen, Repeating(VALUES))
        return Task(tuple(map(_described, inputs)), [abstract_shape(op, inputs), VALUES[::-1]])

    def plain(self) -> list:
        """As the wire carries it, and as `observe.Large` takes it."""
        return [list(self.inputs), self.gy]

    def __str__(self) -> str:
        return f"inputs of shapes {', '.join(str(v[0]) for v in self.inputs if isinstance(v, list))}"


def _described(value: object) -> object:
    return [value.shape, value.ravel()[: len(VALUES)]] if isinstance(value, np.ndarray) else value


def _same(op: Operation, yours: Pace, reference: Pace) -> None:
    names = ("y", *(f"g{v}" for v in op.variables))
    if len(yours.entries) != len(names):
        raise Wrong("gives another number of results at a large size")
    for name, a, b in zip(names, yours.entries, reference.entries, strict=True):
        if op.ties and name != "y":
            continue  # of a few values repeated many tie, and the reference's split is not the only right one
        if a.shape != b.shape or not np.allclose(a, b, rtol=1e-6, atol=1e-9 * abs(b).max(initial=0)):
            raise Wrong(f"{name} is wrong at a large size")
