"""Random inputs and upstream gradients for a row.

All of an example comes from one draw of bytes: the first are the dimensions, the rest go through a table of 256 floats.
That costs a quarter of a millisecond, and it shrinks well: a smaller byte is a smaller dimension or a simpler number, and
because the values are read from the end, what cannot be zero gathers in the low corner of an array. More about them is
in the docstring of the room.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows import oracle
from tests.harness.rows.imports import st
from tests.harness.rows.kind import Context
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import Bytes, Counting, Source, Table
from tests.harness.rows.spec import Operation

LARGEST = 4  # of a named dimension: equal and unequal sizes both turn up often
DEEPEST, BROADEST = 3, 3  # how many dimensions `...` stands for at most, and how large they are
SHALLOW = 2  # how many each of several runs stands for at most


@dataclass(frozen=True)
class Example:
    """Inputs in signature order, and the gradient of the loss with respect to the operation's output.

    `dimensions`: what the row's letters and runs stand for, where that is known.
    """

    inputs: tuple
    gy: NDArray
    dimensions: Dimensions = field(default_factory=Dimensions)

    @property
    def dtype(self) -> np.dtype:
        return self.gy.dtype


def _table(*simple: float, rest: NDArray, few: int, offsets: tuple[float, ...] = ()) -> Table:
    values = np.concatenate([simple, rest])[:256] + 0.0  # no negative zero, which rounding makes
    assert len(values) == 256
    values.flags.writeable = False
    return Table(values, few, offsets)


_random = np.random.default_rng(20250501)
_SIMPLE = (0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 4, -4)
ORDINARY = _table(*_SIMPLE, *[0] * 15, *[1, -1, 2] * 3, rest=_random.normal(0, 1.5, 256).round(2), few=5)
"""Small numbers, simplest first, with enough zeros and repetitions that kinks and ties turn up."""

_MAGNITUDES = (1e-8, 1e-3, 0.1, 5, 10, 20, 40, 89, 100, 300, 710, 746, 1000, 2000, 1e4)
EXTREME = _table(
    *(0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 0, 0, 0, 0, 0),
    *(sign * m for m in _MAGNITUDES for sign in (1, -1)),
    *(sign * m for m in _MAGNITUDES for sign in (1, -1)),
    rest=np.array(sorted(_random.uniform(-1000, 1000, 256).round(1), key=abs)),
    few=44,
    offsets=(100.0, -1000.0, 1e4, -1e4),
)
"""Magnitudes up to 1e4, past where exp overflows in float32 (89) and float64 (710), zeros and ties; small ones first.

In one array of eight, small numbers lie about an offset.
"""


def examples(op: Operation, table: Table, *, count: int = 1, dtypes: tuple = (np.float64,)) -> st.SearchStrategy:
    """Tuples of `count` examples of a row, with values from `table`, all of one of the `dtypes`."""
    size = 1 + count * _layout(op).size
    return st.binary(min_size=size, max_size=size).map(partial(_decode, op, table, count, dtypes))


def stream(
    op: Operation, table: Table, *, seed: int, count: int = 1, dtypes: tuple = (np.float64,)
) -> Iterator[tuple[Example, ...]]:
    """The same without end, and without hypothesis, which takes as long for an example as all else together."""
    size, rng = 1 + count * _layout(op).size, np.random.default_rng(seed)
    yield _decode(op, table, count, dtypes, bytes(size))  # the simplest of all
    while True:
        yield _decode(op, table, count, dtypes, rng.bytes(size))


def drawn_inputs(op: Operation, dimensions: Dimensions, source: Source) -> tuple:
    """Inputs of the given dimensions, their values from a source."""
    at = Context(dimensions, op.shapes)
    for name, kind in op.kinds.items():
        at.inputs[name] = kind.draw(source, at)
    return tuple(at.inputs.values())


def drawn_example(op: Operation, dimensions: Dimensions, source: Source) -> Example:
    """An example of the given dimensions, its values from a source."""
    inputs = drawn_inputs(op, dimensions, source)
    return Example(inputs, source.floats(oracle.output_shape(op, inputs)), dimensions)


def dimensions_of(op: Operation, size: int, run: tuple[int, ...]) -> Dimensions:
    """All letters of one size, and all runs alike."""
    return Dimensions(dict.fromkeys(op.letters, size), dict.fromkeys(op.runs, run))


@dataclass(frozen=True)
class _Layout:
    """Which bytes are what: `dimensions` first, of which the last says whether only few values are used; from the end, a room for each input, and last for gy.

    A room is large enough for the largest dimensions, so that none moves another.
    """

    size: int
    dimensions: int
    deepest: int
    rooms: tuple[int, ...]


@cache
def _layout(op: Operation) -> _Layout:
    deepest = DEEPEST if len(op.runs) == 1 else SHALLOW
    source, rooms = Counting(), []
    at = Context(dimensions_of(op, LARGEST, (BROADEST,) * deepest), op.shapes)
    for name, kind in op.kinds.items():
        rooms.append(source.taken)
        at.inputs[name] = kind.draw(source, at)
    rooms.append(source.taken)
    source.floats(oracle.output_shape(op, tuple(at.inputs.values())))
    dimensions = len(op.letters) + (1 + deepest) * len(op.runs) + 1
    return _Layout(dimensions + source.taken, dimensions, deepest, tuple(rooms))


def _decode(op: Operation, table: Table, count: int, dtypes: tuple, data: bytes) -> tuple[Example, ...]:
    layout, choices = _layout(op), data[0]
    size, dimensions = layout.size, layout.dimensions
    alike = choices // len(dtypes) % 2 == 0  # examples of one trial have the same dimensions, or each its own
    parts = [data[1 + i * size : 1 + (i + 1) * size] for i in range(count)]
    parts = [parts[0][:dimensions] + part[dimensions:] if alike else part for part in parts]
    return tuple(_example(op, table, dtypes[choices % len(dtypes)], layout, part) for part in parts)


def _rank(byte: int, deepest: int) -> int:
    """From 0 to `deepest`; from 2 on twice as often, because less goes wrong where there are fewer."""
    rank = byte % (2 * deepest)
    return rank if rank <= deepest else rank - deepest + 1


def _example(op: Operation, table: Table, dtype: type, layout: _Layout, data: bytes) -> Example:
    sizes = {letter: 1 + byte % LARGEST for letter, byte in zip(op.letters, data, strict=False)}
    at, runs = len(op.letters), {}
    for run in op.runs:
        rank = _rank(data[at], layout.deepest)
        runs[run] = tuple(1 + byte % BROADEST for byte in data[at + 1 : at + 1 + rank])
        at += 1 + layout.deepest
    raw = np.frombuffer(data, np.uint8)[: layout.dimensions - 1 : -1]
    few = data[layout.dimensions - 1] >= (128 if op.ties else 192)
    values = (table.values[raw % table.few] if few else table.values[raw]).astype(dtype, copy=False)
    values.flags.writeable = False
    context = Context(Dimensions(sizes, runs), op.shapes)
    for room, (name, kind) in zip(layout.rooms, op.kinds.items(), strict=False):
        context.inputs[name] = kind.draw(Bytes(raw, values, table.offsets, room), context)
    inputs = tuple(context.inputs.values())
    gy = Bytes(raw, values, (), layout.rooms[-1])
    return Example(inputs, gy.floats(oracle.output_shape(op, inputs)), context.dimensions)
