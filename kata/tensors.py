"""Level 4: arithmetic with broadcasting, reductions, and moving entries about. The rules are in kata/__init__.py.

N, M, K, B: dimensions. V the number of rows to take from. D the size of a row.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def add(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a + b elementwise, broadcast: shapes (...), (...) that NumPy broadcasts -> the broadcast shape.

    ga has a's shape and gb has b's, also where one of them was repeated, or lacks axes that the other has.
    grad(gy) -> ga, gb.
    """
    # TODO
    raise NotImplementedError("add")


def multiply(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a * b elementwise, broadcast: shapes (...), (...) that NumPy broadcasts -> the broadcast shape.

    grad(gy) -> ga, gb.
    """
    # TODO
    raise NotImplementedError("multiply")


def divide(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a / b elementwise, broadcast: shapes (...), (...) that NumPy broadcasts -> the broadcast shape.

    b is not 0. grad(gy) -> ga, gb.
    """
    # TODO
    raise NotImplementedError("divide")


def matmul(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[...,i,j] = sum_k a[...,i,k] b[...,k,j], shapes (..., N, K), (..., K, M) -> (..., N, M).

    Both have at least two dimensions. Those in front of the last two are broadcast. grad(gy) -> ga, gb.
    """
    # TODO
    raise NotImplementedError("matmul")


def reduce_sum(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = sum of x over one axis, several, or all (None), shape (...) -> (...) less these axes.

    If keepdims is True they stay in y, with length 1.
    axis may be negative, or a NumPy integer; axis and keepdims are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("reduce_sum")


def reduce_mean(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = mean of x over one axis, several, or all (None), shape (...) -> (...) less these axes.

    If keepdims is True they stay in y, with length 1.
    axis may be negative, or a NumPy integer; axis and keepdims are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("reduce_mean")


def reduce_max(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = maximum of x over one axis, several, or all (None), shape (...) -> (...) less these axes.

    If keepdims is True they stay in y, with length 1.
    At ties any convex split is right: the weights of the tied entries are not negative and add up to 1.
    axis may be negative, or a NumPy integer; axis and keepdims are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("reduce_max")


def reduce_var(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = mean of (x - mean of x)^2 over one axis, several, or all (None), shape (...) -> (...) less these axes.

    If keepdims is True they stay in y, with length 1.
    The population variance: over n values it divides by n, not n - 1, and is 0 for a single value.
    axis may be negative, or a NumPy integer; axis and keepdims are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("reduce_var")


def transpose(x: NDArray, axes: tuple[int, ...]) -> tuple[NDArray, Callable]:
    """Axis k of y is axis axes[k] of x, any shape; axes is a permutation of 0, 1, ..., and constant. grad(gy) -> gx."""
    # TODO
    raise NotImplementedError("transpose")


def reshape(x: NDArray, shape: tuple[int, ...]) -> tuple[NDArray, Callable]:
    """y has the entries of x in their order, last axis fastest, in this shape: (...) -> shape, which has no -1.

    shape is constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("reshape")


def broadcast_to(x: NDArray, shape: tuple[int, ...]) -> tuple[NDArray, Callable]:
    """y repeats x along axes that x does not have, or has with length 1: (...) -> shape. shape is constant.

    grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("broadcast_to")


def concatenate(a: NDArray, b: NDArray, axis: int) -> tuple[NDArray, Callable]:
    """y = a, and b after it along an axis: shapes (..., M, ...), (..., K, ...) -> (..., M + K, ...), else alike.

    axis may be negative, or a NumPy integer, and is constant. grad(gy) -> ga, gb.
    """
    # TODO
    raise NotImplementedError("concatenate")


def take(x: NDArray, indices: NDArray) -> tuple[NDArray, Callable]:
    """y[i] = x[indices[i]], i an index tuple: shapes (V, ...), any shape of integers -> indices.shape + (...).

    An index may come several times. None is negative. indices, integers of any width, is constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("take")


def where(condition: NDArray, a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a where condition is True, else b; elementwise, all three broadcast, condition of dtype bool, and constant.

    grad(gy) -> ga, gb.
    """
    # TODO
    raise NotImplementedError("where")


def cumsum(x: NDArray, axis: int) -> tuple[NDArray, Callable]:
    """y[...,i,...] = sum_{k <= i} x[...,k,...] along an axis, any shape -> the same.

    axis may be negative, or a NumPy integer, and is constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("cumsum")
