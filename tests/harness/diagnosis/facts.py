"""What is plain to see, and is told before any cause: an exception, a shape, a Jacobian in the place of a gradient, an unused gy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.diagnosis import MULTIPLY, Diagnosis, are, named
from tests.harness.diagnosis.samples import Observe, Sample, close, generic, mixed
from tests.harness.examples.examples import drawn_example
from tests.harness.judgement.judge import Wrong, crash_line
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Call, Crash, Grad

_CONTRACTIONS: tuple[tuple[str, Callable[[NDArray, NDArray], NDArray]], ...] = (
    ("gy @ J", lambda gy, j: np.tensordot(gy, j, gy.ndim)),
    ("J @ gy", lambda gy, j: np.tensordot(j, gy, gy.ndim)),
    ("(gy[..., None, :] @ J)[..., 0, :]", lambda gy, j: (gy[..., None, :] @ j)[..., 0, :]),
    ("(J @ gy[..., None])[..., 0]", lambda gy, j: (j @ gy[..., None])[..., 0]),
)
"""How a Jacobian becomes a gradient, in words and in NumPy."""


@dataclass(frozen=True, eq=False)
class _Asked:
    """A sample, y, the gradients for its gy and for another one by name, where they are arrays, and the exception if there was one."""

    sample: Sample
    y: dict[str, NDArray]
    one: dict[str, NDArray]
    other: dict[str, NDArray]
    crash: Crash | None


def first(op: Operation, prop: str, wrong: Wrong, observe: Observe) -> Diagnosis | None:
    """What makes every cause idle: a Jacobian where a gradient is due."""
    if prop != "gradient" or wrong.crash:
        return None
    rows = [_asked(s, observe) for s in _rows(op)]
    wide = cache(lambda: [_asked(s, observe) for s in generic(op)])
    for name in (f"g{v}" for v in op.variables):
        words = _jacobian(name, rows) or _jacobian(name, wide())
        if words:
            sample = rows[-1].sample
            yours, due = rows[-1].one[name].shape, sample.right[name].shape
            line = f"{name} has shape {yours}, but should be {due}: it is the Jacobian J, and gy is not used"
            return named(line, f"multiply: {name} = {words}", (replace(sample, yours=rows[-1].one), name))
    return None


def told(found: Diagnosis, op: Operation, prop: str, wrong: Wrong, observe: Observe) -> Diagnosis:
    """What was found, with the facts that it leaves out."""
    if wrong.crash:
        return _with_exception(found, op, wrong, observe)
    if wrong.name and wrong.entry is None and "has shape" in wrong.why:
        if wrong.name == "y" and not re.search(r"\by has", wrong.why):  # it is one of several values
            return found
        return _with_shape(found, op, wrong, observe)
    if prop == "gradient" and "ignored" not in found.line:
        return _with_unused(found, op, observe)
    return found


def _with_exception(found: Diagnosis, op: Operation, wrong: Wrong, observe: Observe) -> Diagnosis:
    """The exception's own text, and whether only numbers of shape () raise it; what else is wrong comes after."""
    asked = [_asked(s, observe) for s in (*generic(op), *mixed(op, 40))]
    line, scalar = wrong.why, _scalar(asked, lambda a: a.crash is not None)
    if scalar:
        line += f", only where {scalar} is a single number, of shape ()"
    if wrong.why in found.line:
        parts = tuple(line if part == wrong.why else part for part in found.parts)
        return replace(found, parts=parts, found=found.found or bool(scalar))
    return replace(found, parts=(line, *found.parts), found=True)


def _scalar(asked: list[_Asked], holds: Callable[[_Asked], bool]) -> str:
    """The name of an input that is a single number in all that this holds of, and in nothing else; empty where there is none."""
    for v in asked[0].sample.op.variables:
        single = [np.shape(a.sample.inputs[v]) == () for a in asked]
        if sum(single) >= 3 and not all(single) and single == [holds(a) for a in asked]:
            return v
    return ""


