"""Level 5: normalization, and dropout.

N batch size, C channels, K channels of a group, L positions, D features. mu, var: a mean and a variance; s: the scale
sqrt(var + eps); c: x less its mean; z: x normalized, before gamma and beta. mean(...) is over what is normalized
together. Start with batch_norm.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def batch_norm(x: NDArray, gamma: NDArray, beta: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma (x - mu) / sqrt(var + eps) + beta, over the batch, shapes (N, C), (1, C), (1, C) -> (N, C).

    Give every intermediate a name. No channel j sees another one; what follows happens to each.

        mu[j] = sum_n (x[n,j]) / N
        c[i,j] = x[i,j] - mu[j]                                                  (1)
        var[j] = sum_n (c[n,j]^2) / N
        s[j] = sqrt(var[j] + eps)                                                (2)
        z[i,j] = c[i,j] / s[j]                                                   (3)
        y[i,j] = gamma[0,j] z[i,j] + beta[0,j]                                   (4)

    mu and s are no constants: each is computed from the whole channel. So a change of the one entry x[a,j] reaches
    z[i,j] = (x[i,j] - mu[j]) / s[j] on three paths, and the total derivative adds up what comes in on each.

        x[a,j] -----------------> z[i,j]      path 1: it is x[i,j] itself, if i = a
          |-----> mu[j] ----------> |         path 2: it moves the mean
          '-----> s[j] -----------> '         path 3: it moves the scale

    Path 1, with mu and s held fixed: only z[a,j] moves.

        [i = a] / s[j]

    Path 2, with s held fixed: every z[i,j] moves, all by the same.

        dmu[j] / dx[a,j] = 1 / N         dz[i,j] / dmu[j] = -1 / s[j]
        -(1 / N) / s[j]

    Path 3, with the numerator held fixed: every z[i,j] moves, each in proportion to itself. From the inside outwards,
    var first. Each c[n,j] in it holds x[a,j] twice, as x[n,j] if n = a, and in mu:

        dvar[j] / dx[a,j] = sum_n 2 c[n,j] ([n = a] - 1 / N) / N
                          = 2 c[a,j] / N - 2 / N^2 sum_n c[n,j]
                          = 2 c[a,j] / N

    because deviations from the mean add up to 0: var does depend on mu, but its derivative with respect to mu is 0 (of
    all points, the mean is the one with the smallest sum of squares around it). Then the root, then the quotient:

        ds[j] / dx[a,j] = 1 / (2 s[j]) 2 c[a,j] / N = z[a,j] / N
        dz[i,j] / ds[j] = -c[i,j] / s[j]^2 = -z[i,j] / s[j]
        -(z[i,j] z[a,j] / N) / s[j]

    The three together, times gamma, in the same order:

        J_x[i,j | a,b] = [j = b] gamma[0,j] ([i = a] - 1 / N - z[i,j] z[a,j] / N) / s[j]

    Contracted with gy. gamma goes with gy: their product is the gradient of z.

        gz[i,j] = gy[i,j] gamma[0,j]                                             (5)
        gx[a,b] = sum_ij gy[i,j] J_x[i,j | a,b]
                = (gz[a,b] - sum_i gz[i,b] / N - z[a,b] sum_i gz[i,b] z[i,b] / N) / s[b]

    Or, with means over the batch:

        gx = (gz - mean(gz) - z mean(gz z)) / s                                  (6)

    A term a path. Each can be checked by what the forward pass ignores. Adding a number to a channel leaves y as it is,
    so gx adds up to 0 over the batch: if yours does not, path 2 is missing. Stretching c leaves y as it is too, but for
    eps, so sum(gx c) is 0 for a tiny eps: if yours is not, path 3 is missing.

    gamma[0,b] and beta[0,b] serve the whole batch, so its gradients add up, and the axis stays.

        J_gamma[i,j | 0,b] = [j = b] z[i,j]
        J_beta[i,j | 0,b] = [j = b]
        ggamma[0,b] = sum_i gy[i,b] z[i,b]                                       (7)
        gbeta[0,b] = sum_i gy[i,b]                                               (8)

    var is the mean of c^2 and not mean(x^2) - mu^2, which cancels where the mean is large and the spread is small.

    Hints:
    1. On how many paths does one entry of x reach one entry of y?
    2. The mean and the variance are computed from x, so they move when it does. Add up three derivatives: of x itself
       with both held fixed, through the mean, and through the variance. Check: over the batch, gx must add up to zero.
    3. With z = (x - mu) / s, s = sqrt(var + eps) and gz = gy gamma, the gradient of z:
       gx = (gz - mean(gz) - z mean(gz z)) / s, both means over the batch.
    """
    c = x - x.mean(axis=0, keepdims=True)  # (1)
    s = np.sqrt((c**2).mean(axis=0, keepdims=True) + eps)  # (2)
    z = c / s  # (3)

    def grad(gy):
        gz = gy * gamma  # (5)
        through_mu = gz.mean(axis=0, keepdims=True)
        through_s = z * (gz * z).mean(axis=0, keepdims=True)
        gx = (gz - through_mu - through_s) / s  # (6)
        ggamma = (gy * z).sum(axis=0, keepdims=True)  # (7)
        gbeta = gy.sum(axis=0, keepdims=True)  # (8)
        return gx, ggamma, gbeta

    return gamma * z + beta, grad  # (4)


