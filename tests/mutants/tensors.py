"""Level 4: known wrong and known right implementations of arithmetic with broadcasting, reductions, and moving entries about.

A builder makes an operation out of its parts, each the right one unless a row gives another. A part that makes y gets the
inputs; one that makes a gradient gets gy and the inputs. `back(g, shape)` brings a gradient in the shape of y into that of
an argument; a reduction's `restore(gy, x, axis, keepdims)` gives gy the axes back that were reduced. What goes wrong in
these two is the same whatever the operation, so several rows share a way to get them wrong, or another way to do them.
"""

import math
from collections.abc import Callable
from itertools import accumulate

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful


def _back(g, shape):
    """The sum over the uses of each entry: over the axes in front, then over those of length 1."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1), keepdims=True)


def _one(y: Callable, gx: Callable) -> Callable:
    """The builder of an operation with one gradient."""

    def build(*, y: Callable = y, gx: Callable = gx) -> Callable:
        return lambda *inputs: (y(*inputs), lambda gy: gx(gy, *inputs))

    return build


def _two(y: Callable, ga: Callable, gb: Callable, *, places=(0, 1), back: Callable = _back) -> Callable:
    """The builder of an operation with two gradients. `grads(ga, gb)`: how they are handed back."""

    def build(*, y=y, ga=ga, gb=gb, back=back, grads: Callable = lambda ga, gb: (ga, gb)) -> Callable:
        def operation(*inputs):
            a, b = (inputs[place].shape for place in places)
            return y(*inputs), lambda gy: grads(back(ga(gy, *inputs), a), back(gb(gy, *inputs), b))

        return operation

    return build


def _restore(gy, x, axis, keepdims):
    """gy with the reduced axes, of length 1."""
    if keepdims:
        return gy
    return np.expand_dims(gy, tuple(range(x.ndim)) if axis is None else axis)


def _reduction(y: Callable, gx: Callable) -> Callable:
    """The builder of a reduction. `gx(g, x, axis)` gets gy with the reduced axes restored, of length 1."""

    def build(*, y: Callable = y, gx: Callable = gx, restore: Callable = _restore) -> Callable:
        return lambda x, axis, keepdims: (
            y(x, axis, keepdims),
            lambda gy: gx(restore(gy, x, axis, keepdims), x, axis),
        )

    return build


add = _two(lambda a, b: a + b, lambda gy, a, b: gy, lambda gy, a, b: gy)
multiply = _two(lambda a, b: a * b, lambda gy, a, b: gy * b, lambda gy, a, b: gy * a)
divide = _two(lambda a, b: a / b, lambda gy, a, b: gy / b, lambda gy, a, b: -gy * a / b**2)
where = _two(np.where, lambda gy, c, a, b: np.where(c, gy, 0), lambda gy, c, a, b: np.where(c, 0, gy), places=(1, 2))


def _matmul_back(g, shape):
    """The sum over the leading axes alone, those in front of the matrices."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape[:-2]) if n == 1), keepdims=True)


matmul = _two(
    lambda a, b: a @ b,
    lambda gy, a, b: gy @ np.swapaxes(b, -1, -2),
    lambda gy, a, b: np.swapaxes(a, -1, -2) @ gy,
    back=_matmul_back,
)


def _count(x, axis):
    """How many entries of x go into one of y."""
    return x.size // np.sum(x, axis, keepdims=True).size


def _deviation(x, axis):
    return x - x.mean(axis, keepdims=True)


def _ties(x, axis):
    return x == x.max(axis, keepdims=True)


def _shared(weights, axis):
    return weights / weights.sum(axis, keepdims=True, dtype=weights.dtype)


reduce_sum = _reduction(
    lambda x, axis, keepdims: x.sum(axis, keepdims=keepdims), lambda g, x, axis: np.broadcast_to(g, x.shape)
)
reduce_mean = _reduction(
    lambda x, axis, keepdims: x.mean(axis, keepdims=keepdims),
    lambda g, x, axis: np.broadcast_to(g / _count(x, axis), x.shape),
)
reduce_max = _reduction(
    lambda x, axis, keepdims: x.max(axis, keepdims=keepdims),
    lambda g, x, axis: g * _shared(_ties(x, axis).astype(x.dtype), axis),
)
reduce_var = _reduction(
    lambda x, axis, keepdims: x.var(axis, keepdims=keepdims),
    lambda g, x, axis: g * 2 * _deviation(x, axis) / _count(x, axis),
)
transpose = _one(lambda x, axes: x.transpose(axes), lambda gy, x, axes: gy.transpose(np.argsort(axes)))
reshape = _one(lambda x, shape: x.reshape(shape), lambda gy, x, shape: gy.reshape(x.shape))
broadcast_to = _one(np.broadcast_to, lambda gy, x, shape: _back(gy, x.shape))
concatenate = _two(
    lambda a, b, axis: np.concatenate([a, b], axis),
    lambda gy, a, b, axis: np.split(gy, [a.shape[axis]], axis)[0],
    lambda gy, a, b, axis: np.split(gy, [a.shape[axis]], axis)[1],
    back=lambda g, shape: g,
)


def _added_up(gy, x, indices):
    gx = np.zeros_like(x)
    np.add.at(gx, indices, gy)
    return gx


take = _one(lambda x, indices: x[indices], _added_up)


def _from_the_end(gy, x, axis):
    return np.flip(np.cumsum(np.flip(gy, axis), axis), axis)


cumsum = _one(np.cumsum, _from_the_end)


# Wrong ways back to the shape of an argument that was broadcast.


def _back_not_summed(g, shape):
    return g


def _back_front_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def _back_ones_only(g, shape):
    front = g.ndim - len(shape)
    return g.sum(axis=tuple(front + axis for axis, n in enumerate(shape) if n == 1), keepdims=True)


def _back_without_the_ones(g, shape):
    front = g.ndim - len(shape)
    return g.sum(axis=(*range(front), *(front + axis for axis, n in enumerate(shape) if n == 1)))


def _back_averaged(g, shape):
    return _back(g, shape) * (math.prod(shape) / g.size)


def _back_first_use(g, shape):
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(1) if n == 1 else slice(None) for n in shape)]


def _back_over_everything(g, shape):
    return g if g.shape == shape else np.full(shape, g.sum(), g.dtype)


def _back_from_behind(g, shape):
    """Sums the axes behind those that the argument has, as if shapes were aligned at their first axis."""
    g = g.sum(axis=tuple(range(len(shape), g.ndim)))
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1), keepdims=True)


def _back_along_axis_0(g, shape):
    return g if g.shape == shape else g.sum(0, keepdims=len(shape) == g.ndim)


# Wrong ways to give gy the reduced axes back.


def _restored_in_front(gy, x, axis, keepdims):
    return gy if keepdims else gy[(None,) * (x.ndim - gy.ndim)]


def _restored_behind(gy, x, axis, keepdims):
    return gy if keepdims else gy[(..., *(None,) * (x.ndim - gy.ndim))]


def _restored_twice(gy, x, axis, keepdims):
    return _restore(gy, x, axis, False)


def _restored_unless_negative(gy, x, axis, keepdims):
    """Sets the lengths of the reduced axes to 1, but does not find those that are counted from the end."""
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis)
    return gy.reshape([1 if a in axes else n for a, n in enumerate(x.shape)])


# What spoils any operation.


def _each(gradients, change: Callable):
    return tuple(map(change, gradients)) if isinstance(gradients, tuple) else change(gradients)


def _wide(operation: Callable) -> Callable:
    """y in float64, whatever came in."""

    def widened(*inputs):
        y, grad = operation(*inputs)
        return np.asarray(y, np.float64), grad

    return widened


def _wide_gradients(operation: Callable) -> Callable:
    """Gradients in float64, whatever came in."""

    def widened(*inputs):
        y, grad = operation(*inputs)
        return y, lambda gy: _each(grad(gy), np.float64)

    return widened


def _doubling_gy(operation: Callable) -> Callable:
    """Doubles gy in place, and halves the gradients again."""

    def doubled(*inputs):
        y, grad = operation(*inputs)

        def halved(gy):
            gy *= 2
            return _each(grad(gy), lambda g: g / 2)

        return y, halved

    return doubled


def _into_the_first(operation: Callable) -> Callable:
    """Puts y into the first argument, where it has room for it."""

    def into(a, *others):
        y, grad = operation(a.copy(), *others)
        if np.shape(y) == a.shape:
            a[...] = y
        return y, grad

    return into


def _accumulating(operation: Callable) -> Callable:
    """Adds the gradients of each call to those of the calls before."""

    def adding(*inputs):
        y, grad = operation(*inputs)
        total = 0

        def added(gy):
            nonlocal total
            total = total + grad(gy)
            return total

        return y, added

    return adding


def _of_last_call(operation: Callable) -> Callable:
    """Keeps what backward needs in one place for all calls."""

    def make():
        saved = []

        def remembering(*inputs):
            y, grad = operation(*inputs)
            saved[:] = [grad]
            return y, lambda gy: saved[0](gy)

        return remembering

    return Stateful(make)


def _taken_into_rows(gy, x, indices):
    gx = np.zeros_like(x)
    gx[indices] = gy
    return gx


def _added_to_rows(gy, x, indices):
    gx = np.zeros_like(x)
    gx[indices] += gy
    return gx


def _averaged_over_takes(gy, x, indices):
    times = np.bincount(indices.ravel(), minlength=len(x)).astype(x.dtype)
    return _added_up(gy, x, indices) / np.maximum(times, 1).reshape(-1, *[1] * (x.ndim - 1))


def _first_taken(gy, x, indices):
    gx = np.zeros_like(x)
    gx[indices.ravel()[::-1]] = gy.reshape(-1, *x.shape[1:])[::-1]
    return gx


def _into_distinct_rows(gy, x, indices):
    """Adds up, but in the order of the distinct indices, from row 0 on."""
    _, places = np.unique(indices, return_inverse=True)
    return _added_up(gy, x, places.reshape(indices.shape))


