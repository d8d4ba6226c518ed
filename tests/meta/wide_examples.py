"""Examples of a wide range, wider than any property's: what an implementation answers to them beside the solution.

They tell a change that makes no difference from one that the tests do not see. No property runs on them.
"""

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example, drawn_example
from tests.harness.judgement import judge
from tests.harness.judgement.trial import Trial
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Call, Grad, Observation, Steps, formed
from tests.harness.worker.observe import observe
from tests.meta.flat import written
from tests.meta.suspects import solution
from tests.meta.test_mutants import OPERATIONS

MANY = 300
ROUNDED = 64  # machine epsilons, of the largest entry: what another order of the same steps may make


class Wide(Random):
    """Floats of any magnitude: small numbers, log-uniform ones, integers, ties and near ties, small ones about a large one."""

    def __init__(self, seed: int, dtype: type):
        super().__init__(seed)
        self._dtype = dtype

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        rng = self._rng
        normal, sign = rng.normal(0, 1.5, shape), rng.choice([-1, 1], shape)
        ways = (
            lambda: normal,
            lambda: normal,
            lambda: sign * 10 ** rng.uniform(-10, 4, shape),
            lambda: sign * 10 ** rng.uniform(-1, 3, shape),
            lambda: rng.integers(-2, 3, shape),
            lambda: rng.normal() + rng.choice([0, 1e-3, 1e-9, 1], shape) * normal,
            lambda: rng.choice([100, -1000, 1e4]) + rng.integers(0, 4, shape),
            lambda: sign * rng.uniform(8, 40, shape),
        )
        return np.array(ways[rng.integers(len(ways))](), self._dtype)

    def halves(self, shape: tuple[int, ...]) -> NDArray:
        values = self.floats(shape)
        return values if self._rng.integers(2) else np.rint(values * 2) / 2 + 0

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        return np.array(table[self._rng.integers(0, len(table), shape)], self._dtype)


@cache
def wide_examples(op: str) -> tuple[Example, ...]:
    """So many examples of an operation: dimensions of 1 to 12, none to four of a run, float64 and float32."""
    return tuple(_drawn(OPERATIONS[op], seed) for seed in range(MANY))


def is_equal(op: str, function: Callable) -> bool:
    """Whether it answers to all of them as the solution does, but for rounding."""
    with np.errstate(all="ignore"):
        for example, due in zip(wide_examples(op), _due(op), strict=True):
            try:
                if not _are_equal(_answer(function, example), due):
                    return False
            except Exception:
                return False
    return True


def told_wrong(op: str, function: Callable) -> str:
    """What the judge says of the first of them that it refuses, with its number; empty where it accepts all."""
    for number, example in enumerate(wide_examples(op)):
        row = OPERATIONS[op]
        asked = partial(_observed, row.form, written(row, function))
        trial = Trial(row, (example,), asked)
        try:
            judge.stable(trial, trial.observe(Call(), Grad(0)), trial.truth)
        except judge.UnsuitedExample:
            continue
        except judge.Wrong as wrong:
            return f"{wrong.why} (example {number})"
    return ""


def _observed(form: str, function: Callable, inputs: list, gys: list, steps: Steps) -> Observation:
    return observe(function, inputs, gys, formed(steps, form) if form else steps)


def _drawn(op: Operation, seed: int) -> Example:
    rng = np.random.default_rng([seed, 7])
    sizes = {letter: int(rng.choice([1, 2, 3, 4, 5, 7, 12])) for letter in op.letters}
    runs = {run: tuple(map(int, rng.choice([1, 2, 3, 5], rng.integers(0, 5)))) for run in op.runs}
    source = Wide(seed, np.float32 if seed % 3 == 2 else np.float64)
    return drawn_example(op, Dimensions(sizes, runs), source)


@cache
def _due(op: str) -> list[list[NDArray]]:
    with np.errstate(all="ignore"):
        return [_answer(solution(op), example) for example in wide_examples(op)]


def _answer(function: Callable, example: Example) -> list[NDArray]:
    given = [np.array(i) if isinstance(i, np.ndarray) else i for i in example.inputs]
    y, grad = function(*given)
    gradients = grad(np.array(example.gy))
    return [np.array(a) for a in (y, *(gradients if isinstance(gradients, tuple) else (gradients,)))]


def _are_equal(answer: list[NDArray], due: list[NDArray]) -> bool:
    return len(answer) == len(due) and all(map(_is_rounded, answer, due))


def _is_rounded(a: NDArray, b: NDArray) -> bool:
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if np.array_equal(a, b, equal_nan=True):
        return True
    finite = np.isfinite(b)
    largest = abs(b[finite]).max(initial=0)
    near = abs(a - b) <= ROUNDED * np.finfo(b.dtype).eps * largest
    return bool(np.all(np.where(finite, near, (a == b) | (np.isnan(a) & np.isnan(b)))))
