"""Finish what hypothesis's shrinking leaves: drop single rows and columns, then make single entries 0 or 1.

Hypothesis sees bytes. It cannot know that dropping row 1 of x goes with dropping row 1 of gy.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tests.harness import oracle
from tests.harness.examples import Example
from tests.harness.spec import Operation

MOST_TRIES = 400


def tighten(op: Operation, examples: tuple[Example, ...], fails: Callable[[tuple[Example, ...]], bool]) -> None:
    """Offer simpler and simpler variants of a failing trial's examples to `fails`, which says whether one fails too."""
    tries = 0
    moved = True
    while moved:
        moved = False
        for number, example in enumerate(examples):
            for simpler in _simpler(op, example):
                tries += 1
                if tries > MOST_TRIES:
                    return
                variant = (*examples[:number], simpler, *examples[number + 1 :])
                if fails(variant):
                    examples, moved = variant, True
                    break
            if moved:
                break


def _simpler(op: Operation, example: Example) -> Iterator[Example]:
    tokens = [shape.split() for shape in op.shapes.values()]
    batch = max((x.ndim - len(t) + 1 for x, t in zip(example.inputs, tokens, strict=True) if "..." in t), default=0)
    for axis in range(batch):
        axes = [_axes(t, axis, batch) for t in tokens]
        if {x.shape[a] for x, at in zip(example.inputs, axes, strict=True) for a in at} == {1}:
            flat = [x.reshape(_without(x.shape, at)) for x, at in zip(example.inputs, axes, strict=True)]
            yield from _fitted(op, example, flat, 0)
    dimensions = (*range(batch), *op.letters)
    # Two at once, for what needs them to be equal.
    for together in (*((d,) for d in dimensions), *combinations(op.letters, 2)):
        axes = [[a for d in together for a in _axes(t, d, batch)] for t in tokens]
        sizes = {x.shape[a] for x, at in zip(example.inputs, axes, strict=True) for a in at}
        if len(sizes) != 1 or sizes == {1}:
            continue
        for index in range(max(sizes) - 1, -1, -1):
            yield from _fitted(
                op, example, [_dropped(x, at, index) for x, at in zip(example.inputs, axes, strict=True)], index
            )
    for number, array in enumerate((*example.inputs, example.gy)):
        if array.dtype.kind != "f":
            continue
        for entry in map(tuple, np.argwhere(array)):
            for value in (0, 1) if array[entry] != 1 else (0,):
                changed = array.copy()
                changed[entry] = value
                if number == len(example.inputs):
                    yield replace(example, gy=changed)
                else:
                    yield replace(example, inputs=(*example.inputs[:number], changed, *example.inputs[number + 1 :]))


def _axes(tokens: list[str], dimension: int | str, batch: int) -> list[int]:
    """Where a dimension (a letter, or a number of one of those that `...` stands for) is found in a shape."""
    axes, axis = [], 0
    for token in tokens:
        if token == "...":
            axes += [axis + dimension] if isinstance(dimension, int) else []
            axis += batch
        else:
            axes += [axis] if token == dimension else []
            axis += 1
    return axes


def _dropped(array: NDArray, axes: list[int], index: int) -> NDArray:
    for axis in axes:
        array = np.delete(array, index, axis)
    return array


def _without(shape: tuple[int, ...], axes: list[int]) -> tuple[int, ...]:
    return tuple(n for axis, n in enumerate(shape) if axis not in axes)


def _fitted(op: Operation, example: Example, inputs: list, index: int) -> Iterator[Example]:
    """The example with these inputs and gy cut to the shape of their output, where that can be done."""
    gy, shape = example.gy, oracle.output_shape(op, tuple(inputs))
    if gy.ndim == len(shape):
        for axis, (before, after) in enumerate(zip(gy.shape, shape, strict=True)):
            if after == before - 1:
                gy = np.delete(gy, index, axis)
    elif gy.size == int(np.prod(shape)):
        gy = gy.reshape(shape)
    if gy.shape == shape:
        yield Example(tuple(inputs), gy)