def layer_norm(x: NDArray, gamma: NDArray, beta: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma (x - mu) / sqrt(var + eps) + beta, over the last axis, shapes (..., D), (D,), (D,) -> (..., D).

    These are batch_norm's three paths along another axis. There they were added up from x to y. Here they are walked
    back from y to x, which is what backpropagation does; both end at the same line. n stands for a tuple of the leading
    indices.

        mu[n] = sum_k (x[n,k]) / D
        c[n,i] = x[n,i] - mu[n]                                                  (1)
        var[n] = sum_k (c[n,k]^2) / D
        s[n] = sqrt(var[n] + eps)                                                (2)
        z[n,i] = c[n,i] / s[n]                                                   (3)
        y[n,i] = gamma[i] z[n,i] + beta[i]                                       (4)

    Read these lines from the last to the first. The gradient of a quantity is the sum, over all places that use it, of
    the gradient there times the derivative of that use. A quantity with two uses gets two terms; one that all entries
    of a row share gets a sum over the row.

        gz[n,i] = gy[n,i] gamma[i]                       used in y               (5)
        gs[n] = -sum_k gz[n,k] c[n,k] / s[n]^2           used in all of z
        gvar[n] = gs[n] / (2 s[n])                       used in s
        gc[n,i] = gz[n,i] / s[n] + gvar[n] 2 c[n,i] / D  used in z, and in var
        gmu[n] = -sum_k gc[n,k]                          used in all of c
        gx[n,i] = gc[n,i] + gmu[n] / D                   used in c, and in mu

    This is a right backward pass already. It gets shorter with names for two means:

        p[n] = sum_k gz[n,k] / D
        q[n] = sum_k gz[n,k] z[n,k] / D

    Insert c = s z. Then gs = -D q / s, and the second term of gc is gvar 2 c / D = gs z / D = -z q / s, so that
    gc = (gz - z q) / s. The last two lines say that gx = gc - mean(gc). The entries of z add up to 0, as those of c do,
    so z q drops out of that mean, and p / s is left of it:

        gx[n,i] = (gz[n,i] - p[n] - z[n,i] q[n]) / s[n]                          (6)

    The terms are the three paths: x itself, through mu, through var. The coefficient of gy[n,i] in gx[m,a] is the
    Jacobian entry. It is a product of two matrices: z is c scaled, and c is x centred.

        J_x[n,i | m,a] = [n = m] gamma[i] sum_k (([i = k] - z[n,i] z[n,k] / D) ([k = a] - 1 / D)) / s[n]
                       = [n = m] gamma[i] ([i = a] - 1 / D - z[n,i] z[n,a] / D) / s[n]

    gamma and beta have only the last axis: all rows add up.

        J_gamma[n,i | a] = [i = a] z[n,i]
        J_beta[n,i | a] = [i = a]
        ggamma[a] = sum_n gy[n,a] z[n,a]                                         (7)
        gbeta[a] = sum_n gy[n,a]                                                 (8)

    Hints:
    1. What uses x? And what uses mu, and the variance?
    2. Name every intermediate, then go through the lines from the last to the first. What is used twice gets two terms;
       what is shared by a row gets a sum over the row. x is used directly and in the mean; x less its mean is used
       directly and in the variance.
    3. With z = (x - mu) / s, s = sqrt(var + eps) and gz = gy gamma:
       gx = (gz - mean(gz) - z mean(gz z)) / s, both means over the last axis.
    """
    c = x - x.mean(axis=-1, keepdims=True)  # (1)
    s = np.sqrt((c**2).mean(axis=-1, keepdims=True) + eps)  # (2)
    z = c / s  # (3)
    rows = tuple(range(x.ndim - 1))

    def grad(gy):
        gz = gy * gamma  # (5)
        through_mu = gz.mean(axis=-1, keepdims=True)
        through_var = z * (gz * z).mean(axis=-1, keepdims=True)
        gx = (gz - through_mu - through_var) / s  # (6)
        return gx, (gy * z).sum(axis=rows), gy.sum(axis=rows)  # (7), (8)

    return gamma * z + beta, grad  # (4)


def rms_norm(x: NDArray, gamma: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma x / sqrt(mean(x^2) + eps), over the last axis, shapes (..., D), (D,) -> (..., D).

    This is layer_norm without the mean, so with two paths. n stands for a tuple of the leading indices.

        r[n] = sqrt(sum_k (x[n,k]^2) / D + eps)                                  (1)
        z[n,i] = x[n,i] / r[n]                                                   (2)
        y[n,i] = gamma[i] z[n,i]                                                 (3)

    x[n,a] reaches z[n,i] as x[n,i] itself, if i = a, with r held fixed: [i = a] / r[n]. And it moves r, which divides
    every entry of the row:

        dr[n] / dx[n,a] = 1 / (2 r[n]) 2 x[n,a] / D = z[n,a] / D
        dz[n,i] / dr[n] = -x[n,i] / r[n]^2 = -z[n,i] / r[n]

    The sum of the two, times gamma:

        J_x[n,i | m,a] = [n = m] gamma[i] ([i = a] - z[n,i] z[n,a] / D) / r[n]

    Contracted with gy. gamma[i] has the index that is summed, so it stays inside the mean:

        gz[n,i] = gy[n,i] gamma[i]                                               (4)
        gx[m,a] = sum_i gy[m,i] J_x[m,i | m,a]
                = (gz[m,a] - z[m,a] sum_i gz[m,i] z[m,i] / D) / r[m]

    Or, with the mean over the row:

        gx = (gz - z mean(gz z)) / r                                             (5)

    The same gamma scales every row, so the rows add up.

        J_gamma[n,i | a] = [i = a] z[n,i]
        ggamma[a] = sum_n gy[n,a] z[n,a]                                         (6)

    Hints:
    1. If x[0] grows, what happens to y[1]?
    2. x is used twice, in the numerator and in the root that divides the whole row. The second use gives every entry a
       term that contains a mean over the row; gamma belongs inside it.
    3. With z = x / r and gz = gy gamma: gx = (gz - z mean(gz z)) / r, the mean over the last axis.
    """
    r = np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)  # (1)
    z = x / r  # (2)

    def grad(gy):
        gz = gy * gamma  # (4)
        gx = (gz - z * (gz * z).mean(axis=-1, keepdims=True)) / r  # (5)
        ggamma = (gy * z).sum(axis=tuple(range(x.ndim - 1)))  # (6)
        return gx, ggamma

    return gamma * z, grad  # (3)


