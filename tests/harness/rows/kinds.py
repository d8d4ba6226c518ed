"""The kinds of inputs that a row can name: what each is drawn from, and what it becomes where the example gets smaller.

A plain string in a row is the shape of floats that are differentiated. Everything else is one of these, and constant,
but for `nonzero`. A kind draws from a source (sources.py), which knows nothing of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.shapes import Dimensions, concrete, parsed, place

if TYPE_CHECKING:
    from tests.harness.rows.sources import Source

_FEWEST = 0.1  # the least magnitude of what is away from zero


@dataclass(frozen=True)
class Setting:
    """What is known when an input is drawn: the dimensions, the shapes of the row, and the inputs before this one."""

    dimensions: Dimensions
    shapes: dict[str, str]
    inputs: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """What an input is. `shape` is empty where it is no array."""

    shape: str = ""
    differentiated = False
    variety = 1  # how many times as many examples it takes to see what it can be

    @property
    def is_array(self) -> bool:
        return True

    def draw(self, source: Source, at: Setting) -> object:
        """A value from the source. How much is taken of it depends on the dimensions alone."""
        raise NotImplementedError

    def fitted(self, value: object, at: Setting, lost: Lost) -> object:
        """What becomes of the value where the example loses a slice. Raises Unfit where nothing can."""
        return lost.taken_from(value, self.shape)

    def simpler(self, value: object, at: Setting) -> Iterator[object]:
        """Simpler values that may stand in its place, the simplest first."""
        return iter(())

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        """What may be special about a value: `only where {v} ...`, and whether it holds."""
        return iter(())


class Unfit(Exception):
    """There is no such value in a smaller example."""


@dataclass(frozen=True)
class Lost:
    """The slice that an example loses: of a letter, or along an axis of a run. `drop`: that axis of length 1 goes."""

    name: str
    index: int
    before: Dimensions
    axis: int = 0
    drop: bool = False

    @property
    def after(self) -> Dimensions:
        return self.before.smaller(self.name, self.axis, drop=self.drop)

    def taken_from(self, array: NDArray, shape: str) -> NDArray:
        """The array without the slice."""
        tokens, at = parsed(shape), 0
        for token in tokens:
            if token.run:
                length = len(self.before.runs[token.run])
                if token.broadcasts:  # the array may have fewer of these dimensions
                    length = array.ndim - sum(1 for t in tokens if not t.run)
                if token.run == self.name:
                    axis = at + length - len(self.before.runs[token.run]) + self.axis
                    if axis >= at:
                        if self.drop:
                            return array.reshape(array.shape[:axis] + array.shape[axis + 1 :])
                        # Of a broadcast array, an axis that is 1 already stays.
                        array = np.delete(array, self.index, axis) if array.shape[axis] > 1 else array
                at += length - self.drop * (token.run == self.name)
            else:
                if self.name in token.letters:
                    array = self._without_factor(array, at, token.times, token.letters)
                at += 1
        return array

    def axis_of(self, shape: str) -> int | None:
        """The axis that goes, where one goes, of an array of this shape (without `~...`)."""
        if not self.drop:
            return None
        at = 0
        for token in parsed(shape):
            if token.run == self.name:
                return at + self.axis
            at += len(self.before.runs[token.run]) if token.run else 1
        return None

    def _without_factor(self, array: NDArray, axis: int, times: int, letters: tuple[str, ...]) -> NDArray:
        sizes = (times, *(self.before.sizes[letter] for letter in letters))
        split = array.reshape(*array.shape[:axis], *sizes, *array.shape[axis + 1 :])
        for number, letter in enumerate(letters):
            if letter == self.name:
                split = np.delete(split, self.index, axis + 1 + number)
        return split.reshape(*array.shape[:axis], -1, *array.shape[axis + 1 :])


@dataclass(frozen=True)
class Floats(Kind):
    """Floats of a shape. `differentiated`: grad returns a gradient for them. `nonzero`: away from zero.

    `halves`: multiples of 1/2. `off_centre`: where magnitudes are large, mostly small differences about one large number.
    """

    differentiated: bool = True
    nonzero: bool = False
    halves: bool = False
    off_centre: bool = False

    def draw(self, source: Source, at: Setting) -> NDArray:
        shape = _drawn(self.shape, source, at)
        values = source.halves(shape) if self.halves else source.floats(shape, off_centre=self.off_centre)
        if self.nonzero:
            values = np.where(abs(values) < _FEWEST, values.dtype.type(1), values)
        return values

    def simpler(self, value: NDArray, at: Setting) -> Iterator[NDArray]:
        return with_simpler_entries(value, (1,) if self.nonzero else (0, 1))


@dataclass(frozen=True)
class Fractions(Kind):
    """Floats from 0 to 1, both included."""

    def draw(self, source: Source, at: Setting) -> NDArray:
        return source.picked(_FRACTIONS, _drawn(self.shape, source, at))

    def simpler(self, value: NDArray, at: Setting) -> Iterator[NDArray]:
        return with_simpler_entries(value, (0, 1))


@dataclass(frozen=True)
class Probabilities(Kind):
    """Floats that are not negative, and sum to 1 along the last axis; some are exactly 0."""

    def draw(self, source: Source, at: Setting) -> NDArray:
        return _normalised(source.picked(_WEIGHTS, _drawn(self.shape, source, at)))

    def fitted(self, value: NDArray, at: Setting, lost: Lost) -> NDArray:
        return _normalised(super().fitted(value, at, lost))

    def simpler(self, value: NDArray, at: Setting) -> Iterator[NDArray]:
        for row in np.ndindex(value.shape[:-1]):
            simple = value.copy()
            simple[row] = np.eye(value.shape[-1])[0]
            if not np.array_equal(simple, value):
                yield simple


@dataclass(frozen=True)
class Mask(Kind):
    """Booleans."""

    def draw(self, source: Source, at: Setting) -> NDArray:
        return source.integers(_drawn(self.shape, source, at), 2).astype(bool)

    def simpler(self, value: NDArray, at: Setting) -> Iterator[NDArray]:
        return with_simpler_entries(value, (False,))


@dataclass(frozen=True)
class Labels(Kind):
    """Integers from 0 to below the size of a letter, so that they index that dimension. They repeat."""

    below: str = ""

    def draw(self, source: Source, at: Setting) -> NDArray:
        return source.integers(_drawn(self.shape, source, at), at.dimensions.sizes[self.below])

    def fitted(self, value: NDArray, at: Setting, lost: Lost) -> NDArray:
        value = super().fitted(value, at, lost)
        if lost.name == self.below:
            value = np.where(value > lost.index, value - 1, np.minimum(value, lost.after.sizes[self.below] - 1))
        return value

    def simpler(self, value: NDArray, at: Setting) -> Iterator[NDArray]:
        return with_simpler_entries(value, (0,))

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        yield "only where {v} repeat", lambda value: len(np.unique(value)) < value.size
        yield "only where {v} skip a number", lambda value: len(np.unique(value)) <= value.max()
        yield "unless {v} repeat", lambda value: len(np.unique(value)) == value.size


@dataclass(frozen=True)
class Plain(Kind):
    """What is no array: a number, a tuple, None."""

    @property
    def is_array(self) -> bool:
        return False

    def fitted(self, value: object, at: Setting, lost: Lost) -> object:
        return value


@dataclass(frozen=True)
class Choice(Plain):
    """One of a few Python values, the simplest first."""

    options: tuple = ()

    def draw(self, source: Source, at: Setting) -> object:
        return self.options[source.byte() % len(self.options)]

    def simpler(self, value: object, at: Setting) -> Iterator[object]:
        return iter(self.options[: self.options.index(value)])

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        for option in self.options:
            same = "is" if option is None or isinstance(option, bool) else "=="
            yield f"only where {{v}} {same} {option!r}", lambda value, option=option: value == option
        for option in self.options if len(self.options) > 2 else ():
            yield f"unless {{v}} == {option!r}", lambda value, option=option: value != option


@dataclass(frozen=True)
class Size(Plain):
    """The size of a letter, an int; or of a run, a tuple."""

    of: str = ""

    def draw(self, source: Source, at: Setting) -> int | tuple[int, ...]:
        return at.dimensions[self.of]

    def fitted(self, value: object, at: Setting, lost: Lost) -> int | tuple[int, ...]:
        return lost.after[self.of]


@dataclass(frozen=True)
class Axis(Plain):
    """An axis of another input, which has one; negative too. `at`: where that dimension stands in its shape.

    `several`: also a tuple of axes, in any order, and None for all of them; only None where there is no axis.
    """

    of: str = ""
    at: str = ""
    several: bool = False

    @property
    def variety(self) -> int:
        return 3 if self.several else 1

    def draw(self, source: Source, at: Setting) -> int | tuple[int, ...] | None:
        ndim = at.inputs[self.of].ndim
        which, how, signs = source.byte(), source.byte(), source.byte()
        if self.several and (not ndim or which % 8 == 7):
            return None
        if self.several and which % 8 >= 5:
            axes = [axis for axis in range(ndim) if how >> axis & 1]
            axes = axes if len(axes) > 1 else list(range(ndim))
            axes = [axis - ndim if signs >> axis & 1 else axis for axis in axes]
            return tuple(axes if signs < 128 else reversed(axes))
        if self.several and which % 8 < 2:
            return 0  # is easily taken for None
        axis = place(at.shapes[self.of], self.at, at.dimensions) if self.at else how % ndim
        return axis - ndim if signs % 2 else axis

    def fitted(self, value: object, at: Setting, lost: Lost) -> int | tuple[int, ...] | None:
        gone, ndim = lost.axis_of(at.shapes[self.of]), at.inputs[self.of].ndim
        if gone is None or value is None:
            return value
        several = isinstance(value, tuple)
        kept = []
        for axis in value if several else (value,):
            plain = axis % (ndim + 1)
            if plain != gone:
                kept.append((plain - (plain > gone)) - (ndim if axis < 0 else 0))
        if not kept:
            raise Unfit
        return tuple(kept) if several else kept[0]

    def simpler(self, value: object, at: Setting) -> Iterator[object]:
        ndim = at.inputs[self.of].ndim
        if self.at:
            yield from (value + ndim,) if value < 0 else ()
        elif isinstance(value, tuple):
            yield from (axis % ndim for axis in value)
            yield from ((axis,) for axis in value if len(value) > 1)
            if any(axis < 0 for axis in value):
                yield tuple(sorted(axis % ndim for axis in value))
        elif value is not None:
            yield from range(value % ndim)
            yield from (value + ndim,) if value < 0 else ()

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        def axes(value: object) -> tuple:
            return value if isinstance(value, tuple) else () if value is None else (value,)

        if self.several:
            yield "only where {v} is None", lambda value: value is None
            yield "unless {v} is None", lambda value: value is not None
            yield "only where {v} is a tuple", lambda value: isinstance(value, tuple)
            yield "only where {v} is several axes", lambda value: len(axes(value)) > 1
            yield "only where {v} has a negative axis", lambda value: min(axes(value), default=0) < 0
        else:
            yield "only where {v} < 0", lambda value: value < 0
        yield "only where {v} is 0", lambda value: value == 0
        yield "unless {v} is 0", lambda value: value != 0


@dataclass(frozen=True)
class Permutation(Plain):
    """The axes of another input in another order: a tuple, none of them negative."""

    of: str = ""

    def draw(self, source: Source, at: Setting) -> tuple[int, ...]:
        left = list(range(at.inputs[self.of].ndim))
        return tuple(left.pop(byte % len(left)) for byte in (source.byte() for _ in range(len(left))))

    def fitted(self, value: tuple[int, ...], at: Setting, lost: Lost) -> tuple[int, ...]:
        gone = lost.axis_of(at.shapes[self.of])
        return value if gone is None else tuple(axis - (axis > gone) for axis in value if axis != gone)

    def simpler(self, value: tuple[int, ...], at: Setting) -> Iterator[tuple[int, ...]]:
        for first in range(len(value) - 1):
            if value[first] > value[first + 1]:
                yield (*value[:first], value[first + 1], value[first], *value[first + 2 :])

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        def is_own_inverse(value: tuple[int, ...]) -> bool:
            return all(value[to] == axis for axis, to in enumerate(value))

        yield "only where {v} is not its own inverse", lambda value: not is_own_inverse(value)
        yield "unless {v} leaves all in order", lambda value: value != tuple(range(len(value)))


@dataclass(frozen=True)
class Reshaping(Plain):
    """A shape that another input can be given: as many entries, in any number of dimensions, none of them -1."""

    of: str = ""

    def draw(self, source: Source, at: Setting) -> tuple[int, ...]:
        left, shape = at.inputs[self.of].size, []
        for byte in [source.byte() for _ in range(3)]:
            if byte % 4:
                divisors = _divisors(left)
                shape.append(divisors[byte // 4 % len(divisors)])
                left //= shape[-1]
        return tuple(shape) if left == 1 else (*shape, left)

    def fitted(self, value: tuple[int, ...], at: Setting, lost: Lost) -> tuple[int, ...]:
        size = at.inputs[self.of].size
        return value if prod(value) == size else (size,)

    def simpler(self, value: tuple[int, ...], at: Setting) -> Iterator[tuple[int, ...]]:
        if len(value) != 1:
            yield (prod(value),)
        for axis, size in enumerate(value):
            if size == 1 and len(value) > 1:
                yield (*value[:axis], *value[axis + 1 :])


def const(shape: str) -> Floats:
    """Floats that are not differentiated: given to the operation, and `grad` returns nothing for them."""
    return Floats(shape, differentiated=False)


def nonzero(shape: str) -> Floats:
    """Floats that are differentiated and at least 0.1 in magnitude."""
    return Floats(shape, nonzero=True)


def halves(shape: str) -> Floats:
    """Floats that are differentiated and multiples of 1/2: for what has a kink where their difference is some number."""
    return Floats(shape, halves=True)


def off_centre(shape: str) -> Floats:
    """Floats that are differentiated and, at extreme magnitudes, mostly lie about one large number: 1e4, 1e4 + 1, ..."""
    return Floats(shape, off_centre=True)


def fractions(shape: str) -> Fractions:
    """Floats from 0 to 1, with zeros and ones: targets."""
    return Fractions(shape)


def probabilities(shape: str) -> Probabilities:
    """Floats that sum to 1 along the last axis, with zeros."""
    return Probabilities(shape)


def mask(shape: str) -> Mask:
    """Booleans."""
    return Mask(shape)


def labels(shape: str, *, below: str) -> Labels:
    """Integers from 0 to below the size of a letter: classes, or indices. They repeat."""
    return Labels(shape, below=below)


def choice(*options: object) -> Choice:
    """One of these Python values, the simplest first."""
    return Choice(options=options)


def size(of: str) -> Size:
    """The size of a letter, as an int, or of a run of dimensions, as a tuple."""
    return Size(of=of)


def axis(of: str, *, at: str = "") -> Axis:
    """An axis of the input of that name, negative too; `at`: the one where that dimension stands."""
    return Axis(of=of, at=at)


def axes(of: str) -> Axis:
    """An axis of the input of that name, several as a tuple, or None for all of them."""
    return Axis(of=of, several=True)


def permutation(of: str) -> Permutation:
    """The axes of the input of that name in another order."""
    return Permutation(of=of)


def reshaping(of: str) -> Reshaping:
    """A shape with as many entries as the input of that name has."""
    return Reshaping(of=of)


def with_simpler_entries(value: NDArray, simple: tuple) -> Iterator[NDArray]:
    """The array with one entry replaced by a simpler number: by each of `simple` before the one that it is."""
    for entry in map(tuple, np.argwhere(value != simple[0])):
        for number in simple if value[entry] not in simple else simple[: simple.index(value[entry])]:
            changed = value.copy()
            changed[entry] = number
            yield changed


def _drawn(shape: str, source: Source, at: Setting) -> tuple[int, ...]:
    return concrete(shape, at.dimensions, source.squeeze() if "~" in shape else 0)


def _table(simple: tuple, rest: NDArray) -> NDArray:
    table = np.concatenate([simple, rest])[:256]
    table.flags.writeable = False
    return table


_random = np.random.default_rng(20250502)
_FRACTIONS = _table(
    (0, 1, 0.5, 0.25, 0.75, *(0, 1) * 24, 1e-8, 1e-3, 0.999, 0.1, 0.9), _random.uniform(0, 1, 256).round(3)
)
_WEIGHTS = _table((0, 1, 2, 0.5, *(0, 0, 1) * 28, 1e-8, 1e-3), _random.uniform(0.05, 2, 256).round(2))


def _normalised(weights: NDArray) -> NDArray:
    total = weights.sum(-1, keepdims=True)
    first = np.arange(weights.shape[-1]) == 0
    return np.where(total > 0, weights / np.where(total > 0, total, 1), first).astype(weights.dtype)


@cache
def _divisors(number: int) -> tuple[int, ...]:
    return tuple(n for n in range(1, number + 1) if number % n == 0)
