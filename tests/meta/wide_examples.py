"""Examples of a wide range, wider than any property's: what an implementation answers to them beside the solution.

They tell a change that makes no difference from one that the tests do not see. No property runs on them. An implementation
is what is handed in: a function, or a class.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import BESIDE, Example, drawn_example
from tests.harness.judgement import judge
from tests.harness.judgement.tolerance import off_entries
from tests.harness.judgement.trial import Trial
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.harness.submissions.deadline import deadline
from tests.harness.worker.graphs import adapted
from tests.harness.worker.observation import Answer, Call, Grad, Observation, formed
from tests.harness.worker.observe import observe
from tests.harness.worker.refusal import OutOfTime
from tests.meta.suspects import solutions
from tests.meta.test_mutants import OPERATIONS

MANY = 1000
JUDGED = 300  # of them, which torch answers too
ROUNDED = 64  # machine epsilons, of the largest entry: what another order of the same steps may make
TENFOLD = 10  # times as far off: what is right then is less off than a tenth of what is forgiven
SECONDS = 1.0  # of computing, for one example
AT_BORDER = 5  # one in so many is moved onto the border that a row names, or beside it
AGAIN = 10  # one in so many of a class is sent backward again, and again
_KEPT = 2  # operations of which all is in memory


class Wide(Random):
    """Floats of any magnitude: small numbers, log-uniform ones, integers, ties and near ties, small ones about a large one.

    Of all else, what is rare comes as often as what is not.
    """

    def __init__(self, seed: int, dtype: type):
        super().__init__(seed)
        self._dtype, self.extreme = dtype, bool(seed % 2)

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
        return values if self._rng.integers(2) else np.asarray(np.rint(values * 2) / 2 + 0)

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        return np.array(table[self._rng.integers(0, len(table), shape)], self._dtype)

    def case(self, cases: int, known: int = 1) -> int:
        return self.byte() % cases


@lru_cache(_KEPT * MANY)
def wide_example(op: str, number: int) -> Example:
    """The example of this number, by turns of the variants: dimensions of 1 to 12, none to four of a run, float64 and float32."""
    row = OPERATIONS[op]
    return _drawn(row.of(number % max(1, len(row.variants))), number)


def is_equal(op: str, handed_in: Callable) -> bool:
    """Whether it answers to all of them as the solution does, but for rounding, and warns where that does."""
    return all(_are_equal(_seen(op, number, handed_in), _due(op, number)) for number in range(MANY))


def standing(op: str, handed_in: Callable) -> tuple[str, str]:
    """Where it stands by the judge, on those of them that torch answers: a fate, and what is said of the first that decides.

    `unseen`: it refuses one. `within`: it refuses none, nor if all answers were ten times as far from the solution's, or at a
    kink where the row says so from what is right. `accepted`: only then.
    """
    farther_off = ""
    for number in range(min(JUDGED, MANY)):
        trial, seen = _trial(op, number), _seen(op, number, handed_in)
        if why := _refused(trial, seen):
            if _refused(trial, _due(op, number)):
                continue  # so wide that rounding alone is refused
            return "unseen", f"{why} (example {number})"
        if not farther_off and _is_suited(trial, seen) and (why := _refused(trial, _farther(op, number, seen))):
            farther_off = f"ten times as far off: {why} (example {number})"
    return ("accepted", farther_off) if farther_off else ("within", "")


def _refused(trial: Trial, seen: Observation | None) -> str:
    """What the judge says against it; nothing of an example that shows nothing."""
    if seen is None:
        return "takes too long"
    try:
        judge.stable(trial, seen, trial.truth)
    except judge.UnsuitedExample:
        return ""
    except judge.Wrong as wrong:
        return wrong.why
    return ""


def _is_suited(trial: Trial, seen: Observation) -> bool:
    """Whether an example that is not refused shows anything."""
    try:
        judge.stable(trial, seen, trial.truth)
    except judge.UnsuitedExample:
        return False
    return True


def _farther(op: str, number: int, seen: Observation) -> Observation:
    """The same answers, farther off."""
    trial, due = _trial(op, number), _due(op, number)
    answers = []
    for step, (answer, right) in enumerate(zip(seen.answers, due.answers, strict=False)):
        at_kinks = step and (trial.op.also or trial.op.ties)
        near = _nearest(trial, answer) if at_kinks else right.values
        answers.append(answer._replace(values=tuple(map(_moved, answer.values, near))))
    return seen._replace(answers=tuple(answers))


def _nearest(trial: Trial, answer: Answer) -> tuple[NDArray, ...]:
    """Of each gradient, what is right and nearest to it."""
    return tuple(
        off_entries(yours, trial.truth, n, trial.dtype)[1].astype(yours.dtype)
        for n, yours in enumerate(answer.values, 1)
    )


def _moved(yours: NDArray, right: NDArray) -> NDArray:
    with np.errstate(all="ignore"):
        wide = yours.astype(np.float64)
        moved = right + TENFOLD * (wide - right)
        return np.asarray(np.where(_is_rounded(yours, right, each=True), wide, moved)).astype(yours.dtype)


def _drawn(op: Operation, seed: int) -> Example:
    rng = np.random.default_rng([seed, 7])
    sizes = {letter: int(rng.choice([1, 2, 3, 4, 5, 7, 12])) for letter in op.letters}
    runs = {run: tuple(map(int, rng.choice([1, 2, 3, 5], rng.integers(0, 5)))) for run in op.runs}
    source = Wide(seed, np.float32 if seed % 3 == 2 else np.float64)
    example = drawn_example(op, Dimensions(sizes, runs), source)
    if op.border and seed % AT_BORDER == 0 and example.dtype == np.float64:
        beside = (0.0, BESIDE, -BESIDE)[rng.integers(3)]
        return replace(example, inputs=tuple(op.border(beside, *example.inputs)))
    return example


@lru_cache(_KEPT * MANY)
def _due(op: str, number: int) -> Observation:
    """What the solution answers."""
    return _seen(op, number, solutions()._lookup(op))


@lru_cache(_KEPT * MANY)
def _trial(op: str, number: int) -> Trial:
    """A trial of an example, whose truth is asked for once."""
    example = wide_example(op, number)
    return Trial(OPERATIONS[op].of(example.variant), (example,), observe)


def _seen(op: str, number: int, handed_in: Callable) -> Observation | None:
    """What it does with an example; None where it takes too long. Of a class, now and then also what further passes add."""
    example = wide_example(op, number)
    row = OPERATIONS[op].of(example.variant)
    again = row.adapter and number % AGAIN == 0
    steps = (Call(), Grad(0), *[Grad(0)] * (2 if again else 0))
    function = adapted(handed_in, row.adapter)
    try:
        with deadline(SECONDS, 2 * SECONDS):
            return observe(function, [example.inputs], [example.gy], formed(steps, row.form), (OutOfTime,))
    except OutOfTime:
        return None


def _are_equal(seen: Observation | None, due: Observation) -> bool:
    if seen is None or (seen.crash is None) != (due.crash is None) or len(seen.answers) != len(due.answers):
        return False
    return all(map(_is_answer, seen.answers, due.answers))


def _is_answer(answer: Answer, due: Answer) -> bool:
    if not isinstance(answer.values, tuple) or len(answer.values) != len(due.values) or answer.changed != due.changed:
        return False
    if bool(answer.warnings) > bool(due.warnings):
        return False
    return all(isinstance(a, np.ndarray) and _is_rounded(a, b) for a, b in zip(answer.values, due.values, strict=True))


def _is_rounded(a: NDArray, b: NDArray, *, each: bool = False) -> bool | NDArray:
    """Whether they are the same but for rounding; `each`: for every entry of arrays of one shape."""
    if not each and (a.dtype != b.dtype or a.shape != b.shape):
        return False
    if not each and np.array_equal(a, b, equal_nan=True):
        return True
    with np.errstate(all="ignore"):
        finite = np.isfinite(b)
        largest = abs(b[finite]).max(initial=0)
        near = abs(a - b) <= ROUNDED * np.finfo(b.dtype).eps * largest
        same = np.where(finite, near, (a == b) | (np.isnan(a) & np.isnan(b)))
        return same if each else bool(np.all(same))
