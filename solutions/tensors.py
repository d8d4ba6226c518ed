"""Level 4: arithmetic with broadcasting, reductions, and moving entries about.

N, M, K, B: dimensions. V the number of rows to take from. D the size of a row. i, j, k, n index y; p, q, r, m an input.

Most of these operations only choose which entries of the input an entry of y reads. One question gives the gradient of
them all: which entries of y read x[p]? Their gy, each times its slope, add up to gx[p].

What NumPy would hand out as a view is copied: whoever writes into a result must not write into an input, or into gy.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def add(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a + b elementwise, broadcast: any two shapes that NumPy broadcasts -> the broadcast shape.

    Broadcasting aligns the two shapes at their last axis. Along an axis that a does not have, or has with length 1, y
    reads the same entry of a again and again. Take a column a and a row b: y[i,j] = a[i,0] + b[j]. It holds a[p,0]
    where i = p, whatever j is, and b[q] where j = q, whatever i is.

    For a (N, 1), b (M,):

        J_a[i,j | p,0] = [i = p]
        J_b[i,j | q] = [j = q]
        ga[p,0] = sum_ij gy[i,j] [i = p] = sum_j gy[p,j]
        gb[q] = sum_ij gy[i,j] [j = q] = sum_i gy[i,q]

    In general, with i a whole index tuple of y, let A(i) be the index of the entry of a that y[i] reads: i without the
    axes that a lacks, and 0 on the axes where a has length 1. Then y[i] = a[A(i)] + b[B(i)], and

        ga[p] = sum_i gy[i] [A(i) = p]                                           (1)

    Which i are these? On an axis where a is as long as y, i must agree with p. On every other axis i is free. So gy is
    summed over the axes that a lacks, and over those where a has length 1, which stay, with length 1. None of this
    depends on the operation, only on the two shapes: _unbroadcast does it for all operations that broadcast.

    Hints:
    1. Let a be a column and b a row. How many entries of y does one entry of a reach?
    2. An entry that broadcasting used several times gets a gradient from each use. They add up, and the result must
       have the argument's shape again.
    3. For a (N, 1): ga[p,0] = sum_j gy[p,j]. For b (M,): gb[q] = sum_i gy[i,q]. Sum over the axes that were added in
       front and over those of length 1, and keep the latter.
    """

    def grad(gy):
        return _unbroadcast(gy, a.shape), _unbroadcast(gy, b.shape)  # (1)

    return a + b, grad


