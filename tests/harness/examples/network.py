"""Random networks of a submission's own operations, as data: which operation takes the output of which.

Rows are fitted to each other by their shapes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import drawn_inputs
from tests.harness.rows.arrays import Floats
from tests.harness.rows.kind import Kind
from tests.harness.rows.oracle import output_shape
from tests.harness.rows.plain import Plain
from tests.harness.rows.shapes import Dimensions, length, parsed
from tests.harness.rows.sources import Random
from tests.harness.rows.spec import Operation

LARGEST = 4  # of a dimension that is free
WIDE = range(5, 13)  # one free letter in a network of five
_SHARE = 0.4  # how often an input that fits is an earlier output, not a new leaf


@dataclass(frozen=True)
class Node:
    """One call: the operation's name, and where its inputs come from: leaves are numbered 0, 1, ...; nodes -1, -2, ..."""

    op: str
    inputs: tuple[int, ...]
    variables: tuple[int, ...]  # which of the inputs are differentiated


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes in order of computation; the last one's output is the network's. `leaves` are its inputs."""

    nodes: tuple[Node, ...]
    leaves: tuple[NDArray, ...]
    gy: NDArray
    row: Operation

    def plain_nodes(self) -> list[list]:
        """The nodes as the wire carries them, and as `observe_network` takes them."""
        return [[node.op, list(node.inputs), list(node.variables)] for node in self.nodes]

    def __str__(self) -> str:
        def name(at: int) -> str:
            return f"v{at}" if at >= 0 else f"h{-at}"

        return "; ".join(
            f"h{n} = {node.op}({', '.join(map(name, node.inputs))})" for n, node in enumerate(self.nodes, 1)
        )


def random_network(
    rows: Sequence[Operation], depth: int, rng: np.random.Generator, first: Operation | None = None
) -> Network | None:
    """A network of up to `depth` nodes in which each takes the output of the one before; None where none of two fits.

    `first`: the operation that it begins with, or any.
    """
    nodes: list[Node] = []
    shapes: list[tuple[int, ...]] = []
    leaves: list[NDArray] = []
    for _ in range(depth):
        fitting = [
            (op, i)
            for op in (rows if nodes or not first else [first])
            for i in range(len(op.inputs))
            if _takes(op, i, shapes[-1] if shapes else None)
        ]
        if not fitting:
            break
        op, through = fitting[rng.integers(len(fitting))]
        dimensions = _bound(op, through, shapes[-1] if shapes else None, rng)
        inputs: list[int] = []
        drawn = drawn_inputs(op, dimensions, Random(int(rng.integers(2**32))))
        for number, (name, value) in enumerate(zip(op.inputs, drawn, strict=True)):
            # What an operation takes as constant gets no gradient, so nothing may come to it from before.
            fits = _is_open(op.kinds[name])
            earlier = [-1 - n for n, s in enumerate(shapes) if fits and s == value.shape]
            if number == through and shapes:
                inputs.append(-len(shapes))
            elif earlier and rng.random() < _SHARE:
                inputs.append(int(rng.choice(earlier)))
            else:
                inputs.append(len(leaves))
                leaves.append(value)
        nodes.append(Node(op.name, tuple(inputs), tuple(i for i, name in enumerate(op.inputs) if name in op.variables)))
        given = tuple(leaves[at] if at >= 0 else np.ones(shapes[-1 - at]) for at in inputs)
        shapes.append(output_shape(op, given))
    if len(nodes) < 2:
        return None
    return Network(tuple(nodes), tuple(leaves), np.asarray(rng.normal(0, 1, shapes[-1])), _row(rows, nodes, leaves))


def _row(rows: Sequence[Operation], nodes: Sequence[Node], leaves: Sequence[NDArray]) -> Operation:
    """The whole network as one operation, so that the oracle and the judge can take it as such."""
    functions = {op.name: op.torch for op in rows}
    differentiated = {at for node in nodes for i, at in enumerate(node.inputs) if i in node.variables}

    def network(*inputs):
        outputs = []
        for node in nodes:
            outputs.append(functions[node.op](*[inputs[at] if at >= 0 else outputs[-1 - at] for at in node.inputs]))
        return outputs[-1]

    kinds: dict[str, Kind] = {}
    for n, leaf in enumerate(leaves):
        is_float = isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"
        shape = " ".join(map(str, leaf.shape)) if is_float else ""
        kinds[f"v{n}"] = Floats(shape, differentiated=n in differentiated) if is_float else Plain()
    return Operation("compose", kinds, network)


def _is_open(kind: Kind) -> bool:
    """Whether any array of floats may stand here, and the gradient flows on through it."""
    return isinstance(kind, Floats) and kind.differentiated and not kind.nonzero


def _takes(op: Operation, number: int, shape: tuple[int, ...] | None) -> bool:
    """Whether the gradient flows on through this input, and an array of this shape fits it."""
    name = op.inputs[number]
    if op.form:  # it is not called with its inputs one by one
        return False
    return _is_open(op.kinds[name]) and (shape is None or _unified(op.shapes[name], shape) is not None)


def _unified(pattern: str, shape: tuple[int, ...]) -> Dimensions | None:
    """Sizes of the letters and of one run that make the pattern this shape; None where nothing does."""
    tokens = parsed(pattern)
    runs = [number for number, token in enumerate(tokens) if token.run]
    found = Dimensions()
    if len(runs) > 1 or len(shape) < len(tokens) - len(runs) or (not runs and len(shape) != len(tokens)):
        return None
    if runs:
        stop = len(shape) - (len(tokens) - runs[0] - 1)
        found.runs[tokens[runs[0]].run] = shape[runs[0] : stop]
        tokens, shape = tokens[: runs[0]] + tokens[runs[0] + 1 :], shape[: runs[0]] + shape[stop:]
    for token, size in zip(tokens, shape, strict=True):
        left, odd = divmod(size, token.times)
        if odd or not left:
            return None
        for letter in token.letters:  # of a product, the first letter takes all
            left //= found.sizes.setdefault(letter, left)
        if left != 1 or size != length(token, found):
            return None
    return found


def _bound(op: Operation, through: int, shape: tuple[int, ...] | None, rng: np.random.Generator) -> Dimensions:
    found = Dimensions() if shape is None else _unified(op.shapes[op.inputs[through]], shape)
    sizes = {letter: int(rng.integers(1, LARGEST + 1)) for letter in op.letters}
    if sizes and rng.random() < 1 / 5:
        sizes[op.letters[rng.integers(len(op.letters))]] = int(rng.choice(WIDE))
    runs = {run: tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3))) for run in op.runs}
    return Dimensions(sizes | found.sizes, runs | found.runs)
