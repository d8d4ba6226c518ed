"""Edits of the gradient's term of one reduction: another factor stands in it, an input is missing in it, or it is not reduced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.calls import choices, divisions, divisor, named, plain, values_like
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import LONG, rewritten
from tests.harness.diagnosis.paths import term_times
from tests.harness.diagnosis.samples import Sample, alone
from tests.harness.rows.imports import torch


def terms(g: str, sample: Sample) -> Edits:
    """What comes through a mean, a variance or a norm is wrong in a way that can be told."""
    right = sample.right[g]
    for chosen in choices(sample) if g != "y" and sample.yours[g].shape == right.shape else ():
        term = "the term that comes through" if len(chosen) == 1 else "the terms that come through"
        what = f"{term} {named(chosen)}"
        without = rewritten(sample.op.torch, {n.number: _constant for n in chosen})
        yield from _without_an_input(g, sample, what, without)
        for letter in sample.op.letters:
            size = lambda s, k=letter: s.sizes[k]  # noqa: E731
            are = "is" if len(chosen) == 1 else "are"
            yield Edit(f"in {{g}}, {what} {are} {letter} times too large", after=_times(g, without, size))
            smaller = lambda s, k=letter: 1 / s.sizes[k]  # noqa: E731
            yield Edit(f"in {{g}}, {what} {are} {letter} times too small", after=_times(g, without, smaller))
        if len(chosen) > 1:
            continue
        for words, factor in _factors(sample, right):
            yield Edit(f"in {{g}}, {what} {words}", after=_times(g, without, factor))
        if sample.gy.shape == right.shape:
            text = f"in {{g}}, {what} is not summed, nor averaged: each entry counts for itself alone"
            yield Edit(text, "keep the sum, or the mean, that is in it", after=_unreduced(g, without))


def _without_an_input(g: str, sample: Sample, what: str, without: Callable) -> Edits:
    """An input that multiplies gy is missing in this term, or in all but this one."""
    for v in sample.arrays():
        if v == g[1:]:
            continue
        ones = {v: lambda s, v=v: np.ones_like(s.inputs[v])}
        text = f"in {{g}}, {v} is missing in {what}"
        yield Edit(text, f"multiply gy by {v} first, then the rest", after=_mixed(g, without, ones, in_the_term=True))
        text = f"in {{g}}, {v} is in {what} only, but is missing in the rest"
        yield Edit(text, f"multiply gy by {v} first, then the rest", after=_mixed(g, without, ones, in_the_term=False))


def _mixed(g: str, without: Callable, ones: dict[str, Callable], *, in_the_term: bool) -> Callable:
    def after(s: Sample, right: NDArray) -> NDArray:
        changed = {v: change(s) for v, change in ones.items()}
        rest, rest_changed = s.edited(torch=without)[g], s.edited(inputs=changed, torch=without)[g]
        term, term_changed = right - rest, s.edited(inputs=changed)[g] - rest_changed
        return rest + term_changed if in_the_term else rest_changed + term

    return after


def _factors(sample: Sample, right: NDArray) -> Iterator[tuple[str, Callable[[Sample], object]]]:
    """What the term may be multiplied by, and the words for it."""
    for node in divisions(sample):
        if len(node.words[1]) <= LONG:
            of = divisor(node)
            for times, power in (("once", 1), ("twice", 2)):
                yield f"is divided by {node.words[1]} {times} too often", lambda s, f=of, p=power: f(s) ** -float(p)
                yield f"should be divided by {node.words[1]} {times} more", lambda s, f=of, p=power: f(s) ** float(p)
    values: dict[str, Callable[[Sample], NDArray]] = {
        v: lambda s, v=v: s.inputs[v] for v in sample.arrays() if sample.inputs[v].shape == right.shape
    }
    values |= {plain(words): value for words, value in values_like(sample, right).items()}
    for words, value in values.items():
        for other, instead in values.items():
            if words != other:
                text = f"has {other} where {words} should be"
                yield text, lambda s, a=instead, b=value: a(s) / b(s)


def _times(g: str, without: Callable, factor: Callable[[Sample], object]) -> Callable:
    return term_times(lambda s: s.edited(torch=without)[g], factor)


def _unreduced(g: str, without: Callable) -> Callable:
    """Each entry's own part of the term, as often as there are entries along the last axis, or along the first."""

    def after(s: Sample, right: NDArray) -> NDArray:
        own = np.empty(right.shape)
        for at in np.ndindex(right.shape):
            one = alone(s.gy, at)
            own[at] = (s.with_gy(one)[g] - s.edited(gy=one, torch=without)[g])[at]
        rest = s.edited(torch=without)[g]
        left = s.yours[g] - rest
        fitting = (n for n in (1, *right.shape) if np.allclose(left, n * own, rtol=1e-9, atol=0))
        return rest + next(fitting) * own

    return after


def _constant(func: Callable, args: tuple, kwargs: dict) -> torch.Tensor:
    return func(*args, **kwargs).detach()
