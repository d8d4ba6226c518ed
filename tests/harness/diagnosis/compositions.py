"""Edits of several calls in the row's expression: exchanged, over other axes, or all but the first ones left out."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from tests.harness.diagnosis.calls import (
    Others,
    along,
    axis_of,
    briefly,
    divisions,
    divisor,
    edit,
    inside,
    named,
    plain,
    reducing,
)
from tests.harness.diagnosis.edit import Edit, Edits, times
from tests.harness.diagnosis.expression import LONG, Change, Node, recorded, stopped_at, with_argument
from tests.harness.diagnosis.functions import ADD, ADDITIVE, BINDS, NEG, REDUCTIONS, RSUB, SILENT, SUMS
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch


def order(g: str, sample: Sample) -> Edits:
    """Two calls that follow each other changed places; or the first was made of both sides of the second."""
    nodes = [n for n in recorded(sample) if isinstance(n.result, torch.Tensor)]
    for first in nodes:
        for second in (n for n in nodes if n.places and n.args[n.places[0]] is first.result):
            if {first.name, second.name} & set(SILENT):
                continue
            if len(first.places) == len(second.places) == 1 and (first.is_elementwise or second.is_elementwise):
                names = [n.said for n in (first, second)]
                text = f"{{g}} {{is}} what {names[1]} before {names[0]} would give: the order is wrong{inside(second, ', in ')}"
                yield edit(text, sample, _exchanged(first, second))
            if second.is_elementwise and len(first.places) == 2 and first.name in ADDITIVE:
                text = (
                    f"{{g}} {{is}} what {second.said} of each side of {briefly(first)} would give: the order is wrong"
                )
                yield edit(text, sample, _distributed(first, second))


def brackets(g: str, sample: Sample) -> Edits:
    """A call that is due of a sum was made of one of its sides."""
    nodes = [n for n in recorded(sample) if isinstance(n.result, torch.Tensor)]
    # Of a sum with a number, one side has no gradient: that the number is missing says it better.
    least = 1 if g == "y" else 2
    for first in (n for n in nodes if n.name in SUMS and len(n.args) == 2 and len(n.places) >= least):
        for second in nodes:
            at = next((at for at in second.places if second.args[at] is first.result), None)
            if at is None or second.name not in BINDS:
                continue
            a, b = (
                map(plain, first.words)
                if first.name == ADD
                else first.words
                if first.name != RSUB
                else first.words[::-1]
            )
            for side in (1, 0):
                words = BINDS[second.name](*(w if n != at else (a, b)[side] for n, w in enumerate(second.words)))
                formula = f"{a} {SUMS[first.name]} {words}" if side else f"{words} {SUMS[first.name]} {b}"
                if len(formula) > 2 * LONG:
                    formula = f"{second.said} of one side of {SUMS[first.name]} alone"
                text = f"{{g}} {{is}} what {formula} would give: brackets are missing"
                yield edit(text, sample, _of_one_side(first, second, at, side))


def mistaken(g: str, sample: Sample) -> Edits:
    """Another operation, of those that the row names as taken for it."""
    for words, function in sample.op.mistaken.items():
        yield Edit(f"{{g}} {{is}} that of {words}", torch=function)


def functions_exchanged(g: str, sample: Sample) -> Edits:
    """Two functions inside have each other's place."""
    plain = [n for n in recorded(sample) if n.is_elementwise and len(n.args) == 1 and n.name != NEG]
    for one, two in combinations(plain, 2):
        if one.name != two.name:
            text = f"{{g}} {{is}} what you get with {one.name} and {two.name} exchanged"
            yield edit(text, sample, {one.number: _instead(two.function), two.number: _instead(one.function)})


def other_axes(g: str, sample: Sample) -> Edits:
    """The means, variances and norms inside go over other axes, or one of them is left out."""
    found = reducing(sample)
    for node in found if len(found) > 1 else ():
        what = REDUCTIONS[node.name]
        same = [n for n in recorded(sample) if n.name == node.name and n.number[: len(node.number)] != node.number]
        for too, nodes in (("", [node]), (" everywhere", [node, *same])):
            zero = {n.number: lambda func, args, kwargs: 0 * func(*args, **kwargs) for n in nodes}
            yield edit(f"{{g}} {{is}} what {what} = 0{too} would give: {what} is left out", sample, zero)
    if not found:
        return
    ndim, axis, what = found[0].args[0].ndim, axis_of(found[0]), named(found)
    due = f"but should be with {what} over {'the last axis' if axis % ndim == ndim - 1 > 0 else f'axis {axis}'}"
    for axes in (*range(ndim), *([()] if ndim > 1 else [])):
        over = f"axis {axes}" if axes != () else "everything"
        changes = {n.number: along(axes) for n in found}
        yield edit(f"{{g}} {{is}} what you get with {what} over {over}, {due}", sample, changes)


