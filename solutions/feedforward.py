"""Level 1: a feed-forward network and its loss.

N batch size, K features in, M features out. D, H, G, C: the sizes of the network's layers.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def affine(x: NDArray, w: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[i,j] = sum_k x[i,k] w[k,j] + b[0,j], shapes (N, K), (K, M), (1, M) -> (N, M).

    With respect to x: y[i,j] holds x[a,b] only where i = a and k = b.

        J_x[i,j | a,b] = [i = a] w[b,j]
        gx[a,b] = sum_ij gy[i,j] [i = a] w[b,j] = sum_j gy[a,j] w[b,j]           (1)

    With respect to w: y[i,j] holds w[a,b] only where k = a and j = b.

        J_w[i,j | a,b] = [j = b] x[i,a]
        gw[a,b] = sum_ij gy[i,j] [j = b] x[i,a] = sum_i x[i,a] gy[i,b]           (2)

    With respect to b: each row of y holds the same b, so the rows of gy add up, and the axis stays.

        J_b[i,j | 0,b] = [j = b]
        gb[0,b] = sum_ij gy[i,j] [j = b] = sum_i gy[i,b]                         (3)
    """

    def grad(gy):
        gx = gy @ w.T  # (1)
        gw = x.T @ gy  # (2)
        gb = gy.sum(axis=0, keepdims=True)  # (3)
        return gx, gw, gb

    return x @ w + b, grad


def sigmoid(x: NDArray) -> tuple[NDArray, Callable]:
    """y = 1 / (1 + exp(-x)) elementwise, any shape.

    exp(-x) overflows for x far below zero. Multiplied through by exp(x) the same fraction is exp(x) / (1 + exp(x)),
    which overflows on the other side. With e = exp(-|x|), which lies in (0, 1], each side takes the one that does not:

        y = 1 / (1 + e) where x >= 0, e / (1 + e) where x < 0                    (1)

    Elementwise, so the Jacobian is diagonal; i and a stand for whole index tuples.

        J_x[i | a] = [i = a] exp(-x[i]) / (1 + exp(-x[i]))^2
                   = [i = a] y[i] (1 - y[i])

    The first line is even in x (multiply it through by exp(2 x)), so e may stand for exp(-x) on both sides. Unlike
    y (1 - y) it does not cancel where y is close to 1.

        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] e[a] / (1 + e[a])^2               (2)
    """
    e = np.exp(-np.abs(x))

    def grad(gy):
        return gy * e / (1 + e) ** 2  # (2)

    return np.where(x >= 0, 1, e) / (1 + e), grad  # (1)


def relu(x: NDArray) -> tuple[NDArray, Callable]:
    """y = max(x, 0) elementwise, any shape.

    J_x[i | a] = [i = a] [x[i] > 0]: the slope is 1 above the kink and 0 below. At 0 every number from 0 to 1 is a
    subgradient; the strict inequality takes 0, as torch does.

        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] [x[a] > 0]                        (1)
    """

    def grad(gy):
        return gy * (x > 0)  # (1)

    return np.maximum(x, 0), grad


def square_error_loss(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """l[i] = sum_k (x[i,k] - y[i,k])^2, shapes (N, K), (N, K) -> (N,). The targets y are constant.

    l[i] holds x[a,b] only where i = a and k = b.

        J_x[i | a,b] = [i = a] 2 (x[i,b] - y[i,b])
        gx[a,b] = sum_i gl[i] J_x[i | a,b] = gl[a] 2 (x[a,b] - y[a,b])           (1)

    gl has one entry a row: it multiplies along the batch, so it needs the axis that the sum took away.
    """
    difference = x - y

    def grad(gl):
        return gl[:, None] * 2 * difference  # (1)

    return (difference**2).sum(axis=-1), grad


def tensor_sum(x: NDArray) -> tuple[NDArray, Callable]:
    """y = sum of all x, any shape -> ().

    J_x[ | a] = 1 for every index tuple a, so each entry of x gets the whole upstream gradient, a scalar.

        gx[a] = gy                                                               (1)
    """

    def grad(gy):
        return np.full_like(x, gy)  # (1)

    return x.sum(), grad


def feed_forward(
    x: NDArray, y: NDArray, w1: NDArray, b1: NDArray, w2: NDArray, b2: NDArray, w3: NDArray, b3: NDArray
) -> tuple[NDArray, Callable]:
    """L = sum square_error_loss(relu(sigmoid(x w1 + b1) w2 + b2) w3 + b3, y), a scalar.

    Shapes: x (N, D), y (N, C), w1 (D, H), b1 (1, H), w2 (H, G), b2 (1, G), w3 (G, C), b3 (1, C).

    The network is a chain of operations, L = (sum . loss . affine . relu . affine . sigmoid . affine)(x), and by the
    chain rule its Jacobian is the product of theirs. The product from the left is a vector all along: start with gL,
    and let each operation's grad turn the gradient of its output into that of its input, last operation first.
    """
    s1, affine1_grad = affine(x, w1, b1)
    h1, sigmoid_grad = sigmoid(s1)
    s2, affine2_grad = affine(h1, w2, b2)
    h2, relu_grad = relu(s2)
    s3, affine3_grad = affine(h2, w3, b3)
    losses, loss_grad = square_error_loss(s3, y)
    loss, sum_grad = tensor_sum(losses)

    def grad(gL):
        gs3 = loss_grad(sum_grad(gL))
        gh2, gw3, gb3 = affine3_grad(gs3)
        gs2 = relu_grad(gh2)
        gh1, gw2, gb2 = affine2_grad(gs2)
        gs1 = sigmoid_grad(gh1)
        _, gw1, gb1 = affine1_grad(gs1)
        return gw1, gb1, gw2, gb2, gw3, gb3

    return loss, grad
