"""The search for an edit that reproduces what came back: they are tried in the order of their table.

One is claimed only if its array equals yours on every sample, differs from what is right where yours does, and no graded
example contradicts it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.edit import Edit, Edits, SaysNothing
from tests.harness.diagnosis.hypotheses import EXACT, HYPOTHESES
from tests.harness.diagnosis.samples import Sample, close

_SAME = 1e-6  # relative: what differs by more is another array
_ROUNDING = 1e-12  # relative to what is right: of a prediction that cancels, only rounding is left


@np.errstate(all="ignore")
def claimed(
    name: str,
    samples: Sequence[Sample],
    spend: Callable[[], None] = lambda: None,
    *,
    graded: Callable[[], Iterable[Sample]] = tuple,
    table: Sequence[Callable[[str, Sample], Edits]] = HYPOTHESES,
) -> Edit | None:
    """The first edit that reproduces your array of this name on every sample; None where none does.

    `spend`: is told of each one that is tried; what it raises ends the search. `graded`: examples that must not contradict it.
    """
    answered = [s for s in samples if name in s.yours]
    broken = [s for s in samples if name not in s.yours]
    if not answered or any(not np.all(np.isfinite(s.yours[name])) for s in answered):
        return None
    wrong = next((s for s in answered if not s.is_right(name)), answered[0])
    for hypothesis in table:
        for edit in _edits(hypothesis, name, wrong):
            spend()
            if broken and not (edit.breaks and all(_breaks(edit, name, s) for s in broken)):
                continue
            if _reproduces(edit, name, answered, told=bool(broken)) and not contradicts(edit, name, graded()):
                return edit
    return None


def claimed_negated(
    name: str, samples: Sequence[Sample], spend: Callable[[], None], *, graded: Callable[[], Iterable[Sample]]
) -> Edit | None:
    """Likewise for your array with the other sign: two mistakes at once."""
    found = claimed(name, _negated(name, samples), spend, graded=lambda: _negated(name, graded()), table=EXACT)
    if found is None or found.fitted:
        return None
    after = lambda s, right: None if (a := found.after(s, right) if found.after else right) is None else -a  # noqa: E731
    return replace(
        found, hint=found.hint or "look at the sign", text=f"{{g}} {{is}} negated; besides, {found.text}", after=after
    )


def _negated(name: str, samples: Iterable[Sample]) -> list[Sample]:
    return [replace(s, yours=s.yours | {name: -s.yours[name]}) if name in s.yours else s for s in samples]


def contradicts(edit: Edit, name: str, examples: Iterable[Sample]) -> Sample | None:
    """The first of these in which your array is not what the edit makes, though both are numbers; None where none is.

    One at a tie or a kink, where inputs next to these make something else, says nothing.
    """
    for s in examples:
        try:
            yours, due = s.yours.get(name), predicted(edit, name, s)
        except SaysNothing:
            continue
        if yours is None or due is None or not np.all(np.isfinite(yours)):
            continue
        if yours.shape != due.shape:
            return s
        slack = _SAME * max(abs(due).max(initial=0), abs(s.right[name]).max(initial=0))
        if np.all(abs(yours - due) <= slack):
            continue
        slack = slack + s.rounding(name, due.shape)
        if np.all(abs(yours - due) <= slack):
            continue
        if not _at_a_tie(edit, name, s, due, slack.max()):
            return s
    return None


def _at_a_tie(edit: Edit, name: str, s: Sample, due: NDArray, slack: float) -> bool:
    """Whether inputs next to these have another right answer, whatever gy is, or another one by the edit."""
    everywhere = 1 + abs(s.gy)  # a gy of 0 would hide that something jumps
    right = s.with_gy(everywhere)[name]
    near = list(s.neighbours())
    try:
        pairs = ((n.with_gy(everywhere)[name], right) for n in near)
        edited = ((predicted(edit, name, n), due) for n in near)
        return any(
            a is None or a.shape != b.shape or np.any(abs(a - b) > slack * (1 + abs(b)))
            for a, b in chain(pairs, edited)
        )
    except SaysNothing:
        return True


def predicted(edit: Edit, name: str, sample: Sample) -> NDArray | None:
    """What the array would be; None where the edit makes no sense for arrays of these shapes, or is not finite."""
    with np.errstate(all="ignore"), contextlib.suppress(*_SENSELESS):
        array = edit.array(name, sample)
        return array if array is not None and np.all(np.isfinite(array)) else None
    return None


_SENSELESS = (KeyError, ValueError, IndexError, TypeError, RuntimeError, ArithmeticError, StopIteration)


def _edits(hypothesis: Callable[[str, Sample], Edits], name: str, sample: Sample) -> Edits:
    """The hypothesis's edits, as far as its own arithmetic goes: an answer may be 1e308."""
    with contextlib.suppress(ArithmeticError):
        yield from hypothesis(name, sample)


def _breaks(edit: Edit, name: str, sample: Sample) -> bool:
    try:
        edit.array(name, sample)
    except ValueError:
        return True
    return False


def _reproduces(edit: Edit, name: str, samples: Sequence[Sample], *, told: bool) -> bool:
    for sample in samples:
        try:
            array = predicted(edit, name, sample)
        except SaysNothing:
            continue
        if array is None:
            return False
        rounding = _ROUNDING * abs(sample.right[name]).max(initial=0) if np.any(array) else 0.0
        if not close(sample.yours[name], array, rounding):
            return False
        told |= not close(array, sample.right[name])
    return told
