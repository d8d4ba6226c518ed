"""Whether calls leave alone what they are given, and each other: the third rule."""

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.judgement.judge import Wrong, gradients, output
from tests.harness.judgement.trial import Trial
from tests.harness.worker.observation import Call, Grad, Observation, Steps

MANY = 1e-9  # relative: two answers to the same question that differ by more are different answers
CANCELLED = 1e-12  # likewise, relative to the largest entry: sums that cancel leave so much


def asks(examples: tuple[Example, ...]) -> tuple[Steps, ...]:
    """What is asked of two examples: the first alone, then both by turns, then the first after another gy, if that fits."""
    sequences = (
        (Call(0), Grad(call=0, gy=0)),
        (Call(0), Call(1), Grad(call=1, gy=1), Grad(call=0, gy=0), Grad(call=0, gy=0)),
        (Call(0), Grad(call=0, gy=1), Grad(call=0, gy=0)),
    )
    return sequences if examples[0].gy.shape == examples[1].gy.shape else sequences[:2]


def hold(trial: Trial, alone: Observation, seen: Observation, *other_first: Observation) -> None:
    """Raise Wrong where the answers to `asks` show that a call changes what it was given, or disturbs another."""
    pure(trial, alone, seen)
    for observation in other_first:
        no_matter_what_was_asked_before(trial, alone, observation)


def pure(trial: Trial, alone: Observation, seen: Observation) -> None:
    """Nothing given was changed, and calls do not disturb each other. Raises Wrong.

    `alone`: one call and its grad. `seen`: two calls, the second's grad, then twice the first's.
    """
    op = trial.op
    y, due = output(alone, 0), gradients(op, alone, 1)
    again, _ = output(seen, 0), output(seen, 1)
    _, between, twice = (gradients(op, seen, number) for number in (2, 3, 4))
    for observation in (alone, seen):
        for changed in (i for answer in observation.answers for i in answer.changed):
            name = "gy" if changed < 0 else op.inputs[changed]
            raise Wrong(f"{name} is changed in place, but should be left as it was (rule 3)", name=name)
        for step in observation.restless:
            name = "y" if step == 0 or (step == 1 and observation is seen) else "a gradient"
            raise Wrong(f"{name}, already returned, changes when something else is called (rule 3)")
    _repeats({"y": again}, {"y": y}, "is another one when the operation is called again with the same inputs (rule 3)")
    _repeats(between, due, "is another one after a second call of the operation: they must share nothing (rule 3)")
    _repeats(twice, between, "is another one when grad is called again with the same gy (rule 3)")


def no_matter_what_was_asked_before(trial: Trial, alone: Observation, seen: Observation) -> None:
    """A grad that was asked for another gy first answers as if it had not been. Raises Wrong.

    `alone`: one call and its grad. `seen`: the same, with grad for another gy between the two.
    """
    due, again = gradients(trial.op, alone, 1), gradients(trial.op, seen, 2)
    _repeats(again, due, "is another one when grad was called with another gy before (rule 3)")


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
