"""Where the values of an example come from: the bytes that hypothesis draws, or a random generator.

All answer the same questions, so that a kind of input (kind.py) is drawn in one way only.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from math import prod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.shapes import WAYS, squeeze_of

MOST_ENTRIES = 256  # an array repeats hypothesis's bytes beyond this many entries, or where there are no more
LAYERS, GRADIENT_LAYERS = 16, 8  # of a table of values, and of one for gy: as many parts of equal length
_STOCK = 2**14  # bytes that are made at once


class Source(Protocol):
    """What a kind draws from. `extreme`: whether arguments may be as far out as their domain allows."""

    extreme: bool

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        """Floats of any size and sign. `off_centre`: more often such as lie about one large number."""

    def halves(self, shape: tuple[int, ...]) -> NDArray:
        """Likewise, but now and then multiples of 1/2: their differences are often the same number."""

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        """Floats from a table of 256, the simplest first."""

    def integers(self, shape: tuple[int, ...], below: int) -> NDArray:
        """Integers from 0 to below a number, as int64."""

    def case(self, cases: int, known: int = 1) -> int:
        """Which of so many cases; 0 is the simplest. Only the first `known` may be needed to explain a failure."""

    def byte(self) -> int:
        """A number from 0 to 255; 0 is the simplest."""

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        """Likewise, for how a broadcast array differs from the run that it broadcasts to (see shapes.concrete)."""


class Bytes:
    """Bytes as numbers: a smaller byte is a simpler one. It starts at `at`, and takes them in order.

    `numbers`: the 256 floats that bytes stand for. `offsets`: what is added now and then to a whole array of small ones.
    `simple`: whether what may be on a grid is.
    """

    def __init__(
        self,
        raw: NDArray,
        numbers: NDArray,
        *,
        offsets: tuple[float, ...] = (),
        extreme: bool = False,
        simple: bool = True,
        at: int = 0,
    ):
        self._raw, self._numbers, self._offsets, self._simple, self._at = raw, numbers, offsets, simple, at
        self.extreme = extreme

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        choice = self.byte() if self._offsets else 0
        if choice >= (64 if off_centre else 224):
            small = self._taken(shape) / 64  # from 0 to 4, in steps that float32 has too
            return (small + self._offsets[choice % len(self._offsets)]).astype(self._numbers.dtype).reshape(shape)
        return self._numbers[self._measured(shape)].reshape(shape)

    def halves(self, shape: tuple[int, ...]) -> NDArray:
        values = self.floats(shape)
        return np.asarray(np.rint(values * 2) / 2 + 0.0) if self._simple else values  # no negative zero

    def picked(self, table: NDArray, shape: tuple[int, ...]) -> NDArray:
        return table[self._taken(shape)].astype(self._numbers.dtype).reshape(shape)

    def integers(self, shape: tuple[int, ...], below: int) -> NDArray:
        return (self._taken(shape).astype(np.int64) % below).reshape(shape)

    def case(self, cases: int, known: int = 1) -> int:
        return self.byte() % cases

    def byte(self) -> int:
        self._at += 1
        return int(self._raw[self._at - 1])

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        return self.byte()

    def _measured(self, shape: tuple[int, ...]) -> NDArray:
        """Likewise, for entries of the table of floats."""
        return self._taken(shape)

    def _taken(self, shape: tuple[int, ...]) -> NDArray:
        """A byte for each entry of an array, in one row."""
        size = prod(shape)
        start, self._at = self._at, self._at + min(size, MOST_ENTRIES)
        part = self._raw[start : self._at]
        return part if len(part) == size else np.resize(part, size)


class Chance:
    """A random generator's bytes, many of them made at once, and cases dealt from decks.

    A deck has every case once: none comes again before all have come.
    """

    def __init__(self, seed: int):
        self._rng, self._decks, self._layers = np.random.default_rng(seed), {}, {}
        self._bytes, self._raw, self._at = b"", np.zeros(0, np.uint8), 0

    def raw(self, size: int) -> NDArray:
        """So many bytes as an array."""
        at = self._beyond(size)
        return self._raw[at : self._at]

    def bytes(self, size: int) -> bytes:
        """So many bytes."""
        at = self._beyond(size)
        return self._bytes[at : self._at]

    def dealt(self, deck: object, cases: int) -> int:
        """The next case of a deck, which is made anew when nothing is left of it."""
        left = self._decks.setdefault((deck, cases), [])
        if not left:
            left += self._rng.permutation(cases).tolist()
        return left.pop()

    def layered(self, deck: object, size: int, layers: int) -> NDArray:
        """So many bytes as an array, by turns from all layers of a table, in any order; the turns go on from array to array."""
        left = self._layers.get(deck, self._raw[:0])
        if len(left) < size:
            turns = np.tile(np.arange(0, 256, 256 // layers, dtype=np.uint8), (1 + (size - len(left)) // layers, 1))
            left = np.concatenate([left, self._rng.permuted(turns, axis=1).ravel()])
        self._layers[deck] = left[size:]
        return left[:size] + self.raw(size) % (256 // layers)

    def _beyond(self, size: int) -> int:
        if self._at + size > len(self._bytes):
            self._bytes, self._at = self._rng.bytes(max(size, _STOCK)), 0
            self._raw = np.frombuffer(self._bytes, np.uint8)
        self._at += size
        return self._at - size


class Dealt(Bytes):
    """As many random bytes as are asked for, and cases from decks: one deck a question, in the order in which they come.

    `layers`: how many the table of floats has, if they are to come from all of them by turns. `scales`: what the arrays of
    floats are multiplied by, one after another.
    """

    def __init__(self, chance: Chance, numbers: NDArray, *, layers: int = 0, scales: Iterable[float] = (), **how):
        super().__init__(np.zeros(0, np.uint8), numbers, **how)
        self._chance, self._layers, self._scales = chance, layers, iter(scales)
        self._asked = self._squeezed = 0

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        scale = self._numbers.dtype.type(next(self._scales, 1))
        return np.asarray(super().floats(shape, off_centre=off_centre) * scale)

    def case(self, cases: int, known: int = 1) -> int:
        self._asked += 1
        return self._chance.dealt(self._asked, cases)

    def byte(self) -> int:
        return self._chance.bytes(1)[0]

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        """An axis inside that is 1 comes in its turn: with another one in front, only then do entries not repeat in order."""
        self._squeezed += 1
        inside = [axis for axis, n in enumerate(sizes) if n > 1][1:]
        how = self._chance.dealt(("squeeze", self._squeezed, len(inside)), WAYS + bool(inside))
        if how < WAYS:
            return how + self.byte() // WAYS * WAYS
        axis = self._chance.dealt(("axis", self._squeezed, len(inside)), len(inside))
        return squeeze_of(ones=(inside[axis],))

    def _measured(self, shape: tuple[int, ...]) -> NDArray:
        if not self._layers:
            return self._taken(shape)
        self._asked += 1
        return self._chance.layered((self._layers, self._asked), prod(shape), self._layers)

    def _taken(self, shape: tuple[int, ...]) -> NDArray:
        return self._chance.raw(prod(shape))


class Counting:
    """Counts what is taken, and gives the simplest of everything."""

    extreme = True

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

    def case(self, cases: int, known: int = 1) -> int:
        return self.byte()

    def byte(self) -> int:
        self.taken += 1
        return 0

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        return self.byte()


class Random:
    """Values from a generator that are not simple: neither zero nor alike, but for a share of `zeros`.

    What is no array comes from a generator of its own, so that it can be the same where the arrays differ.
    """

    extreme = False

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

    def case(self, cases: int, known: int = 1) -> int:
        return self.byte() % known if known > 1 else 0

    def byte(self) -> int:
        return int(self._choices.integers(256))

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        return self.byte()


class ByTurns(Random):
    """Likewise. Of broadcast arrays, every other one is whole, so that those between are repeated: each way comes in its turn."""

    def __init__(self, turn: int, arrays: int | None = None):
        super().__init__(turn, arrays=arrays)
        self._turns = count(turn)

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        turn, axes = next(self._turns), len(sizes)
        if turn % 2 or not axes:
            return 0
        ways = (
            squeeze_of(missing=1, ones=(0,)),
            squeeze_of(missing=axes),
            squeeze_of(ones=(0,)),
            squeeze_of(ones=(axes - 1,)),
            squeeze_of(missing=1),
            squeeze_of(ones=tuple(range(1, axes))),
        )
        return ways[turn // 2 % len(ways)]


class Fresh(Random):
    """Likewise. Of broadcast arrays, the first lacks an axis, or has length 1 there, and the others are whole."""

    def __init__(self, seed: int, arrays: int):
        super().__init__(seed, arrays=arrays)
        self._squeezes = iter((1 + int(self._choices.integers(255)),))

    def floats(self, shape: tuple[int, ...], *, off_centre: bool = False) -> NDArray:
        sign = 1 - 2 * self._rng.integers(0, 2, shape, np.int8)
        return np.asarray(self._rng.uniform(0.3, 2.0, shape) * sign)  # quickly: there are many

    halves = floats

    def squeeze(self, sizes: tuple[int, ...]) -> int:
        return next(self._squeezes, 0)
