"""A graph as code that can be pasted: arrays, tensors, expressions, and backward(). How a graph is written down: worker/graphs.py."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
from numpy.typing import NDArray

_BINDS = {"+": 1, "-": 1, "*": 2, "/": 2, "@": 2, "neg": 3, "**": 4}
_ATOM = 5
_MOST = 1000  # nodes that are written out


def code(inputs: tuple, kind: str, *, again: bool = False) -> list[str]:
    """The lines that compute the graph and send its root backward. `kind`: the name of the class. `again`: then another root, and the first once more."""
    graph, *arrays = inputs
    if len(graph["nodes"]) > _MOST:
        return [f"# a graph of {len(graph['nodes'])} nodes"]
    used = Counter(a for _, arguments, _ in graph["nodes"] for a in arguments if not isinstance(a, list))
    wanted = set(range(len(graph["nodes"])))
    if not again and not used[graph["roots"][1]]:
        wanted -= {graph["roots"][1]} - {graph["roots"][0]}
    lines = [
        f"{name} = {f'{kind}({_array(array)})' if name in graph['leaves'] else _array(array)}"
        for name, array in zip(graph["arrays"], arrays, strict=True)
        if used[name]
    ]
    roots, written = graph["roots"], {}
    for number, node in enumerate(graph["nodes"]):
        text, binds = _written(node, written, arrays[0].dtype.name)
        is_root = number == roots[0] or (again and number == roots[1])
        if number not in wanted:
            continue
        if is_root or used[number] != 1:
            name = "y" if number == roots[0] else "z" if is_root else f"h{number + 1}"
            lines.append(f"{name} = {text}")
            text, binds = name, _ATOM
        written[number] = (text, binds)
    if again:
        return [*lines, "y.backward()", *(["z.backward()"] if roots[0] != roots[1] else []), "y.backward()"]
    return [*lines, "y.backward()"]


def expression(inputs: tuple) -> str:
    """The root in one line, with the names of the arrays."""
    written: dict[int, tuple[str, int]] = {}
    for number, node in enumerate(inputs[0]["nodes"]):
        written[number] = _written(node, written, inputs[1].dtype.name)
    return written[inputs[0]["roots"][0]][0]


def _written(node: list, written: dict[int, tuple[str, int]], dtype: str) -> tuple[str, int]:
    """The text of a node, and how tightly it binds. `dtype`: of its scalars."""
    what, arguments, options = node
    parts = [
        (a, _ATOM) if isinstance(a, str) else _number(a, dtype) if isinstance(a, list) else written[a]
        for a in arguments
    ]
    if len(parts) == 2:
        mine = _BINDS[what]
        left, right = (_in(part, mine + (at == (what != "**"))) for at, part in enumerate(parts))
        return f"{left} {what} {right}", mine
    (x,) = parts
    if what == "neg":
        return f"-{_in(x, 3)}", 3
    inside = _in(x, _ATOM)
    if what == "[]":
        return f"{inside}[{', '.join(map(_part, options['index']))}]", _ATOM
    if "shape" in options or "axes" in options:
        given = ", ".join(map(str, options.get("shape", options.get("axes"))))
        return f"{inside}{what}({_tupled(given) if options.get('tuple') else given})", _ATOM
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
    if given.pop("positional", False):
        return f"{inside}{what}({', '.join(map(str, given.values()))})", _ATOM
    return f"{inside}{what}({', '.join(f'{k}={v}' for k, v in given.items())})", _ATOM


def _number(argument: list, dtype: str) -> tuple[str, int]:
    value = argument[0]
    return (f"np.{dtype}({value!r})", _ATOM) if len(argument) > 1 else (repr(value), 3 if value < 0 else _ATOM)


def _in(part: tuple[str, int], least: int) -> str:
    text, binds = part
    return text if binds >= least else f"({text})"


def _tupled(given: str) -> str:
    return f"({given}{',' if ',' not in given and given else ''})"


def _part(part: object) -> str:
    if part is None or isinstance(part, int):
        return str(part)
    kind, *rest = part
    if kind == "slice":
        start, stop, step = ("" if n is None else str(n) for n in rest)
        return f"{start}:{stop}" + (f":{step}" if step else "")
    return "..." if kind == "..." else f"np.array({rest[0]})"


def _array(array: NDArray) -> str:
    dtype = ", np.float32" if array.dtype == np.float32 else ""
    text = np.array2string(array, separator=", ", floatmode="unique", max_line_width=10**9, threshold=10**9)
    return f"np.array({re.sub(r' +(?=[],])', '', ' '.join(text.split())).replace('[ ', '[')}{dtype})"
