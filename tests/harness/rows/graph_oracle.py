"""What torch makes of a graph: a row's oracle for a class of tensors. How a graph is written down: worker/graphs.py."""

from __future__ import annotations

import operator
from collections.abc import Callable

from tests.harness.rows.late import torch
from tests.harness.rows.sketch import EXPONENTS

_BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "@": torch.matmul,
}


def graph_of_torch(graph: dict, *arrays):
    """The root of the graph, as torch computes it."""
    return computed(graph, *arrays)[graph["roots"][0]]


def computed(graph: dict, *arrays) -> list:
    """All nodes, as torch computes them."""
    named, nodes = dict(zip(graph["arrays"], arrays, strict=True)), []
    for what, arguments, options in graph["nodes"]:
        values = [named[a] if isinstance(a, str) else a[0] if isinstance(a, list) else nodes[a] for a in arguments]
        if what == "**" and graph["arrays"].get(_name(arguments[1]), ("",))[0] == EXPONENTS:
            values[1] = values[1].round().long()  # which noise.py does not move: a root of a negative number is none
        if what in _BINARY:
            nodes.append(_BINARY[what](*values))
        else:
            nodes.append(_UNARY[what](*values, options) if what in _UNARY else getattr(values[0], what[1:])())
    return nodes


def _name(argument) -> str:
    return argument if isinstance(argument, str) else ""


def _reduced(function: Callable) -> Callable:
    def reduce(x, options: dict):
        axis = options.get("axis")
        axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        return function(x, axes, options.get("keepdims", False)) if x.ndim else x * 1

    return reduce


def _largest(x, axes: tuple[int, ...], keepdims: bool):
    """torch.amax. What that keeps for the backward pass it compares: moved by noise.py, no entry would be the largest."""
    from tests.harness.rows.imports import torch

    with torch._C.DisableTorchFunction():
        shares = (x == torch.amax(x, axes, True)).double().detach()
        shares = shares / shares.sum(axes, True)
    return (x * shares).sum(axes, keepdims)


def _indexed(x, options: dict):
    first, *others = options["index"]
    if isinstance(first, list) and first[0] == "slice" and (first[3] or 1) < 0:  # which torch does not take
        x, first = x.flip(0), [*first[:3], -first[3]]
    return x[tuple(map(_part, [first, *others]))]


def _part(part):
    if part is None or isinstance(part, int):
        return part
    kind, *rest = part
    if kind == "slice":
        return slice(*rest)
    return Ellipsis if kind == "..." else torch.tensor(rest[0])


_UNARY: dict[str, Callable] = {
    "neg": lambda x, _: -x,
    ".sum": _reduced(torch.sum),
    ".mean": _reduced(torch.mean),
    ".max": _reduced(_largest),
    ".reshape": lambda x, options: x.reshape(tuple(options["shape"])),
    ".transpose": lambda x, options: x.permute(tuple(options.get("axes") or range(x.ndim)[::-1])),
    "[]": _indexed,
}
"""What torch calls otherwise, or takes other arguments for."""
