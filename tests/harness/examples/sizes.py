"""Larger examples than usual: one dimension at a time beyond 256, or all of them together. Nothing is judged here."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from math import prod

from tests.harness.examples.examples import Example, drawn_example, drawn_inputs
from tests.harness.rows.oracle import output_shape
from tests.harness.rows.shapes import Dimensions, concrete
from tests.harness.rows.sources import Fresh
from tests.harness.rows.spec import Operation

# Primes: no block of any length fits. What is grown is beyond a block of 256. A matrix has more rows than columns: then C x C,
# as in np.eye(C)[labels], is little beside N x C, and N x N is much. Of many letters the first are small: what is computed
# may be as much as their product. So are the last, which kernels have: a step for each pair of their rows and columns is no loop.
FEW = {1: (23,), 2: (23, 5), 6: (2, 3, 11, 7, 5, 3), 7: (2, 3, 11, 7, 5, 3, 2)} | {
    n: (3, 5, 7, 11, 13)[:n] for n in range(3, 6)
}
MIDDLE = (127, 131, 137, 139, 149, 151, 157)
MANY = (263, 269, 271, 277, 281, 283, 293)
ENTRIES = 250_000  # of the largest input, or of the output, at most, where all dimensions are large
FEWER = 50_000  # likewise, where there are six letters or more: what is computed from them is much larger
_PRIMES = tuple(n for n in range(3, 1000) if all(n % m for m in range(2, int(n**0.5) + 1)))


@dataclass(frozen=True)
class Grown:
    """A dimension that is to grow while the others stay small: a letter, or one of a run, which is number `axis` there."""

    name: str
    axis: int
    small: Dimensions
    few: int
    middle: int
    many: int

    def of(self, size: int) -> Dimensions:
        """All dimensions, where this one has that size."""
        if self.name in self.small.sizes:
            return Dimensions(self.small.sizes | {self.name: size}, self.small.runs)
        run = self.small.runs[self.name]
        changed = (*run[: self.axis], size, *run[self.axis + 1 :])
        return Dimensions(self.small.sizes, self.small.runs | {self.name: changed})


def grown(op: Operation) -> Iterator[Grown]:
    """The letters of an operation, then the dimensions of its runs."""
    places = [(letter, 0) for letter in op.letters]
    places += [(run, axis) for run in op.runs for axis in range(_deep(op))]
    small = _dimensions(op, FEW[len(places)])
    for (name, axis), few, middle, many in zip(places, FEW[len(places)], MIDDLE, MANY, strict=False):
        size = Grown(name, axis, small, few, middle, many)
        # A matrix whose two sides both grow with a letter is large enough beside a few.
        fits = entries_of(op, size.of(many)) <= 4 * ENTRIES
        yield size if fits else replace(size, small=_dimensions(op, (2,) * len(places)))


def largest(op: Operation) -> Dimensions:
    """The largest dimensions, all of them prime and unequal, the first the largest.

    Neither an input nor the output has more than ENTRIES; where there are many letters, FEWER.
    """
    count, powers = len(op.letters) + _deep(op) * len(op.runs), _powers(op)

    def dimensions(first: int) -> Dimensions:
        return _dimensions(op, _PRIMES[first : first + count][::-1])

    def entries(first: int) -> int:
        sizes = _PRIMES[first : first + count][::-1]
        output = prod(size**power for size, power in zip(sizes, powers, strict=True))
        return max(output, entries_of(op, dimensions(first)))

    most = ENTRIES if len(op.letters) < 6 else FEWER
    return dimensions(max((i for i in range(len(_PRIMES) - count) if entries(i) <= most), default=0))


def entries_of(op: Operation, dimensions: Dimensions) -> int:
    """How many the largest input has."""
    return max(prod(concrete(shape, dimensions)) for shape in op.shapes.values())


class Draws:
    """Examples of an operation from a seed, no two alike; with the same `choices`, all that is no array is alike."""

    def __init__(self, op: Operation, seed: int):
        self._op, self._seed, self._next = op, seed, count()

    def __call__(self, dimensions: Dimensions, *, choices: int) -> tuple[str, Example]:
        """What the example is called, which says all that it is drawn from but the seed; and the example."""

        def number(what: str) -> int:
            return zlib.crc32(f"{self._seed} {self._op.name} fast {what}".encode())

        arrays = next(self._next)
        source = Fresh(number(f"choices {choices}"), arrays=number(f"arrays {arrays}"))
        return f"fast {dimensions} {choices} {arrays}", drawn_example(self._op, dimensions, source)


def _powers(op: Operation) -> list[int]:
    """How often each dimension is a factor of the output's size, where it is one: of what primes for sizes it is made."""
    sizes = _PRIMES[3 : 3 + len(op.letters) + _deep(op) * len(op.runs)]
    inputs = drawn_inputs(op, _dimensions(op, sizes), Fresh(0, arrays=0))
    left = prod(output_shape(op, inputs))
    return [max(n for n in range(4) if left % size**n == 0) for size in sizes]


def _deep(op: Operation) -> int:
    """How many dimensions a run has here."""
    return 2 if len(op.runs) == 1 else 1


def _dimensions(op: Operation, sizes: tuple[int, ...]) -> Dimensions:
    """These sizes in order: first the letters', then the runs'."""
    left = iter(sizes)
    letters = {letter: next(left) for letter in op.letters}
    return Dimensions(letters, {run: tuple(next(left) for _ in range(_deep(op))) for run in op.runs})
