"""Smaller graphs than one that fails: nodes left out, in favour of an argument or of a new leaf, and simpler arrays.

How a graph is written down: worker/graphs.py. A graph is offered only where torch can compute it, and where every node gets
what it takes: an array of an exponent, a positive base.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.sketch import ANY, EXPONENTS, ZEROS

_FIRST = np.array([1, 2, 3, 4.0])
Inputs = tuple
"""A graph, and its arrays in order."""


def smaller(inputs: Inputs) -> Iterator[Inputs]:
    """Graphs that are a little smaller or simpler than this one, the smallest first."""
    for one in _candidates(inputs):
        if one is not None and is_valid(one):
            yield one


def complexity(inputs: Inputs) -> tuple:
    """Orders graphs: by nodes, arrays, entries and axes, and by how plain their numbers are."""
    graph, arrays = inputs[0], dict(zip(inputs[0]["arrays"], inputs[1:], strict=True))
    used = [arrays[name] for name in _used(graph)]
    return (
        len(graph["nodes"]) + (graph["roots"][0] != graph["roots"][1]),
        len(used),
        sum(a.size for a in used),
        sum(a.ndim for a in used) + len(repr([options for _, _, options in graph["nodes"]])) / 1000,
        sum(float(_cost(a).sum()) for a in used),
    )


def is_valid(inputs: Inputs) -> bool:
    """Whether torch can compute it, both roots are of one entry, and nothing stands where it must not."""
    from tests.harness.rows.computed import tensor
    from tests.harness.rows.graph_oracle import computed

    graph, *arrays = inputs
    try:
        nodes = computed(graph, *map(tensor, arrays))
    except (RuntimeError, IndexError, TypeError, ValueError, KeyError, AttributeError):  # of a number, too
        return False
    if any(not isinstance(n, int) or nodes[n].shape for n in graph["roots"]):
        return False
    named = dict(zip(graph["arrays"], arrays, strict=True))
    is_tensor = dict.fromkeys(named, False) | dict.fromkeys(graph["leaves"], True)
    for what, arguments, _ in graph["nodes"]:
        values = [
            named[a] if isinstance(a, str) else a[0] if isinstance(a, list) else nodes[a].numpy() for a in arguments
        ]
        tensors = [is_tensor[a] if isinstance(a, str) else isinstance(a, int) for a in arguments]
        if not any(tensors):
            return False
        if what == ".log" or (what == "**" and tensors[1]):
            if not np.all(np.asarray(values[0]) > 0):
                return False
        elif what == "**" and not np.all((np.asarray(values[0]) != 0) | (np.asarray(values[1]) != 0)):
            return False
    return all(bool(n.isfinite().all()) for n in nodes)


def _candidates(inputs: Inputs) -> Iterator[Inputs | None]:
    graph = inputs[0]
    nodes, roots = graph["nodes"], graph["roots"]
    yield _pruned(inputs)
    if roots[0] != roots[1]:
        yield _pruned(_with(inputs, roots=[roots[0]] * 2))
        for n in range(len(nodes)):
            if n != roots[0]:
                yield _pruned(_with(inputs, roots=[roots[0], n]))
    for n in range(len(nodes)):
        if n not in roots:
            yield _pruned(_with(inputs, roots=[n, n]))
            yield _pruned(_with(inputs, nodes=[*nodes, [".sum", [n], {}]], roots=[len(nodes)] * 2))
    for n, (what, arguments, options) in enumerate(nodes):
        for argument in arguments:
            if not isinstance(argument, list):
                yield _pruned(_replaced(inputs, n, argument))
        for k, argument in enumerate(arguments):
            if isinstance(argument, int):  # an argument of an argument
                for further in nodes[argument][1]:
                    yield _pruned(
                        _with_node(inputs, n, [what, [*arguments[:k], further, *arguments[k + 1 :]], options])
                    )
            if argument != "a" and "a" in arguments:
                yield _pruned(_with_node(inputs, n, [what, [*arguments[:k], "a", *arguments[k + 1 :]], options]))
    yield from (_pruned(one) for one in _cut(inputs))
    yield from _smaller_arrays(inputs)
    yield from _plainer_options(inputs)
    yield from _plainer_arrays(inputs)


def _with(inputs: Inputs, **changes: object) -> Inputs:
    return (inputs[0] | changes, *inputs[1:])


def _with_node(inputs: Inputs, number: int, node: list) -> Inputs:
    nodes = list(inputs[0]["nodes"])
    nodes[number] = node
    return _with(inputs, nodes=nodes)


def _replaced(inputs: Inputs, number: int, other: str | int) -> Inputs:
    """The other in the place of a node, wherever that is used."""
    graph = inputs[0]
    nodes = [[what, [other if a == number else a for a in args], options] for what, args, options in graph["nodes"]]
    return _with(inputs, nodes=nodes, roots=[other if r == number else r for r in graph["roots"]])


def _used(graph: dict) -> list[str]:
    found = {a for _, arguments, _ in graph["nodes"] for a in arguments if isinstance(a, str)}
    return [name for name in graph["arrays"] if name in found]


def _pruned(inputs: Inputs) -> Inputs | None:
    """Without the nodes of which no root is computed, and with the smallest array in the place of one that is not used."""
    graph = inputs[0]
    if not all(isinstance(r, int) for r in graph["roots"]):
        return None
    needed, left = set(), list(graph["roots"])
    while left:
        n = left.pop()
        if n not in needed:
            needed.add(n)
            left += [a for a in graph["nodes"][n][1] if isinstance(a, int)]
    numbers = {n: at for at, n in enumerate(sorted(needed))}
    nodes = [
        [what, [numbers[a] if isinstance(a, int) else a for a in arguments], options]
        for n, (what, arguments, options) in enumerate(graph["nodes"])
        if n in needed
    ]
    pruned = graph | {"nodes": nodes, "roots": [numbers[r] for r in graph["roots"]]}
    used = _used(pruned)
    arrays = [
        array if name in used else np.ones((), array.dtype)
        for name, array in zip(graph["arrays"], inputs[1:], strict=True)
    ]
    if pruned["nodes"] == graph["nodes"] and all(a is b for a, b in zip(arrays, inputs[1:], strict=True)):
        return None
    holds = {name: [held if name in used else ANY, shape] for name, (held, shape) in graph["arrays"].items()}
    return (pruned | {"arrays": holds}, *arrays)


def _cut(inputs: Inputs) -> Iterator[Inputs]:
    """A leaf that is not used yet in the place of a node, with the node's values."""
    from tests.harness.rows.computed import tensor
    from tests.harness.rows.graph_oracle import computed

    graph, *arrays = inputs
    free = [name for name in graph["leaves"] if name not in _used(graph)]
    if not free:
        return
    values = computed(graph, *map(tensor, arrays))
    at = list(graph["arrays"]).index(free[0])
    for n in range(len(graph["nodes"])):
        if n not in graph["roots"] and any(isinstance(a, int) for a in graph["nodes"][n][1]):
            value = np.asarray(values[n].numpy(), arrays[at].dtype)
            given = [value if number == at else array for number, array in enumerate(arrays)]
            yield _replaced((graph, *given), n, free[0])


