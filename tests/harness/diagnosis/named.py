"""Numbers that are known by a name: those among a row's inputs, what is made of them, and the roots of its sizes."""

import math

from tests.harness.diagnosis.samples import Sample
from tests.harness.rows.shapes import length, parsed

_ROUNDED = 1e-9  # relative: what a row adds to a number for its rounding


class Named(float):
    """A number among the inputs, that knows its name, and with it what is made of it on the way."""

    words = ""

    def __rsub__(self, other):
        if not isinstance(other, int | float):
            return NotImplemented
        return named(float(other) - float(self), f"{other} - {self.words}")

    def __rmul__(self, other):
        if not isinstance(other, int | float):
            return NotImplemented
        return named(float(other) * float(self), f"{other} * {self.words}")

    def __mul__(self, other):
        if not isinstance(other, int | float):
            return NotImplemented
        same = abs(other - 1) < _ROUNDED
        return named(float(self) * float(other), self.words if same else f"{self.words} * {other}")


def named(value: float, words: str) -> Named:
    """A number of this name."""
    number = Named(value)
    number.words = words
    return number


def sized(sample: Sample) -> dict[str, int]:
    """The dimensions of a row, as a sentence calls them, and their sizes in a sample."""
    op, sizes = sample.op, dict(sample.sizes)
    for token in (token for shape in op.shapes.values() for token in parsed(shape) if len(token.letters) > 1):
        sizes["*".join(token.letters)] = length(token, sample.example.dimensions)
    return {op.said(word).strip("()"): size for word, size in sizes.items()}


def roots(sample: Sample) -> dict[float, str]:
    """The square roots of these sizes, where nothing else is that number by chance, and the words for them."""
    sizes = sized(sample)
    only = {word: n for word, n in sizes.items() if list(sizes.values()).count(n) == 1 and math.isqrt(n) ** 2 != n}
    return {math.sqrt(n): f"sqrt({word})" for word, n in only.items()}
