"""What breaks at large numbers, by name: a worse form of a function inside the row's expression that breaks in the same way.

A form (forms.py) is claimed only if, put into the expression in the dtype of the example, it gives NumPy's warnings and the
very numbers that came back, on the counterexample and on extreme examples, where they are wrong and where they are right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.forms import Axes, Form
from tests.harness.diagnosis.sites import Recorded, Site, axes_at, sites_of
from tests.harness.examples.examples import EXTREME, Example, dimensions_of, drawn_example, stream
from tests.harness.examples.tables import BETWEEN
from tests.harness.judgement import judge
from tests.harness.judgement.judge import UnsuitedExample, Wrong
from tests.harness.judgement.tolerance import ROUNDINGS, RTOL
from tests.harness.judgement.trial import Trial
from tests.harness.rows.computed import flat, tensor
from tests.harness.rows.imports import torch
from tests.harness.rows.oracle import Truth
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation
from tests.harness.worker.observation import Call, Grad, Observation

MOST, MORE = 50, 10  # extreme examples, and such as tell what is added to small numbers from what clips them
LEAST = 3  # of them, with the counterexample, must break in the way that is claimed
_SHARE = 0.02  # of what is wrong, by which the form may differ from yours


@dataclass(frozen=True, eq=False)
class Case:
    """An extreme example, what came back, and the step that is wrong: 0 for forward, 1 for grad, -1 for none."""

    op: Operation
    example: Example
    seen: Observation
    broken: int

    @cached_property
    def truth(self) -> Truth:
        return Truth(self.op, self.example.inputs, self.example.gy)

    def axes_at(self, sites: Sequence[Site]) -> dict[Site, Axes]:
        """Those of the sites that the expression has for arguments like these, each with its axes."""
        rng = np.random.default_rng(3)
        like = [
            rng.uniform(0.1, 0.9, v.shape) if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
            for v in self.example.inputs
        ]
        return axes_at(self.op, like, sites)


def cases(trial: Trial) -> list[Case]:
    """The counterexample and extreme examples, but for those that show nothing; none where one is wrong in another way."""
    drawn, found = [(trial.example,)], []
    for table, most in ((EXTREME, MOST), (BETWEEN, MORE)):
        drawn += islice(stream(trial.op, table, seed=1, dtypes=(np.float64, np.float32)), most)
    for (example,) in drawn:
        asked, broken = replace(trial, examples=(example,)), -1
        seen = asked.observe(Call(), Grad(0))
        try:
            judge.stable(asked, seen, asked.truth)
        except UnsuitedExample:
            continue
        except Wrong as wrong:
            if not wrong.warning and wrong.entry is None:
                return []
            broken = int(wrong.warning[0].endswith("grad") if wrong.warning else wrong.name != "y")
        found.append(Case(trial.op, example, seen, broken))
    return found


def cause(found: Sequence[Case], code: str) -> tuple[str, str] | None:
    """The form that breaks as yours does, in words, and the usual remedy; None where none does. `found`: the counterexample first.

    `code`: the line that NumPy warned of; empty where that is not known.
    """
    if not found or found[0].broken < 0:
        return None
    op, part = found[0].op, found[0].broken
    known = sites_of(op, drawn_example(op, dimensions_of(op, 3, (3, 2)), Random(1)).inputs)
    placed = [(case, case.axes_at(known)) for case in found] if known else []
    placed.sort(key=lambda pair: pair[0].broken < 0)  # what breaks tells forms apart soonest
    named = len(_arrays(op))
    for site in sorted(known, key=lambda site: (site.sources[0] >= named, -site.result)):
        for form in site.family.forms:
            if code and form.function and not re.search(rf"\b{form.function}\w*\(", code):
                continue
            if form.slope and not (part and op.variables):
                continue
            # A slope says nothing of what breaks before it.
            told = [(c, a) for c, a in placed if not form.slope or c.broken != 0]
            if sum(c.broken >= 0 for c, _ in told) < LEAST:
                continue
            if any(all(_agrees(c, site, a.get(site), form, part, picked) for c, a in told) for picked in (False, True)):
                return _said(form, site, op)
    return None


def right_all_the_same(found: Sequence[Case]) -> bool:
    """Whether only warnings are wrong, in one step or both, and all numbers are right."""
    broken = [case for case in found if case.broken >= 0]
    return len(broken) >= LEAST and all(
        _like(y, right, case, number)
        for case in broken
        for number, (y, right) in enumerate(
            zip(_answers(case, case.broken), _right(case, case.broken), strict=True), case.broken
        )
    )


def _is_slope_less(op: Operation, value) -> bool:
    """Whether it is a tensor of floats of an operation without gradients, whose slopes only tell what counts in y."""
    return not op.variables and isinstance(value, torch.Tensor) and value.is_floating_point()


def _arrays(op: Operation) -> list[str]:
    return [v for v, kind in op.kinds.items() if kind.is_array]


def _said(form: Form, site: Site, op: Operation) -> tuple[str, str]:
    names = _arrays(op)
    if site.sources[0] < len(names):
        z = names[site.sources[0]]
        return form.text.replace("{z}", z), form.hint.replace("{z}", z)
    more = " (z: what it is taken of)" if "{z}" in form.hint else ""
    return form.text.replace("{z}", "z"), form.hint.replace("{z}", "z") + more


def _agrees(case: Case, site: Site, axes: Axes | None, form: Form, part: int, picked: bool) -> bool:
    """Whether the form gives what came back, warnings and numbers. `picked`: it is computed only of what counts in y."""
    if axes is None:
        return case.broken < 0  # nothing like it is in the expression for these arguments
    changed = _Replaced(case, site, axes, form)
    answers = changed.run(gradients=form.slope is not None or (part == 1 and case.broken == 1))
    for step, arrays in answers.items():
        warned = changed.warned[step] - ({"divide by zero"} if picked and changed.spared else set())
        if warned != {what for what, *_ in case.seen.answers[step].warnings}:
            return False
        pairs = zip(_answers(case, step), arrays, strict=True)
        if not all(_like(yours, made, case, number) for number, (yours, made) in enumerate(pairs, step)):
            return False
    return True


def _answers(case: Case, part: int) -> tuple[NDArray, ...]:
    return case.seen.answers[part].values


def _right(case: Case, part: int) -> tuple[NDArray, ...]:
    return case.truth.gradients if part else (case.truth.y,)


def _like(yours: NDArray, form: NDArray, case: Case, number: int) -> bool:
    """Whether yours is what the form gives, but for rounding. `number`: 0 for y, from 1 for the gradients."""
    if yours.shape != form.shape:
        return False
    right = case.truth.gradients[number - 1] if number else case.truth.y
    yours, form = yours.astype(np.float64), form.astype(np.float64)
    finite, dtype = np.isfinite(form), case.example.dtype
    if not np.array_equal(finite, np.isfinite(yours)):
        return False
    if not np.array_equal(yours[~finite], form[~finite], equal_nan=True):
        return False
    rounding = RTOL[dtype.name] * abs(right) + ROUNDINGS * np.finfo(dtype).eps * case.truth.noise(2)[number]
    allowed = _SHARE * abs(form - right) + rounding
    return bool(np.all(abs(yours - form)[finite] <= allowed[finite]))


class _Replaced(Recorded):
    """The expression with a worse form at one place.

    `warned`: what NumPy warned of in each step. `spared`: nothing infinite counts in y.
    """

    def __init__(self, case: Case, site: Site, axes: Axes, form: Form):
        super().__init__()
        self._case, self._site, self._axes, self._form = case, site, axes, form
        self.warned: tuple[set[str], set[str]] = (set(), set())
        self.spared = False
        self._made = None

    def run(self, *, gradients: bool) -> dict[int, list[NDArray]]:
        """y, if the form changes it, and the gradients, by their steps, in the dtype of the example."""
        op, example = self._case.op, self._case.example
        inputs = [tensor(v, example.dtype) for v in example.inputs]
        pairs = zip(inputs, op.kinds.values(), strict=True)
        leaves = [t.requires_grad_() for t, kind in pairs if kind.differentiated or _is_slope_less(op, t)]
        self.begin(inputs)
        with self:
            y = flat(op.torch(*inputs))
        answers = {} if self._form.slope else {0: [y.detach().numpy()]}
        if self._made is not None and self._made.requires_grad:
            (counts,) = torch.autograd.grad(y.sum(), self._made, retain_graph=True, allow_unused=True)
            if counts is not None and self._made[counts != 0].isnan().any():
                self.warned[0].add("invalid value")
            self.spared = counts is not None and not self._made[counts != 0].isinf().any()
        if gradients and op.variables:
            loss = (y * torch.from_numpy(np.array(example.gy))).sum()
            made = torch.autograd.grad(loss, leaves, allow_unused=True, materialize_grads=True)
            answers[1] = [g.numpy() for g in made]
        return answers

    def changed(self, func: Callable, args: tuple, result):
        if len(self.tensors) != self._site.result:
            if self._made is not None:
                self._watch(func, args, result)
            return result
        sources = [self.tensors[s] for s in self._site.sources]
        if self._form.slope:
            return _sloped(lambda g: self._slope(g, *sources), result, sources[0])
        value = torch.from_numpy(self._noted(0, self._form.value, *sources).reshape(tuple(result.shape)))
        self._made = _sloped(lambda g: g, value, result)
        return self._made

    def _watch(self, func: Callable, args: tuple, result) -> None:
        """Note what NumPy would say of a later step."""
        given = [a for a in args if isinstance(a, torch.Tensor) and a.is_floating_point()]
        if result.isnan().any() and not any(a.isnan().any() for a in given):
            self.warned[0].add("invalid value")
        if result.isinf().any() and all(a.isfinite().all() for a in given):
            by_zero = func.__name__ in (torch.log.__name__, torch.div.__name__, torch.Tensor.__truediv__.__name__)
            self.warned[0].add("divide by zero" if by_zero else "overflow")

    def _slope(self, g, *sources):
        shape = tuple(sources[0].shape)
        if tuple(g.shape) != shape:
            g = g.reshape(tuple(1 if a - len(shape) in self._axes else n for a, n in enumerate(shape)))
        return torch.from_numpy(self._noted(1, self._form.slope, g, *sources))

    def _noted(self, part: int, function: Callable, *tensors) -> NDArray:
        arrays = [t.detach().numpy() for t in tensors]
        with np.errstate(all="call", under="ignore", call=lambda kind, _: self.warned[part].add(kind)):
            return np.array(function(*arrays, self._axes), arrays[0].dtype)


def _sloped(slope: Callable, value, source):
    """The value, as if it were made of the source, whose gradient `slope` makes of the upstream one."""

    class Sloped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, _):
            return value.detach().clone()

        @staticmethod
        def backward(ctx, g):
            return slope(g)

    return Sloped.apply(source)
