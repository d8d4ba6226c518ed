"""For calls that disturb each other: what is changed, or remembered, that should not be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.harness.diagnosis.diagnosis import Diagnosis, described, listed, named
from tests.harness.diagnosis.samples import Observe, Sample, close, generic, twin
from tests.harness.judgement.judge import Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Call, Grad, Observation, Steps


def diagnose(trial: Trial, wrong: Wrong, observe: Observe) -> Diagnosis:
    """Which of the ways to remember something between calls it is."""
    op = trial.op
    a, b, mixed_up = _pair(op)
    own = (Call(0), Call(1), Grad(1, 1), Grad(0, 0), Grad(0, 0))
    steps = (*own, Grad(0, 1))
    seen = observe([a.example.inputs, b.example.inputs], [a.gy, b.gy], steps)
    names = [f"g{v}" for v in op.variables]
    # What is changed only for some shapes or values, as where the output fits an input, is changed in the trial.
    if changed := changes(op, steps, seen) or changes(op, own, trial.observe(*own)):
        return changed
    if len(seen.answers) < len(steps) or any(not isinstance(x.values, tuple) for x in seen.answers):
        return described(wrong)
    if not names:  # nothing comes from grad
        told = again(op, observe)
        return named(*told) if told else described(wrong)
    first, second, other = (dict(zip(names, answer.values, strict=False)) for answer in seen.answers[3:])

    def equal(got: dict, due: dict) -> bool:
        return all(n in got and isinstance(got[n], np.ndarray) and close(got[n], due[n]) for n in names)

    fresh = "take a new array in every call, and share none between calls"
    if seen.restless:
        step = seen.restless[0]
        what = "y" if step < 2 else "a gradient"
        return named(f"{what} is overwritten by a later call", fresh)
    right = equal(first, a.right)
    if not right and equal(first, mixed_up.right):
        return named("grad reads the last call's inputs", "keep what grad needs in its own closure, not in a global")
    repeated = [n for n in names if n in second and not close(second[n], a.right[n])]
    if right and repeated:
        if all(close(second[n], 2 * a.right[n]) for n in repeated):
            doubled = f"{listed(repeated)} accumulate{'s' if len(repeated) == 1 else ''}"
            return named(f"{doubled}: called again, grad returns twice as much", "start from zeros inside grad")
        return named(
            "grad called again answers differently: it changes something it needs", "grad must keep all as it is"
        )
    if right and equal(other, a.right):
        return named("grad called again returns its first answer, whatever gy is", "remember nothing between calls")
    return described(wrong)


def changes(op: Operation, steps: Steps, seen: Observation) -> Diagnosis | None:
    """What was changed in place in these steps, if anything was."""
    for step, answer in zip(steps, seen.answers, strict=False):
        for i in answer.changed:
            what = "gy" if i < 0 else op.inputs[i]
            hint = f"work on a copy: {what} = {what}.copy(), or use no +=, *= and out= on it"
            if what.endswith("]"):  # it is one of a list
                hint = "make a new list of new arrays: assign to no place of the list, and use no +=, *= and out= on what is in it"
            return named(f"{'forward' if isinstance(step, Call) else 'grad'} changes {what} in place", hint)
    return None


def _pair(op: Operation) -> tuple[Sample, Sample, Sample]:
    """Two samples of the same dimensions, and the first with the second's inputs, which makes another gradient if any does."""
    pairs = [(a, twin(op, number)) for number, a in enumerate(generic(op))]
    tried = [(a, b, Sample(op, replace(a.example, inputs=b.example.inputs))) for a, b in pairs]

    def differs(a: Sample, mixed_up: Sample) -> bool:
        return any(not close(mixed_up.right[f"g{v}"], a.right[f"g{v}"]) for v in op.variables)

    return next((found for found in tried if differs(found[0], found[2])), tried[0])


def again(op: Operation, observe: Observe) -> tuple[str, str] | None:
    """What is wrong with asking again, and the remedy: y is random, or that of an earlier call; None where neither is."""
    number, a = max(enumerate(generic(op)), key=lambda pair: pair[1].gy.size)  # what is random may be alike by chance
    b = twin(op, number)
    seen = observe([a.example.inputs, b.example.inputs], [], (Call(0), Call(0), Call(1)))
    ys = [answer.values[0] for answer in seen.answers if isinstance(answer.values, tuple)]
    if len(ys) < 3 or not all(isinstance(y, np.ndarray) and np.all(np.isfinite(y)) for y in ys):
        return None
    one, same, other = ys
    if not close(one, same):
        return (
            "y is another one when the same inputs are given again: is it random, or kept from an earlier call?",
            "draw nothing at random, and keep nothing between calls",
        )
    # A constant is no memory.
    constant = one.size > 1 and np.ptp(one) == 0
    if not constant and close(one, other) and other.shape == b.right["y"].shape and not close(other, b.right["y"]):
        return "a call returns the y of an earlier call with inputs of the same shape", "remember nothing between calls"
    return None
