"""A graph that is being drawn: leaves, constants and nodes whose shapes fit, and whose values stay in the domain of what uses them.

Nothing is computed: of each node is known its shape, a bound of its magnitude, and whether it is positive. What is put
together is in blocks.py; how a graph is written down is said in worker/graphs.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tests.harness.rows.sources import Source

LEAVES, CONSTANTS = ("a", "b", "c"), ("p", "q", "u", "v", "w")
Shape = tuple[int, ...]
ANY, NONZERO, POSITIVE, MODEST, BASES = "any", "nonzero", "positive", "modest", "bases"
EXPONENTS, ZEROS, WEIGHTS, SIGNED, DISTINCT, LARGE = "exponents", "zeros", "weights", "signed", "distinct", "large"
"""What an array may hold: any number; none near 0; positive ones; small ones; positive small ones; 1, 2 or 3;
nothing but 0; multiples of 1/2 from 1/2 to 4; of both signs by turns; no two alike; any number, and where arrays are extreme, one that is too large for exp."""
LARGEST = 12.0  # of the decimal logarithm of a magnitude, at most: float32 ends at 38, and gradients are larger
_SIZES = {MODEST: 0.6, EXPONENTS: 0.5, BASES: 0.6, ZEROS: 0.0, WEIGHTS: 0.6}
_FURTHEST = {False: 1.2, True: 4.0}


@dataclass(frozen=True)
class Term:
    """A value: where it is (a name, or the number of a node), its shape, and what is known of its entries.

    `size`: the decimal logarithm of the largest magnitude, about. `apart`: none is near 0.
    """

    at: str | int
    shape: Shape
    size: float
    positive: bool = False
    apart: bool = False


@dataclass
class Sketch:
    """What is there so far. `open`: the values that nothing uses yet."""

    source: Source
    arrays: dict[str, list] = field(default_factory=dict)
    nodes: list[list] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    open: list[Term] = field(default_factory=list)

    def shape(self, least: int = 0, most: int = 3, ones: bool = True) -> Shape:
        """Any shape of so many axes. `ones`: some of them may be of length 1."""
        axes, ones = least + self.source.byte() % (most - least + 1), ones and self.source.byte() % 3 == 0
        return tuple(1 + byte % 3 if ones else 2 + byte % 3 for byte in (self.source.byte() for _ in range(axes)))

    def leaf(self, shape: Shape, holds: str = ANY) -> Term | None:
        """A new leaf, if there may be one."""
        return self._array(LEAVES, shape, holds)

    def constant(self, shape: Shape, holds: str = ANY) -> Term | None:
        """A new array that is no tensor, likewise."""
        return self._array(CONSTANTS, shape, holds)

    def operand(self, least: int = 0, most: int = 3, holds: str = ANY, ones: bool = True) -> Term:
        """A value with so many axes: a new leaf, one that was open, or one that is used already."""
        fitting = [t for t in self.open if least <= len(t.shape) <= most]
        found = fitting[-1] if fitting and self.source.byte() % 3 else self.leaf(self.shape(least, most, ones), holds)
        if found is None:
            known = [t for t in self.terms if least <= len(t.shape) <= most]
            found = known[self.source.byte() % len(known)] if known else self._spread(least)
        return self.held_to(found, holds)

    def alike(self, shape: Shape, holds: str = ANY) -> Term:
        """A value of this shape: a new leaf, or one that is there, or one made of what is there."""
        found = self.leaf(shape, holds)
        if found is None:
            known = [t for t in self.terms if t.shape == shape]
            found = known[self.source.byte() % len(known)] if known else self._summed(self.terms[0])
        return self.held_to(found, holds)

    def held_to(self, x: Term, holds: str) -> Term:
        """The value, or one made of it, whose entries are what they should be."""
        if holds == MODEST and x.size > _SIZES[MODEST]:
            return self.node(".tanh", [x], x.shape, size=0.0)
        if holds in (POSITIVE, BASES) and not (x.positive and (holds == POSITIVE or x.size <= _SIZES[BASES])):
            return self.node(".exp", [self.held_to(x, MODEST)], x.shape, size=1.8, positive=True, apart=True)
        if holds == NONZERO and not x.apart:
            return self.node(".exp", [self.held_to(x, MODEST)], x.shape, size=1.8, positive=True, apart=True)
        return x

    def below(self, x: Term, size: float) -> Term:
        """The value, or one made of it, of at most this magnitude."""
        return x if x.size <= size else self.node(".tanh", [x], x.shape, size=0.0)

    def node(
        self,
        what: str,
        arguments: list,
        shape: Shape,
        /,
        *,
        size: float | None = None,
        positive: bool = False,
        apart: bool = False,
        **options: object,
    ) -> Term:
        """A new node. Arguments are values, numbers, or what stands for a number in a node."""
        used = [a for a in arguments if isinstance(a, Term)]
        self.nodes.append(
            [what, [a.at if isinstance(a, Term) else a if isinstance(a, list) else [a] for a in arguments], options]
        )
        for x in used:
            if x in self.open:
                self.open.remove(x)
        size = max((x.size for x in used), default=0.0) if size is None else size
        made = Term(len(self.nodes) - 1, shape, size, positive, apart)
        self.terms.append(made)
        self.open.append(made)
        return made

    def product(self, x: Term, y: Term) -> tuple[Term, Term]:
        """Both, small enough to be multiplied."""
        if x.size + y.size > LARGEST:
            x, y = (self.below(x, 4.5), y) if x.size > y.size else (x, self.below(y, 4.5))
        return (self.below(x, 4.5), self.below(y, 4.5)) if x.size + y.size > LARGEST else (x, y)

    def described(self, root: Term, other: Term) -> dict:
        """The graph as data."""
        names = (*LEAVES, *CONSTANTS)
        arrays = {name: self.arrays.get(name, [ANY, []]) for name in names}
        roots = [root.at, other.at]
        return {"arrays": arrays, "leaves": list(LEAVES), "nodes": self.nodes, "roots": roots, "times": 1}

    def _array(self, names: tuple[str, ...], shape: Shape, holds: str) -> Term | None:
        free = [name for name in names if name not in self.arrays]
        if not free:
            return None
        self.arrays[free[0]] = [holds, list(shape)]
        size = _SIZES.get(holds, _FURTHEST[self.source.extreme])
        positive = holds in (POSITIVE, BASES, EXPONENTS)
        made = Term(free[0], shape, size, positive, positive or holds in (NONZERO, SIGNED))
        if names is LEAVES:
            self.terms.append(made)
            self.open.append(made)
        return made

    def _summed(self, x: Term) -> Term:
        return self.node(".sum", [x], (), size=x.size + 0.5) if x.shape else x

    def _spread(self, axes: int) -> Term:
        """A value with so many axes, where there is none: of another, with new axes in front."""
        x = max(self.terms, key=lambda t: len(t.shape))
        new = axes - len(x.shape)
        return self.node("[]", [x], (1,) * new + x.shape, index=[*[None] * new, ["..."]])


def filled(source: Source, holds: str, shape: Shape) -> np.ndarray:
    """An array that holds what it should."""
    values = source.floats(shape)
    one = values.dtype.type(1)
    if holds == ZEROS:
        return np.zeros_like(values)
    if holds == WEIGHTS:
        return np.asarray((1 + source.integers(shape, 8)) / 2, values.dtype)
    if holds == EXPONENTS:
        return np.asarray(1 + source.integers(shape, 3), values.dtype)
    if holds in (MODEST, BASES) and abs(values).max(initial=0) > 4:
        values = values * (4 * one / abs(values).max())
    if holds in (POSITIVE, BASES):
        values = abs(values)
    if holds in (POSITIVE, BASES, NONZERO, SIGNED):
        values = np.where(abs(values) < 0.1, one, values)
    if holds == SIGNED:
        values = abs(values) * (2 * (np.arange(values.size) % 2) - 1).astype(values.dtype).reshape(shape)
    if holds == LARGE and source.extreme and values.size:
        values.flat[source.byte() % values.size] = (1000, -1000)[source.case(2, 2)]
    if holds == DISTINCT:
        order = np.argsort(values, axis=None, kind="stable")
        values = np.array(values)
        values.flat[order] += (np.arange(values.size) / 4).astype(values.dtype)
    return np.asarray(values)


def joint(one: Shape, other: Shape) -> Shape:
    """The shape to which both are broadcast."""
    longest = max(len(one), len(other))
    pairs = zip((1,) * (longest - len(one)) + one, (1,) * (longest - len(other)) + other, strict=True)
    return tuple(m if n == 1 else n for n, m in pairs)