def _with_shape(found: Diagnosis, op: Operation, wrong: Wrong, observe: Observe) -> Diagnosis:
    """The shape before its cause; without one, also that of a larger example, or its exception."""
    at = next((n for n, part in enumerate(found.parts) if re.search(rf"\b{wrong.name}\b", part)), None)
    if at is None:  # what was found is another array's
        return replace(found, parts=(wrong.why + _larger(op, wrong.name, observe), *found.parts))
    if found.found and wrong.why not in found.parts:
        parts = tuple(f"{wrong.why}: {part}" if n == at else part for n, part in enumerate(found.parts))
        return replace(found, parts=parts)
    larger = _larger(op, wrong.name, observe)
    return replace(found, parts=tuple(p.replace(wrong.why, wrong.why + larger) for p in found.parts))


def _larger(op: Operation, name: str, observe: Observe) -> str:
    """The shape of an array on a larger example, if that is wrong too, or the exception there."""
    for a in (_asked(s, observe) for s in generic(op)):
        if a.crash:
            return f", and {crash_line(a.crash)} on a larger example"
        arrays, due = a.y | a.one, a.sample.right[name].shape
        if name in arrays and arrays[name].shape != due:
            return f", and {arrays[name].shape} in place of {due} on a larger example"
    return ""


def _with_unused(found: Diagnosis, op: Operation, observe: Observe) -> Diagnosis:
    """That gradients are the same for every gy, where they should not be."""
    asked = [_asked(s, observe) for s in generic(op)]
    told = {n: [a for a in asked if n in a.one and np.any(a.one[n])] for n in (f"g{v}" for v in op.variables)}
    # Where a gradient is 0, it is no wonder that it is so for every gy.
    unused = [n for n, some in told.items() if len(some) > 2 and all(_is_unused(n, a) for a in some)]
    if not unused:
        return found
    line = f"gy is not used: {are(unused)} the same for every gy"
    kept = (
        tuple(p for p in found.parts if "non-linearly" not in p and "not multiplied by gy" not in p)
        if found.found
        else ()
    )
    hints = tuple(dict.fromkeys((MULTIPLY, *(h for h in found.hints if "once" not in h and "brackets" not in h))))
    return replace(found, parts=(line, *kept), hints=hints, found=True)


def _is_unused(name: str, asked: _Asked) -> bool:
    """Whether a gradient, not all 0, is the same for two gy for which it should differ."""
    if name not in asked.one or name not in asked.other:
        return False
    one, other = asked.one[name], asked.other[name]
    return one.shape == other.shape and bool(np.any(one)) and close(one, other)


def _jacobian(name: str, asked: list[_Asked]) -> str:
    """What would make gradients of arrays that do not change with gy, the same everywhere; empty where nothing does."""
    if len(asked) < 3 or not all(_is_unused(name, a) for a in asked):
        return ""
    if any(a.one[name].shape == a.sample.right[name].shape for a in asked):
        return ""
    return next((words for words, make in _CONTRACTIONS if all(_makes(make, name, a) for a in asked)), "")


def _makes(make: Callable, name: str, asked: _Asked) -> bool:
    try:
        return close(make(asked.sample.gy, asked.one[name]), asked.sample.right[name])
    except (ValueError, IndexError):
        return False


def _rows(op: Operation) -> Iterator[Sample]:
    """Samples in which runs of dimensions are a single one, or none where a letter stands beside them."""
    for number in range(3):
        sizes = {letter: 3 + number + at for at, letter in enumerate(op.letters)}
        runs = dict.fromkeys(op.runs, () if sizes else (3 + number,))
        yield Sample(op, drawn_example(op, Dimensions(sizes, runs), Random(50 + number)))


def _asked(sample: Sample, observe: Observe) -> _Asked:
    names = [f"g{v}" for v in sample.op.variables]
    other = np.asarray(np.random.default_rng(5).uniform(0.5, 2, sample.gy.shape))
    seen = observe([sample.example.inputs], [sample.gy, other], (Call(), Grad(0), Grad(0, 1)))
    arrays = []
    for number, due in enumerate((["y"], names, names)):
        values = seen.answers[number].values if len(seen.answers) > number else ()
        values = values if isinstance(values, tuple) and len(values) == len(due) else ()
        arrays.append({n: v for n, v in zip(due, values, strict=False) if isinstance(v, np.ndarray)})
    return _Asked(sample, *arrays, seen.crash)
