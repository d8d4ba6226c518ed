"""An adapter: makes an operation, `(y, grad)`, of a class of tensors that remember what they were computed from.

The operation takes a graph, described as data, and the arrays that it is made of; it builds the graph with the class, and
runs it. It judges nothing. A graph is a dict:

    arrays   name -> what it may hold, and its shape; in the order in which the arrays come
    leaves   the names of those that become tensors and get a gradient; the others go into the graph as they are
    nodes    [what, arguments, options], in order. What begins with a dot is a method. An argument is a name, the number of an earlier node, [number], or
             [number, "scalar"] for NumPy's scalar of the arrays' dtype
    roots    the numbers of two nodes of one entry: y is the first one's, and the gradients are its
    times    how often it is built, one after another; each is let go before the next

y is the data of the root, and grad, whose gy is 1, the `.grad` of all leaves. What grad does when it is called again says
its `_Asked`. NumPy and the standard library only.
"""

import gc
import operator
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .refusal import is_stub

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "@": operator.matmul,
}
_SLACK = 1e-6  # relative to all that is added up: two gradients that differ by more were not added


def operation(tensor: Callable) -> Callable:
    """The operation that the class is: `(graph, *arrays) -> (y, grad)`."""

    def run(graph: dict, *given: NDArray) -> tuple:
        for _ in range(graph["times"] - 1):
            _Built(tensor, graph, given).gradients_of(0)
            gc.collect(1)  # the cycles of closures and what they close over, which are young; the process may be large
        asked = _Asked(tensor, graph, given)
        return asked.y(), asked.grad

    return run


ADAPTERS: dict[str, Callable[[Callable], Callable]] = {"graphs": operation}
"""What a row may call an adapter -> what makes an operation of what was handed in."""


def adapted(value: Callable, adapter: str) -> Callable:
    """The operation that an adapter makes of it; without an adapter, or where it says itself that it is not written, as it is."""
    return value if not adapter or is_stub(value) else ADAPTERS[adapter](value)


def applied(what: str, arguments: Sequence, options: dict) -> object:
    """A node, of tensors or of arrays. What an array has no method for is a function of NumPy."""
    if what in BINARY:
        return BINARY[what](*arguments)
    (x,) = arguments
    if what == "neg":
        return -x
    if what == "[]":
        return x[index(options["index"])]
    method = getattr(x, what[1:])
    if "shape" in options or "axes" in options:
        order = options.get("shape", options.get("axes"))
        return method(tuple(order)) if options.get("tuple") else method(*order)
    options = _reduced(options)
    return method(*options.values()) if options.pop("positional", False) else method(**options)


def number(argument: list, dtype: np.dtype) -> object:
    """A number of a node: Python's, or NumPy's of this dtype."""
    return dtype.type(argument[0]) if len(argument) > 1 else argument[0]


def index(parts: list) -> object:
    """What stands in the brackets: one part alone, several as a tuple."""
    made = tuple(map(_part, parts))
    return made[0] if len(made) == 1 else made


def _part(part: object) -> object:
    if part is None or isinstance(part, int):
        return part
    kind, *rest = part
    if kind == "slice":
        return slice(*rest)
    return Ellipsis if kind == "..." else np.array(rest[0], bool if kind == "mask" else np.int64)


def _reduced(options: dict) -> dict:
    axis = options.get("axis")
    return options | {"axis": tuple(axis)} if isinstance(axis, list) else dict(options)