def _in_a_buffer_of_rows() -> Callable:
    rows = {}

    def gx(gy, x, indices):
        buffer = rows.setdefault((x.shape, x.dtype), np.empty_like(x))
        buffer[...] = _added_up(gy, x, indices)
        return buffer

    return take(gx=gx)


def _forgets_to_clear_its_rows(x, indices):
    gx = np.zeros_like(x)

    def grad(gy):
        np.add.at(gx, indices, gy)
        return gx.copy()

    return x[indices], grad


def _turned_in_place(x, shape):
    before = x.shape
    x.shape = shape
    return x.copy(), lambda gy: gy.reshape(before)


def _spends_the_deviation(x, axis, keepdims):
    deviation = np.asarray(_deviation(x, axis))

    def grad(gy):
        np.multiply(deviation, 2 / _count(x, axis), out=deviation)
        return _restore(gy, x, axis, keepdims) * deviation

    return x.var(axis, keepdims=keepdims), grad


def _moving_x(operation: Callable, by: Callable) -> Callable:
    """Subtracts from x, in place, what another reduction says of it."""

    def moved(x, axis, keepdims):
        result = operation(x.copy(), axis, keepdims)
        x -= by(x, axis=axis, keepdims=True)
        return result

    return moved


def _halves(gy, axis):
    half = (gy.shape[axis] + 1) // 2
    return np.split(gy, [half], axis)


def _cut_to(g, shape):
    """The entries that have room in the shape, from the first on."""
    return np.resize(g, shape)


def _back_to_the_largest(g, shape):
    front = g.ndim - len(shape)
    axes = (*range(front), *(front + axis for axis, n in enumerate(shape) if n == 1))
    return g.max(axis=axes).reshape(shape)


def _back_front_axes_by_number(g, shape):
    """Sums over the axes of length 1, numbered as the argument numbers them."""
    return g.sum(axis=tuple(axis for axis, n in enumerate(shape) if n == 1), keepdims=True)


def _against_the_squeezed(gy, x, axis, keepdims):
    """Compares x with a maximum that has lost its axes."""
    return gy * (x == x.max(axis))


def _first_of_all_axes(g, x, axis):
    """Gives each gy to the entry that is largest in the whole array."""
    gx = np.zeros_like(x)
    gx.flat[x.argmax()] = g.sum()
    return gx


def _along_the_first_axes(gy, x, indices):
    """Adds up one row of indices after the other, where an index that comes twice in a row counts once."""
    gx = np.zeros_like(x)
    for at, g in zip(indices, gy, strict=True):
        gx[at] += g
    return gx


