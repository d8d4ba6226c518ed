"""Level 6: convolution and pooling.

N batch size, C channels in, O channels out, L positions, H rows and W columns of an image, J rows and K columns of a
kernel; L', H' and W' are those of y. Indices: p, q count windows, j, k positions in a window. Start with conv1d.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray


def conv1d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,o,p] = b[o] + sum_ck w[o,c,k] x[n,c,stride p + k - padding], shapes (N, C, L), (O, C, K), (O,) -> (N, O, L').

    Put the windows side by side, and what is left is a matrix product. The array u has an entry for each window p and
    each position k in it; outside of x it is 0, which is the padding.

        u[n,c,p,k] = [0 <= stride p + k - padding < L] x[n,c,stride p + k - padding]     (1)
        y[n,o,p] = b[o] + sum_ck w[o,c,k] u[n,c,p,k]                                     (2)

    Window p takes x[m,c,l] at the position k where stride p + k - padding = l, if there is one:

        J_x[n,o,p | m,c,l] = [n = m] sum_k [stride p + k - padding = l] w[o,c,k]

    Contracted with gy. The sum over o alone is the gradient of u, a matrix product again:

        gu[n,c,p,k] = sum_o gy[n,o,p] w[o,c,k]                                           (3)
        gx[m,c,l] = sum_pk [stride p + k - padding = l] gu[m,c,p,k]                      (4)

    Where windows overlap, several (p, k) lead to the same l: what they bring adds up. Where no window reaches, at the end
    or between windows, gx is 0. For one k, different windows lead to different places, `stride` apart. So a loop over
    the K positions of the kernel can add slices, with no collision inside of a step.

    The kernel serves all examples and all windows, so there the gradient is a sum over n and p. It is (2) with gy in the
    place of one factor:

        J_w[n,o,p | a,c,k] = [o = a] u[n,c,p,k]
        J_b[n,o,p | a] = [o = a]
        gw[a,c,k] = sum_np gy[n,a,p] u[n,c,p,k]                                          (5)
        gb[a] = sum_np gy[n,a,p]                                                         (6)

    Hints:
    1. Which windows does one entry of x lie in, and which position has it in each?
    2. Make an array of all windows, then y is a product summed over channels and positions. Going back through it gives
       the gradient of each window; add each to the place that the window was taken from, with +=.
    3. With u[n,c,p,k] = xp[n,c,stride p + k], xp the padded x: y = sum_ck w u + b, gw = sum_np gy u, gu = sum_o gy w,
       and for each k: gxp[..., k : k + stride L' : stride] += gu[..., k].
    """
    last = x.shape[2]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding)))
    u = sliding_window_view(xp, w.shape[2], axis=2)[:, :, ::stride]  # (1)
    y = np.tensordot(u, w, axes=((1, 3), (1, 2))).swapaxes(1, 2) + b[:, None]  # (2)

    def grad(gy):
        gu = np.tensordot(gy, w, axes=(1, 0))  # (3), as n, p, c, k
        gxp = np.zeros_like(xp)
        for k in range(w.shape[2]):
            gxp[:, :, k : k + stride * gy.shape[2] : stride] += gu[..., k].swapaxes(1, 2)  # (4)
        gw = np.tensordot(gy, u, axes=((0, 2), (0, 2)))  # (5)
        return gxp[:, :, padding : padding + last], gw, gy.sum(axis=(0, 2))  # (6)

    return y, grad


