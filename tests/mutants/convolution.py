"""Level 6: known wrong and known right implementations of convolution and pooling.

An operation is built of named parts, computed one after another, forward and then backward. A part gets `v`, which holds
the inputs and all that was computed before it; a row gives other parts. u holds the windows, (N, C, windows, positions in a
window); gu is its gradient, and `_added` brings it back to where the windows were taken.
"""

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tests.mutants import Alternative, Mutant, built


def _taken(x, sizes, stride, padding=0):
    """The windows over the last axes."""
    sides = len(sizes)
    x = np.pad(x, [(0, 0)] * (x.ndim - sides) + [(padding, padding)] * sides)
    axes = tuple(range(x.ndim - sides, x.ndim))
    return sliding_window_view(x, sizes, axes)[(..., *[slice(None, None, stride)] * sides, *[slice(None)] * sides)]


def _offsets(gu, sides):
    """For each position in a window: its index, and the gradient there, (N, C, windows)."""
    for at in np.ndindex(gu.shape[gu.ndim - sides :]):
        yield at, gu[(..., *at)]


def _on_padded(gu, shape, stride, padding, *, overwrite=False):
    """The gradient of the padded image of this shape without its padding: what the windows bring, added up."""
    sides = (gu.ndim - 2) // 2
    gx = np.zeros((*shape[:-sides], *(n + 2 * padding for n in shape[-sides:])), gu.dtype)
    for at, g in _offsets(gu, sides):
        place = (..., *(slice(a, a + stride * (n - 1) + 1, stride) for a, n in zip(at, g.shape[2:], strict=True)))
        gx[place] = g if overwrite else gx[place] + g
    return gx


def _inner(gx, shape, start):
    """The part of this shape that begins there along each of the axes that are longer."""
    return gx[tuple(slice(start, start + n) if n < m else slice(None) for n, m in zip(shape, gx.shape, strict=True))]


def _added(v, gu, **how):
    return _inner(_on_padded(gu, v.x.shape, v.stride, v.padding, **how), v.x.shape, v.padding)


def _convolution(letters: str) -> Callable:
    """The builder of a convolution. `letters`: those of the windows, of the kernel and of y."""
    u, w, y = letters.split()
    sides = len(y) - 2
    return built(
        "x w b stride padding",
        "gx gw gb",
        **{
            "letters": lambda v: (u, w, y),
            "back": lambda v: lambda gy, kernel: np.einsum(f"{y},{w}->{u}", gy, kernel),
            "product_with": lambda v: lambda gy: np.einsum(f"{y},{u}->{w}", gy, v.u),
            "sizes": lambda v: v.w.shape[-sides:],
            "u": lambda v: _taken(v.x, v.sizes, v.stride, v.padding),
            "product": lambda v: np.einsum(f"{u},{w}->{y}", v.u, v.w),
            "bias": lambda v: v.b.reshape(-1, *[1] * sides),
            "y": lambda v: v.product + v.bias,
            "gu": lambda v: v.back(v.gy, v.w),
            "gx": lambda v: _added(v, v.gu),
            "gw": lambda v: v.product_with(v.gy),
            "gb": lambda v: v.gy.sum((0, *range(2, 2 + sides))),
        },
    )


conv1d = _convolution("ncpk ock nop")
conv2d = _convolution("ncpqjk ocjk nopq")
depthwise_conv2d = _convolution("ncpqjk cjk ncpq")


def _stamped(stamps, stride, **how):
    """What the stamps (N, O, H, W, J, K) make where they lie."""
    shape = (
        *stamps.shape[:2],
        *(stride * (n - 1) + k for n, k in zip(stamps.shape[2:4], stamps.shape[4:], strict=True)),
    )
    return _on_padded(stamps, shape, stride, 0, **how)


def _of_the_padding(y, v, start):
    """y without twice the padding along its last two axes, from there on."""
    return y[(..., *(slice(start, start + n - 2 * v.padding) for n in y.shape[2:]))]


conv_transpose2d = built(
    "x w b stride padding",
    "gx gw gb",
    **{
        "sizes": lambda v: v.w.shape[2:],
        "stamps": lambda v: np.einsum("nchv,cojk->nohvjk", v.x, v.w),
        "whole": lambda v: _stamped(v.stamps, v.stride),
        "bias": lambda v: v.b[:, None, None],
        "y": lambda v: _of_the_padding(v.whole, v, v.padding) + v.bias,
        "gu": lambda v: _taken(v.gy, v.sizes, v.stride, v.padding),
        "gx": lambda v: np.einsum("nohvjk,cojk->nchv", v.gu, v.w),
        "gw": lambda v: np.einsum("nohvjk,nchv->cojk", v.gu, v.x),
        "gb": lambda v: v.gy.sum((0, 2, 3)),
    },
)


def _pooled_into(v, weights):
    """gx where each window sends gy to its positions by these weights, (N, C, windows, positions in a row)."""
    gu = (v.gy[..., None] * weights).reshape(*v.gy.shape, v.size, v.size)
    return _on_padded(gu.astype(v.x.dtype), v.x.shape, v.stride, 0)


def _winner(v, t):
    """1 for position t of each window, 0 for the others."""
    return np.arange(v.size**2) == t[..., None]


