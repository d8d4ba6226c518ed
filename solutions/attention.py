"""Level 8: attention, and the transformer's other parts.

T queries, S keys and values, D their features, E features of a value, H hidden features, N batch size. i numbers
queries, j keys; n stands for a tuple of the leading indices. s: scores, p: the weights that they become.
"""

from collections.abc import Callable
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from .activations import gelu, silu
from .feedforward import affine
from .normalization import layer_norm


def scaled_dot_product_attention(q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D)) v, shapes (..., T, D), (..., S, D), (..., S, E) -> (..., T, E).

    Three steps: a score for each query and key, a softmax of each query's scores, and the mean of the values, weighted
    with it.

        s[n,i,j] = sum_d q[n,i,d] k[n,j,d] / sqrt(D)                             (1)
        p[n,i,j] = exp(s[n,i,j]) / sum_l exp(s[n,i,l])                           (2)
        y[n,i,e] = sum_j p[n,i,j] v[n,j,e]                                       (3)

    The largest score of a row is subtracted from the row before exp sees it: it cancels in (2). The scale keeps the
    scores of random vectors at a spread of 1, whatever D is, where a softmax still has slopes.

    v stands in the last step only, which is a matrix product.

        J_v[n,i,e | m,b,c] = [n = m] [e = c] p[n,i,b]
        gv[m,b,c] = sum_i p[m,i,b] gy[m,i,c]                                     (4)

    For q and k walk back through the steps. The product gives the weights' gradient; softmax turns it into that of
    the scores (level 2), with a sum over all keys of a query; and the product with the scale is linear in both.

        gp[n,i,j] = sum_e gy[n,i,e] v[n,j,e]                                     (5)
        gs[n,i,j] = p[n,i,j] (gp[n,i,j] - sum_l gp[n,i,l] p[n,i,l])              (6)
        gq[m,a,c] = sum_j gs[m,a,j] k[m,j,c] / sqrt(D)                           (7)
        gk[m,b,c] = sum_i gs[m,i,b] q[m,i,c] / sqrt(D)                           (8)

    As Jacobians: the sum in (6) is that of gy and y, so each value counts by how far it is from the mean y.

        J_q[n,i,e | m,a,c] = [n = m] [i = a] sum_j p[n,i,j] (v[n,j,e] - y[n,i,e]) k[n,j,c] / sqrt(D)
        J_k[n,i,e | m,b,c] = [n = m] p[n,i,b] (v[n,b,e] - y[n,i,e]) q[n,i,c] / sqrt(D)

    Hints:
    1. Which three steps lead from q, k and v to y, and which of their gradients do you know already?
    2. The first and the last step are matrix products, so their gradients are too, with the last two axes transposed.
       Between them stands a softmax over the keys, with its sum over the row. The scale belongs to q's gradient and k's.
    3. With gs = p (gp - sum(gp p)), gp[n,i,j] = sum_e gy[n,i,e] v[n,j,e], the sum over the keys:
       gq[n,i,c] = sum_j gs[n,i,j] k[n,j,c] / sqrt(D).
    """
    scale = 1 / sqrt(q.shape[-1])
    s = (q * scale) @ _transposed(k)  # (1)
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)  # (2)

    def grad(gy):
        gv = _transposed(p) @ gy  # (4)
        gp = gy @ _transposed(v)  # (5)
        gs = p * (gp - (gp * p).sum(axis=-1, keepdims=True))  # (6)
        gq = gs @ k * scale  # (7)
        gk = _transposed(gs) @ q * scale  # (8)
        return gq, gk, gv

    return p @ v, grad  # (3)


def masked_attention(q: NDArray, k: NDArray, v: NDArray, mask: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D), over what may be seen) v, shapes as above, mask (T, S): True may be seen.

    What may not be seen is left out of both sums of the softmax.

        s[n,i,j] = sum_d q[n,i,d] k[n,j,d] / sqrt(D)                             (1)
        u[n,i] = sum_l mask[i,l] exp(s[n,i,l])
        p[n,i,j] = mask[i,j] exp(s[n,i,j]) / (u[n,i] + [u[n,i] = 0])             (2)
        y[n,i,e] = sum_j p[n,i,j] v[n,j,e]                                       (3)

    A score of minus infinity does that, because exp(-inf) is 0: so the mask goes to the scores, before the softmax. After
    it, the weights that are left would no longer add up to 1. Where a query sees nothing, both sums are 0, and the
    largest score is minus infinity, from which nothing can be subtracted: there the row's 0 / 0 is to be 0.

        the largest score that is seen is subtracted, or 0; a sum of 0 is replaced by 1   (4)

    Then backward needs no mask: p is 0 where it was, and each term of scaled_dot_product_attention's has p for a factor.

        J_v[n,i,e | m,b,c] = [n = m] [e = c] p[n,i,b]
        J_q[n,i,e | m,a,c] = [n = m] [i = a] sum_j p[n,i,j] (v[n,j,e] - y[n,i,e]) k[n,j,c] / sqrt(D)
        J_k[n,i,e | m,b,c] = [n = m] p[n,i,b] (v[n,b,e] - y[n,i,e]) q[n,i,c] / sqrt(D)
        gp[n,i,j] = sum_e gy[n,i,e] v[n,j,e]
        gs[n,i,j] = p[n,i,j] (gp[n,i,j] - sum_l gp[n,i,l] p[n,i,l])              (5)
        gq[m,a,c] = sum_j gs[m,a,j] k[m,j,c] / sqrt(D)
        gk[m,b,c] = sum_i gs[m,i,b] q[m,i,c] / sqrt(D)
        gv[m,b,c] = sum_i p[m,i,b] gy[m,i,c]

    Hints:
    1. Which score must a key have so that its weight is 0, and the others' weights still add up to 1?
    2. Mask the scores, not the weights. In a row that sees nothing, take care of two things: what is subtracted before
       exp, and what the row is divided by. Backward, the weights of 0 do all the masking.
    3. With scores of -inf where the mask is False, m the row's largest score, or 0 where that is -inf, e = exp(s - m),
       and p = e / sum(e), or 0 where the sum is 0: gs[n,i,j] = p[n,i,j] (gp[n,i,j] - sum_l gp[n,i,l] p[n,i,l]).
    """
    scale = 1 / sqrt(q.shape[-1])
    s = np.where(mask, (q * scale) @ _transposed(k), -np.inf)  # (1)
    top = s.max(axis=-1, keepdims=True)
    e = np.exp(s - np.where(mask.any(axis=-1, keepdims=True), top, 0))  # (4)
    total = e.sum(axis=-1, keepdims=True)
    p = e / np.where(total > 0, total, 1)  # (2), (4)

    def grad(gy):
        gp = gy @ _transposed(v)
        gs = p * (gp - (gp * p).sum(axis=-1, keepdims=True))  # (5)
        return gs @ k * scale, _transposed(gs) @ q * scale, _transposed(p) @ gy

    return p @ v, grad  # (3)


