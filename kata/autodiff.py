"""Level 11: a class of tensors that remember what they were computed from. The rules are in kata/__init__.py.

Of rule 1 only the vector-Jacobian product holds here: what is asked for is no function that returns `(y, grad)`, but a class.
"""

from __future__ import annotations

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import ArrayLike


class Tensor:
    """An array of any shape (...) with its gradient, of which new ones are computed: `.data`, `.grad` and these operators.

    + - * / ** @ between two of them, or one and a number or an array on either side, broadcasting as NumPy does, and
    unary -; sum, mean and max (axis=None, keepdims=False; axis is an int, also negative, or a tuple); exp(), log(),
    tanh(), relu(); reshape(2, 3) and reshape((2, 3)); transpose(), transpose(1, 0) and transpose((1, 0)); x[...] with
    integers, slices, None, ..., arrays of integers (which may repeat), pairs of them, and masks; negative ones, too.

    A number is Python's or NumPy's, as np.float32(2); the axis may come without its name: sum(0, True).

    `.data` is the array; float32 stays float32, also with a number on either side. `backward()` of a tensor of one entry
    adds its gradient to the `.grad` of every leaf, which is what was made as `Tensor(data)`: an array like its data,
    which no other leaf has too. A second call, or one from another tensor of the same graph, adds again. Before that,
    and where nothing comes, it is None or zeros. What inner tensors have for a gradient is not looked at.

    x ** 2 and x ** array are for any x, x ** tensor for positive ones. Graphs may have chains of 10,000 nodes, and nodes that are
    used many times. A graph that nobody holds any more takes no memory.
    """

    def __init__(self, data: ArrayLike) -> None:
        # TODO
        raise NotImplementedError("Tensor")

    def backward(self) -> None:
        """Add the gradient of this tensor, of one entry, with respect to each leaf to that leaf's `.grad`."""
        # TODO
        raise NotImplementedError("Tensor")
