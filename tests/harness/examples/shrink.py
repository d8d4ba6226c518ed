"""Finish what hypothesis's shrinking leaves: drop single rows and columns, then make single entries 0 or 1.

Hypothesis sees bytes. It cannot know that dropping row 1 of x goes with dropping row 1 of gy.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from tests.harness.examples import smaller_graphs
from tests.harness.examples.examples import Example
from tests.harness.examples.schedule import LARGEST
from tests.harness.rows import oracle
from tests.harness.rows.arrays import with_simpler_entries
from tests.harness.rows.kind import Context
from tests.harness.rows.lost import Lost, NoSmallerExample
from tests.harness.rows.shapes import Dimensions
from tests.harness.rows.spec import Operation

MOST_TRIES = 400


def tighten(op: Operation, examples: tuple[Example, ...], fails: Callable[[tuple[Example, ...]], bool]) -> None:
    """Offer simpler and simpler variants of a failing trial's examples to `fails`, which says whether one fails too."""
    tries = 0
    moved = True
    while moved:
        moved = False
        for number, example in enumerate(examples):
            for one in simpler(op, example):
                tries += 1
                if tries > MOST_TRIES:
                    return
                variant = (*examples[:number], one, *examples[number + 1 :])
                if fails(variant):
                    examples, moved = variant, True
                    break
            if moved:
                break


def complexity(op: Operation, examples: tuple[Example, ...]) -> tuple:
    """Orders examples: fewer entries first, then fewer axes, then fewer that are not zero, then simpler arguments, then more that are one."""
    if op.adapter:
        return tuple(map(sum, zip(*(smaller_graphs.complexity(e.inputs) for e in examples), strict=True)))
    ranks = [
        kind.rank(at.inputs[name], at) for at in (_context(op, e) for e in examples) for name, kind in op.kinds.items()
    ]
    arrays = [value for e in examples for value in (*e.inputs, e.gy) if isinstance(value, np.ndarray)]
    floats = [a for a in arrays if a.dtype.kind == "f"]
    return (
        sum(a.size for a in arrays),
        sum(a.ndim for a in arrays),
        sum(int(np.count_nonzero(a)) for a in arrays),
        sum(ranks),
        sum(int(np.count_nonzero(a != 1)) for a in arrays),
        sum(int(np.count_nonzero(np.signbit(a) & (a == 0))) for a in floats),
        sum(float(abs(a).sum()) for a in arrays),
    )


def simpler(op: Operation, example: Example) -> Iterator[Example]:
    """The examples of the row that are a little simpler than this one: a slice less, or a value."""
    if op.adapter:
        yield from (replace(example, inputs=inputs) for inputs in smaller_graphs.smaller(example.inputs))
        return
    dimensions = example.dimensions
    for run in op.runs:
        for axis, size in enumerate(dimensions.runs[run]):
            if size == 1:
                yield from _without(op, example, Lost(run, 0, dimensions, axis, drop=True))
    slices = [(letter, 0, dimensions.sizes[letter]) for letter in op.letters]
    slices += [(run, axis, size) for run in op.runs for axis, size in enumerate(dimensions.runs[run])]
    for name, axis, size in slices:
        if size > LARGEST:  # hypothesis has not seen it, and one by one it would take long
            yield from _without(op, example, *((name, index, axis) for index in range(size - 1, size // 2 - 1, -1)))
    # Two at once, for what needs them to be equal.
    for together in (*((s,) for s in slices), *combinations(slices[: len(op.letters)], 2)):
        sizes = {size for _, _, size in together}
        if len(sizes) != 1 or sizes == {1}:
            continue
        for index in range(max(sizes) - 1, -1, -1):
            yield from _without(op, example, *((name, index, axis) for name, axis, _ in together))
    at = _context(op, example)
    for name, kind in op.kinds.items():
        for value in kind.simpler(at.inputs[name], at):
            yield from _fitted(op, example, _within(op, replace(at, inputs=at.inputs | {name: value})), dimensions, 0)
    for gy in with_simpler_entries(example.gy, (0, 1)):
        yield replace(example, gy=gy)


def _context(op: Operation, example: Example) -> Context:
    return Context(example.dimensions, op.shapes, dict(zip(op.inputs, example.inputs, strict=True)))


def _within(op: Operation, at: Context) -> list:
    """The inputs, of which some depend on others that have changed."""
    for name, kind in op.kinds.items():
        at.inputs[name] = kind.within(at.inputs[name], at)
    return list(at.inputs.values())


def _without(op: Operation, example: Example, *slices: Lost | tuple[str, int, int]) -> Iterator[Example]:
    """The example without these slices, where there is one."""
    inputs, dimensions, index = list(example.inputs), example.dimensions, 0
    for one in slices:
        lost = one if isinstance(one, Lost) else Lost(*one[:2], dimensions, one[2])
        at = Context(lost.after, op.shapes)
        try:
            for value, (name, kind) in zip(inputs, op.kinds.items(), strict=True):
                at.inputs[name] = kind.fitted(value, at, lost)
        except NoSmallerExample:
            return
        inputs, dimensions, index = list(at.inputs.values()), lost.after, lost.index
    yield from _fitted(op, example, inputs, dimensions, index)


def _fitted(op: Operation, example: Example, inputs: list, dimensions: Dimensions, index: int) -> Iterator[Example]:
    """The example with these inputs and gy cut to the shape of their output, where that can be done."""
    gy, shape = example.gy, oracle.output_shape(op, tuple(inputs))
    if gy.ndim == len(shape):
        for axis, (before, after) in enumerate(zip(gy.shape, shape, strict=True)):
            if after == before - 1:
                gy = np.delete(gy, min(index, before - 1), axis)  # it may count the input's slices
            elif after < before:
                gy = np.take(gy, range(after), axis)
    elif gy.size == int(np.prod(shape)):
        gy = gy.reshape(shape)
    if gy.shape != shape:
        gy = np.resize(gy, shape)
    yield replace(example, inputs=tuple(inputs), gy=gy, dimensions=dimensions)
