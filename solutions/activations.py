"""Level 2: activations, and the ways to turn scores into probabilities.

In the elementwise operations i and a stand for whole index tuples. The last three operations work along the last axis,
of length K: there n and m stand for the index tuples of the axes before it, which number the rows.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_ROOT = math.sqrt(2 / math.pi)


def tanh(x: NDArray) -> tuple[NDArray, Callable]:
    """y = (exp(x) - exp(-x)) / (exp(x) + exp(-x)) elementwise, any shape.

    Write y = s / c, with s = exp(x) - exp(-x) and c = exp(x) + exp(-x). Each is the derivative of the other, so the
    quotient rule gives (c c - s s) / c^2 = 1 - y^2 on the diagonal, and 0 elsewhere.

        J_x[i | a] = [i = a] (1 - y[i]^2)

    That cancels where y is close to 1 or -1. But c^2 - s^2 = 4, so the same number is (2 / c)^2, where nothing cancels.
    c is even in x; to keep exp from overflowing, multiply 2 / c through by e:

        e[i] = exp(-abs(x[i]))
        J_x[i | a] = [i = a] (2 / (exp(x[i]) + exp(-x[i])))^2
                   = [i = a] (2 e[i] / (1 + e[i]^2))^2
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] (2 e[a] / (1 + e[a]^2))^2         (1)

    Hints:
    1. What are the derivatives of the numerator and of the denominator?
    2. Each of the two is the other's derivative. After the quotient rule everything can be said by y alone.
    3. gx[a] = gy[a] (1 - y[a]^2).
    """
    e = np.exp(-np.abs(x))

    def grad(gy):
        return gy * (2 * e / (1 + e**2)) ** 2  # (1)

    return np.tanh(x), grad


def leaky_relu(x: NDArray, slope: float) -> tuple[NDArray, Callable]:
    """y = x where x > 0, slope x elsewhere, elementwise, any shape.

    One of max(x, 0) and min(x, 0) is x, the other 0, so y is a sum that needs no case:

        y[i] = max(x[i], 0) + slope min(x[i], 0)                                 (1)

    The two sides are straight lines. At 0 every number between slope and 1 is right; the strict inequality takes slope,
    as torch does.

        J_x[i | a] = [i = a] ([x[i] > 0] + slope [x[i] <= 0])
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] where x[a] > 0, slope gy[a] elsewhere     (2)

    Hints:
    1. What are the slopes of the two straight lines, and which entries lie on which?
    2. The gradient passes whole where x is positive, and is scaled elsewhere. No entry depends on another.
    3. gx[a] = gy[a] ([x[a] > 0] + slope [x[a] <= 0]).
    """

    def grad(gy):
        return np.where(x > 0, gy, slope * gy)  # (2)

    return np.maximum(x, 0) + slope * np.minimum(x, 0), grad  # (1)


def elu(x: NDArray, alpha: float) -> tuple[NDArray, Callable]:
    """y = x where x > 0, alpha (exp(x) - 1) elsewhere, elementwise, any shape.

    NumPy computes both sides for every entry, so exp must not see the large x that it is not meant for: it gets
    min(x, 0), whose term is 0 where x > 0. And exp(x) - 1 cancels for x close to 0; expm1 is the same without loss.

        y[i] = max(x[i], 0) + alpha (exp(min(x[i], 0)) - 1)                      (1)

    The slope is 1 above the kink, and alpha exp(x), which is y + alpha, below it. At 0 the one-sided slopes are 1 and
    alpha, and any number between is right; the strict inequality takes alpha, as torch does.

        J_x[i | a] = [i = a] ([x[i] > 0] + [x[i] <= 0] (y[i] + alpha))
                   = [i = a] ([x[i] > 0] + [x[i] <= 0] alpha exp(min(x[i], 0)))

    The last line does not cancel where y is close to -alpha.

        gx[a] = gy[a] where x[a] > 0, gy[a] alpha exp(min(x[a], 0)) elsewhere    (2)

    Hints:
    1. What is the slope of alpha (exp(x) - 1), and what does exp do on the side where you do not need it?
    2. Choose between two slopes by the sign of x. NumPy computes both for all entries, so give exp nothing positive.
    3. gx[a] = gy[a] ([x[a] > 0] + [x[a] <= 0] alpha exp(min(x[a], 0))).
    """
    below = np.minimum(x, 0)

    def grad(gy):
        return np.where(x > 0, gy, gy * alpha * np.exp(below))  # (2)

    return np.maximum(x, 0) + alpha * np.expm1(below), grad  # (1)


def softplus(x: NDArray) -> tuple[NDArray, Callable]:
    """y = log(1 + exp(x)) elementwise, any shape.

    exp(x) overflows for large x, where y is just x. For x > 0 take exp(x) out of the logarithm:
    log(1 + exp(x)) = x + log(1 + exp(-x)). Both sides in one, with log1p because 1 + e is 1 for small e:

        e[i] = exp(-abs(x[i]))
        y[i] = max(x[i], 0) + log(1 + e[i])                                      (1)

    By the chain rule the slope is exp(x) / (1 + exp(x)), which is the sigmoid of x.

        J_x[i | a] = [i = a] exp(x[i]) / (1 + exp(x[i]))
                   = [i = a] ([x[i] >= 0] + [x[i] < 0] e[i]) / (1 + e[i])
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] exp(x[a]) / (1 + exp(x[a]))       (2)

    Hints:
    1. What is y for very large x, and which function do you get when you differentiate log(1 + exp(x))?
    2. For positive x take exp(x) out of the logarithm; what stays needs exp of negative numbers only. The slope is an
       operation of level 1.
    3. gx[a] = gy[a] exp(x[a]) / (1 + exp(x[a])).
    """

    def grad(gy):
        return gy * _sigmoid(x)  # (2)

    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), grad  # (1)


def silu(x: NDArray) -> tuple[NDArray, Callable]:
    """y = x sigmoid(x) elementwise, any shape.

    The sigmoid's slope is s (1 - s) (level 1). The product rule adds it, times x, to s itself.

        s[i] = 1 / (1 + exp(-x[i]))
        J_x[i | a] = [i = a] (s[i] + x[i] s[i] (1 - s[i]))
                   = [i = a] s[i] (1 + x[i] (1 - s[i]))
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] s[a] (1 + x[a] (1 - s[a]))        (1)

    Hints:
    1. x stands in two places: which rule of differentiation is that, and what is the slope of the sigmoid?
    2. Two terms: one as if the sigmoid were constant, one as if the factor x were.
    3. gx[a] = gy[a] (s[a] + x[a] s[a] (1 - s[a])), with s = sigmoid(x).
    """
    s = _sigmoid(x)

    def grad(gy):
        return gy * s * (1 + x * (1 - s))  # (1)

    return x * s, grad


def gelu(x: NDArray) -> tuple[NDArray, Callable]:
    """y = x (1 + tanh(u)) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), elementwise, any shape.

    (1 + tanh(u)) / 2 cancels where tanh(u) is close to -1. Multiplied through by exp(u) it is
    exp(u) / (exp(u) + exp(-u)), the sigmoid of 2 u, which does not. So gelu is x times a gate, as silu is:

        u[i] = sqrt(2/pi) x[i] (1 + 0.044715 x[i]^2)                             (1)
        s[i] = (1 + tanh(u[i])) / 2
             = 1 / (1 + exp(-2 u[i]))
        y[i] = x[i] s[i]                                                         (2)

    The product rule gives s + x ds/dx, and the chain rule ds/dx = s (1 - s) 2 du/dx.

        v[i] = sqrt(2/pi) (1 + 0.134145 x[i]^2)                                  (3)
        J_x[i | a] = [i = a] (s[i] + x[i] s[i] (1 - s[i]) 2 v[i])
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] s[a] (1 + 2 x[a] (1 - s[a]) v[a]) (4)

    with 0.134145 = 3 * 0.044715. Beyond 30, s is 0 or 1 to the last digit and y is 0 or x: all but the x of (2) may
    stay at 30 there, whose square does not overflow.

    Hints:
    1. Which factors of y hold x, and what is inside the tanh as far as differentiation goes?
    2. Product rule first, then the chain rule through tanh (slope 1 - tanh^2) and through the cubic polynomial.
    3. gx[a] = gy[a] ((1 + t[a]) / 2 + x[a] (1 - t[a]^2) / 2 v[a]), with t = tanh(u) and v the derivative of u.
    """
    near = np.clip(x, -30, 30)
    u = _ROOT * near * (1 + 0.044715 * near**2)  # (1)
    s = _sigmoid(2 * u)

    def grad(gy):
        v = _ROOT * (1 + 3 * 0.044715 * near**2)  # (3)
        return gy * s * (1 + 2 * near * (1 - s) * v)  # (4)

    return x * s, grad  # (2)


def softmax(x: NDArray) -> tuple[NDArray, Callable]:
    """y[n,i] = exp(x[n,i]) / sum_k exp(x[n,k]), over the last axis, shape (..., K) -> (..., K).

    A number c that is subtracted from the whole row leaves the fraction as it is: exp(-c) stands above and below the
    line. With the row's maximum for c, exp sees nothing positive, and one term of the sum is 1.

        e[n,i] = exp(x[n,i] - max_k x[n,k])
        y[n,i] = e[n,i] / sum_k e[n,k]                                           (1)

    Every y of a row depends on every x of that row, and on none of another row. x[n,a] stands in the sum, and above the
    line too where i = a. The logarithm separates the two: log y[n,i] = x[n,i] - log(sum_k exp(x[n,k])) has the
    derivative [i = a] - y[n,a] with respect to x[n,a], and that of y[n,i] is y[n,i] times as much.

        J_x[n,i | m,a] = [n = m] y[n,i] ([i = a] - y[n,a])
        gx[m,a] = sum_ni gy[n,i] J_x[n,i | m,a]
                = gy[m,a] y[m,a] - y[m,a] sum_i gy[m,i] y[m,i]
                = y[m,a] (gy[m,a] - sum_i gy[m,i] y[m,i])                        (2)

    The sum is the mean of gy, weighted with the probabilities y: what all scores of a row gain together, none gains.

    Hints:
    1. If one score of a row grows, which outputs of that row change, and in which direction?
    2. The Jacobian of a row is not diagonal: beside the diagonal there are -y_i y_a. Its product with gy needs no
       matrix: one weighted sum a row, which you subtract from gy.
    3. gx[m,a] = y[m,a] (gy[m,a] - sum_i gy[m,i] y[m,i]).
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    y = e / e.sum(axis=-1, keepdims=True)  # (1)

    def grad(gy):
        return y * (gy - (gy * y).sum(axis=-1, keepdims=True))  # (2)

    return y, grad


