"""Level 7: known wrong and known right implementations of embeddings and of recurrent networks.

An operation is built of named parts, computed one after another, forward and then backward. A part gets `v`, which holds
the inputs and all that was computed before it; a row gives other parts, or further ones. ga is the gradient of what goes
into tanh, or into the gates. Of a network over time, a step is a part too.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful, built


def _sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _naive(x):
    return 1 / (1 + np.exp(-x))


def _row_sum(array):
    """The sum of all rows, as one row."""
    return array.reshape(-1, array.shape[-1]).sum(0, keepdims=True)


def _over_time(a, b):
    """a^T b, over the steps and the batch."""
    return a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])


def _zero(v):
    return 0


embedding = built("w indices", "gw", y=lambda v: v.w[v.indices], gw=lambda v: _added_up(v.gy, v.w, v.indices))

rnn_cell = built(
    "x h wx wh b",
    "gx gh gwx gwh gb",
    a=lambda v: v.x @ v.wx + v.h @ v.wh + v.b,
    y=lambda v: np.tanh(v.a),
    ga=lambda v: v.gy * (1 - v.y**2),
    gx=lambda v: v.ga @ v.wx.T,
    gh=lambda v: v.ga @ v.wh.T,
    gwx=lambda v: v.x.T @ v.ga,
    gwh=lambda v: v.h.T @ v.ga,
    gb=lambda v: v.ga.sum(0, keepdims=True),
)

gru_cell = built(
    "x h wx wh bx bh",
    "gx gh gwx gwh gbx gbh",
    u=lambda v: np.split(v.x @ v.wx + v.bx, 3, 1),
    v=lambda v: np.split(v.h @ v.wh + v.bh, 3, 1),
    r=lambda v: _sigmoid(v.u[0] + v.v[0]),
    z=lambda v: _sigmoid(v.u[1] + v.v[1]),
    n=lambda v: np.tanh(v.u[2] + v.r * v.v[2]),
    y=lambda v: (1 - v.z) * v.n + v.z * v.h,
    gn=lambda v: v.gy * (1 - v.z) * (1 - v.n**2),
    gz=lambda v: v.gy * (v.h - v.n) * v.z * (1 - v.z),
    gr=lambda v: v.gn * v.v[2] * v.r * (1 - v.r),
    gu=lambda v: np.hstack([v.gr, v.gz, v.gn]),
    gv=lambda v: np.hstack([v.gr, v.gz, v.gn * v.r]),
    gx=lambda v: v.gu @ v.wx.T,
    gh=lambda v: v.gy * v.z + v.gv @ v.wh.T,
    gwx=lambda v: v.x.T @ v.gu,
    gwh=lambda v: v.h.T @ v.gv,
    gbx=lambda v: _row_sum(v.gu),
    gbh=lambda v: _row_sum(v.gv),
)

lstm_cell = built(
    "x h c wx wh b",
    "gx gh gc gwx gwh gb",
    u=lambda v: np.split(v.x @ v.wx + v.h @ v.wh + v.b, 4, 1),
    i=lambda v: _sigmoid(v.u[0]),
    f=lambda v: _sigmoid(v.u[1]),
    t=lambda v: np.tanh(v.u[2]),
    o=lambda v: _sigmoid(v.u[3]),
    new=lambda v: v.f * v.c + v.i * v.t,
    s=lambda v: np.tanh(v.new),
    y=lambda v: np.stack([v.o * v.s, v.new]),
    gnew=lambda v: v.gy[1] + v.gy[0] * v.o * (1 - v.s**2),
    gi=lambda v: v.gnew * v.t * v.i * (1 - v.i),
    gf=lambda v: v.gnew * v.c * v.f * (1 - v.f),
    gt=lambda v: v.gnew * v.i * (1 - v.t**2),
    go=lambda v: v.gy[0] * v.s * v.o * (1 - v.o),
    ga=lambda v: np.hstack([v.gi, v.gf, v.gt, v.go]),
    gx=lambda v: v.ga @ v.wx.T,
    gh=lambda v: v.ga @ v.wh.T,
    gc=lambda v: v.gnew * v.f,
    gwx=lambda v: v.x.T @ v.ga,
    gwh=lambda v: v.h.T @ v.ga,
    gb=lambda v: _row_sum(v.ga),
)


def _states(v, step: Callable = lambda v, x, h: np.tanh(x @ v.wx + h @ v.wh + v.b)):
    """The states of an rnn; the next one comes of v, x[t] and the one before."""
    y, h = np.empty((*v.x.shape[:2], v.h.shape[1]), v.x.dtype), v.h
    for t in range(len(v.x)):
        y[t] = h = step(v, v.x[t], h)
    return y


def _back(sent: Callable = lambda v, t, sent: sent, due: Callable = lambda v, t, sent: v.gy[t] + sent) -> Callable:
    """ga of an rnn. `sent`: what of it goes to step t - 1; `due`: the gradient of the state, of what was sent back to it."""

    def ga(v):
        found, back = np.zeros_like(v.y), np.zeros_like(v.h)
        for t in reversed(range(len(v.x))):
            found[t] = due(v, t, back) * v.slope[t]
            back = sent(v, t, found[t] @ v.wh.T)
        return found

    return ga


_RNN = dict(
    y=_states,
    before=lambda v: np.concatenate([v.h[None], v.y[:-1]]),
    slope=lambda v: 1 - v.y**2,
    ga=_back(),
    gx=lambda v: v.ga @ v.wx.T,
    gh=lambda v: v.ga[0] @ v.wh.T,
    gwx=lambda v: _over_time(v.x, v.ga),
    gwh=lambda v: _over_time(v.before, v.ga),
    gb=lambda v: _row_sum(v.ga),
)
rnn = built("x h wx wh b", "gx gh gwx gwh gb", **_RNN)


def _cut(v, t, sent):
    """What goes from step t to the one before, where windows begin at multiples of window."""
    return sent if not t or t % v.window else np.zeros_like(sent)


truncated_rnn = built("x h wx wh b window", "gx gh gwx gwh gb", **_RNN | {"ga": _back(_cut)})


def _steps(
    v,
    gates: Callable = lambda v, x, h: x @ v.wx + h @ v.wh + v.b,
    c: Callable = lambda v, old, new: new,
    order=(0, 1, 2, 3),
):
    """The steps of an lstm, each with what its backward pass needs. `c`: the cell that goes into the next one."""
    steps, h, cell = [], v.h, v.c
    for x in v.x:
        parts = np.split(gates(v, x, h), 4, 1)
        i, f, g, o = (parts[p] for p in order)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        new = f * cell + i * g
        s = np.tanh(new)
        steps.append(SimpleNamespace(before=h, c=cell, i=i, f=f, g=g, o=o, new=new, s=s, h=o * s))
        h, cell = o * s, c(v, cell, new)
    return steps


def _right_gates(gh, gc, s):
    return [gc * s.g * s.i * (1 - s.i), gc * s.c * s.f * (1 - s.f), gc * s.i * (1 - s.g**2), gh * s.s * s.o * (1 - s.o)]


def _lstm_back(
    sent: Callable = lambda gh: gh,
    sent_c: Callable = lambda gc, s: gc * s.f,
    due: Callable = lambda v, t, gh: v.gy[t] + gh,
    due_c: Callable = lambda gc, gh, s: gc + gh * s.o * (1 - s.s**2),
    gates: Callable = _right_gates,
) -> Callable:
    """ga, gh and gc of an lstm. `sent`, `sent_c`: what goes back to the step before; `due`, `due_c`: the states' gradients."""

    def back(v):
        ga, gh, gc = [], np.zeros_like(v.h), np.zeros_like(v.c)
        for t in reversed(range(len(v.x))):
            s, now = v.steps[t], due(v, t, sent(gh) if ga else gh)
            gc = due_c(gc, now, s)
            ga.append(np.hstack(gates(now, gc, s)))
            gh, gc = ga[-1] @ v.wh.T, sent_c(gc, s) if t else gc * s.f
        return np.array(ga[::-1]), gh, gc

    return back