def causal_attention(q: NDArray, k: NDArray, v: NDArray) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D), over keys 0 to t) v, shapes (..., T, D), (..., T, D), (..., T, E) -> (..., T, E).

    This is masked_attention with the lower triangle, its diagonal included, for a mask.

        mask: True where j <= i                                                  (1)

    With the mask written into the sums:

        s[n,i,j] = sum_d q[n,i,d] k[n,j,d] / sqrt(D)
        p[n,i,j] = [j <= i] exp(s[n,i,j]) / (sum_l [l <= i] exp(s[n,i,l]))
        y[n,i,e] = sum_j p[n,i,j] v[n,j,e]
        J_v[n,i,e | m,b,c] = [n = m] [e = c] p[n,i,b]
        J_q[n,i,e | m,a,c] = [n = m] [i = a] sum_j p[n,i,j] (v[n,j,e] - y[n,i,e]) k[n,j,c] / sqrt(D)
        J_k[n,i,e | m,b,c] = [n = m] p[n,i,b] (v[n,b,e] - y[n,i,e]) q[n,i,c] / sqrt(D)

    So y at position t does not depend on what comes after it, and the gradients of k and v at position t come from
    queries at t and after it. The first position sees itself alone: its weight is 1 whatever q is, so gq is 0 there.

    Hints:
    1. For which i and j may query i see key j, and which of your operations takes such a table?
    2. A triangle of True on and below the diagonal. Nothing else is new, backward included.
    3. The mask of (1): True where j <= i, that is on and below the diagonal.
    """
    return masked_attention(q, k, v, np.tri(q.shape[-2], dtype=bool))  # (1)


def rotary_embedding(x: NDArray, base: float) -> tuple[NDArray, Callable]:
    """y = x with pairs of features turned by angles that grow with the position, shape (..., T, D) -> (..., T, D).

    H = D / 2 is the number of pairs. Features i and i + H are pair i, which position t turns by t base^(-2 i / D):

        a[t,i] = t base^(-(i - H [i >= H]) / H)          of the pair that feature i is in  (1)

    A point (first, second) that is turned by an angle is

        (first cos - second sin, first sin + second cos)                         (2)

    where feature i is the first coordinate of its pair and feature i + H the second:

        y[n,t,i] = x[n,t,i] cos(a[t,i]) + ([i >= H] x[n,t,i - H] - [i < H] x[n,t,i + H]) sin(a[t,i])

    An entry of y holds two entries of x: its own feature, times the cos, and its partner, times plus or minus the sin.

        J_x[n,t,i | m,u,b] = [n = m] [t = u] ([i = b] cos(a[t,i]) + ([i = b + H] - [i + H = b]) sin(a[t,i]))

    Transposed, i and b change places, and with them the signs of the two sines: the gradient is turned by the opposite
    angle. A rotation's inverse is its transpose.

        gx[m,u,b] = sum_i gy[m,u,i] J_x[m,u,i | m,u,b]                           (3)

    It depends on x not at all. That is what makes it of use: a query turned by t and a key turned by u have a product
    that depends on t - u only.

    Hints:
    1. What does the matrix that turns a point in the plane look like, and what is its transpose?
    2. Split the last axis into its first and its second half: these are the coordinates. Backward, turn gy by the same
       angles in the opposite direction.
    3. With a[t,i] = t base^(-2 i / D) and i < H = D / 2: gx[n,t,i] = gy[n,t,i] cos(a[t,i]) + gy[n,t,i + H] sin(a[t,i]).
    """
    t, half = x.shape[-2], x.shape[-1] // 2
    angle = np.arange(t)[:, None] * base ** (-np.arange(half) / half)  # (1)
    cos, sin = np.cos(angle).astype(x.dtype), np.sin(angle).astype(x.dtype)

    def turned(x, sin):
        first, second = x[..., :half], x[..., half:]
        return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)

    return turned(x, sin), lambda gy: turned(gy, -sin)  # (2), (3)


def multi_head_attention(
    x: NDArray, wq: NDArray, wk: NDArray, wv: NDArray, wo: NDArray, heads: int
) -> tuple[NDArray, Callable]:
    """y = concat(heads of attention(x wq, x wk, x wv)) wo, shapes (N, T, D), (D, D) four times -> (N, T, D).

    A head is K = D / heads consecutive features. Seen as (N, T, heads, K), with the axes of T and heads exchanged, the
    heads are leading axes, for which scaled_dot_product_attention attends to each by itself:

        split: (N, T, D) seen as (N, T, heads, K), then (N, heads, T, K)         (1)
        joined: the same steps back                                              (2)

    Both only move entries, so each one's backward pass is the other. The rest are four products with weights.

        q[n,i,d] = sum_c x[n,i,c] wq[c,d]
        k[n,i,d] = sum_c x[n,i,c] wk[c,d]
        v[n,i,d] = sum_c x[n,i,c] wv[c,d]                                        (3)
        same[c,d] = [floor(c / K) = floor(d / K)]
        p[n,i,j,d] = exp(sum_c same[c,d] q[n,i,c] k[n,j,c] / sqrt(K)) / sum_l exp(sum_c same[c,d] q[n,i,c] k[n,l,c] / sqrt(K))
        o[n,i,d] = sum_j p[n,i,j,d] v[n,j,d]                                     (4)
        y[n,i,e] = sum_d o[n,i,d] wo[d,e]                                        (5)

    Here p has the weights of the head that feature d is in. x is used three times, so its gradient has three terms; each
    comes back through a product, as in affine (level 1). The same weights serve all examples and positions: there they
    add up.

        gx = gq wq^T + gk wk^T + gv wv^T                                         (6)
        gwq = sum over examples of x^T gq, and likewise gwk, gwv; gwo of o^T gy  (7)

    As Jacobians, with w the slope of y along a score of the head that c is in:

        w[n,i,j,c,e] = sum_d same[c,d] p[n,i,j,d] (v[n,j,d] - o[n,i,d]) wo[d,e] / sqrt(K)
        J_wo[n,i,e | a,b] = [e = b] o[n,i,a]
        J_wv[n,i,e | a,b] = wo[b,e] sum_j p[n,i,j,b] x[n,j,a]
        J_wq[n,i,e | a,b] = x[n,i,a] sum_j w[n,i,j,b,e] k[n,j,b]
        J_wk[n,i,e | a,b] = q[n,i,b] sum_j w[n,i,j,b,e] x[n,j,a]
        fromq[n,i,c,e] = sum_d wq[c,d] (sum_l w[n,i,l,d,e] k[n,l,d])
        fromkv[n,i,j,c,e] = sum_d (wk[c,d] w[n,i,j,d,e] q[n,i,d] + wv[c,d] p[n,i,j,d] wo[d,e])
        J_x[n,i,e | m,j,c] = [n = m] ([i = j] fromq[n,i,c,e] + fromkv[n,i,j,c,e])

    Hints:
    1. In which shape of x wq is each head's (T, D / heads) a matrix of its own, and of which operation is it an input?
    2. Reshape the last axis into heads and features, and move the heads beside the batch. Backward takes the steps in
       reverse order. x goes into three products, so three terms add up to its gradient.
    3. gx = gq wq^T + gk wk^T + gv wv^T, and gwq[a,b] = sum_ni x[n,i,a] gq[n,i,b], as in (6) and (7).
    """
    return _multi_head(x, wq, wk, wv, wo, heads, scaled_dot_product_attention)


def swiglu(x: NDArray, w_gate: NDArray, w_up: NDArray, w_down: NDArray) -> tuple[NDArray, Callable]:
    """y = (silu(x w_gate) * (x w_up)) w_down, shapes (..., D), (D, H), (D, H), (H, D) -> (..., D).

    A layer with a gate: one product of x decides how much of the other one passes. n stands for a tuple of the leading
    indices.

        z[n,i] = sum_k x[n,k] w_gate[k,i]                                        (1)
        u[n,i] = sum_k x[n,k] w_up[k,i]                                          (2)
        s[n,i] = 1 / (1 + exp(-z[n,i]))
        a[n,i] = z[n,i] s[n,i]                                                   (3)
        h[n,i] = a[n,i] u[n,i]
        y[n,j] = sum_i h[n,i] w_down[i,j]                                        (4)

    Backward, from the last line to the first. The product a u has two terms, one for the gate and one for what passes
    it, and the derivative of silu (level 2) is r = s + z s (1 - s), which has two terms for the same reason.

        r[n,i] = s[n,i] (1 + z[n,i] (1 - s[n,i]))
        gh[n,i] = sum_j gy[n,j] w_down[i,j]                                      (5)
        gu[n,i] = gh[n,i] a[n,i]                                                 (6)
        gz[n,i] = gh[n,i] u[n,i] r[n,i]                                          (7)

    x is used twice, so it gets a term from each product.

        J_x[n,j | m,k] = [n = m] sum_i (w_gate[k,i] u[n,i] r[n,i] + w_up[k,i] a[n,i]) w_down[i,j]
        J_w_gate[n,j | k,i] = x[n,k] u[n,i] r[n,i] w_down[i,j]
        J_w_up[n,j | k,i] = x[n,k] a[n,i] w_down[i,j]
        J_w_down[n,j | i,b] = [j = b] h[n,i]
        gx[m,k] = sum_i gz[m,i] w_gate[k,i] + sum_i gu[m,i] w_up[k,i]            (8)
        gw_gate[k,i] = sum_n x[n,k] gz[n,i]                                      (9)
        gw_up[k,i] = sum_n x[n,k] gu[n,i]                                        (10)
        gw_down[i,b] = sum_n h[n,i] gy[n,b]                                      (11)

    Hints:
    1. How often is x used, and which two factors meet in the middle?
    2. Walk back: through w_down to the product, from there to its two factors, each times the other one, through silu,
       and through both weights to x, where two terms add up.
    3. With a = silu(z), z = x w_gate, u = x w_up and gh = gy w_down^T: gx = (gh u silu'(z)) w_gate^T + (gh a) w_up^T.
    """
    z, u = x @ w_gate, x @ w_up  # (1), (2)
    a, silu_grad = silu(z)  # (3)
    h = a * u

    def grad(gy):
        gh = gy @ w_down.T  # (5)
        gu = gh * a  # (6)
        gz = silu_grad(gh * u)  # (7)
        gx = gz @ w_gate.T + gu @ w_up.T  # (8)
        return gx, _summed(x, gz), _summed(x, gu), _summed(h, gy)  # (9), (10), (11)

    return h @ w_down, grad  # (4)


def blockwise_attention(q: NDArray, k: NDArray, v: NDArray, block: int) -> tuple[NDArray, Callable]:
    """y = softmax(q k^T / sqrt(D)) v, shapes as in scaled_dot_product_attention, a block of keys at a time.

    It is the same function of q, k and v:

        s[n,i,j] = sum_d q[n,i,d] k[n,j,d] / sqrt(D)
        p[n,i,j] = exp(s[n,i,j]) / sum_l exp(s[n,i,l])
        y[n,i,e] = sum_j p[n,i,j] v[n,j,e]
        J_v[n,i,e | m,b,c] = [n = m] [e = c] p[n,i,b]
        J_q[n,i,e | m,a,c] = [n = m] [i = a] sum_j p[n,i,j] (v[n,j,e] - y[n,i,e]) k[n,j,c] / sqrt(D)
        J_k[n,i,e | m,b,c] = [n = m] p[n,i,b] (v[n,b,e] - y[n,i,e]) q[n,i,c] / sqrt(D)

    Forward, the softmax is made as its scores come in. Of the keys so far a row keeps three things: their largest score
    m, the sum t of exp(s - m), and the sum u of exp(s - m) v. A block may bring a larger score, m'. Then all that was
    summed belongs to another m, and a factor mends it:

        t' = t exp(m - m') + the block's sum of exp(s - m')                      (1)
        u' = u exp(m - m') + the block's sum of exp(s - m') v                    (2)
        y = u / t at the end                                                     (3)

    It begins with m = -inf, t = 0 and u = 0: the first factor is exp(-inf) = 0.

    Backward, the weights of any block can be computed again, for m and t are those of the whole row:

        a block's weights are exp(s - m) / t                                     (4)

    The one sum over all keys is in the gradient of the softmax. It is a sum over features in disguise, of what is there
    without any weights:

        gp[n,i,j] = sum_e gy[n,i,e] v[n,j,e]
        c[n,i] = sum_j p[n,i,j] gp[n,i,j] = sum_e gy[n,i,e] y[n,i,e]             (5)
        gs[n,i,j] = p[n,i,j] (gp[n,i,j] - c[n,i])                                (6)

    What is left are sums over the keys, to which each block adds its part (gq), or over the queries, of which each
    block has its own (gk, gv).

        gq[m,a,b] = sum_j gs[m,a,j] k[m,j,b] / sqrt(D)                           (7)
        gk[m,j,b] = sum_i gs[m,i,j] q[m,i,b] / sqrt(D)                           (8)
        gv[m,j,b] = sum_i p[m,i,j] gy[m,i,b]                                     (9)

    Source: Rabe and Staats, Self-attention does not need O(n^2) memory (2021); Dao et al., FlashAttention (2022).

    Hints:
    1. If a row's largest score so far was m, and a block brings a larger one, by which factor are the sums so far wrong?
    2. Keep a row's largest score, its sum of exponentials and its sum of weighted values. Backward, compute a block's
       weights again from the first two. The row's sum of weights times their gradients can be had from gy and y alone.
    3. sum_j p[n,i,j] gp[n,i,j] = sum_e gy[n,i,e] y[n,i,e], so with p = exp(s - m) / t of a block, as in (4):
       gq adds up (p (gp - sum_e gy y)) k / sqrt(D) over the blocks.
    """
    q_scaled = q * (1 / sqrt(q.shape[-1]))
    blocks = [slice(start, start + block) for start in range(0, k.shape[-2], block)]
    m = np.full_like(q[..., :1], -np.inf)
    t, u = np.zeros_like(m), np.zeros_like(q[..., :1] * v[..., :1, :])
    for at in blocks:
        s = q_scaled @ _transposed(k[..., at, :])
        m, before = np.maximum(m, s.max(axis=-1, keepdims=True)), m
        e, mended = np.exp(s - m), np.exp(before - m)
        t = t * mended + e.sum(axis=-1, keepdims=True)  # (1)
        u = u * mended + e @ v[..., at, :]  # (2)
    y = u / t  # (3)

    def grad(gy):
        gq, gk, gv = np.zeros_like(q), np.empty_like(k), np.empty_like(v)
        c = (gy * y).sum(axis=-1, keepdims=True)  # (5)
        for at in blocks:
            p = np.exp(q_scaled @ _transposed(k[..., at, :]) - m) / t  # (4)
            gs = p * (gy @ _transposed(v[..., at, :]) - c)  # (6)
            gq += gs @ k[..., at, :]  # (7)
            gk[..., at, :] = _transposed(gs) @ q_scaled  # (8)
            gv[..., at, :] = _transposed(p) @ gy  # (9)
        return gq * (1 / sqrt(q.shape[-1])), gk, gv

    return y, grad


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

    Nothing here is new: the block is a chain of operations, each of which has its own grad, and the chain rule takes
    them in reverse. What makes it a block are the two residuals. In r = x + f(x), x is used twice, so its gradient is
    gr + f_grad(gr): what arrives goes on unchanged, and what f makes of it is added.

        z1 = layer_norm(x), a = causal attention of z1, r = x + a                (1)
        z2 = layer_norm(r), h = affine(z2), f = affine(gelu(h)), y = r + f       (2)
        gr = gy + what comes back through affine, gelu, affine and layer_norm    (3)
        gx = gr + what comes back through attention and layer_norm               (4)

    Written out, for D = heads K features. First up to r, with c and d for features, i and j for positions:

        D = heads K
        m1[n,i] = sum_d x[n,i,d] / D
        s1[n,i] = sqrt(sum_d (x[n,i,d] - m1[n,i])^2 / D + 0.00001)
        c1[n,i,d] = (x[n,i,d] - m1[n,i]) / s1[n,i]
        z1[n,i,d] = gamma1[d] c1[n,i,d] + beta1[d]
        q[n,i,d] = sum_c z1[n,i,c] wq[c,d]
        k[n,i,d] = sum_c z1[n,i,c] wk[c,d]
        v[n,i,d] = sum_c z1[n,i,c] wv[c,d]
        same[c,d] = [floor(c / K) = floor(d / K)]
        e[n,i,j,d] = [j <= i] exp(sum_c same[c,d] q[n,i,c] k[n,j,c] / sqrt(K))
        p[n,i,j,d] = e[n,i,j,d] / sum_l e[n,i,l,d]
        o[n,i,d] = sum_j p[n,i,j,d] v[n,j,d]
        r[n,i,d] = x[n,i,d] + sum_c o[n,i,c] wo[c,d]

    and from r to y, with u for hidden features:

        m2[n,i] = sum_d r[n,i,d] / D
        s2[n,i] = sqrt(sum_d (r[n,i,d] - m2[n,i])^2 / D + 0.00001)
        c2[n,i,d] = (r[n,i,d] - m2[n,i]) / s2[n,i]
        z2[n,i,d] = gamma2[d] c2[n,i,d] + beta2[d]
        h[n,i,u] = sum_d z2[n,i,d] w1[d,u] + b1[0,u]
        t[n,i,u] = tanh(sqrt(2 / pi) (h[n,i,u] + 0.044715 h[n,i,u]^3))
        g[n,i,u] = h[n,i,u] (1 + t[n,i,u]) / 2
        y[n,i,d] = r[n,i,d] + sum_u g[n,i,u] w2[u,d] + b2[0,d]

    Backward, yh, yz, yr, yo are the slopes of y along h, z2, r and o at the same position; ys is that along a score
    of the head that c is in.

        slope[n,i,u] = (1 + t[n,i,u]) / 2 + h[n,i,u] (1 - t[n,i,u]^2) sqrt(2 / pi) (1 + 3 * 0.044715 h[n,i,u]^2) / 2
        yh[n,i,u,b] = slope[n,i,u] w2[u,b]
        yz[n,i,d,b] = sum_u w1[d,u] yh[n,i,u,b]
        yr[n,i,d,b] = [d = b] + sum_c yz[n,i,c,b] gamma2[c] ([c = d] - 1 / D - c2[n,i,c] c2[n,i,d] / D) / s2[n,i]
        yo[n,i,d,b] = sum_c wo[d,c] yr[n,i,c,b]
        ys[n,i,j,c,b] = sum_d same[c,d] p[n,i,j,d] (v[n,j,d] - o[n,i,d]) yo[n,i,d,b] / sqrt(K)

        J_b2[n,i,b | 0,d] = [b = d]
        J_w2[n,i,b | u,d] = [b = d] g[n,i,u]
        J_b1[n,i,b | 0,u] = yh[n,i,u,b]
        J_w1[n,i,b | d,u] = z2[n,i,d] yh[n,i,u,b]
        J_beta2[n,i,b | d] = yz[n,i,d,b]
        J_gamma2[n,i,b | d] = c2[n,i,d] yz[n,i,d,b]
        J_wo[n,i,b | c,d] = o[n,i,c] yr[n,i,d,b]
        J_wv[n,i,b | c,d] = yo[n,i,d,b] sum_j p[n,i,j,d] z1[n,j,c]
        J_wk[n,i,b | c,d] = q[n,i,d] sum_j ys[n,i,j,d,b] z1[n,j,c]
        J_wq[n,i,b | c,d] = z1[n,i,c] sum_j ys[n,i,j,d,b] k[n,j,d]

    At position j, y at position i has three slopes along z1: as the query (j = i), as a key, and as a value.

        yquery[n,i,c,b] = sum_d wq[c,d] (sum_l ys[n,i,l,d,b] k[n,l,d])
        ykey[n,i,j,c,b] = sum_d wk[c,d] ys[n,i,j,d,b] q[n,i,d]
        yvalue[n,i,j,c,b] = sum_d wv[c,d] p[n,i,j,d] yo[n,i,d,b]
        y1[n,i,j,c,b] = [i = j] yquery[n,i,c,b] + ykey[n,i,j,c,b] + yvalue[n,i,j,c,b]
        y0[n,i,j,d,b] = sum_c y1[n,i,j,c,b] gamma1[c] ([c = d] - 1 / D - c1[n,j,c] c1[n,j,d] / D) / s1[n,j]
        J_beta1[n,i,b | d] = sum_j y1[n,i,j,d,b]
        J_gamma1[n,i,b | d] = sum_j c1[n,j,d] y1[n,i,j,d,b]
        J_x[n,i,b | m,j,d] = [n = m] ([i = j] yr[n,i,d,b] + y0[n,i,j,d,b])

    Hints:
    1. Which of your operations, in which order, make the block, and in which two places is something used twice?
    2. Keep each operation's grad, and call them in reverse. Where a residual adds x and f(x), the gradient goes both ways,
       and what comes back on the two ways is added. affine wants rows: see (N, T, D) as (N T, D).
    3. gr = gy + norm2_grad(affine1_grad(gelu_grad(affine2_grad(gy)))), as in (3); gx = gr + norm1_grad(attention_grad(gr)).
    """
    rows = (-1, x.shape[-1])
    z1, norm1_grad = layer_norm(x, gamma1, beta1, _EPS)
    a, attention_grad = _multi_head(z1, wq, wk, wv, wo, heads, causal_attention)
    r = x + a  # (1)
    z2, norm2_grad = layer_norm(r, gamma2, beta2, _EPS)
    h, affine1_grad = affine(z2.reshape(rows), w1, b1)
    g, gelu_grad = gelu(h)
    f, affine2_grad = affine(g, w2, b2)

    def grad(gy):
        gg, gw2, gb2 = affine2_grad(gy.reshape(rows))
        gz2, gw1, gb1 = affine1_grad(gelu_grad(gg))
        gr, ggamma2, gbeta2 = norm2_grad(gz2.reshape(x.shape))
        gr = gy + gr  # (3)
        gz1, gwq, gwk, gwv, gwo = attention_grad(gr)
        gx, ggamma1, gbeta1 = norm1_grad(gz1)
        gx = gr + gx  # (4)
        return gx, ggamma1, gbeta1, gwq, gwk, gwv, gwo, ggamma2, gbeta2, gw1, gb1, gw2, gb2

    return r + f.reshape(x.shape), grad  # (2)


