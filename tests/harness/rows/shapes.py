"""Shapes written as strings of dimensions, and what they are in numbers.

A dimension is a number, which is itself; a letter, drawn at random and the same wherever it stands in the row; a product
of both: `3H` is three times H, `G*D` is G times D. `...` is a run of any number of dimensions, also none, and the same
throughout the row; `...A` is another run. `~...` is a shape that broadcasts to `...`: leading dimensions may be missing,
and any may be 1.
"""

import re
from dataclasses import dataclass, field, replace
from functools import cache

WAYS, ONE_AXIS = 5, 2  # how `~...` may differ from `...`, of which one makes one axis 1: see _squeezed
_TOKEN = re.compile(r"(?P<broadcast>~?)(?P<run>\.\.\.[A-Z]?)|(?P<times>\d*)(?P<letters>(?:[A-Z](?:\*[A-Z])*)?)")


@dataclass(frozen=True)
class Token:
    """One word of a shape: a run of dimensions, which may be broadcast, or a number times letters."""

    run: str = ""
    broadcasts: bool = False
    times: int = 1
    letters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Dimensions:
    """What the letters and the runs of a row stand for."""

    sizes: dict[str, int] = field(default_factory=dict)
    runs: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> int | tuple[int, ...]:
        return self.runs[name] if name.startswith(".") else self.sizes[name]

    def smaller(self, name: str, axis: int = 0, *, drop: bool = False) -> "Dimensions":
        """With a letter, or one dimension of a run, smaller by one; or with that dimension of the run left out."""
        if not name.startswith("."):
            return replace(self, sizes=self.sizes | {name: self.sizes[name] - 1})
        run = self.runs[name]
        middle = () if drop else (run[axis] - 1,)
        return replace(self, runs=self.runs | {name: (*run[:axis], *middle, *run[axis + 1 :])})


@cache
def parsed(shape: str) -> tuple[Token, ...]:
    """The dimensions of a shape. Raises ValueError where one cannot be read."""
    tokens = []
    for word in shape.split():
        match = _TOKEN.fullmatch(word)
        if not match:
            raise ValueError(f"{word!r} is not a dimension; write N, 3H, G*D, 1, ..., ...A or ~...")
        if match["run"]:
            tokens.append(Token(match["run"], bool(match["broadcast"])))
        else:
            letters = tuple(filter(None, match["letters"].split("*")))
            tokens.append(Token(times=int(match["times"] or 1), letters=letters))
    return tuple(tokens)


def concrete(shape: str, dimensions: Dimensions, squeeze: int = 0) -> tuple[int, ...]:
    """The shape in numbers. `squeeze`, from 0 to 255, says how `~...` differs from `...`: not at all for 0."""
    result: list[int] = []
    for token in parsed(shape):
        if token.run:
            sizes = dimensions.runs[token.run]
            result += _squeezed(sizes, squeeze) if token.broadcasts and squeeze else sizes
        else:
            result.append(length(token, dimensions))
    return tuple(result)


def length(token: Token, dimensions: Dimensions) -> int:
    """How long a dimension is that is no run."""
    size = token.times
    for letter in token.letters:
        size *= dimensions.sizes[letter]
    return size


def place(shape: str, word: str, dimensions: Dimensions) -> int:
    """The axis at which a dimension stands in a shape without `~...`."""
    words = shape.split()
    return len(concrete(" ".join(words[: words.index(word)]), dimensions))


def broadcast_axes(shape: str, dimensions: Dimensions) -> int:
    """How many dimensions the run has that a shape with `~...` broadcasts to."""
    return next(len(dimensions.runs[token.run]) for token in parsed(shape) if token.broadcasts)


def _squeezed(sizes: tuple[int, ...], squeeze: int) -> tuple[int, ...]:
    """Neither; some leading dimensions left out; one made 1; some left out and some others made 1; some made 1."""
    how, rest = squeeze % WAYS, squeeze // WAYS
    if how == ONE_AXIS and sizes:
        return tuple(1 if axis == rest % len(sizes) else n for axis, n in enumerate(sizes))
    if how in (1, 3) and sizes:
        sizes = sizes[1 + rest % 4 % len(sizes) :]
        rest //= 4
    return tuple(1 if how >= 3 and rest >> axis & 1 else n for axis, n in enumerate(sizes))
