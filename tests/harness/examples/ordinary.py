"""Variants of an example of the same size, whose numbers are ordinary: 1, 2 and 1/2, and arguments that are no limits."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from tests.harness.examples.examples import Example
from tests.harness.rows.arrays import Floats
from tests.harness.rows.kind import Kind
from tests.harness.rows.plain import Choice
from tests.harness.rows.spec import Operation

SMALL, LARGE = 1e-3, 1e3  # what lies between them can be read and followed
MOST = 60  # variants of one example


def is_ordinary(values: NDArray | float) -> bool:
    """Whether each number is 0 or of a moderate magnitude."""
    return bool(np.all(_ordinary(np.asarray(values, np.float64))))


def ordinary(op: Operation, example: Example) -> Iterator[Example]:
    """The variants, those that change the fewest things first; at most MOST."""
    return islice(_variants(op, example), MOST)


def _variants(op: Operation, example: Example) -> Iterator[Example]:
    seen = {_bytes(example)}
    arguments = list(
        product(*(_options(kind, value) for kind, value in zip(op.kinds.values(), example.inputs, strict=True)))
    )
    for filled, upstream, given in product(_FILLS, _FILLS[:4], arguments):
        inputs = tuple(
            filled(value) if isinstance(kind, Floats) else value
            for kind, value in zip(op.kinds.values(), given, strict=True)
        )
        variant = replace(example, inputs=inputs, gy=upstream(example.gy))
        if _bytes(variant) not in seen:
            seen.add(_bytes(variant))
            yield variant


def _ordinary(values: NDArray) -> NDArray:
    size = abs(values)
    return (size == 0) | ((size >= SMALL) & (size <= LARGE))


def _options(kind: Kind, value: object) -> list:
    """The value first, then others that a number among the arguments may usually have."""
    if not isinstance(kind, Choice) or not isinstance(value, float):
        return [value]
    return [value, *(option for option in kind.options if option != value and is_ordinary(option))]


def _bytes(example: Example) -> bytes:
    return b"|".join(np.asarray(value).tobytes() for value in (*example.inputs, example.gy) if value is not None)


def _as_is(values: NDArray) -> NDArray:
    return values


def _without_zeros(values: NDArray) -> NDArray:
    return np.where(values == 0, values.dtype.type(1), values)


def _moderate(values: NDArray) -> NDArray:
    """Each number that is too small or too large is 1, or -1."""
    return np.where(_ordinary(values), values, np.sign(values)).astype(values.dtype)


def _counted(values: NDArray) -> NDArray:
    return (1 + np.arange(values.size) % 3).reshape(values.shape).astype(values.dtype)


def _alternating(values: NDArray) -> NDArray:
    return np.where(np.arange(values.size).reshape(values.shape) % 2, 1, -2).astype(values.dtype)


def _halves(values: NDArray) -> NDArray:
    return np.full_like(values, 0.5)


_FILLS = (_as_is, _moderate, _without_zeros, _counted, _halves, _alternating)
