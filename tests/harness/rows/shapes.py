"""Shapes written as strings of dimensions, and what they are in numbers.

A dimension is a number, which is itself; a letter, drawn at random and the same wherever it stands in the row; a product
of both: `3H` is three times H, `G*D` is G times D. `...` is a run of any number of dimensions, also none, and the same
throughout the row; `...A` is another run. `~...` is a shape that broadcasts to `...`: leading dimensions may be missing,
and any may be 1.
"""

import re
from dataclasses import dataclass, field, replace
from functools import cache

WAYS = 4  # how `~...` may differ from `...`: see _squeezed
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


def broadcast_to(shape: str, dimensions: Dimensions) -> tuple[int, ...]:
    """The run that a shape with `~...` broadcasts to; () for one without."""
    return next((dimensions.runs[token.run] for token in parsed(shape) if token.broadcasts), ())


def squeeze_of(missing: int = 0, ones: tuple[int, ...] = ()) -> int:
    """The `squeeze` by which `~...` lacks so many leading dimensions, and of those that are left, has 1 at these places."""
    return bool(missing) + 2 * bool(ones) + WAYS * (max(missing - 1, 0) + sum(4 << axis for axis in ones))


def _squeezed(sizes: tuple[int, ...], squeeze: int) -> tuple[int, ...]:
    """Some leading dimensions left out, some others made 1, both, or neither."""
    how, rest = squeeze % WAYS, squeeze // WAYS
    if how & 1 and sizes:
        sizes = sizes[1 + rest % 4 % len(sizes) :]
    if how & 2:
        sizes = tuple(1 if rest >> (2 + axis) & 1 else n for axis, n in enumerate(sizes))
    return sizes
