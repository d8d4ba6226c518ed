"""Random inputs and upstream gradients for a row.

All of an example comes from one draw of bytes: the first are the dimensions, the rest go through a table of 256 floats.
That costs a quarter of a millisecond, and it shrinks well: a smaller byte is a smaller dimension or a simpler number, and
because the values are read from the end, what cannot be zero gathers in the low corner of an array.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import prod

import numpy as np
from numpy.typing import NDArray

from tests.harness import oracle
from tests.harness.imports import st
from tests.harness.spec import Operation, concrete

LARGEST = 4  # of a named dimension: equal and unequal sizes both turn up often
DEEPEST, BROADEST = 3, 3  # how many dimensions `...` stands for at most, and how large they are
MOST_ENTRIES = 256  # an array repeats its values beyond this many entries


@dataclass(frozen=True)
class Example:
    """Inputs in signature order, and the gradient of the loss with respect to the operation's output."""

    inputs: tuple
    gy: NDArray

    @property
    def dtype(self) -> np.dtype:
        return self.gy.dtype


def _table(*simple: float, rest: NDArray) -> NDArray:
    table = np.concatenate([simple, rest])[:256] + 0.0  # no negative zero, which rounding makes
    assert len(table) == 256
    table.flags.writeable = False
    return table


_random = np.random.default_rng(20250501)
_SIMPLE = (0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 4, -4)
ORDINARY = _table(*_SIMPLE, *[0] * 15, *[1, -1, 2] * 3, rest=_random.normal(0, 1.5, 256).round(2))
"""Small numbers, simplest first, with enough zeros and repetitions that kinks and ties turn up."""

_MAGNITUDES = (1e-8, 1e-3, 0.1, 5, 10, 20, 40, 89, 100, 300, 710, 746, 1000, 2000, 1e4)
EXTREME = _table(
    *(0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 0, 0, 0, 0, 0),
    *(sign * m for m in _MAGNITUDES for sign in (1, -1)),
    *(sign * m for m in _MAGNITUDES for sign in (1, -1)),
    rest=np.array(sorted(_random.uniform(-1000, 1000, 256).round(1), key=abs)),
)
"""Magnitudes up to 1e4, past where exp overflows in float32 (89) and float64 (710), zeros and ties; small ones first."""


def examples(op: Operation, table: NDArray, *, count: int = 1, dtypes: tuple = (np.float64,)) -> st.SearchStrategy:
    """Tuples of `count` examples of a row, with values from `table`, all of one of the `dtypes`."""
    size = 1 + count * _size(op)
    return st.binary(min_size=size, max_size=size).map(partial(_decode, op, table, count, dtypes))


def sized_example(op: Operation, sizes: dict[str, int], batch: tuple[int, ...], draw: Callable) -> Example:
    """An example of the given dimensions; `draw(shape)` makes the values."""
    inputs = tuple(draw(concrete(shape, sizes, batch)) for shape in op.shapes.values())
    return Example(inputs, draw(oracle.output_shape(op, inputs)))


def _decode(op: Operation, table: NDArray, count: int, dtypes: tuple, data: bytes) -> tuple[Example, ...]:
    choices, size, dimensions = data[0], _size(op), _dimensions(op)
    alike = choices // len(dtypes) % 2 == 0  # examples of one trial have the same dimensions, or each its own
    parts = [data[1 + i * size : 1 + (i + 1) * size] for i in range(count)]
    parts = [parts[0][:dimensions] + part[dimensions:] if alike else part for part in parts]
    return tuple(_example(op, table, dtypes[choices % len(dtypes)], part) for part in parts)


def _example(op: Operation, table: NDArray, dtype: type, data: bytes) -> Example:
    dimensions = _dimensions(op)
    sizes = {letter: 1 + byte % LARGEST for letter, byte in zip(op.letters, data, strict=False)}
    rank, *batch = data[len(op.letters) : dimensions]
    values = table[np.frombuffer(data, np.uint8)[: dimensions - 1 : -1]].astype(dtype, copy=False)
    values.flags.writeable = False
    rooms = iter(_rooms(op))

    def draw(shape: tuple[int, ...]) -> NDArray:
        room, size = values[next(rooms)], prod(shape)
        return room[:size].reshape(shape) if size <= len(room) else np.resize(room, shape)

    return sized_example(op, sizes, tuple(1 + byte % BROADEST for byte in batch[: rank % (DEEPEST + 1)]), draw)


@cache
def _rooms(op: Operation) -> tuple[slice, ...]:
    """Where the values of each input, and last of gy, stand: room for the largest dimensions, so none moves another."""
    rooms: list[slice] = []

    def reserve(shape: tuple[int, ...]) -> NDArray:
        start = rooms[-1].stop if rooms else 0
        rooms.append(slice(start, start + min(prod(shape), MOST_ENTRIES)))
        return np.ones(shape)

    sized_example(op, dict.fromkeys(op.letters, LARGEST), (BROADEST,) * DEEPEST, reserve)
    return tuple(rooms)


@cache
def _size(op: Operation) -> int:
    """How many bytes an example takes."""
    return _dimensions(op) + _rooms(op)[-1].stop


def _dimensions(op: Operation) -> int:
    """How many of them are dimensions: one a letter, then how many `...` stands for, and theirs."""
    return len(op.letters) + 1 + DEEPEST
