"""The kinds of inputs that are no arrays: a number, a tuple, None; most speak of an array that is drawn before them.

A kind draws from a source (sources.py), which knows nothing of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import signature
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from tests.harness.rows.kind import Context, Kind
from tests.harness.rows.lost import Lost, NoSmallerExample
from tests.harness.rows.shapes import place

if TYPE_CHECKING:
    from tests.harness.rows.sources import Source

_WAYS = 8  # to choose axes: two are axis 0, three any axis, two several, one all of them


@dataclass(frozen=True)
class Plain(Kind):
    """What is no array: a number, a tuple, None."""

    @property
    def is_array(self) -> bool:
        return False

    def fitted(self, value: object, at: Context, lost: Lost) -> object:
        return self.within(value, at)


@dataclass(frozen=True)
class Choice(Plain):
    """One of a few Python values, the simplest first.

    `beyond`: the rest of the domain; no failure is explained by it. `extreme`: likewise, where values are extreme too.
    """

    options: tuple = ()
    beyond: tuple = ()
    extreme: tuple = ()

    def draw(self, source: Source, at: Context) -> object:
        domain = self.options + self.beyond + (self.extreme if source.extreme else ())
        return domain[source.case(len(domain), known=len(self.options))]

    def simpler(self, value: object, at: Context) -> Iterator[object]:
        return iter(self._domain[: self.rank(value, at)])

    def rank(self, value: object, at: Context) -> int:
        return self._domain.index(value)

    @property
    def _domain(self) -> tuple:
        return self.options + self.beyond + self.extreme

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        for option in self.options:
            same = "is" if option is None or isinstance(option, bool) else "=="
            yield f"only where {{v}} {same} {option!r}", lambda value, option=option: value == option
        if all(type(option) is float for option in self._domain):
            yield "only where {v} < 0", lambda value: value < 0
            yield "only where {v} == 0", lambda value: value == 0
            yield "only where {v} > 1", lambda value: value > 1
            yield "unless {v} == 1", lambda value: value != 1
        for option in self.options if len(self.options) > 2 else ():
            yield f"unless {{v}} == {option!r}", lambda value, option=option: value != option


@dataclass(frozen=True)
class Function(Choice):
    """A function by its name: the operation gets the function of that name, of those in worker/given.py."""


@dataclass(frozen=True)
class Numbered(Choice):
    """The number of a step; of an operation that is called again and again, of its first step."""


@dataclass(frozen=True)
class Among(Plain):
    """One of the Python values that `of` gives, the simplest first, for those inputs before it after which it names its parameters."""

    of: Callable[..., Sequence] = tuple

    def draw(self, source: Source, at: Context) -> object:
        options = self._options(at)
        return options[source.case(len(options), known=len(options))]

    def within(self, value: object, at: Context) -> object:
        options = self._options(at)
        return value if value in options else options[0]

    def simpler(self, value: object, at: Context) -> Iterator[object]:
        return iter(self._options(at)[: self.rank(value, at)])

    def rank(self, value: object, at: Context) -> int:
        return self._options(at).index(value)

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        yield "only where {v} == 1", lambda value: value == 1
        yield "only where {v} == 0", lambda value: value == 0
        yield "only where {v} > 1", lambda value: value > 1
        yield "only where {v} > 0", lambda value: value > 0
        yield "only where {v} < 0", lambda value: value < 0

    def _options(self, at: Context) -> Sequence:
        return self.of(**{name: at.inputs[name] for name in signature(self.of).parameters})


@dataclass(frozen=True)
class Size(Plain):
    """The size of a letter, an int; or of a run, a tuple."""

    of: str = ""

    def draw(self, source: Source, at: Context) -> int | tuple[int, ...]:
        return at.dimensions[self.of]

    def fitted(self, value: object, at: Context, lost: Lost) -> int | tuple[int, ...]:
        return lost.after[self.of]


@dataclass(frozen=True)
class Axis(Plain):
    """An axis of another input, which has one; negative too, and now and then a NumPy integer.

    `at`: where that dimension stands in its shape.

    `several`: also a tuple of axes, in any order, and None for all of them; only None where there is no axis.
    """

    of: str = ""
    at: str = ""
    several: bool = False

    @property
    def variety(self) -> int:
        return 3 if self.several else 1

    def draw(self, source: Source, at: Context) -> int | tuple[int, ...] | None:
        ndim = at.inputs[self.of].ndim
        which = source.case(_WAYS, known=_WAYS) if self.several else source.byte() % _WAYS
        how, signs, of_numpy = source.byte(), source.byte(), source.case(3) == 2
        if self.several and (not ndim or which == 7):
            return None
        if self.several and which >= 5:
            axes = [axis for axis in range(ndim) if how >> axis & 1]
            axes = axes if len(axes) > 1 else list(range(ndim))
            axes = [axis - ndim if signs >> axis & 1 else axis for axis in axes]
            return tuple(axes if signs < 128 else reversed(axes))
        if self.several and which < 2:
            axis = 0  # is easily taken for None
        else:
            axis = place(at.shapes[self.of], self.at, at.dimensions) if self.at else how % ndim
            axis = axis - ndim if signs % 2 else axis
        return np.int64(axis) if of_numpy else axis

    def fitted(self, value: object, at: Context, lost: Lost) -> int | tuple[int, ...] | None:
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
            raise NoSmallerExample
        return tuple(kept) if several else kept[0]

    def simpler(self, value: object, at: Context) -> Iterator[object]:
        ndim = at.inputs[self.of].ndim
        if self.at:
            yield from (int(value) + ndim,) if value < 0 else ()
            yield from (int(value),) if isinstance(value, np.integer) else ()
        elif isinstance(value, tuple):
            yield from (axis % ndim for axis in value)
            yield from ((axis,) for axis in value if len(value) > 1)
            if any(axis < 0 for axis in value):
                yield tuple(sorted(axis % ndim for axis in value))
        elif value is not None:
            yield from range(value % ndim)
            yield from (int(value) + ndim,) if value < 0 else ()
            yield from (int(value),) if isinstance(value, np.integer) else ()

    def rank(self, value: object, at: Context) -> int:
        axes = value if isinstance(value, tuple) else () if value is None else (value,)
        far = sum(abs(int(axis)) + 10 * (axis < 0) for axis in axes)
        return 100 * len(axes) + far + isinstance(value, np.integer)

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

    def draw(self, source: Source, at: Context) -> tuple[int, ...]:
        left = list(range(at.inputs[self.of].ndim))
        return tuple(left.pop(byte % len(left)) for byte in (source.byte() for _ in range(len(left))))

    def fitted(self, value: tuple[int, ...], at: Context, lost: Lost) -> tuple[int, ...]:
        gone = lost.axis_of(at.shapes[self.of])
        return value if gone is None else tuple(axis - (axis > gone) for axis in value if axis != gone)

    def simpler(self, value: tuple[int, ...], at: Context) -> Iterator[tuple[int, ...]]:
        for first in range(len(value) - 1):
            if value[first] > value[first + 1]:
                yield (*value[:first], value[first + 1], value[first], *value[first + 2 :])

    def rank(self, value: tuple[int, ...], at: Context) -> int:
        return sum(a > b for n, a in enumerate(value) for b in value[n + 1 :])

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        def is_own_inverse(value: tuple[int, ...]) -> bool:
            return all(value[to] == axis for axis, to in enumerate(value))

        yield "only where {v} is not its own inverse", lambda value: not is_own_inverse(value)
        yield "unless {v} leaves all in order", lambda value: value != tuple(range(len(value)))


@dataclass(frozen=True)
class Reshaping(Plain):
    """A shape that another input can be given: as many entries, in any number of dimensions, none of them -1."""

    of: str = ""

    def draw(self, source: Source, at: Context) -> tuple[int, ...]:
        left, shape = at.inputs[self.of].size, []
        for byte in [source.byte() for _ in range(3)]:
            if byte % 4:
                divisors = _divisors(left)
                shape.append(divisors[byte // 4 % len(divisors)])
                left //= shape[-1]
        return tuple(shape) if left == 1 else (*shape, left)

    def fitted(self, value: tuple[int, ...], at: Context, lost: Lost) -> tuple[int, ...]:
        size = at.inputs[self.of].size
        return value if prod(value) == size else (size,)

    def simpler(self, value: tuple[int, ...], at: Context) -> Iterator[tuple[int, ...]]:
        if len(value) != 1:
            yield (prod(value),)
        for axis, size in enumerate(value):
            if size == 1 and len(value) > 1:
                yield (*value[:axis], *value[axis + 1 :])

    def rank(self, value: tuple[int, ...], at: Context) -> int:
        return abs(len(value) - 1)


@cache
def _divisors(number: int) -> tuple[int, ...]:
    return tuple(n for n in range(1, number + 1) if number % n == 0)