class _Built:
    """A graph that is built: its leaves, and its roots. No other node is held here."""

    def __init__(self, tensor: Callable, graph: dict, given: Sequence[NDArray]):
        self._given = dict(zip(graph["arrays"], given, strict=True))
        self._before = {name: np.array(self._given[name]) for name in graph["leaves"]}
        self.leaves = {name: tensor(self._given[name]) for name in graph["leaves"]}
        named, nodes = self._given | self.leaves, []
        for what, arguments, options in graph["nodes"]:
            values = [
                named[a] if isinstance(a, str) else number(a, given[0].dtype) if isinstance(a, list) else nodes[a]
                for a in arguments
            ]
            nodes.append(_a_tensor(applied(what, values, options), what, values))
        self.roots = [nodes[number] for number in graph["roots"]]

    def gradients_of(self, root: int) -> dict[str, object]:
        """What the leaves have for a gradient once a root has been sent backward."""
        self.roots[root].backward()
        self._tell_of_changes()
        return self.gradients()

    def gradients(self) -> dict[str, object]:
        """Copies of what the leaves have for a gradient now; zeros where that is None, or 0."""
        return {name: self._copied(name, leaf.grad) for name, leaf in self.leaves.items()}

    def _copied(self, name: str, gradient: object) -> object:
        if gradient is None:
            return self._zeros(name)
        if not isinstance(gradient, np.ndarray | np.generic | int | float):
            return gradient
        copied = np.array(gradient)
        is_nothing = not copied.shape and copied.dtype.kind in "iuf" and copied == 0  # as many begin
        return self._zeros(name) if is_nothing else copied

    def _zeros(self, name: str) -> NDArray:
        return np.zeros_like(self._before[name])

    def _tell_of_changes(self) -> None:
        """Where a leaf keeps a copy of what it was given, and changes that, it is seen in what was given."""
        for name, leaf in self.leaves.items():
            given, held = self._given[name], leaf.data
            is_like = isinstance(held, np.ndarray) and held.shape == given.shape and given.flags.writeable
            if is_like and not np.array_equal(held, self._before[name], equal_nan=True):
                given[...] = held


class _Asked:
    """A graph, and what it is asked: the first time for its gradients; the second time for what both roots add to them.

    From the third time on new ones are asked, and whether their leaves have gradients of their own.
    """

    def __init__(self, tensor: Callable, graph: dict, given: Sequence[NDArray]):
        self._build = lambda: _Built(tensor, graph, given)
        self._built, self._times = self._build(), 0

    def y(self) -> object:
        return self._built.roots[0].data

    def grad(self, gy: NDArray) -> tuple:
        self._times += 1
        if self._times == 1:
            found = self._first = self._built.gradients_of(0)
        elif self._times == 2:
            found = self._added()
        else:
            found = self._build().gradients_of(0)
            for root in (0, 1):
                found |= _shared(self._build(), root)
        return tuple(found.values())

    def _added(self) -> dict[str, object]:
        """What a second pass from the same root adds, after one from the other root that shares its nodes."""
        other = self._build().gradients_of(1)
        before = self._built.gradients()
        self._built.gradients_of(1)
        after = self._built.gradients_of(0)
        return {name: _difference(after[name], before[name], other[name], due) for name, due in self._first.items()}


def _difference(after: object, before: object, other: object, due: object) -> object:
    """What remains of a gradient without these; what is due, if that is it but for rounding."""
    parts = (after, before, other, due)
    if not all(isinstance(part, np.ndarray) and part.shape == due.shape for part in parts):
        return after
    with np.errstate(all="ignore"):
        size = abs(before) + abs(other) + abs(due)
        added = after - before - other
        near = abs(added - due) <= _SLACK * (size + size.max(initial=0))
        return np.array(due) if np.all(near | ~np.isfinite(size)) else added


def _shared(built: _Built, root: int) -> dict[str, NDArray]:
    """The gradients that change when another leaf's is changed in place, as they are then."""
    before, found = built.gradients_of(root), {}
    held = {name: leaf.grad for name, leaf in built.leaves.items() if isinstance(leaf.grad, np.ndarray)}
    for name, gradient in held.items():
        found |= {other: before[other] + 1 for other, beside in held.items() if other != name and beside is gradient}
        if not gradient.flags.writeable:
            continue
        gradient += 1
        for other, beside in held.items():
            if other != name and not np.array_equal(beside, before[other], equal_nan=True):
                found[other] = np.array(beside)
        gradient[...] = before[name]
    return found


def _a_tensor(value: object, what: str, arguments: Sequence) -> object:
    """The value of a node. Raises TypeError where it is no tensor."""
    if value is None or isinstance(value, np.ndarray | np.generic | int | float) or value is NotImplemented:
        kinds = [
            "array" if isinstance(a, np.ndarray) else "number" if isinstance(a, np.generic | int | float) else "tensor"
            for a in arguments
        ]
        said = f" {what} ".join(kinds) if len(kinds) > 1 else f"{what} of a tensor"
        is_ = "an array" if isinstance(value, np.ndarray) else "None" if value is None else "a number"
        why = (
            ": NumPy computes it entry by entry; __array_ufunc__ = None in the class leaves it to the class"
            if kinds[0] == "array"
            else ""
        )
        raise TypeError(f"{said} is {is_}, but should be a tensor{why}")
    return value
