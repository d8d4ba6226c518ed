"""Edits of a call in the row's expression: left out, another function, operator, axis or number, other arguments.

Each serves twice: the call is another one altogether, or keeps its value and has the other one's derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

from numpy.typing import NDArray

from tests.harness.diagnosis import functions
from tests.harness.diagnosis.diagnosis import listed
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import LONG, Change, Node, recorded, rewritten, with_argument
from tests.harness.diagnosis.functions import NUMBERS, REDUCTIONS
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch

Others = Iterator[tuple[str, Change]]
"""What might stand in a call's place: the words that follow `what`, and the change."""


def left_out(node: Node) -> Others:
    """One of the functions inside is left out."""
    if node.is_elementwise:
        what = missing(node)
        yield f"leaving out {what} would give: {what} is missing", lambda func, args, kwargs: _first(args)


def argument_left_out(node: Node) -> Others:
    """One of the two sides of an operator is left out; or a choice is always the same."""
    if node.name in functions.TWO_SIDED and len(node.places) == 2:
        for at in (1, 0):
            words = f"leaving out {plain(node.words[at])}{inside(node)} would give"
            sign = -1 if node.name == functions.SUB and at == 0 else 1
            yield words, lambda func, args, kwargs, at=at, sign=sign: _like(args[1 - at] * sign, func(*args, **kwargs))
    if node.name == functions.WHERE:
        for at in (1, 2):
            words = f"{_briefly(plain(node.words[at]), 'one of two')} everywhere{inside(node)} would give: nothing is chosen"
            yield words, lambda func, args, kwargs, at=at: _like(torch.as_tensor(args[at]), func(*args, **kwargs))


def other_function(node: Node) -> Others:
    """Another function stands in its place, or it is applied twice."""
    if (
        node.is_elementwise
        and node.name != functions.NEG
        and missing(node) in (node.name, f"the power {node.words[-1]}")
    ):
        for name, function in functions.FUNCTIONS.items():
            if name != node.name:
                words = f"{name} in place of {missing(node)}{inside(node)} would give"
                yield words, lambda func, args, kwargs, f=function: f(_first(args))
        if missing(node) == node.name and len(node.args) == 1:
            yield (
                f"{node.name} of {node.name} would give: it is applied twice",
                lambda f, args, kwargs: f(f(*args), **kwargs),
            )


def inserted(node: Node) -> Others:
    """A function is applied once too often, or 1 is added."""
    if isinstance(node.result, torch.Tensor) and node.result.is_floating_point() and not node.is_elementwise:
        for name in functions.ONCE_MORE:
            words = f"{name} of {briefly(node)} would give: one {name} too many"
            yield words, lambda func, args, kwargs, f=functions.FUNCTIONS[name]: f(func(*args, **kwargs))
        if node.name in REDUCTIONS:
            yield f"1 + {briefly(node)} in its place would give", lambda func, args, kwargs: 1 + func(*args, **kwargs)


def other_operator(node: Node) -> Others:
    """Another operator stands between the two."""
    if node.name in functions.SIGNS and (len(node.args) == 2 or node.name == functions.CLAMP):
        for sign, function in functions.OPERATORS.items():
            if sign != functions.SIGNS[node.name]:
                a, b = (plain(w) for w in (node.words[0], node.words[1] if len(node.args) == 2 else node.bound))
                words = f"max({a}, {b})" if sign == "max" else f"{a} {sign} {b}"
                change = lambda func, args, kwargs, f=function: f(*_both(args, kwargs))  # noqa: E731
                yield (
                    f"{_briefly(words, f'{sign} in place of {functions.SIGNS[node.name]}')}{_for(node)} would give",
                    change,
                )


def other_number(node: Node) -> Others:
    """Another number stands in it."""
    at = next((at for at, a in enumerate(node.args) if isinstance(a, int | float)), None)
    if node.name not in (*functions.TWO_SIDED, functions.POW) or at is None:
        return
    value = node.args[at]
    for words, number in NUMBERS:
        if value and number(value) != value:
            text = f"{words.format(node.words[at])} in place of {node.words[at]}{inside(node)} would give"
            yield text, lambda f, args, kwargs, n=number: f(*with_argument(args, at, n(args[at])), **kwargs)


