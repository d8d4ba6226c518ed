"""The functions of one array that an operation may be given, by their names, which are their formulas.

Runs beside the candidate's code, in this process or in a worker: NumPy and the standard library only.
"""

import numpy as np
from numpy.typing import NDArray


def _share(x: NDArray) -> NDArray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _share_of_all(x: NDArray) -> NDArray:
    e = np.exp(x - x.max())
    return e / e.sum()


def _log_of_sum(x: NDArray) -> NDArray:
    top = x.max(axis=-1)
    return top + np.log(np.exp(x - top[..., None]).sum(axis=-1))


FUNCTIONS = {
    "exp(x) / exp(x).sum(-1, keepdims=True)": _share,
    "exp(x) / exp(x).sum()": _share_of_all,
    "x.cumsum(-1)": lambda x: np.cumsum(x, axis=-1),
    "np.tanh(x)": np.tanh,
    "x ** 2": np.square,
    "log(exp(x).sum(-1))": _log_of_sum,
    "(x ** 2).sum(-1)": lambda x: (x * x).sum(axis=-1),
}
"""What a function is called in a question, and the function."""
