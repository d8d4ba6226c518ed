"""Small graphs, one for each operator in each of its forms: which of them are wrong says what is wrong with a class of tensors.

How a graph is written down: worker/graphs.py. Nothing is asked here, and nothing judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.harness.examples.examples import Example
from tests.harness.rows.graph_oracle import computed
from tests.harness.rows.sketch import ANY, CONSTANTS, EXPONENTS, LEAVES, POSITIVE

_BINARY = ("+", "-", "*", "/", "**")
_A = np.array([[1.5, 0.5, 2.0], [0.75, 1.25, 3.0]])
_B = np.array([[0.5, 2.0, 1.25], [1.75, 3.0, 0.75]])
_ROW, _COLUMN = np.array([2.0, 0.5, 1.5]), np.array([[1.5], [0.25]])
_CUBE = np.arange(1, 25).reshape(2, 3, 4) % 7 / 4 + 0.25
_SIGNED = np.array([[1.5, -0.5, 2.0], [-0.75, 1.25, -3.0]])


@dataclass(frozen=True)
class Probe:
    """A graph for one thing. `operator`: which one, as it is said; `form`: how, in code. `about`: what it shows besides the operator."""

    operator: str
    form: str
    example: Example
    about: str = ""


def probe(operator: str, nodes: list, about: str = "", *, dtype: type = np.float64, **arrays: np.ndarray) -> Probe:
    """A graph of these nodes, the last of which is weighted and summed where it has several entries."""
    from tests.harness.rows.computed import tensor
    from tests.harness.rows.listing import expression

    names = (*LEAVES, *CONSTANTS)
    shapes = {name: [EXPONENTS if about == "exponents" and name == "p" else ANY, []] for name in names}
    graph = {"arrays": shapes, "leaves": list(LEAVES), "nodes": nodes, "roots": [len(nodes) - 1] * 2, "times": 1}
    given = tuple(np.asarray(arrays.get(name, np.ones(())), dtype) for name in names)
    form = expression((graph, *given))
    last = computed(graph, *map(tensor, given))[-1]
    if last.ndim:
        size = last.numel()
        weights = ((np.arange(size) * 5 % 7 + 1) / 2).reshape(tuple(last.shape)).astype(dtype)
        given = (*given[:-1], weights)
        graph = graph | {"nodes": [*nodes, ["*", [len(nodes) - 1, "w"], {}], [".sum", [len(nodes)], {}]]}
        graph["roots"] = [len(nodes) + 1] * 2
    return Probe(operator, form, Example((graph, *given), np.ones((), dtype)), about)


def of_operators(functions: Iterable[tuple[str, str]], dtype: type = np.float64) -> list[Probe]:
    """Each operator in each of its forms, of leaves that are used once. The plainest come first. `functions`: the row's."""

    def one(operator: str, nodes: list, about: str = "", **arrays: np.ndarray) -> Probe:
        return probe(operator, nodes, about, dtype=dtype, **arrays)

    found = [one(".sum", [[".sum", ["a"], {}]], a=_A), one("* array", [["*", ["a", "p"], {}]], a=_A, p=_B)]
    for what in _BINARY:
        found.append(one(what, [[what, ["a", "b"], {}]], a=_A, b=_B))
        found += [
            one(what, [[what, ["a", "b"], {}]], "broadcast", a=_A, b=other) for other in (_ROW, _COLUMN, np.array(1.5))
        ]
        found += [
            one(what, [[what, ["a", "b"], {}]], "broadcast", a=other, b=_A) for other in (_ROW, _COLUMN, np.array(1.5))
        ]
        found.append(one(what, [[what, ["a", "b"], {}]], "broadcast", a=_ROW, b=_COLUMN))
        if what != "**":
            found.append(one(f"{what} number", [[what, ["a", [3.0]], {}]], a=_A))
            found.append(one(f"{what} number", [[what, ["a", [3.0, "scalar"]], {}]], "scalar", a=_A))
            found.append(one(f"{what} array", [[what, ["a", "p"], {}]], a=_A, p=_B))
            found.append(one(f"{what} array", [[what, ["a", "p"], {}]], "broadcast", a=_ROW, p=_A))
        found.append(one(f"number {what}", [[what, [[3.0], "a"], {}]], a=_A))
        found.append(one(f"number {what}", [[what, [[3.0, "scalar"], "a"], {}]], "scalar", a=_A))
        found.append(one(f"array {what}", [[what, ["p", "a"], {}]], a=_A, p=_B))
        found.append(one(f"array {what}", [[what, ["p", "a"], {}]], "broadcast", a=_ROW, p=_A))
    found += [one("** number", [["**", ["a", [n]], {}]], a=_A) for n in (2, 3.0, -1, 0.5, 1, 0)]
    found.append(one("** number", [["**", ["a", [2.0, "scalar"]], {}]], "scalar", a=_A))
    found += [one("** number", [["**", ["a", [n]], {}]], "negative", a=_SIGNED) for n in (2, 3.0, -1)]
    found.append(
        one("** array", [["**", ["a", "p"], {}]], "exponents", a=_SIGNED, p=np.array([[1.0, 2, 3], [2, 3, 1]]))
    )
    found.append(
        one("** array", [["**", ["a", "p"], {}]], "exponents", a=np.array([0.0, 1, 2]), p=np.array([2.0, 3, 1]))
    )
    found.append(one("neg", [["neg", ["a"], {}]], a=_SIGNED))
    found += [one(what, [[f".{what}", ["a"], {}]], a=_A if holds == POSITIVE else _SIGNED) for what, holds in functions]
    found += _products(one)
    for what in (".sum", ".mean", ".max"):
        for options in (
            {},
            {"axis": 0},
            {"axis": 1},
            {"axis": -1},
            {"axis": [0, 2]},
            {"axis": [-1, 0]},
            {"axis": [0, 1, 2]},
        ):
            for keeps in ({}, {"keepdims": True}, *([{"positional": True}] if options else [])):
                about = "keepdims" if "keepdims" in keeps else "axis" if options else ""
                found.append(
                    one(
                        what,
                        [[what, ["a"], options | keeps]],
                        about,
                        a=_CUBE * (1 + np.arange(24).reshape(2, 3, 4) / 50),
                    )
                )
        found.append(one(what, [[what, ["a"], {}]], a=np.array(1.5)))
    ties = [["+", ["a", "p"], {}], [".max", [0], {"axis": 1}]]
    found.append(one(".max", ties, "ties", a=_COLUMN, p=np.zeros((2, 3))))
    found += [
        one(".reshape", [[".reshape", ["a"], o]], a=_A) for o in ({"shape": [3, 2]}, {"shape": [3, 2], "tuple": True})
    ]
    for options in ({}, {"axes": [1, 2, 0]}, {"axes": [1, 2, 0], "tuple": True}, {"axes": [0, 2, 1]}):
        found.append(one(".transpose", [[".transpose", ["a"], options]], a=_CUBE))
    found += _indexed(one)
    return found