def _smaller_arrays(inputs: Inputs) -> Iterator[Inputs]:
    graph, *arrays = inputs
    for size in sorted({n for a in arrays for n in a.shape if n > 1}, reverse=True):
        for fewer in (1, size - 1) if size > 2 else (1,):
            cut = [_cropped(a, size, fewer) for a in arrays]
            yield (_resized(graph, size, fewer), *cut)
            for number, array in enumerate(arrays):
                if size in array.shape:
                    yield (graph, *arrays[:number], cut[number], *arrays[number + 1 :])
    for number, array in enumerate(arrays):
        for axis in range(array.ndim):
            if array.shape[axis] == 1:
                yield (graph, *arrays[:number], array.squeeze(axis), *arrays[number + 1 :])
    if all(1 in a.shape[:1] for a in arrays if a.ndim):
        yield (graph, *(a[0] if a.ndim else a for a in arrays))


def _cropped(array: NDArray, size: int, fewer: int) -> NDArray:
    return np.array(array[tuple(slice(fewer) if n == size else slice(None) for n in array.shape)])


def _resized(graph: dict, size: int, fewer: int) -> dict:
    """The graph where what is of this size is smaller: new shapes, indices and masks."""

    def part(given: object) -> object:
        if isinstance(given, list) and given[0] in ("mask", "array"):
            array = np.array(given[1])
            array = _cropped(array, size, fewer) if given[0] == "mask" else np.minimum(array, fewer - 1)
            return [given[0], array.tolist()]
        return min(given, fewer - 1) if isinstance(given, int) else given

    nodes = deepcopy(graph["nodes"])
    for node in nodes:
        if "shape" in node[2]:
            node[2]["shape"] = [
                fewer if n == size else fewer * (n // size) if n % size == 0 else n for n in node[2]["shape"]
            ]
        if "index" in node[2]:
            node[2]["index"] = [part(given) for given in node[2]["index"]]
    return graph | {"nodes": nodes}


def _plainer_options(inputs: Inputs) -> Iterator[Inputs]:
    for number, (what, arguments, options) in enumerate(inputs[0]["nodes"]):
        for key in options:
            yield _with_node(inputs, number, [what, arguments, {k: v for k, v in options.items() if k != key}])
        if isinstance(options.get("axis"), list):
            for axis in options["axis"]:
                yield _with_node(inputs, number, [what, arguments, options | {"axis": axis}])
        if isinstance(options.get("axis"), int) and options["axis"] < 0:
            yield _with_node(inputs, number, [what, arguments, options | {"axis": 0}])
        index = options.get("index", ())
        if any(isinstance(part, int) and part < 0 for part in index):
            plain = [0 if isinstance(part, int) else part for part in index]
            yield _with_node(inputs, number, [what, arguments, options | {"index": plain}])
        for k, argument in enumerate(arguments):
            if not isinstance(argument, list):
                continue
            for plain in (argument[:1], *([[2], [2, *argument[1:]]] if what != "**" else [])):
                if plain != argument:
                    yield _with_node(inputs, number, [what, [*arguments[:k], plain, *arguments[k + 1 :]], options])


def _plainer_arrays(inputs: Inputs) -> Iterator[Inputs]:
    graph, *arrays = inputs
    for number, (name, array) in enumerate(zip(graph["arrays"], arrays, strict=True)):
        holds = graph["arrays"][name][0]
        if holds in (EXPONENTS, ZEROS) or not array.size:
            continue
        counted = _FIRST[np.arange(array.size) % 4].reshape(array.shape).astype(array.dtype)
        rounded = np.asarray(np.rint(array))
        for plain in (counted, rounded, np.where(rounded == 0, 1, rounded), np.ones_like(array)):
            if holds != ANY and np.any(plain == 0):
                continue
            if not np.array_equal(plain, array):
                yield (graph, *arrays[:number], np.asarray(plain, array.dtype), *arrays[number + 1 :])
        for at in zip(*np.nonzero(_cost(array)), strict=True) if array.ndim else ():
            plain = array.copy()
            plain[at] = 1
            yield (graph, *arrays[:number], plain, *arrays[number + 1 :])


def _cost(array: NDArray) -> NDArray:
    """How far each entry is from a number that one likes to reckon with."""
    whole, size = array == np.rint(array), abs(array)
    return np.where(
        whole & (array > 0) & (size < 5),
        0,
        np.where(whole & (size < 10), 1, np.where(array * 2 == np.rint(array * 2), 2, 4)),
    )
