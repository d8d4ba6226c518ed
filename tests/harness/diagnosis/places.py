"""Places in an array: its first row, all but its last column, its diagonal."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

Mask = Callable[[tuple[int, ...]], NDArray]
"""Which entries of an array of this shape stand there."""


def places(ndim: int) -> Iterator[tuple[str, Mask]]:
    """The places of an array of so many dimensions, in words."""

    def along(axis: int, index: int) -> Mask:
        def mask(shape: tuple[int, ...]) -> NDArray:
            places = np.zeros(shape, bool)
            np.moveaxis(places, axis, 0)[index] = True
            return places

        return mask

    def diagonal(shape: tuple[int, ...]) -> NDArray:
        return np.indices(shape)[-1] == np.indices(shape)[-2]

    def at(index: int) -> Mask:
        return lambda shape: np.arange(np.prod(shape)) == index % np.prod(shape)

    if ndim != 1:
        yield "only in the first entry", at(0)
        yield "only in the last entry", at(-1)
    names = {1: ("entry",), 2: ("row", "column")}.get(ndim, tuple(f"slice along axis {a}" for a in range(ndim)))
    for axis, what in enumerate(names):
        for index, which in ((0, "first"), (-1, "last")):
            yield f"only in the {which} {what}", along(axis, index)
            yield f"except in the {which} {what}", lambda shape, axis=axis, index=index: ~along(axis, index)(shape)
    if ndim == 2:
        yield "only on the diagonal", diagonal
        yield "only off the diagonal", lambda shape: ~diagonal(shape)
