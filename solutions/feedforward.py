"""Level 1: a feed-forward network and its loss.

N batch size, K features in, M features out. D, H, G, C: the sizes of the network's layers.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def affine(x: NDArray, w: NDArray, b: NDArray) -> tuple[NDArray, Callable]:
    """y[i,j] = sum_k x[i,k] w[k,j] + b[0,j], shapes (N, K), (K, M), (1, M) -> (N, M).

    With respect to x: y[i,j] holds x[a,b] only where i = a and k = b. There its factor is w[b,j].

        J_x[i,j | a,b] = [i = a] w[b,j]
        gx[a,b] = sum_ij gy[i,j] [i = a] w[b,j] = sum_j gy[a,j] w[b,j]           (1)

    With respect to w: y[i,j] holds w[a,b] only where k = a and j = b.

        J_w[i,j | a,b] = [j = b] x[i,a]
        gw[a,b] = sum_ij gy[i,j] [j = b] x[i,a] = sum_i x[i,a] gy[i,b]           (2)

    With respect to b: each row of y holds the same b, so the rows of gy add up, and the axis stays (a is 0).

        J_b[i,j | a,b] = [j = b]
        gb[a,b] = sum_ij gy[i,j] [j = b] = sum_i gy[i,b]                         (3)

    Hints:
    1. Which entries of y hold x[a,b]? And which hold w[a,b], and b[0,b]?
    2. Each gradient sums gy over the entries of y that hold the variable, weighted with what multiplies it there. Such
       a sum is a matrix product, and the shapes leave one way to write it. The bias is in every row of y.
    3. gx[a,b] = sum_j gy[a,j] w[b,j], gw[a,b] = sum_i x[i,a] gy[i,b], gb[0,b] = sum_i gy[i,b].
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
    which overflows on the other side. With e, which lies in (0, 1], each side takes the one that does not:

        e[i] = exp(-abs(x[i]))
        y = 1 / (1 + e) where x >= 0, e / (1 + e) where x < 0                    (1)

    Elementwise, so the Jacobian is diagonal; i and a stand for whole index tuples.

        J_x[i | a] = [i = a] exp(-x[i]) / (1 + exp(-x[i]))^2
                   = [i = a] y[i] (1 - y[i])
                   = [i = a] e[i] / (1 + e[i])^2

    The first line is even in x (multiply it through by exp(2 x)), so e may stand for exp(-x) on both sides: the last
    line. Unlike y (1 - y) it does not cancel where y is close to 1.

        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] e[a] / (1 + e[a])^2               (2)

    Hints:
    1. For which x does exp(-x) overflow, and how else can the same fraction be written there?
    2. Let exp see only numbers that are not positive. The slope can be written in y alone: express exp(-x) by y.
    3. gx[a] = gy[a] y[a] (1 - y[a]).
    """
    e = np.exp(-np.abs(x))

    def grad(gy):
        return gy * e / (1 + e) ** 2  # (2)

    return np.where(x >= 0, 1, e) / (1 + e), grad  # (1)


def relu(x: NDArray) -> tuple[NDArray, Callable]:
    """y = max(x, 0) elementwise, any shape.

    The slope is 1 above the kink and 0 below. At 0 every number from 0 to 1 is a subgradient; the strict inequality
    takes 0, as torch does.

        J_x[i | a] = [i = a] [x[i] > 0]
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] [x[a] > 0]                        (1)

    Hints:
    1. What is the slope of max(x, 0) on either side of 0, and does it matter what it is at 0?
    2. The gradient passes where x was let through, and is stopped elsewhere: a mask of the input, times gy.
    3. gx[a] = gy[a] [x[a] > 0].
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

    Hints:
    1. On which entries of x does l[i] depend, and what is the derivative of one square?
    2. Each row of gx is a multiple of that row of x - y, by a number that holds gl of that row. Along which axis must
       gl be repeated?
    3. gx[a,b] = gl[a] 2 (x[a,b] - y[a,b]).
    """
    difference = x - y

    def grad(gl):
        return gl[:, None] * 2 * difference  # (1)

    return (difference**2).sum(axis=-1), grad


def tensor_sum(x: NDArray) -> tuple[NDArray, Callable]:
    """y = sum of all x, any shape -> ().

    Every entry of x stands in the sum once, with factor 1, so each gets the whole upstream gradient, a scalar.

        J_x[ | a] = 1
        gx[a] = gy J_x[ | a] = gy                                                (1)

    Hints:
    1. If one entry of x grows by a little, by how much does the sum grow?
    2. gy is a scalar, and gx has the shape of x: every entry weighs the same.
    3. gx[a] = gy.
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

    Written out, with s1, h1, s2, h2, s3 what the operations hand on:

        s1[i,j] = sum_k x[i,k] w1[k,j] + b1[0,j]
        h1[i,j] = 1 / (1 + exp(-s1[i,j]))
        s2[i,j] = sum_k h1[i,k] w2[k,j] + b2[0,j]
        h2[i,j] = max(s2[i,j], 0)
        s3[i,j] = sum_k h2[i,k] w3[k,j] + b3[0,j]

    and d3, d2, d1 the derivative of L by s3, s2, s1. Each comes from the next one: through affine by the transpose of
    its w, through relu and sigmoid by their slopes.

        d3[i,j] = 2 (s3[i,j] - y[i,j])
        d2[i,j] = [s2[i,j] > 0] sum_k d3[i,k] w3[j,k]
        d1[i,j] = h1[i,j] (1 - h1[i,j]) sum_k d2[i,k] w2[j,k]

    The parameters of a layer stand beside what comes in, x, h1 or h2. For them (2) and (3) of affine say:

        J_w1[ | a,b] = sum_i x[i,a] d1[i,b]
        J_b1[ | a,b] = sum_i d1[i,b]
        J_w2[ | a,b] = sum_i h1[i,a] d2[i,b]
        J_b2[ | a,b] = sum_i d2[i,b]
        J_w3[ | a,b] = sum_i h2[i,a] d3[i,b]
        J_b3[ | a,b] = sum_i d3[i,b]

    Hints:
    1. Which of your operations, in which order, make the network, and what does each one's grad take and return?
    2. Keep each operation's grad in the forward pass. In the backward pass call them in reverse: what one returns for
       its first input is the upstream gradient of the one before it.
    3. gs3 = loss_grad(sum_grad(gL)), gh2, gw3, gb3 = affine3_grad(gs3), gs2 = relu_grad(gh2), and so on down to s1.
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
