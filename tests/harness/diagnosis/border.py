"""For an operation that breaks at large inputs: the smallest magnitude that breaks, and what is seen there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tests.harness.diagnosis.diagnosis import Diagnosis, described, named, remedy
from tests.harness.examples.examples import Example
from tests.harness.judgement import judge
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.numbers import against
from tests.harness.judgement.trial import Trial
from tests.harness.rows.oracle import Truth
from tests.harness.worker.observation import Call, Grad

_STEPS = 60  # halvings: down to neighbouring float64 numbers
_BEYOND = (1.01, 1.1, 1.5, 2.0)  # not nearer: just beyond the border, rounding may be lucky


@dataclass(frozen=True)
class Border:
    """Where an operation breaks: `from x = -709.78 down`, what is wrong just there, and whether it is all the same beyond."""

    place: str
    wrong: Wrong
    flat: bool


def border(trial: Trial) -> Border | None:
    """The border at which the operation breaks; None where there is none.

    The entry of largest magnitude in the counterexample is made smaller by bisection. A border is named only if what lies
    below it holds and what lies beyond it breaks, at several places each.
    """
    example = trial.example
    names, arrays = (*trial.op.inputs, trial.op.upstream), (*example.inputs, example.gy)
    largest = max(
        (abs(a).max(initial=0), i) for i, a in enumerate(arrays) if isinstance(a, np.ndarray) and a.dtype.kind == "f"
    )
    if largest[0] < 5:
        return None
    number = largest[1]
    entry = np.unravel_index(np.argmax(abs(arrays[number])), arrays[number].shape)

    def broken(value: float) -> Wrong | None:
        array = arrays[number].copy()
        array[entry] = value
        changed = (*arrays[:number], array, *arrays[number + 1 :])
        return _wrong(trial, Example(changed[:-1], changed[-1]))

    bad = float(arrays[number][entry])
    good = 0.0
    if broken(good) or not broken(bad):
        return None
    for _ in range(_STEPS):
        middle = example.dtype.type((good + bad) / 2)
        if float(middle) in (good, bad):
            break
        good, bad = (good, float(middle)) if broken(middle) else (float(middle), bad)
    beyond = [broken(bad * f) for f in _BEYOND]
    if any(broken(good * f) for f in (0.99, 0.9, 0.5)) or not all(beyond):
        return None
    at = "" if len(trial.op.inputs) == 1 and number == 0 else f"[{','.join(map(str, entry))}]" if entry else ""
    place = f"from {names[number]}{at} = {bad:.5g} {'down' if bad < 0 else 'up'}"
    place += " in float32" if example.dtype == np.float32 else ""
    values = [w.yours[w.entry] for w in beyond if w.entry is not None]
    flat = len(values) == len(beyond) and np.isfinite(values[0]) and values.count(values[0]) == len(values)
    return Border(place + (" in this example" if at else ""), broken(bad), bool(flat))


def diagnose(wrong: Wrong, trial: Trial) -> Diagnosis:
    """Where it breaks, and what happens there."""
    found = border(_in_float64(trial)) or border(trial)
    if found is None:
        return described(wrong)
    there, place = found.wrong, found.place
    if there.warning:
        what, where = there.warning
        hint = "let exp see negative numbers only, for instance -abs(x)" if what.startswith("overflow") else ""
        return named(f"{what} {place} ({where})", hint)
    if there.entry is None:
        return named(f"{there.why}, {place}", remedy(there))
    yours, due = float(there.yours[there.entry]), float(there.torch[there.entry])
    if found.flat:
        return named(
            f"{there.name} no longer changes {place}: is something clipped?",
            "no clipping is needed: find a formula that stays finite",
        )
    what = f"is {yours}" if not np.isfinite(yours) else "loses its accuracy"
    return named(f"{there.name} {what} {place}: {against(yours, due)}")


def _in_float64(trial: Trial) -> Trial:
    """The same in float64, with the largest number large enough to break there too, if it ever does."""
    example = trial.example
    if example.dtype != np.float32:
        return trial
    arrays = [
        a.astype(np.float64) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a
        for a in (*example.inputs, example.gy)
    ]
    largest = max(
        (a for a in arrays if isinstance(a, np.ndarray) and a.dtype.kind == "f"), key=lambda a: abs(a).max(initial=0)
    )
    at = np.unravel_index(np.argmax(abs(largest)), largest.shape)
    largest[at] *= 10 if abs(largest[at]) >= 5 else 1
    return replace(trial, examples=(Example(tuple(arrays[:-1]), arrays[-1]),))


def _wrong(trial: Trial, example: Example) -> Wrong | None:
    varied = replace(trial, examples=(example,))
    try:
        judge.stable(varied, varied.observe(Call(), Grad(0)), Truth(trial.op, example.inputs, example.gy))
    except UnsuitedExample:
        return None
    except Wrong as wrong:
        return wrong
    return None
