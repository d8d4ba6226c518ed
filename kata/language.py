"""Level 9: what language models add. The rules are in kata/__init__.py.

N batch, T positions of queries, or steps in time, S positions of keys and values, D features of a query or a key, E of a
value, G groups of R query heads each, V words, C classes, K in, M out. Of mixture_of_experts, E is the number of experts.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def tied_logits(w: NDArray, indices: NDArray) -> tuple[NDArray, Callable]:
    """y[...,v] = sum_k w[indices[...],k] w[v,k], shapes (V, D), any shape of integers -> indices.shape + (V,).

    One matrix is the embedding and the output layer. indices may be a single integer, may repeat, and are not negative;
    they are constant. grad(gy) -> gw.
    """
    # TODO
    raise NotImplementedError("tied_logits")


def smoothed_cross_entropy(
    logits: NDArray, labels: NDArray, smoothing: float, ignore_index: int
) -> tuple[NDArray, Callable]:
    """l = mean of -sum_j t[j] log softmax(logits)[j] over the rows that count, shapes (N, C), (N,) -> ().

    The target t is smoothing / C for every class, and 1 - smoothing more for the label. A row does not count where its
    label is ignore_index: a class, or -100, which labels hold only then. If no row counts, l is 0. 0 <= smoothing <= 1.
    labels, smoothing and ignore_index are constant. grad(gl) -> glogits.
    """
    # TODO
    raise NotImplementedError("smoothed_cross_entropy")


def grouped_query_attention(q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D)) v, shapes (N, G*R, T, D), (N, G, S, D), (N, G, S, E) -> (N, G*R, T, E).

    Head h of q reads group h // R of k and v. The softmax is over S; there is no mask. grad(gy) -> gq, gk, gv.
    """
    # TODO
    raise NotImplementedError("grouped_query_attention")


def lora_linear(x: NDArray, w: NDArray, a: NDArray, b: NDArray, scale: float) -> tuple[NDArray, Callable]:
    """y = x w + scale (x a) b, shapes (..., K), (K, M), (K, R), (R, M) -> (..., M).

    w is frozen: it is constant, as scale is. grad(gy) -> gx, ga, gb.
    """
    # TODO
    raise NotImplementedError("lora_linear")


def linear_recurrence(a: NDArray, b: NDArray, h: NDArray) -> tuple[NDArray, Callable]:
    """y[t] = a[t] * y[t-1] + b[t] elementwise, y[-1] being h; shapes (T, N), (T, N), (N,) -> (T, N).

    All states are returned, but not h. a may be zero. A Python loop over T is fine. grad(gy) -> ga, gb, gh.
    """
    # TODO
    raise NotImplementedError("linear_recurrence")


def dpo_loss(
    chosen: NDArray, rejected: NDArray, chosen_ref: NDArray, rejected_ref: NDArray, beta: float
) -> tuple[NDArray, Callable]:
    """l = mean of -log sigmoid(beta ((chosen - chosen_ref) - (rejected - rejected_ref))), shapes (N,) four times -> ().

    They are logarithms of probabilities: the policy's, and those of a reference, which are constant. beta > 0 is
    constant. grad(gl) -> gchosen, grejected.
    """
    # TODO
    raise NotImplementedError("dpo_loss")


def ppo_clip_loss(log_p: NDArray, log_p_old: NDArray, advantage: NDArray, clip: float) -> tuple[NDArray, Callable]:
    """l = -mean(min(r A, c A)), r = exp(log_p - log_p_old), c = r clipped to [1 - clip, 1 + clip]; shapes (N,) -> ().

    A is the advantage. Where A >= 0, l is finite however large r is, also where exp overflows. At r = 1 - clip and
    r = 1 + clip any subgradient is right. log_p_old, advantage and clip, 0 < clip < 1, are constant.
    grad(gl) -> glog_p.
    """
    # TODO
    raise NotImplementedError("ppo_clip_loss")


def mixture_of_experts(x: NDArray, w_gate: NDArray, w: NDArray, k: int) -> tuple[NDArray, Callable]:
    """y[n] = sum over the chosen experts e of p[n,e] (x[n] w[e]), shapes (N, D), (D, E), (E, D, M) -> (N, M).

    Chosen are the k largest gates of a row, the gates being x w_gate, and p is the softmax of these k alone. The k-th and
    the next gate are never alike. 1 <= k <= E; k is constant. grad(gy) -> gx, gw_gate, gw.
    """
    # TODO
    raise NotImplementedError("mixture_of_experts")


def matrix_products(x: NDArray) -> tuple[NDArray, Callable]:
    """y[t] = x[0] @ ... @ x[t], all prefixes of a product, shape (T, N, N) -> (T, N, N).

    The matrices may be singular. A Python loop over T is fine, and T products are enough for all gradients.
    grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("matrix_products")
