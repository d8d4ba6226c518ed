"""Random inputs and upstream gradients for a row.

A stream of examples takes its sizes and the way of its values from schedule.py, one after another, and all else from a
random generator. Hypothesis draws one lot of bytes an example, of which the first are the dimensions: a smaller byte is a
smaller dimension or a simpler number, and because the values are read from the end, what cannot be zero gathers in the low
corner of an array. More about them is in the docstring of the room.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import count as counted
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.schedule import BROADEST, LARGEST, SCHEDULE, Mode, deepest, enough, scheduled, small
from tests.harness.examples.tables import APART, CLOSE, FEW, NEAR, PLAIN, SPREAD, Table
from tests.harness.examples.tables import EXTREME as EXTREME
from tests.harness.examples.tables import ORDINARY as ORDINARY
from tests.harness.rows import oracle
from tests.harness.rows.arrays import Floats
from tests.harness.rows.kind import Context
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.sources import GRADIENT_LAYERS, LAYERS, Bytes, Chance, Counting, Dealt, Source
from tests.harness.rows.spec import Operation

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class Example:
    """Inputs in signature order, and the gradient of the loss with respect to the operation's output.

    `dimensions`: what the row's letters and runs stand for, where that is known. `variant`: the number of the flat row that it
    is of, where the operation has several.
    """

    inputs: tuple
    gy: NDArray
    dimensions: Dimensions = field(default_factory=Dimensions)
    variant: int = 0

    @property
    def dtype(self) -> np.dtype:
        return self.gy.dtype


LARGE = 512.0  # times ordinary numbers, where one array is large; others are as many times smaller
MANY = 5  # arrays: where there are more, one is as often large beside others that are not so small
LESS_SMALL = (1 / 32, 1.0)  # times these, by turns: beside them other steps saturate, and others count
BESIDE = 2.0**-39  # relative: what is so near a border is beside it for every formula in float64


def examples(op: Operation, table: Table, *, count: int = 1, dtypes: tuple = (np.float64,)) -> SearchStrategy:
    """Tuples of `count` examples of a row, with values from `table`, all of one of the `dtypes`."""
    from tests.harness.rows.imports import st

    size = 1 + count * _layout(op).size
    return st.binary(min_size=size, max_size=size).map(partial(_decode, op, table, count, dtypes))


def stream(
    op: Operation, table: Table, *, seed: int, count: int = 1, dtypes: tuple = (np.float64,)
) -> Iterator[tuple[Example, ...]]:
    """Likewise without end, and without hypothesis: the simplest first, and then by the schedule; each variant for one round of it."""
    chance, turns, row = Chance(seed), Counter(), op
    if not op.adapter:  # whose simplest graph has every leaf and nothing else
        yield _decode(row.of(0), table, count, dtypes, bytes(1 + count * _layout(row.of(0)).size))
    for number in counted(1):
        op = row.of(number // len(SCHEDULE) % max(1, len(row.variants)))
        mode, dtype = scheduled(number), dtypes[(number + number // len(SCHEDULE)) % len(dtypes)]
        turn, turns[mode.sizes] = seed + turns[mode.sizes], turns[mode.sizes] + 1
        sizes = [mode.sizes(op, chance.bytes(enough(op)), turn) for _ in range(count)]
        if chance.dealt("alike", 2):
            sizes = sizes[:1] * count
        yield tuple(_dealt(op, table, dtype, mode, dimensions, chance) for dimensions in sizes)


def drawn_inputs(op: Operation, dimensions: Dimensions, source: Source) -> tuple:
    """Inputs of the given dimensions, their values from a source."""
    at = Context(dimensions, op.shapes)
    for name, kind in op.kinds.items():
        at.inputs[name] = kind.draw(source, at)
    return tuple(at.inputs.values())


def drawn_example(op: Operation, dimensions: Dimensions, source: Source) -> Example:
    """An example of the given dimensions, its values from a source."""
    inputs = drawn_inputs(op, dimensions, source)
    gy = source.floats(oracle.output_shape(op, inputs))
    return Example(inputs, np.ones_like(gy) if op.adapter else gy, dimensions, op.number)


def dimensions_of(op: Operation, size: int, run: tuple[int, ...]) -> Dimensions:
    """All letters of one size, and all runs alike."""
    return Dimensions(dict.fromkeys(op.letters, size), dict.fromkeys(op.runs, run))


def _dealt(op: Operation, table: Table, dtype: type, mode: Mode, dimensions: Dimensions, chance: Chance) -> Example:
    plain, floats = mode.values == PLAIN, [kind for kind in op.kinds.values() if isinstance(kind, Floats)]
    way = FEW if plain and chance.bytes(1)[0] >= _few(op) else mode.values
    scales: list[float] = []
    if plain and table.extreme and len(floats) > 1 and (scales := _apart(chance, len(floats))):
        way = APART
    how = {
        "offsets": table.offsets if plain and way != APART else (),
        "simple": _simple(table, way),
        "layers": LAYERS if way == SPREAD else 0,
        "scales": scales,
    }
    source = Dealt(chance, table.numbers(way, dtype), extreme=table.extreme, **how)
    inputs = drawn_inputs(op, dimensions, source)
    if mode.border and op.border and dtype is np.float64:
        inputs = op.border((0.0, BESIDE, -BESIDE)[chance.dealt("beside", 3)], *inputs)
    of_gy = SPREAD if way == APART else way
    numbers = table.numbers(of_gy, dtype, gy=True)
    source = Dealt(chance, numbers, layers=GRADIENT_LAYERS if of_gy == SPREAD else 0)
    gy = source.floats(oracle.output_shape(op, inputs))
    return Example(inputs, np.ones_like(gy) if mode.ones or op.adapter else gy, dimensions, op.number)


def _apart(chance: Chance, arrays: int) -> list[float]:
    """What so many arrays are multiplied by, so that one is large and the others are smaller; nothing where all are to be alike."""
    case, most = chance.dealt("apart", 3), 1 if arrays > MANY else 0
    if case > most:
        return []
    others = LESS_SMALL[chance.dealt("others", len(LESS_SMALL))] if case else 1 / LARGE
    large = chance.dealt(("large", case), arrays)
    return [LARGE if number == large else others for number in range(arrays)]


def _simple(table: Table, way: str) -> bool:
    """Whether what may be on a grid is; large numbers are, so that their differences are exact."""
    return way in (PLAIN, FEW) or (table.extreme and way == SPREAD)


def _few(op: Operation) -> int:
    """The byte from which on only few values are drawn."""
    return 128 if op.ties else 192


@dataclass(frozen=True)
class _Layout:
    """Which of hypothesis's bytes are what: `dimensions` first, of which the last says the way of the values; from the end, a room for each input, and last for gy.

    A room is large enough for the largest dimensions, so that none moves another.
    """

    size: int
    dimensions: int
    rooms: tuple[int, ...]


@cache
def _layout(op: Operation) -> _Layout:
    source, rooms = Counting(), []
    at = Context(dimensions_of(op, LARGEST, (BROADEST,) * deepest(op)), op.shapes)
    for name, kind in op.kinds.items():
        rooms.append(source.taken)
        at.inputs[name] = kind.draw(source, at)
    rooms.append(source.taken)
    source.floats(oracle.output_shape(op, tuple(at.inputs.values())))
    dimensions = enough(op) + 1
    return _Layout(dimensions + source.taken, dimensions, tuple(rooms))


def _decode(op: Operation, table: Table, count: int, dtypes: tuple, data: bytes) -> tuple[Example, ...]:
    layout, choices = _layout(op), data[0]
    size, dimensions = layout.size, layout.dimensions
    alike = choices // len(dtypes) % 2 == 0  # examples of one trial have the same dimensions, or each its own
    parts = [data[1 + i * size : 1 + (i + 1) * size] for i in range(count)]
    parts = [parts[0][:dimensions] + part[dimensions:] if alike else part for part in parts]
    return tuple(_example(op, table, dtypes[choices % len(dtypes)], layout, part) for part in parts)


def _example(op: Operation, table: Table, dtype: type, layout: _Layout, data: bytes) -> Example:
    context = Context(small(op, data), op.shapes)
    how = data[layout.dimensions - 1]
    way = FEW if how >= _few(op) else (PLAIN, PLAIN, PLAIN, PLAIN, NEAR, CLOSE, SPREAD, PLAIN)[how // 16 % 8]
    raw = np.frombuffer(data, np.uint8)[: layout.dimensions - 1 : -1]
    plain, numbers = way in (PLAIN, FEW), table.numbers(way, dtype)
    for room, (name, kind) in zip(layout.rooms, op.kinds.items(), strict=False):
        offsets = table.offsets if plain else ()
        source = Bytes(raw, numbers, offsets=offsets, extreme=table.extreme, simple=_simple(table, way), at=room)
        context.inputs[name] = kind.draw(source, context)
    inputs = tuple(context.inputs.values())
    gy = Bytes(raw, table.numbers(way, dtype, gy=True), at=layout.rooms[-1])
    return Example(inputs, gy.floats(oracle.output_shape(op, inputs)), context.dimensions, op.number)
