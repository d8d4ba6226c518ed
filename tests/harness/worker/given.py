"""The functions that an operation may be given, by their names: of one array, whose dtype they keep or widen.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import numpy as np
from numpy.typing import NDArray


def softmax(x: NDArray) -> NDArray:
    """Along the last axis."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_of_all(x: NDArray) -> NDArray:
    """Over all entries."""
    e = np.exp(x - x.max())
    return e / e.sum()


def cumsum(x: NDArray) -> NDArray:
    """Along the last axis."""
    return np.cumsum(x, axis=-1)


def logsumexp(x: NDArray) -> NDArray:
    """Along the last axis, which goes."""
    top = x.max(axis=-1)
    return top + np.log(np.exp(x - top[..., None]).sum(axis=-1))


def square_sum(x: NDArray) -> NDArray:
    """Along the last axis, which goes."""
    return (x * x).sum(axis=-1)


FUNCTIONS = {
    "softmax": softmax,
    "softmax_of_all": softmax_of_all,
    "cumsum": cumsum,
    "tanh": np.tanh,
    "square": np.square,
    "logsumexp": logsumexp,
    "square_sum": square_sum,
}
"""What a function is called in a question, and the function."""