def _pool(y: Callable, weights: Callable) -> Callable:
    return built(
        "x size stride",
        "gx",
        **{
            "u": lambda v: _taken(v.x, (v.size, v.size), v.stride).reshape(
                *_taken(v.x, (v.size, v.size), v.stride).shape[:4], -1
            ),
            "y": y,
            "g_weights": weights,
            "gx": lambda v: _pooled_into(v, v.g_weights),
        },
    )


max_pool2d = _pool(lambda v: v.u.max(-1), lambda v: _winner(v, v.u.argmax(-1)))
avg_pool2d = _pool(lambda v: v.u.mean(-1), lambda v: np.full(v.u.shape, v.x.dtype.type(1 / v.size**2)))


def _with(operation: Callable, changed: Callable) -> Callable:
    """The operation for changed arguments."""
    return lambda *inputs: operation(*changed(*inputs))


def _flip(w, sides):
    return w[(..., *[slice(None, None, -1)] * sides)]


def _stride_1_in_gx(v):
    """Adds the windows' gradients where they would lie with stride 1."""
    return _inner(_on_padded(v.gu, v.x.shape, 1, v.padding), v.x.shape, v.padding)


def _stride_1_in_gw(v):
    """Takes as many windows as there are in gy, but side by side."""
    v.u = _inner(_taken(v.x, v.sizes, 1, v.padding), v.u.shape, 0)
    return v.product_with(v.gy)


def _windows_one_by_one(v, *, add: bool):
    """gx by a loop over windows: added, or put over each other."""
    gx = np.zeros((*v.x.shape[:2], *(n + 2 * v.padding for n in v.x.shape[2:])), v.gy.dtype)
    for at in np.ndindex(v.gy.shape[2:]):
        place = (..., *(slice(v.stride * a, v.stride * a + k) for a, k in zip(at, v.sizes, strict=True)))
        part = v.gu[(slice(None), slice(None), *at)]
        gx[place] = gx[place] + part if add else part
    return _inner(gx, v.x.shape, v.padding)


def _edges(v):
    """Windows of an image that is padded with its own edges."""
    x = np.pad(v.x, [(0, 0), (0, 0), *[(v.padding, v.padding)] * len(v.sizes)], mode="edge")
    return _taken(x, v.sizes, v.stride)


def _without_the_last(y, sides):
    return y[(..., *[slice(-1)] * sides)]


def _dilated(v, *, flip: bool = True, rest: bool = True):
    """gx as the full correlation of gy, with zeros between its entries, and the flipped kernel.

    `rest`: with zeros behind for the positions at the end that no window reaches.
    """
    sides, (u, w, y) = len(v.sizes), v.letters
    lengths = [n + 2 * v.padding + k - 1 for n, k in zip(v.x.shape[2:], v.sizes, strict=True)]
    if not rest:
        lengths = [v.stride * (n - 1) + 2 * k - 1 for n, k in zip(v.gy.shape[2:], v.sizes, strict=True)]
    wide = np.zeros((*v.gy.shape[:2], *lengths), v.gy.dtype)
    at = (slice(k - 1, k + v.stride * (n - 1), v.stride) for k, n in zip(v.sizes, v.gy.shape[2:], strict=True))
    wide[(..., *at)] = v.gy
    kernel = _flip(v.w, sides) if flip else v.w
    gx = np.einsum(f"{y}{u[2 + sides :]},{w}->{u[: 2 + sides]}", _taken(wide, v.sizes, 1), kernel)
    return gx[(..., *(slice(v.padding, n - v.padding) for n in gx.shape[2:]))]