def log_softmax(x: NDArray) -> tuple[NDArray, Callable]:
    """y[n,i] = x[n,i] - log(sum_k exp(x[n,k])), over the last axis, shape (..., K) -> (..., K).

    The logarithm of softmax(x) would be that of 0 where a probability underflows. Here it is taken of the sum alone;
    and with z, the row less its maximum, the sum is at least 1.

        z[n,i] = x[n,i] - max_k x[n,k]
        y[n,i] = z[n,i] - log(sum_k exp(z[n,k]))                                 (1)

    y[n,i] holds x[n,a] directly where i = a, and through the sum for every i. The sum's part has the derivative
    exp(x[n,a]) / sum_k exp(x[n,k]) = exp(y[n,a]), the softmax p.

        p[n,a] = exp(x[n,a]) / sum_k exp(x[n,k])
        J_x[n,i | m,a] = [n = m] ([i = a] - p[n,a])
                       = [n = m] ([i = a] - exp(y[n,a]))
        gx[m,a] = sum_ni gy[n,i] J_x[n,i | m,a] = gy[m,a] - exp(y[m,a]) sum_i gy[m,i]    (2)

    Hints:
    1. In how many outputs of a row does one score stand, and with which factor in those where it is not the one in
       front?
    2. The score in front gives gy itself. The normalizer is the same number in all outputs of the row, so their gy add
       up; its derivative is the softmax.
    3. gx[m,a] = gy[m,a] - exp(y[m,a]) sum_i gy[m,i].
    """
    z = x - x.max(axis=-1, keepdims=True)
    y = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))  # (1)

    def grad(gy):
        return gy - np.exp(y) * gy.sum(axis=-1, keepdims=True)  # (2)

    return y, grad


