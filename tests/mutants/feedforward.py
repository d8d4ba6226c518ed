"""Level 1: known wrong and known right implementations of a feed-forward network and its loss.

A builder makes an operation out of its parts, each the right one unless a row gives another. Parts of an affine map get
`(x, w, b)` or `(gy, x, w, b)`; those of the operations with one gradient get the inputs, or gy, the inputs and the output;
those of the network get `v`, which holds all that was computed before them.
"""

import math
from collections.abc import Callable
from functools import reduce
from types import SimpleNamespace

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful


def affine(
    *,
    y: Callable = lambda x, w, b: x @ w + b,
    gx: Callable = lambda gy, x, w, b: gy @ w.T,
    gw: Callable = lambda gy, x, w, b: x.T @ gy,
    gb: Callable = lambda gy, x, w, b: gy.sum(0, keepdims=True),
    grads: Callable = lambda *gradients: gradients,
) -> Callable:
    """y = x w + b. `grads(gx, gw, gb)`: how they are handed back."""

    def operation(*inputs):
        return y(*inputs), lambda gy: grads(gx(gy, *inputs), gw(gy, *inputs), gb(gy, *inputs))

    return operation


def sigmoid(
    *,
    y: Callable = lambda x: np.exp(np.minimum(x, 0)) / (1 + np.exp(-abs(x))),
    gx: Callable = lambda gy, x, y: gy * y * (1 - y),
) -> Callable:
    """y = 1 / (1 + exp(-x))."""
    return _with_one_gradient(y, gx)


def relu(
    *, y: Callable = lambda x: np.maximum(x, 0), gx: Callable = lambda gy, x, y: np.where(x > 0, gy, 0)
) -> Callable:
    """y = max(x, 0)."""
    return _with_one_gradient(y, gx)


def square_error_loss(
    *,
    losses: Callable = lambda x, y: ((x - y) ** 2).sum(-1),
    gx: Callable = lambda gl, x, y, _: 2 * gl[:, None] * (x - y),
) -> Callable:
    """l[i] = sum_k (x[i,k] - y[i,k])^2."""
    return _with_one_gradient(losses, gx)


def tensor_sum(
    *, y: Callable = lambda x: x.sum(), gx: Callable = lambda gy, x, y: np.broadcast_to(gy, x.shape)
) -> Callable:
    """y = sum of x."""
    return _with_one_gradient(y, gx)


def _with_one_gradient(y: Callable, gx: Callable) -> Callable:
    def operation(*inputs):
        output = y(*inputs)
        return output, lambda gy: gx(gy, *inputs, output)

    return operation


_FORWARD = {
    "s1": lambda v: v.x @ v.w1 + v.b1,
    "h1": lambda v: np.exp(np.minimum(v.s1, 0)) / (1 + np.exp(-abs(v.s1))),
    "s2": lambda v: v.h1 @ v.w2 + v.b2,
    "h2": lambda v: np.maximum(v.s2, 0),
    "s3": lambda v: v.h2 @ v.w3 + v.b3,
    "L": lambda v: ((v.s3 - v.y) ** 2).sum(),
}
_BACKWARD = {
    "gs3": lambda v: 2 * v.gL * (v.s3 - v.y),
    "gw3": lambda v: v.h2.T @ v.gs3,
    "gb3": lambda v: v.gs3.sum(0, keepdims=True),
    "gh2": lambda v: v.gs3 @ v.w3.T,
    "gs2": lambda v: v.gh2 * (v.s2 > 0),
    "gw2": lambda v: v.h1.T @ v.gs2,
    "gb2": lambda v: v.gs2.sum(0, keepdims=True),
    "gh1": lambda v: v.gs2 @ v.w2.T,
    "gs1": lambda v: v.gh1 * v.h1 * (1 - v.h1),
    "gw1": lambda v: v.x.T @ v.gs1,
    "gb1": lambda v: v.gs1.sum(0, keepdims=True),
}
_INPUTS = ("x", "y", "w1", "b1", "w2", "b2", "w3", "b3")


def feed_forward(*, grads: str = "gw1 gb1 gw2 gb2 gw3 gb3", **parts: Callable) -> Callable:
    """The network: s1 h1 s2 h2 s3 and L one after another, and their gradients back. `grads`: those handed back."""

    def operation(*inputs):
        v = SimpleNamespace(**dict(zip(_INPUTS, inputs, strict=True)))
        for name, part in _FORWARD.items():
            setattr(v, name, parts.get(name, part)(v))

        def grad(gL):
            v.gL = gL
            for name, part in _BACKWARD.items():
                setattr(v, name, parts.get(name, part)(v))
            return tuple(getattr(v, name) for name in grads.split())

        return v.L, grad

    return operation


def _but(array, index, value):
    """A copy of the array with another value at the index."""
    array = np.array(array)
    array[index] = value
    return array


def _last(array):
    """The index of the array's last entry."""
    return tuple(n - 1 for n in np.shape(array))


def _sum_into_first_row(gy, x, w, b):
    for row in gy[1:]:
        gy[0] += row
    return gy[:1]


def _into_x(value, x):
    x[...] = value
    return x


def _step_downhill(v):
    v.w3 -= 0.01 * v.gw3
    return v.gs1.sum(0, keepdims=True)


def _of_last_call() -> Callable:
    """Keeps what backward needs in one place for all calls."""
    saved = {}

    def operation(x, w, b):
        saved.update(x=x, w=w)
        return x @ w + b, lambda gy: (gy @ saved["w"].T, saved["x"].T @ gy, gy.sum(0, keepdims=True))

    return operation


