"""Edits of a function's derivative alone: missing, or another one than it should be."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.harness.diagnosis.calls import briefly, edit, inside, missing, plain
from tests.harness.diagnosis.edit import Edit, Edits
from tests.harness.diagnosis.expression import LONG, Node, recorded
from tests.harness.diagnosis.functions import DUE, INSTEAD, POW, RELU
from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.imports import torch


def derivative_missing(g: str, sample: Sample) -> Edits:
    """One of the functions inside has no derivative of its own to multiply by."""
    nodes = [node for node in recorded(sample) if node.is_elementwise]
    for node in nodes if g != "y" else ():
        what = missing(node)
        if any(missing(other) == what for other in nodes if other is not node):
            what += inside(node)
        text = f"in {{g}}, the derivative of {what} is missing: the gradient passes through it unchanged"
        if what.startswith("the factor"):
            text = f"in {{g}}, {what} is missing: it belongs to the derivative of {briefly(node)}"
        yield _slope(text, sample, node, lambda v, s: torch.ones_like(v))
        if node.name == POW and isinstance(node.args[1], int | float):
            power = node.args[1]
            words = f"{node.words[0]}**{power}" if len(node.words[0]) <= LONG else f"the power {power}"
            text = f"in {{g}}, the derivative of {words} lacks its factor {power}"
            yield _slope(text, sample, node, lambda v, s, power=power: v ** (power - 1))
            text = f"in {{g}}, {power} * {words} stands for the derivative of {words}"
            yield _slope(text, sample, node, lambda v, s, power=power: power * v**power)


def derivative_wrong(g: str, sample: Sample) -> Edits:
    """One of the functions inside has another derivative; or it depends on the gradient itself."""
    nodes = recorded(sample)
    for node in nodes if g != "y" else ():
        if node.name not in DUE or len(nodes) == 1 or (node.name == POW and node.args[1] != 2):
            continue
        what = f"{node.said}, s = {node.text}" if node.is_short else f"s = {node.name}(v)"
        due = DUE[node.name]
        for words, slope in INSTEAD.items():
            if words != due:
                # Where the function's argument is short it stands in the place of v.
                is_, should = (_of(words, node), _of(due, node))
                of = f"{what}, is" if re.search(r"\bs\b", f"{is_} {should}") else f"{plain(node.text)} is"
                text = f"in {{g}}, the derivative of {of} {is_}, but should be {should}"
                yield _slope(text, sample, node, slope)
        if node.name == RELU:
            text = f"in {{g}}, {RELU}'s mask is taken from the gradient's sign, but should be from that of what goes into {RELU}"
            yield edit(text, sample, {node.number: _masked_by_gradient})


def _of(words: str, node: Node) -> str:
    if not node.is_short:
        return words
    argument = node.words[node.places[0]]
    return re.sub(r"\b[v]\b", lambda _: argument, words)


def _slope(text: str, sample: Sample, node: Node, slope: Callable) -> Edit:
    at = node.places[0]

    def change(func, args, kwargs):
        s, v = func(*args, **kwargs), args[at]
        moved = (v - v.detach()) * slope(v, s if s.ndim == v.ndim else s[..., None]).detach()
        return s.detach() + (moved if s.shape == v.shape else moved.sum(-1, keepdim=s.ndim == v.ndim))

    return edit(text, sample, {node.number: change})


def _masked_by_gradient(func, args, kwargs):
    passed = args[0] + 0
    if passed.requires_grad:
        passed.register_hook(lambda gradient: gradient * (gradient > 0))
    return passed + (func(*args, **kwargs) - passed).detach()