def logsumexp(x: NDArray) -> tuple[NDArray, Callable]:
    """y[n] = log(sum_k exp(x[n,k])), over the last axis, shape (..., K) -> (...).

    exp overflows for large x, and for very negative x the sum is 0, which has no logarithm. Take the row's maximum c
    out: sum_k exp(x[n,k]) = exp(c) sum_k exp(x[n,k] - c), and the sum that stays lies between 1 and K.

        c[n] = max_k x[n,k]
        e[n,k] = exp(x[n,k] - c[n])
        y[n] = c[n] + log(sum_k e[n,k])                                          (1)

    The logarithm's derivative is one over the sum; that of the sum with respect to x[n,a] is exp(x[n,a]). The quotient
    is the softmax, so the slopes of a row add up to 1. exp(-c) cancels in it.

        J_x[n | m,a] = [n = m] exp(x[n,a]) / sum_k exp(x[n,k])
                     = [n = m] exp(x[n,a] - y[n])
        gx[m,a] = sum_n gy[n] J_x[n | m,a] = gy[m] e[m,a] / sum_k e[m,k]         (2)

    The last line loses digits where x and y are large and alike, e does not. gy has one entry a row, so it needs the
    axis that the sum took away.

    Hints:
    1. What is the derivative of the logarithm of a sum, and do you know the fraction that comes out?
    2. The gradient of a row is its softmax, times the one gy of that row. Give gy the missing axis.
    3. gx[m,a] = gy[m] exp(x[m,a]) / sum_k exp(x[m,k]).
    """
    c = x.max(axis=-1, keepdims=True)
    e = np.exp(x - c)
    total = e.sum(axis=-1, keepdims=True)

    def grad(gy):
        return gy[..., None] * e / total  # (2)

    return (c + np.log(total))[..., 0], grad  # (1)


def _sigmoid(x: NDArray) -> NDArray:
    """1 / (1 + exp(-x)), where exp sees no positive number (level 1)."""
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)
