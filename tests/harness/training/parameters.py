"""The arrays that learn, and what an optimiser remembers of each. A step makes new ones: what was learned before it stays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.harness.training.operations import Broken

Step = Callable[[NDArray, NDArray, NDArray, NDArray, int], Sequence[NDArray]]
"""`step(w, gw, m, v, t) -> (w, m, v)`; t is the number of this step, from 1."""


def scaled(rng: np.random.Generator, shape: tuple[int, ...], inputs: float) -> NDArray:
    """Weights at random, of a variance of 1 / inputs."""
    return rng.normal(scale=inputs**-0.5, size=shape)


@dataclass(frozen=True)
class Parameters:
    """Arrays, and for each the two running means of its optimiser, after so many steps."""

    values: tuple[NDArray, ...]
    means: tuple[NDArray, ...]
    squares: tuple[NDArray, ...]
    steps: int = 0

    @classmethod
    def new(cls, values: Sequence[NDArray]) -> Parameters:
        """These, which have learned nothing yet."""
        zeros = tuple(np.zeros_like(value) for value in values)
        return cls(tuple(values), zeros, zeros)

    def stepped(self, step: Step, gradients: Sequence[NDArray]) -> Parameters:
        """What they are after one more step. Raises Broken where the gradients or new values do not fit."""
        if len(gradients) != len(self.values):
            raise Broken(f"there are {len(gradients)} gradients for {len(self.values)} arrays")
        stepped = [
            _fitting(step(*four, self.steps + 1), four[0].shape)
            for four in zip(self.values, gradients, self.means, self.squares, strict=True)
        ]
        values, means, squares = zip(*stepped, strict=True) if stepped else ((), (), ())
        return Parameters(values, means, squares, self.steps + 1)


def _fitting(answer: object, shape: tuple[int, ...]) -> tuple[NDArray, NDArray, NDArray]:
    if not (isinstance(answer, tuple | list) and len(answer) == 3):
        raise Broken("the step of the optimiser should return three arrays: the new w, m and v")
    shapes = [np.shape(array) for array in answer]
    if shapes != [shape] * 3:
        raise Broken(
            f"after the step of the optimiser w, m and v have the shapes {shapes}, but should all have {shape}"
        )
    return tuple(answer)
