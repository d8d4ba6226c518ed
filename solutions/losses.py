"""Level 3: losses, and what is compared in them.

N batch size, C classes, D features. A loss is a single number l, of shape (), so its Jacobian has no output index:
J_x[ | a] = d l / d x[a], and the vector-Jacobian product is gx[a] = gl J_x[ | a].
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def mean_square_error(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """l = mean of (x - y)^2 over all entries, any shape -> (). The targets y are constant.

    A mean is a sum divided by how many there are, all entries of all dimensions; i and a stand for whole index tuples.

        l = sum_i (x[i] - y[i])^2 / size(x)

    Only the term with i = a holds x[a]. The square gives 2 (x[a] - y[a]), and the divisor stays as it is.

        J_x[ | a] = 2 (x[a] - y[a]) / size(x)
        gx[a] = gl J_x[ | a] = gl 2 (x[a] - y[a]) / size(x)                      (1)

    Hints:
    1. How often does one entry x[a] appear in the sum, and what does the mean do to that term?
    2. Derive the term of one entry by itself. A constant in front of a sum stays in front of the derivative, and so
       does gl, which is one number.
    3. gx[a] = gl 2 (x[a] - y[a]) / n, where n is the number of all entries.
    """
    difference = x - y

    def grad(gl):
        return gl * 2 * difference / difference.size  # (1)

    return (difference**2).mean(), grad


def huber_loss(x: NDArray, y: NDArray, delta: float) -> tuple[NDArray, Callable]:
    """l = mean of h(x - y) over all entries, any shape -> (). The targets y and delta are constant.

    h(d) = d^2 / 2 where |d| <= delta, and delta (|d| - delta / 2) beyond: a parabola that goes on as its tangent.
    Its slope is d inside, delta sign(d) outside. That is d itself, clipped to where the parabola ends:

        h'(d) = c(d) = max(-delta, min(delta, d))

    The two pieces of h meet in one line as well. Put c = d, then c = delta sign(d) into

        h(d) = c (d - c / 2)                                                     (1)

    and d^2 / 2 and delta |d| - delta^2 / 2 come out. At |d| = delta both slopes are delta: there is no kink.
    With i and a for whole index tuples, and size(x) for the number of all entries:

        c[i] = max(-delta, min(delta, x[i] - y[i]))
        l = sum_i c[i] (x[i] - y[i] - c[i] / 2) / size(x)
        J_x[ | a] = c[a] / size(x)
        gx[a] = gl J_x[ | a] = gl c[a] / size(x)                                 (2)

    Hints:
    1. What is the slope of each of the two pieces, and what are the two slopes where the pieces meet?
    2. Near the target the slope grows with the error, further out it stays what it was at the border. There is a NumPy
       function that does just that to the error.
    3. h'(d) = d where |d| <= delta, delta sign(d) beyond; so gx[a] = gl h'(x[a] - y[a]) / n,
       where n is the number of all entries.
    """
    difference = x - y
    clipped = np.clip(difference, -delta, delta)

    def grad(gl):
        return gl * clipped / clipped.size  # (2)

    return (clipped * (difference - clipped / 2)).mean(), grad  # (1)


def hinge_loss(scores: NDArray, labels: NDArray, margin: float) -> tuple[NDArray, Callable]:
    """l = sum_i sum_{j != labels[i]} max(0, v[i,j]) / (N C), where v[i,j] = margin - scores[i,labels[i]] + scores[i,j].

    Shapes (N, C), (N,) -> (). v[i,j] > 0 says that class j violates the margin of example i. Let m mark the violations;
    the right class is no violation of itself.

        v[i,j] = margin - scores[i,labels[i]] + scores[i,j]
        m[i,j] = [v[i,j] > 0] [j != labels[i]]                                                       (1)
        l = sum_ij m[i,j] v[i,j] / (N C)

    An entry scores[a,b] acts in two ways. In its own term, j = b, it stands with a plus. If b is the right class, it
    stands with a minus in every term of its row.

        J_scores[ | a,b] = sum_j m[a,j] ([b = j] - [b = labels[a]]) / (N C)
                         = (m[a,b] - [b = labels[a]] sum_j m[a,j]) / (N C)
        gscores[a,b] = gl J_scores[ | a,b]                                                           (2)

    Where b is the right class m[a,b] = 0, so m and the row's negative count fill one array. Each row of it adds up to
    zero: a loss that only sees differences of scores does not change when all of them grow alike. At v = 0 any number
    from 0 to 1 may stand for m; the strict inequality takes 0.

    Hints:
    1. In which terms of the sum does the right class's score appear, and in which a wrong class's?
    2. Make an array of zeros and ones that marks the classes that violate the margin. A wrong class only acts through
       its own mark, the right class through all the marks of its row, with the other sign.
    3. gscores[a,b] = gl m[a,b] / (N C) for a wrong class b, and -gl sum_j m[a,j] / (N C) for the right one.
    """
    right = np.arange(len(labels)), labels
    violation = margin - scores[right][:, None] + scores
    violation[right] = 0

    def grad(gl):
        slope = (violation > 0).astype(scores.dtype)  # (1)
        slope[right] = -slope.sum(axis=1)
        return gl * slope / slope.size  # (2)

    return np.maximum(violation, 0).mean(), grad


def binary_cross_entropy_with_logits(logits: NDArray, targets: NDArray) -> tuple[NDArray, Callable]:
    """l = mean of -t log s(z) - (1 - t) log(1 - s(z)), s(z) = 1 / (1 + exp(-z)), any shape -> ().

    z are the logits, t the targets, which are constant. Where s(z) rounds to 0 or 1, its logarithm is lost, so take the
    logarithm on paper. With softplus(z) = log(1 + exp(z)):

        -log s(z)       = log(1 + exp(-z))                              = softplus(-z)
        -log(1 - s(z))  = -log(exp(-z) / (1 + exp(-z))) = log(exp(z) + 1) = softplus(z)

    The loss of an entry is t softplus(-z) + (1 - t) softplus(z), and both terms are positive: nothing cancels.   (1)
    logaddexp(0, z) is log(exp(0) + exp(z)), computed such that exp does not overflow.

    softplus'(z) = exp(z) / (1 + exp(z)) = s(z), hence d softplus(-z) / d z = -s(-z), and s(-z) = 1 - s(z).
    With i and a for whole index tuples, and size(logits) for the number of all entries:

        s[i] = 1 / (1 + exp(-logits[i]))
        J_logits[ | a] = ((1 - targets[a]) s[a] - targets[a] (1 - s[a])) / size(logits)              (2)
                       = (s[a] - targets[a]) / size(logits)
        glogits[a] = gl J_logits[ | a]                                                               (3)

    The last line is what to remember: prediction minus target. The line before it is what to compute, with s(-z) for
    1 - s(z), because s - t cancels where a prediction is right. From (1) again, s(z) = exp(-softplus(-z)).

    Hints:
    1. Can you write log s(z) without computing s(z) first, so that nothing is lost where s(z) rounds to 0 or 1?
    2. Both logarithms are the same function, softplus, at z and at -z. The derivative of softplus is the sigmoid.
    3. glogits[a] = gl ((1 - t[a]) s(z[a]) - t[a] s(-z[a])) / n = gl (s(z[a]) - t[a]) / n, where n is the number of all
       entries.
    """
    if_zero, if_one = np.logaddexp(0, logits), np.logaddexp(0, -logits)  # the loss where the target is 0, and 1

    def grad(gl):
        slope = (1 - targets) * np.exp(-if_one) - targets * np.exp(-if_zero)  # (2)
        return gl * slope / slope.size  # (3)

    return (targets * if_one + (1 - targets) * if_zero).mean(), grad  # (1)


def cross_entropy(logits: NDArray, labels: NDArray) -> tuple[NDArray, Callable]:
    """l = mean over i of -log p[i,labels[i]], p = softmax of the logits over the last axis, (N, C), (N,) -> ().

    The logarithm of the softmax's quotient is a difference, and the exponential of the label's logit is gone:

        -log p[i,labels[i]] = log(sum_k exp(logits[i,k])) - logits[i,labels[i]]

    Neither side changes when a number is subtracted from the whole row. With the row's maximum subtracted no exp
    overflows, and the sum is at least 1, so its logarithm is finite:

        z[i,j] = logits[i,j] - max_k logits[i,k]
        log_p[i,j] = z[i,j] - log(sum_k exp(z[i,k]))                                                 (1)
        l = sum_i (-log_p[i,labels[i]]) / N

    Row i of the sum holds logits[a,b] only where i = a. The derivative of log sum exp is the softmax: the chain rule gives
    1 / sum_k exp(logits[a,k]) times exp(logits[a,b]). The other term gives -1, for the label's logit alone.

        p[i,j] = exp(logits[i,j]) / sum_k exp(logits[i,k])
        J_logits[ | a,b] = (p[a,b] - [b = labels[a]]) / N
        glogits[a,b] = gl J_logits[ | a,b]                                                           (2)

    Prediction minus target, once more: [b = labels[a]] is the label written as a distribution. There is no need to build
    that array, one subtraction a row does it.

    Hints:
    1. What is left of -log p[i,labels[i]] when you write the softmax out and let the logarithm act on the quotient?
    2. Two terms: log sum exp, whose derivative is an old friend, and the label's own logit. Do not go through the
       Jacobian of softmax.
    3. glogits[a,b] = gl (p[a,b] - [b = labels[a]]) / N.
    """
    label = np.arange(len(labels)), labels
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))  # (1)

    def grad(gl):
        slope = np.exp(log_p)
        slope[label] -= 1
        return gl * slope / len(labels)  # (2)

    return -log_p[label].mean(), grad


def kl_divergence(log_q: NDArray, p: NDArray) -> tuple[NDArray, Callable]:
    """l = sum_ij p[i,j] (log p[i,j] - log_q[i,j]) / N, shapes (N, C), (N, C) -> (). p is constant.

    p log p is continued by 0 to p = 0: where p is 0 the logarithm is taken of 1 instead, which adds 0.          (1)

    p log p does not hold log_q at all. What remains is linear, and log_q[a,b] stands in one term of it, with the factor
    -p[a,b] / N.

        J_log_q[ | a,b] = -p[a,b] / N
        glog_q[a,b] = gl J_log_q[ | a,b] = -gl p[a,b] / N                                            (2)

    The gradient does not depend on log_q. Only what comes before, a log_softmax, brings its own prediction in: the two
    together give (q - p) / N, as in cross_entropy.

    Hints:
    1. Which of the two terms depends on log_q, and how?
    2. The input is the logarithm already, so there is nothing left to derive but a linear function. N is the batch size.
    3. glog_q[a,b] = -gl p[a,b] / N.
    """
    log_p = np.log(np.where(p > 0, p, 1))  # (1)

    def grad(gl):
        return -gl * p / len(p)  # (2)

    return (p * (log_p - log_q)).sum() / len(p), grad


def cosine_similarity(x: NDArray, y: NDArray) -> tuple[NDArray, Callable]:
    """c[i] = sum_k x[i,k] y[i,k] / (|x[i]| |y[i]|), shapes (N, D), (N, D) -> (N,); |.| is the length of a row.

    It is the scalar product of the rows' directions, u and v.

        r[i] = sqrt(sum_k x[i,k]^2)
        s[i] = sqrt(sum_k y[i,k]^2)
        u[i,k] = x[i,k] / r[i]
        v[i,k] = y[i,k] / s[i]
        c[i] = sum_k u[i,k] v[i,k]                                                                   (1)

    First the direction alone. r[i]^2 = sum_k x[i,k]^2 gives 2 r[i] d r[i] = 2 x[i,b] d x[i,b], so d r[i] / d x[i,b] = u[i,b].
    By the quotient rule

        d u[i,k] / d x[i,b] = [k = b] / r[i] - x[i,k] u[i,b] / r[i]^2 = ([k = b] - u[i,k] u[i,b]) / r[i]

    Then c, in which v does not depend on x.

        J_x[i | a,b] = [i = a] sum_k v[i,k] ([k = b] - u[i,k] u[i,b]) / r[i]
                     = [i = a] (v[i,b] - c[i] u[i,b]) / r[i]
        gx[a,b] = sum_i gc[i] J_x[i | a,b] = gc[a] (v[a,b] - c[a] u[a,b]) / r[a]                     (2)

    It is v without its part along u: only a step across x turns it, and a long x turns less. Exchange x and y for the other.

        J_y[i | a,b] = [i = a] (u[i,b] - c[i] v[i,b]) / s[i]
        gy[a,b] = gc[a] (u[a,b] - c[a] v[a,b]) / s[a]                                                (3)

    gc has one entry a row: it multiplies along the batch, so it needs the axis that the sum took away.

    Hints:
    1. What happens to the cosine when x[i] grows longer without turning, and what does this say about gx?
    2. Divide each row by its length first, and derive that step by itself: the length depends on x too, which takes the
       part along x out of the gradient. The rest is a scalar product.
    3. gx[a,b] = gc[a] (v[a,b] - c[a] u[a,b]) / |x[a]|, where u and v are x and y divided by their lengths.
    """
    r, s = (np.sqrt((z**2).sum(axis=1, keepdims=True)) for z in (x, y))
    u, v = x / r, y / s
    cosine = (u * v).sum(axis=1)  # (1)

    def grad(gc):
        gc, c = gc[:, None], cosine[:, None]
        gx = gc * (v - c * u) / r  # (2)
        gy = gc * (u - c * v) / s  # (3)
        return gx, gy

    return cosine, grad


def info_nce_loss(x: NDArray, y: NDArray, temperature: float) -> tuple[NDArray, Callable]:
    """l = cross_entropy(z, labels 0, 1, ..., N - 1), z = x y^T / temperature, shapes (N, D), (N, D) -> ().

    Each x[i] is asked which of the rows of y is its own, and the answer should be row i. Two operations in a chain, the
    second of which is known: cross_entropy gives the gradient for its logits z.

        z[i,j] = sum_k x[i,k] y[j,k] / temperature
        p[i,j] = exp(z[i,j]) / sum_k exp(z[i,k])
        gz[i,j] = gl (p[i,j] - [i = j]) / N

    What is left is the product. z[i,j] holds x[a,b] only where i = a and k = b, and y[a,b] only where j = a and k = b.

        gx[a,b] = sum_ij gz[i,j] [i = a] y[j,b] / temperature = sum_j gz[a,j] y[j,b] / temperature   (1)
        gy[a,b] = sum_ij gz[i,j] [j = a] x[i,b] / temperature = sum_i gz[i,a] x[i,b] / temperature   (2)

    With gz put in:

        J_x[ | a,b] = sum_j (p[a,j] - [a = j]) y[j,b] / (temperature N)
        J_y[ | a,b] = sum_i (p[i,a] - [i = a]) x[i,b] / (temperature N)

    x[a] is drawn towards its own y[a] and away from where the softmax looks instead. y[a] is an answer to every x[i], so
    its gradient is a sum over the whole batch, not over row a alone.

    Hints:
    1. This is a loss that you know, of logits that are a matrix product. What are the labels?
    2. Let cross_entropy's own grad give you the gradient for the logits. Then send it through a matrix product, and do
       not forget the temperature.
    3. With gz from cross_entropy: gx[a,b] = sum_j gz[a,j] y[j,b] / temperature, gy[a,b] = sum_i gz[i,a] x[i,b] / temperature.
    """
    loss, loss_grad = cross_entropy(x @ y.T / temperature, np.arange(len(x)))

    def grad(gl):
        gz = loss_grad(gl) / temperature
        return gz @ y, gz.T @ x  # (1), (2)

    return loss, grad
