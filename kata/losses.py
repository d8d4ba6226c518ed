"""Level 3: losses, and what is compared in them. The rules are in kata/__init__.py.

N batch size, C classes, D features. A loss is a single number l, of shape (), and gl is the gradient with respect to it.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def mean_square_error(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """l = mean of (x - y)^2 over all entries, shapes (...), (...) -> (); y is constant. grad(gl) -> gx."""
    # TODO
    raise NotImplementedError("mean_square_error")


def huber_loss(x: NDArray, y: NDArray, delta: float) -> tuple[NDArray, Callable]:
    """l = mean of h(x - y) over all entries, shapes (...), (...) -> (); y and delta > 0 are constant.

    h(d) = d^2 / 2 where |d| <= delta, and delta (|d| - delta / 2) beyond. grad(gl) -> gx.
    """
    # TODO
    raise NotImplementedError("huber_loss")


def hinge_loss(scores: NDArray, labels: NDArray, margin: float) -> tuple[NDArray, Callable]:
    """l = sum_i sum_{j != labels[i]} max(0, margin - scores[i,labels[i]] + scores[i,j]) / (N C).

    Shapes (N, C), (N,) -> (). The sum leaves out the right class, and is divided by C, not by C - 1; mean over the batch.
    labels are integers of any width from 0 to C - 1; labels and margin >= 0 are constant. Where a max is at its kink,
    any subgradient is right. grad(gl) -> gscores.
    """
    # TODO
    raise NotImplementedError("hinge_loss")


def binary_cross_entropy_with_logits(logits: NDArray, targets: NDArray) -> tuple[NDArray, Callable]:
    """l = mean of -t log s(z) - (1 - t) log(1 - s(z)) over all entries, shapes (...), (...) -> ().

    z are the logits, s(z) = 1 / (1 + exp(-z)); t are the targets, any numbers in [0, 1], constant. Exact for large |z|,
    where s(z) rounds to 0 or 1. grad(gl) -> glogits.
    """
    # TODO
    raise NotImplementedError("binary_cross_entropy_with_logits")


def cross_entropy(logits: NDArray, labels: NDArray) -> tuple[NDArray, Callable]:
    """l = mean over i of -log p[i,labels[i]], where p = softmax of the logits over the last axis.

    Shapes (N, C), (N,) -> (). labels are integers of any width from 0 to C - 1, constant. grad(gl) -> glogits.
    """
    # TODO
    raise NotImplementedError("cross_entropy")


def kl_divergence(log_q: NDArray, p: NDArray) -> tuple[NDArray, Callable]:
    """l = sum_ij p[i,j] (log p[i,j] - log_q[i,j]) / N, shapes (N, C), (N, C) -> (). Mean over the batch alone.

    Each row of p is a probability distribution, constant; p may have zeros, and 0 log 0 = 0. log_q holds logarithms, of
    numbers that need not add up to 1. grad(gl) -> glog_q.
    """
    # TODO
    raise NotImplementedError("kl_divergence")


def cosine_similarity(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """c[i] = sum_k x[i,k] y[i,k] / (|x[i]| |y[i]|), shapes (N, D), (N, D) -> (N,); |.| is the length of a row.

    No row is zero. grad(gc) -> gx, gy.
    """
    # TODO
    raise NotImplementedError("cosine_similarity")


def info_nce_loss(x: NDArray, y: NDArray, temperature: float) -> tuple[NDArray, Callable]:
    """l = cross_entropy of the logits x y^T / temperature with labels 0, 1, ..., N - 1, shapes (N, D), (N, D) -> ().

    Row i of x belongs to row i of y, the other rows of y are its negatives; mean over i. temperature > 0 is constant.
    grad(gl) -> gx, gy.
    """
    # TODO
    raise NotImplementedError("info_nce_loss")
