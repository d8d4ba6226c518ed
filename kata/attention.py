"""Level 8: attention, and the transformer's other parts. The rules are in kata/__init__.py.

T queries, S keys and values, D their features, E features of a value, H hidden features, N batch size. heads and block
are Python integers, base a number: all constant.
"""

from collections.abc import Callable

import numpy as np  # noqa: F401 (for the candidate)
from numpy.typing import NDArray


def scaled_dot_product_attention(q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D)) v, shapes (..., T, D), (..., S, D), (..., S, E) -> (..., T, E).

    The softmax is over the keys, the last axis of the scores. The leading axes of q, k and v are equal. No mask.
    grad(gy) -> gq, gk, gv.
    """
    # TODO
    raise NotImplementedError("scaled_dot_product_attention")


def masked_attention(q: NDArray, k: NDArray, v: NDArray, mask: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D), over what may be seen) v, shapes (..., T, D), (..., S, D), (..., S, E) -> (..., T, E).

    mask is an array of bool, shape (T, S), the same for all leading axes: where mask[i,j] is True, query i may see
    key j; what it may not see has weight 0. A query that may see nothing has y = 0, and its gradients are 0. mask is
    constant. grad(gy) -> gq, gk, gv.
    """
    # TODO
    raise NotImplementedError("masked_attention")


def causal_attention(q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D), over keys 0 to t) v, shapes (..., T, D), (..., T, D), (..., T, E) -> (..., T, E).

    The query at position t sees the keys at positions 0 to t, its own included. grad(gy) -> gq, gk, gv.
    """
    # TODO
    raise NotImplementedError("causal_attention")


def rotary_embedding(x: NDArray, base: float) -> tuple[NDArray, Callable]:
    """y = x with pairs of features turned by angles that grow with the position, shape (..., T, D) -> (..., T, D).

    D is even. At position t, counted from 0, features i and i + D / 2 are the coordinates of a point in the plane, for
    each i < D / 2. It is turned by the angle t base^(-2 i / D), from feature i towards feature i + D / 2. base > 1 is
    constant. grad(gy) -> gx.
    """
    # TODO
    raise NotImplementedError("rotary_embedding")


def multi_head_attention(
    x: NDArray, wq: NDArray, wk: NDArray, wv: NDArray, wo: NDArray, heads: int
) -> tuple[NDArray, Callable]:
    """y = concat(heads of attention(x wq, x wk, x wv)) wo, shapes (N, T, D), (D, D) four times -> (N, T, D).

    A head is D / heads consecutive features of x wq, x wk and x wv: the first ones, the next ones, and so on; heads
    divides D. Each head attends by itself, with the scale 1 / sqrt(D / heads), and the heads' outputs stand side by
    side in the same order. No bias, no mask. heads is constant. grad(gy) -> gx, gwq, gwk, gwv, gwo.
    """
    # TODO
    raise NotImplementedError("multi_head_attention")


def swiglu(x: NDArray, w_gate: NDArray, w_up: NDArray, w_down: NDArray) -> tuple[NDArray, Callable]:
    """y = (silu(x w_gate) * (x w_up)) w_down, shapes (..., D), (D, H), (D, H), (H, D) -> (..., D).

    silu(a) = a sigmoid(a), elementwise. grad(gy) -> gx, gw_gate, gw_up, gw_down.
    """
    # TODO
    raise NotImplementedError("swiglu")


def blockwise_attention(q: NDArray, k: NDArray, v: NDArray, block: int) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D)) v, shapes (..., T, D), (..., S, D), (..., S, E) -> (..., T, E), in little memory.

    The answers are those of scaled_dot_product_attention, but keys and values are taken block by block, block keys at a
    time, forward and backward. Never are there T x S numbers, not in pieces either: what grad needs of a block it
    computes again. block is at least 1, need not divide S, may be larger than S, and is constant. Queries need not be
    taken in blocks. grad(gy) -> gq, gk, gv.
    """
    # TODO
    raise NotImplementedError("blockwise_attention")


def transformer_block(
    x: NDArray,
    gamma1: NDArray,
    beta1: NDArray,
    wq: NDArray,
    wk: NDArray,
    wv: NDArray,
    wo: NDArray,
    gamma2: NDArray,
    beta2: NDArray,
    w1: NDArray,
    b1: NDArray,
    w2: NDArray,
    b2: NDArray,
    heads: int,
) -> tuple[NDArray, Callable]:
    """y = r + gelu(norm2(r) w1 + b1) w2 + b2 with r = x + attention(norm1(x)), shape (N, T, D) -> (N, T, D).

    norm1 and norm2 are layer_norm with gamma1, beta1 and gamma2, beta2, eps = 1e-5. attention is multi_head_attention
    with wq, wk, wv, wo and heads, but causal: a position sees itself and those before it. gelu is its tanh form. Shapes:
    gamma1, beta1, gamma2, beta2 (D,), wq, wk, wv, wo (D, D), w1 (D, H), b1 (1, H), w2 (H, D), b2 (1, D). heads is
    constant. grad(gy) -> gx, ggamma1, gbeta1, gwq, gwk, gwv, gwo, ggamma2, gbeta2, gw1, gb1, gw2, gb2.
    """
    # TODO
    raise NotImplementedError("transformer_block")
