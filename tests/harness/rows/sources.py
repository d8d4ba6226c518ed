"""Where the values of an example come from: the bytes that hypothesis draws, or a random generator.

Both answer the same four questions, so that a kind of input (kind.py) is drawn in one way only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MOST_ENTRIES = 256  # an array repeats its values beyond this many entries


class Source(Protocol):
    """What a kind draws from."""

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        """Floats of any size and sign. `off_centre`: more often such as lie about one large number."""

    def halves(self, shape: tuple[int, ...]) -> NDArray:
        """Likewise, but multiples of 1/2 where simple values are wanted: their differences are often the same number."""

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        """Floats from a table of 256, the simplest first."""

    def integers(self, shape: tuple[int, ...], below: int) -> NDArray:
        """Integers from 0 to below a number, as int64."""

    def byte(self) -> int:
        """A number from 0 to 255; 0 is the simplest."""

    def squeeze(self) -> int:
        """Likewise, for how a broadcast array differs from what it broadcasts to (see shapes.concrete)."""


@dataclass(frozen=True, eq=False)
class Table:
    """256 floats, the simplest first, and what is now and then added to a whole array of small ones.

    In one example of four only the first `few` are drawn, so that they are often equal; in two of four where ties matter.
    """

    values: NDArray
    few: int
    offsets: tuple[float, ...] = ()


class Bytes:
    """Bytes as numbers: a smaller byte is a simpler one. It starts at `at`, and takes them in order.

    `values`: the floats that the bytes stand for. `offsets`: what is added now and then to a whole array of small ones.
    """

    def __init__(self, raw: NDArray, values: NDArray, offsets: tuple[float, ...], at: int):
        self._raw, self._values, self._offsets, self._at = raw, values, offsets, at

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        choice = self.byte() if self._offsets else 0
        if choice >= (64 if off_centre else 224):
            small = self._raw[self._part(shape)] / 64  # from 0 to 4, in steps that float32 has too
            return _filling(shape, (small + self._offsets[choice % len(self._offsets)]).astype(self._values.dtype))
        return _filling(shape, self._values[self._part(shape)])

    def halves(self, shape: tuple[int, ...]) -> NDArray:
        return np.rint(self.floats(shape) * 2) / 2 + 0.0  # no negative zero

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        return _filling(shape, table[self._raw[self._part(shape)]].astype(self._values.dtype))

    def integers(self, shape: tuple[int, ...], below: int) -> NDArray:
        return _filling(shape, self._raw[self._part(shape)].astype(np.int64) % below)

    def byte(self) -> int:
        self._at += 1
        return int(self._raw[self._at - 1])

    squeeze = byte

    def _part(self, shape: tuple[int, ...]) -> slice:
        start = self._at
        self._at += min(prod(shape), MOST_ENTRIES)
        return slice(start, self._at)


class Counting:
    """Counts what is taken, and gives the simplest of everything."""

    def __init__(self) -> None:
        self.taken = 0

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        self.taken += 1 + min(prod(shape), MOST_ENTRIES)
        return np.ones(shape)

    halves = floats

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        self.taken += min(prod(shape), MOST_ENTRIES)
        return np.full(shape, table[0])

    def integers(self, shape: tuple[int, ...], below: int) -> NDArray:
        self.taken += min(prod(shape), MOST_ENTRIES)
        return np.zeros(shape, np.int64)

    def byte(self) -> int:
        self.taken += 1
        return 0

    squeeze = byte


class Random:
    """Values from a generator that are not simple: neither zero nor alike, but for a share of `zeros`.

    What is no array comes from a generator of its own, so that it can be the same where the arrays differ.
    """

    def __init__(self, seed: int, zeros: float = 0.0, arrays: int | None = None):
        self._choices = np.random.default_rng([seed, 1])
        self._rng, self._zeros = np.random.default_rng(seed if arrays is None else arrays), zeros

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        size, sign = self._rng.uniform(0.3, 2.0, shape), self._rng.choice([-1, 1], shape)
        return np.array(size * sign * (self._rng.random(shape) >= self._zeros))

    halves = floats

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        first = 0 if self._zeros else len(table) // 2  # beyond it, no simple ones
        return np.array(table[self._rng.integers(first, len(table), shape)])

    def integers(self, shape: tuple[int, ...], below: int) -> NDArray:
        return np.array(self._rng.integers(0, below, shape))

    def byte(self) -> int:
        return int(self._choices.integers(256))

    squeeze = byte


class Fresh(Random):
    """Likewise. Of broadcast arrays, the first lacks an axis, or has length 1 there, and the others are whole."""

    def __init__(self, seed: int, arrays: int):
        super().__init__(seed, arrays=arrays)
        self._squeezes = iter((1 + int(self._choices.integers(255)),))

    def squeeze(self) -> int:
        return next(self._squeezes, 0)


def _filling(shape: tuple[int, ...], values: NDArray) -> NDArray:
    return values.reshape(shape) if len(values) == prod(shape) else np.resize(values, shape)
