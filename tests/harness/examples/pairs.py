"""Examples in which two dimensions are large together: two that no input has both of. Nothing is judged here.

Where one input has both, so many entries are given. Elsewhere nothing need be held for each pair, unless the output is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

from tests.harness.examples.sizes import ENTRIES, entries_of
from tests.harness.rows.arrays import Labels
from tests.harness.rows.shapes import Dimensions, parsed
from tests.harness.rows.spec import Operation

LARGE = (503, 509)  # primes: no block of any length fits
_SMALL = (2, 3, 5, 7, 11, 13, 17)
_WORK = 50_000_000  # the product of all letters, at most: what is computed may be as much


@dataclass(frozen=True)
class Pair:
    """Two dimensions, as a sentence calls them, and all dimensions where these two are large."""

    names: tuple[str, str]
    dimensions: Dimensions


def pairs(op: Operation) -> Iterator[Pair]:
    """Each pair of letters that no input has both of; runs are of no dimension.

    Not of classes, which people count in the rows of an identity matrix: that is large whatever else is. Not where an input would have more than ENTRIES, or where there are so many letters that a call would take long.
    """
    given = [{letter for token in parsed(shape) for letter in token.letters} for shape in op.shapes.values()]
    classes = {kind.below for kind in op.kinds.values() if isinstance(kind, Labels)}
    for both in combinations([letter for letter in op.letters if letter not in classes], 2):
        small = dict(zip((letter for letter in op.letters if letter not in both), _SMALL, strict=False))
        dimensions = Dimensions(dict(zip(both, LARGE, strict=True)) | small, dict.fromkeys(op.runs, ()))
        fits = entries_of(op, dimensions) <= ENTRIES and prod(dimensions.sizes.values()) <= _WORK
        if fits and not any(set(both) <= letters for letters in given):
            yield Pair((op.said(both[0]), op.said(both[1])), dimensions)