def swapped(node: Node) -> Others:
    """The arguments in the other order."""
    if node.name in (functions.SUB, functions.DIV, functions.MATMUL, functions.WHERE) and len(node.places) >= 2:
        a, b = (plain(words) for words in node.words[-2:])
        words = f"exchanging {a} and {b}{inside(node)} would give"
        yield words, lambda func, args, kwargs: func(*args[:-2], args[-1], args[-2], **kwargs)


def along_another_axis(node: Node) -> Others:
    """A function that goes along the last axis goes along the first, or the one before it."""
    axis = axis_of(node)
    if isinstance(axis, int) and axis == -1 and node.name != functions.RESHAPE:
        for other in (0, -2) if getattr(node.args[0], "ndim", 0) > 2 else (0,):
            words = f"{node.said} along axis {other} would give, but it should go along the last axis"
            yield words, along(other)


def other_reduction(node: Node) -> Others:
    """Another reduction over the same axes."""
    if node.name in functions.REDUCED and node.places == [0]:
        for words, reduce in functions.REDUCE.items():
            yield f"the {words} would give, in place of {functions.REDUCED[node.name]}", _reducing(reduce)


def multiple(node: Node) -> Others:
    """A reduction times the number of entries that it is over, or divided by it; or of a sample."""
    if node.name in REDUCTIONS and node.kwargs.get("keepdim"):
        what = REDUCTIONS[node.name]
        if node.name in ("var", "std"):
            words = f"{what} of a sample would give, divided by n - 1"
            yield words, lambda func, args, kwargs: func(*args, **kwargs | {"correction": 1})
        for said, question, factor in _MULTIPLES:
            words = f"{what} {said} would give, {OVER}{question}"
            yield (
                words,
                lambda func, args, kwargs, f=factor: (y := func(*args, **kwargs)) * f(args[0].numel() // y.numel()),
            )


OVER = "n the number of entries that it is over"
_MULTIPLES = (
    ("times n", ": sum instead of mean?", lambda n: n),
    ("divided by n", ": mean instead of sum?", lambda n: 1 / n),
    ("divided by sqrt(n)", ": mean instead of sum?", lambda n: n**-0.5),
)


def edits(others: Callable[[Node], Others]) -> Callable[[str, Sample], Edits]:
    """Of every call, what might stand in its place."""

    def hypothesis(g: str, sample: Sample) -> Edits:
        for node in recorded(sample):
            for words, change in others(node):
                yield edit(f"{{g}} {{is}} what {words}", sample, {node.number: change})

    return hypothesis


def derivatives(others: Callable[[Node], Others]) -> Callable[[str, Sample], Edits]:
    """Likewise, of its derivative alone: its value stays."""

    def hypothesis(g: str, sample: Sample) -> Edits:
        for node in recorded(sample) if g != "y" else ():
            for words, change in others(node):
                text = f"in {{g}}, the derivative{inside(node, ' of ')} is what {words}"
                yield edit(text, sample, {node.number: _derivative_of(change)})

    return hypothesis


def reducing(sample: Sample) -> list[Node]:
    """The reductions over one axis that keep it, without the steps inside one."""
    kept = [
        n for n in recorded(sample) if n.name in REDUCTIONS and n.kwargs.get("keepdim") and isinstance(axis_of(n), int)
    ]
    return [n for n in kept if not any(n.number[: len(m.number)] == m.number for m in kept if m is not n)]


def choices(sample: Sample) -> list[list[Node]]:
    """Each of these reductions, and then all together."""
    found = reducing(sample)
    return [*([node] for node in found), *([found] if len(found) > 1 else [])]


def divisions(sample: Sample) -> list[Node]:
    """The calls that divide one array by another."""
    return [node for node in recorded(sample) if node.name == functions.DIV and len(node.places) == 2]


def divisor(node: Node) -> Callable[[Sample], NDArray]:
    """What is divided by in this call, of any sample."""
    return lambda s: _node(s, node.number).args[1].detach().numpy()


def values_like(sample: Sample, array: NDArray) -> dict[str, Callable[[Sample], NDArray]]:
    """What is computed on the way, in the shape of an array: its formula, where that is short, and its values in any sample."""
    return {
        node.text: lambda s, number=node.number: _node(s, number).result.detach().numpy()
        for node in recorded(sample)
        if isinstance(node.result, torch.Tensor) and tuple(node.result.shape) == array.shape and node.is_short
    }


def named(nodes: list[Node]) -> str:
    """The mean and the variance."""
    return listed(list(dict.fromkeys(REDUCTIONS[n.name] for n in nodes)))


def missing(node: Node) -> str:
    """What a call does, as something that can be missing: a function's name, `the factor 0.5`."""
    number = node.words[1] if len(node.words) == 2 else ""
    if node.name == functions.NEG:
        return "the minus sign"
    return functions.MISSING[node.name].format(number) if number and node.name in functions.MISSING else node.name


def axis_of(node: Node) -> object:
    return node.kwargs["dim"] if "dim" in node.kwargs else node.args[1] if len(node.args) > 1 else None


def edit(text: str, sample: Sample, changes: dict[tuple[int, ...], Change], hint: str = "") -> Edit:
    """The expression with some of its calls changed."""
    return Edit(text, hint, torch=rewritten(sample.op.torch, changes))


def briefly(node: Node) -> str:
    """A call as a formula, where that is short."""
    return _briefly(node.text, "the formula")


def inside(node: Node, said: str = " in ") -> str:
    """Where something is, in a formula that is short; else nothing."""
    within = f" (part of {node.within})" if 0 < len(node.within) <= LONG else ""
    return f"{said}{node.text}{within}" if node.is_short else ""


def along(axes: int | tuple[int, ...]) -> Change:
    """Over other axes; an empty tuple is all of them."""

    def change(func, args, kwargs):
        over = tuple(range(args[0].ndim)) if axes == () else axes
        return func(*args, **kwargs | {"dim": over}) if "dim" in kwargs else func(args[0], over, *args[2:], **kwargs)

    return change


def _for(node: Node) -> str:
    return f" in place of {node.text}" if node.is_short else ""


def _briefly(text: str, instead: str) -> str:
    return text if len(text) <= LONG else instead


def plain(words: str) -> str:
    """An argument's words without the brackets around all of them."""
    depth = 0
    for at, letter in enumerate(words):
        depth += (letter == "(") - (letter == ")")
        if not depth:  # what the first one opens is closed here
            return words[1:-1] if words.startswith("(") and at == len(words) - 1 else words
    return words


def _node(sample: Sample, number: tuple[int, ...]) -> Node:
    return next(node for node in recorded(sample) if node.number == number)


def _first(args: tuple):
    return next(a for a in args if isinstance(a, torch.Tensor))


def _both(args: tuple, kwargs: dict) -> list:
    second = args[1] if len(args) > 1 else kwargs.get("min")
    return [args[0], second if isinstance(second, torch.Tensor) else torch.as_tensor(second, dtype=args[0].dtype)]


def _like(value, result):
    return value.expand(result.shape) if value.ndim <= result.ndim else value


def _derivative_of(change: Change) -> Change:
    def local(func, args, kwargs):
        value, other = func(*args, **kwargs), change(func, args, kwargs)
        return value.detach() + (other - other.detach())

    return local


def _reducing(reduce: Callable) -> Change:
    def change(func, args, kwargs):
        axes = kwargs.get("dim", args[1] if len(args) > 1 else None)
        result = reduce(
            args[0], tuple(range(args[0].ndim)) if axes is None else axes, keepdim=bool(kwargs.get("keepdim"))
        )
        return SimpleNamespace(values=result) if func.__name__ == functions.MAX else result

    return change