def conv2d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,o,p,q] = b[o] + sum_cjk w[o,c,j,k] x[n,c,stride p + j - padding,stride q + k - padding].

    Shapes (N, C, H, W), (O, C, J, K), (O,) -> (N, O, H', W'). This is conv1d with two indices for one: p, q count
    windows, j, k positions in the kernel, h, v are a row and a column of x. With u for the windows, zeros outside of x:

        u[n,c,p,q,j,k] = x[n,c,stride p + j - padding,stride q + k - padding]                      (1)
            where 0 <= stride p + j - padding < H and 0 <= stride q + k - padding < W, 0 elsewhere
        y[n,o,p,q] = b[o] + sum_cjk w[o,c,j,k] u[n,c,p,q,j,k]                                      (2)

    (2) is one matrix product: a row a window, a column an output channel, and C J K terms in each sum. Each of the three
    factors is linear in it:

        J_x[n,o,p,q | m,c,h,v] = [n = m] sum_jk [stride p + j - padding = h] [stride q + k - padding = v] w[o,c,j,k]
        J_w[n,o,p,q | a,c,j,k] = [o = a] u[n,c,p,q,j,k]
        J_b[n,o,p,q | a] = [o = a]

    Contracted with gy. For w and b, all examples and all windows add up; for x, first the sum over o, which is the
    gradient of the windows, and then each window's gradient is brought back to where it was taken from:

        gw[a,c,j,k] = sum_npq gy[n,a,p,q] u[n,c,p,q,j,k]                                           (3)
        gb[a] = sum_npq gy[n,a,p,q]                                                                (4)
        gu[n,c,p,q,j,k] = sum_o gy[n,o,p,q] w[o,c,j,k]                                             (5)
        gx[m,c,h,v] = sum_pqjk [stride p + j - padding = h] [stride q + k - padding = v] gu[m,c,p,q,j,k]     (6)

    For one position (j, k) of the kernel, no two windows lead to the same pixel: so a loop over J K positions can add
    slices. Pixels between windows and behind the last one get nothing, and the padding is cut off.

    With stride 1, (6) reads as a convolution itself: of gy with J - 1 and K - 1 zeros around it, by the kernel flipped
    in both axes, its O and C exchanged. With a larger stride, stride - 1 zeros stand between the entries of gy.

    Hints:
    1. How would you do it with one channel and one row? What changes when there are more?
    2. All windows side by side make y a matrix product over C J K. Backward is two products: one with the windows, for
       w, one with w, for the windows; then each window goes back to its place with +=, a slice for each (j, k).
    3. With u[n,c,p,q,j,k] = xp[n,c,stride p + j,stride q + k]: y = sum_cjk w u + b, gw = sum_npq gy u, gu = sum_o gy w;
       for each j, k: gxp[..., j : j + stride H' : stride, k : k + stride W' : stride] += gu[..., j, k].
    """
    (height, width), (rows, columns) = x.shape[2:], w.shape[2:]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    u = sliding_window_view(xp, (rows, columns), axis=(2, 3))[:, :, ::stride, ::stride]  # (1)
    y = np.tensordot(u, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2) + b[:, None, None]  # (2)

    def grad(gy):
        gw = np.tensordot(gy, u, axes=((0, 2, 3), (0, 2, 3)))  # (3)
        gb = gy.sum(axis=(0, 2, 3))  # (4)
        gu = np.tensordot(w, gy, axes=(0, 1))  # (5), as c, j, k, n, p, q
        gxp = np.zeros_like(xp)
        down, right = (stride * n for n in gy.shape[2:])
        for j, k in np.ndindex(rows, columns):
            gxp[:, :, j : j + down : stride, k : k + right : stride] += gu[:, j, k].swapaxes(0, 1)  # (6)
        return gxp[:, :, padding : padding + height, padding : padding + width], gw, gb

    return y, grad


def depthwise_conv2d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,c,p,q] = b[c] + sum_jk w[c,j,k] x[n,c,stride p + j - padding,stride q + k - padding].

    Shapes (N, C, H, W), (C, J, K), (C,) -> (N, C, H', W'). conv2d with one kernel a channel, which sees its own channel
    only: the sum over c is gone, and c stands on both sides. With u for the windows, as there:

        u[n,c,p,q,j,k] = x[n,c,stride p + j - padding,stride q + k - padding]                      (1)
            where 0 <= stride p + j - padding < H and 0 <= stride q + k - padding < W, 0 elsewhere
        y[n,c,p,q] = b[c] + sum_jk w[c,j,k] u[n,c,p,q,j,k]                                         (2)

    A channel of y depends on the same channel of x, w and b alone, so each Jacobian has a factor [c = a]:

        J_x[n,c,p,q | m,a,h,v] = [n = m] [c = a] sum_jk [stride p + j - padding = h] [stride q + k - padding = v] w[a,j,k]
        J_w[n,c,p,q | a,j,k] = [c = a] u[n,a,p,q,j,k]
        J_b[n,c,p,q | a] = [c = a]

    Contracted with gy, nothing is summed over channels:

        gw[a,j,k] = sum_npq gy[n,a,p,q] u[n,a,p,q,j,k]                                             (3)
        gb[a] = sum_npq gy[n,a,p,q]                                                                (4)
        gx[m,a,h,v] = sum_pqjk [stride p + j - padding = h] [stride q + k - padding = v] gy[m,a,p,q] w[a,j,k]     (5)

    For one channel, (2) is a matrix with a row a window times a vector, the kernel; (3) is a row vector, gy, times that
    matrix. As in conv2d, (5) adds slices, one for each position in the kernel.

    Hints:
    1. Which channels of x does a channel of y depend on?
    2. It is conv2d, without the sum over c: wherever the windows meet w or gy, the channels go side by side.
    3. With u[n,c,p,q,j,k] = xp[n,c,stride p + j,stride q + k]: y = sum_jk w u + b, gw = sum_npq gy u; for each j, k:
       gxp[..., j : j + stride H' : stride, k : k + stride W' : stride] += w[:,j,k] gy.
    """
    (height, width), (rows, columns) = x.shape[2:], w.shape[1:]
    xp = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    u = sliding_window_view(xp, (rows, columns), axis=(2, 3))[:, :, ::stride, ::stride]
    shape = u.shape[:4]
    u = u.reshape(*shape[:2], -1, rows * columns)  # (1), a row a window
    y = (u @ w.reshape(-1, rows * columns, 1)).reshape(shape) + b[:, None, None]  # (2)

    def grad(gy):
        gw = (gy.reshape(*shape[:2], 1, -1) @ u).sum(axis=0).reshape(w.shape)  # (3)
        gb = gy.sum(axis=(0, 2, 3))  # (4)
        gxp = np.zeros_like(xp)
        down, right = (stride * n for n in shape[2:])
        for j, k in np.ndindex(rows, columns):
            gxp[:, :, j : j + down : stride, k : k + right : stride] += w[:, j, k, None, None] * gy  # (5)
        return gxp[:, :, padding : padding + height, padding : padding + width], gw, gb

    return y, grad


