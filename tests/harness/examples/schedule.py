"""Which sizes and which values each example of a stream has: what must turn up comes in its turn, and is not left to luck."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.harness.examples.tables import CLOSE, NEAR, PLAIN, SIGNED, SPREAD
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.spec import Operation

LARGEST = 4  # of a named dimension: equal and unequal sizes both turn up often
DEEPEST, BROADEST = 3, 3  # how many dimensions `...` stands for at most, and how large they are
SHALLOW = 2  # how many each of several runs stands for at most
WIDE = range(5, 41)  # the size of the one dimension that is large
WIDER = range(32, 41)  # likewise, now and then
DEEP = 4  # how many dimensions one run stands for, now and then

Sizes = Callable[[Operation, bytes, int], Dimensions]
"""Dimensions of a row, from as many bytes as `enough` says, and a number that goes up by one each time."""


@dataclass(frozen=True)
class Mode:
    """How an example is drawn. `border`: its inputs are moved onto the border that the row names, or just beside.

    `ones`: its gy is 1 throughout, as people try first.
    """

    sizes: Sizes
    values: str = PLAIN
    border: bool = False
    ones: bool = False


def enough(op: Operation) -> int:
    """How many bytes the dimensions of a row take."""
    return len(op.letters) + (1 + deepest(op)) * len(op.runs)


def deepest(op: Operation) -> int:
    """How many dimensions a run stands for at most, but for the deep one."""
    return DEEPEST if len(op.runs) == 1 else SHALLOW


def small(op: Operation, data: bytes, turn: int = 0) -> Dimensions:
    """Sizes from 1 to 4, drawn one by one."""
    sizes = {letter: 1 + byte % LARGEST for letter, byte in zip(op.letters, data, strict=False)}
    at, most, runs = len(op.letters), deepest(op), {}
    for run in op.runs:
        runs[run] = tuple(1 + byte % BROADEST for byte in data[at + 1 : at + 1 + _rank(data[at], most)])
        at += 1 + most
    return Dimensions(sizes, runs)


def square(op: Operation, data: bytes, turn: int) -> Dimensions:
    """All of one size, so that what is taken for each other fits."""
    size = 2 + turn % 2
    return Dimensions(
        dict.fromkeys(op.letters, size), dict.fromkeys(op.runs, (size,) * (2 if len(op.runs) == 1 else 1))
    )


def unequal(op: Operation, data: bytes, turn: int) -> Dimensions:
    """No two alike, and none 1."""
    depth = 2 if len(op.runs) == 1 else 1
    left = list(range(2, 2 + len(op.letters) + depth * len(op.runs)))
    order = [left.pop(byte % len(left)) for byte in data[: len(left)]]
    runs = {run: tuple(order.pop() for _ in range(depth)) for run in op.runs}
    return Dimensions(dict(zip(op.letters, order, strict=True)), runs)


def wide(op: Operation, data: bytes, turn: int) -> Dimensions:
    """One dimension of 5 to 40, each in its turn, and the others from 1 to 3."""
    return _one_large(op, data, turn, WIDE)


def wider(op: Operation, data: bytes, turn: int) -> Dimensions:
    """Likewise, from 32 on: an array along it has entries of all layers of a table."""
    return _one_large(op, data, turn, WIDER)


def deep(op: Operation, data: bytes, turn: int) -> Dimensions:
    """One run of four dimensions, each in its turn, and the others of one at most."""
    if not op.runs:
        return small(op, data)
    sizes = {letter: 2 + byte % 2 for letter, byte in zip(op.letters, data, strict=False)}
    runs = {run: (2,) * (byte % 2) for run, byte in zip(op.runs, data, strict=False)}
    whole = int.from_bytes(data[-2:], "big")
    return Dimensions(
        sizes, runs | {op.runs[turn % len(op.runs)]: tuple(1 + whole // 3**axis % 3 for axis in range(DEEP))}
    )


def flat(op: Operation, data: bytes, turn: int) -> Dimensions:
    """Runs of no dimension at all."""
    return Dimensions(small(op, data).sizes, dict.fromkeys(op.runs, ()))


SCHEDULE = (
    Mode(small),
    Mode(wide),
    Mode(square),
    Mode(unequal, SPREAD),
    Mode(square, CLOSE),
    Mode(deep),
    Mode(small, ones=True),
    Mode(wide, NEAR),
    Mode(unequal, SIGNED),
    Mode(flat, SPREAD),
    Mode(wider, SPREAD),
    Mode(unequal, border=True),
)
"""One example after another, and then again from the start; the first of all is the simplest. No property has fewer."""


def scheduled(number: int) -> Mode:
    """The mode of an example, counted from 0."""
    return SCHEDULE[number % len(SCHEDULE)]


def _rank(byte: int, most: int) -> int:
    """From 0 to `most`; from 2 on twice as often, because less goes wrong where there are fewer."""
    rank = byte % (2 * most)
    return rank if rank <= most else rank - most + 1


def _one_large(op: Operation, data: bytes, turn: int, large: range) -> Dimensions:
    names = (*op.letters, *op.runs)
    if not names:
        return Dimensions()
    name, size = names[turn % len(names)], large[data[-1] % len(large)]
    sizes = {letter: 1 + byte % 3 for letter, byte in zip(op.letters, data, strict=False)}
    runs = {
        run: tuple(1 + (byte >> axis) % 2 for axis in range(byte // 16 % 3))
        for run, byte in zip(op.runs, data[::-1][1:], strict=False)
    }
    if name in sizes:
        return Dimensions(sizes | {name: size}, runs)
    at = data[0] % (len(runs[name]) + 1)
    return Dimensions(sizes, runs | {name: (*runs[name][:at], size, *runs[name][at:])})
