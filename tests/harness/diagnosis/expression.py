"""A row's torch expression, recorded call by call, and computed again with one of its calls changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from types import MappingProxyType

from tests.harness.diagnosis.functions import (
    ATOM,
    CLAMP,
    CONSTANTS,
    INFIX,
    LEAST,
    LENGTHS,
    MIDDLE,
    NEG,
    RSUB,
    SAID,
    SHORT,
    SILENT,
    WHERE,
    WRITTEN,
    XLOGY,
)
from tests.harness.diagnosis.named import Named, named, roots
from tests.harness.diagnosis.rounds import place
from tests.harness.diagnosis.samples import Sample
from tests.harness.diagnosis.steps import STEPS, UNSPOKEN
from tests.harness.rows.called import called
from tests.harness.rows.computed import tensor
from tests.harness.rows.imports import torch

LONG = 40  # of a formula, in characters, that is still read at a glance
Change = Callable[[Callable, tuple, dict], object]
"""What a call returns instead, of its function, its arguments and its keywords."""

_ASKED = ("__get__", "__len__", "__set__")  # attributes and lengths: nothing is computed


@dataclass(frozen=True, eq=False)
class Node:
    """One call. `text` is it in the notation of a formula, `words` are its arguments; `places` says which of them are tensors.

    `number`: its place in the source, which is the same in each round of a loop; of a step inside a call, that call's number
    and its place there. `within`: that call. `parts`: what the row calls the tensors of its result, where these are several.
    """

    number: tuple[int, ...]
    name: str
    function: Callable
    args: tuple
    kwargs: dict
    result: object
    text: str
    words: tuple[str, ...]
    within: str = ""
    parts: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """How the call is named in a sentence."""
        return SAID.get(self.name, self.name)

    @property
    def places(self) -> list[int]:
        return [at for at, a in enumerate(self.args) if isinstance(a, torch.Tensor)]

    @property
    def is_elementwise(self) -> bool:
        """Whether floats of the same shape come out as the one tensor that went in."""
        if self.name.startswith("_") or self.name in SILENT or len(self.places) != 1:
            return False
        went_in = self.args[self.places[0]]
        if not isinstance(self.result, torch.Tensor) or self.result.shape != went_in.shape:
            return False
        return went_in.is_floating_point() and self.result.is_floating_point()

    @property
    def is_short(self) -> bool:
        """Whether its formula is read at a glance."""
        return len(self.text) <= LONG

    @property
    def bound(self) -> str:
        """What a clamp compares with, in words."""
        bound = self.kwargs.get("min", self.kwargs.get("max"))
        return getattr(bound, "words", f"{bound:.6g}") if bound is not None else ""


def recorded(sample: Sample) -> tuple[Node, ...]:
    """The calls of the row's expression for a sample, in their order; what torch has as one function before its steps.

    Of a call in a loop, the first round: who changes it changes all of them.
    """
    return tuple(calls[0] for calls in rounds(sample).values())


@lru_cache(maxsize=64)
def rounds(sample: Sample) -> dict[tuple[int, ...], list[Node]]:
    """Likewise all of them, by their number: more than one of each that stands in a loop."""
    given = {v: tensor(value) for v, value in sample.inputs.items()}
    for v in sample.op.variables:
        given[v].requires_grad_()
    with _Running(given, roots=roots(sample)) as running:
        sample.op.torch(*(named(a, v) if isinstance(a, float) else a for v, a in given.items()))
    found: dict[tuple[int, ...], list[Node]] = {}
    for node in running.nodes:
        if node.number:
            found.setdefault(node.number, []).append(node)
    return found


def rewritten(expression: Callable, changes: Mapping[tuple[int, ...], Change]) -> Callable:
    """The expression with the calls of these numbers changed."""

    def changed(*inputs):
        known = {n: partial(c, inputs=inputs) if getattr(c, "wants_inputs", False) else c for n, c in changes.items()}
        with _Running({}, known):
            return expression(*inputs)

    return changed


def with_argument(args: tuple, at: int, value: object) -> tuple:
    """The arguments of a call with another one at a place."""
    return (*args[:at], value, *args[at + 1 :])


class _Stopped(Exception):
    """An expression that has got as far as was wanted."""


def stopped_at(expression: Callable, number: tuple[int, ...]) -> Callable:
    """What the call of this number gives."""

    def stop(func, args, kwargs):
        raise _Stopped(func(*args, **kwargs))

    def part(*inputs):
        try:
            rewritten(expression, {number: stop})(*inputs)
        except _Stopped as stopped:
            return stopped.args[0]
        raise RuntimeError("it did not get so far")

    return part


class _Running(torch.overrides.TorchFunctionMode):
    """Numbers the calls; notes them, or changes some."""

    def __init__(
        self,
        given: Mapping[str, object],
        changes: Mapping[tuple[int, ...], Change] | None = None,
        roots: Mapping[float, str] = MappingProxyType({}),
    ):
        super().__init__()
        self._roots = roots
        self.nodes: list[Node] = []
        self._changes, self._inside = changes, [()]
        self._within = [""]
        self._words = {id(value): (v, ATOM) for v, value in given.items() if isinstance(value, torch.Tensor)}

    def __torch_function__(self, func: Callable, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(func, "__name__", "")
        if name in _ASKED:
            result = func(*args, **kwargs)
            if isinstance(result, torch.Tensor) and self._changes is None:
                self._words[id(result)] = (f"{self._of(args[0], ATOM)}.T", ATOM)
                self.nodes.append(
                    Node((), "", func, args, kwargs, result, "", ())
                )  # so that it lives, and no other gets its id
            return result
        if func is called:
            return self._called(*args)
        number = (*self._inside[-1], *place(__file__))
        if self._changes is not None:
            if number in self._changes:
                return self._changes[number](func, args, kwargs)
            return self._stepwise(number, func, name, args, kwargs)
        node = Node(
            number,
            name,
            func,
            args,
            kwargs,
            None,
            self._text(name, args, kwargs),
            tuple(self._of(a, ATOM) for a in args),
            self._within[-1],
        )
        at = len(self.nodes)
        self.nodes.append(node)
        self._within.append(self._within[-1] if name in UNSPOKEN else node.text)
        result = self._stepwise(number, func, name, args, kwargs)
        self._within.pop()
        self.nodes[at] = replace(node, result=result)
        if isinstance(result, torch.Tensor):
            binds = LEAST if name == RSUB else INFIX[name][1] if name in INFIX else ATOM
            self._words[id(result)] = self._words.get(id(args[0])) if name in SILENT else (node.text, binds)
        return result

    def _called(self, value, words: str, part: str):
        self._words[id(value)] = (words, ATOM)
        for at, node in enumerate(self.nodes):
            if node.result is value:
                self.nodes[at] = replace(node, text=words)
            elif isinstance(node.result, tuple) and any(part is value for part in node.result):
                self.nodes[at] = replace(node, parts=(*node.parts, part or words))
        return value

    def _stepwise(self, number: tuple[int, ...], func: Callable, name: str, args: tuple, kwargs: dict):
        if name not in STEPS:
            return func(*args, **kwargs)
        self._inside.append(number)
        with self:
            result = STEPS[name](*args, **kwargs)
        self._inside.pop()
        return result

    def _text(self, name: str, args: tuple, kwargs: dict) -> str:
        if name in INFIX and len(args) == 2:
            sign, binds = INFIX[name]
            return f"{self._of(args[0], binds)}{sign}{self._of(args[1], binds + 1)}"
        if name == NEG:
            return f"-{self._of(args[0], MIDDLE)}"
        if name == RSUB:
            return f"{self._of(args[1], LEAST)} - {self._of(args[0], MIDDLE)}"
        if name == XLOGY:
            return f"{self._of(args[0], MIDDLE)} * log({self._of(args[1], 0)})"
        if name == "__getitem__" and isinstance(args[1], tuple):
            picked = [a for a in args[1] if isinstance(a, torch.Tensor)]
            return f"{self._of(args[0], ATOM)}[rows, {self._of(picked[-1], 0)}]" if picked else self._of(args[0], 0)
        if name == "__getitem__" and isinstance(args[1], torch.Tensor | int):
            return f"{self._of(args[0], ATOM)}[{self._of(args[1], 0)}]"
        if name == WHERE and (short := _clipped(*(self._of(a, 0) for a in args))):
            return short
        inside = ", ".join(
            self._of(a, 0) for a in (args if name == WHERE else (a for a in args if isinstance(a, torch.Tensor)))
        )
        if name == CLAMP:
            inside += f", {self._of(kwargs.get('min', kwargs.get('max')), 0)}"
        if name in LENGTHS:
            return f"|{inside}|"
        return WRITTEN.get(name, "{}({})").format(SHORT.get(name, name), inside)

    def _of(self, value: object, binds: int) -> str:
        if isinstance(value, torch.Tensor):
            text, own = self._words.get(id(value)) or ("...", ATOM)
            return text if own >= binds else f"({text})"
        if isinstance(value, float):
            return value.words if isinstance(value, Named) else (CONSTANTS | self._roots).get(value, f"{value:.6g}")
        return str(value)


def _clipped(condition: str, above: str, below: str) -> str:
    """A choice by a sign in the words of a formula; empty where it is none of these."""
    for v in (above, below):
        known = {(v, "0"): f"max({v}, 0)", ("0", v): f"min({v}, 0)"}
        if condition == f"{v} > 0" and (above, below) in known:
            return known[above, below]
    return f"-abs({below})" if (condition, above) == (f"{below} > 0", f"-{below}") else ""