def conv_transpose2d(x: NDArray, w: NDArray, b: NDArray, stride: int, padding: int) -> tuple[NDArray, Callable]:
    """y[n,o,p,q] = b[o] + the sum of w[c,o,j,k] x[n,c,h,v] over all c, h, v, j, k with stride h + j - padding = p, and q.

    Shapes (N, C, H, W), (C, O, J, K), (O,) -> (N, O, H', W'), H' = stride (H - 1) + J - 2 padding, W' likewise. It does
    to x what the backward pass of conv2d does to gy: each pixel of x stamps the kernel, times itself, onto y, `stride`
    from stamp to stamp. Stamps that overlap add up; then `padding` rows and columns are cut off on each side.

        d[n,c,p,v,j] = sum_h [stride h + j - padding = p] x[n,c,h,v]
        e[n,c,p,q,j,k] = sum_v [stride v + k - padding = q] d[n,c,p,v,j]
        y[n,o,p,q] = b[o] + sum_cjk w[c,o,j,k] e[n,c,p,q,j,k]                                      (1)

    e is the pixel that stamps its w[c,o,j,k] onto (p, q), if there is one. So

        J_x[n,o,p,q | m,c,h,v] = [n = m] sum_j ([stride h + j - padding = p] sum_k ([stride v + k - padding = q] w[c,o,j,k]))
        J_w[n,o,p,q | c,a,j,k] = [o = a] e[n,c,p,q,j,k]
        J_b[n,o,p,q | a] = [o = a]

    Backward is conv2d's forward. Pixel (h, v) has stamped the window of y that begins at stride h - padding; what comes
    back from there is that window of gy, with zeros where y was cut off:

        u[n,o,h,v,j,k] = gy[n,o,stride h + j - padding,stride v + k - padding]                     (2)
            where 0 <= stride h + j - padding < stride (H - 1) + J - 2 padding
            and 0 <= stride v + k - padding < stride (W - 1) + K - 2 padding, 0 elsewhere
        gx[m,c,h,v] = sum_ojk w[c,o,j,k] u[m,o,h,v,j,k]                                            (3)
        gw[c,a,j,k] = sum_nhv x[n,c,h,v] u[n,a,h,v,j,k]                                            (4)
        gb[a] = sum_npq gy[n,a,p,q]                                                                (5)

    Hints:
    1. If x is 0 but for one pixel, what does y look like?
    2. Forward is a product over c, which gives each pixel's stamp, and then adding slices of y, one for each (j, k). Its
       backward pass takes windows of gy, with zeros around it, and is two matrix products.
    3. yp[..., j : j + stride H : stride, k : k + stride W : stride] += sum_c w[c,:,j,k] x; y is yp without its padding.
       With u[n,o,h,v,j,k] = gyp[n,o,stride h + j,stride v + k]: gx = sum_ojk w u, gw = sum_nhv x u.
    """
    (height, width), (rows, columns) = x.shape[2:], w.shape[2:]
    sides = stride * (height - 1) + rows, stride * (width - 1) + columns
    kept = tuple(slice(padding, n - padding) for n in sides)
    stamps = np.tensordot(w, x, axes=(0, 1))  # as o, j, k, n, h, v
    yp = np.zeros((len(x), w.shape[1], *sides), x.dtype)
    for j, k in np.ndindex(rows, columns):
        place = yp[:, :, j : j + stride * height : stride, k : k + stride * width : stride]
        place += stamps[:, j, k].swapaxes(0, 1)  # (1)

    def grad(gy):
        gyp = np.zeros_like(yp)
        gyp[:, :, *kept] = gy
        u = sliding_window_view(gyp, (rows, columns), axis=(2, 3))[:, :, ::stride, ::stride]  # (2)
        gx = np.tensordot(u, w, axes=((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)  # (3)
        gw = np.tensordot(x, u, axes=((0, 2, 3), (0, 2, 3)))  # (4)
        return gx, gw, gy.sum(axis=(0, 2, 3))  # (5)

    return yp[:, :, *kept] + b[:, None, None], grad


def max_pool2d(x: NDArray, size: int, stride: int) -> tuple[NDArray, Callable]:
    """y[n,c,p,q] = max_jk x[n,c,stride p + j,stride q + k], shapes (N, C, H, W) -> (N, C, H', W').

    j and k run from 0 to size - 1. Put each window into one row, then y is the maximum of each row; t counts the entries
    of a row, those of the window from left to right, then from top to bottom.

        rows: u, all windows, seen as (N, C, H', W', size^2)                     (1)
        win: for each row the t of its maximum, the first if there are several   (2)
        y: u at win

    Where one entry is the maximum, a small change of it is one of y, and the others do nothing: each window hands its
    gy to its winner. An entry of x that wins in several windows gets all that they send; one that wins in none, or lies
    in no window, gets 0. At a tie, y has a kink, and wherever gy goes among the maxima is right, as long as the shares
    are not negative and add up to all of it. In equal shares, for r[n,c,p,q] entries of the window that tie:

        at[p,q,h,v] = [stride p <= h < stride p + size] [stride q <= v < stride q + size]
        r[n,c,p,q] = sum_hv at[p,q,h,v] [x[n,c,h,v] = y[n,c,p,q]]
        J_x[n,c,p,q | m,a,h,v] = [n = m] [c = a] at[p,q,h,v] [x[m,a,h,v] = y[n,c,p,q]] / r[n,c,p,q]
        gx[m,a,h,v] = sum_pq gy[m,a,p,q] at[p,q,h,v] [x[m,a,h,v] = y[m,a,p,q]] / r[m,a,p,q]

    The code gives all of it to the first, which needs no counting:

        gx: gy of each window, added where t of the window is win                (3)

    To compare x with y would send each of them the whole gy: too much.

    Hints:
    1. Which entries of x does y depend on, if no two are alike?
    2. Remember for each window where its maximum was: argmax of the windows, each seen as one row. Backward, an entry
       may have won in several windows that overlap, so use +=, for one position in the window after the other.
    3. (3): with win, the argmax of each window, and t = j size + k, for each j, k:
       gx[..., j : j + stride H' : stride, k : k + stride W' : stride] += gy where win = t, 0 elsewhere.
    """
    u = sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    u = u.reshape(*u.shape[:4], -1)  # (1)
    win = u.argmax(axis=-1)  # (2)
    y = np.take_along_axis(u, win[..., None], axis=-1)[..., 0]

    def grad(gy):
        gx = np.zeros_like(x)
        down, right = (stride * n for n in gy.shape[2:])
        for j, k in np.ndindex(size, size):
            gx[:, :, j : j + down : stride, k : k + right : stride] += gy * (win == j * size + k)  # (3)
        return gx

    return y, grad


def avg_pool2d(x: NDArray, size: int, stride: int) -> tuple[NDArray, Callable]:
    """y[n,c,p,q] = sum_jk x[n,c,stride p + j,stride q + k] / size^2, shapes (N, C, H, W) -> (N, C, H', W').

    j and k run from 0 to size - 1. It is depthwise_conv2d with a kernel whose entries are all 1 / size^2. Window (p, q)
    holds x[n,c,h,v] if stride p <= h < stride p + size, and v likewise:

        at[p,q,h,v] = [stride p <= h < stride p + size] [stride q <= v < stride q + size]
        y[n,c,p,q] = sum_hv at[p,q,h,v] x[n,c,h,v] / size^2                      (1)
        J_x[n,c,p,q | m,a,h,v] = [n = m] [c = a] at[p,q,h,v] / size^2
        gx[m,a,h,v] = sum_pq gy[m,a,p,q] at[p,q,h,v] / size^2                    (2)

    Each window hands an equal part of its gy to each of its entries. What lies in several windows gets a part of each,
    what lies in none gets 0.

    Hints:
    1. How much does y change if one entry of a window grows by 1?
    2. Each window sends gy / size^2 to all its entries. Where windows overlap, these add up.
    3. (2): for each j, k from 0 to size - 1:
       gx[..., j : j + stride H' : stride, k : k + stride W' : stride] += gy / size^2.
    """
    u = sliding_window_view(x, (size, size), axis=(2, 3))[:, :, ::stride, ::stride]
    y = u.reshape(*u.shape[:4], -1).mean(axis=-1)  # (1)

    def grad(gy):
        gx, part = np.zeros_like(x), gy / size**2
        down, right = (stride * n for n in gy.shape[2:])
        for j, k in np.ndindex(size, size):
            gx[:, :, j : j + down : stride, k : k + right : stride] += part  # (2)
        return gx

    return y, grad
