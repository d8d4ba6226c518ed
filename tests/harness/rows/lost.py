"""The slice that a smaller example lacks: what becomes of arrays and their axes without it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.rows.shapes import Dimensions, parsed


class NoSmallerExample(Exception):
    """There is no such value in a smaller example."""


@dataclass(frozen=True)
class Lost:
    """The slice that an example loses: of a letter, or along an axis of a run. `drop`: that axis of length 1 goes."""

    name: str
    index: int
    before: Dimensions
    axis: int = 0
    drop: bool = False

    @property
    def after(self) -> Dimensions:
        return self.before.smaller(self.name, self.axis, drop=self.drop)

    def taken_from(self, array: NDArray, shape: str) -> NDArray:
        """The array without the slice."""
        tokens, at = parsed(shape), 0
        for token in tokens:
            if token.run:
                length = len(self.before.runs[token.run])
                if token.broadcasts:  # the array may have fewer of these dimensions
                    length = array.ndim - sum(1 for t in tokens if not t.run)
                if token.run == self.name:
                    axis = at + length - len(self.before.runs[token.run]) + self.axis
                    if axis >= at:
                        if self.drop:
                            return array.reshape(array.shape[:axis] + array.shape[axis + 1 :])
                        # Of a broadcast array, an axis that is 1 already stays.
                        array = np.delete(array, self.index, axis) if array.shape[axis] > 1 else array
                at += length - self.drop * (token.run == self.name)
            else:
                if self.name in token.letters:
                    array = self._without_factor(array, at, token.times, token.letters)
                at += 1
        return array

    def axis_of(self, shape: str) -> int | None:
        """The axis that goes, where one goes, of an array of this shape (without `~...`)."""
        if not self.drop:
            return None
        at = 0
        for token in parsed(shape):
            if token.run == self.name:
                return at + self.axis
            at += len(self.before.runs[token.run]) if token.run else 1
        return None

    def _without_factor(self, array: NDArray, axis: int, times: int, letters: tuple[str, ...]) -> NDArray:
        sizes = (times, *(self.before.sizes[letter] for letter in letters))
        split = array.reshape(*array.shape[:axis], *sizes, *array.shape[axis + 1 :])
        for number, letter in enumerate(letters):
            if letter == self.name:
                split = np.delete(split, self.index, axis + 1 + number)
        return split.reshape(*array.shape[:axis], -1, *array.shape[axis + 1 :])
