"""Random networks of a submission's own operations, as data: which operation takes the output of which.

Rows are fitted to each other by their shapes alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.oracle import output_shape
from tests.harness.spec import Constant, Operation, concrete

LARGEST = 4  # of a dimension that is free
MOST_ENTRIES = 200  # of an array in a network
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


def random_network(rows: Sequence[Operation], depth: int, rng: np.random.Generator) -> Network | None:
    """A network of up to `depth` nodes in which each takes the output of the one before; None where none of two fits."""
    nodes: list[Node] = []
    shapes: list[tuple[int, ...]] = []
    leaves: list[NDArray] = []
    for _ in range(depth):
        fitting = [
            (op, i) for op in rows for i in range(len(op.inputs)) if _takes(op, i, shapes[-1] if shapes else None)
        ]
        if not fitting:
            break
        op, through = fitting[rng.integers(len(fitting))]
        sizes, batch = _bound(op, through, shapes[-1] if shapes else None, rng)
        inputs: list[int] = []
        for number, (name, pattern) in enumerate(op.shapes.items()):
            shape = concrete(pattern, sizes, batch)
            # What an operation takes as constant gets no gradient, so nothing may come to it from before.
            earlier = [-1 - n for n, s in enumerate(shapes) if s == shape] if name in op.variables else []
            if number == through and shapes:
                inputs.append(-len(shapes))
            elif earlier and rng.random() < _SHARE:
                inputs.append(int(rng.choice(earlier)))
            else:
                inputs.append(len(leaves))
                leaves.append(np.asarray(rng.normal(0, 1, shape).round(2)))
        nodes.append(Node(op.name, tuple(inputs), tuple(i for i, name in enumerate(op.inputs) if name in op.variables)))
        given = tuple(leaves[at] if at >= 0 else np.ones(shapes[-1 - at]) for at in inputs)
        shapes.append(output_shape(op, given))
    if len(nodes) < 2:
        return None
    return Network(
        tuple(nodes), tuple(leaves), np.asarray(rng.normal(0, 1, shapes[-1]).round(2)), _row(rows, nodes, leaves)
    )


def _row(rows: Sequence[Operation], nodes: Sequence[Node], leaves: Sequence[NDArray]) -> Operation:
    """The whole network as one operation, so that the oracle and the judge can take it as such."""
    functions = {op.name: op.torch for op in rows}
    differentiated = {at for node in nodes for i, at in enumerate(node.inputs) if i in node.variables}

    def network(*inputs):
        outputs = []
        for node in nodes:
            outputs.append(functions[node.op](*[inputs[at] if at >= 0 else outputs[-1 - at] for at in node.inputs]))
        return outputs[-1]

    shapes = {f"v{n}": " ".join(map(str, leaf.shape)) for n, leaf in enumerate(leaves)}
    inputs = {name: shape if n in differentiated else Constant(shape) for n, (name, shape) in enumerate(shapes.items())}
    return Operation("compose", inputs, network)


def _takes(op: Operation, number: int, shape: tuple[int, ...] | None) -> bool:
    """Whether the gradient flows on through this input, and an array of this shape fits it."""
    name = list(op.inputs)[number]
    return name in op.variables and (shape is None or _unified(op.shapes[name], shape) is not None)


def _unified(pattern: str, shape: tuple[int, ...]) -> tuple[dict[str, int], tuple[int, ...] | None] | None:
    """Sizes of the letters and of `...` that make the pattern this shape."""
    tokens = pattern.split()
    if "..." in tokens:
        at, extra = tokens.index("..."), len(shape) - len(tokens) + 1
        if extra < 0:
            return None
        batch = shape[at : at + extra]
        tokens, shape = tokens[:at] + tokens[at + 1 :], shape[:at] + shape[at + extra :]
    else:
        batch = None
    if len(tokens) != len(shape):
        return None
    sizes: dict[str, int] = {}
    for token, size in zip(tokens, shape, strict=True):
        if token.isdigit():
            if int(token) != size:
                return None
        elif not token.isalpha() or sizes.setdefault(token, size) != size:
            return None
    return sizes, batch


def _bound(op: Operation, through: int, shape: tuple[int, ...] | None, rng) -> tuple[dict[str, int], tuple[int, ...]]:
    sizes, batch = {letter: int(rng.integers(1, LARGEST + 1)) for letter in op.letters}, None
    if shape is not None:
        fixed, batch = _unified(list(op.shapes.values())[through], shape)
        sizes |= fixed
    if batch is None:
        batch = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3)))
    return sizes, batch
