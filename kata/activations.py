"""Level 2: activations, and the ways to turn scores into probabilities. The rules are in kata/__init__.py.

K: the length of the last axis, which the last three operations work along; `...` are the axes before it.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def tanh(x: NDArray) -> tuple[NDArray, Callable]:
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)) elementwise, shape (...) -> (...). grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("tanh")


def leaky_relu(x: NDArray, slope: float) -> tuple[NDArray, Callable]:
    """y = x where x > 0, slope x elsewhere, elementwise, shape (...) -> (...).

    slope is constant, any number, also above 1 or below 0. At 0 any derivative between slope and 1 is right.
    grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("leaky_relu")


def elu(x: NDArray, alpha: float) -> tuple[NDArray, Callable]:
    """y = x where x > 0, alpha (exp(x) - 1) elsewhere, elementwise, shape (...) -> (...).

    alpha is constant, any number, also 0 or below. At 0 any derivative between alpha and 1 is right. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("elu")


def softplus(x: NDArray) -> tuple[NDArray, Callable]:
    """y = log(1 + exp(x)) elementwise, shape (...) -> (...); exact for large x too. grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("softplus")


def silu(x: NDArray) -> tuple[NDArray, Callable]:
    """y = x sigmoid(x) elementwise, shape (...) -> (...). grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("silu")


def gelu(x: NDArray) -> tuple[NDArray, Callable]:
    """y = x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 elementwise, shape (...) -> (...).

    This is the tanh form of gelu, not the one with the error function. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("gelu")


def softmax(x: NDArray) -> tuple[NDArray, Callable]:
    """y[n,i] = exp(x[n,i]) / sum_k exp(x[n,k]), over the last axis, shape (..., K) -> (..., K). grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("softmax")


def log_softmax(x: NDArray) -> tuple[NDArray, Callable]:
    """y[n,i] = x[n,i] - log(sum_k exp(x[n,k])), over the last axis, shape (..., K) -> (..., K). grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("log_softmax")


def logsumexp(x: NDArray) -> tuple[NDArray, Callable]:
    """y[n] = log(sum_k exp(x[n,k])), over the last axis, which goes away, shape (..., K) -> (...). grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("logsumexp")