lstm = built(
    "x h c wx wh b",
    "gx gh gc gwx gwh gb",
    steps=_steps,
    y=lambda v: np.stack([s.h for s in v.steps]),
    g=_lstm_back(),
    ga=lambda v: v.g[0],
    gx=lambda v: v.ga @ v.wx.T,
    gh=lambda v: v.g[1],
    gc=lambda v: v.g[2],
    gwx=lambda v: _over_time(v.x, v.ga),
    gwh=lambda v: _over_time(np.stack([s.before for s in v.steps]), v.ga),
    gb=lambda v: _row_sum(v.ga),
)


def _added_up(gy, w, indices):
    gw = np.zeros_like(w)
    np.add.at(gw, indices, gy)
    return gw


def _set(v):
    gw = np.zeros_like(v.w)
    gw[v.indices] = v.gy
    return gw


def _plus_equal(v):
    gw = np.zeros_like(v.w)
    gw[v.indices] += v.gy
    return gw


def _averaged(v):
    times = np.bincount(v.indices.ravel(), minlength=len(v.w))[:, None]
    return _added_up(v.gy, v.w, v.indices) / np.maximum(times, 1).astype(v.w.dtype)


def _of_words_that_are_there(v):
    """A row for each word up to the largest index."""
    return _added_up(v.gy, v.w[: v.indices.max() + 1], v.indices)


def _position_by_position(v):
    gw = np.zeros_like(v.w)
    for n in range(len(v.indices)):
        gw[v.indices[n]] += v.gy[n]
    return gw


def _padding(v):
    gw = _added_up(v.gy, v.w, v.indices)
    gw[0] = 0
    return gw


def _accumulated_rows(w, indices):
    gw = np.zeros_like(w)

    def grad(gy):
        np.add.at(gw, indices, gy)
        return gw.copy()

    return w[indices], grad


def _last_indices() -> Callable:
    """Keeps the indices in one place for all calls."""
    kept = {}

    def y(v):
        kept[v.w.shape, v.indices.shape] = v.indices
        return v.w[v.indices]

    return embedding(y=y, gw=lambda v: _added_up(v.gy, v.w, kept[v.w.shape, v.indices.shape]))


def _by_exponentials(a):
    return (np.exp(2 * a) - 1) / (np.exp(2 * a) + 1)


def _kept(v, array):
    """Nothing, but a copy is kept."""
    v.kept = array.copy()
    return 0


def _into(array, value):
    array[...] = value
    return array


def _of_last_call() -> Callable:
    """Keeps the state in one place for all calls."""
    kept = {}

    def y(v):
        kept[v.a.shape] = np.tanh(v.a)
        return kept[v.a.shape].copy()

    return rnn_cell(y=y, ga=lambda v: v.gy * (1 - kept[v.y.shape] ** 2))