def multiply(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a * b elementwise, broadcast: any two shapes that NumPy broadcasts -> the broadcast shape.

    y[i] = a[A(i)] b[B(i)], with A and B as in add. The slope along one factor is the other factor, as y[i] reads it.

    For a (N, 1), b (M,):

        J_a[i,j | p,0] = [i = p] b[j]
        J_b[i,j | q] = [j = q] a[i,0]
        ga[p,0] = sum_ij gy[i,j] [i = p] b[j] = sum_j gy[p,j] b[j]
        gb[q] = sum_ij gy[i,j] [j = q] a[i,0] = sum_i gy[i,q] a[i,0]

    The slope stands inside the sum: it may differ from use to use of the same entry. So multiply in the shape of y
    first, then add up.

        ga[p] = sum_i gy[i] b[B(i)] [A(i) = p]                                   (1)
        gb[q] = sum_i gy[i] a[A(i)] [B(i) = q]                                   (2)

    Hints:
    1. Without broadcasting, what is the slope of a b along a? What changes if one entry of a meets several of b?
    2. Each use of an entry has its own slope. So multiply while everything still has the shape of y, and go back to
       the argument's shape last.
    3. For a (N, 1), b (M,): ga[p,0] = sum_j gy[p,j] b[j].
    """

    def grad(gy):
        ga = _unbroadcast(gy * b, a.shape)  # (1)
        gb = _unbroadcast(gy * a, b.shape)  # (2)
        return ga, gb

    return a * b, grad


def divide(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a / b elementwise, broadcast: any two shapes that NumPy broadcasts -> the broadcast shape.

    y[i] = a[A(i)] / b[B(i)], with A and B as in add.

    For a (N, 1), b (M,):

        J_a[i,j | p,0] = [i = p] / b[j]
        J_b[i,j | q] = -[j = q] a[i,0] / b[j]^2
                     = -[j = q] y[i,j] / b[j]

    The second form has no square that could overflow or underflow before y does. Both gradients begin with the same
    quotient, s = gy / b in the shape of y.

        ga[p] = sum_i gy[i] / b[B(i)] [A(i) = p] = sum_i s[i] [A(i) = p]         (1)
        gb[q] = -sum_i gy[i] y[i] / b[B(i)] [B(i) = q] = -sum_i s[i] y[i] [B(i) = q]   (2)

    Hints:
    1. Without broadcasting, what are the slopes of a / b along a, and along b?
    2. The quotient rule, in the shape of y. Then go back to each argument's shape, as in add. Can y itself save a
       square?
    3. Without broadcasting: ga[i] = gy[i] / b[i] and gb[i] = -gy[i] y[i] / b[i].
    """
    y = a / b

    def grad(gy):
        s = gy / b
        ga = _unbroadcast(s, a.shape)  # (1)
        gb = _unbroadcast(-s * y, b.shape)  # (2)
        return ga, gb

    return y, grad


def matmul(a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[...,i,j] = sum_k a[...,i,k] b[...,k,j], shapes (..., N, K), (..., K, M) -> (..., N, M), leading axes broadcast.

    Take a stack of B matrices a, and one matrix b for all of them: y[n,i,j] = sum_k a[n,i,k] b[k,j]. It holds a[m,p,q]
    only where n = m, i = p and k = q, and b[p,q] where k = p and j = q, for every n.

    For a (B, N, K), b (K, M):

        J_a[n,i,j | m,p,q] = [n = m] [i = p] b[q,j]
        J_b[n,i,j | p,q] = [j = q] a[n,i,p]
        ga[m,p,q] = sum_nij gy[n,i,j] [n = m] [i = p] b[q,j] = sum_j gy[m,p,j] b[q,j]
        gb[p,q] = sum_nij gy[n,i,j] [j = q] a[n,i,p] = sum_n sum_i a[n,i,p] gy[n,i,q]

    For each matrix of the stack these are the two products of affine, gy b^T and a^T gy. Only the last two axes are
    transposed, for the others number the matrices. What is left, the sum over n, is the sum over the uses of b: the
    leading axes are broadcast, and go back as in add.

        ga = unbroadcast(gy b^T)                                                 (1)
        gb = unbroadcast(a^T gy)                                                 (2)

    The shapes tell the order of the factors: (N, M) by (M, K) is a's, (K, N) by (N, M) is b's.

    Hints:
    1. For two plain matrices, which of the shapes (N, M), (N, K), (K, M) can be multiplied to give a's shape, and b's?
    2. Transpose the last two axes and no others. If one matrix served the whole stack, what does it get from each?
    3. ga[n,p,q] = sum_j gy[n,p,j] b[n,q,j] and gb[n,p,q] = sum_i a[n,i,p] gy[n,i,q], each then summed over the leading
       axes that were broadcast.
    """

    def grad(gy):
        ga = _unbroadcast(gy @ b.swapaxes(-1, -2), a.shape)  # (1)
        gb = _unbroadcast(a.swapaxes(-1, -2) @ gy, b.shape)  # (2)
        return ga, gb

    return a @ b, grad


def reduce_sum(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = sum of x over an axis, several, or all (None), any shape.

    Sum the columns of a matrix: y[j] = sum_k x[k,j]. It holds x[p,q] once, where j = q.

    For x (M, N), axis = 0, keepdims = False:

        J_x[j | p,q] = [j = q]
        gx[p,q] = sum_j gy[j] [j = q] = gy[q]

    Each entry gets the whole gy of the sum that it went into. In general x[p] goes into y[R(p)], R(p) being p without
    the reduced axes:

        gx[p] = gy[R(p)]                                                         (1)

    So gy is repeated along the reduced axes. A sum's gradient is a broadcast, as a broadcast's gradient is a sum.

    For that, gy must have the reduced axes where they were, with length 1, as y has them if keepdims is True. So
    reduce that way, and drop the axes from y only if they are not wanted. The shape before that says how to reshape
    gy, for an int, a tuple and None alike:

        kept = the sum with the reduced axes kept; gy in kept's shape            (2)

    Hints:
    1. If x[p,q] grows by 1, which entries of y grow, and by how much?
    2. Every entry gets the gradient of the sum that it went into. Which shape must gy have to be broadcast back?
    3. For x (M, N) and axis 0: gx[p,q] = gy[q]. For axis 1 it is gy[p], so gy needs its lost axis back: (M, 1).
    """
    kept = x.sum(axis=axis, keepdims=True)

    def grad(gy):
        gy = gy.reshape(kept.shape)  # (2)
        return np.broadcast_to(gy, x.shape).copy()  # (1)

    return kept if keepdims else kept.squeeze(axis), grad


def reduce_mean(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = mean of x over an axis, several, or all (None), any shape.

    The mean of each column of a matrix: y[j] = sum_k x[k,j] / M.

    For x (M, N), axis = 0, keepdims = False:

        J_x[j | p,q] = [j = q] / M
        gx[p,q] = sum_j gy[j] [j = q] / M = gy[q] / M

    In general the sum over the reduced axes, divided by how many entries of x go into one of y: the product of the
    reduced lengths, which is the size of x over that of y.

        count = x.size / y.size                                                  (1)
        gx[p] = gy[R(p)] / count, R(p) being p without the reduced axes          (2)

    Hints:
    1. What does a mean do after the sum?
    2. It is the gradient of reduce_sum, scaled. By the number of which entries: those of x, those of y, or neither?
    3. For x (M, N) and axis 0: gx[p,q] = gy[q] / M.
    """
    kept = x.mean(axis=axis, keepdims=True)
    count = x.size // kept.size  # (1)

    def grad(gy):
        gy = gy.reshape(kept.shape)
        return np.broadcast_to(gy / count, x.shape).copy()  # (2)

    return kept if keepdims else kept.squeeze(axis), grad


def reduce_max(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = maximum of x over an axis, several, or all (None), any shape.

    Where one entry is the largest, y is this entry, and stays so in a neighbourhood: slope 1 along it, 0 along the
    others. Where several tie there is a kink. If one of them grows, y grows with it; if it shrinks, y stays. The
    subgradients are the convex splits: weights that are not negative, only on the tied entries, and 1 in all. Weight 1
    on each of them is none. The split used here is the even one. c counts who ties for y[j].

    For x (M, N), axis = 0, keepdims = False:

        c[j] = sum_k [x[k,j] = y[j]]
        J_x[j | p,q] = [j = q] [x[p,q] = y[j]] / c[j]
        gx[p,q] = sum_j gy[j] J_x[j | p,q] = gy[q] [x[p,q] = y[q]] / c[q]

    In general, R(p) being p without the reduced axes:

        share[p] = [x[p] = y[R(p)]] / c[R(p)]                                    (1)
        gx[p] = gy[R(p)] share[p]                                                (2)

    Hints:
    1. If an entry that is not the largest grows a little, what does y do? And the largest? And one of two that tie?
    2. Compare x with y, the reduced axes kept: that is a mask. How much weight may the entries that tie for the same
       maximum have, taken together?
    3. For x (M, N) and axis 0: gx[p,q] = gy[q] [x[p,q] = y[q]] / c[q], c[q] counting the entries of column q that tie.
    """
    kept = x.max(axis=axis, keepdims=True)
    winners = (x == kept).astype(x.dtype)  # of x's dtype, because bools add up to integers, and those make float64
    share = winners / winners.sum(axis=axis, keepdims=True)  # (1)

    def grad(gy):
        return gy.reshape(kept.shape) * share  # (2)

    return kept if keepdims else kept.squeeze(axis), grad


def reduce_var(x: NDArray, axis: int | tuple[int, ...] | None, keepdims: bool) -> tuple[NDArray, Callable]:
    """y = mean of (x - mean of x)^2 over an axis, several, or all (None), any shape: the population variance.

    Not mean of x^2 less the mean squared: where x has a large common offset, those two agree in all their digits but
    the last, and their difference is noise.

    The variance of each column of a matrix, with mu[j] its mean: y[j] = sum_k (x[k,j] - mu[j])^2 / M. It holds x[p,q]
    where j = q, and in two ways: by itself in the term k = p, and through the mean in every term.

    For x (M, N), axis = 0, keepdims = False:

        mu[j] = sum_k x[k,j] / M
        J_x[j | p,q] = [j = q] sum_k (2 (x[k,j] - mu[j]) ([k = p] - 1 / M)) / M
                     = [j = q] (2 (x[p,j] - mu[j]) / M - 2 sum_k (x[k,j] - mu[j]) / M^2)
                     = [j = q] 2 (x[p,j] - mu[j]) / M

    The way through the mean comes to nothing, because deviations from a mean add up to 0. That is peculiar to the
    square: where something else is done with the deviations, as in a normalization, it does not.

        gx[p,q] = sum_j gy[j] J_x[j | p,q] = gy[q] 2 (x[p,q] - mu[q]) / M

    In general the mean is over the reduced axes, and count, how many entries of x go into one of y, stands for M. R(p)
    is p without the reduced axes.

        deviation = x - mean, count = x.size / y.size                            (1)
        gx[p] = gy[R(p)] 2 deviation[p] / count                                  (2)

    A single entry is its own mean, so its variance and its gradient are 0.

    Hints:
    1. In how many ways does y depend on one entry of x?
    2. Write the deviation from the mean as one step and its square as another. What do all deviations add up to?
    3. For x (M, N) and axis 0, with mu the mean of each column: gx[p,q] = gy[q] 2 (x[p,q] - mu[q]) / M.
    """
    deviation = x - x.mean(axis=axis, keepdims=True)  # (1)
    kept = (deviation**2).mean(axis=axis, keepdims=True)
    count = x.size // kept.size  # (1)

    def grad(gy):
        return gy.reshape(kept.shape) * 2 * deviation / count  # (2)

    return kept if keepdims else kept.squeeze(axis), grad


def transpose(x: NDArray, axes: tuple[int, ...]) -> tuple[NDArray, Callable]:
    """y is x with its axes in another order: axis k of y is axis axes[k] of x.

    With axes = (1, 2, 0), y[i,j,k] = x[k,i,j].

    For x (M, N, K), axes = (1, 2, 0):

        J_x[i,j,k | p,q,r] = [i = q] [j = r] [k = p]
        gx[p,q,r] = sum_ijk gy[i,j,k] [i = q] [j = r] [k = p] = gy[q,r,p]

    Every entry of x is read once, so gx has the entries of gy, each back in its place. In general axis k of gy becomes
    axis axes[k] of gx, and that is what moveaxis says:

        move the axes 0, 1, 2, ... to axes[0], axes[1], axes[2], ...             (1)

    As a transposition it has the inverse permutation, in which place axes[k] holds k: np.argsort(axes). In the example
    it is (2, 0, 1), not (1, 2, 0). For two axes a permutation is its own inverse, which hides the mistake.

    Hints:
    1. Try axes = (1, 2, 0) on shape (2, 3, 4). Which transposition of y has x's shape again?
    2. It is the inverse permutation: axis k of y came from axis axes[k], and goes back there.
    3. For axes = (1, 2, 0): gx[p,q,r] = gy[q,r,p].
    """

    def grad(gy):
        return np.moveaxis(gy, range(x.ndim), axes).copy()  # (1)

    return x.transpose(axes).copy(), grad


def reshape(x: NDArray, shape: tuple[int, ...]) -> tuple[NDArray, Callable]:
    """y has the entries of x in their order, last axis fastest, in another shape.

    Make a matrix flat. Before x[p,q] come p rows of N entries, and q entries of its own row, so it becomes y[N p + q].

    For x (M, N), shape = (M * N,):

        J_x[i | p,q] = [i = N p + q]
        gx[p,q] = sum_i gy[i] [i = N p + q] = gy[N p + q]

    Whatever the two shapes, an entry keeps its number in this order, and gx[p] is the entry of gy with p's number:

        gx is gy in x's shape                                                    (1)

    Hints:
    1. Does any entry change its value, or its number in the order of reading?
    2. Undo it: the entries of gy, in their order, in the shape of the input.
    3. For x (M, N) and y of shape (M N,): gx[p,q] = gy[N p + q].
    """

    def grad(gy):
        return gy.reshape(x.shape).copy()  # (1)

    return x.reshape(shape).copy(), grad


def broadcast_to(x: NDArray, shape: tuple[int, ...]) -> tuple[NDArray, Callable]:
    """y repeats x along axes that x does not have, or has with length 1.

    Repeat a column in both ways, along its axis of length 1 and along a new one: y[k,i,j] = x[i,0] for every k and j.

    For x (N, 1), shape = (K, N, M):

        J_x[k,i,j | p,0] = [i = p]
        gx[p,0] = sum_kij gy[k,i,j] [i = p] = sum_k sum_j gy[k,p,j]

    In general, with X(i) for the index of the entry that y[i] reads, y[i] = x[X(i)]. This is what add does to each of
    its arguments, and the sum is derived there: over the axes that x lacks, and over those where x has length 1, which
    stay.

        gx[p] = sum_i gy[i] [X(i) = p]                                           (1)

    Hints:
    1. How many entries of y are copies of the same entry of x, and where do they stand?
    2. All the copies of an entry send their gradient to it. What does that make of the axes that were repeated?
    3. For x (N, 1) and shape (K, N, M): gx[p,0] = sum_k sum_j gy[k,p,j].
    """

    def grad(gy):
        return _unbroadcast(gy, x.shape)  # (1)

    return np.broadcast_to(x, shape).copy(), grad


def concatenate(a: NDArray, b: NDArray, axis: int) -> tuple[NDArray, Callable]:
    """y = a, and b after it along an axis; the other axes are alike.

    Put one matrix below the other: y[i,j] is a[i,j] where i < M, and b[i - M,j] from there on.

    For a (M, N), b (K, N), axis = 0:

        J_a[i,j | p,q] = [i = p] [j = q]
        J_b[i,j | p,q] = [i = M + p] [j = q]
        ga[p,q] = sum_ij gy[i,j] [i = p] [j = q] = gy[p,q]
        gb[p,q] = sum_ij gy[i,j] [i = M + p] [j = q] = gy[M + p,q]

    Every entry of a and b is read once. Along any axis the same:

        ga is the first part of gy, gb the rest; a's length says where to cut    (1)

    Hints:
    1. Which part of y does not depend on b?
    2. Cut gy where the two were joined. Whose length tells where that is?
    3. For axis 0 and a (M, N): ga[p,q] = gy[p,q] and gb[p,q] = gy[M + p,q].
    """

    def grad(gy):
        ga, gb = np.split(gy, [a.shape[axis]], axis)  # (1)
        return ga.copy(), gb.copy()

    return np.concatenate([a, b], axis), grad


def take(x: NDArray, indices: NDArray) -> tuple[NDArray, Callable]:
    """y[i] = x[indices[i]], shapes (V, ...), any shape of integers -> indices.shape + (...).

    Take N rows of a matrix: y[i,j] = x[indices[i],j]. It holds x[p,q] where indices[i] = p and j = q: for no i, for
    one, or for many.

    For x (V, D), indices (N,):

        J_x[i,j | p,q] = [indices[i] = p] [j = q]
        gx[p,q] = sum_ij gy[i,j] [indices[i] = p] [j = q] = sum_i [indices[i] = p] gy[i,q]

    So row p gets the sum of the rows of gy that took it, and a row that nobody took gets 0. With i an index tuple:

        start from zeros, and for each i add gy[i] to gx[indices[i]]             (1)

    np.add.at adds once for each index. gx[indices] += gy would read all rows, add, and write all rows back: of several
    equal indices only the last one's sum stays.

    Hints:
    1. If indices is [2, 2], what are the gradients of rows 0, 1 and 2?
    2. A row that was taken twice gets both gradients, added; a row that was not taken gets zeros. Does gx[indices] +=
       gy do that?
    3. gx[p,q] = sum_i [indices[i] = p] gy[i,q], which np.add.at can accumulate.
    """

    def grad(gy):
        gx = np.zeros_like(x)
        np.add.at(gx, indices, gy)  # (1)
        return gx

    return x[indices], grad


def where(condition: NDArray, a: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y = a where condition is True, else b; elementwise, all three broadcast. The condition is constant.

    y[i] reads a[A(i)] or b[B(i)], with A and B as in add, and with c[i] for the condition as y[i] reads it, a number 1
    or 0: y[i] = c[i] a[A(i)] + (1 - c[i]) b[B(i)].

    For condition (N, M), a (N, 1), b (M,):

        J_a[i,j | p,0] = [i = p] condition[i,j]
        J_b[i,j | q] = [j = q] (1 - condition[i,j])
        ga[p,0] = sum_ij gy[i,j] J_a[i,j | p,0] = sum_j gy[p,j] condition[p,j]
        gb[q] = sum_ij gy[i,j] J_b[i,j | q] = sum_i gy[i,q] (1 - condition[i,q])

    Mask in the shape of y first, then add up the uses of each entry.

        ga[p] = sum_i gy[i] c[i] [A(i) = p]                                      (1)
        gb[q] = sum_i gy[i] (1 - c[i]) [B(i) = q]                                (2)

    Hints:
    1. What is the gradient of an entry of a that was never chosen?
    2. Each entry of gy belongs to a or to b, never to both. The condition tells to which. Then go back to each
       argument's shape, as in add.
    3. Without broadcasting: ga[i] = gy[i] where condition[i], else 0; gb[i] the other way round.
    """

    def grad(gy):
        ga = _unbroadcast(gy * condition, a.shape)  # (1)
        gb = _unbroadcast(gy * ~condition, b.shape)  # (2)
        return ga, gb

    return np.where(condition, a, b), grad


def cumsum(x: NDArray, axis: int) -> tuple[NDArray, Callable]:
    """y[...,i,...] = sum_{k <= i} x[...,k,...] along an axis, any shape -> the same.

    Sum down the columns of a matrix: y[i,j] = sum_k [k <= i] x[k,j]. It holds x[p,q] where j = q, from i = p on.

    For x (M, N), axis = 0:

        J_x[i,j | p,q] = [p <= i] [j = q]
        gx[p,q] = sum_ij gy[i,j] [p <= i] [j = q] = sum_i [p <= i] gy[i,q]

    Along the axis the Jacobian is a triangle of ones. Its transpose is the other triangle: y sums what is before, gx
    sums what comes after, its own place included. That is a running sum from the end:

        reverse gy along the axis, take its running sum, and reverse that        (1)

    Hints:
    1. Which entries of y contain x's first entry, and which its last?
    2. An entry is in every running sum from its own place on. From which end must gy be summed?
    3. For axis 0: gx[p,q] = sum over i >= p of gy[i,q].
    """

    def grad(gy):
        return np.flip(np.flip(gy, axis).cumsum(axis), axis)  # (1)

    return x.cumsum(axis), grad


def _unbroadcast(gy: NDArray, shape: tuple[int, ...]) -> NDArray:
    """The gradient of an argument of this shape, from that of what broadcasting made of it.

    Each of its entries gets the sum over all places that read it, as add derives: over the axes in front, which the
    argument does not have, and over those where it has length 1. The sum drops both, and the reshape brings the latter
    back. The result is a new array also where nothing is summed, so two arguments never share theirs.
    """
    front = gy.ndim - len(shape)
    repeated = (front + axis for axis, length in enumerate(shape) if length == 1)
    return gy.sum(axis=(*range(front), *repeated)).reshape(shape)