def _by_shape() -> Callable:
    """Computes y once for inputs of a shape."""
    known = {}

    def y(x, w, b):
        return known.setdefault((x.shape, w.shape), x @ w + b)

    return affine(y=y)


def _in_one_buffer() -> Callable:
    buffer = np.zeros(10_000)

    def y(x):
        room = buffer[: x.size].reshape(x.shape)
        return np.maximum(x, 0, out=room)

    return relu(y=y, gx=lambda gy, x, y: gy * (x > 0))


class _Plain(np.ndarray):
    """An array of a class of its own, which is otherwise like any other."""


def _in_one_buffer_of_another_class() -> Callable:
    buffer = np.zeros(10_000)

    def y(x):
        return np.maximum(x, 0, out=buffer[: x.size].reshape(x.shape)).view(_Plain)

    return relu(y=y, gx=lambda gy, x, y: gy * (x > 0))


def _gradients_in_one_list() -> Callable:
    kept = []

    def grads(*gradients):
        kept[:] = gradients
        return kept

    return affine(grads=grads)


def _in_a_buffer_per_shape() -> Callable:
    buffers = {}

    def y(x):
        return np.maximum(x, 0, out=buffers.setdefault((x.shape, x.dtype), np.empty_like(x)))

    return relu(y=y, gx=lambda gy, x, y: gy * (x > 0))


def _gradient_in_one_buffer() -> Callable:
    buffer = np.zeros(10_000)

    def gx(gy, x, y):
        buffer[: x.size] = gy
        return buffer[: x.size].reshape(x.shape)

    return tensor_sum(gx=gx)


def _accumulated(x, w, b):
    gw = np.zeros_like(w)

    def grad(gy):
        nonlocal gw
        gw = gw + x.T @ gy
        return gy @ w.T, gw, gy.sum(0, keepdims=True)

    return x @ w + b, grad


def _accumulated_in_place(x):
    gx = np.zeros_like(x)

    def grad(gy):
        np.add(gx, gy, out=gx)
        return gx

    return x.sum(), grad


def _spent(x):
    """Multiplies by 1 - y in the saved y itself."""
    y = np.asarray(np.exp(np.minimum(x, 0)) / (1 + np.exp(-abs(x))))

    def grad(gy):
        np.multiply(y, 1 - y, out=y)
        return gy * y

    return y.copy(), grad


def _adds_zero(x, w, b):
    x += 0
    return x @ w + b


def _multiplies_by_one(x, w, b):
    x *= 1
    return x @ w + b


def _last_row_only(gy, x, w, b):
    """Sets gw once a row, and so keeps the last."""
    gw = np.zeros_like(w)
    for row, g in zip(x, gy, strict=True):
        gw = np.outer(row, g)
    return gw


def _slope_in_a_product(gy, x, y):
    """Sets entries of a product, which is no array where x is a number."""
    gx = gy * y
    gx[...] *= 1 - y
    return gx