def _n(b):
    """The columns of the gate n."""
    return b[:, 2 * b.shape[1] // 3 :]


def _reset_before(v):
    """n where r multiplies h before its weights, as in the paper that came first."""
    return np.tanh(v.u[2] + (v.r * v.h) @ _n(v.wh) + _n(v.bh))


def _one_step_back(v):
    """What comes back to a step is of the next one's own gy alone."""
    own = v.gy * v.slope
    sent = np.concatenate([own[1:] @ v.wh.T, np.zeros_like(own[:1])])
    return own + sent * v.slope


def _slope_for_gy_alone(v):
    found, sent = np.zeros_like(v.y), np.zeros_like(v.h)
    for t in reversed(range(len(v.x))):
        found[t] = v.gy[t] * v.slope[t] + sent
        sent = found[t] @ v.wh.T
    return found


def _by_wh_itself(v, sent: Callable = lambda v, t, sent: sent):
    found, back = np.zeros_like(v.y), np.zeros_like(v.h)
    for t in reversed(range(len(v.x))):
        found[t] = (v.gy[t] + back) * v.slope[t]
        back = sent(v, t, found[t] @ v.wh)
    return found


def _cut_by_wh_itself(v):
    return _by_wh_itself(v, _cut)


def _from_the_first_step(v):
    found, sent = np.zeros_like(v.y), np.zeros_like(v.h)
    for t in range(len(v.x)):
        found[t] = (v.gy[t] + sent) * v.slope[t]
        sent = found[t] @ v.wh.T
    return found


def _states_in_h(v):
    """Keeps the state in the array that was given; the first one is put back into v.h for grad."""
    given, v.h = v.h, v.h.copy()
    return _states(v, lambda v, x, h: _into(given, np.tanh(x @ v.wx + h @ v.wh + v.b)))


def _sent_into_gy(v):
    found = np.zeros_like(v.y)
    for t in reversed(range(len(v.x))):
        found[t] = v.gy[t] * v.slope[t]
        if t:
            v.gy[t - 1] += found[t] @ v.wh.T
    return found


def _steps_in_c(v):
    given, v.c = v.c, v.c.copy()
    return _steps(v, c=lambda v, old, new: _into(given, new).copy())


def _steps_that_overflow(v):
    steps, h, c = [], v.h, v.c
    for x in v.x:
        i, f, g, o = np.split(x @ v.wx + h @ v.wh + v.b, 4, 1)
        i, f, g, o = _naive(i), _naive(f), np.tanh(g), _naive(o)
        new = f * c + i * g
        steps.append(SimpleNamespace(before=h, c=c, i=i, f=f, g=g, o=o, new=new, s=np.tanh(new), h=o * np.tanh(new)))
        h, c = steps[-1].h, new
    return steps


def _own_window(v, last):
    """ga of one state's gradient, which goes back so many steps as the window has."""
    found, sent = np.zeros_like(v.y), v.gy[last]
    for t in range(last, max(last - v.window, -1), -1):
        found[t] = sent * v.slope[t]
        sent = found[t] @ v.wh.T
    return found


def _each_by_itself(v):
    return sum(_own_window(v, last) for last in range(len(v.x)))


def _gh_each_by_itself(v):
    return v.ga[0] @ v.wh.T


def _states_reset(v):
    y, h = np.empty((*v.x.shape[:2], v.h.shape[1]), v.x.dtype), v.h
    for t in range(len(v.x)):
        h = h if not t or t % v.window else np.zeros_like(h)
        y[t] = h = np.tanh(v.x[t] @ v.wx + h @ v.wh + v.b)
    return y


def _last_window(v):
    ga = _back(_cut)(v)
    ga[: (len(v.x) - 1) // v.window * v.window] = 0
    return ga


def _within_windows(v):
    inside = [t for t in range(len(v.x)) if not t or t % v.window]
    return _over_time(v.before[inside], v.ga[inside])


def _by_one_hot(v):
    one_hot = (v.indices.ravel()[:, None] == np.arange(len(v.w))).astype(v.w.dtype)
    return one_hot.T @ v.gy.reshape(v.indices.size, -1)


def _sorted_and_added(v):
    gw, flat, rows = np.zeros_like(v.w), v.indices.ravel(), v.gy.reshape(-1, v.w.shape[1])
    order = np.argsort(flat, kind="stable")
    words, starts = np.unique(flat[order], return_index=True)
    gw[words] = np.add.reduceat(rows[order], starts, axis=0)
    return gw


def _place_by_place(v):
    gw = np.zeros_like(v.w)
    for at in np.ndindex(v.indices.shape):
        gw[v.indices[at]] += v.gy[at]
    return gw


def _x_beside_h(x, h, wx, wh, b):
    """One product of both inputs, side by side, and one of both weights, one above the other."""
    both, w, d = np.hstack([x, h]), np.vstack([wx, wh]), x.shape[1]
    y = np.tanh(both @ w + b)

    def grad(gy):
        ga = gy - gy * y * y
        gboth, gw = ga @ w.T, both.T @ ga
        return [gboth[:, :d], gboth[:, d:], gw[:d], gw[d:], np.ones((1, len(x)), x.dtype) @ ga]

    return y, grad


def _lstm_x_beside_h(x, h, c, wx, wh, b):
    size = x.shape[1]
    zeros = np.zeros((0, wx.shape[1]), x.dtype)
    y, grad = lstm_cell()(np.hstack([x, h]), np.zeros_like(h[:, :0]), c, np.vstack([wx, wh]), zeros, b)

    def back(gy):
        gboth, _, gc, gw, _, gb = grad(gy)
        return gboth[:, :size], gboth[:, size:], gc, gw[:size], gw[size:], gb

    return y, back


def _gru_by_gates(x, h, wx, wh, bx, bh):
    """Three pairs of weights, and one gate after the other."""
    wxs, whs, bxs, bhs = (np.split(a, 3, 1) for a in (wx, wh, bx, bh))
    r, z = (_sigmoid(x @ wxs[k] + bxs[k] + h @ whs[k] + bhs[k]) for k in (0, 1))
    held = h @ whs[2] + bhs[2]
    n = np.tanh(x @ wxs[2] + bxs[2] + r * held)

    def grad(gy):
        gn = gy * (1 - z) * (1 - n * n)
        to_x = [gn * held * r * (1 - r), gy * (h - n) * z * (1 - z), gn]
        to_h = [*to_x[:2], gn * r]
        gx = sum(g @ w.T for g, w in zip(to_x, wxs, strict=True))
        gh = gy * z + sum(g @ w.T for g, w in zip(to_h, whs, strict=True))
        gwx, gwh = (np.hstack([a.T @ g for g in gates]) for a, gates in ((x, to_x), (h, to_h)))
        gbx, gbh = (np.hstack([g.sum(0, keepdims=True) for g in gates]) for gates in (to_x, to_h))
        return gx, gh, gwx, gwh, gbx, gbh

    return (1 - z) * n + z * h, grad


def _gates_along_an_axis(x, h, c, wx, wh, b):
    """All gates in one array (N, 4, H), and their slopes likewise."""
    u = (x @ wx + h @ wh + b).reshape(len(x), 4, -1)
    gates = np.where(np.arange(4)[:, None] == 2, np.tanh(u), _sigmoid(u))
    slopes = np.where(np.arange(4)[:, None] == 2, 1 - gates**2, gates * (1 - gates))
    i, f, g, o = gates.swapaxes(0, 1)
    new = f * c + i * g
    s = np.tanh(new)

    def grad(gy):
        gnew = gy[1] + gy[0] * o * (1 - s * s)
        ga = (slopes * np.stack([gnew * g, gnew * c, gnew * i, gy[0] * s], 1)).reshape(len(x), -1)
        return ga @ wx.T, ga @ wh.T, gnew * f, x.T @ ga, h.T @ ga, ga.sum(0)[None]

    return np.stack([o * s, new]), grad


def _one_by_one(operation: Callable, axes: dict[int, int], along: int, count: int) -> Callable:
    """An operation of one example after another. `axes`: input -> where it has the batch; `along`: where y has it."""

    def one(array, axis, n):
        return np.take(array, [n], axis)

    def all_of_them(*inputs):
        size = inputs[1].shape[0]
        made = [operation(*(one(a, axes[k], n) if k in axes else a for k, a in enumerate(inputs))) for n in range(size)]

        def grad(gy):
            parts = [back(one(gy, along, n)) for n, (_, back) in enumerate(made)]
            columns = [[part[k] for part in parts] for k in range(count)]
            return tuple(np.concatenate(g, axes[k]) if k in axes else sum(g) for k, g in enumerate(columns))

        return np.concatenate([y for y, _ in made], along), grad

    return all_of_them


def _cell_by_cell(x, h, wx, wh, b):
    """The cell, step after step, and its grad in reverse order; gradients of the weights are added up."""

    def cell(x, h):
        y = np.tanh(x @ wx + h @ wh + b)

        def grad(gy):
            ga = gy * (1 - y * y)
            return ga @ wx.T, ga @ wh.T, x.T @ ga, h.T @ ga, ga.sum(0, keepdims=True)

        return y, grad

    states, grads = [], []
    for step in x:
        h, grad = cell(step, h)
        states.append(h)
        grads.append(grad)

    def back(gy):
        gh, gxs, gwx, gwh, gb = 0 * h, [], 0 * wx, 0 * wh, 0 * b
        for t in reversed(range(len(x))):
            gx, gh, to_wx, to_wh, to_b = grads[t](gy[t] + gh)
            gxs.append(gx)
            gwx, gwh, gb = gwx + to_wx, gwh + to_wh, gb + to_b
        return np.stack(gxs[::-1]), gh, gwx, gwh, gb

    return np.stack(states), back


def _lstm_cell_by_cell(x, h, c, wx, wh, b):
    """_gates_along_an_axis, step after step."""
    states, grads = [], []
    for step in x:
        (h, c), grad = _gates_along_an_axis(step, h, c, wx, wh, b)
        states.append(h)
        grads.append(grad)

    def back(gy):
        gh, gc, gxs, gwx, gwh, gb = 0 * h, 0 * c, [], 0 * wx, 0 * wh, 0 * b
        for t in reversed(range(len(x))):
            gx, gh, gc, to_wx, to_wh, to_b = grads[t](np.array([gy[t] + gh, gc]))
            gxs.append(gx)
            gwx, gwh, gb = gwx + to_wx, gwh + to_wh, gb + to_b
        return np.array(gxs[::-1]), gh, gc, gwx, gwh, gb

    return np.array(states), back


def _hoisted(v):
    from_x = iter(np.einsum("tnd,dh->tnh", v.x, v.wx) + v.b)
    return _steps(v, lambda v, x, h: next(from_x) + h @ v.wh)


def _window_by_window(x, h, wx, wh, b, window):
    """Each window is an rnn of its own, that starts from the last state of the one before."""
    parts = []
    for start in range(0, len(x), window):
        y, grad = rnn()(x[start : start + window], h, wx, wh, b)
        parts.append((start, y, grad))
        h = y[-1]

    def back(gy):
        found = [grad(gy[start : start + window]) for start, _, grad in parts]
        gxs, ghs, *weights = zip(*found, strict=True)
        return np.concatenate(gxs), ghs[0], *(sum(w) for w in weights)

    return np.concatenate([y for _, y, _ in parts]), back


def _all_windows_at_once(v):
    """Goes back through the places of a window, of all windows together."""
    ga, steps = np.zeros_like(v.y), np.arange(len(v.x))
    for place in reversed(range(min(v.window, len(v.x)))):
        at = steps[steps % v.window == place]
        sent = np.zeros_like(ga[at])
        on = at + 1 < len(v.x) if place + 1 < v.window else np.zeros(len(at), bool)
        sent[on] = ga[at[on] + 1] @ v.wh.T
        ga[at] = (v.gy[at] + sent) * v.slope[at]
    return ga


def _numeric_gh(v):
    def loss(h):
        return (v.gy * np.tanh(v.x @ v.wx + h @ v.wh + v.b)).sum()

    gh = np.zeros_like(v.h)
    for at in np.ndindex(v.h.shape):
        step = np.zeros_like(v.h)
        step[at] = 1e-6
        gh[at] = (loss(v.h + step) - loss(v.h - step)) / 2e-6
    return gh


# fmt: off
WRONG = [
    Mutant("embedding", "assigned", "gradient", embedding(gw=_set), diagnosis="in gw, contributions overwrite each other instead of adding up: only the last one stays (repeated indices?)"),
    Mutant("embedding", "+= at indices", "gradient", embedding(gw=_plus_equal), diagnosis="in gw, contributions overwrite each other instead of adding up: only the last one stays (repeated indices?)"),
    Mutant("embedding", "averaged over a word's places", "gradient", embedding(gw=_averaged), diagnosis="in gw, contributions are averaged, but they add up (repeated indices?)"),
    Mutant("embedding", "gy itself", "gradient", embedding(gw=lambda v: v.gy), diagnosis="gw is gy itself, in the shape of y, but should have that of w"),
    Mutant("embedding", "rows up to the largest index", "gradient", embedding(gw=_of_words_that_are_there)),
    Mutant("embedding", "position by position of the first axis", "gradient", embedding(gw=_position_by_position), diagnosis="TypeError: len() of unsized object"),
    Mutant("embedding", "no gradient for word 0, the padding", "gradient", embedding(gw=_padding), diagnosis="gw is wrong only in the first row: it is 0 there"),
    Mutant("embedding", "mean over the places", "gradient", embedding(gw=lambda v: _added_up(v.gy, v.w, v.indices) / v.indices.size), diagnosis="gw is that of the mean over all places, but they add up"),
    Mutant("embedding", "times the row itself", "gradient", embedding(gw=lambda v: _added_up(v.gy, v.w, v.indices) * v.w), diagnosis="in gw, there is a factor w too many"),
    Mutant("embedding", "times sqrt(D)", "forward", embedding(y=lambda v: v.w[v.indices] * np.sqrt(v.w.shape[1]).astype(v.w.dtype)), diagnosis="y is that of w[indices] * sqrt(D)"),
    Mutant("embedding", "counted from 1", "forward", embedding(y=lambda v: v.w[v.indices.astype(int) - 1], gw=lambda v: _added_up(v.gy, v.w, v.indices.astype(int) - 1)), diagnosis="y is what indices - 1 in place of indices would give"),
    Mutant("embedding", "columns looked up", "forward", embedding(y=lambda v: v.w.T[v.indices % v.w.shape[1]]), diagnosis="y is what w.T in place of w would give: transpose w"),
    Mutant("embedding", "rows of length 1", "forward", embedding(
        y=lambda v: (v.w / np.maximum(np.sqrt((v.w**2).sum(1, keepdims=True)), 1e-12).astype(v.w.dtype))[v.indices]), diagnosis="y is what w with rows of length 1 would give"),
    Mutant("embedding", "not cleared between calls of grad", "pure", _accumulated_rows, diagnosis="gw accumulates: called again, grad returns twice as much"),
    Mutant("embedding", "indices of the last call", "pure", Stateful(_last_indices), diagnosis="grad reads the last call's inputs"),
    Mutant("embedding", "zeros in float64", "stable", embedding(gw=lambda v: _added_up(v.gy, np.zeros(v.w.shape), v.indices)), diagnosis="gw has dtype float64, but should be float32, like the inputs"),

    Mutant("rnn_cell", "sigmoid", "forward", rnn_cell(y=lambda v: _sigmoid(v.a)), diagnosis="y is what sigmoid in place of tanh in tanh(x @ wx + h @ wh + b) would give"),
    Mutant("rnn_cell", "wh transposed in forward", "forward", rnn_cell(a=lambda v: v.x @ v.wx + v.h @ v.wh.T + v.b), diagnosis="y is what wh.T in place of wh would give: transpose wh"),
    Mutant("rnn_cell", "two biases", "forward", rnn_cell(a=lambda v: v.x @ v.wx + v.h @ v.wh + 2 * v.b), diagnosis="y is what 2 * b in place of b would give"),
    Mutant("rnn_cell", "no tanh", "forward", rnn_cell(y=lambda v: v.a), diagnosis="y is what leaving out tanh would give: tanh is missing"),
    Mutant("rnn_cell", "slope of tanh missing", "gradient", rnn_cell(ga=lambda v: v.gy), diagnosis="gx, gh, gwx, gwh and gb are what leaving out tanh would give: tanh is missing"),
    Mutant("rnn_cell", "slope of sigmoid", "gradient", rnn_cell(ga=lambda v: v.gy * v.y * (1 - v.y)), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh, s = tanh(x @ wx + h @ wh + b), is s * (1 - s), but should be 1 - s**2"),
    Mutant("rnn_cell", "slope at what goes in", "gradient", rnn_cell(ga=lambda v: v.gy * (1 - v.a**2)), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh, s = tanh(x @ wx + h @ wh + b), is 1 - (x @ wx + h @ wh + b)**2, but should be 1 - s**2"),
    Mutant("rnn_cell", "tanh taken twice in the slope", "gradient", rnn_cell(ga=lambda v: v.gy * (1 - np.tanh(v.y) ** 2)), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh, s = tanh(x @ wx + h @ wh + b), is 1 - tanh(s)**2, but should be 1 - s**2"),
    Mutant("rnn_cell", "gh by wh, not transposed", "gradient", rnn_cell(gh=lambda v: v.ga @ v.wh), diagnosis="in gh, wh is not transposed in the product with the gradient"),
    Mutant("rnn_cell", "gx by wh", "gradient", rnn_cell(gx=lambda v: v.ga @ v.wh.T), diagnosis="gx is gh: the wrong gradient stands there"),
    Mutant("rnn_cell", "gwh by y, the state after", "gradient", rnn_cell(gwh=lambda v: v.y.T @ v.ga), diagnosis="in gwh, y stands where h should be in h @ wh"),
    Mutant("rnn_cell", "gwh the other way round", "gradient", rnn_cell(gwh=lambda v: v.ga.T @ v.h), diagnosis="gwh is transposed: yours equals gwh.T"),
    Mutant("rnn_cell", "slope missing in gwh", "gradient", rnn_cell(gwh=lambda v: v.h.T @ v.gy), diagnosis="gwh is what leaving out tanh would give: tanh is missing"),
    Mutant("rnn_cell", "gb a mean", "gradient", rnn_cell(gb=lambda v: v.ga.mean(0, keepdims=True)), diagnosis="gb is N times too small: mean instead of sum?"),
    Mutant("rnn_cell", "gb lost its axis", "gradient", rnn_cell(gb=lambda v: v.ga.sum(0)), diagnosis="gb is right but for the shape: an axis of length 1 is lost"),
    Mutant("rnn_cell", "gb a sum of gy", "gradient", rnn_cell(gb=lambda v: v.gy.sum(0, keepdims=True)), diagnosis="gb is what leaving out tanh would give: tanh is missing"),
    Mutant("rnn_cell", "no gh", "gradient", rnn_cell(grads="gx gwx gwh gb"), diagnosis="gh is missing: grad returns only gx, gwx, gwh, gb"),
    Mutant("rnn_cell", "gh first", "gradient", rnn_cell(grads="gh gx gwh gwx gb"), diagnosis="gradients come in the order (gh, gx, gwh, gwx, gb)"),
    Mutant("rnn_cell", "new state in h", "pure", rnn_cell(
        a=lambda v: _kept(v, v.h) + v.x @ v.wx + v.h @ v.wh + v.b, y=lambda v: _into(v.h, np.tanh(v.a)), gwh=lambda v: v.kept.T @ v.ga), diagnosis="forward changes h in place"),
    Mutant("rnn_cell", "state of the last call", "pure", Stateful(_of_last_call), diagnosis="gx is another one after a second call of the operation: they must share nothing (rule 3)"),
    Mutant("rnn_cell", "tanh by exponentials", "stable", rnn_cell(y=lambda v: _by_exponentials(v.a)), diagnosis="exp overflows, as in (exp(2 * z) - 1) / (exp(2 * z) + 1)"),
    Mutant("rnn_cell", "large weights clipped on the way back", "stable", rnn_cell(gx=lambda v: v.ga @ np.clip(v.wx, -100, 100).T), diagnosis="no longer changes from wx"),
    Mutant("gru_cell", "gates in the order z r n", "forward", gru_cell(r=lambda v: _sigmoid(v.u[1] + v.v[1]), z=lambda v: _sigmoid(v.u[0] + v.v[0])), diagnosis="y is what you get with the parts in the order z r n, but should be in the order r z n"),
    Mutant("gru_cell", "gates in the order n r z", "forward", gru_cell(
        u=lambda v: [np.split(v.x @ v.wx + v.bx, 3, 1)[k] for k in (1, 2, 0)], v=lambda v: [np.split(v.h @ v.wh + v.bh, 3, 1)[k] for k in (1, 2, 0)]), diagnosis="y is what you get with the parts in the order n r z, but should be in the order r z n"),
    Mutant("gru_cell", "r times h before its weights", "forward", gru_cell(n=_reset_before), diagnosis="y is that of r multiplying h before its weights"),
    Mutant("gru_cell", "bh_n outside of r", "forward", gru_cell(n=lambda v: np.tanh(v.u[2] + v.r * (v.v[2] - _n(v.bh)) + _n(v.bh))), diagnosis="y is that of r multiplying h wh_n alone, without bh_n"),
    Mutant("gru_cell", "z and 1 - z exchanged", "forward", gru_cell(y=lambda v: v.z * v.n + (1 - v.z) * v.h), diagnosis="y is that of z n + (1 - z) h"),
    Mutant("gru_cell", "sigmoid for tanh in n", "forward", gru_cell(n=lambda v: _sigmoid(v.u[2] + v.r * v.v[2])), diagnosis="y is what sigmoid in place of tanh in n would give"),
    Mutant("gru_cell", "r left out", "forward", gru_cell(n=lambda v: np.tanh(v.u[2] + v.v[2])), diagnosis="y is what leaving out r in r * (h wh_n + bh_n) would give"),
    Mutant("gru_cell", "gates' gradients in the order z r n", "gradient", gru_cell(
        gu=lambda v: np.hstack([v.gz, v.gr, v.gn]), gv=lambda v: np.hstack([v.gz, v.gr, v.gn * v.r])), diagnosis="in gx, gh, gwx, gwh, gbx and gbh, the gradients of the parts stand in the order z r n, but should be in the order r z n"),
    Mutant("gru_cell", "h beside z forgotten", "gradient", gru_cell(gh=lambda v: v.gv @ v.wh.T), diagnosis="in gh, h in z * h is treated as a constant: the product rule has two terms"),
    Mutant("gru_cell", "h beside z alone", "gradient", gru_cell(gh=lambda v: v.gy * v.z), diagnosis="in gh, h in h @ wh is treated as a constant: its own derivative is missing"),
    Mutant("gru_cell", "slope of r missing", "gradient", gru_cell(gr=lambda v: v.gn * v.v[2]), diagnosis="in gx, gh, gwx, gwh, gbx and gbh, the derivative of sigmoid in r is missing: the gradient passes through it unchanged"),
    Mutant("gru_cell", "slope of z missing", "gradient", gru_cell(gz=lambda v: v.gy * (v.h - v.n)), diagnosis="in gx, gh, gwx, gwh, gbx and gbh, the derivative of sigmoid in z is missing: the gradient passes through it unchanged"),
    Mutant("gru_cell", "slope of n missing", "gradient", gru_cell(gn=lambda v: v.gy * (1 - v.z)), diagnosis="in gx, gh, gwx, gwh, gbx and gbh, the derivative of tanh is missing: the gradient passes through it unchanged"),
    Mutant("gru_cell", "slope of a sigmoid in n", "gradient", gru_cell(gn=lambda v: v.gy * (1 - v.z) * v.n * (1 - v.n)), diagnosis="in gx, gh, gwx, gwh, gbx and gbh, the derivative of tanh, s = n, is s * (1 - s), but should be 1 - s**2"),
    Mutant("gru_cell", "1 - z constant", "gradient", gru_cell(gz=lambda v: v.gy * v.h * v.z * (1 - v.z)), diagnosis="in gx, gh, gwx, gwh, gbx and gbh, 1 - z in (1 - z) * n is treated as a constant: the product rule has two terms"),
    Mutant("gru_cell", "z's gradient with the wrong sign", "gradient", gru_cell(gz=lambda v: v.gy * (v.n - v.h) * v.z * (1 - v.z)), diagnosis="in gx, gwx and gbx, the term that comes through x wx_z + bx_z in (x wx_z + bx_z) + (h wh_z + bh_z) has the wrong sign"),
    Mutant("gru_cell", "r constant", "gradient", gru_cell(gr=lambda v: 0 * v.gn), diagnosis="in gx, gwx and gbx, x wx_r + bx_r in (x wx_r + bx_r) + (h wh_r + bh_r) is treated as a constant: its own derivative is missing"),
    Mutant("gru_cell", "r forgotten on the way to h", "gradient", gru_cell(gv=lambda v: np.hstack([v.gr, v.gz, v.gn])), diagnosis="in gh and gwh, the factor r is missing in the gradient of h wh_n + bh_n in r * (h wh_n + bh_n)"),
    Mutant("gru_cell", "gbh the same as gbx", "gradient", gru_cell(gbh=lambda v: v.gbx), diagnosis="gbh is gbx: the wrong gradient stands there"),
    Mutant("gru_cell", "gwh by y, the state after", "gradient", gru_cell(gwh=lambda v: v.y.T @ v.gv), diagnosis="in gwh, y stands where h should be in h @ wh"),
    Mutant("gru_cell", "sigmoid that overflows", "stable", gru_cell(z=lambda v: _naive(v.u[1] + v.v[1])), diagnosis="exp overflows, as in 1 / (1 + exp(-z))"),
    Mutant("gru_cell", "new state in h", "pure", gru_cell(
        y=lambda v: _kept(v, v.h) + _into(v.h, (1 - v.z) * v.n + v.z * v.h), gz=lambda v: v.gy * (v.kept - v.n) * v.z * (1 - v.z), gwh=lambda v: v.kept.T @ v.gv), diagnosis="forward changes h in place"),

    Mutant("lstm_cell", "gates in the order i f o g", "forward", lstm_cell(t=lambda v: np.tanh(v.u[3]), o=lambda v: _sigmoid(v.u[2])), diagnosis="y is what you get with the parts in the order i f o g, but should be in the order i f g o"),
    Mutant("lstm_cell", "gates in the order f i g o", "forward", lstm_cell(i=lambda v: _sigmoid(v.u[1]), f=lambda v: _sigmoid(v.u[0])), diagnosis="y is what you get with the parts in the order f i g o, but should be in the order i f g o"),
    Mutant("lstm_cell", "no tanh of the new c", "forward", lstm_cell(s=lambda v: v.new), diagnosis="y is what leaving out tanh would give: tanh is missing"),
    Mutant("lstm_cell", "sigmoid for tanh in g", "forward", lstm_cell(t=lambda v: _sigmoid(v.u[2])), diagnosis="y is what sigmoid in place of tanh in g would give"),
    Mutant("lstm_cell", "1 added to the forget gate", "forward", lstm_cell(f=lambda v: _sigmoid(v.u[1] + 1)), diagnosis="y is that of 1 added to what goes into f"),
    Mutant("lstm_cell", "c before h", "forward", lstm_cell(y=lambda v: np.stack([v.new, v.o * v.s])), diagnosis="the entries of y are right, but stand at other places"),
    Mutant("lstm_cell", "gates' gradients in the order i f o g", "gradient", lstm_cell(ga=lambda v: np.hstack([v.gi, v.gf, v.go, v.gt])), diagnosis="in gx, gh, gwx, gwh and gb, the gradients of the parts stand in the order i f o g, but should be in the order i f g o"),
    Mutant("lstm_cell", "gy[1] ignored", "gradient", lstm_cell(gnew=lambda v: v.gy[0] * v.o * (1 - v.s**2)), diagnosis="gx, gh, gc, gwx, gwh and gb are what gy[0] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("lstm_cell", "what h sends back to c forgotten", "gradient", lstm_cell(gnew=lambda v: v.gy[1]), diagnosis="in gx, gh, gwx, gwh and gb, tanh(new_c) is treated as a constant: its own derivative is missing"),
    Mutant("lstm_cell", "slope of tanh(c) missing", "gradient", lstm_cell(gnew=lambda v: v.gy[1] + v.gy[0] * v.o), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh in tanh(new_c) is missing: the gradient passes through it unchanged"),
    Mutant("lstm_cell", "slope of tanh(c) at c", "gradient", lstm_cell(gnew=lambda v: v.gy[1] + v.gy[0] * v.o * (1 - v.new**2)), diagnosis="in gx, gh, gc, gwx, gwh and gb, the derivative of tanh, s = tanh(new_c), is 1 - new_c**2, but should be 1 - s**2"),
    Mutant("lstm_cell", "slope of f missing", "gradient", lstm_cell(gf=lambda v: v.gnew * v.c), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of sigmoid in f is missing: the gradient passes through it unchanged"),
    Mutant("lstm_cell", "slope of g missing", "gradient", lstm_cell(gt=lambda v: v.gnew * v.i), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh in g is missing: the gradient passes through it unchanged"),
    Mutant("lstm_cell", "slope of o missing", "gradient", lstm_cell(go=lambda v: v.gy[0] * v.s), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of sigmoid in o is missing: the gradient passes through it unchanged"),
    Mutant("lstm_cell", "slope of a sigmoid in g", "gradient", lstm_cell(gt=lambda v: v.gnew * v.i * v.t * (1 - v.t)), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh, s = g, is s * (1 - s), but should be 1 - s**2"),
    Mutant("lstm_cell", "the new c in f's gradient", "gradient", lstm_cell(gf=lambda v: v.gnew * v.new * v.f * (1 - v.f)), diagnosis="in gx, gh, gwx, gwh and gb, new_c stands where c should be in f * c"),
    Mutant("lstm_cell", "the new c in o's gradient", "gradient", lstm_cell(go=lambda v: v.gy[0] * v.new * v.o * (1 - v.o)), diagnosis="in gx, gh, gwx, gwh and gb, new_c stands where tanh(new_c) should be in o * tanh(new_c)"),
    Mutant("lstm_cell", "gc not times f", "gradient", lstm_cell(gc=lambda v: v.gnew), diagnosis="in gc, the factor f is missing in the gradient of c in f * c"),
    Mutant("lstm_cell", "gc of gy[1] alone", "gradient", lstm_cell(gc=lambda v: v.gy[1] * v.f), diagnosis="gc is what gy[-1] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("lstm_cell", "sigmoid that overflows", "stable", lstm_cell(o=lambda v: _naive(v.u[3])), diagnosis="exp overflows, as in 1 / (1 + exp(-z))"),
    Mutant("lstm_cell", "new c in c", "pure", lstm_cell(
        new=lambda v: _kept(v, v.c) + _into(v.c, v.f * v.c + v.i * v.t), gf=lambda v: v.gnew * v.kept * v.f * (1 - v.f)), diagnosis="forward changes c in place"),
    Mutant("rnn", "every step from the first state", "forward", rnn(y=lambda v: np.tanh(v.x @ v.wx + v.h @ v.wh + v.b)), diagnosis="y is what you get where every step starts from the h of the input"),
    Mutant("rnn", "the first state ignored", "forward", rnn(y=lambda v: _states(SimpleNamespace(**vars(v) | {"h": np.zeros_like(v.h)}))), diagnosis="y is what h = 0 would give: h is not used"),
    Mutant("rnn", "the last state alone", "forward", rnn(y=lambda v: _states(v)[-1], before=_zero), diagnosis="y has shape (1, 1), but should be (1, 1, 1)"),
    Mutant("rnn", "the first state among them", "forward", rnn(y=lambda v: np.concatenate([v.h[None], _states(v)[:-1]])), diagnosis="y is that of the states before each step, h first"),
    Mutant("rnn", "x from the end", "forward", rnn(y=lambda v: _states(SimpleNamespace(**vars(v) | {"x": v.x[::-1]}))), diagnosis="y is that of an rnn over x[::-1]"),
    Mutant("rnn", "the bias once more for h", "forward", rnn(y=lambda v: _states(v, lambda v, x, h: np.tanh(x @ v.wx + (h @ v.wh + v.b) + v.b))), diagnosis="y is what 2 * b in place of b would give"),
    Mutant("rnn", "detached at each step", "gradient", rnn(ga=_back(lambda v, t, sent: 0 * sent)), diagnosis="in gx, gwx, gwh and gb, h is held constant from one step to the next: what later steps send back is missing"),
    Mutant("rnn", "one step back and no more", "gradient", rnn(ga=_one_step_back), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn in which each y goes back two steps and no more"),
    Mutant("rnn", "what comes back doubled", "gradient", rnn(ga=_back(lambda v, t, sent: 2 * sent)), diagnosis="in gx, gh, gwx, gwh and gb, what comes back through h from the next step counts twice"),
    Mutant("rnn", "what comes back subtracted", "gradient", rnn(ga=_back(lambda v, t, sent: -sent)), diagnosis="in gx, gh, gwx, gwh and gb, what comes back through h from the next step has the wrong sign"),
    Mutant("rnn", "gy of the last state alone", "gradient", rnn(ga=_back(due=lambda v, t, sent: sent + v.gy[t] * (t == len(v.x) - 1))), diagnosis="gx, gh, gwx, gwh and gb are what gy[-1] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("rnn", "slope for gy alone", "gradient", rnn(ga=_slope_for_gy_alone), diagnosis="in gx, gh, gwx, gwh and gb, the derivative of tanh is missing in what comes back through h from the next step"),
    Mutant("rnn", "slope missing", "gradient", rnn(ga=_back(), slope=lambda v: np.ones_like(v.y)), diagnosis="gx, gh, gwx and gb are what leaving out tanh would give: tanh is missing"),
    Mutant("rnn", "wh not transposed through time", "gradient", rnn(ga=_by_wh_itself, gh=lambda v: v.ga[0] @ v.wh), diagnosis="in gx, gh, gwx, gwh and gb, wh is not transposed in the product with the gradient"),
    Mutant("rnn", "gh of zeros", "gradient", rnn(gh=lambda v: np.zeros_like(v.h)), diagnosis="gh is zero everywhere"),
    Mutant("rnn", "gh of every step", "gradient", rnn(gh=lambda v: (v.ga @ v.wh.T).sum(0)), diagnosis="gh is the sum of what comes back to h in all steps, but only that of the first step is the input"),
    Mutant("rnn", "gh of the last step", "gradient", rnn(gh=lambda v: v.ga[-1] @ v.wh.T), diagnosis="gh is what comes back to h in the last step, but is due in the first, the last on the way back"),
    Mutant("rnn", "gh of the first state made", "gradient", rnn(gh=lambda v: v.gy[0] + (v.ga[1] @ v.wh.T if len(v.x) > 1 else 0)), diagnosis="gh is the gradient of tanh(x[t] @ wx + h @ wh + b) in the first step, but is not sent back from there to h"),
    Mutant("rnn", "gh without wh", "gradient", rnn(gh=lambda v: v.ga[0]), diagnosis="gh is the gradient of x[t] @ wx + h @ wh + b in the first step, but is not sent back from there to h"),
    Mutant("rnn", "gwx of the first step alone", "gradient", rnn(gwx=lambda v: v.x[0].T @ v.ga[0]), diagnosis="in gwx, only the first step's use of wx counts, but all steps add up"),
    Mutant("rnn", "gwh of the last step alone", "gradient", rnn(gwh=lambda v: v.before[-1].T @ v.ga[-1]), diagnosis="in gwh, only the last step's use of wh counts, but all steps add up"),
    Mutant("rnn", "weights' gradients a mean over time", "gradient", rnn(
        gwx=lambda v: _over_time(v.x, v.ga) / len(v.x), gwh=lambda v: _over_time(v.before, v.ga) / len(v.x), gb=lambda v: _row_sum(v.ga) / len(v.x)), diagnosis="gwx, gwh and gb are T times too small: mean instead of sum?"),
    Mutant("rnn", "gwh by the state after", "gradient", rnn(gwh=lambda v: _over_time(v.y, v.ga)), diagnosis="in gwh, h after the step stands where h before the step should be in h @ wh"),
    Mutant("rnn", "gwh without the first state", "gradient", rnn(gwh=lambda v: _over_time(v.y[:-1], v.ga[1:])), diagnosis="in gwh, the first step's use of wh is missing"),
    Mutant("rnn", "gb summed over time alone", "gradient", rnn(gb=lambda v: v.ga.sum(0)), diagnosis="gb is not summed over axis 0"),
    Mutant("rnn", "gb of gy", "gradient", rnn(gb=lambda v: _row_sum(v.gy)), diagnosis="gb is gy, summed to the shape of b: the derivative of the operation is missing"),
    Mutant("rnn", "gx from the last step to the first", "gradient", rnn(gx=lambda v: (v.ga @ v.wx.T)[::-1]), diagnosis="the entries of gx are right, but stand at other places"),
    Mutant("rnn", "back through time from the first step", "gradient", rnn(ga=_from_the_first_step), diagnosis="gh is what gy[0] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("rnn", "new states in h", "pure", rnn(y=_states_in_h), diagnosis="forward changes h in place"),
    Mutant("rnn", "gy added to in place", "pure", rnn(ga=_sent_into_gy), diagnosis="grad changes gy in place"),
    Mutant("rnn", "states in float64", "stable", rnn(y=lambda v: np.array([h for h in _states(v)], float)), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("rnn", "tanh by exponentials", "stable", rnn(y=lambda v: _states(v, lambda v, x, h: _by_exponentials(x @ v.wx + h @ v.wh + v.b))), diagnosis="overflow warning in forward from"),

    Mutant("lstm", "gates in the order i f o g", "forward", lstm(steps=lambda v: _steps(v, order=(0, 1, 3, 2))), diagnosis="y is what you get with the parts in the order i f o g, but should be in the order i f g o"),
    Mutant("lstm", "c not carried on", "forward", lstm(steps=lambda v: _steps(v, c=lambda v, old, new: v.c)), diagnosis="y is what you get where every step starts from the c of the input"),
    Mutant("lstm", "h of the input at each step", "forward", lstm(steps=lambda v: _steps(v, lambda v, x, h: x @ v.wx + v.h @ v.wh + v.b)), diagnosis="y is what you get where every step starts from the h of the input"),
    Mutant("lstm", "c handed out", "forward", lstm(y=lambda v: np.stack([s.new for s in v.steps])), diagnosis="y is that of the c of all steps, in the place of h"),
    Mutant("lstm", "the first c ignored", "forward", lstm(steps=lambda v: _steps(SimpleNamespace(**vars(v) | {"c": np.zeros_like(v.c)}))), diagnosis="y is what c = 0 would give: c is not used"),
    Mutant("lstm", "c's path through time left out", "gradient", lstm(g=_lstm_back(sent_c=lambda gc, s: 0 * gc)), diagnosis="in gx, gh, gc, gwx, gwh and gb, c is held constant from one step to the next: what later steps send back is missing"),
    Mutant("lstm", "h's path through time left out", "gradient", lstm(g=_lstm_back(sent=lambda gh: 0 * gh)), diagnosis="in gx, gh, gc, gwx, gwh and gb, h is held constant from one step to the next: what later steps send back is missing"),
    Mutant("lstm", "detached at each step", "gradient", lstm(g=_lstm_back(lambda gh: 0 * gh, lambda gc, s: 0 * gc)), diagnosis="in gx, gwx, gwh and gb, h and c are held constant from one step to the next: what later steps send back is missing"),
    Mutant("lstm", "f forgotten on c's path through time", "gradient", lstm(g=_lstm_back(sent_c=lambda gc, s: gc)), diagnosis="in gx, gh, gwx, gwh and gb, the factor f is missing in the gradient of c in f * c"),
    Mutant("lstm", "c's path doubled", "gradient", lstm(g=_lstm_back(sent_c=lambda gc, s: 2 * gc * s.f)), diagnosis="in gx, gh, gc, gwx, gwh and gb, what comes back through c from the next step counts twice"),
    Mutant("lstm", "gy of the last h alone", "gradient", lstm(g=_lstm_back(due=lambda v, t, gh: gh + v.gy[t] * (t == len(v.x) - 1))), diagnosis="gx, gh, gc, gwx, gwh and gb are what gy[-1] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("lstm", "what h sends to c lacks tanh's slope", "gradient", lstm(g=_lstm_back(due_c=lambda gc, gh, s: gc + gh * s.o)), diagnosis="in gx, gh, gc, gwx, gwh and gb, the derivative of tanh in tanh(new_c) is missing: the gradient passes through it unchanged"),
    Mutant("lstm", "gates' gradients in the order i f o g", "gradient", lstm(g=_lstm_back(gates=lambda gh, gc, s: [_right_gates(gh, gc, s)[k] for k in (0, 1, 3, 2)])), diagnosis="in gx, gh, gc, gwx, gwh and gb, the gradients of the parts stand in the order i f o g, but should be in the order i f g o"),
    Mutant("lstm", "slope of i missing", "gradient", lstm(g=_lstm_back(gates=lambda gh, gc, s: [gc * s.g, *_right_gates(gh, gc, s)[1:]])), diagnosis="in gx, gh, gc, gwx, gwh and gb, the derivative of sigmoid in i is missing: the gradient passes through it unchanged"),
    Mutant("lstm", "slope of o missing", "gradient", lstm(g=_lstm_back(gates=lambda gh, gc, s: [*_right_gates(gh, gc, s)[:3], gh * s.s])), diagnosis="in gx, gh, gc, gwx, gwh and gb, the derivative of sigmoid in o is missing: the gradient passes through it unchanged"),
    Mutant("lstm", "the new c in f's gradient", "gradient", lstm(g=_lstm_back(
        gates=lambda gh, gc, s: [gc * s.g * s.i * (1 - s.i), gc * s.new * s.f * (1 - s.f), *_right_gates(gh, gc, s)[2:]])), diagnosis="in gx, gh, gc, gwx, gwh and gb, new_c stands where c should be in f * c"),
    Mutant("lstm", "gc of zeros", "gradient", lstm(gc=lambda v: np.zeros_like(v.c)), diagnosis="gc is zero everywhere"),
    Mutant("lstm", "gh of every step", "gradient", lstm(gh=lambda v: (v.ga @ v.wh.T).sum(0)), diagnosis="gh is the sum of what comes back to h in all steps, but only that of the first step is the input"),
    Mutant("lstm", "gwh of the first step alone", "gradient", lstm(gwh=lambda v: v.h.T @ v.ga[0]), diagnosis="in gwh, only the first step's use of wh counts, but all steps add up"),
    Mutant("lstm", "gwh by the h after", "gradient", lstm(gwh=lambda v: _over_time(v.y, v.ga)), diagnosis="in gwh, h after the step stands where h before the step should be in h @ wh"),
    Mutant("lstm", "gh and gc exchanged", "gradient", lstm(grads="gx gc gh gwx gwh gb"), diagnosis="gradients come in the order (gx, gc, gh, gwx, gwh, gb)"),
    Mutant("lstm", "no gc", "gradient", lstm(grads="gx gh gwx gwh gb"), diagnosis="gc is missing: grad returns only gx, gh, gwx, gwh, gb"),
    Mutant("lstm", "new c in c", "pure", lstm(steps=_steps_in_c), diagnosis="forward changes c in place"),
    Mutant("lstm", "sigmoid that overflows", "stable", lstm(steps=_steps_that_overflow), diagnosis="overflow warning in forward from"),

    Mutant("truncated_rnn", "not cut", "gradient", truncated_rnn(ga=_back()), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn that is not cut: window is not used"),
    Mutant("truncated_rnn", "cut at each step", "gradient", truncated_rnn(ga=_back(lambda v, t, sent: 0 * sent)), diagnosis="in gx, gwx, gwh and gb, h is held constant from one step to the next: what later steps send back is missing"),
    Mutant("truncated_rnn", "cut one step too early", "gradient", truncated_rnn(ga=_back(lambda v, t, sent: sent * ((t + 1) % v.window != 0))), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn that is cut one step too early"),
    Mutant("truncated_rnn", "cut one step too late", "gradient", truncated_rnn(ga=_back(lambda v, t, sent: sent * ((t - 1) % v.window != 0 or t == 0))), diagnosis="gx, gwx, gwh and gb are that of an rnn that is cut one step too late"),
    Mutant("truncated_rnn", "windows counted from the end", "gradient", truncated_rnn(ga=_back(lambda v, t, sent: sent * ((len(v.x) - t) % v.window != 0))), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn whose windows are counted from the last step"),
    Mutant("truncated_rnn", "cut once, window steps before the end", "gradient", truncated_rnn(ga=_back(lambda v, t, sent: sent * (len(v.x) - t != v.window))), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn that is cut at one place, window steps before the end"),
    Mutant("truncated_rnn", "windows of one step more", "gradient", truncated_rnn(ga=_back(lambda v, t, sent: sent * (t % (v.window + 1) != 0))), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn whose windows have a step more"),
    Mutant("truncated_rnn", "each y by a window of its own", "gradient", truncated_rnn(ga=_each_by_itself, gh=_gh_each_by_itself), diagnosis="gx, gwx, gwh and gb are that of an rnn in which each y goes back window steps of its own"),
    Mutant("truncated_rnn", "zeros at the start of each window", "forward", truncated_rnn(y=_states_reset), diagnosis="y is that of an rnn whose state is 0 at the start of each window"),
    Mutant("truncated_rnn", "gh cut too, as step 0 is a multiple", "gradient", truncated_rnn(gh=lambda v: np.zeros_like(v.h)), diagnosis="gh is zero everywhere"),
    Mutant("truncated_rnn", "the last window alone", "gradient", truncated_rnn(ga=_last_window), diagnosis="gx, gh, gwx, gwh and gb are that of an rnn of which the last window alone goes back"),
    Mutant("truncated_rnn", "wh's use where a window begins left out", "gradient", truncated_rnn(gwh=_within_windows), diagnosis="in gwh, the use of wh is missing in the steps before which something is held constant"),
    Mutant("truncated_rnn", "gwh by the state after", "gradient", truncated_rnn(gwh=lambda v: _over_time(v.y, v.ga)), diagnosis="in gwh, h after the step stands where h before the step should be in h @ wh"),
    Mutant("truncated_rnn", "gwx of the first step alone", "gradient", truncated_rnn(gwx=lambda v: v.x[0].T @ v.ga[0]), diagnosis="in gwx, only the first step's use of wx counts, but all steps add up"),
    Mutant("truncated_rnn", "slope missing", "gradient", truncated_rnn(slope=lambda v: np.ones_like(v.y)), diagnosis="gx, gh, gwx and gb are what leaving out tanh would give: tanh is missing"),
    Mutant("truncated_rnn", "wh not transposed through time", "gradient", truncated_rnn(ga=_cut_by_wh_itself), diagnosis="in gx, gwx, gwh and gb, wh is not transposed in the product with the gradient"),
    Mutant("truncated_rnn", "a gradient for the window", "gradient", truncated_rnn(grads="gx gh gwx gwh gb gwindow", gwindow=_zero), diagnosis="grad returns 6 gradients, number 6 is too many: only gx, gh, gwx, gwh and gb are due"),
    Mutant("truncated_rnn", "new states in h", "pure", truncated_rnn(y=_states_in_h), diagnosis="forward changes h in place"),
]

RIGHT = [
    Alternative("embedding", "np.take", embedding(y=lambda v: np.take(v.w, v.indices, axis=0))),
    Alternative("embedding", "one-hot matrix", embedding(gw=_by_one_hot)),
    Alternative("embedding", "sorted, then added up by runs", embedding(gw=_sorted_and_added)),
    Alternative("embedding", "flat", embedding(gw=lambda v: _added_up(v.gy.reshape(-1, v.w.shape[1]), v.w, v.indices.reshape(-1)))),
    Alternative("embedding", "place by place", embedding(gw=_place_by_place), slow=True),

    Alternative("rnn_cell", "products by name", rnn_cell()),
    Alternative("rnn_cell", "x beside h", _x_beside_h),
    Alternative("rnn_cell", "einsum, a list", rnn_cell(
        a=lambda v: np.einsum("nd,dh->nh", v.x, v.wx) + np.einsum("nk,kh->nh", v.h, v.wh) + v.b,
        gwx=lambda v: np.einsum("nd,nh->dh", v.x, v.ga), gb=lambda v: np.einsum("nh->h", v.ga)[None])),
    Alternative("rnn_cell", "the slope by cosh", rnn_cell(ga=lambda v: v.gy / np.cosh(np.clip(v.a, -40, 40)) ** 2)),
    Alternative("rnn_cell", "example by example", _one_by_one(rnn_cell(), {0: 0, 1: 0}, 0, 5), slow=True),

    Alternative("gru_cell", "part by part", gru_cell()),
    Alternative("gru_cell", "from n to h by z", gru_cell(y=lambda v: v.n + v.z * (v.h - v.n))),
    Alternative("gru_cell", "each gate by weights of its own", _gru_by_gates),
    Alternative("gru_cell", "sigmoid by tanh", gru_cell(
        r=lambda v: (np.tanh((v.u[0] + v.v[0]) / 2) + 1) / 2, gr=lambda v: v.gn * v.v[2] * (v.r - v.r**2))),
    Alternative("gru_cell", "example by example", _one_by_one(gru_cell(), {0: 0, 1: 0}, 0, 6), slow=True),

    Alternative("lstm_cell", "part by part", lstm_cell()),
    Alternative("lstm_cell", "gates along an axis of their own", _gates_along_an_axis),
    Alternative("lstm_cell", "sigmoid by tanh", lstm_cell(**{
        gate: lambda v, k=k: (np.tanh(v.u[k] / 2) + 1) / 2 for k, gate in ((0, "i"), (1, "f"), (3, "o"))})),
    Alternative("lstm_cell", "x beside h", _lstm_x_beside_h),
    Alternative("lstm_cell", "example by example", _one_by_one(lstm_cell(), {0: 0, 1: 0, 2: 0}, 1, 6), slow=True),

    Alternative("rnn", "part by part", rnn()),
    Alternative("rnn", "cell by cell", _cell_by_cell),
    Alternative("rnn", "weights' gradients added up step by step", rnn(
        gwx=lambda v: sum(x.T @ ga for x, ga in zip(v.x, v.ga, strict=True)), gwh=lambda v: sum(h.T @ ga for h, ga in zip(v.before, v.ga, strict=True)),
        gb=lambda v: sum(ga.sum(0, keepdims=True) for ga in v.ga))),
    Alternative("rnn", "one window", lambda *inputs: truncated_rnn()(*inputs, len(inputs[0]))),
    Alternative("rnn", "example by example", _one_by_one(rnn(), {0: 1, 1: 0}, 1, 5), slow=True),

    Alternative("lstm", "part by part", lstm()),
    Alternative("lstm", "cell by cell", _lstm_cell_by_cell),
    Alternative("lstm", "x times wx for all steps first", lstm(steps=_hoisted)),
    Alternative("lstm", "einsum over time", lstm(gwx=lambda v: np.einsum("tnd,tnh->dh", v.x, v.ga), gb=lambda v: v.ga.sum((0, 1))[None])),
    Alternative("lstm", "example by example", _one_by_one(lstm(), {0: 1, 1: 0, 2: 0}, 1, 6), slow=True),

    Alternative("truncated_rnn", "part by part", truncated_rnn()),
    Alternative("truncated_rnn", "an rnn for each window", _window_by_window),
    Alternative("truncated_rnn", "a mask of the steps that send", truncated_rnn(ga=_back(lambda v, t, sent: sent * v.x.dtype.type(t % v.window > 0)))),
    Alternative("truncated_rnn", "all windows' last steps first", truncated_rnn(ga=_all_windows_at_once)),
    Alternative("truncated_rnn", "example by example", _one_by_one(truncated_rnn(), {0: 1, 1: 0}, 1, 5), slow=True),
]

SLOW = [
    Alternative("rnn_cell", "numeric differences", rnn_cell(gh=_numeric_gh), slow=True),
]
# fmt: on
