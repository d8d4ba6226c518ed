"""For an operation that breaks at large inputs: the smallest magnitude that breaks, and what is seen there."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from tests.harness.diagnosis import unstable
from tests.harness.diagnosis.diagnosis import Diagnosis, described, named, remedy
from tests.harness.diagnosis.wording import wording
from tests.harness.examples.examples import Example
from tests.harness.judgement import judge
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.trial import Trial
from tests.harness.rows.oracle import Truth
from tests.harness.worker.observation import Call, Grad

_STEPS = 60  # halvings: down to neighbouring float64 numbers
_LARGE = 5  # magnitudes from which on a border is looked for
_BEYOND = (1.01, 1.1, 1.5, 2.0)  # not nearer: just beyond the border, rounding may be lucky


@dataclass(frozen=True)
class Border:
    """Where an operation breaks: `from x = -709.78 down`, what is wrong just there, and whether it is all the same beyond."""

    place: str
    wrong: Wrong
    flat: bool


def border(trial: Trial) -> Border | None:
    """The border at which the operation breaks; None where there is none.

    An entry of the counterexample, the largest in its array, is made smaller by bisection; that of the largest magnitude first.
    A border is named only if what lies below it holds and what lies beyond it breaks, at several places each.
    """
    example = trial.example
    arrays = {
        number: array
        for number, array in enumerate((*example.inputs, example.gy))
        if isinstance(array, np.ndarray) and array.dtype.kind == "f" and abs(array).max(initial=0) >= _LARGE
    }
    largest_first = sorted(arrays, key=lambda number: (abs(arrays[number]).max(), number), reverse=True)
    return next(filter(None, (_border_of(trial, number) for number in largest_first)), None)


def _border_of(trial: Trial, number: int) -> Border | None:
    """That of the largest entry of an array: of the input of this number, or of what comes after all inputs, gy."""
    example = trial.example
    names, arrays = (*trial.op.inputs, trial.op.upstream), (*example.inputs, example.gy)
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
    """Where it breaks, what happens there, and why, if that is known."""
    found, cases = border(trial), unstable.cases(wording(trial.op).trial(trial) if trial.op.values else trial)
    there, line = (found.wrong, _at_border(found)) if found else (wrong, wrong.why)
    code = _code(there)
    if why := unstable.cause(cases, code):
        return named(f"{line}: {why[0]}", why[1])
    if there.warning and unstable.right_all_the_same(cases):
        if _CHOOSES.search(code):
            return named(f"{line}: np.where computes both its sides, for all entries", _CHOOSE_BEFORE)
        line += ": the numbers are right all the same"
    if found is None:
        return described(wrong)
    if found.flat:
        return named(f"{line}: is something clipped?", "no clipping is needed: find a formula that stays finite")
    if there.warning:
        usual = (hint for kind, function, hint in _USUAL if kind in there.warning[0] and function.search(code))
        return named(line, next(usual, ""))
    return named(line, remedy(there))


def rounded(wrong: Wrong, trial: Trial) -> Diagnosis | None:
    """A form by which y has lost digits of ordinary numbers already; None where more is lost, or no form does that."""
    if wrong.name != "y" or wrong.entry is None:
        return None
    yours, due = float(wrong.yours[wrong.entry]), float(wrong.torch[wrong.entry])
    if not abs(yours - due) <= _FEW * max(1, abs(due)):
        return None
    why = unstable.cause(unstable.cases(trial), "")
    return named(f"{wrong.why}: {why[0]}", why[1]) if why else None


_FEW = 1e-3  # of what is due, or of 1: beyond that it is no matter of digits
_CHOOSES = re.compile(r"\b(where|select|choose|piecewise)\(")
_CHOOSE_BEFORE = "choose before the function sees it: np.where(condition, x, 0) inside, or np.minimum(x, 0)"
_USUAL = (
    ("overflow", re.compile(r"\bexp[m12]*\("), "let exp see negative numbers only, for instance -abs(x)"),
    ("overflow", re.compile(r"\b(cosh|sinh)\("), "cosh and sinh grow as exp does: write them with exp(-abs(x))"),
    (
        "overflow",
        re.compile(r"\*\*|\b(square|power)\("),
        "a power overflows long before its root: take what is large out first",
    ),
    (
        "by zero",
        re.compile(r"\blog[12p]*0?\("),
        "log sees a 0 that something rounded to: simplify the logarithm before it is computed",
    ),
)
"""A kind of warning, a function on the line that gave it, and what usually mends that."""


def _code(wrong: Wrong) -> str:
    """The line of the submission that NumPy warned of, without its comment; empty where it is not known."""
    return wrong.warning[2].partition("#")[0] if wrong.warning else ""


def _at_border(found: Border) -> str:
    there, place = found.wrong, found.place
    if there.warning:
        what, where, _ = there.warning
        return f"{what} {place} ({where})"
    if there.entry is None:
        return f"{there.why}, {place}"
    if found.flat:
        return f"{there.name} no longer changes {place}"
    numbers = there.why.partition(" is ")[2]
    what = "loses its accuracy" if np.isfinite(there.yours[there.entry]) else f"is {there.yours[there.entry]}"
    return f"{there.name} {what} {place}: {numbers}"


def _wrong(trial: Trial, example: Example) -> Wrong | None:
    varied = replace(trial, examples=(example,))
    try:
        judge.stable(varied, varied.observe(Call(), Grad(0)), Truth(trial.op, example.inputs, example.gy))
    except UnsuitedExample:
        return None
    except Wrong as wrong:
        return wrong
    return None