# fmt: off
WRONG = [
    Mutant("affine", "bias missing", "forward", affine(y=lambda x, w, b: x @ w), diagnosis="y is what b = 0 would give: b is not used"),
    Mutant("affine", "bias along the batch", "forward", affine(y=lambda x, w, b: x @ w + b.T), diagnosis="y is wrong only where M > 1"),
    Mutant("affine", "y complex", "forward", affine(y=lambda x, w, b: x @ w + b + 0j), diagnosis="y is an array of dtype complex128, but should be an array of floats"),
    Mutant("affine", "y squeezed", "forward", affine(y=lambda x, w, b: np.squeeze(x @ w + b)), diagnosis="y is right but for the shape: an axis of length 1 is lost"),
    Mutant("affine", "y kept by shape", "forward", Stateful(_by_shape), diagnosis="a call returns the y of an earlier call with inputs of the same shape"),
    Mutant("affine", "gw transposed", "gradient", affine(gw=lambda gy, x, w, b: gy.T @ x), diagnosis="gw is transposed: yours equals gw.T"),
    Mutant("affine", "gw transposed where square", "gradient",
           affine(gw=lambda gy, x, w, b: (x.T @ gy).T if w.shape[0] == w.shape[1] else x.T @ gy), diagnosis="gw is wrong only where K == M"),
    Mutant("affine", "gw wrong where N = K", "gradient",
           affine(gw=lambda gy, x, w, b: x @ gy if x.shape[0] == x.shape[1] else x.T @ gy), diagnosis="gw is wrong only where N == K"),
    Mutant("affine", "gw off by a millionth", "gradient", affine(gw=lambda gy, x, w, b: x.T @ gy * (1 + 1e-6)), diagnosis="gw is 1.000001 times what it should be"),
    Mutant("affine", "gx by w, not by its transpose", "gradient", affine(gx=lambda gy, x, w, b: gy @ w), diagnosis="gx is what w.T in place of w would give: transpose w"),
    Mutant("affine", "gx ignores gy", "gradient", affine(gx=lambda gy, x, w, b: np.ones_like(gy) @ w.T), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("affine", "gx without its last column", "gradient",
           affine(gx=lambda gy, x, w, b: _but(gy @ w.T, (..., -1), 0)), diagnosis="gx is wrong only in the last column"),
    Mutant("affine", "gx NaN where x is 0", "gradient", affine(gx=lambda gy, x, w, b: gy @ w.T * (x / x)), diagnosis="gx is wrong only where x == 0"),
    Mutant("affine", "gb lost its axis", "gradient", affine(gb=lambda gy, *_: gy.sum(0)), diagnosis="gb is right but for the shape: an axis of length 1 is lost"),
    Mutant("affine", "gb a mean over the batch", "gradient", affine(gb=lambda gy, *_: gy.mean(0, keepdims=True)), diagnosis="gb is N times too small: mean instead of sum?"),
    Mutant("affine", "gb sums over the features", "gradient", affine(gb=lambda gy, *_: gy.sum(1, keepdims=True)), diagnosis="gb is gy summed over the last axis, but axis 0 is due"),
    Mutant("affine", "gb doubled for a batch of one", "gradient",
           affine(gb=lambda gy, *_: gy.sum(0, keepdims=True) * (2 if len(gy) == 1 else 1)), diagnosis="gb is wrong only where N == 1"),
    Mutant("affine", "gw, gx, gb", "gradient", affine(grads=lambda gx, gw, gb: (gw, gx, gb)), diagnosis="gradients come in the order (gw, gx, gb)"),
    Mutant("affine", "gb missing", "gradient", affine(grads=lambda gx, gw, gb: (gx, gw)), diagnosis="gb is missing: grad returns only gx, gw"),
    Mutant("affine", "a fourth gradient", "gradient", affine(grads=lambda gx, gw, gb: (gx, gw, gb, gb)), diagnosis="grad returns 4 gradients, number 4 is too many: only gx, gw and gb are due"),
    Mutant("affine", "gb summed in gy", "pure", affine(gb=_sum_into_first_row), diagnosis="grad changes gy in place"),
    Mutant("affine", "saved in one place for all calls", "pure", Stateful(_of_last_call), diagnosis="grad reads the last call's inputs"),
    Mutant("affine", "gradients in one list for all calls", "pure", Stateful(_gradients_in_one_list), diagnosis="a gradient is overwritten by a later call"),
    Mutant("affine", "gw accumulated", "pure", _accumulated, diagnosis="gw accumulates: called again, grad returns twice as much"),
    Mutant("affine", "y in float64", "stable", affine(y=lambda x, w, b: x @ w + np.ones((len(x), 1)) @ b), diagnosis="y has dtype float64, but should be float32, like the inputs"),

    Mutant("affine", "b twice", "forward", affine(y=lambda x, w, b: x @ w + 2 * b), diagnosis="y is what 2 * b in place of b would give"),
    Mutant("affine", "gb half a mean", "gradient", affine(gb=lambda gy, *_: gy.mean(0, keepdims=True) / 2), diagnosis="gb is 0.5/N times what it should be"),
    Mutant("affine", "gb of the last row", "gradient", affine(gb=lambda gy, *_: gy[-1:]), diagnosis="gb is what gy[-1] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("affine", "gw with weight decay", "gradient", affine(gw=lambda gy, x, w, b: x.T @ gy + w), diagnosis="w is added to gw once too often"),
    Mutant("affine", "gw with a constant", "gradient", affine(gw=lambda gy, x, w, b: x.T @ gy + 1), diagnosis="gw is off by a constant: 1 is added"),
    Mutant("affine", "gx of w + b", "gradient", affine(gx=lambda gy, x, w, b: gy @ (w + b).T), diagnosis="gx is off by a term that is constant along axis -1 (the mean's own derivative?)"),
    Mutant("affine", "two reasons", "gradient",
           affine(gx=lambda gy, x, w, b: -gy @ w.T, gb=lambda gy, *_: gy.mean(0, keepdims=True)), diagnosis="gx is negated; gb is N times too small: mean instead of sum?"),
    Mutant("affine", "adds 0 to x", "pure", affine(y=_adds_zero), diagnosis="forward changes x in place"),
    Mutant("affine", "multiplies x by 1", "layout", affine(y=_multiplies_by_one)),
    Mutant("affine", "gw of the last row", "gradient", affine(gw=_last_row_only), diagnosis="gw is what gy[-1] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("affine", "gb of all entries", "gradient", affine(gb=lambda gy, x, w, b: np.full_like(b, gy.sum())), diagnosis="gb is what gy's sum over the last axis in place of gy would give"),

    Mutant("sigmoid", "0 at 0", "forward", sigmoid(y=lambda x: (x != 0) / (1 + np.exp(-x))), diagnosis="y is wrong only where x == 0"),
    Mutant("sigmoid", "y in single precision", "forward",
           sigmoid(y=lambda x: (1 / (1 + np.exp(-x.astype(np.float32)))).astype(x.dtype)), diagnosis="y is right to 7 digits only: computed in float32"),
    Mutant("sigmoid", "last entry wrong", "forward",
           sigmoid(y=lambda x: _but(1 / (1 + np.exp(-x)), _last(x), 0)), diagnosis="y is wrong only in the last entry"),
    Mutant("sigmoid", "y (1 + y)", "gradient", sigmoid(gx=lambda gy, x, y: gy * y * (1 + y)), diagnosis="in gx, there is (1 + y) where (1 - y) should be"),
    Mutant("sigmoid", "gy missing", "gradient", sigmoid(gx=lambda gy, x, y: y * (1 - y)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("sigmoid", "slope at y instead of x", "gradient",
           sigmoid(gx=lambda gy, x, y: gy * np.exp(-y) / (1 + np.exp(-y)) ** 2), diagnosis="gx is what y in place of x would give: the derivative is taken at the output"),
    Mutant("sigmoid", "no gradient at 0", "gradient", sigmoid(gx=lambda gy, x, y: gy * y * (1 - y) * (x != 0)), diagnosis="gx is wrong only where x == 0"),
    Mutant("sigmoid", "gx in a tuple", "gradient", sigmoid(gx=lambda gy, x, y: (gy * y * (1 - y),)), diagnosis="grad(gy) returns a tuple of 1, but should return one array: gx"),
    Mutant("sigmoid", "computed in x", "pure", sigmoid(
        y=lambda x: _into_x(np.exp(np.minimum(x, 0)) / (1 + np.exp(-abs(x))), x)), diagnosis="forward changes x in place"),
    Mutant("sigmoid", "grad spends y", "pure", _spent, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("sigmoid", "exp(-x) overflows", "stable", sigmoid(y=lambda x: 1 / (1 + np.exp(-x))), diagnosis="exp overflows, as in 1 / (1 + exp(-x))"),
    Mutant("sigmoid", "exp(-x) overflows in grad", "stable",
           sigmoid(gx=lambda gy, x, y: gy * np.exp(-x) / (1 + np.exp(-x)) ** 2), diagnosis="the square overflows, as in exp(-x) / (1 + exp(-x))**2"),
    Mutant("sigmoid", "clipped at 30", "stable", sigmoid(y=lambda x: 1 / (1 + np.exp(-np.clip(x, -30, 30)))), diagnosis="y no longer changes | gx no longer changes"),
    Mutant("sigmoid", "ones in float64", "stable", sigmoid(
        y=lambda x: np.where(x >= 0, np.ones(x.shape), np.exp(-abs(x))) / (1 + np.exp(-abs(x)))), diagnosis="y has dtype float64, but should be float32, like the inputs"),

    Mutant("sigmoid", "plus a millionth", "forward", sigmoid(y=lambda x: 1 / (1 + np.exp(-x)) + 1e-6), diagnosis="y is off by a constant: 1e-06 is added"),
    Mutant("sigmoid", "divided by the slope", "gradient", sigmoid(gx=lambda gy, x, y: gy / (y * (1 - y))), diagnosis="gx is gy divided by the derivative, but should be multiplied by it"),
    Mutant("sigmoid", "in the order of memory", "layout", sigmoid(gx=lambda gy, x, y: gy * (y * (1 - y)).ravel("K").reshape(x.shape))),
    Mutant("sigmoid", "row by row, without a row for a number", "forward", sigmoid(y=lambda x: np.array([(1 + np.tanh(row / 2)) / 2 for row in x])), diagnosis="TypeError: iteration over a 0-d array"),
    Mutant("sigmoid", "slope filled into a number", "gradient", sigmoid(gx=_slope_in_a_product), diagnosis="TypeError: 'numpy.float64' object does not support item assignment"),
    Mutant("sigmoid", "both sides of np.where", "stable", sigmoid(y=lambda x: np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))), diagnosis="overflow warning in forward from x = "),

    Mutant("relu", "absolute value", "forward", relu(y=abs), diagnosis="y is what abs(x) in place of x would give"),
    Mutant("relu", "leaky", "forward", relu(y=lambda x: np.maximum(x, 0.01 * x)), diagnosis="y is wrong only where x < 0"),
    Mutant("relu", "maximum along axis 0", "forward", relu(y=lambda x: np.max(x, 0))),
    Mutant("relu", "slope 2 at the kink", "gradient", relu(gx=lambda gy, x, y: gy * np.heaviside(x, 2)), diagnosis="gx is wrong only where x == 0"),
    Mutant("relu", "y >= 0 everywhere", "gradient", relu(gx=lambda gy, x, y: gy * (y >= 0)), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("relu", "mask of gy", "gradient", relu(gx=lambda gy, x, y: gy * (gy > 0)), diagnosis="in gx, gy is used non-linearly"),
    Mutant("relu", "clipped in x", "pure", relu(y=lambda x: np.maximum(x, 0, out=x)), diagnosis="forward changes x in place"),
    Mutant("relu", "y in one buffer for all calls", "pure", Stateful(_in_one_buffer), diagnosis="y is overwritten by a later call"),
    Mutant("relu", "views of another class of one buffer", "pure", Stateful(_in_one_buffer_of_another_class), diagnosis="y is overwritten by a later call"),
    Mutant("relu", "y in one buffer for all calls of a shape", "pure", Stateful(_in_a_buffer_per_shape), diagnosis="y is overwritten by a later call"),
    Mutant("relu", "y in float64", "stable", relu(y=lambda x: x * (x > 0).astype(float)), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("relu", "clipped at 6", "stable", relu(y=lambda x: np.clip(x, 0, 6)), diagnosis="y no longer changes from x = 6 up: is something clipped?"),
    Mutant("relu", "minimum", "forward", relu(y=lambda x: np.minimum(x, 0)), diagnosis="y is what min(x, 0) in place of relu in relu(x) would give"),
    Mutant("relu", "only what is positive goes back", "gradient", relu(gx=lambda gy, x, y: np.maximum(gy, 0) * (x > 0)), diagnosis="gx is wrong only where gy < 0"),
    Mutant("relu", "mask of integers", "stable", relu(gx=lambda gy, x, y: gy * (x > 0).astype(int)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("relu", "np.where of 1 and 0", "stable", relu(gx=lambda gy, x, y: gy * np.where(x > 0, 1, 0)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),

    Mutant("square_error_loss", "mean over the features", "forward",
           square_error_loss(losses=lambda x, y: ((x - y) ** 2).mean(-1)), diagnosis="l is K times too small: mean instead of sum?"),
    Mutant("square_error_loss", "sum over the batch", "forward",
           square_error_loss(losses=lambda x, y: ((x - y) ** 2).sum(0)), diagnosis="l is reduced over axis 0, but should be over the last axis"),
    Mutant("square_error_loss", "axis kept", "forward",
           square_error_loss(losses=lambda x, y: ((x - y) ** 2).sum(-1, keepdims=True)), diagnosis="l is right but for the shape: an axis of length 1 is kept"),
    Mutant("square_error_loss", "2 missing", "gradient",
           square_error_loss(gx=lambda gl, x, y, _: gl[:, None] * (x - y)), diagnosis="gx is half of what it should be: a factor 2 is missing"),
    Mutant("square_error_loss", "y - x", "gradient",
           square_error_loss(gx=lambda gl, x, y, _: 2 * gl[:, None] * (y - x)), diagnosis="gx is negated"),
    Mutant("square_error_loss", "gl along the features", "gradient",
           square_error_loss(gx=lambda gl, x, y, _: 2 * gl * (x - y)), diagnosis="in gx, gl multiplies along the features, not along the batch"),
    Mutant("square_error_loss", "gl along the features where N = K", "gradient", square_error_loss(
        gx=lambda gl, x, y, _: 2 * (gl if len(x) == x.shape[1] else gl[:, None]) * (x - y)), diagnosis="gx is wrong only where N == K"),
    Mutant("square_error_loss", "x + y", "forward", square_error_loss(losses=lambda x, y: ((x + y) ** 2).sum(-1)), diagnosis="l is what -x in place of x would give"),
    Mutant("square_error_loss", "2 x", "gradient", square_error_loss(gx=lambda gl, x, y, _: 2 * gl[:, None] * x), diagnosis="gx is what y = 0 would give: y is not used"),
    Mutant("square_error_loss", "gl ignored", "gradient", square_error_loss(gx=lambda gl, x, y, _: 2 * (x - y)), diagnosis="gx is what gl = ones would give: gl is ignored"),
    Mutant("square_error_loss", "gy as well", "gradient", square_error_loss(
        gx=lambda gl, x, y, _: (2 * gl[:, None] * (x - y), 2 * gl[:, None] * (y - x))), diagnosis="grad returns 2 gradients, number 2 is too many: only gx is due"),
    Mutant("square_error_loss", "difference in x", "pure", square_error_loss(
        losses=lambda x, y: (np.subtract(x, y, out=x) ** 2).sum(-1), gx=lambda gl, x, y, _: 2 * gl[:, None] * x), diagnosis="forward changes x in place"),
    Mutant("square_error_loss", "squared sum of the differences", "forward", square_error_loss(losses=lambda x, y: (x - y).sum(-1) ** 2), diagnosis="l is what the sum before the power would give: the order is wrong, in sum((x - y)**2)"),
    Mutant("square_error_loss", "x^2 - y^2", "forward", square_error_loss(losses=lambda x, y: (x**2 - y**2).sum(-1)), diagnosis="l is what the power of each side of x - y would give: the order is wrong"),
    Mutant("square_error_loss", "absolute differences", "forward", square_error_loss(losses=lambda x, y: abs(x - y).sum(-1)), diagnosis="l is what abs in place of the power 2 in (x - y)**2 would give"),
    Mutant("square_error_loss", "2 x - y", "gradient", square_error_loss(gx=lambda gl, x, y, _: gl[:, None] * (2 * x - y)), diagnosis="gx is what y / 2 in place of y would give"),
    Mutant("square_error_loss", "times the loss", "gradient", square_error_loss(gx=lambda gl, x, y, losses: 2 * (gl * losses)[:, None] * (x - y)), diagnosis="gx is off by a factor that is constant along axis -1"),

    Mutant("tensor_sum", "mean", "forward", tensor_sum(y=lambda x: x.mean()), diagnosis="y is n times too small, n the number of entries: mean instead of sum?"),
    Mutant("tensor_sum", "axes kept", "forward", tensor_sum(y=lambda x: x.sum(keepdims=True)), diagnosis="y is right but for the shape: an axis of length 1 is kept"),
    Mutant("tensor_sum", "gx times x", "gradient", tensor_sum(gx=lambda gy, x, y: gy * x), diagnosis="in gx, there is a factor x too many"),
    Mutant("tensor_sum", "gx scalar", "gradient", tensor_sum(gx=lambda gy, x, y: gy), diagnosis="gx is gy itself, of shape ()"),
    Mutant("tensor_sum", "gx ones", "gradient", tensor_sum(gx=lambda gy, x, y: np.ones_like(x)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("tensor_sum", "gx shared out", "gradient", tensor_sum(gx=lambda gy, x, y: np.full_like(x, gy / x.size)), diagnosis="gx is n times too small, n the number of entries: mean instead of sum?"),
    Mutant("tensor_sum", "gx accumulated in place", "pure", _accumulated_in_place, diagnosis="a gradient is overwritten by a later call"),
    Mutant("tensor_sum", "gx in one buffer for all calls", "pure", Stateful(_gradient_in_one_buffer), diagnosis="a gradient is overwritten by a later call"),
    Mutant("tensor_sum", "a Python float", "stable", tensor_sum(y=lambda x: float(x.sum())), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("tensor_sum", "only the first row's gradient", "gradient", tensor_sum(gx=lambda gy, x, y: np.concatenate([np.full_like(x[:1], gy), 0 * x[1:]]) if x.ndim else gy)),

    Mutant("feed_forward", "sigmoid missing", "forward", feed_forward(h1=lambda v: v.s1), diagnosis="L is what leaving out sigmoid would give: sigmoid is missing"),
    Mutant("feed_forward", "relu missing", "forward", feed_forward(h2=lambda v: v.s2), diagnosis="L is what leaving out relu would give: relu is missing"),
    Mutant("feed_forward", "gL ignored", "gradient", feed_forward(gs3=lambda v: 2 * (v.s3 - v.y)), diagnosis="gw1, gb1, gw2, gb2, gw3 and gb3 are what gL = ones would give: gL is ignored"),
    Mutant("feed_forward", "gw3 of s2 instead of h2", "gradient", feed_forward(gw3=lambda v: v.s2.T @ v.gs3), diagnosis="in gw3, sigmoid(x @ w1 + b1) @ w2 + b2 stands where relu(sigmoid(x @ w1 + b1) @ w2 + b2) should be"),
    Mutant("feed_forward", "gw1 of gh1 instead of gs1", "gradient", feed_forward(gw1=lambda v: v.x.T @ v.gh1), diagnosis="in gw1, the derivative of sigmoid is missing: the gradient passes through it unchanged"),
    Mutant("feed_forward", "relu's mask forgotten", "gradient", feed_forward(gs2=lambda v: v.gh2), diagnosis="in gw1, gb1, gw2 and gb2, the derivative of relu is missing: the gradient passes through it unchanged"),
    Mutant("feed_forward", "sigmoid's slope missing", "gradient", feed_forward(gs1=lambda v: v.gh1), diagnosis="in gw1 and gb1, the derivative of sigmoid is missing: the gradient passes through it unchanged"),
    Mutant("feed_forward", "gb1 lost its axis", "gradient", feed_forward(gb1=lambda v: v.gs1.sum(0)), diagnosis="gb1 is right but for the shape: an axis of length 1 is lost"),
    Mutant("feed_forward", "gb2 a mean over the batch", "gradient",
           feed_forward(gb2=lambda v: v.gs2.mean(0, keepdims=True)), diagnosis="gb2 is N times too small: mean instead of sum?"),
    Mutant("feed_forward", "last layer first", "gradient", feed_forward(grads="gw3 gb3 gw2 gb2 gw1 gb1"), diagnosis="gradients come in the order (gw3, gb3, gw2, gb2, gw1, gb1)"),
    Mutant("feed_forward", "a step downhill in grad", "pure", feed_forward(gb1=_step_downhill), diagnosis="grad changes w3 in place"),
    Mutant("feed_forward", "exp(-x) overflows", "stable", feed_forward(h1=lambda v: 1 / (1 + np.exp(-v.s1))), diagnosis="exp overflows, as in 1 / (1 + exp(-z))"),
    Mutant("feed_forward", "gb3 in float64", "stable",
           feed_forward(gb3=lambda v: np.ones((1, len(v.gs3))) @ v.gs3), diagnosis="gb3 has dtype float64, but should be float32, like the inputs"),
    Mutant("feed_forward", "sigmoid's slope at s1 instead of h1", "gradient", feed_forward(gs1=lambda v: v.gh1 * v.s1 * (1 - v.s1)), diagnosis="in gw1 and gb1, the derivative of sigmoid, s = sigmoid(x @ w1 + b1), is (x @ w1 + b1) * (1 - (x @ w1 + b1)), but should be s * (1 - s)"),
    Mutant("feed_forward", "tanh's slope for the sigmoid's", "gradient", feed_forward(gs1=lambda v: v.gh1 * (1 - v.h1**2)), diagnosis="in gw1 and gb1, the derivative of sigmoid, s = sigmoid(x @ w1 + b1), is 1 - s**2, but should be s * (1 - s)"),
    Mutant("feed_forward", "h1 missing in the sigmoid's slope", "gradient", feed_forward(gs1=lambda v: v.gh1 * (1 - v.h1)), diagnosis="in gw1 and gb1, the derivative of sigmoid, s = sigmoid(x @ w1 + b1), is 1 - s, but should be s * (1 - s)"),
    Mutant("feed_forward", "h2 for relu's mask", "gradient", feed_forward(gs2=lambda v: v.gh2 * v.h2), diagnosis="in gw1, gb1, gw2 and gb2, the derivative of relu, s = relu(sigmoid(x @ w1 + b1) @ w2 + b2), is s, but should be 1 or 0"),
    Mutant("feed_forward", "relu's mask of the gradient", "gradient", feed_forward(gs2=lambda v: np.maximum(v.gh2, 0)), diagnosis="in gw1, gb1, gw2 and gb2, relu's mask is taken from the gradient's sign, but should be from that of what goes into relu"),
    Mutant("feed_forward", "gw2 and gw3 of what goes into the activations", "gradient", feed_forward(gw2=lambda v: v.s1.T @ v.gs2, gw3=lambda v: v.s2.T @ v.gs3), diagnosis="in gw2, x @ w1 + b1 stands where sigmoid(x @ w1 + b1) should be in sigmoid(x @ w1 + b1) @ w2; in gw3, sigmoid(x @ w1 + b1) @ w2 + b2 stands where relu(sigmoid(x @ w1 + b1) @ w2 + b2) should be"),
    Mutant("feed_forward", "sigmoid twice", "forward", feed_forward(h1=lambda v: sigmoid()(sigmoid()(v.s1)[0])[0]), diagnosis="L is what sigmoid of sigmoid would give: it is applied twice"),
    Mutant("feed_forward", "activations exchanged", "forward", feed_forward(h1=lambda v: np.maximum(v.s1, 0), h2=lambda v: sigmoid()(v.s2)[0]), diagnosis="L is what you get with sigmoid and relu exchanged"),
    Mutant("feed_forward", "relu of the output too", "forward", feed_forward(L=lambda v: ((np.maximum(v.s3, 0) - v.y) ** 2).sum()), diagnosis="L is what relu of the formula would give: one relu too many"),
    Mutant("feed_forward", "sum of absolute errors in grad", "gradient", feed_forward(gs3=lambda v: v.gL * np.sign(v.s3 - v.y)), diagnosis="gw1, gb1, gw2, gb2, gw3 and gb3 are what abs in place of the power 2 would give"),
    Mutant("feed_forward", "w3 not transposed where square", "gradient", feed_forward(
        gh2=lambda v: v.gs3 @ (v.w3 if v.w3.shape[0] == v.w3.shape[1] else v.w3.T)), diagnosis="is wrong only where C == G"),
    Mutant("feed_forward", "gw1 by the output of layer 1", "gradient", feed_forward(gw1=lambda v: v.x.T @ (v.gs1 * v.h1)), diagnosis="in gw1, the derivative of sigmoid, s = sigmoid(x @ w1 + b1), is s**2 * (1 - s), but should be s * (1 - s)"),
]
# fmt: on


def _affine_entry_by_entry(x, w, b):
    (n, k), m = x.shape, w.shape[1]
    y = np.empty((n, m), x.dtype)
    for i in range(n):
        for j in range(m):
            y[i, j] = math.fsum(x[i, a] * w[a, j] for a in range(k)) + b[0, j]

    def grad(gy):
        gx, gw, gb = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
        for i in range(n):
            for j in range(m):
                gb[0, j] += gy[i, j]
                for a in range(k):
                    gx[i, a] += gy[i, j] * w[a, j]
                    gw[a, j] += gy[i, j] * x[i, a]
        return gx, gw, gb

    return y, grad


def _affine_by_jacobians(x, w, b):
    n, m = len(x), w.shape[1]
    batch, out, one = np.eye(n, dtype=x.dtype), np.eye(m, dtype=x.dtype), np.ones((n, 1), x.dtype)
    jacobians = (
        np.einsum("ia,bj->ijab", batch, w),
        np.einsum("jb,ia->ijab", out, x),
        np.einsum("ia,jb->ijab", one, out),
    )
    return x @ w + b, lambda gy: [np.tensordot(gy, jacobian) for jacobian in jacobians]


def _affine_of_one_matrix(x, w, b):
    """Takes b for the last row of w, and its input for a column of ones."""
    x1, w1 = np.hstack([x, np.ones_like(x[:, :1])]), np.vstack([w, b])

    def grad(gy):
        gx1, gw1 = gy @ w1.T, x1.T @ gy
        return gx1[:, :-1], gw1[:-1], gw1[-1:]

    return x1 @ w1, grad


def _sigmoid_by_sides(x):
    y, right = np.empty_like(x), x >= 0
    y[right] = 1 / (1 + np.exp(-x[right]))
    y[~right] = np.exp(x[~right]) / (1 + np.exp(x[~right]))
    return y


def _sigmoid_silenced(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def _sigmoid_number_by_number(x):
    def one(v):
        return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))

    return np.array([one(v) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)


def _slope(x, i, y):
    shifted = x.copy()
    shifted.flat[i] += 1e-6
    return (1 / (1 + np.exp(-shifted))).flat[i] * 1e6 - y.flat[i] * 1e6


def _relu_element_by_element(x):
    y = np.zeros(x.shape, x.dtype)
    for at in np.ndindex(x.shape):
        if x[at] > 0:
            y[at] = x[at]
    return y


def _relu_any_subgradient(x):
    slope = np.where(x == 0, np.random.default_rng(x.size).random(x.shape), x > 0).astype(x.dtype)
    return np.maximum(x, 0), lambda gy: gy * slope


def _loss_by_jacobian(x, y):
    jacobian = np.einsum("ia,ib->iab", np.eye(len(x), dtype=x.dtype), 2 * (x - y))
    return np.linalg.norm(x - y, axis=1) ** 2, lambda gl: np.tensordot(gl, jacobian, axes=1)


def _network_of_columns(x, y, w1, b1, w2, b2, w3, b3):
    """Holds a batch in columns, and computes all of it again in grad."""

    def layers():
        h1 = sigmoid()((w1.T @ x.T) + b1.T)[0]
        h2 = np.clip(w2.T @ h1 + b2.T, 0, None)
        return h1, h2, w3.T @ h2 + b3.T - y.T

    def grad(gL):
        h1, h2, error = layers()
        g3 = 2 * gL * error
        g2 = np.where(h2 > 0, w3 @ g3, 0)
        g1 = (w2 @ g2) * h1 * (1 - h1)
        return (
            *((g1 @ x).T, g1.sum(1, keepdims=True).T),
            *((g2 @ h1.T).T, g2.sum(1, keepdims=True).T),
            *((g3 @ h2.T).T, g3.sum(1, keepdims=True).T),
        )

    return (layers()[-1] ** 2).sum(), grad


def _network_of_operations(x, y, w1, b1, w2, b2, w3, b3):
    s1, grad1 = affine()(x, w1, b1)
    h1, grad_sigmoid = sigmoid()(s1)
    s2, grad2 = affine()(h1, w2, b2)
    h2, grad_relu = relu(gx=lambda gy, x, y: gy * (x >= 0))(s2)
    s3, grad3 = affine()(h2, w3, b3)
    losses, grad_loss = square_error_loss()(s3, y)
    loss, grad_sum = tensor_sum()(losses)

    def grad(gL):
        g, *g3 = grad3(grad_loss(grad_sum(gL)))
        g, *g2 = grad2(grad_relu(g))
        g, *g1 = grad1(grad_sigmoid(g))
        return g1 + g2 + g3

    return loss, grad


# fmt: off
RIGHT = [
    Alternative("affine", "einsum", affine(
        y=lambda x, w, b: np.einsum("nk,km->nm", x, w) + b, gx=lambda gy, x, w, b: np.einsum("nm,km->nk", gy, w),
        gw=lambda gy, x, w, b: np.einsum("nk,nm->km", x, gy), gb=lambda gy, *_: np.einsum("nm->m", gy)[None])),
    Alternative("affine", "entry by entry", _affine_entry_by_entry, slow=True),
    Alternative("affine", "explicit Jacobians, a list", _affine_by_jacobians, slow=True),
    Alternative("affine", "b the last row of w", _affine_of_one_matrix),
    Alternative("affine", "Fortran order", affine(
        y=lambda x, w, b: np.asfortranarray(x @ w + b), gw=lambda gy, x, w, b: (gy.T @ x).T)),

    Alternative("sigmoid", "y (1 - y)", sigmoid()),
    Alternative("sigmoid", "by tanh", sigmoid(y=lambda x: (1 + np.tanh(x / 2)) / 2)),
    Alternative("sigmoid", "clipped where nothing is left", sigmoid(y=lambda x: 1 / (1 + np.exp(-np.clip(x, -88, 88))))),
    Alternative("sigmoid", "each side on its own", sigmoid(y=_sigmoid_by_sides)),
    Alternative("sigmoid", "overflow silenced", sigmoid(y=_sigmoid_silenced)),
    Alternative("sigmoid", "number by number", sigmoid(
        y=_sigmoid_number_by_number,
        gx=lambda gy, x, y: np.array([g * v * (1 - v) for g, v in zip(gy.flat, y.flat, strict=True)], x.dtype).reshape(x.shape)),
        slow=True),
    Alternative("sigmoid", "logaddexp", sigmoid(
        y=lambda x: np.exp(-np.logaddexp(0, -x)),
        gx=lambda gy, x, y: gy * np.exp(-np.logaddexp(0, x) - np.logaddexp(0, -x)))),

    Alternative("relu", "slope 1 at the kink", relu(gx=lambda gy, x, y: gy * (x >= 0))),
    Alternative("relu", "slope 1/2 at the kink", relu(gx=lambda gy, x, y: gy * np.heaviside(x, 0.5))),
    Alternative("relu", "any slope at the kink", _relu_any_subgradient),
    Alternative("relu", "mean with the absolute value", relu(
        y=lambda x: (abs(x) + x) / 2, gx=lambda gy, x, y: (np.sign(x) + 1) / 2 * gy)),

    Alternative("square_error_loss", "einsum", square_error_loss(
        losses=lambda x, y: np.einsum("nk,nk->n", x - y, x - y),
        gx=lambda gl, x, y, _: np.einsum("n,nk->nk", 2 * gl, x - y))),
    Alternative("square_error_loss", "norms and a Jacobian", _loss_by_jacobian, slow=True),
    Alternative("square_error_loss", "diagonal of a product", square_error_loss(
        losses=lambda x, y: np.diag((x - y) @ (x - y).T), gx=lambda gl, x, y, _: 2 * np.diag(gl) @ (x - y)), slow=True),
    Alternative("square_error_loss", "Fortran order", square_error_loss(
        gx=lambda gl, x, y, _: (gl * (x - y).T).T * 2)),

    Alternative("tensor_sum", "a read-only view of gy", tensor_sum()),
    Alternative("tensor_sum", "fsum, entry by entry", tensor_sum(y=lambda x: x.dtype.type(math.fsum(v for v in x.flat))), slow=True),
    # A loop over the entries all the same, but in C: it is neither in Python's steps nor in memory.
    Alternative("tensor_sum", "fsum, all at once", tensor_sum(y=lambda x: x.dtype.type(math.fsum(x.flat)))),
    Alternative("tensor_sum", "mean times size", tensor_sum(y=lambda x: np.array(x.mean() * x.size))),
    Alternative("tensor_sum", "axis by axis", tensor_sum(
        y=lambda x: reduce(lambda a, _: a.sum(-1), range(x.ndim), x), gx=lambda gy, x, y: gy * np.ones_like(x))),

    Alternative("feed_forward", "monolithic", feed_forward()),
    Alternative("feed_forward", "of operations, slope 1 at the kink", _network_of_operations),
    Alternative("feed_forward", "batch in columns, forward again in grad", _network_of_columns),
    Alternative("feed_forward", "overflow silenced", feed_forward(
        h1=lambda v: _sigmoid_silenced(v.s1), L=lambda v: np.vdot(v.s3 - v.y, v.s3 - v.y))),
]

SLOW = [
    Alternative("relu", "element by element", relu(
        y=_relu_element_by_element, gx=lambda gy, x, y: _relu_element_by_element(gy) * (x > 0) - _relu_element_by_element(-gy) * (x > 0)), slow=True),
    Alternative("sigmoid", "numeric differences", sigmoid(
        gx=lambda gy, x, y: np.array([_slope(x, i, y) for i in range(x.size)]).reshape(x.shape) * gy), slow=True),
    Alternative("tensor_sum", "an explicit Jacobian", tensor_sum(
        gx=lambda gy, x, y: (np.ones((x.size, x.size)) @ np.eye(x.size)[0] * gy).reshape(x.shape)), slow=True),
]
# fmt: on