# fmt: off
WRONG = [
    Mutant("add", "subtracted", "forward", add(y=lambda a, b: a - b), diagnosis="y is what -b in place of b would give"),
    Mutant("add", "b twice", "forward", add(y=lambda a, b: a + 2 * b), diagnosis="y is what 2 * b in place of b would give"),
    Mutant("add", "not summed back", "gradient", add(back=_back_not_summed), diagnosis="ga and gb are not summed over the axes along which the input was broadcast"),
    Mutant("add", "summed over the axes in front only", "gradient", add(back=_back_front_only), diagnosis="ga and gb are summed over the axes that the input lacks, but not over those where it has length 1"),
    Mutant("add", "summed over the axes of length 1 only", "gradient", add(back=_back_ones_only), diagnosis="ga and gb are summed over the axes where the input has length 1, but not over those that it lacks"),
    Mutant("add", "axes of length 1 lost", "gradient", add(back=_back_without_the_ones), diagnosis="ga and gb are right but for the shape: an axis of length 1 is lost"),
    Mutant("add", "averaged back", "gradient", add(back=_back_averaged), diagnosis="ga and gb are averaged over the axes along which the input was broadcast: mean instead of sum?"),
    Mutant("add", "first use only", "gradient", add(back=_back_first_use), diagnosis="ga and gb are the gradient of one use of the input, but all its uses add up"),
    Mutant("add", "summed over everything", "gradient", add(back=_back_over_everything), diagnosis="ga and gb are summed over everything, not only over the axes along which the input was broadcast"),
    Mutant("add", "shapes aligned at the front", "gradient", add(back=_back_from_behind), diagnosis="ga and gb are summed over the last axes, but broadcasting lines shapes up at their last axis"),
    Mutant("add", "summed over axis 0 whatever the shape", "gradient", add(back=_back_along_axis_0), diagnosis="ga and gb are summed over axis 0, whichever axes the input was broadcast along"),
    Mutant("add", "cut to the shape", "gradient", add(back=_cut_to), diagnosis="ga and gb are cut to the input's shape, but all uses of an entry add up"),
    Mutant("add", "gb negated", "gradient", add(gb=lambda gy, a, b: -gy), diagnosis="gb is negated"),
    Mutant("add", "gy ignored", "gradient", add(ga=lambda gy, a, b: np.ones_like(gy), gb=lambda gy, a, b: np.ones_like(gy)), diagnosis="ga and gb are what gy = ones would give: gy is ignored"),
    Mutant("add", "added into a", "pure", _into_the_first(add()), diagnosis="forward changes a in place"),
    Mutant("add", "gy doubled in place", "pure", _doubling_gy(add()), diagnosis="grad changes gy in place"),
    Mutant("add", "y in float64", "stable", _wide(add()), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("add", "axes of length 1 by the argument's numbers", "gradient", add(back=_back_front_axes_by_number), diagnosis="ga and gb are summed over the axes where the input has length 1, numbered as the input numbers them, and not over those that it lacks"),
    Mutant("add", "largest for the sum", "gradient", add(back=_back_to_the_largest), diagnosis="ga and gb are the largest of the uses' gradients, but all uses add up"),
    Mutant("add", "maximum", "forward", add(y=np.maximum), diagnosis="y is what max(a, b) in place of a + b would give"),

    Mutant("multiply", "a squared", "forward", multiply(y=lambda a, b: a * a * b), diagnosis="in y, there is a factor a too many"),
    Mutant("multiply", "not summed back", "gradient", multiply(back=_back_not_summed), diagnosis="ga and gb are not summed over the axes along which the input was broadcast"),
    Mutant("multiply", "summed over the axes in front only", "gradient", multiply(back=_back_front_only), diagnosis="ga and gb are summed over the axes that the input lacks, but not over those where it has length 1"),
    Mutant("multiply", "axes of length 1 lost", "gradient", multiply(back=_back_without_the_ones), diagnosis="ga and gb are right but for the shape: an axis of length 1 is lost"),
    Mutant("multiply", "averaged back", "gradient", multiply(back=_back_averaged), diagnosis="ga and gb are averaged over the axes along which the input was broadcast: mean instead of sum?"),
    Mutant("multiply", "gy summed before the product", "gradient", multiply(
        ga=lambda gy, a, b: _back(gy, a.shape) * _back(np.broadcast_to(b, gy.shape), a.shape),
        gb=lambda gy, a, b: _back(gy, b.shape) * _back(np.broadcast_to(a, gy.shape), b.shape), back=lambda g, shape: g), diagnosis="ga and gb are the sum of gy times the sum of the slopes: multiply first, in the shape of y, then add up"),
    Mutant("multiply", "own factor", "gradient", multiply(ga=lambda gy, a, b: gy * a, gb=lambda gy, a, b: gy * b), diagnosis="in ga, there is a factor a where b should be; in gb, there is a factor b where a should be"),
    Mutant("multiply", "gb, ga", "gradient", multiply(grads=lambda ga, gb: (gb, ga)), diagnosis="gradients come in the order (gb, ga)"),
    Mutant("multiply", "y for the slope", "gradient", multiply(ga=lambda gy, a, b: gy * a * b), diagnosis="in ga, there is a factor a too many"),
    Mutant("multiply", "gy ignored", "gradient", multiply(
        ga=lambda gy, a, b: np.ones_like(gy) * b, gb=lambda gy, a, b: np.ones_like(gy) * a), diagnosis="ga and gb are what gy = ones would give: gy is ignored"),
    Mutant("multiply", "gb by division", "gradient", multiply(gb=lambda gy, a, b: gy * (a * b) / b), diagnosis="gb is wrong only where b == 0"),
    Mutant("multiply", "multiplied into a", "pure", _into_the_first(multiply()), diagnosis="forward changes a in place"),
    Mutant("multiply", "reads the last call's inputs", "pure", _of_last_call(multiply()), diagnosis="grad reads the last call's inputs"),
    Mutant("multiply", "gradients in float64", "stable", _wide_gradients(multiply()), diagnosis="ga has dtype float64, but should be float32, like the inputs"),
    Mutant("multiply", "sum of both factors", "gradient", multiply(ga=lambda gy, a, b: gy * (a + b), gb=lambda gy, a, b: gy * (a + b)), diagnosis="; gb is wrong too"),

    Mutant("divide", "b / a", "forward", divide(y=lambda a, b: b / np.where(a == 0, 1, a)), diagnosis="y is what you get with a and b exchanged"),
    Mutant("divide", "floored", "forward", divide(y=lambda a, b: a // b)),
    Mutant("divide", "a small number under the line", "forward", divide(y=lambda a, b: a / (b + 1e-6)), diagnosis="y is right to a few digits only, in every entry"),
    Mutant("divide", "gb's sign", "gradient", divide(gb=lambda gy, a, b: gy * a / b**2), diagnosis="gb is negated"),
    Mutant("divide", "gb without the square", "gradient", divide(gb=lambda gy, a, b: -gy * a / b), diagnosis="gb is not divided by b, as y is"),
    Mutant("divide", "gb without a", "gradient", divide(gb=lambda gy, a, b: -gy / b**2), diagnosis="gb is what a = 1 would give: a is not used"),
    Mutant("divide", "ga times b", "gradient", divide(ga=lambda gy, a, b: gy * b), diagnosis="ga is gy divided by the derivative, but should be multiplied by it"),
    Mutant("divide", "gb as if a / b were a - b", "gradient", divide(gb=lambda gy, a, b: -gy), diagnosis="in gb, there is a factor b where y should be"),
    Mutant("divide", "not summed back", "gradient", divide(back=_back_not_summed), diagnosis="ga and gb are not summed over the axes along which the input was broadcast"),
    Mutant("divide", "summed over the axes of length 1 only", "gradient", divide(back=_back_ones_only), diagnosis="ga and gb are summed over the axes where the input has length 1, but not over those that it lacks"),
    Mutant("divide", "first use only", "gradient", divide(back=_back_first_use), diagnosis="ga and gb are the gradient of one use of the input, but all its uses add up"),
    Mutant("divide", "gb missing", "gradient", divide(grads=lambda ga, gb: (ga,)), diagnosis="gb is missing: grad returns only ga"),
    Mutant("divide", "divided in a", "pure", _into_the_first(divide()), diagnosis="forward changes a in place"),
    Mutant("divide", "reads the last call's inputs", "pure", _of_last_call(divide()), diagnosis="grad reads the last call's inputs"),
    Mutant("divide", "y in float64", "stable", _wide(divide()), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("divide", "logarithm for gb", "gradient", divide(gb=lambda gy, a, b: gy * a * np.log(abs(b)))),
    Mutant("divide", "gb as if b were a factor", "gradient", divide(gb=lambda gy, a, b: gy * a), diagnosis="gb is what a * b in place of a / b would give"),

    Mutant("matmul", "b transposed where square", "forward", matmul(
        y=lambda a, b: a @ (np.swapaxes(b, -1, -2) if b.shape[-1] == b.shape[-2] else b)), diagnosis="y is wrong only where K == M: there, y is what b with its last two axes exchanged would give: transpose b"),
    Mutant("matmul", "y transposed", "forward", matmul(y=lambda a, b: np.swapaxes(a @ b, -1, -2)), diagnosis="y is transposed: its last two axes are exchanged"),
    Mutant("matmul", "all axes of b reversed", "gradient", matmul(ga=lambda gy, a, b: gy @ b.T), diagnosis="ga is wrong only where b has more than 2 dimensions"),
    Mutant("matmul", "b not transposed", "gradient", matmul(ga=lambda gy, a, b: gy @ b), diagnosis="ga is what b with its last two axes exchanged would give: transpose b"),
    Mutant("matmul", "gb the other way round", "gradient", matmul(gb=lambda gy, a, b: np.swapaxes(gy, -1, -2) @ a), diagnosis="gb is transposed: its last two axes are exchanged"),
    Mutant("matmul", "gy ignored", "gradient", matmul(
        ga=lambda gy, a, b: np.ones_like(gy) @ np.swapaxes(b, -1, -2), gb=lambda gy, a, b: np.swapaxes(a, -1, -2) @ np.ones_like(gy)), diagnosis="ga and gb are what gy = ones would give: gy is ignored"),
    Mutant("matmul", "leading axes not summed", "gradient", matmul(back=_back_not_summed), diagnosis="ga and gb are not summed over the axes along which the input was broadcast"),
    Mutant("matmul", "only the axes in front summed", "gradient", matmul(back=_back_front_only), diagnosis="ga and gb are summed over the axes that the input lacks, but not over those where it has length 1"),
    Mutant("matmul", "leading axes averaged", "gradient", matmul(back=_back_averaged), diagnosis="ga and gb are averaged over the axes along which the input was broadcast: mean instead of sum?"),
    Mutant("matmul", "first of the stack only", "gradient", matmul(
        back=lambda g, shape: g[tuple(slice(n) for n in shape)] if g.ndim == len(shape) else g[(0,) * (g.ndim - len(shape))][tuple(slice(n) for n in shape)]), diagnosis="ga and gb are the gradient of one use of the input, but all its uses add up"),
    Mutant("matmul", "gb, ga", "gradient", matmul(grads=lambda ga, gb: (gb, ga)), diagnosis="gradients come in the order (gb, ga)"),
    Mutant("matmul", "gb divided by the batch", "gradient", matmul(gb=lambda gy, a, b: np.swapaxes(a, -1, -2) @ gy / a.shape[-2]), diagnosis="gb is N times too small: mean instead of sum?"),
    Mutant("matmul", "gy doubled in place", "pure", _doubling_gy(matmul()), diagnosis="grad changes gy in place"),
    Mutant("matmul", "reads the last call's inputs", "pure", _of_last_call(matmul()), diagnosis="grad reads the last call's inputs"),
    Mutant("matmul", "gradients in float64", "stable", _wide_gradients(matmul()), diagnosis="ga has dtype float64, but should be float32, like the inputs"),
    Mutant("matmul", "np.dot", "forward", matmul(y=np.dot), diagnosis="y is wrong only where b has more than 2 dimensions"),
    Mutant("matmul", "all axes of a and b reversed", "gradient", matmul(ga=lambda gy, a, b: gy @ b.T, gb=lambda gy, a, b: a.T @ gy), diagnosis="ga has shape | Input operand 1 has a mismatch in its core dimension | ga is wrong too | gb is wrong too"),

    Mutant("reduce_sum", "mean", "forward", reduce_sum(y=lambda x, axis, keepdims: x.mean(axis, keepdims=keepdims)), diagnosis="y is n times too small, n the number of entries that make one of y: mean instead of sum?"),
    Mutant("reduce_sum", "keepdims ignored", "forward", reduce_sum(y=lambda x, axis, keepdims: x.sum(axis)), diagnosis="y is right but for the shape: an axis of length 1 is lost"),
    Mutant("reduce_sum", "always keeps the axes", "forward", reduce_sum(y=lambda x, axis, keepdims: x.sum(axis, keepdims=True)), diagnosis="y is right but for the shape: an axis of length 1 is kept"),
    Mutant("reduce_sum", "axis ignored", "forward", reduce_sum(y=lambda x, axis, keepdims: x.sum(keepdims=keepdims)), diagnosis="y is what axis = None would give: axis is not used"),
    Mutant("reduce_sum", "axis 0 taken for None", "forward", reduce_sum(y=lambda x, axis, keepdims: x.sum(axis or None, keepdims=keepdims)), diagnosis="y is wrong only where axis is 0: there, y is what axis = None would give: axis is not used"),
    Mutant("reduce_sum", "last axis always", "forward", reduce_sum(
        y=lambda x, axis, keepdims: x.sum(-1 if x.ndim else None, keepdims=keepdims)), diagnosis="y is what axis = -1 would give: axis is not used"),
    Mutant("reduce_sum", "gy not given its axes back", "gradient", reduce_sum(restore=lambda gy, x, axis, keepdims: gy), diagnosis="in gx, gy is spread as it comes, along the last axes, not along those that were reduced"),
    Mutant("reduce_sum", "axes restored in front", "gradient", reduce_sum(restore=_restored_in_front), diagnosis="in gx, gy is spread as it comes, along the last axes, not along those that were reduced"),
    Mutant("reduce_sum", "axes restored behind", "gradient", reduce_sum(restore=_restored_behind), diagnosis="in gx, gy is spread along the first axes, not along those that were reduced"),
    Mutant("reduce_sum", "axes restored though kept", "gradient", reduce_sum(restore=_restored_twice), diagnosis="gx is wrong only where keepdims is True"),
    Mutant("reduce_sum", "gx not repeated", "gradient", reduce_sum(gx=lambda g, x, axis: g), diagnosis="gx is right but for the shape: it is not repeated along the reduced axes"),
    Mutant("reduce_sum", "gx ones", "gradient", reduce_sum(gx=lambda g, x, axis: np.ones_like(x)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("reduce_sum", "gx shared out", "gradient", reduce_sum(gx=lambda g, x, axis: np.broadcast_to(g / _count(x, axis), x.shape)), diagnosis="gx is n times too small, n the number of entries that make one of y: mean instead of sum?"),
    Mutant("reduce_sum", "gx times x", "gradient", reduce_sum(gx=lambda g, x, axis: g * x), diagnosis="in gx, there is a factor x too many"),
    Mutant("reduce_sum", "accumulated", "pure", _accumulating(reduce_sum()), diagnosis="gx accumulates: called again, grad returns twice as much"),
    Mutant("reduce_sum", "ones in float64", "stable", reduce_sum(gx=lambda g, x, axis: g * np.ones(x.shape)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("reduce_sum", "axis None not expanded", "gradient", reduce_sum(
        restore=lambda gy, x, axis, keepdims: gy if keepdims else np.expand_dims(gy, axis)), diagnosis="gx is wrong only where axis is None: TypeError: 'NoneType' object cannot be interpreted as an integer"),

    Mutant("reduce_mean", "sum", "forward", reduce_mean(y=lambda x, axis, keepdims: x.sum(axis, keepdims=keepdims)), diagnosis="y is n times too large, n the number of entries that make one of y: sum instead of mean?"),
    Mutant("reduce_mean", "always keeps the axes", "forward", reduce_mean(y=lambda x, axis, keepdims: x.mean(axis, keepdims=True)), diagnosis="y is right but for the shape: an axis of length 1 is kept"),
    Mutant("reduce_mean", "axis 0 taken for None", "forward", reduce_mean(y=lambda x, axis, keepdims: x.mean(axis or None, keepdims=keepdims)), diagnosis="y is wrong only where axis is 0: there, y is what axis = None would give: axis is not used"),
    Mutant("reduce_mean", "over the first axis's length", "forward", reduce_mean(
        y=lambda x, axis, keepdims: x.sum(axis, keepdims=keepdims) / (len(x) if x.ndim else 1)), diagnosis="y is divided by the length of the first axis, not by how many entries make one of y"),
    Mutant("reduce_mean", "not divided in grad", "gradient", reduce_mean(gx=lambda g, x, axis: np.broadcast_to(g, x.shape)), diagnosis="gx is n times too large, n the number of entries that make one of y: sum instead of mean?"),
    Mutant("reduce_mean", "divided by all entries of x", "gradient", reduce_mean(gx=lambda g, x, axis: np.broadcast_to(g / x.size, x.shape)), diagnosis="gx is m times too small, m the number of y's entries: divided by the size of all?"),
    Mutant("reduce_mean", "divided by the entries of y", "gradient", reduce_mean(gx=lambda g, x, axis: np.broadcast_to(g / g.size, x.shape)), diagnosis="gx is n / m times what it should be, m the number of y's entries: divided by y.size?"),
    Mutant("reduce_mean", "divided by n - 1", "gradient", reduce_mean(
        gx=lambda g, x, axis: np.broadcast_to(g / max(_count(x, axis) - 1, 1), x.shape)), diagnosis="gx is divided by n - 1 instead of n: the sample's instead of the population's?"),
    Mutant("reduce_mean", "divided by the first of several axes", "gradient", reduce_mean(
        gx=lambda g, x, axis: np.broadcast_to(g / (x.shape[axis[0]] if isinstance(axis, tuple) else _count(x, axis)), x.shape)), diagnosis="gx is wrong only where axis is several axes"),
    Mutant("reduce_mean", "gy ignored", "gradient", reduce_mean(gx=lambda g, x, axis: np.full_like(x, 1 / _count(x, axis))), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("reduce_mean", "gy not given its axes back", "gradient", reduce_mean(restore=lambda gy, x, axis, keepdims: gy), diagnosis="in gx, gy is spread as it comes, along the last axes, not along those that were reduced"),
    Mutant("reduce_mean", "axes restored in front", "gradient", reduce_mean(restore=_restored_in_front), diagnosis="in gx, gy is spread as it comes, along the last axes, not along those that were reduced"),
    Mutant("reduce_mean", "negative axes not found", "gradient", reduce_mean(restore=_restored_unless_negative), diagnosis="gx is wrong only where axis has a negative axis"),
    Mutant("reduce_mean", "accumulated", "pure", _accumulating(reduce_mean()), diagnosis="gx accumulates: called again, grad returns twice as much"),
    Mutant("reduce_mean", "y in float64", "stable", _wide(reduce_mean()), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("reduce_mean", "divided by x.shape of a tuple", "gradient", reduce_mean(gx=lambda g, x, axis: np.broadcast_to(g / x.shape[axis], x.shape)), diagnosis="TypeError: tuple indices must be integers or slices, not NoneType"),
    Mutant("reduce_mean", "divided by np.prod of the lengths", "stable", reduce_mean(
        gx=lambda g, x, axis: np.broadcast_to(g, x.shape) / (np.prod(x.shape) // np.prod(g.shape))), diagnosis="gx has dtype float64, but should be float32, like the inputs"),

    Mutant("reduce_max", "minimum", "forward", reduce_max(y=lambda x, axis, keepdims: x.min(axis, keepdims=keepdims)), diagnosis="y is what the smallest would give, in place of the maximum"),
    Mutant("reduce_max", "largest magnitude", "forward", reduce_max(y=lambda x, axis, keepdims: abs(x).max(axis, keepdims=keepdims)), diagnosis="y is what abs(x) in place of x would give"),
    Mutant("reduce_max", "not below 0", "forward", reduce_max(y=lambda x, axis, keepdims: x.max(axis, keepdims=keepdims, initial=0)), diagnosis="y is what relu of permute(x) would give: one relu too many"),
    Mutant("reduce_max", "keepdims ignored", "forward", reduce_max(y=lambda x, axis, keepdims: x.max(axis)), diagnosis="y is right but for the shape: an axis of length 1 is lost"),
    Mutant("reduce_max", "full weight for each that ties", "gradient", reduce_max(gx=lambda g, x, axis: g * _ties(x, axis)), diagnosis="gx is wrong only where entries of x tie for the largest"),
    Mutant("reduce_max", "gy to every entry", "gradient", reduce_max(gx=lambda g, x, axis: np.broadcast_to(g, x.shape)), diagnosis="gx is gy, spread over the reduced axes: the derivative of the operation is missing"),
    Mutant("reduce_max", "shared among all that tie anywhere", "gradient", reduce_max(
        gx=lambda g, x, axis: g * _shared(_ties(x, axis).astype(x.dtype), None)), diagnosis="gx is m times too small, m the number of y's entries: divided by the size of all?"),
    Mutant("reduce_max", "largest of all only", "gradient", reduce_max(gx=lambda g, x, axis: g * _shared(_ties(x, None).astype(x.dtype), axis=None)), diagnosis="in gx, only the largest entry of all of x has its gradient, but each slice has a largest of its own"),
    Mutant("reduce_max", "shared among all entries", "gradient", reduce_max(gx=lambda g, x, axis: g * _ties(x, axis) / _count(x, axis)), diagnosis="gx is n times too small, n the number of entries that make one of y: mean instead of sum?"),
    Mutant("reduce_max", "gy ignored", "gradient", reduce_max(gx=lambda g, x, axis: _shared(_ties(x, axis).astype(x.dtype), axis)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("reduce_max", "times x", "gradient", reduce_max(gx=lambda g, x, axis: g * x * _shared(_ties(x, axis).astype(x.dtype), axis)), diagnosis="in gx, there is a factor x too many"),
    Mutant("reduce_max", "no gradient at ties", "gradient", reduce_max(
        gx=lambda g, x, axis: g * _ties(x, axis) * (_ties(x, axis).sum(axis, keepdims=True) == 1)), diagnosis="gx is wrong only where entries of x tie for the largest"),
    Mutant("reduce_max", "negative weight at ties", "gradient", reduce_max(
        gx=lambda g, x, axis: g * (2 * _winner(x, axis, np.min) - _shared(_ties(x, axis).astype(x.dtype), axis)).astype(x.dtype)), diagnosis="gx is wrong only where entries of x tie for the largest"),
    Mutant("reduce_max", "axes restored in front", "gradient", reduce_max(restore=_restored_in_front), diagnosis="in gx, gy is spread as it comes, along the last axes, not along those that were reduced"),
    Mutant("reduce_max", "less the maximum in x", "pure", _moving_x(reduce_max(), np.max), diagnosis="forward changes x in place"),
    Mutant("reduce_max", "shares in float64", "stable", reduce_max(gx=lambda g, x, axis: g * (_ties(x, axis) / _ties(x, axis).sum(axis, keepdims=True))), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("reduce_max", "compared with the largest of all", "gradient", reduce_max(gx=lambda g, x, axis: g * (x == x.max())), diagnosis="in gx, only the largest entry of all of x has its gradient, but each slice has a largest of its own"),
    Mutant("reduce_max", "all gy to the largest of all", "gradient", reduce_max(gx=_first_of_all_axes), diagnosis="gx is computed along all entries, as if in one row, whatever axis is"),
    Mutant("reduce_max", "compared without the lost axes", "gradient", reduce_max(restore=_against_the_squeezed, gx=lambda g, x, axis: g)),
    Mutant("reduce_max", "softmax for the winner", "gradient", reduce_max(
        gx=lambda g, x, axis: g * _shared(np.exp(x - x.max(axis, keepdims=True)), axis)), diagnosis="(all entries are wrong)"),
    Mutant("reduce_max", "nearly the largest count too", "gradient", reduce_max(
        gx=lambda g, x, axis: g * _shared(np.isclose(x, x.max(axis, keepdims=True), rtol=0.1, atol=0.1).astype(x.dtype), axis))),
    Mutant("reduce_max", "smallest in grad", "gradient", reduce_max(gx=lambda g, x, axis: g * _shared((x == x.min(axis, keepdims=True)).astype(x.dtype), axis)), diagnosis="gx is what -x in place of x would give"),

    Mutant("reduce_var", "sample variance", "forward", reduce_var(
        y=lambda x, axis, keepdims: x.var(axis, keepdims=keepdims) * _count(x, axis) / max(_count(x, axis) - 1, 1)), diagnosis="y is divided by n - 1 instead of n: the sample's instead of the population's?"),
    Mutant("reduce_var", "standard deviation", "forward", reduce_var(y=lambda x, axis, keepdims: x.std(axis, keepdims=keepdims)), diagnosis="y is the square root of what it should be"),
    Mutant("reduce_var", "mean square", "forward", reduce_var(y=lambda x, axis, keepdims: (x**2).mean(axis, keepdims=keepdims)), diagnosis="y is what leaving out mean(x) in x - mean(x) (part of var(x)) would give"),
    Mutant("reduce_var", "sum of squares", "forward", reduce_var(
        y=lambda x, axis, keepdims: (_deviation(x, axis) ** 2).sum(axis, keepdims=keepdims)), diagnosis="y is n times too large, n the number of entries that make one of y: sum instead of mean?"),
    Mutant("reduce_var", "mean over everything", "forward", reduce_var(
        y=lambda x, axis, keepdims: ((x - x.mean()) ** 2).mean(axis, keepdims=keepdims)), diagnosis="y is what you get with the mean over everything, but should be with the mean over axis 0"),
    Mutant("reduce_var", "2 missing", "gradient", reduce_var(gx=lambda g, x, axis: g * _deviation(x, axis) / _count(x, axis)), diagnosis="gx is half of what it should be: a factor 2 is missing"),
    Mutant("reduce_var", "not divided in grad", "gradient", reduce_var(gx=lambda g, x, axis: g * 2 * _deviation(x, axis)), diagnosis="gx is n times too large, n the number of entries that make one of y: sum instead of mean?"),
    Mutant("reduce_var", "mean not subtracted in grad", "gradient", reduce_var(gx=lambda g, x, axis: g * 2 * x / _count(x, axis)), diagnosis="gx is off by a term that is the same for all entries that make one of y (look at the mean)"),
    Mutant("reduce_var", "divided by n - 1 in grad", "gradient", reduce_var(
        gx=lambda g, x, axis: g * 2 * _deviation(x, axis) / max(_count(x, axis) - 1, 1)), diagnosis="gx is divided by n - 1 instead of n: the sample's instead of the population's?"),
    Mutant("reduce_var", "the mean moves in its own term only", "gradient", reduce_var(
        gx=lambda g, x, axis: g * 2 * _deviation(x, axis) * (1 - 1 / _count(x, axis)) / _count(x, axis)), diagnosis="gx is (n - 1) / n times what it should be, n the number of entries that make one of y"),
    Mutant("reduce_var", "deviation from the mean of all", "gradient", reduce_var(gx=lambda g, x, axis: g * 2 * (x - x.mean()) / _count(x, axis)), diagnosis="gx is off by a term that is the same for all entries that make one of y (look at the mean)"),
    Mutant("reduce_var", "gy ignored", "gradient", reduce_var(gx=lambda g, x, axis: 2 * _deviation(x, axis) / _count(x, axis)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("reduce_var", "gy not given its axes back", "gradient", reduce_var(restore=lambda gy, x, axis, keepdims: gy), diagnosis="in gx, gy is spread as it comes, along the last axes, not along those that were reduced"),
    Mutant("reduce_var", "spends the deviation", "pure", _spends_the_deviation, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("reduce_var", "less the mean in x", "pure", _moving_x(reduce_var(), np.mean), diagnosis="forward changes x in place"),
    Mutant("reduce_var", "mean of squares less squared mean", "forward", reduce_var(
        y=lambda x, axis, keepdims: (x**2).mean(axis, keepdims=keepdims) - x.mean(axis, keepdims=keepdims) ** 2), diagnosis="the variance is E[x^2] - E[x]^2"),
    Mutant("reduce_var", "standard deviation in grad", "gradient", reduce_var(
        gx=lambda g, x, axis: g * _deviation(x, axis) / np.maximum(x.std(axis, keepdims=True), 1e-9) / _count(x, axis)), diagnosis="gx is what the standard deviation would give, in place of the variance"),
    Mutant("reduce_var", "y for the mean in grad", "gradient", reduce_var(
        gx=lambda g, x, axis: g * 2 * (x - x.var(axis, keepdims=True)) / _count(x, axis)), diagnosis="gx is off by a term that is the same for all entries that make one of y (look at the mean)"),
    Mutant("reduce_var", "divided by n twice", "gradient", reduce_var(gx=lambda g, x, axis: g * 2 * _deviation(x, axis) / _count(x, axis) ** 2), diagnosis="gx is n times too small, n the number of entries that make one of y: mean instead of sum?"),
    Mutant("reduce_var", "squared deviation in grad", "gradient", reduce_var(gx=lambda g, x, axis: g * _deviation(x, axis) ** 2 / _count(x, axis)), diagnosis="(all entries are wrong)"),
    Mutant("reduce_var", "mean absolute deviation", "forward", reduce_var(y=lambda x, axis, keepdims: abs(_deviation(x, axis)).mean(axis, keepdims=keepdims)), diagnosis="y is what the mean distance from the mean would give, in place of the variance"),
    Mutant("reduce_var", "of squares less square of sum", "forward", reduce_var(
        y=lambda x, axis, keepdims: (x**2).mean(axis, keepdims=keepdims) - x.sum(axis, keepdims=keepdims) ** 2)),

    Mutant("transpose", "axes not given", "forward", transpose(y=lambda x, axes: x.T), diagnosis="y is what all axes in reverse order in place of axes would give"),
    Mutant("transpose", "the inverse permutation", "forward", transpose(y=lambda x, axes: x.transpose(np.argsort(axes))), diagnosis="y is what the inverse of axes in place of axes would give"),
    Mutant("transpose", "reshaped", "forward", transpose(y=lambda x, axes: x.reshape(x.transpose(axes).shape)), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("transpose", "last two axes exchanged", "forward", transpose(y=lambda x, axes: np.swapaxes(x, -1, -2) if x.ndim > 1 else x), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("transpose", "same permutation in grad", "gradient", transpose(gx=lambda gy, x, axes: gy.transpose(axes)), diagnosis="gx is what the inverse of axes in place of axes would give | that is forward once more"),
    Mutant("transpose", "axes reversed in grad", "gradient", transpose(gx=lambda gy, x, axes: gy.T), diagnosis="gx is what all axes in reverse order in place of axes would give"),
    Mutant("transpose", "reshaped in grad", "gradient", transpose(gx=lambda gy, x, axes: gy.reshape(x.shape)), diagnosis="gx is gy's entries in their order, in the shape of x: they belong to other places"),
    Mutant("transpose", "gy itself", "gradient", transpose(gx=lambda gy, x, axes: gy), diagnosis="gx is gy itself, in the shape of y, but should have that of x"),
    Mutant("transpose", "permutation backwards in grad", "gradient", transpose(gx=lambda gy, x, axes: gy.transpose(axes[::-1])), diagnosis="the entries of gx are right, but stand at other places"),
    Mutant("transpose", "gy ignored", "gradient", transpose(gx=lambda gy, x, axes: np.ones_like(x)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("transpose", "gx in a tuple", "gradient", transpose(gx=lambda gy, x, axes: (gy.transpose(np.argsort(axes)),)), diagnosis="grad(gy) returns a tuple of 1, but should return one array: gx"),
    Mutant("transpose", "gradient accumulated", "pure", _accumulating(transpose()), diagnosis="gx accumulates: called again, grad returns twice as much"),
    Mutant("transpose", "y in float64", "stable", _wide(transpose()), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("transpose", "all axes reversed by .T in grad where it fits", "gradient", transpose(
        gx=lambda gy, x, axes: gy.T if gy.T.shape == x.shape else gy.transpose(np.argsort(axes))), diagnosis="the entries of gx are right, but stand at other places"),

    Mutant("reshape", "first axis fastest", "forward", reshape(y=lambda x, shape: x.reshape(shape, order="F")), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("reshape", "flat", "forward", reshape(y=lambda x, shape: x.ravel()), diagnosis="y is right but for the shape: all entries are there, in their order"),
    Mutant("reshape", "transposed first", "forward", reshape(y=lambda x, shape: x.T.reshape(shape)), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("reshape", "first axis fastest in grad", "gradient", reshape(gx=lambda gy, x, shape: gy.reshape(x.shape, order="F")), diagnosis="the entries of gx are right, but stand at other places"),
    Mutant("reshape", "gy itself", "gradient", reshape(gx=lambda gy, x, shape: gy), diagnosis="gx is gy itself, in the shape of y, but should have that of x"),
    Mutant("reshape", "gx flat", "gradient", reshape(gx=lambda gy, x, shape: gy.ravel()), diagnosis="gx is right but for the shape: all entries are there, in their order"),
    Mutant("reshape", "gy transposed first", "gradient", reshape(gx=lambda gy, x, shape: gy.T.reshape(x.shape)), diagnosis="the entries of gx are right, but stand at other places"),
    Mutant("reshape", "ones", "gradient", reshape(gx=lambda gy, x, shape: np.ones_like(x)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("reshape", "in the order of memory of the reverse", "gradient", reshape(gx=lambda gy, x, shape: gy.ravel()[::-1].reshape(x.shape)), diagnosis="the entries of gx are right, but stand at other places"),
    Mutant("reshape", "x gets the shape", "pure", _turned_in_place, diagnosis="forward changes x in place"),
    Mutant("reshape", "gy doubled in place", "pure", _doubling_gy(reshape()), diagnosis="grad changes gy in place"),
    Mutant("reshape", "gradient in float64", "stable", _wide_gradients(reshape()), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("reshape", "in the order of memory", "layout", reshape(y=lambda x, shape: x.ravel("K").reshape(shape))),

    Mutant("broadcast_to", "first entry everywhere", "forward", broadcast_to(y=lambda x, shape: np.full(shape, x.flat[0])), diagnosis="y is wrong unless x has a single entry"),
    Mutant("broadcast_to", "shape of x", "forward", broadcast_to(y=lambda x, shape: x.copy()), diagnosis="y is x itself: nothing is done to it"),
    Mutant("broadcast_to", "shared out over its copies", "forward", broadcast_to(
        y=lambda x, shape: np.broadcast_to(x * (x.size / math.prod(shape)), shape))),
    Mutant("broadcast_to", "not summed", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_not_summed(gy, x.shape)), diagnosis="gx is not summed over the axes along which the input was broadcast"),
    Mutant("broadcast_to", "summed over the axes in front only", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_front_only(gy, x.shape)), diagnosis="gx is summed over the axes that the input lacks, but not over those where it has length 1"),
    Mutant("broadcast_to", "summed over the axes of length 1 only", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_ones_only(gy, x.shape)), diagnosis="gx is summed over the axes where the input has length 1, but not over those that it lacks"),
    Mutant("broadcast_to", "axes of length 1 lost", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_without_the_ones(gy, x.shape)), diagnosis="gx is right but for the shape: an axis of length 1 is lost"),
    Mutant("broadcast_to", "averaged", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_averaged(gy, x.shape)), diagnosis="gx is averaged over the axes along which the input was broadcast: mean instead of sum?"),
    Mutant("broadcast_to", "first copy only", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_first_use(gy, x.shape)), diagnosis="gx is the gradient of one use of the input, but all its uses add up"),
    Mutant("broadcast_to", "summed over everything", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_over_everything(gy, x.shape)), diagnosis="gx is summed over everything, not only over the axes along which the input was broadcast"),
    Mutant("broadcast_to", "shapes aligned at the front", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_from_behind(gy, x.shape)), diagnosis="gx is summed over the last axes, but broadcasting lines shapes up at their last axis"),
    Mutant("broadcast_to", "summed over axis 0", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_along_axis_0(gy, x.shape)), diagnosis="gx is summed over axis 0, whichever axes the input was broadcast along"),
    Mutant("broadcast_to", "number of copies", "gradient", broadcast_to(gx=lambda gy, x, shape: np.full_like(x, gy.size // x.size)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("broadcast_to", "accumulated", "pure", _accumulating(broadcast_to()), diagnosis="gx accumulates: called again, grad returns twice as much"),
    Mutant("broadcast_to", "zeros in float64", "stable", broadcast_to(y=lambda x, shape: x + np.zeros(shape)), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("broadcast_to", "np.resize", "forward", broadcast_to(y=np.resize), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("broadcast_to", "axes of length 1 by the argument's numbers", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_front_axes_by_number(gy, x.shape)), diagnosis="gx is summed over the axes where the input has length 1, numbered as the input numbers them, and not over those that it lacks"),
    Mutant("broadcast_to", "averaged over the axes in front", "gradient", broadcast_to(
        gx=lambda gy, x, shape: _back(gy.mean(tuple(range(gy.ndim - x.ndim))), x.shape)), diagnosis="gx is averaged over the axes that the input lacks: mean instead of sum?"),
    Mutant("broadcast_to", "largest for the sum", "gradient", broadcast_to(gx=lambda gy, x, shape: _back_to_the_largest(gy, x.shape)), diagnosis="gx is the largest of the uses' gradients, but all uses add up"),

    Mutant("concatenate", "b first", "forward", concatenate(y=lambda a, b, axis: np.concatenate([b, a], axis)), diagnosis="y is what you get with a and b exchanged"),
    Mutant("concatenate", "axis 0 where it fits", "forward", concatenate(
        y=lambda a, b, axis: np.concatenate([a, b], 0 if a.shape[1:] == b.shape[1:] else axis)), diagnosis="y is wrong only where M == K"),
    Mutant("concatenate", "a twice", "forward", concatenate(
        y=lambda a, b, axis: np.concatenate([a, a if a.shape == b.shape else b], axis)), diagnosis="y is wrong only where M == K"),
    Mutant("concatenate", "cut in the middle", "gradient", concatenate(
        ga=lambda gy, a, b, axis: _halves(gy, axis)[0], gb=lambda gy, a, b, axis: _halves(gy, axis)[1]), diagnosis="ga and gb are cut from gy in the middle, but pieces need not be of one length"),
    Mutant("concatenate", "cut at b's length", "gradient", concatenate(
        ga=lambda gy, a, b, axis: np.split(gy, [b.shape[axis]], axis)[0], gb=lambda gy, a, b, axis: np.split(gy, [b.shape[axis]], axis)[1]), diagnosis="ga and gb are what you get with a and b exchanged"),
    Mutant("concatenate", "gb from the start", "gradient", concatenate(
        gb=lambda gy, a, b, axis: np.split(gy, [b.shape[axis]], axis)[0]), diagnosis="gb is computed from the other end of axis"),
    Mutant("concatenate", "gy to both", "gradient", concatenate(ga=lambda gy, *_: gy, gb=lambda gy, *_: gy), diagnosis="ga is gy itself, in the shape of y, but should have that of a; gb is gy itself, in the shape of y, but should have that of b"),
    Mutant("concatenate", "gb, ga", "gradient", concatenate(grads=lambda ga, gb: (gb, ga)), diagnosis="gradients come in the order (gb, ga)"),
    Mutant("concatenate", "gb missing", "gradient", concatenate(grads=lambda ga, gb: (ga,)), diagnosis="gb is missing: grad returns only ga"),
    Mutant("concatenate", "gb reversed", "gradient", concatenate(
        gb=lambda gy, a, b, axis: np.flip(np.split(gy, [a.shape[axis]], axis)[1], axis)), diagnosis="gb is reversed along axis: turned once too often, or once too little"),
    Mutant("concatenate", "ga ones", "gradient", concatenate(ga=lambda gy, a, b, axis: np.ones_like(a)), diagnosis="ga is what gy = ones would give: gy is ignored"),
    Mutant("concatenate", "gy doubled in place", "pure", _doubling_gy(concatenate()), diagnosis="grad changes gy in place"),
    Mutant("concatenate", "y in float64", "stable", _wide(concatenate()), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("concatenate", "split along the first axis", "gradient", concatenate(
        ga=lambda gy, a, b, axis: gy[: len(a)], gb=lambda gy, a, b, axis: gy[len(a) :]), diagnosis="ga and gb are cut from gy along axis 0, whatever axis is"),
    Mutant("concatenate", "split along the last axis", "gradient", concatenate(
        ga=lambda gy, a, b, axis: gy[..., : a.shape[-1]], gb=lambda gy, a, b, axis: gy[..., -b.shape[-1] :]), diagnosis="ga is cut from gy along the last axis, whatever axis is"),
    Mutant("concatenate", "cut at a's first length", "gradient", concatenate(
        ga=lambda gy, a, b, axis: np.split(gy, [len(a)], axis)[0], gb=lambda gy, a, b, axis: np.split(gy, [len(a)], axis)[1]), diagnosis="ga has shape"),
    Mutant("concatenate", "gb one too far", "gradient", concatenate(
        gb=lambda gy, a, b, axis: np.take(gy, range(a.shape[axis] - 1, gy.shape[axis] - 1), axis)), diagnosis="gb is cut from gy one place before where it should be, along axis"),

    Mutant("take", "one row further", "forward", take(y=lambda x, indices: x[indices - 1]), diagnosis="y is what indices - 1 in place of indices would give"),
    Mutant("take", "sorted", "forward", take(y=lambda x, indices: x[np.sort(indices, axis=None).reshape(indices.shape)]), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("take", "entries instead of rows", "forward", take(y=np.take), diagnosis="y is wrong only where x has more than 1 dimension"),
    Mutant("take", "assigned", "gradient", take(gx=_taken_into_rows), diagnosis="in gx, contributions overwrite each other instead of adding up: only the last one stays (repeated indices?)"),
    Mutant("take", "+= at indices", "gradient", take(gx=_added_to_rows), diagnosis="in gx, contributions overwrite each other instead of adding up: only the last one stays (repeated indices?)"),
    Mutant("take", "first of the repeated", "gradient", take(gx=_first_taken), diagnosis="in gx, only the first of several contributions is kept, but they add up (repeated indices?)"),
    Mutant("take", "averaged over the repeated", "gradient", take(gx=_averaged_over_takes), diagnosis="in gx, contributions are averaged, but they add up (repeated indices?)"),
    Mutant("take", "into distinct rows", "gradient", take(gx=_into_distinct_rows), diagnosis="gx is wrong only where indices skip a number"),
    Mutant("take", "gy itself", "gradient", take(gx=lambda gy, x, indices: gy), diagnosis="gx is gy itself, in the shape of y, but should have that of x"),
    Mutant("take", "gy ignored", "gradient", take(gx=lambda gy, x, indices: _added_up(np.ones_like(gy), x, indices)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("take", "taken again", "gradient", take(gx=lambda gy, x, indices: np.resize(gy, x.shape))),
    Mutant("take", "times x", "gradient", take(gx=lambda gy, x, indices: _added_up(gy, x, indices) * x), diagnosis="in gx, there is a factor x too many"),
    Mutant("take", "not cleared between calls of grad", "pure", _forgets_to_clear_its_rows, diagnosis="gx accumulates: called again, grad returns twice as much"),
    Mutant("take", "rows in one buffer", "pure", Stateful(_in_a_buffer_of_rows), diagnosis="a gradient is overwritten by a later call"),
    Mutant("take", "zeros in float64", "stable", take(gx=lambda gy, x, indices: _added_up(gy, np.zeros(x.shape), indices)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("take", "added up row by row of indices", "gradient", take(gx=_along_the_first_axes), diagnosis="TypeError: iteration over a 0-d array"),

    Mutant("where", "branches exchanged", "forward", where(y=lambda c, a, b: np.where(c, b, a)), diagnosis="y is what you get with a and b exchanged"),
    Mutant("where", "0 in place of b", "forward", where(y=lambda c, a, b: np.where(c, a, 0 * b)), diagnosis="y is what b = 0 would give: b is not used"),
    Mutant("where", "gy to both", "gradient", where(ga=lambda gy, *_: gy, gb=lambda gy, *_: gy), diagnosis="ga and gb are gy, added up in the input's shape: the derivative of the operation is missing"),
    Mutant("where", "gradients exchanged", "gradient", where(
        ga=lambda gy, c, a, b: np.where(c, 0, gy), gb=lambda gy, c, a, b: np.where(c, gy, 0)), diagnosis="ga and gb are what ~condition in place of condition would give: True and False are exchanged"),
    Mutant("where", "gb masked like ga", "gradient", where(gb=lambda gy, c, a, b: np.where(c, gy, 0)), diagnosis="gb is what ~condition in place of condition would give: True and False are exchanged"),
    Mutant("where", "gy ignored", "gradient", where(ga=lambda gy, c, a, b: np.where(c, np.ones_like(gy), 0)), diagnosis="ga is what gy = ones would give: gy is ignored"),
    Mutant("where", "ga times a", "gradient", where(ga=lambda gy, c, a, b: np.where(c, gy * a, 0)), diagnosis="in ga, there is a factor a too many"),
    Mutant("where", "not summed back", "gradient", where(back=_back_not_summed), diagnosis="ga and gb are not summed over the axes along which the input was broadcast"),
    Mutant("where", "summed over the axes of length 1 only", "gradient", where(back=_back_ones_only), diagnosis="ga and gb are summed over the axes where the input has length 1, but not over those that it lacks"),
    Mutant("where", "averaged back", "gradient", where(back=_back_averaged), diagnosis="ga and gb are averaged over the axes along which the input was broadcast: mean instead of sum?"),
    Mutant("where", "a third gradient", "gradient", where(grads=lambda ga, gb: (ga, gb, gb)), diagnosis="grad returns 3 gradients, number 3 is too many: only ga and gb are due"),
    Mutant("where", "reads the last call's condition", "pure", _of_last_call(where()), diagnosis="grad reads the last call's inputs"),
    Mutant("where", "zeros in float64", "stable", where(ga=lambda gy, c, a, b: np.where(c, gy, np.zeros(gy.shape))), diagnosis="ga has dtype float64, but should be float32, like the inputs"),
    Mutant("where", "1 - condition", "stable", where(gb=lambda gy, c, a, b: gy * (1 - c)), diagnosis="gb has dtype float64, but should be float32, like the inputs"),
    Mutant("where", "both masked by products, added", "forward", where(y=lambda c, a, b: c * a + b)),
    Mutant("where", "np.where of 1 and 0", "stable", where(ga=lambda gy, c, a, b: gy * np.where(c, 1, 0)), diagnosis="ga has dtype float64, but should be float32, like the inputs"),

    Mutant("cumsum", "from the end", "forward", cumsum(y=lambda x, axis: _from_the_end(x, x, axis)), diagnosis="y is computed from the other end of axis"),
    Mutant("cumsum", "last axis always", "forward", cumsum(y=lambda x, axis: np.cumsum(x, -1)), diagnosis="y is what axis = -1 would give: axis is not used"),
    Mutant("cumsum", "own place left out", "forward", cumsum(y=lambda x, axis: np.cumsum(x, axis) - x), diagnosis="x is subtracted from y once too often"),
    Mutant("cumsum", "from the start in grad", "gradient", cumsum(gx=lambda gy, x, axis: np.cumsum(gy, axis)), diagnosis="gx is what the operation itself makes of gy: that is forward once more"),
    Mutant("cumsum", "not turned back", "gradient", cumsum(gx=lambda gy, x, axis: np.cumsum(np.flip(gy, axis), axis)), diagnosis="gx is reversed along axis: turned once too often, or once too little"),
    Mutant("cumsum", "own place left out in grad", "gradient", cumsum(gx=lambda gy, x, axis: _from_the_end(gy, x, axis) - gy), diagnosis="gy is subtracted from gx once too often: its own place is left out"),
    Mutant("cumsum", "gy itself", "gradient", cumsum(gx=lambda gy, x, axis: gy), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("cumsum", "whole sum everywhere", "gradient", cumsum(gx=lambda gy, x, axis: np.broadcast_to(gy.sum(axis, keepdims=True), x.shape)), diagnosis="gx is gy's sum over the whole of axis, at every place"),
    Mutant("cumsum", "number of uses times gy", "gradient", cumsum(gx=lambda gy, x, axis: gy * _from_the_end(np.ones_like(gy), x, axis)), diagnosis="gx is gy times the gradient for gy = ones: that is right for elementwise operations only"),
    Mutant("cumsum", "last axis always in grad", "gradient", cumsum(gx=lambda gy, x, axis: _from_the_end(gy, x, -1)), diagnosis="gx is what axis = -1 would give: axis is not used"),
    Mutant("cumsum", "summed in x", "pure", _into_the_first(cumsum()), diagnosis="forward changes x in place"),
    Mutant("cumsum", "gradient in float64", "stable", _wide_gradients(cumsum()), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("cumsum", "turned along the first axis", "gradient", cumsum(gx=lambda gy, x, axis: np.flip(np.cumsum(np.flip(gy, 0), axis), 0)), diagnosis="gx is flipped along axis 0, whatever axis is"),
    Mutant("cumsum", "turned along the last axis", "gradient", cumsum(gx=lambda gy, x, axis: np.flip(np.cumsum(np.flip(gy, -1), axis), -1)), diagnosis="gx is flipped along the last axis, whatever axis is"),
    Mutant("cumsum", "mean so far", "forward", cumsum(y=lambda x, axis: np.cumsum(x, axis) / np.cumsum(np.ones_like(x), axis)), diagnosis="y is that of the mean of the entries so far"),
]
# fmt: on


# Other right ways back to the shape of an argument.


def _back_axis_by_axis(g, shape):
    while g.ndim > len(shape):
        g = g.sum(0)
    for axis, n in enumerate(shape):
        g = g.sum(axis, keepdims=True) if n == 1 else g
    return g


def _back_by_einsum(g, shape):
    front = g.ndim - len(shape)
    stay = [front + axis for axis, n in enumerate(shape) if n > 1]
    return np.einsum(g, list(range(g.ndim)), stay).reshape(shape)


def _back_by_counting(g, shape):
    """Numbers the argument's entries, and adds up what belongs to each number."""
    numbers = np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), g.shape)
    return np.bincount(numbers.ravel(), g.ravel(), math.prod(shape)).astype(g.dtype).reshape(shape)


def _back_use_by_use(g, shape):
    total = np.zeros(shape, g.dtype)
    for at in np.ndindex(g.shape):
        place = at[g.ndim - len(shape) :]
        total[tuple(0 if n == 1 else i for i, n in zip(place, shape, strict=True))] += g[at]
    return total


def _matrix_by_matrix(a, b):
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    wide_a, wide_b = np.broadcast_to(a, shape + a.shape[-2:]), np.broadcast_to(b, shape + b.shape[-2:])
    y = np.empty((*shape, a.shape[-2], b.shape[-1]), a.dtype)
    for at in np.ndindex(shape):
        y[at] = wide_a[at] @ wide_b[at]

    def grad(gy):
        ga, gb = np.empty(wide_a.shape, a.dtype), np.empty(wide_b.shape, b.dtype)
        for at in np.ndindex(shape):
            ga[at], gb[at] = gy[at] @ wide_b[at].T, wide_a[at].T @ gy[at]
        return _matmul_back(ga, a.shape), _matmul_back(gb, b.shape)

    return y, grad


def _lead(a, b):
    return np.broadcast_shapes(a.shape[:-2], b.shape[:-2])


def _restored_by_lengths(gy, x, axis, keepdims):
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    lengths = list(x.shape)
    for a in axes:
        lengths[a] = 1
    return gy.reshape(lengths)


def _largest_axis_first(ufunc: Callable) -> Callable:
    """Reduces one axis after the other."""

    def y(x, axis, keepdims):
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        for a in sorted((a % x.ndim for a in axes), reverse=True):
            x = ufunc.reduce(x, a, keepdims=keepdims)
        return x

    return y


def _winner(x, axis, choose: Callable):
    """1 at one of those that tie, the first (np.min) or the last (np.max) in order, else 0."""
    numbers = np.arange(x.size).reshape(x.shape)
    tied = np.where(_ties(x, axis), numbers, x.size if choose is np.min else -1)
    return (tied == choose(tied, axis=axis, keepdims=True)).astype(x.dtype)


def _unevenly(x, axis):
    """Weights that grow with the place among those that tie."""
    weights = 1 + np.arange(x.size, dtype=x.dtype).reshape(x.shape)
    return _shared(weights * _ties(x, axis), axis)


def _sum_entry_by_entry(x, axis, keepdims):
    y = np.zeros(np.sum(x, axis, keepdims=True).shape, x.dtype)
    for at in np.ndindex(x.shape):
        y[tuple(min(i, n - 1) for i, n in zip(at, y.shape, strict=True))] += x[at]
    return y.reshape(np.sum(x, axis, keepdims=keepdims).shape)


def _max_entry_by_entry(x, axis, keepdims):
    y = np.full(np.sum(x, axis, keepdims=True).shape, -np.inf, x.dtype)
    for at in np.ndindex(x.shape):
        place = tuple(min(i, n - 1) for i, n in zip(at, y.shape, strict=True))
        y[place] = max(y[place], x[at])
    return y.reshape(np.sum(x, axis, keepdims=keepdims).shape)


def _var_by_both_paths(g, x, axis):
    """The gradient of the square, and what goes through the mean, though it adds up to nothing."""
    n, deviation = _count(x, axis), _deviation(x, axis)
    g_deviation = 2 * g * deviation / n
    return g_deviation - g_deviation.mean(axis, keepdims=True)


def _var_about_a_pivot(x, axis, keepdims):
    """Moves x near 0 first, where the mean of squares does not cancel so badly, and twice."""
    moved = _deviation(_deviation(x, axis), axis)
    y = (moved * moved).mean(axis, keepdims=True)
    return y if keepdims else y.squeeze(axis)


def _by_exchanges(x, axes):
    """Puts one axis after the other into its place."""
    order = list(range(x.ndim))
    for place, axis in enumerate(axes):
        other = order.index(axis)
        x = x.swapaxes(place, other)
        order[place], order[other] = order[other], order[place]
    return x


def _entry_to_entry(x, shape):
    y = np.empty(math.prod(shape), x.dtype)
    for number, value in enumerate(x.flat):
        y[number] = value
    return y.reshape(shape)


def _filled(gy, x, shape):
    gx = np.empty_like(x)
    gx.flat = gy.ravel()
    return gx


def _joined_in_room(a, b, axis):
    shape = list(a.shape)
    shape[axis] += b.shape[axis]
    y = np.empty(shape, a.dtype)
    np.moveaxis(y, axis, 0)[: a.shape[axis]] = np.moveaxis(a, axis, 0)
    np.moveaxis(y, axis, 0)[a.shape[axis] :] = np.moveaxis(b, axis, 0)
    return y


def _sorted_and_added(gy, x, indices):
    """Sorts the rows of gy by index, and adds up each run of equal ones."""
    gx, flat, rows = np.zeros_like(x), indices.ravel(), gy.reshape(-1, *x.shape[1:])
    order = np.argsort(flat, kind="stable")
    taken, starts = np.unique(flat[order], return_index=True)
    gx[taken] = np.add.reduceat(rows[order], starts, axis=0)
    return gx


def _row_by_row(gy, x, indices):
    gx = np.zeros_like(x)
    for at in np.ndindex(indices.shape):
        gx[indices[at]] += gy[at]
    return gx


def _by_one_hot(gy, x, indices):
    one_hot = (indices.ravel()[:, None] == np.arange(len(x))).astype(x.dtype)
    return (one_hot.T @ gy.reshape(indices.size, -1)).reshape(x.shape)


def _masked(gy, keep):
    gx = np.zeros_like(gy)
    gx[keep] = gy[keep]
    return gx


def _copied_where(c, a, b):
    y = np.empty(np.broadcast_shapes(c.shape, a.shape, b.shape), a.dtype)
    np.copyto(y, b)
    np.copyto(y, a, where=c)
    return y


def _summed_along(x, axis):
    return np.moveaxis(np.array(list(accumulate(np.moveaxis(x, axis, 0)))), 0, axis)


def _backwards(gy, x, axis):
    rows = np.moveaxis(gy, axis, 0)
    return np.moveaxis(np.cumsum(rows[::-1], axis=0)[::-1], 0, axis)


def _by_triangle(gy, x, axis):
    n = x.shape[axis]
    return np.moveaxis(np.tensordot(np.triu(np.ones((n, n), x.dtype)), gy, (1, axis)), 0, axis)


def _cumsum_entry_by_entry(x, axis):
    y = x.copy()
    rows = np.moveaxis(y, axis, 0)
    for at in np.ndindex(rows.shape):
        if at[0]:
            rows[at] += rows[(at[0] - 1, *at[1:])]
    return y


# fmt: off
RIGHT = [
    Alternative("add", "axis by axis", add(back=_back_axis_by_axis)),
    Alternative("add", "einsum", add(back=_back_by_einsum)),
    Alternative("add", "by counting", add(back=_back_by_counting)),
    Alternative("add", "use by use", add(back=_back_use_by_use), slow=True),

    Alternative("multiply", "axis by axis", multiply(back=_back_axis_by_axis)),
    Alternative("multiply", "einsum", multiply(back=_back_by_einsum, y=lambda a, b: np.einsum("...,...->...", a, b))),
    Alternative("multiply", "by counting, a list", multiply(back=_back_by_counting, grads=lambda ga, gb: [ga, gb])),
    Alternative("multiply", "use by use", multiply(back=_back_use_by_use), slow=True),

    Alternative("divide", "times the reciprocal", divide(
        y=lambda a, b: a * (1 / b), ga=lambda gy, a, b: gy * (1 / b), gb=lambda gy, a, b: gy * a * -(1 / b) ** 2)),
    Alternative("divide", "by y", divide(gb=lambda gy, a, b: -gy * (a / b) / b, back=_back_by_einsum)),
    Alternative("divide", "by counting", divide(back=_back_by_counting)),
    Alternative("divide", "use by use", divide(back=_back_use_by_use), slow=True),

    Alternative("matmul", "copied along the leading axes first", matmul(
        y=lambda a, b: np.matmul(*(v + np.zeros((*lead, 1, 1), v.dtype) for lead in [_lead(a, b)] for v in (a, b))))),
    Alternative("matmul", "transposed twice", matmul(
        y=lambda a, b: np.swapaxes(np.swapaxes(b, -1, -2) @ np.swapaxes(a, -1, -2), -1, -2),
        ga=lambda gy, a, b: np.swapaxes(b @ np.swapaxes(gy, -1, -2), -1, -2))),
    Alternative("matmul", "einsum", matmul(
        y=lambda a, b: np.einsum("...ik,...kj->...ij", a, b, optimize=True),
        ga=lambda gy, a, b: np.einsum("...ij,...kj->...ik", gy, b, optimize=True),
        gb=lambda gy, a, b: np.einsum("...ik,...ij->...kj", a, gy, optimize=True))),
    Alternative("matmul", "matrix by matrix", _matrix_by_matrix, slow=True),
    Alternative("matmul", "leading axes one by one", matmul(
        back=lambda g, shape: _back_axis_by_axis(g, (*shape[:-2], *(n if n > 1 else -1 for n in shape[-2:]))))),

    Alternative("reduce_sum", "a new array", reduce_sum(gx=lambda g, x, axis: g * np.ones_like(x))),
    Alternative("reduce_sum", "lengths set to 1", reduce_sum(restore=_restored_by_lengths)),
    Alternative("reduce_sum", "axis by axis", reduce_sum(y=_largest_axis_first(np.add), gx=lambda g, x, axis: np.zeros_like(x) + g)),
    Alternative("reduce_sum", "entry by entry", reduce_sum(y=_sum_entry_by_entry), slow=True),

    Alternative("reduce_mean", "sum over count", reduce_mean(
        y=lambda x, axis, keepdims: x.sum(axis, keepdims=keepdims) / _count(x, axis), gx=lambda g, x, axis: g * np.ones_like(x) / _count(x, axis))),
    Alternative("reduce_mean", "lengths set to 1", reduce_mean(restore=_restored_by_lengths)),
    Alternative("reduce_mean", "axis by axis", reduce_mean(
        y=lambda x, axis, keepdims: _largest_axis_first(np.add)(x, axis, keepdims) / _count(x, axis), gx=lambda g, x, axis: np.full_like(x, 1 / _count(x, axis)) * g)),
    Alternative("reduce_mean", "entry by entry", reduce_mean(
        y=lambda x, axis, keepdims: _sum_entry_by_entry(x, axis, keepdims) / _count(x, axis)), slow=True),

    Alternative("reduce_max", "even shares", reduce_max()),
    Alternative("reduce_max", "the first wins", reduce_max(gx=lambda g, x, axis: g * _winner(x, axis, np.min))),
    Alternative("reduce_max", "the last wins", reduce_max(gx=lambda g, x, axis: g * _winner(x, axis, np.max))),
    Alternative("reduce_max", "uneven shares", reduce_max(gx=lambda g, x, axis: g * _unevenly(x, axis), y=_largest_axis_first(np.maximum))),
    Alternative("reduce_max", "nine tenths to the last", reduce_max(
        gx=lambda g, x, axis: g * (x.dtype.type(0.9) * _winner(x, axis, np.max) + x.dtype.type(0.1) * _shared(_ties(x, axis).astype(x.dtype), axis)))),

    Alternative("reduce_var", "np.var", reduce_var()),
    Alternative("reduce_var", "both paths", reduce_var(gx=_var_by_both_paths)),
    Alternative("reduce_var", "moved to 0 twice", reduce_var(y=_var_about_a_pivot, restore=_restored_by_lengths)),
    Alternative("reduce_var", "mean of squared deviations", reduce_var(
        y=lambda x, axis, keepdims: np.square(_deviation(x, axis)).mean(axis, keepdims=keepdims),
        gx=lambda g, x, axis: (g + g) / _count(x, axis) * _deviation(x, axis))),

    Alternative("transpose", "argsort, a view", transpose()),
    Alternative("transpose", "einsum", transpose(
        y=lambda x, axes: np.einsum(x, list(range(x.ndim)), list(axes)), gx=lambda gy, x, axes: np.einsum(gy, list(axes), list(range(x.ndim))))),
    Alternative("transpose", "axes exchanged in turn", transpose(
        y=_by_exchanges, gx=lambda gy, x, axes: _by_exchanges(gy, [list(axes).index(k) for k in range(x.ndim)]))),
    Alternative("transpose", "moved", transpose(
        y=lambda x, axes: np.moveaxis(x, axes, range(x.ndim)), gx=lambda gy, x, axes: np.moveaxis(gy, range(x.ndim), axes))),

    Alternative("reshape", "a view", reshape()),
    Alternative("reshape", "filled in", reshape(y=lambda x, shape: np.array(x).ravel().reshape(shape), gx=_filled)),
    Alternative("reshape", "from bytes", reshape(
        y=lambda x, shape: np.frombuffer(x.tobytes(), x.dtype).reshape(shape), gx=lambda gy, x, shape: np.frombuffer(gy.tobytes(), x.dtype).reshape(x.shape))),
    Alternative("reshape", "both transposed", reshape(y=lambda x, shape: x.T.reshape(shape[::-1], order="F").T)),
    Alternative("reshape", "entry to entry", reshape(y=_entry_to_entry), slow=True),

    Alternative("broadcast_to", "a read-only view", broadcast_to()),
    Alternative("broadcast_to", "added to zeros", broadcast_to(
        y=lambda x, shape: x + np.zeros(shape, x.dtype), gx=lambda gy, x, shape: _back_axis_by_axis(gy, x.shape))),
    Alternative("broadcast_to", "einsum", broadcast_to(
        y=lambda x, shape: np.array(np.broadcast_to(x, shape)), gx=lambda gy, x, shape: _back_by_einsum(gy, x.shape))),
    Alternative("broadcast_to", "by counting", broadcast_to(gx=lambda gy, x, shape: _back_by_counting(gy, x.shape))),
    Alternative("broadcast_to", "use by use", broadcast_to(gx=lambda gy, x, shape: _back_use_by_use(gy, x.shape)), slow=True),

    Alternative("concatenate", "views of gy", concatenate()),
    Alternative("concatenate", "into an empty array", concatenate(y=_joined_in_room)),
    Alternative("concatenate", "taken by numbers", concatenate(
        ga=lambda gy, a, b, axis: np.take(gy, range(a.shape[axis]), axis),
        gb=lambda gy, a, b, axis: np.delete(gy, range(a.shape[axis]), axis), grads=lambda ga, gb: [ga, gb])),
    Alternative("concatenate", "moved to the front", concatenate(
        y=lambda a, b, axis: np.moveaxis(np.concatenate([np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)]), 0, axis),
        ga=lambda gy, a, b, axis: np.moveaxis(np.moveaxis(gy, axis, 0)[: a.shape[axis]], 0, axis),
        gb=lambda gy, a, b, axis: np.moveaxis(np.moveaxis(gy, axis, 0)[-b.shape[axis] :], 0, axis))),

    Alternative("take", "np.take", take(y=lambda x, indices: np.take(x, indices, axis=0))),
    Alternative("take", "sorted, then added up by runs", take(gx=_sorted_and_added)),
    Alternative("take", "one-hot matrix", take(gx=_by_one_hot)),
    Alternative("take", "row by row", take(gx=_row_by_row), slow=True),
    Alternative("take", "a loop over all entries", take(
        gx=lambda gy, x, indices: _entry_to_entry(_row_by_row(gy, x, indices), x.shape)), slow=True),

    Alternative("where", "masked by arithmetic", where(
        y=lambda c, a, b: c * a + ~c * b, ga=lambda gy, c, a, b: gy * c, gb=lambda gy, c, a, b: gy - gy * c)),
    Alternative("where", "copied over", where(y=_copied_where, back=_back_axis_by_axis)),
    Alternative("where", "picked by a mask", where(
        ga=lambda gy, c, a, b: _masked(gy, np.broadcast_to(c, gy.shape)), gb=lambda gy, c, a, b: _masked(gy, ~np.broadcast_to(c, gy.shape)))),
    Alternative("where", "use by use", where(back=_back_use_by_use), slow=True),

    Alternative("cumsum", "accumulate", cumsum(y=np.add.accumulate)),
    Alternative("cumsum", "moved to the front", cumsum(gx=_backwards)),
    Alternative("cumsum", "slice by slice", cumsum(y=_summed_along)),
    Alternative("cumsum", "triangle of ones", cumsum(gx=_by_triangle)),
    Alternative("cumsum", "entry by entry", cumsum(y=_cumsum_entry_by_entry), slow=True),
]

SLOW = [
    Alternative("reduce_max", "entry by entry", reduce_max(y=_max_entry_by_entry), slow=True),
]
# fmt: on