_EPS = 1e-5  # of both normalizations of a transformer block


def _multi_head(
    x: NDArray, wq: NDArray, wk: NDArray, wv: NDArray, wo: NDArray, heads: int, attend: Callable
) -> tuple[NDArray, Callable]:
    """multi_head_attention, whose steps these are, of heads that attend in this way."""
    split = (*x.shape[:-1], heads, -1)
    q, k, v = (x @ w for w in (wq, wk, wv))  # (3)
    o, attend_grad = attend(*(a.reshape(split).swapaxes(-2, -3) for a in (q, k, v)))  # (1), (4)
    o = o.swapaxes(-2, -3).reshape(x.shape)  # (2)

    def grad(gy):
        go = (gy @ wo.T).reshape(split).swapaxes(-2, -3)
        gq, gk, gv = (g.swapaxes(-2, -3).reshape(x.shape) for g in attend_grad(go))
        gx = gq @ wq.T + gk @ wk.T + gv @ wv.T  # (6)
        return gx, _summed(x, gq), _summed(x, gk), _summed(x, gv), _summed(o, gy)  # (7)

    return o @ wo, grad  # (5)


def _summed(x: NDArray, gy: NDArray) -> NDArray:
    """x^T gy, added up over the leading axes."""
    return x.reshape(-1, x.shape[-1]).T @ gy.reshape(-1, gy.shape[-1])


def _transposed(x: NDArray) -> NDArray:
    """x with its last two axes exchanged."""
    return x.swapaxes(-1, -2)
