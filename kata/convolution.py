"""Level 6: convolution and pooling. The rules are in kata/__init__.py.

N batch size, C channels in, O channels out, L positions, H rows and W columns of an image, J rows and K columns of a
kernel; L', H' and W' are those of y. stride, padding and size are ints, the same for rows and columns: constant.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def conv1d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,o,p] = b[o] + sum_ck w[o,c,k] x[n,c,stride p + k - padding], shapes (N, C, L), (O, C, K), (O,) -> (N, O, L').

    Outside of x there are zeros, `padding` of them at each end. The kernel is not flipped, as in torch. The last window
    begins where it still fits: L' = (L + 2 padding - K) // stride + 1, at least 1. grad(gy) -> gx, gw, gb.
    """
    # TODO
    raise NotImplementedError("conv1d")


def conv2d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,o,p,q] = b[o] + sum_cjk w[o,c,j,k] x[n,c,stride p + j - padding,stride q + k - padding].

    Shapes (N, C, H, W), (O, C, J, K), (O,) -> (N, O, H', W'). As conv1d, along rows and columns: zeros outside of x,
    `padding` of them on each side, the kernel not flipped, H' = (H + 2 padding - J) // stride + 1, and W' likewise.
    grad(gy) -> gx, gw, gb.
    """
    # TODO
    raise NotImplementedError("conv2d")


def depthwise_conv2d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,c,p,q] = b[c] + sum_jk w[c,j,k] x[n,c,stride p + j - padding,stride q + k - padding].

    Shapes (N, C, H, W), (C, J, K), (C,) -> (N, C, H', W'). As conv2d, but with one kernel a channel, for that channel
    alone. grad(gy) -> gx, gw, gb.
    """
    # TODO
    raise NotImplementedError("depthwise_conv2d")


def conv_transpose2d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,o,p,q] = b[o] + the sum of w[c,o,j,k] x[n,c,h,v] over all c, h, v, j, k with stride h + j - padding = p, and q.

    Likewise stride v + k - padding = q. Shapes (N, C, H, W), (C, O, J, K), (O,) -> (N, O, H', W'), with
    H' = stride (H - 1) + J - 2 padding, at least 1, and W' likewise. C comes before O in w. It is the backward pass of a
    conv2d, as an operation of its own: padding cuts rows and columns off. grad(gy) -> gx, gw, gb.
    """
    # TODO
    raise NotImplementedError("conv_transpose2d")


def max_pool2d(x: NDArray, size: int, stride: int) -> tuple[NDArray, Callable]:
    """y[n,c,p,q] = the maximum over j, k of x[n,c,stride p + j,stride q + k], shapes (N, C, H, W) -> (N, C, H', W').

    j, k run from 0 to size - 1, stride is smaller than size, equal or larger, there is no padding:
    H' = (H - size) // stride + 1, and W' likewise. Where several entries of a window are its maximum, its gy may go to
    any of them, or be shared out, all of it together. size and stride are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("max_pool2d")


def avg_pool2d(x: NDArray, size: int, stride: int) -> tuple[NDArray, Callable]:
    """y[n,c,p,q] = sum_jk x[n,c,stride p + j,stride q + k] / size^2, shapes (N, C, H, W) -> (N, C, H', W').

    Windows as those of max_pool2d. size and stride are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("avg_pool2d")