def everywhere(others: Callable[[Node], Others]) -> Callable[[str, Sample], Edits]:
    """What might stand in the place of a call, in all calls of the same function at once, where there are several."""

    def hypothesis(g: str, sample: Sample) -> Edits:
        nodes: dict[str, list[Node]] = {}
        for node in recorded(sample):
            nodes.setdefault(node.name, []).append(node)
        for alike in (same for same in nodes.values() if len(same) > 1):
            for ways in zip(*(others(node) for node in alike), strict=False):
                changes = {node.number: change for node, (_, change) in zip(alike, ways, strict=True)}
                yield edit(f"{{g}} {{is}} what {ways[0][0]}, everywhere", sample, changes)

    return hypothesis


def scaled(g: str, sample: Sample) -> Edits:
    """A number among the arguments multiplies or divides what goes into a function."""
    for node in recorded(sample):
        if not node.is_elementwise or len(node.args) != 1 or node.name == NEG:
            continue
        for c in sample.numbers:
            for sign in ("*", "/"):
                text = f"{{g}} {{is}} what {sign} {c} inside {node.name} would give{inside(node, ', in ')}"
                yield edit(text, sample, {node.number: _scaled(list(sample.inputs).index(c), 1 if sign == "*" else -1)})


def part(g: str, sample: Sample) -> Edits:
    """What one of the calls on the way gives, in the place of the whole."""
    nodes = [n for n in recorded(sample) if isinstance(n.result, torch.Tensor) and n.result.requires_grad]
    for node in nodes[:-1]:
        if node.result.shape == sample.right["y"].shape and node.is_short and node.text not in sample.inputs:
            yield Edit(f"{{g}} {{is}} that of {node.text} alone", torch=stopped_at(sample.op.torch, node.number))


def denominator(g: str, sample: Sample) -> Edits:
    """What divides inside is missing in the gradient, or divides once too often."""
    for node in divisions(sample):
        what = plain(node.words[1])
        if g == "y":
            change = {node.number: lambda func, args, kwargs: args[0]}
            yield edit(f"{{g}} {{is}} not divided by {what}", sample, change)
            continue
        for text, power in ((f"not divided by {what}, as y is", 1), (f"divided by {what} once too often", -1)):
            by = divisor(node)
            yield times(f"{{g}} {{is}} {text}", lambda s, by=by, p=power: by(s) ** float(p))


def _instead(function: Callable) -> Change:
    return lambda func, args, kwargs: function(*args, **kwargs)


def _exchanged(first: Node, second: Node) -> dict[tuple[int, ...], Change]:
    waiting: list[Callable] = []

    def skip(func, args, kwargs):
        at = first.places[0]
        waiting[:] = [lambda value: func(*with_argument(args, at, value), **kwargs)]
        return args[at]

    return {first.number: skip, second.number: lambda func, args, kwargs: waiting[0](func(*args, **kwargs))}


def _distributed(first: Node, second: Node) -> dict[tuple[int, ...], Change]:
    waiting: list[Callable] = []

    def note(func, args, kwargs):
        waiting[:] = [lambda function: func(function(args[0]), function(args[1]))]
        return func(*args, **kwargs)

    return {first.number: note, second.number: _each(waiting, second.places[0])}


def _of_one_side(first: Node, second: Node, at: int, side: int) -> dict[tuple[int, ...], Change]:
    """`side`: of the sum, 0 or 1, the one that the second call is made of."""
    waiting: list[Callable] = []

    def note(func, args, kwargs):
        sides = args if first.name != RSUB else args[::-1]
        one, other = sides[side], sides[1 - side]
        sign = (1, 1) if first.name == ADD else (1, -1)

        def make(call: Callable):
            made = call(one if isinstance(one, torch.Tensor) else torch.as_tensor(one, dtype=torch.float64))
            return sign[side] * made + sign[1 - side] * other

        waiting[:] = [make]
        return func(*args, **kwargs)

    return {first.number: note, second.number: _each(waiting, at)}


def _each(waiting: list[Callable], at: int) -> Change:
    """What the one who waits makes of this call, as a function of its argument at a place."""
    return lambda func, args, kwargs: waiting[0](lambda value: func(*with_argument(args, at, value), **kwargs))


def _scaled(number: int, power: int) -> Change:
    def change(func, args, kwargs, inputs=()):
        return func(args[0] * float(inputs[number]) ** power)

    change.wants_inputs = True
    return change