def _by_positions(letters: str) -> Callable:
    """A convolution as a sum over the positions in the kernel, forward and backward, without an array of windows."""
    u, w, y = letters.split()
    sides = len(y) - 2
    x, k = u[: 2 + sides], w[:-sides]

    def operation(x_, w_, b, stride, padding):
        xp = np.pad(x_, [(0, 0), (0, 0), *[(padding, padding)] * sides])
        counts = [(n - m) // stride + 1 for n, m in zip(xp.shape[2:], w_.shape[-sides:], strict=True)]
        places = {
            at: (..., *(slice(a, a + stride * n, stride) for a, n in zip(at, counts, strict=True)))
            for at in np.ndindex(w_.shape[-sides:])
        }
        out = sum(np.einsum(f"{x},{k}->{y}", xp[place], w_[(..., *at)]) for at, place in places.items())

        def grad(gy):
            gxp, gw = np.zeros_like(xp), np.zeros_like(w_)
            for at, place in places.items():
                gw[(..., *at)] = np.einsum(f"{x},{y}->{k}", xp[place], gy)
                gxp[place] += np.einsum(f"{y},{k}->{x}", gy, w_[(..., *at)])
            return _inner(gxp, x_.shape, padding), gw, gy.sum((0, *range(2, gy.ndim)))

        return out + b.reshape(-1, *[1] * sides), grad

    return operation


def _indexed(v) -> tuple:
    """The padded image in one row, and for each window where its positions are there."""
    sides = len(v.sizes)
    xp = np.pad(v.x, [(0, 0), (0, 0), *[(v.padding, v.padding)] * sides])
    numbers = np.arange(int(np.prod(xp.shape[2:]))).reshape(xp.shape[2:])
    return xp.reshape(*xp.shape[:2], -1), _taken(numbers, v.sizes, v.stride), xp.shape


def _added_at(v):
    flat, at, shape = _indexed(v)
    gx = np.zeros_like(flat)
    np.add.at(gx, (slice(None), slice(None), at), v.gu)
    return _inner(gx.reshape(shape), v.x.shape, v.padding)


def _by_jacobian(operation: Callable) -> Callable:
    """gx by the whole Jacobian, found by sending each entry of x forward: y is linear in x."""

    def with_jacobian(x, w, b, *others):
        y, grad = operation(x, w, b, *others)
        units = np.eye(x.size, dtype=x.dtype).reshape(x.size, *x.shape)
        jacobian = np.stack([operation(unit, w, 0 * b, *others)[0] for unit in units])
        return y, lambda gy: (np.tensordot(jacobian, gy, gy.ndim).reshape(x.shape).astype(x.dtype), *grad(gy)[1:])

    return with_jacobian


def _into_one_gx(operation: Callable) -> Callable:
    """Adds each gradient up in an array that is made forward, and not cleared between two calls of grad."""

    def adding(*inputs):
        y, grad = operation(*inputs)
        total = np.zeros_like(inputs[0])

        def added(gy):
            nonlocal total
            gx, *others = grad(gy)
            total = total + gx
            return total, *others

        return y, added

    return adding


def _stride_1_in_gu(v):
    """Windows of gy side by side, as many as there are pixels."""
    shape = (*v.gy.shape[:2], *v.x.shape[2:], *v.sizes)
    return _inner(_taken(v.gy, v.sizes, 1, v.padding), shape, 0)


def _gy_at_the_beginning(v):
    """Windows of gy, with the zeros around it all at its end."""
    gy = np.pad(v.gy, [(0, 0), (0, 0), *[(0, 2 * v.padding)] * 2])
    return _taken(gy, v.sizes, v.stride)


def _over_each_other(v):
    """Puts stamp after stamp onto y, over what was there."""
    (height, width), (rows, columns) = v.x.shape[2:], v.sizes
    y = np.zeros((*v.stamps.shape[:2], v.stride * (height - 1) + rows, v.stride * (width - 1) + columns), v.x.dtype)
    for h, w in np.ndindex(height, width):
        y[:, :, v.stride * h : v.stride * h + rows, v.stride * w : v.stride * w + columns] = v.stamps[:, :, h, w]
    return y


def _pixel_by_pixel(v):
    y = _stamped(np.zeros_like(v.stamps), v.stride)
    for h, w in np.ndindex(v.x.shape[2:]):
        place = tuple(slice(v.stride * a, v.stride * a + n) for a, n in zip((h, w), v.sizes, strict=True))
        y[(..., *place)] += v.stamps[:, :, h, w]
    return y


def _stretched(v):
    """The whole of y as a correlation of x, with zeros between its pixels and around, with the flipped kernel."""
    (height, width), (rows, columns) = v.x.shape[2:], v.sizes
    wide = np.zeros((*v.x.shape[:2], v.stride * (height - 1) + 1, v.stride * (width - 1) + 1), v.x.dtype)
    wide[:, :, :: v.stride, :: v.stride] = v.x
    wide = np.pad(wide, [(0, 0), (0, 0), (rows - 1, rows - 1), (columns - 1, columns - 1)])
    return np.einsum("ncpqjk,cojk->nopq", _taken(wide, v.sizes, 1), _flip(v.w, 2))


def _by_conv2d(x, w, b, stride, padding):
    """y is what a convolution sends back from x, and its gradients are what it says of gy."""
    sides = (stride * (n - 1) + k - 2 * padding for n, k in zip(x.shape[2:], w.shape[2:], strict=True))
    image, zeros = np.zeros((len(x), w.shape[1], *sides), x.dtype), np.zeros(len(w), x.dtype)
    y = conv2d()(image, w, zeros, stride, padding)[1](x)[0]

    def grad(gy):
        gx, back = conv2d()(gy, w, zeros, stride, padding)
        return gx, back(x)[1], gy.sum((0, 2, 3))

    return y + b[:, None, None], grad


def _stamped_at(v):
    """The whole of y by np.add.at, at the number of each pixel of each stamp."""
    whole = _stamped(np.zeros_like(v.stamps), v.stride)
    numbers = np.arange(whole[0, 0].size).reshape(whole.shape[2:])
    flat = whole.reshape(*whole.shape[:2], -1)
    np.add.at(flat, (slice(None), slice(None), _taken(numbers, v.sizes, v.stride)), v.stamps)
    return flat.reshape(whole.shape)


def _places(v, t):
    """Where in a plane, seen as one row, position t of each window is."""
    rows, columns = np.indices(t.shape[2:])
    return (v.stride * rows + t // v.size) * v.x.shape[3] + v.stride * columns + t % v.size


def _sent_to(v, places, *, add: bool = True):
    """gx where each window's gy goes to a place of its plane, added or put there."""
    gx = np.zeros((len(v.x) * v.x.shape[1], v.x[0, 0].size), v.x.dtype)
    planes = np.arange(len(gx))[:, None]
    if add:
        np.add.at(gx, (planes, places.reshape(len(gx), -1)), v.gy.reshape(len(gx), -1))
    else:
        gx[planes, places.reshape(len(gx), -1)] = v.gy.reshape(len(gx), -1)
    return gx.reshape(v.x.shape)


def _ties(v):
    return v.u == v.y[..., None]


def _shared_out(v, weights):
    """These weights at the maxima of each window, scaled so that they are 1 in all."""
    weights = np.where(_ties(v), weights, 0)
    return weights / weights.sum(-1, keepdims=True)


def _beyond_a_split(v):
    """Half as much again to the first of several maxima, and the half taken from the last."""
    first, last = _winner(v, v.u.argmax(-1)), _winner(v, v.size**2 - 1 - v.u[..., ::-1].argmax(-1))
    return 1.5 * first - 0.5 * last


def _winners_get_all(v):
    """What wins in any window gets the gy of all windows it lies in."""
    wins = _on_padded(_winner(v, v.u.argmax(-1)).reshape(*v.gy.shape, v.size, v.size) * 1, v.x.shape, v.stride, 0) > 0
    return _pooled_into(v, np.ones(v.u.shape)) * wins


def _once_a_window(v):
    """gx of an average, divided by the number of windows that an entry lies in."""
    count = _on_padded(np.ones((*v.gy.shape, v.size, v.size)), v.x.shape, v.stride, 0)
    return (_pooled_into(v, v.g_weights) / np.maximum(count, 1)).astype(v.x.dtype)


def _with_the_rest(fill):
    """Windows that may hang over the end of the image, as with ceil_mode."""

    def y(v):
        (height, width), size, stride = v.x.shape[2:], v.size, v.stride
        rest = [-(n - size) % stride for n in (height, width)]
        x = np.pad(v.x, [(0, 0), (0, 0), *[(0, r) for r in rest]], constant_values=fill)
        return _taken(x, (size, size), stride).max((4, 5))

    return y


def _side_by_side(v):
    """gx as if windows lay side by side, their size apart; what is beyond the image is lost."""
    part = (v.gy[..., None] * v.g_weights).reshape(*v.gy.shape, v.size, v.size)
    wide = part.swapaxes(3, 4).reshape(*v.gy.shape[:2], *(n * v.size for n in v.gy.shape[2:]))
    gx = np.zeros_like(v.x)
    _inner(gx, wide.shape, 0)[...] = _inner(wide, gx.shape, 0)
    return gx


def _largest_so_far(x, size, stride):
    """The maximum position by position, without an array of windows."""
    counts = [(n - size) // stride + 1 for n in x.shape[2:]]
    places = [
        (..., *(slice(a, a + stride * (n - 1) + 1, stride) for a, n in zip(at, counts, strict=True)))
        for at in np.ndindex(size, size)
    ]
    y = x[places[0]].copy()
    for place in places[1:]:
        np.maximum(y, x[place], out=y)

    def grad(gy):
        gx, left = np.zeros_like(x), np.ones(y.shape, bool)
        for place in places:
            here = left & (x[place] == y)
            gx[place] += np.where(here, gy, 0)
            left &= ~here
        return gx

    return y, grad


def _sum_of_positions(x, size, stride):
    """The mean position by position."""
    counts = [(n - size) // stride + 1 for n in x.shape[2:]]
    places = [
        (..., *(slice(a, a + stride * (n - 1) + 1, stride) for a, n in zip(at, counts, strict=True)))
        for at in np.ndindex(size, size)
    ]

    def grad(gy):
        gx = np.zeros_like(x)
        for place in places:
            gx[place] += gy / size**2
        return gx

    return sum(x[place] for place in places) / size**2, grad


def _by_matrices(x, size, stride):
    """A matrix for the rows and one for the columns, whose entries say what lies in which window."""

    def matrix(length):
        starts = stride * np.arange((length - size) // stride + 1)[:, None]
        inside = (starts <= np.arange(length)) & (np.arange(length) < starts + size)
        return inside.astype(x.dtype) / x.dtype.type(size)

    rows, columns = (matrix(n) for n in x.shape[2:])
    return rows @ x @ columns.T, lambda gy: rows.T @ gy @ columns


def _by_depthwise(x, size, stride):
    w, b = np.full((x.shape[1], size, size), 1 / size**2, x.dtype), np.zeros(x.shape[1], x.dtype)
    y, grad = depthwise_conv2d()(x, w, b, stride, 0)
    return y, lambda gy: grad(gy)[0]


def _pool_window_by_window(best: bool) -> Callable:
    def operation(x, size, stride):
        counts = [(n - size) // stride + 1 for n in x.shape[2:]]
        y = np.zeros((*x.shape[:2], *counts), x.dtype)
        for at in np.ndindex(y.shape):
            window = x[(*at[:2], *(slice(stride * a, stride * a + size) for a in at[2:]))]
            y[at] = window.max() if best else window.mean()

        def grad(gy):
            gx = np.zeros_like(x)
            for at in np.ndindex(y.shape):
                place = (*at[:2], *(slice(stride * a, stride * a + size) for a in at[2:]))
                if best:
                    j, k = np.unravel_index(x[place].argmax(), (size, size))
                    gx[place][j, k] += gy[at]
                else:
                    gx[place] += gy[at] / size**2
            return gx

        return y, grad

    return operation


# fmt: off
def _shared(op: str, build: Callable, but: tuple[str, ...] = ()) -> list[Mutant]:
    """What goes wrong in the same way however many axes the kernel has. `but`: what is not tried once more, by the first words of its name."""
    sides = 1 if op == "conv1d" else 2
    spatial = tuple(range(2, 2 + sides))
    axes = "its last axis" if sides == 1 else "its last two axes"
    due = "axes 0 and 2" if sides == 1 else "axes 0 and 2 and 3"
    rows = [
        Mutant(op, "a true convolution, the kernel flipped", "forward", _with(build(), lambda x, w, b, stride, padding: (x, _flip(w, sides), b, stride, padding)), diagnosis=f"y is what w reversed along {axes} would give"),
        Mutant(op, "the kernel flipped in gx", "gradient", build(gu=lambda v: v.back(v.gy, _flip(v.w, sides))), diagnosis=f"gx is what w reversed along {axes} would give"),
        Mutant(op, "gx as a correlation of gy with zeros between, the kernel not flipped", "gradient", build(gx=lambda v: _dilated(v, flip=False)), diagnosis=f"gx is what w reversed along {axes} would give"),
        Mutant(op, "gx as a correlation that forgets the rest at the end", "gradient", build(gx=lambda v: _dilated(v, rest=False)), diagnosis="gx is right, but ends too early where stride leaves a rest behind the last window"),
        Mutant(op, "gw flipped", "gradient", build(gw=lambda v: _flip(v.product_with(v.gy), sides)), diagnosis=f"gw is right, but reversed along {axes}"),
        Mutant(op, "stride forgotten", "forward", _with(build(), lambda x, w, b, stride, padding: (x, w, b, 1, padding)), diagnosis="y is what stride = 1 would give: stride is not used"),
        Mutant(op, "stride forgotten in gx", "gradient", build(gx=_stride_1_in_gx), diagnosis="gx is what stride = 1 would give: stride is not used"),
        Mutant(op, "stride forgotten in gw", "gradient", build(gw=_stride_1_in_gw), diagnosis="gw is what stride = 1 would give: stride is not used"),
        Mutant(op, "padding forgotten", "forward", _with(build(), lambda x, w, b, stride, padding: (x, w, b, stride, 0)), diagnosis="y is what padding = 0 would give: padding is not used"),
        Mutant(op, "padding not cut off gx", "gradient", build(gx=lambda v: _on_padded(v.gu, v.x.shape, v.stride, v.padding)), diagnosis="gx is the gradient of the padded x: what belongs to the padding is not cut off"),
        Mutant(op, "padding cut off at the end of gx only", "gradient", build(gx=lambda v: _inner(_on_padded(v.gu, v.x.shape, v.stride, v.padding), v.x.shape, 0)), diagnosis="in gx, what belongs to the padding is cut off at the end only, but should be at both ends"),
        Mutant(op, "padded with its edges", "forward", build(u=_edges), diagnosis="y is wrong only where padding > 0"),
        Mutant(op, "windows overwrite each other in gx", "gradient", build(gx=lambda v: _windows_one_by_one(v, add=False)), diagnosis="in gx, what overlapping windows bring should add up, but only that of the last one stays"),
        Mutant(op, "positions overwrite each other in gx", "gradient", build(gx=lambda v: _added(v, v.gu, overwrite=True)), diagnosis="in gx, what overlapping windows bring should add up, but only that of the first one stays"),
        Mutant(op, "the last window left out", "forward", build(y=lambda v: _without_the_last(v.product + v.bias, sides)), diagnosis="y lacks the last window"),
        Mutant(op, "bias forgotten", "forward", build(bias=lambda v: 0), diagnosis="y is what b = 0 would give: b is not used"),
        Mutant(op, "gb summed over the batch only", "gradient", build(gb=lambda v: v.gy.sum(0)), diagnosis=f"gb is gy summed over axis 0, but {due} are due"),
        Mutant(op, "gb summed over the positions only", "gradient", build(gb=lambda v: v.gy.sum(spatial)), diagnosis=f"but {due} are due"),
        Mutant(op, "gb averaged", "gradient", build(gb=lambda v: v.gy.mean((0, *spatial))), diagnosis="gb is n times too small, n the number of y's entries in a channel: mean instead of sum?"),
        Mutant(op, "gw averaged over the batch", "gradient", build(gw=lambda v: v.product_with(v.gy) / v.x.dtype.type(len(v.x))), diagnosis="gw is N times too small: mean instead of sum?"),
        Mutant(op, "gx added up between calls of grad", "pure", _into_one_gx(build()), diagnosis="accumul"),
        Mutant(op, "gx in an array of float64", "stable", build(gx=lambda v: np.zeros(v.x.shape) + _added(v, v.gu)), diagnosis="gx has dtype float64, but should be float32"),
    ]
    return [row for row in rows if not row.name.startswith(but or ("-",))]


def _right(op: str, build: Callable, letters: str) -> list[Alternative]:
    """Ways to write it that are right however many axes the kernel has."""
    return [
        Alternative(op, "einsum, and a loop over the kernel's positions for gx", build()),
        Alternative(op, "a loop over the kernel's positions throughout", _by_positions(letters)),
        Alternative(op, "gx as a correlation of gy with zeros between and the flipped kernel", build(gx=_dilated)),
        Alternative(op, "windows by their indices, np.add.at", build(u=lambda v: (f := _indexed(v))[0][:, :, f[1]], gx=_added_at)),
        Alternative(op, "window by window", build(gx=lambda v: _windows_one_by_one(v, add=True)), slow=True),
    ]


WRONG = [
    *_shared("conv1d", conv1d, ("gx as a correlation of", "padded with", "bias", "gw averaged", "gb summed over the pos", "padding not")),
    Mutant("conv1d", "gb summed over batch and channels", "gradient", conv1d(gb=lambda v: v.gy.sum((0, 1))), diagnosis="gb is gy summed over axes 0 and 1, but axes 0 and 2 are due"),
    Mutant("conv1d", "channels of the kernel exchanged in gx", "gradient", conv1d(gu=lambda v: np.einsum("nop,cok->ncpk", v.gy, v.w)), diagnosis="gx is what w with its first two axes exchanged would give"),

    *_shared("conv2d", conv2d, ("bias", "padding not", "gb summed over the pos", "gw averaged", "gx in", "gx added")),
    Mutant("conv2d", "gb summed over the batch and the rows only", "gradient", conv2d(gb=lambda v: v.gy.sum((0, 2))), diagnosis="but axes 0 and 2 and 3 are due"),
    Mutant("conv2d", "channels of the kernel exchanged in gx", "gradient", conv2d(gu=lambda v: np.einsum("nopq,cojk->ncpqjk", v.gy, v.w)), diagnosis="gx is what w with its first two axes exchanged would give"),
    Mutant("conv2d", "the kernel flipped in its columns only, in gx", "gradient", conv2d(gu=lambda v: v.back(v.gy, v.w[..., ::-1])), diagnosis="gx is what w reversed along its last axis would give"),
    Mutant("conv2d", "rows and columns of the kernel exchanged in gx", "gradient", conv2d(gu=lambda v: np.einsum("nopq,ockj->ncpqjk", v.gy, v.w)), diagnosis="gx is what w with its last two axes exchanged would give"),
    Mutant("conv2d", "rows and columns of the windows exchanged", "forward", conv2d(product=lambda v: np.einsum("ncqpjk,ocjk->nopq", v.u, v.w)), diagnosis="y is transposed: its last two axes are exchanged"),
    Mutant("conv2d", "as many columns as rows of windows", "forward", conv2d(product=lambda v: np.einsum("ncpqjk,ocjk->nopq", v.u, v.w)[..., : v.u.shape[2]]), diagnosis="y has shape"),

    *_shared("depthwise_conv2d", depthwise_conv2d, ("gx as", "padded with", "bias", "gw", "gb summed over the pos", "gb averaged", "padding not", "stride forgotten", "the last", "gx in", "gx added")),
    Mutant("depthwise_conv2d", "all channels of x under each kernel", "forward", depthwise_conv2d(product=lambda v: np.einsum("ncpqjk,djk->ndpq", v.u, v.w)), diagnosis="y is what x summed over axis 1 would give: its channels are mixed"),
    Mutant("depthwise_conv2d", "gx from the kernels of all channels", "gradient", depthwise_conv2d(gu=lambda v: np.einsum("ndpq,djk->npqjk", v.gy, v.w)[:, None] + np.zeros_like(v.u)), diagnosis="gx is summed over axis 1: channels are mixed"),
    Mutant("depthwise_conv2d", "gw from all channels of gy", "gradient", depthwise_conv2d(gw=lambda v: np.einsum("ndpq,ncpqjk->cjk", v.gy, v.u)), diagnosis="gw is what gy summed over axis 1 would give: channels are mixed"),
    Mutant("depthwise_conv2d", "gb summed over the batch and the rows only", "gradient", depthwise_conv2d(gb=lambda v: v.gy.sum((0, 2))), diagnosis="but axes 0 and 2 and 3 are due"),
    Mutant("depthwise_conv2d", "rows and columns of the windows exchanged", "forward", depthwise_conv2d(product=lambda v: np.einsum("ncqpjk,cjk->ncpq", v.u, v.w)), diagnosis="y is transposed: its last two axes are exchanged"),

    Mutant("conv_transpose2d", "the kernel flipped", "forward", _with(conv_transpose2d(), lambda x, w, *others: (x, _flip(w, 2), *others)), diagnosis="y is what w reversed along its last two axes would give"),
    Mutant("conv_transpose2d", "the kernel flipped in gx", "gradient", conv_transpose2d(gx=lambda v: np.einsum("nohvjk,cojk->nchv", v.gu, _flip(v.w, 2))), diagnosis="gx is what w reversed along its last two axes would give"),
    Mutant("conv_transpose2d", "gw flipped", "gradient", conv_transpose2d(gw=lambda v: _flip(np.einsum("nohvjk,nchv->cojk", v.gu, v.x), 2)), diagnosis="gw is right, but reversed along its last two axes"),
    Mutant("conv_transpose2d", "gw with its channels exchanged", "gradient", conv_transpose2d(gw=lambda v: np.einsum("nohvjk,nchv->ocjk", v.gu, v.x)), diagnosis="gw is right, but with its first two axes exchanged"),
    Mutant("conv_transpose2d", "an ordinary convolution", "forward", conv_transpose2d(y=lambda v: np.einsum("ncpqjk,cojk->nopq", _taken(v.x, v.sizes, v.stride, v.padding + max(v.sizes)), v.w)), diagnosis="y has shape"),
    Mutant("conv_transpose2d", "stride forgotten", "forward", _with(conv_transpose2d(), lambda x, w, b, stride, padding: (x, w, b, 1, min(padding, (min(np.add(x.shape[2:], w.shape[2:])) - 2) // 2))), diagnosis="y is what stride = 1 would give: stride is not used"),
    Mutant("conv_transpose2d", "stride forgotten in grad", "gradient", conv_transpose2d(gu=_stride_1_in_gu), diagnosis="gx and gw are what stride = 1 would give: stride is not used"),
    Mutant("conv_transpose2d", "padding not cut off", "forward", conv_transpose2d(y=lambda v: v.whole + v.bias, gu=lambda v: _taken(v.gy, v.sizes, v.stride)), diagnosis="y is what padding = 0 would give: padding is not used"),
    Mutant("conv_transpose2d", "padding cut off at the end only", "forward", conv_transpose2d(y=lambda v: _of_the_padding(v.whole, v, 0) + v.bias, gu=_gy_at_the_beginning), diagnosis="in y, what belongs to the padding is cut off at the end only, but should be at both ends"),
    Mutant("conv_transpose2d", "gy with its zeros at the end only", "gradient", conv_transpose2d(gu=_gy_at_the_beginning), diagnosis="gx and gw are what padding = 0 would give: padding is not used"),
    Mutant("conv_transpose2d", "stamps over each other", "forward", conv_transpose2d(whole=_over_each_other), diagnosis="in y, what overlapping windows bring should add up, but only that of the last one stays"),
    Mutant("conv_transpose2d", "positions over each other", "forward", conv_transpose2d(whole=lambda v: _stamped(v.stamps, v.stride, overwrite=True)), diagnosis="in y, what overlapping windows bring should add up, but only that of the first one stays"),
    Mutant("conv_transpose2d", "bias forgotten", "forward", conv_transpose2d(bias=lambda v: 0), diagnosis="y is what b = 0 would give: b is not used"),
    Mutant("conv_transpose2d", "bias with every stamp", "forward", conv_transpose2d(bias=lambda v: 0, whole=lambda v: _stamped(v.stamps + v.b[:, None, None, None, None], v.stride)), diagnosis="y is off by a term that is constant along axis"),
    Mutant("conv_transpose2d", "gb summed over the batch only", "gradient", conv_transpose2d(gb=lambda v: v.gy.sum(0)), diagnosis="gb is gy summed over axis 0, but axes 0 and 2 and 3 are due"),
    Mutant("conv_transpose2d", "gb averaged", "gradient", conv_transpose2d(gb=lambda v: v.gy.mean((0, 2, 3))), diagnosis="gb is n times too small, n the number of y's entries in a channel: mean instead of sum?"),
    Mutant("conv_transpose2d", "channels of the kernel exchanged in gx", "gradient", conv_transpose2d(gx=lambda v: np.einsum("nohvjk,ocjk->nchv", v.gu, v.w)), diagnosis="gx is what w with its first two axes exchanged would give"),
    Mutant("conv_transpose2d", "y in an array of float64", "stable", conv_transpose2d(whole=lambda v: np.zeros(1) + _stamped(v.stamps, v.stride)), diagnosis="y has dtype float64, but should be float32"),

    Mutant("max_pool2d", "all of gy to each of several maxima", "gradient", max_pool2d(g_weights=_ties), diagnosis="gx is wrong only where entries of x tie"),
    Mutant("max_pool2d", "more than all of gy to the first maximum, less than nothing to the last", "gradient", max_pool2d(g_weights=_beyond_a_split), diagnosis="gx is wrong only where entries of x tie"),
    Mutant("max_pool2d", "windows overwrite each other", "gradient", max_pool2d(gx=lambda v: _sent_to(v, _places(v, v.u.argmax(-1)), add=False)), diagnosis="in gx, contributions overwrite each other instead of adding up: only the last one stays"),
    Mutant("max_pool2d", "the place in the window taken for that in the image", "gradient", max_pool2d(gx=lambda v: _sent_to(v, v.u.argmax(-1) // v.size * v.x.shape[3] + v.u.argmax(-1) % v.size)), diagnosis="in gx, all windows send what they send to where the first one lies: where a window starts is left out"),
    Mutant("max_pool2d", "rows and columns of the winner exchanged", "gradient", max_pool2d(g_weights=lambda v: _winner(v, v.u.reshape(*v.y.shape, v.size, v.size).swapaxes(-1, -2).reshape(v.u.shape).argmax(-1))), diagnosis="in gx, rows and columns of each window are exchanged"),
    Mutant("max_pool2d", "size for stride in gx", "gradient", max_pool2d(gx=_side_by_side), diagnosis="in gx, windows send what they send to places their own size apart, as if they lay side by side"),
    Mutant("max_pool2d", "a winner gets the gy of all windows that it lies in", "gradient", max_pool2d(gx=_winners_get_all), diagnosis="gx is wrong only where stride < size"),
    Mutant("max_pool2d", "gy shared out among all of the window", "gradient", max_pool2d(g_weights=lambda v: np.full(v.u.shape, 1 / v.size**2)), diagnosis="gx is what the mean would give, in place of the maximum"),
    Mutant("max_pool2d", "size for stride", "forward", _with(max_pool2d(), lambda x, size, stride: (x, size, size)), diagnosis="y is what size in place of stride would give"),
    Mutant("max_pool2d", "stride forgotten", "forward", _with(max_pool2d(), lambda x, size, stride: (x, size, 1)), diagnosis="y is what stride = 1 would give: stride is not used"),
    Mutant("max_pool2d", "the average", "forward", avg_pool2d(), diagnosis="y is what the mean would give, in place of the maximum"),
    Mutant("max_pool2d", "the maximum beginning at 0", "forward", max_pool2d(y=lambda v: v.u.max(-1, initial=0)), diagnosis="would give: one relu too many"),
    Mutant("max_pool2d", "windows that hang over the end", "forward", max_pool2d(y=_with_the_rest(-np.inf)), diagnosis="y has shape"),
    Mutant("max_pool2d", "the minimum", "forward", max_pool2d(y=lambda v: v.u.min(-1), g_weights=lambda v: _winner(v, v.u.argmin(-1))), diagnosis="y is what the smallest would give, in place of the maximum"),

    Mutant("avg_pool2d", "divided by size", "forward", avg_pool2d(y=lambda v: v.u.sum(-1) / v.size, g_weights=lambda v: np.full(v.u.shape, 1 / v.size)), diagnosis="y is multiplied by size once too often"),
    Mutant("avg_pool2d", "the sum", "forward", avg_pool2d(y=lambda v: v.u.sum(-1), g_weights=lambda v: np.ones(v.u.shape)), diagnosis="y is multiplied by size twice too often"),
    Mutant("avg_pool2d", "divided by the stride squared", "forward", avg_pool2d(y=lambda v: v.u.sum(-1) / v.stride**2), diagnosis="y is off by a factor, the same for all entries, but another one in another example"),
    Mutant("avg_pool2d", "gx not divided", "gradient", avg_pool2d(g_weights=lambda v: np.ones(v.u.shape)), diagnosis="gx is multiplied by size twice too often"),
    Mutant("avg_pool2d", "gx divided by size", "gradient", avg_pool2d(g_weights=lambda v: np.full(v.u.shape, 1 / v.size)), diagnosis="gx is multiplied by size once too often"),
    Mutant("avg_pool2d", "gx divided by the number of windows too", "gradient", avg_pool2d(gx=_once_a_window), diagnosis="in gx, contributions are averaged, but they add up"),
    Mutant("avg_pool2d", "windows overwrite each other in gx", "gradient", avg_pool2d(gx=lambda v: _on_padded((v.gy[..., None] * v.g_weights).reshape(*v.gy.shape, v.size, v.size), v.x.shape, v.stride, 0, overwrite=True)), diagnosis="in gx, what overlapping windows bring should add up, but only that of the first one stays"),
    Mutant("avg_pool2d", "gx as if windows lay side by side", "gradient", avg_pool2d(gx=_side_by_side), diagnosis="in gx, windows send what they send to places their own size apart, as if they lay side by side"),
    Mutant("avg_pool2d", "stride forgotten in gx", "gradient", avg_pool2d(gx=lambda v: _on_padded((v.gy[..., None] * v.g_weights).reshape(*v.gy.shape, v.size, v.size), v.x.shape, 1, 0)), diagnosis="gx is what stride = 1 would give: stride is not used"),
    Mutant("avg_pool2d", "size for stride", "forward", _with(avg_pool2d(), lambda x, size, stride: (x, size, size)), diagnosis="y is what size in place of stride would give"),
    Mutant("avg_pool2d", "stride forgotten", "forward", _with(avg_pool2d(), lambda x, size, stride: (x, size, 1)), diagnosis="y is what stride = 1 would give: stride is not used"),
    Mutant("avg_pool2d", "the maximum", "forward", max_pool2d(), diagnosis="y is what the largest would give, in place of the mean"),
    Mutant("avg_pool2d", "gx to the first entry of each window", "gradient", avg_pool2d(g_weights=lambda v: _winner(v, np.zeros(v.y.shape, int))), diagnosis="gx is what size = 1 would give: size is not used"),
]
RIGHT = [
    *_right("conv1d", conv1d, "ncpk ock nop"),
    Alternative("conv1d", "the Jacobian", _by_jacobian(conv1d()), slow=True),
    *_right("conv2d", conv2d, "ncpqjk ocjk nopq"),
    *_right("depthwise_conv2d", depthwise_conv2d, "ncpqjk cjk ncpq"),
    Alternative("conv_transpose2d", "einsum, and a loop over the kernel's positions for y", conv_transpose2d()),
    Alternative("conv_transpose2d", "a correlation of x with zeros between and the flipped kernel", conv_transpose2d(whole=_stretched)),
    Alternative("conv_transpose2d", "conv2d the other way round", _by_conv2d),
    Alternative("conv_transpose2d", "np.add.at", conv_transpose2d(whole=_stamped_at)),
    Alternative("conv_transpose2d", "pixel by pixel", conv_transpose2d(whole=_pixel_by_pixel), slow=True),
    Alternative("max_pool2d", "argmax, the first of several", max_pool2d()),
    Alternative("max_pool2d", "the last of several", max_pool2d(g_weights=lambda v: _winner(v, v.size**2 - 1 - v.u[..., ::-1].argmax(-1)))),
    Alternative("max_pool2d", "equal shares", max_pool2d(g_weights=lambda v: _shared_out(v, 1))),
    Alternative("max_pool2d", "unequal shares, others in each window", max_pool2d(g_weights=lambda v: _shared_out(v, 1 + np.sin(np.arange(v.u.size)).reshape(v.u.shape)))),
    Alternative("max_pool2d", "places in the image, np.add.at", max_pool2d(gx=lambda v: _sent_to(v, _places(v, v.u.argmax(-1))))),
    Alternative("max_pool2d", "position by position", _largest_so_far),
    Alternative("max_pool2d", "window by window", _pool_window_by_window(best=True), slow=True),
    Alternative("avg_pool2d", "the mean of all windows", avg_pool2d()),
    Alternative("avg_pool2d", "position by position", _sum_of_positions),
    Alternative("avg_pool2d", "two matrices", _by_matrices),
    Alternative("avg_pool2d", "depthwise, with equal weights", _by_depthwise),
    Alternative("avg_pool2d", "window by window", _pool_window_by_window(best=False), slow=True),
]
SLOW = []
# fmt: on
