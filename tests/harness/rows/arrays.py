"""The kinds of inputs that are arrays: floats, and what is drawn as floats or integers with a meaning.

A kind draws from a source (sources.py), which knows nothing of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.kind import Context, Kind
from tests.harness.rows.lost import Lost
from tests.harness.rows.shapes import broadcast_to, concrete

if TYPE_CHECKING:
    from tests.harness.rows.sources import Source

_FEWEST = 0.1  # the least magnitude of what is away from zero
_MANY = 40  # rows: more than an example has, and fewer than where growth is measured
_WIDTHS = (
    np.int64,
    np.int64,
    np.int64,
    np.int32,
    np.int16,
    np.uint8,
)  # of labels and indices; the last has no negative ones


@dataclass(frozen=True)
class Floats(Kind):
    """Floats of a shape. `differentiated`: grad returns a gradient for them. `nonzero`: away from zero.

    `halves`: multiples of 1/2. `calm`: small where they are many. `off_centre`: where magnitudes are large, mostly small differences about one large number.
    `positive`: at least 0. `each`: another array for each step, where the operation is called again and again.
    """

    differentiated: bool = True
    nonzero: bool = False
    halves: bool = False
    off_centre: bool = False
    calm: bool = False
    positive: bool = False
    each: bool = False

    def draw(self, source: Source, at: Context) -> NDArray:
        shape = _drawn(self.shape, source, at)
        values = source.halves(shape) if self.halves else source.floats(shape, off_centre=self.off_centre)
        if self.nonzero:
            values = np.where(abs(values) < _FEWEST, values.dtype.type(1), values)
        if self.calm and len(values) > _MANY:
            values = values / values.dtype.type(len(values) ** 0.5)
        return np.asarray(abs(values)) if self.positive else values

    def simpler(self, value: NDArray, at: Context) -> Iterator[NDArray]:
        return with_simpler_entries(value, (1,) if self.nonzero else (0, 1))


@dataclass(frozen=True)
class Numbers(Kind):
    """Floats that are not differentiated, or integers in their place."""

    def draw(self, source: Source, at: Context) -> NDArray:
        case, values = (
            source.case(4),
            source.floats(_drawn(self.shape, source, at)),
        )  # two floats, two widths of integers
        return values if case < 2 else np.asarray(np.rint(values)).astype(np.int64 if case == 2 else np.int32)

    def simpler(self, value: NDArray, at: Context) -> Iterator[NDArray]:
        if value.dtype.kind == "i":
            yield value.astype(np.float64)
        yield from with_simpler_entries(value, (0, 1))

    def rank(self, value: NDArray, at: Context) -> int:
        return int(value.dtype.kind == "i")

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        yield "only where {v} holds integers", lambda value: value.dtype.kind == "i"


@dataclass(frozen=True)
class Fractions(Kind):
    """Floats from 0 to 1, both included."""

    def draw(self, source: Source, at: Context) -> NDArray:
        case = source.case(4)
        return _in_case(case, source.picked(_FRACTIONS, _drawn(self.shape, source, at)))

    def simpler(self, value: NDArray, at: Context) -> Iterator[NDArray]:
        return with_simpler_entries(value, (0, 1))


@dataclass(frozen=True)
class Probabilities(Kind):
    """Floats that are not negative, and sum to 1 along the last axis; some are exactly 0."""

    def draw(self, source: Source, at: Context) -> NDArray:
        return _normalised(source.picked(_WEIGHTS, _drawn(self.shape, source, at)))

    def fitted(self, value: NDArray, at: Context, lost: Lost) -> NDArray:
        return _normalised(super().fitted(value, at, lost))

    def simpler(self, value: NDArray, at: Context) -> Iterator[NDArray]:
        for row in np.ndindex(value.shape[:-1]):
            simple = value.copy()
            simple[row] = np.eye(value.shape[-1])[0]
            if not np.array_equal(simple, value):
                yield simple


@dataclass(frozen=True)
class Mask(Kind):
    """Booleans."""

    def draw(self, source: Source, at: Context) -> NDArray:
        case = source.case(4)
        return _in_case(case, source.integers(_drawn(self.shape, source, at), 2).astype(bool))

    def simpler(self, value: NDArray, at: Context) -> Iterator[NDArray]:
        return with_simpler_entries(value, (False,))

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        yield "only where a row of {v} is False throughout", lambda value: value.ndim and not value.any(-1).all()


@dataclass(frozen=True)
class Labels(Kind):
    """Integers from 0 to below the size of a letter, so that they index that dimension. They repeat.

    Most are int64, some of another width. `ignored`: a number that now and then some of them are, or all of them.
    """

    below: str = ""
    ignored: int | None = None

    def draw(self, source: Source, at: Context) -> NDArray:
        widths = _WIDTHS if self.ignored is None else _WIDTHS[:-1]
        width, shape = widths[source.case(len(widths))], _drawn(self.shape, source, at)
        values = source.integers(shape, at.dimensions.sizes[self.below])
        if self.ignored is not None:
            case, some = source.case(4, known=3), source.integers(shape, 2)  # two have none, one has some, one all
            values = np.where((case == 3) | ((case == 2) & (some == 1)), self.ignored, values)
        return values.astype(width, copy=False)

    def fitted(self, value: NDArray, at: Context, lost: Lost) -> NDArray:
        value = super().fitted(value, at, lost)
        if lost.name == self.below:
            last = lost.after.sizes[self.below] - 1
            value = np.where(value > lost.index, value - 1, np.minimum(value, last)).astype(
                value.dtype
            )  # what is ignored stays
        return value

    def simpler(self, value: NDArray, at: Context) -> Iterator[NDArray]:
        if value.dtype != _WIDTHS[0]:
            yield value.astype(_WIDTHS[0])
        yield from with_simpler_entries(value, (0,))

    def rank(self, value: NDArray, at: Context) -> int:
        return int(value.dtype != _WIDTHS[0])

    def conditions(self) -> Iterator[tuple[str, Callable[[object], bool]]]:
        yield "only where {v} repeat", lambda value: len(np.unique(value)) < value.size
        yield "only where {v} skip a number", lambda value: len(np.unique(value)) <= value.max()
        yield "unless {v} repeat", lambda value: len(np.unique(value)) == value.size


def with_simpler_entries(value: NDArray, simple: tuple) -> Iterator[NDArray]:
    """The array with one entry replaced by a simpler number: by each of `simple` before the one that it is; -0.0 by 0.0."""
    negative = (value == 0) & np.signbit(value) if value.dtype.kind == "f" else np.zeros(value.shape, bool)
    for entry in map(tuple, np.argwhere((value != simple[0]) | negative)):
        known = value[entry] in simple and not negative[entry]
        for number in simple[: simple.index(value[entry])] if known else simple:
            changed = value.copy()
            changed[entry] = number
            yield changed


def _drawn(shape: str, source: Source, at: Context) -> tuple[int, ...]:
    return concrete(shape, at.dimensions, source.squeeze(broadcast_to(shape, at.dimensions)) if "~" in shape else 0)


def _in_case(case: int, drawn: NDArray) -> NDArray:
    """What was drawn, in two of four cases; else 1 throughout, or 0, whatever the size."""
    return drawn if case < 2 else np.full_like(drawn, case == 2)


def _table(simple: tuple, rest: NDArray) -> NDArray:
    table = np.concatenate([simple, rest])[:256]
    table.flags.writeable = False
    return table


_random = np.random.default_rng(20250502)
_FRACTIONS = _table((0, 1, 0.5, 0.25, 0.75, *(0, 1) * 24, 1e-8, 1e-3, 0.999, 0.1, 0.9), _random.uniform(0, 1, 256))
_WEIGHTS = _table((0, 1, 2, 0.5, *(0, 0, 1) * 28, 1e-8, 1e-3), _random.uniform(0.05, 2, 256))


def _normalised(weights: NDArray) -> NDArray:
    total = weights.sum(-1, keepdims=True)
    first = np.arange(weights.shape[-1]) == 0
    return np.where(total > 0, weights / np.where(total > 0, total, 1), first).astype(weights.dtype)