def _products(one) -> list[Probe]:
    x, y, v = _A, _B.T, _ROW
    pairs = [(x, y), (x, v), (v, y), (v, v + 1), (_CUBE, _CUBE.swapaxes(1, 2)), (_CUBE, _CUBE[0].T[:, :2]), (x, _CUBE)]
    pairs += [(_CUBE, _CUBE[:1].swapaxes(1, 2)), (_CUBE, np.arange(1.0, 5)), (v, _CUBE)]
    kinds = {(2, 2): "", (1, 1): "vectors", (2, 1): "vectors", (1, 2): "vectors"}
    about = [kinds.get((p.ndim, q.ndim), "stacks") for p, q in pairs]
    found = [one("@", [["@", ["a", "b"], {}]], how, a=p, b=q) for (p, q), how in zip(pairs, about, strict=True)]
    found.append(one("@ array", [["@", ["a", "p"], {}]], a=x, p=y))
    found.append(one("array @", [["@", ["p", "a"], {}]], a=y, p=x))
    return found


def _indexed(one) -> list[Probe]:
    every, rows = ["slice", None, None, None], ["array", [0, 1, 0]]
    plain = (
        [1],
        [["slice", 1, None, None]],
        [every, ["slice", None, None, 2]],
        [-1],
        [["slice", -1, None, None]],
        [["slice", None, None, -1]],
        [every, None],
        [["..."], 2],
        [0, ["slice", 0, 1, None]],
    )
    found = [one("[]", [["[]", ["a"], {"index": parts}]], a=_A) for parts in plain]
    found.append(one("[]", [["[]", ["a"], {"index": [["array", [1, 0]]]}]], "array", a=_A))
    found.append(one("[]", [["[]", ["a"], {"index": [["array", [-1, 0]]]}]], "array", a=_A))
    repeated = (
        [rows],
        [["array", [-1, 0, 1]]],
        [["array", [[0, 1], [0, 0]]]],
        [["..."], ["array", [2, 0, 2]]],
        [rows, ["array", [2, 1, 2]]],
    )
    found += [one("[]", [["[]", ["a"], {"index": parts}]], "repeated", a=_A) for parts in repeated]
    masks = ([["mask", [True, False]]], [["mask", [[True, False, True], [False, False, True]]]])
    return found + [one("[]", [["[]", ["a"], {"index": parts}]], "mask", a=_A) for parts in masks]


def of_sharing() -> list[Probe]:
    """Tensors that are used several times, of nothing but *, + and tanh."""
    half, tanh = ["*", ["a", [0.5]], {}], [".tanh", ["a"], {}]
    late = [half, [".tanh", [0], {}], ["*", [1, [3.0]], {}]]
    deeper = [*late, ["+", [0, 2], {}], ["*", [3, [2]], {}], ["+", [4, 0], {}]]
    return [
        probe("shared", [["+", ["a", "a"], {}]], "leaf", a=_A),
        probe("shared", [["*", ["a", "a"], {}]], "leaf", a=_A),
        probe("shared", [["*", ["a", "b"], {}], ["+", [0, "a"], {}]], "order", a=_A, b=_B),
        probe("shared", [["+", ["a", "b"], {}], ["*", ["a", 0], {}]], "order", a=_A, b=_B),
        probe("shared", [half, ["*", [0, 0], {}]], "node", a=_A),
        probe("shared", [half, ["+", [0, 0], {}]], "node", a=_A),
        probe("shared", [half, tanh, ["*", [0, 1], {}]], "order", a=_A),
        probe("shared", [*late, ["+", [0, 2], {}]], "order", a=_A),
        probe("shared", [*late, ["+", [2, 0], {}]], "order", a=_A),
        probe("shared", deeper, "order", a=_A),
        probe("shared", [*deeper[:5], ["+", [0, 4], {}]], "order", a=_A),
        probe("shared", [["*", ["a", [2]], {}], ["neg", ["a"], {}]], "unused", a=_A),
    ]
