"""The kinds of a row whose inputs are a graph of tensors, and its arrays. How a graph is written down: worker/graphs.py.

The graph is drawn first, of blocks (blocks.py) that all come in their turn. It ends in a sum of everything that is left,
each part weighted by an array of its own, so that gradients are not alike and no entry can be taken for another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from tests.harness.rows.blocks import BLOCKS, function
from tests.harness.rows.kind import Context, Kind
from tests.harness.rows.plain import Plain
from tests.harness.rows.sketch import LARGEST, LEAVES, WEIGHTS, Sketch, Term, filled

if TYPE_CHECKING:
    from tests.harness.rows.sources import Source

MOST = 3  # blocks of a graph


@dataclass(frozen=True)
class Graph(Plain):
    """A graph. All that it holds but for numbers is drawn after it.

    `functions`: the methods that compute a function of each entry, and what these take.
    """

    functions: tuple[tuple[str, str], ...] = ()
    variety = 8

    def draw(self, source: Source, at: Context) -> dict:
        sketch = Sketch(source)
        known = (*BLOCKS, *(partial(function, f".{what}", holds) for what, holds in self.functions))
        blocks = [source.case(len(known), len(known)) for _ in range(MOST)]
        for block in blocks[: 1 + source.case(MOST, MOST)]:
            known[block](sketch)
        root = ended(sketch)
        return sketch.described(root, _other(sketch, root))

    def rank(self, value: dict, at: Context) -> int:
        return len(value["nodes"])


@dataclass(frozen=True)
class Part(Kind):
    """One of the graph's arrays."""

    name: str = ""
    differentiated: bool = True

    @property
    def is_array(self) -> bool:
        return False  # of no shape that the row could say

    def draw(self, source: Source, at: Context) -> NDArray:
        (graph,) = (value for value in at.inputs.values() if isinstance(value, dict))
        holds, shape = graph["arrays"][self.name]
        return filled(source, holds, tuple(shape))


def ended(sketch: Sketch) -> Term:
    """The node of one entry in which everything ends that is open."""
    parts = [_weighted(sketch, term) for term in list(sketch.open)]
    root = parts[0]
    for part in parts[1:]:
        root = sketch.node("+", [root, part], (), size=max(root.size, part.size) + 0.3)
    return sketch.node("*", [root, 2], ()) if isinstance(root.at, str) else root


def _other(sketch: Sketch, root: Term) -> Term:
    """Another node of one entry, which has something in common with the root: the sum of one that is there, and of one like it.

    Where there may be a new leaf, they are two leaves, to which the same gradient comes.
    """
    there = [term for term in sketch.terms if term is not root]
    leaves = [term for term in there if isinstance(term.at, str)]
    some = leaves if len(leaves) < len(LEAVES) or sketch.source.byte() % 2 else there
    one = some[sketch.source.byte() % len(some)]
    both = sketch.node("+", [one, sketch.alike(one.shape)], one.shape)
    return sketch.node(".sum", [sketch.node("*", [both, 2], one.shape)], ())


def _weighted(sketch: Sketch, term: Term) -> Term:
    """The sum of its entries, each of a weight of its own."""
    if not term.shape:
        return term
    term = sketch.below(term, LARGEST)
    weights = sketch.constant(term.shape, WEIGHTS)
    weighted = sketch.node("*", [term, weights], term.shape) if weights else sketch.node(".tanh", [term], term.shape)
    return sketch.node(".sum", [weighted], ())
