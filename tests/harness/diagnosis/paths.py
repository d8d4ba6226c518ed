"""Edits of a path of the backward pass: its term is missing, has another factor, or is another array's.

In x * f(x), x reaches y on two paths, as a factor and through f; the product rule has a term for each. The same goes for a
mean that is subtracted, a root that divides. A path is an argument of a call in the row's torch expression.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.diagnosis.calls import OVER, axis_of, choices, edit, inside, named, plain, reducing, values_like
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import LONG, Change, Node, recorded, rewritten, with_argument
from tests.harness.diagnosis.functions import DIV, LINEAR, MATMUL, MUL, REDUCTIONS, ROLES, RSUB, TWO_SIDED
from tests.harness.diagnosis.leftovers import along
from tests.harness.diagnosis.samples import Sample, fits
from tests.harness.diagnosis.steps import UNSPOKEN
from tests.harness.rows.imports import torch


def reduction_paths(g: str, sample: Sample) -> Edits:
    """The gradient's term of one reduction, or of all of them, is missing or has another factor."""
    for chosen in choices(sample) if g != "y" else ():
        what, one, v = named(chosen), len(chosen) == 1, g[1:]
        treated = "is treated as a constant: it depends" if one else "are treated as constants: they depend"
        constant = _paths_times(chosen, lambda n: 0)
        yield edit(f"in {{g}}, {what} {treated} on {v} too", sample, constant, f"a term for each path from {v} to y")
        for is_wrong, are_wrong, slope in _SLOPES:
            terms = f"the term that comes through {what} {is_wrong}" if one else f"the terms of {what} {are_wrong}"
            yield edit(f"in {{g}}, {terms}", sample, _paths_times(chosen, slope))


def reduction_path_otherwise(g: str, sample: Sample) -> Edits:
    """The gradient's term of one reduction has a factor of which only this is known."""
    for node in reducing(sample) if g != "y" else ():
        text = f"in {{g}}, the term that comes through {named([node])} has a wrong factor, the same all along its axis"
        without = rewritten(sample.op.torch, _paths_times([node], lambda n: 0))
        yield Edit(text, after=_other_factor(g, without, axis_of(node)), fitted=True)


_SLOPES: tuple[tuple[str, str, Callable[[int], float]], ...] = (
    ("has the wrong sign", "have the wrong sign", lambda n: -1),
    ("is twice what it should be", "are twice what they should be", lambda n: 2),
    ("is half of what it should be", "are half of what they should be", lambda n: 0.5),
    (
        f"is n times too large, {OVER}: sum instead of mean?",
        "are n times too large, n the number of entries that they are over: sum instead of mean?",
        lambda n: n,
    ),
    (
        f"is n times too small, {OVER}: mean instead of sum?",
        "are n times too small, n the number of entries that they are over: mean instead of sum?",
        lambda n: 1 / n,
    ),
)


@dataclass(frozen=True)
class Path:
    """An argument of a call."""

    node: Node
    at: int

    @property
    def is_alone(self) -> bool:
        return len(self.node.places) == 1

    @property
    def what(self) -> str:
        """What goes this way, in the notation of a formula where that is short."""
        node = self.node
        if self.is_alone:
            return REDUCTIONS.get(node.name, node.text) if node.is_short else node.name
        text = plain(node.words[self.at])
        roles = ROLES.get(node.name, ("the argument",) * 3)
        return f"{text if len(text) <= LONG else roles[self.at]}{inside(node)}"


def paths(g: str, sample: Sample) -> Edits:
    """The gradient's term of one path is missing, or has another factor."""
    for path in paths_of(sample) if g != "y" else ():
        rule = "its own derivative is missing"
        if not path.is_alone and path.node.name in (MUL, DIV):
            rule = f"the {'product' if path.node.name == MUL else 'quotient'} rule has two terms"
        text = f"in {{g}}, {path.what} is treated as a constant: {rule}"
        yield Edit(text, "the input is in it too", after=_term(g, path, lambda s: 0))
        for words, factor in _factors(g, sample):
            yield Edit(f"in {{g}}, the term that comes through {path.what} {words}", after=_term(g, path, factor))