def group_norm(x: NDArray, gamma: NDArray, beta: NDArray, groups: int, eps: float) -> tuple[NDArray, Callable]:
    """y = gamma (x - mu) / sqrt(var + eps) + beta, over groups of channels, shapes (N, C, L), (C,), (C,) -> (N, C, L).

    A group is K = C / groups channels that follow each other, so it lies together in memory: seen as
    (N, groups, K L), x has a group in each row. The statistics need no index arithmetic, and layer_norm's lines apply:

        rows: x (N, C, L), seen as (N, groups, K L)                              (1)
        z: each row less its mean, divided by its s = sqrt(var + eps)            (2)
        y: z seen as (N, C, L) again, times gamma, plus beta                     (3)

    Backward takes the same steps in reverse order. First gamma, which belongs to channels and differs within a group:
    gz[n,i,l] = gy[n,i,l] gamma[i] (4). A view as another shape moves no entry, so its gradient is the view back.
    Between the two stands layer_norm's line, derived there, a term for each of the three paths (x itself, through the
    mean, through s), both means over the K L entries of a row:

        gx = (gz - mean(gz) - z mean(gz z)) / s                                  (5)

    The same with indices, without the views. Channels i and a are in one group where same[i,a] = 1, and s[n,i] is that
    of the group of i:

        same[i,a] = [floor(i / K) = floor(a / K)]
        mu[n,i] = sum_kl same[i,k] x[n,k,l] / (K L)
        s[n,i] = sqrt(sum_kl same[i,k] (x[n,k,l] - mu[n,k])^2 / (K L) + eps)
        z[n,i,l] = (x[n,i,l] - mu[n,i]) / s[n,i]
        y[n,i,l] = gamma[i] z[n,i,l] + beta[i]
        J_x[n,i,l | m,a,b] = [n = m] gamma[i] ([i = a] [l = b] - same[i,a] (1 + z[n,i,l] z[m,a,b]) / (K L)) / s[n,i]

    One group is layer_norm over channels and positions together; C groups normalize each channel by itself.

    A channel's gamma and beta serve all examples and all positions.

        J_gamma[n,i,l | a] = [i = a] z[n,i,l]
        J_beta[n,i,l | a] = [i = a]
        ggamma[a] = sum_nl gy[n,a,l] z[n,a,l]                                    (6)
        gbeta[a] = sum_nl gy[n,a,l]                                              (7)

    Hints:
    1. In which shape of x is each group one row?
    2. Reshape, normalize the rows as in layer_norm, reshape back, and only then scale each channel. Backward takes the
       same steps in reverse order, so gamma comes first: within a group it differs from channel to channel.
    3. With gz = gy gamma[:, None], and x, z and gz seen as (N, groups, K L), K = C / groups:
       gx = (gz - mean(gz) - z mean(gz z)) / s, both means over the last axis.
    """
    split = (x.shape[0], groups, -1)
    x_split = x.reshape(split)  # (1)
    c = x_split - x_split.mean(axis=-1, keepdims=True)
    s = np.sqrt((c**2).mean(axis=-1, keepdims=True) + eps)
    z_split = c / s  # (2)
    z = z_split.reshape(x.shape)

    def grad(gy):
        gz = (gy * gamma[:, None]).reshape(split)  # (4)
        through_mu = gz.mean(axis=-1, keepdims=True)
        through_s = z_split * (gz * z_split).mean(axis=-1, keepdims=True)
        gx = ((gz - through_mu - through_s) / s).reshape(x.shape)  # (5)
        return gx, (gy * z).sum(axis=(0, 2)), gy.sum(axis=(0, 2))  # (6), (7)

    return gamma[:, None] * z + beta[:, None], grad  # (3)


