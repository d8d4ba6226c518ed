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


# fmt: off
WRONG = [
    Mutant("affine", "bias missing", "forward", affine(y=lambda x, w, b: x @ w)),
    Mutant("affine", "bias along the batch", "forward", affine(y=lambda x, w, b: x @ w + b.T)),
    Mutant("affine", "y complex", "forward", affine(y=lambda x, w, b: x @ w + b + 0j)),
    Mutant("affine", "y squeezed", "forward", affine(y=lambda x, w, b: np.squeeze(x @ w + b))),
    Mutant("affine", "y kept by shape", "forward", Stateful(_by_shape)),
    Mutant("affine", "gw transposed", "gradient", affine(gw=lambda gy, x, w, b: gy.T @ x)),
    Mutant("affine", "gw transposed where square", "gradient",
           affine(gw=lambda gy, x, w, b: (x.T @ gy).T if w.shape[0] == w.shape[1] else x.T @ gy)),
    Mutant("affine", "gw wrong where N = K", "gradient",
           affine(gw=lambda gy, x, w, b: x @ gy if x.shape[0] == x.shape[1] else x.T @ gy)),
    Mutant("affine", "gw off by a millionth", "gradient", affine(gw=lambda gy, x, w, b: x.T @ gy * (1 + 1e-6))),
    Mutant("affine", "gx by w, not by its transpose", "gradient", affine(gx=lambda gy, x, w, b: gy @ w)),
    Mutant("affine", "gx ignores gy", "gradient", affine(gx=lambda gy, x, w, b: np.ones_like(gy) @ w.T)),
    Mutant("affine", "gx without its last column", "gradient",
           affine(gx=lambda gy, x, w, b: _but(gy @ w.T, (..., -1), 0))),
    Mutant("affine", "gx NaN where x is 0", "gradient", affine(gx=lambda gy, x, w, b: gy @ w.T * (x / x))),
    Mutant("affine", "gb lost its axis", "gradient", affine(gb=lambda gy, *_: gy.sum(0))),
    Mutant("affine", "gb a mean over the batch", "gradient", affine(gb=lambda gy, *_: gy.mean(0, keepdims=True))),
    Mutant("affine", "gb sums over the features", "gradient", affine(gb=lambda gy, *_: gy.sum(1, keepdims=True))),
    Mutant("affine", "gb doubled for a batch of one", "gradient",
           affine(gb=lambda gy, *_: gy.sum(0, keepdims=True) * (2 if len(gy) == 1 else 1))),
    Mutant("affine", "gw, gx, gb", "gradient", affine(grads=lambda gx, gw, gb: (gw, gx, gb))),
    Mutant("affine", "gb missing", "gradient", affine(grads=lambda gx, gw, gb: (gx, gw))),
    Mutant("affine", "a fourth gradient", "gradient", affine(grads=lambda gx, gw, gb: (gx, gw, gb, gb))),
    Mutant("affine", "gb summed in gy", "pure", affine(gb=_sum_into_first_row)),
    Mutant("affine", "saved in one place for all calls", "pure", Stateful(_of_last_call)),
    Mutant("affine", "gw accumulated", "pure", _accumulated),
    Mutant("affine", "y in float64", "stable", affine(y=lambda x, w, b: x @ w + np.ones((len(x), 1)) @ b)),

    Mutant("sigmoid", "0 at 0", "forward", sigmoid(y=lambda x: (x != 0) / (1 + np.exp(-x)))),
    Mutant("sigmoid", "y in single precision", "forward",
           sigmoid(y=lambda x: (1 / (1 + np.exp(-x.astype(np.float32)))).astype(x.dtype))),
    Mutant("sigmoid", "last entry wrong", "forward",
           sigmoid(y=lambda x: _but(1 / (1 + np.exp(-x)), _last(x), 0))),
    Mutant("sigmoid", "y (1 + y)", "gradient", sigmoid(gx=lambda gy, x, y: gy * y * (1 + y))),
    Mutant("sigmoid", "gy missing", "gradient", sigmoid(gx=lambda gy, x, y: y * (1 - y))),
    Mutant("sigmoid", "slope at y instead of x", "gradient",
           sigmoid(gx=lambda gy, x, y: gy * np.exp(-y) / (1 + np.exp(-y)) ** 2)),
    Mutant("sigmoid", "no gradient at 0", "gradient", sigmoid(gx=lambda gy, x, y: gy * y * (1 - y) * (x != 0))),
    Mutant("sigmoid", "gx in a tuple", "gradient", sigmoid(gx=lambda gy, x, y: (gy * y * (1 - y),))),
    Mutant("sigmoid", "computed in x", "pure", sigmoid(
        y=lambda x: _into_x(np.exp(np.minimum(x, 0)) / (1 + np.exp(-abs(x))), x))),
    Mutant("sigmoid", "grad spends y", "pure", _spent),
    Mutant("sigmoid", "exp(-x) overflows", "stable", sigmoid(y=lambda x: 1 / (1 + np.exp(-x)))),
    Mutant("sigmoid", "exp(-x) overflows in grad", "stable",
           sigmoid(gx=lambda gy, x, y: gy * np.exp(-x) / (1 + np.exp(-x)) ** 2)),
    Mutant("sigmoid", "clipped at 30", "stable", sigmoid(y=lambda x: 1 / (1 + np.exp(-np.clip(x, -30, 30))))),
    Mutant("sigmoid", "ones in float64", "stable", sigmoid(
        y=lambda x: np.where(x >= 0, np.ones(x.shape), np.exp(-abs(x))) / (1 + np.exp(-abs(x))))),

    Mutant("relu", "absolute value", "forward", relu(y=abs)),
    Mutant("relu", "leaky", "forward", relu(y=lambda x: np.maximum(x, 0.01 * x))),
    Mutant("relu", "maximum along axis 0", "forward", relu(y=lambda x: np.max(x, 0))),
    Mutant("relu", "slope 2 at the kink", "gradient", relu(gx=lambda gy, x, y: gy * np.heaviside(x, 2))),
    Mutant("relu", "y >= 0 everywhere", "gradient", relu(gx=lambda gy, x, y: gy * (y >= 0))),
    Mutant("relu", "mask of gy", "gradient", relu(gx=lambda gy, x, y: gy * (gy > 0))),
    Mutant("relu", "clipped in x", "pure", relu(y=lambda x: np.maximum(x, 0, out=x))),
    Mutant("relu", "y in one buffer for all calls", "pure", Stateful(_in_one_buffer)),
    Mutant("relu", "y in one buffer for all calls of a shape", "pure", Stateful(_in_a_buffer_per_shape)),
    Mutant("relu", "y in float64", "stable", relu(y=lambda x: x * (x > 0).astype(float))),
    Mutant("relu", "clipped at 6", "stable", relu(y=lambda x: np.clip(x, 0, 6))),

    Mutant("square_error_loss", "mean over the features", "forward",
           square_error_loss(losses=lambda x, y: ((x - y) ** 2).mean(-1))),
    Mutant("square_error_loss", "sum over the batch", "forward",
           square_error_loss(losses=lambda x, y: ((x - y) ** 2).sum(0))),
    Mutant("square_error_loss", "axis kept", "forward",
           square_error_loss(losses=lambda x, y: ((x - y) ** 2).sum(-1, keepdims=True))),
    Mutant("square_error_loss", "2 missing", "gradient",
           square_error_loss(gx=lambda gl, x, y, _: gl[:, None] * (x - y))),
    Mutant("square_error_loss", "y - x", "gradient",
           square_error_loss(gx=lambda gl, x, y, _: 2 * gl[:, None] * (y - x))),
    Mutant("square_error_loss", "gl along the features", "gradient",
           square_error_loss(gx=lambda gl, x, y, _: 2 * gl * (x - y))),
    Mutant("square_error_loss", "gl along the features where N = K", "gradient", square_error_loss(
        gx=lambda gl, x, y, _: 2 * (gl if len(x) == x.shape[1] else gl[:, None]) * (x - y))),
    Mutant("square_error_loss", "gl ignored", "gradient", square_error_loss(gx=lambda gl, x, y, _: 2 * (x - y))),
    Mutant("square_error_loss", "gy as well", "gradient", square_error_loss(
        gx=lambda gl, x, y, _: (2 * gl[:, None] * (x - y), 2 * gl[:, None] * (y - x)))),
    Mutant("square_error_loss", "difference in x", "pure", square_error_loss(
        losses=lambda x, y: (np.subtract(x, y, out=x) ** 2).sum(-1), gx=lambda gl, x, y, _: 2 * gl[:, None] * x)),

    Mutant("tensor_sum", "mean", "forward", tensor_sum(y=lambda x: x.mean())),
    Mutant("tensor_sum", "axes kept", "forward", tensor_sum(y=lambda x: x.sum(keepdims=True))),
    Mutant("tensor_sum", "gx scalar", "gradient", tensor_sum(gx=lambda gy, x, y: gy)),
    Mutant("tensor_sum", "gx ones", "gradient", tensor_sum(gx=lambda gy, x, y: np.ones_like(x))),
    Mutant("tensor_sum", "gx shared out", "gradient", tensor_sum(gx=lambda gy, x, y: np.full_like(x, gy / x.size))),
    Mutant("tensor_sum", "gx accumulated in place", "pure", _accumulated_in_place),
    Mutant("tensor_sum", "gx in one buffer for all calls", "pure", Stateful(_gradient_in_one_buffer)),
    Mutant("tensor_sum", "a Python float", "stable", tensor_sum(y=lambda x: float(x.sum()))),

    Mutant("feed_forward", "sigmoid missing", "forward", feed_forward(h1=lambda v: v.s1)),
    Mutant("feed_forward", "relu missing", "forward", feed_forward(h2=lambda v: v.s2)),
    Mutant("feed_forward", "gL ignored", "gradient", feed_forward(gs3=lambda v: 2 * (v.s3 - v.y))),
    Mutant("feed_forward", "gw3 of s2 instead of h2", "gradient", feed_forward(gw3=lambda v: v.s2.T @ v.gs3)),
    Mutant("feed_forward", "gw1 of gh1 instead of gs1", "gradient", feed_forward(gw1=lambda v: v.x.T @ v.gh1)),
    Mutant("feed_forward", "relu's mask forgotten", "gradient", feed_forward(gs2=lambda v: v.gh2)),
    Mutant("feed_forward", "sigmoid's slope missing", "gradient", feed_forward(gs1=lambda v: v.gh1)),
    Mutant("feed_forward", "gb1 lost its axis", "gradient", feed_forward(gb1=lambda v: v.gs1.sum(0))),
    Mutant("feed_forward", "gb2 a mean over the batch", "gradient",
           feed_forward(gb2=lambda v: v.gs2.mean(0, keepdims=True))),
    Mutant("feed_forward", "last layer first", "gradient", feed_forward(grads="gw3 gb3 gw2 gb2 gw1 gb1")),
    Mutant("feed_forward", "a step downhill in grad", "pure", feed_forward(gb1=_step_downhill)),
    Mutant("feed_forward", "exp(-x) overflows", "stable", feed_forward(h1=lambda v: 1 / (1 + np.exp(-v.s1)))),
    Mutant("feed_forward", "gb3 in float64", "stable",
           feed_forward(gb3=lambda v: np.ones((1, len(v.gs3))) @ v.gs3)),
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
    Alternative("affine", "entry by entry", _affine_entry_by_entry),
    Alternative("affine", "explicit Jacobians, a list", _affine_by_jacobians),
    Alternative("affine", "b the last row of w", _affine_of_one_matrix),
    Alternative("affine", "Fortran order", affine(
        y=lambda x, w, b: np.asfortranarray(x @ w + b), gw=lambda gy, x, w, b: (gy.T @ x).T)),

    Alternative("sigmoid", "y (1 - y)", sigmoid()),
    Alternative("sigmoid", "by tanh", sigmoid(y=lambda x: (1 + np.tanh(x / 2)) / 2)),
    Alternative("sigmoid", "clipped where nothing is left", sigmoid(y=lambda x: 1 / (1 + np.exp(-np.clip(x, -88, 88))))),
    Alternative("sigmoid", "each side on its own", sigmoid(y=_sigmoid_by_sides)),
    Alternative("sigmoid", "overflow silenced", sigmoid(y=_sigmoid_silenced)),
    Alternative("sigmoid", "number by number", sigmoid(y=_sigmoid_number_by_number)),
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
    Alternative("square_error_loss", "norms and a Jacobian", _loss_by_jacobian),
    Alternative("square_error_loss", "diagonal of a product", square_error_loss(
        losses=lambda x, y: np.diag((x - y) @ (x - y).T), gx=lambda gl, x, y, _: 2 * np.diag(gl) @ (x - y))),
    Alternative("square_error_loss", "Fortran order", square_error_loss(
        gx=lambda gl, x, y, _: (gl * (x - y).T).T * 2)),

    Alternative("tensor_sum", "a read-only view of gy", tensor_sum()),
    Alternative("tensor_sum", "fsum", tensor_sum(y=lambda x: x.dtype.type(math.fsum(x.flat)))),
    Alternative("tensor_sum", "mean times size", tensor_sum(y=lambda x: np.array(x.mean() * x.size))),
    Alternative("tensor_sum", "axis by axis", tensor_sum(
        y=lambda x: reduce(lambda a, _: a.sum(-1), range(x.ndim), x), gx=lambda gy, x, y: gy * np.ones_like(x))),

    Alternative("feed_forward", "monolithic", feed_forward()),
    Alternative("feed_forward", "of operations, slope 1 at the kink", _network_of_operations),
    Alternative("feed_forward", "batch in columns, forward again in grad", _network_of_columns),
    Alternative("feed_forward", "overflow silenced", feed_forward(
        h1=lambda v: _sigmoid_silenced(v.s1), L=lambda v: np.vdot(v.s3 - v.y, v.s3 - v.y))),
]
# fmt: on
