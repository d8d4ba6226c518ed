"""Level 5: normalization, and dropout. The rules are in kata/__init__.py.

N batch size, C channels, D features, L positions. eps is a small positive number, p a probability: both constant.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def batch_norm(x: NDArray, gamma: NDArray, beta: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma (x - mu) / sqrt(var + eps) + beta, shapes (N, C), (1, C), (1, C) -> (N, C).

    mu and var are each channel's mean and variance over the batch. Training mode: they are those of this x, and depend
    on it; there are no running averages. var is the population variance, divided by N. A batch of one is allowed: there
    var = 0. eps is constant. grad(gy) -> gx, ggamma, gbeta.
    """
    # TODO
    raise NotImplementedError("batch_norm")


def layer_norm(x: NDArray, gamma: NDArray, beta: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma (x - mu) / sqrt(var + eps) + beta, shapes (..., D), (D,), (D,) -> (..., D).

    mu and var are the mean and the population variance (divided by D) over the last axis. eps is constant.
    grad(gy) -> gx, ggamma, gbeta.
    """
    # TODO
    raise NotImplementedError("layer_norm")


def rms_norm(x: NDArray, gamma: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma x / sqrt(mean(x^2) + eps), shapes (..., D), (D,) -> (..., D).

    The mean is over the last axis; eps stands inside the root, and is constant. grad(gy) -> gx, ggamma.
    """
    # TODO
    raise NotImplementedError("rms_norm")


def group_norm(x: NDArray, gamma: NDArray, beta: NDArray, groups: int, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma (x - mu) / sqrt(var + eps) + beta, shapes (N, C, L), (C,), (C,) -> (N, C, L).

    A group is C / groups consecutive channels: the first ones, the next ones, and so on; groups divides C. mu and var
    are the mean and the population variance of one example's group, over its channels and positions. gamma and beta
    have one entry a channel. groups and eps are constant. grad(gy) -> gx, ggamma, gbeta.
    """
    # TODO
    raise NotImplementedError("group_norm")


def l2_normalize(x: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = x / max(|x|, eps), |x| = sqrt(sum(x^2)) over the last axis, shape (..., D) -> (..., D).

    A vector shorter than eps, also zero, is divided by eps; its gradient is finite. At |x| = eps the derivative of the
    maximum may be anything from 0 to 1. eps is constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("l2_normalize")


def dropout(x: NDArray, mask: NDArray, p: float) -> tuple[NDArray, Callable]:
    """y = x mask / (1 - p) elementwise, shapes (...), (...) -> (...).

    mask is given, an array of bool: True keeps, False drops. p is the probability of dropping, 0 <= p < 1; nothing is
    drawn here. mask and p are constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("dropout")