def l2_normalize(x: NDArray, eps: float) -> tuple[NDArray, Callable]:
    """y = x / max(|x|, eps), |x| the length along the last axis, shape (..., D) -> (..., D).

    n stands for a tuple of the leading indices.

        r[n] = sqrt(sum_k (x[n,k]^2))                                            (1)
        u[n] = max(r[n], eps)                                                    (2)
        y[n,i] = x[n,i] / u[n]                                                   (3)

    x[n,a] reaches y[n,i] as x[n,i] itself, if i = a, with u held fixed: [i = a] / u[n]. And it moves u, but only where
    the maximum is r; there x = r y, so

        dr[n] / dx[n,a] = 1 / (2 r[n]) 2 x[n,a] = y[n,a]
        dy[n,i] / dr[n] = -x[n,i] / r[n]^2 = -y[n,i] / r[n]

    Where r < eps, u is a constant, and nothing comes from there. At r = eps the derivative of the maximum is anything
    from 0 to 1; the strict inequality takes 0. The sum of both paths:

        J_x[n,i | m,a] = [n = m] ([i = a] - [r[n] > eps] y[n,i] y[n,a]) / u[n]
        gx[m,a] = sum_i gy[m,i] J_x[m,i | m,a]
                = (gy[m,a] - [r[m] > eps] y[m,a] sum_i gy[m,i] y[m,i]) / u[m]    (4)

    In pictures: y lies on the unit sphere and can only move along it. So what gy has in the direction of y is taken
    away and what is left, at right angles to y, is divided by the length: sum(gx x) = 0. Inside the sphere of radius
    eps there is no such constraint. No line divides by r, so a vector of zeros gets y = 0 and gx = gy / eps.

    Hints:
    1. If x gets twice as long, what happens to y? What does that say of gx in the direction of x?
    2. x is used in the numerator and in the length. The second use takes from gy its part along y. But where the vector
       is shorter than eps, it is divided by a constant.
    3. With u = max(|x|, eps): gx = (gy - y sum(gy y)) / u where |x| > eps, and gy / u elsewhere, the sum over the last
       axis.
    """
    r = np.sqrt((x**2).sum(axis=-1, keepdims=True))  # (1)
    u = np.maximum(r, eps)  # (2)
    y = x / u  # (3)

    def grad(gy):
        along_y = (gy * y).sum(axis=-1, keepdims=True)
        return (gy - (r > eps) * along_y * y) / u  # (4)

    return y, grad


def dropout(x: NDArray, mask: NDArray, p: float) -> tuple[NDArray, Callable]:
    """y = x mask / (1 - p) elementwise, shapes (...), (...) -> (...). mask: True keeps, False drops; p: of dropping.

    If an entry is kept with probability 1 - p, its expectation is (1 - p) x / (1 - p) + p 0 = x: the layers behind see
    numbers of the same size as at test time, when nothing is dropped. That is what the division is for.

    mask and p do not depend on x, so each entry is multiplied by a constant; i and a stand for whole index tuples.

        J_x[i | a] = [i = a] mask[i] / (1 - p)
        gx[a] = sum_i gy[i] J_x[i | a] = gy[a] mask[a] / (1 - p)                 (1)

    The backward pass is the forward pass, with the same mask. An entry that is 0 by chance is kept all the same, so the
    mask cannot be read off y.

    Hints:
    1. What does each entry of x get multiplied by?
    2. The mask is a constant here. What multiplies by a constant going forward does the same going back.
    3. gx[a] = gy[a] mask[a] / (1 - p).
    """

    def grad(gy):
        return gy * mask / (1 - p)  # (1)

    return x * mask / (1 - p), grad
