"""Whether calls leave alone what they are given, and each other: the third rule.

A trial has two examples. What is asked about each of them alone, in whatever order, is always the same question, and has
one answer: the first one given to it is what all others are held to.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.judgement.judge import Wrong, gradients, outputs
from tests.harness.judgement.trial import Trial
from tests.harness.rows.spec import Operation
from tests.harness.worker.layouts import ALIKE, ONE_ARRAY
from tests.harness.worker.observation import Call, Grad, Observation, Question, Steps

MANY = 1e-9  # relative: two answers to the same question that differ by more are different answers
CANCELLED = 1e-12  # likewise, relative to the largest entry: sums that cancel leave so much


@dataclass(frozen=True)
class _Sequence:
    """Steps, each with what is said where its answer is another one than before (`{gy}`: as the row calls it), and which examples they fit."""

    asked: tuple[tuple[Call | Grad, str], ...]
    fits: Callable[[Example, Example], bool] = lambda a, b: True

    @property
    def steps(self) -> Steps:
        return tuple(step for step, _ in self.asked)


class _Asked(NamedTuple):
    """A question: y for inputs, or the gradients for inputs and a gy."""

    inputs: int
    alike: bool
    gy: int | None = None


def _floats(inputs: tuple) -> list[NDArray]:
    return [value for value in inputs if isinstance(value, np.ndarray) and value.dtype.kind == "f"]


def _has_two_alike(example: Example, _: Example) -> bool:
    shapes = [value.shape for value in _floats(example.inputs)]
    return len(set(shapes)) < len(shapes)


def _mixed(a: Example, b: Example) -> tuple:
    """The first example's inputs, with the second's floats where these fit, and else its own in the opposite order.

    Either is what the row allows: in the opposite order, rows still sum to 1.
    """

    def other(value: object, of_b: object) -> object:
        if not _floats((value,)):
            return value
        fits = value.shape == of_b.shape and value.dtype == of_b.dtype
        return of_b if fits else value[(..., *(slice(None, None, -1) for _ in value.shape))]

    return tuple(map(other, a.inputs, b.inputs))


def _can_be_mixed(a: Example, b: Example) -> bool:
    return any(
        not np.array_equal(one, other) for one, other in zip(_floats(_mixed(a, b)), _floats(a.inputs), strict=True)
    )


_THIRD = "is another one when all is asked a third time"
_OTHER_GY = "is another one when grad was called with another {gy} before"
_NEW_CONTENTS = "is wrong when arrays that were given before come again with other contents: is something kept by id()?"
_NEW_GY = "is wrong when a {gy} that was given before comes again with other contents: is something kept by id()?"
_MIXED = 2  # the number of the first example's inputs with the second's floats
_OTHER = 2  # the number of a gy for the first example with the second's numbers
_ONE_ARRAY = "is another one when one array is given for two arguments"
_SEQUENCES = (
    _Sequence(((Call(0), ""), (Grad(0, gy=0), ""))),
    _Sequence(
        (
            (Call(0), "is another one when the operation is called again with the same inputs"),
            (Call(1), ""),
            (Grad(1, gy=1), ""),
            (Grad(0, gy=0), "is another one after a second call of the operation: they must share nothing"),
            (Grad(0, gy=0), "is another one when grad is called again with the same {gy}"),
            (Call(0), _THIRD),
            (Grad(5, gy=0), _THIRD),
            (Grad(0, gy=0), _THIRD),
        )
    ),
    _Sequence(((Call(0), ""), (Grad(0, gy=_OTHER), ""), (Grad(0, gy=0), _OTHER_GY), (Grad(0, gy=_OTHER), _OTHER_GY))),
    _Sequence(((Call(0), ""), (Grad(0, gy=0), ""), (Grad(0, gy=_OTHER, again=1), _NEW_GY))),
    _Sequence(((Call(_MIXED), ""), (Grad(0, gy=0), "")), _can_be_mixed),
    _Sequence(
        ((Call(0), ""), (Grad(0, gy=0), ""), (Call(_MIXED, again=0), _NEW_CONTENTS), (Grad(2, gy=0), _NEW_CONTENTS)),
        _can_be_mixed,
    ),
    _Sequence(((Call(0, layout=ALIKE), ""), (Grad(0, gy=0), "")), _has_two_alike),
    _Sequence(((Call(0, layout=ONE_ARRAY), _ONE_ARRAY), (Grad(0, gy=0), _ONE_ARRAY)), _has_two_alike),
)


def question(examples: tuple[Example, ...]) -> Question:
    """What is asked of two examples: what fits their shapes, each sequence apart."""
    a, b = examples
    other = np.resize(b.gy, a.gy.shape).astype(a.gy.dtype)
    asks = tuple(sequence.steps for sequence in _fitting(examples))
    return Question([a.inputs, b.inputs, _mixed(a, b)], [a.gy, b.gy, other], asks)


def pure(trial: Trial, *seen: Observation) -> None:
    """Calls neither disturb nor remember each other. Raises Wrong. `seen`: as `question` asks."""
    known: dict[_Asked, dict[str, NDArray]] = {}
    for sequence, observation in zip(_fitting(trial.examples), seen, strict=True):
        _keeps_apart(trial.op, sequence.steps, observation)
        for number, (step, complaint) in enumerate(sequence.asked):
            question = _asked(sequence.steps, step)
            if question.alike and observation.crash and question not in known:
                return  # one of the inputs cannot have the other's contents
            answer = _answer(trial.op, observation, number, step)
            _repeats(answer, known.setdefault(question, answer), f"{complaint.format(gy=trial.op.upstream)} (rule 3)")


def unchanged(op: Operation, *seen: Observation) -> None:
    """Inputs and gy are as they were. Raises Wrong."""
    for changed in (i for observation in seen for answer in observation.answers for i in answer.changed):
        name = op.upstream if changed < 0 else op.inputs[changed]
        raise Wrong(f"{name} is changed in place, but should be left as it was (rule 3)", name=name)


def _fitting(examples: tuple[Example, ...]) -> list[_Sequence]:
    return [sequence for sequence in _SEQUENCES if sequence.fits(*examples)]


def _keeps_apart(op: Operation, steps: Steps, seen: Observation) -> None:
    """What was returned stays as it was, and has memory of its own, or of what was given."""
    if any(step.again >= 0 for step in steps):
        return  # what was given may have been returned, and has been changed since, by whoever gave it
    for number in seen.restless:
        raise Wrong(f"{_kind(op, steps[number])}, already returned, changes when something else is called (rule 3)")
    for number in seen.shared:
        raise Wrong(
            f"{_kind(op, steps[number])} shares its memory with an earlier one: each should be an array of its own (rule 3)"
        )


def _kind(op: Operation, step: Call | Grad) -> str:
    return op.output if isinstance(step, Call) else "a gradient"


def _asked(steps: Steps, step: Call | Grad) -> _Asked:
    call = step if isinstance(step, Call) else steps[step.call]
    return _Asked(call.inputs, call.layout in (ALIKE, ONE_ARRAY), None if call is step else step.gy)


def _answer(op: Operation, seen: Observation, number: int, step: Call | Grad) -> dict[str, NDArray]:
    return outputs(op, seen, number) if isinstance(step, Call) else gradients(op, seen, number)


def _repeats(again: dict[str, NDArray], before: dict[str, NDArray], complaint: str) -> None:
    for name, b in before.items():
        a = again[name]
        if a.dtype != b.dtype or a.shape != b.shape or not _is_repeated(a.astype(np.float64), b.astype(np.float64)):
            raise Wrong(f"{name} {complaint}", name=name, yours=a, torch=b)


def _is_repeated(again: NDArray, before: NDArray) -> bool:
    """Whether each entry is the same, NaN and infinities too, but for the rounding of another order of summation."""
    finite = np.isfinite(again) & np.isfinite(before)
    rounding = CANCELLED * abs(before[finite]).max(initial=0)
    with np.errstate(all="ignore"):
        near = finite & (abs(again - before) <= MANY * abs(before) + rounding)
        return bool(np.all(near | (again == before) | (np.isnan(again) & np.isnan(before))))