def other_factors(g: str, sample: Sample) -> Edits:
    """The gradient's term of one path has something of what is computed on the way for a factor."""
    for path in paths_of(sample) if g != "y" else ():
        for words, factor in _values(g, sample):
            yield Edit(f"in {{g}}, the term that comes through {path.what} {words}", after=_term(g, path, factor))


def other_argument(g: str, sample: Sample) -> Edits:
    """Another array of the same shape stands for an argument of a product: for its value, or in the other's gradient alone."""
    nodes = [n for n in recorded(sample) if isinstance(n.result, torch.Tensor) and n.result.is_floating_point()]
    for path in paths_of(sample):
        node, at = path.node, path.at
        if node.name not in (*TWO_SIDED, MATMUL) or len(node.places) != 2:
            continue
        values = {v: v for v in sample.arrays()} | {
            f"{v}.T": f"{v}.T" for v in sample.arrays() if sample.inputs[v].ndim == 2
        }
        values |= {n.text: n.number for n in nodes if n.number < node.number}
        for words, source in values.items():
            if isinstance(source, str):
                v, _, turned = source.partition(".")
                value = sample.inputs[v].T if turned else sample.inputs[v]
            else:
                value = next(n.result for n in nodes if n.number == source)
            if tuple(value.shape) != tuple(node.args[at].shape) or words == plain(node.words[at]):
                continue
            said = f"{_short(words)} stands where {_short(plain(node.words[at]))} should be{inside(node)}"
            yield edit(f"in {{g}}, {said}", sample, _with_other(node, at, source, sample, only_backward=g != "y"))


def factor_missing(g: str, sample: Sample) -> Edits:
    """A factor of a product is missing in the gradient of the other one alone."""
    for path in paths_of(sample) if g != "y" else ():
        node, at = path.node, path.at
        if node.name == MUL and len(node.places) == 2:
            other, own = (_short(plain(node.words[n])) for n in (1 - at, at))
            text = f"in {{g}}, the factor {other} is missing in the gradient of {own}{inside(node)}"
            yield edit(text, sample, {node.number: _alone(at)})


def _alone(at: int) -> Change:
    """The product, with the derivative 1 for one of its factors."""

    def change(func, args, kwargs):
        rest = func(*with_argument(args, at, args[at].detach()), **kwargs)
        return rest + (args[at] - args[at].detach())

    return change


def summed_with(g: str, sample: Sample) -> Edits:
    """What is added up along a path that was broadcast has a factor too many."""
    for path in paths_of(sample) if g != "y" else ():
        arg, result = path.node.args[path.at], path.node.result
        if len(path.node.places) != 2 or arg.shape == result.shape:
            continue
        for words, value in (("y", lambda y: y), ("exp(y)", torch.exp), ("log(y)", lambda y: torch.log(abs(y)))):
            text = f"in {{g}}, what is added up for {path.what} has a factor {words} too many"
            yield edit(text, sample, {path.node.number: _hooked(path.at, value)})


def _hooked(at: int, value: Callable) -> Change:
    """The call, with what comes back to one of its arguments multiplied before it is added up."""

    def change(func, args, kwargs):
        result = func(*args, **kwargs)
        wide = args[at].expand(result.shape) + 0
        if wide.requires_grad:
            wide.register_hook(lambda gradient: gradient * value(result.detach()))
        return func(*with_argument(args, at, wide), **kwargs)

    return change


def _short(words: str) -> str:
    return words if len(words) <= LONG else f"{words[: LONG - 4]} ..."


