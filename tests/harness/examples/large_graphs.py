"""Graphs that are larger than any that is drawn: long ones, ones with many ways through them, and ones of larger arrays.

Nothing is judged here. How a graph is written down: worker/graphs.py.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.rows.sketch import ANY, CONSTANTS, LEAVES


def chain(length: int) -> Example:
    """h = -(h + b), again and again: the leaf b is used in every other node."""
    nodes = []
    for n in range(length // 2):
        nodes += [["+", [len(nodes) - 1 if n else "a", "b"], {}], ["neg", [2 * n], {}]]
    return _example(nodes, a=_numbers(3), b=_numbers(3))


def diamonds(length: int) -> Example:
    """h = 0.5 h + 0.5 h, again and again: as many ways through it as 2 to the power of a third of its length."""
    nodes = []
    for n in range(length // 3):
        h = len(nodes) - 1 if n else "a"
        nodes += [["*", [h, [0.5]], {}], ["*", [[0.5], h], {}], ["+", [3 * n, 3 * n + 1], {}]]
    return _example(nodes, a=_numbers(3))


def ladder(length: int) -> Example:
    """h = 0.5 (h + the h before it): every node is used by the next one and the one after."""
    nodes = [["*", ["a", [0.5]], {}]]
    for n in range(length // 2):
        before = "a" if n == 0 else 2 * n - 2
        nodes += [["+", [2 * n, before], {}], ["*", [2 * n + 1, [0.5]], {}]]
    return _example(nodes, a=_numbers(3))


def again(times: int) -> Example:
    """A graph of some nodes that is built so many times, with arrays that are large beside all else."""
    example = chain(40)
    graph, *_ = example.inputs
    arrays = {"a": _numbers(2000), "b": _numbers(2000)}
    return _with_arrays(graph | {"times": times}, arrays)


def wide(rows: int) -> Example:
    """Every operator once, on arrays of so many rows."""
    picked = [["array", [0, rows - 1, 0]]]
    mask = [["mask", [n % 3 == 0 for n in range(rows)]]]
    nodes = [
        ["*", ["a", "b"], {}],
        ["-", ["c", 0], {}],
        [".tanh", [1], {}],
        [".exp", [2], {}],
        ["/", [2, 3], {}],
        ["**", [3, [2]], {}],
        ["**", [3, 2], {}],
        [".log", [6], {}],
        ["+", [5, 7], {}],
        [".transpose", [8], {}],
        ["@", [9, 4], {}],
        ["neg", [10], {}],
        [".max", [8], {"axis": 0}],
        [".mean", [8], {"axis": 1, "keepdims": True}],
        [".sum", [4], {"axis": [0, 1]}],
        ["[]", [8], {"index": picked}],
        ["[]", [4], {"index": mask}],
        [".reshape", [8], {"shape": [5, rows]}],
        *([".sum", [n], {}] for n in (11, 12, 13, 15, 16, 17)),
        ["+", [14, 18], {}],
        *(["+", [24 + n, 19 + n], {}] for n in range(5)),
    ]
    return _example(nodes, ended=True, a=_numbers(rows, 5), b=_numbers(rows, 1), c=_numbers(5))


def _example(nodes: list, *, ended: bool = False, **arrays: NDArray) -> Example:
    nodes = nodes if ended else [*nodes, [".sum", [len(nodes) - 1], {}]]
    graph = {"arrays": {}, "leaves": list(LEAVES), "nodes": nodes, "roots": [len(nodes) - 1] * 2, "times": 1}
    return _with_arrays(graph, arrays)


def _with_arrays(graph: dict, arrays: dict[str, NDArray]) -> Example:
    names = (*LEAVES, *CONSTANTS)
    given = tuple(arrays.get(name, np.ones(())) for name in names)
    shapes = {name: [ANY, list(array.shape)] for name, array in zip(names, given, strict=True)}
    return Example((graph | {"arrays": shapes}, *given), np.ones(()))


def _numbers(*shape: int) -> NDArray:
    """Numbers of which no two are alike, all between 0.5 and 1.5."""
    size = int(np.prod(shape))
    return (0.5 + ((np.arange(size) * 7919) % 9973) / 9973).reshape(shape)