def _with_other(
    node: Node, at: int, source: str | tuple[int, ...], sample: Sample, *, only_backward: bool
) -> dict[tuple[int, ...], Change]:
    """`source`: the number of the call whose result stands there, or an input's name."""
    kept: list = []
    changes: dict[tuple[int, ...], Change] = {}
    if isinstance(source, tuple):

        def keep(func, args, kwargs):
            kept[:] = [func(*args, **kwargs)]
            return kept[0]

        changes[source] = keep
    name, _, turned = source.partition(".") if isinstance(source, str) else ("", "", "")
    number = list(sample.inputs).index(name) if name else -1

    def change(func, args, kwargs, inputs=()):
        other = kept[0] if kept else inputs[number].T if turned else inputs[number]
        if other.shape != args[at].shape:
            raise ValueError("of another shape")
        if not only_backward:
            return func(*with_argument(args, at, other), **kwargs)
        fixed = tuple(a.detach() if isinstance(a, torch.Tensor) else a for a in args)
        value = func(*fixed, **kwargs)
        own = func(*with_argument(fixed, at, args[at]), **kwargs)
        rest = func(*with_argument(args, at, other.detach()), **kwargs)
        return value + (own - own.detach()) + (rest - rest.detach())

    change.wants_inputs = number >= 0
    return changes | {node.number: change}


def _factors(g: str, sample: Sample) -> Iterator[tuple[str, Callable[[Sample], object]]]:
    """What a term may be multiplied by, and the words for it."""
    yield "has the wrong sign", lambda s: -1
    yield "is twice what it should be", lambda s: 2
    yield "is half of what it should be", lambda s: 0.5
    for letter in sample.op.letters:
        yield f"is {letter} times too small: mean instead of sum?", lambda s, k=letter: 1 / s.sizes[k]
        yield f"is {letter} times too large: sum instead of mean?", lambda s, k=letter: s.sizes[k]
    for v in sample.arrays():
        if fits(sample.inputs[v], sample.right[g]):
            yield f"lacks the factor {v}", lambda s, v=v: 1 / s.inputs[v]
            yield f"has the factor {v} once too often", lambda s, v=v: s.inputs[v]


def _values(g: str, sample: Sample) -> Iterator[tuple[str, Callable[[Sample], object]]]:
    """Likewise: what is computed on the way."""
    for words, value in values_like(sample, sample.right[g]).items():
        yield f"lacks the factor {words}", lambda s, value=value: 1 / value(s)
        yield f"has the factor {words} too many", value


def paths_of(sample: Sample) -> Iterator[Path]:
    for node in recorded(sample):
        if (node.name.startswith("_") and node.name != RSUB) or node.name in UNSPOKEN:
            continue
        # A number that is added or multiplied makes no path of its own.
        for at in () if len(node.places) == 1 and node.name in LINEAR else node.places:
            if node.args[at].requires_grad:
                yield Path(node, at)


def _term(g: str, path: Path, factor: Callable[[Sample], object]) -> Callable:
    """The right gradient with the term of this path multiplied by the factor."""

    return term_times(lambda s: without(s, g, path, s.gy), factor)


def term_times(rest: Callable[[Sample], NDArray], factor: Callable[[Sample], object]) -> Callable:
    """The right gradient with all but the rest of it multiplied by the factor."""

    def after(s: Sample, right: NDArray) -> NDArray:
        others = rest(s)
        return others + factor(s) * (right - others)

    return after


def without(s: Sample, g: str, path: Path, gy: NDArray) -> NDArray:
    """The gradient for a gy without the term of this path."""

    def cut(func, args, kwargs):
        return func(*with_argument(args, path.at, args[path.at].detach()), **kwargs)

    try:
        return s.edited(gy=gy, torch=rewritten(s.op.torch, {path.node.number: cut}))[g]
    except RuntimeError:  # nothing is left to differentiate
        return np.zeros_like(s.right[g])


def _other_factor(g: str, without: Callable, axis: int) -> Callable:
    """The right gradient with another factor for one of its terms, which varies in other axes alone."""

    def after(s: Sample, right: NDArray) -> NDArray | None:
        if right.ndim != s.gy.ndim:
            return None
        rest = s.edited(torch=without)[g]
        return along(lambda s: right - rest, axis, g)(s, right)

    return after


def _paths_times(nodes: list[Node], slope: Callable[[int], float]) -> dict[tuple[int, ...], Change]:
    def change(func, args, kwargs):
        value = func(*args, **kwargs)
        factor = slope(args[0].numel() // value.numel())
        return value * factor + (value * (1 - factor)).detach()

    return {node.number: change for node in nodes}
