"""Level 7: known wrong and known right implementations of embeddings and of recurrent networks.

An operation is built of named parts, computed one after another, forward and then backward. A part gets `v`, which holds
the inputs and all that was computed before it; a row gives other parts, or further ones. ga is the gradient of what goes
into tanh, or into the gates. Of a network over time, a step is a part too.
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful


def _builder(inputs: str, grads: str, **right: Callable) -> Callable:
    """What makes an operation out of its right parts and a row's: those named g... belong to grad."""

    def build(*, grads: str = grads, **parts: Callable) -> Callable:
        forward = {name: part for name, part in (right | parts).items() if not name.startswith("g")}
        backward = {name: part for name, part in (right | parts).items() if name.startswith("g")}

        def operation(*given):
            v = SimpleNamespace(**dict(zip(inputs.split(), given, strict=True)))
            for name, part in forward.items():
                setattr(v, name, part(v))

            def grad(gy):
                v.gy = gy
                for name, part in backward.items():
                    setattr(v, name, part(v))
                found = tuple(getattr(v, name) for name in grads.split())
                return found if len(found) > 1 else found[0]

            return v.y, grad

        return operation

    return build


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


embedding = _builder("w indices", "gw", y=lambda v: v.w[v.indices], gw=lambda v: _added_up(v.gy, v.w, v.indices))

rnn_cell = _builder(
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

gru_cell = _builder(
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

lstm_cell = _builder(
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
rnn = _builder("x h wx wh b", "gx gh gwx gwh gb", **_RNN)


def _cut(v, t, sent):
    """What goes from step t to the one before, where windows begin at multiples of window."""
    return sent if not t or t % v.window else np.zeros_like(sent)


truncated_rnn = _builder("x h wx wh b window", "gx gh gwx gwh gb", **_RNN | {"ga": _back(_cut)})


def _steps(v, gates: Callable = lambda v, x, h: x @ v.wx + h @ v.wh + v.b, c: Callable = lambda v, old, new: new, order=(0, 1, 2, 3)):
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


lstm = _builder(
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


# fmt: off
WRONG = [
    Mutant("embedding", "assigned", "gradient", embedding(gw=_set)),
    Mutant("embedding", "+= at indices", "gradient", embedding(gw=_plus_equal)),
    Mutant("embedding", "averaged over a word's places", "gradient", embedding(gw=_averaged)),
    Mutant("embedding", "gy itself", "gradient", embedding(gw=lambda v: v.gy)),
    Mutant("embedding", "rows up to the largest index", "gradient", embedding(gw=_of_words_that_are_there)),
    Mutant("embedding", "position by position of the first axis", "gradient", embedding(gw=_position_by_position)),
    Mutant("embedding", "no gradient for word 0, the padding", "gradient", embedding(gw=_padding)),
    Mutant("embedding", "mean over the places", "gradient", embedding(gw=lambda v: _added_up(v.gy, v.w, v.indices) / v.indices.size)),
    Mutant("embedding", "times the row itself", "gradient", embedding(gw=lambda v: _added_up(v.gy, v.w, v.indices) * v.w)),
    Mutant("embedding", "times sqrt(D)", "forward", embedding(y=lambda v: v.w[v.indices] * np.sqrt(v.w.shape[1]).astype(v.w.dtype))),
    Mutant("embedding", "counted from 1", "forward", embedding(y=lambda v: v.w[v.indices.astype(int) - 1], gw=lambda v: _added_up(v.gy, v.w, v.indices.astype(int) - 1))),
    Mutant("embedding", "columns looked up", "forward", embedding(y=lambda v: v.w.T[v.indices % v.w.shape[1]])),
    Mutant("embedding", "rows of length 1", "forward", embedding(
        y=lambda v: (v.w / np.maximum(np.sqrt((v.w**2).sum(1, keepdims=True)), 1e-12).astype(v.w.dtype))[v.indices])),
    Mutant("embedding", "not cleared between calls of grad", "pure", _accumulated_rows),
    Mutant("embedding", "indices of the last call", "pure", Stateful(_last_indices)),
    Mutant("embedding", "zeros in float64", "stable", embedding(gw=lambda v: _added_up(v.gy, np.zeros(v.w.shape), v.indices))),

    Mutant("rnn_cell", "sigmoid", "forward", rnn_cell(y=lambda v: _sigmoid(v.a))),
    Mutant("rnn_cell", "wh transposed in forward", "forward", rnn_cell(a=lambda v: v.x @ v.wx + v.h @ v.wh.T + v.b)),
    Mutant("rnn_cell", "two biases", "forward", rnn_cell(a=lambda v: v.x @ v.wx + v.h @ v.wh + 2 * v.b)),
    Mutant("rnn_cell", "no tanh", "forward", rnn_cell(y=lambda v: v.a)),
    Mutant("rnn_cell", "slope of tanh missing", "gradient", rnn_cell(ga=lambda v: v.gy)),
    Mutant("rnn_cell", "slope of sigmoid", "gradient", rnn_cell(ga=lambda v: v.gy * v.y * (1 - v.y))),
    Mutant("rnn_cell", "slope at what goes in", "gradient", rnn_cell(ga=lambda v: v.gy * (1 - v.a**2))),
    Mutant("rnn_cell", "tanh taken twice in the slope", "gradient", rnn_cell(ga=lambda v: v.gy * (1 - np.tanh(v.y) ** 2))),
    Mutant("rnn_cell", "gh by wh, not transposed", "gradient", rnn_cell(gh=lambda v: v.ga @ v.wh)),
    Mutant("rnn_cell", "gx by wh", "gradient", rnn_cell(gx=lambda v: v.ga @ v.wh.T)),
    Mutant("rnn_cell", "gwh by y, the state after", "gradient", rnn_cell(gwh=lambda v: v.y.T @ v.ga)),
    Mutant("rnn_cell", "gwh the other way round", "gradient", rnn_cell(gwh=lambda v: v.ga.T @ v.h)),
    Mutant("rnn_cell", "slope missing in gwh", "gradient", rnn_cell(gwh=lambda v: v.h.T @ v.gy)),
    Mutant("rnn_cell", "gb a mean", "gradient", rnn_cell(gb=lambda v: v.ga.mean(0, keepdims=True))),
    Mutant("rnn_cell", "gb lost its axis", "gradient", rnn_cell(gb=lambda v: v.ga.sum(0))),
    Mutant("rnn_cell", "gb a sum of gy", "gradient", rnn_cell(gb=lambda v: v.gy.sum(0, keepdims=True))),
    Mutant("rnn_cell", "no gh", "gradient", rnn_cell(grads="gx gwx gwh gb")),
    Mutant("rnn_cell", "gh first", "gradient", rnn_cell(grads="gh gx gwh gwx gb")),
    Mutant("rnn_cell", "new state in h", "pure", rnn_cell(
        a=lambda v: _kept(v, v.h) + v.x @ v.wx + v.h @ v.wh + v.b, y=lambda v: _into(v.h, np.tanh(v.a)), gwh=lambda v: v.kept.T @ v.ga)),
    Mutant("rnn_cell", "state of the last call", "pure", Stateful(_of_last_call)),
    Mutant("rnn_cell", "tanh by exponentials", "stable", rnn_cell(y=lambda v: _by_exponentials(v.a))),
    Mutant("gru_cell", "gates in the order z r n", "forward", gru_cell(r=lambda v: _sigmoid(v.u[1] + v.v[1]), z=lambda v: _sigmoid(v.u[0] + v.v[0]))),
    Mutant("gru_cell", "gates in the order n r z", "forward", gru_cell(
        u=lambda v: [np.split(v.x @ v.wx + v.bx, 3, 1)[k] for k in (1, 2, 0)], v=lambda v: [np.split(v.h @ v.wh + v.bh, 3, 1)[k] for k in (1, 2, 0)])),
    Mutant("gru_cell", "r times h before its weights", "forward", gru_cell(n=_reset_before)),
    Mutant("gru_cell", "bh_n outside of r", "forward", gru_cell(n=lambda v: np.tanh(v.u[2] + v.r * (v.v[2] - _n(v.bh)) + _n(v.bh)))),
    Mutant("gru_cell", "z and 1 - z exchanged", "forward", gru_cell(y=lambda v: v.z * v.n + (1 - v.z) * v.h)),
    Mutant("gru_cell", "sigmoid for tanh in n", "forward", gru_cell(n=lambda v: _sigmoid(v.u[2] + v.r * v.v[2]))),
    Mutant("gru_cell", "r left out", "forward", gru_cell(n=lambda v: np.tanh(v.u[2] + v.v[2]))),
    Mutant("gru_cell", "gates' gradients in the order z r n", "gradient", gru_cell(
        gu=lambda v: np.hstack([v.gz, v.gr, v.gn]), gv=lambda v: np.hstack([v.gz, v.gr, v.gn * v.r]))),
    Mutant("gru_cell", "h beside z forgotten", "gradient", gru_cell(gh=lambda v: v.gv @ v.wh.T)),
    Mutant("gru_cell", "h beside z alone", "gradient", gru_cell(gh=lambda v: v.gy * v.z)),
    Mutant("gru_cell", "slope of r missing", "gradient", gru_cell(gr=lambda v: v.gn * v.v[2])),
    Mutant("gru_cell", "slope of z missing", "gradient", gru_cell(gz=lambda v: v.gy * (v.h - v.n))),
    Mutant("gru_cell", "slope of n missing", "gradient", gru_cell(gn=lambda v: v.gy * (1 - v.z))),
    Mutant("gru_cell", "slope of a sigmoid in n", "gradient", gru_cell(gn=lambda v: v.gy * (1 - v.z) * v.n * (1 - v.n))),
    Mutant("gru_cell", "1 - z constant", "gradient", gru_cell(gz=lambda v: v.gy * v.h * v.z * (1 - v.z))),
    Mutant("gru_cell", "z's gradient with the wrong sign", "gradient", gru_cell(gz=lambda v: v.gy * (v.n - v.h) * v.z * (1 - v.z))),
    Mutant("gru_cell", "r constant", "gradient", gru_cell(gr=lambda v: 0 * v.gn)),
    Mutant("gru_cell", "r forgotten on the way to h", "gradient", gru_cell(gv=lambda v: np.hstack([v.gr, v.gz, v.gn]))),
    Mutant("gru_cell", "gbh the same as gbx", "gradient", gru_cell(gbh=lambda v: v.gbx)),
    Mutant("gru_cell", "bh left out of r's gradient", "gradient", gru_cell(gr=lambda v: v.gn * (v.v[2] - _n(v.bh)) * v.r * (1 - v.r))),
    Mutant("gru_cell", "gwh by y, the state after", "gradient", gru_cell(gwh=lambda v: v.y.T @ v.gv)),
    Mutant("gru_cell", "sigmoid that overflows", "stable", gru_cell(z=lambda v: _naive(v.u[1] + v.v[1]))),
    Mutant("gru_cell", "new state in h", "pure", gru_cell(
        y=lambda v: _kept(v, v.h) + _into(v.h, (1 - v.z) * v.n + v.z * v.h), gz=lambda v: v.gy * (v.kept - v.n) * v.z * (1 - v.z), gwh=lambda v: v.kept.T @ v.gv)),

    Mutant("lstm_cell", "gates in the order i f o g", "forward", lstm_cell(t=lambda v: np.tanh(v.u[3]), o=lambda v: _sigmoid(v.u[2]))),
    Mutant("lstm_cell", "gates in the order f i g o", "forward", lstm_cell(i=lambda v: _sigmoid(v.u[1]), f=lambda v: _sigmoid(v.u[0]))),
    Mutant("lstm_cell", "no tanh of the new c", "forward", lstm_cell(s=lambda v: v.new)),
    Mutant("lstm_cell", "sigmoid for tanh in g", "forward", lstm_cell(t=lambda v: _sigmoid(v.u[2]))),
    Mutant("lstm_cell", "1 added to the forget gate", "forward", lstm_cell(f=lambda v: _sigmoid(v.u[1] + 1))),
    Mutant("lstm_cell", "f and i bound together", "forward", lstm_cell(f=lambda v: 1 - v.i)),
    Mutant("lstm_cell", "o of the old c", "forward", lstm_cell(s=lambda v: np.tanh(v.c))),
    Mutant("lstm_cell", "c before h", "forward", lstm_cell(y=lambda v: np.stack([v.new, v.o * v.s]))),
    Mutant("lstm_cell", "gates' gradients in the order i f o g", "gradient", lstm_cell(ga=lambda v: np.hstack([v.gi, v.gf, v.go, v.gt]))),
    Mutant("lstm_cell", "gy[1] ignored", "gradient", lstm_cell(gnew=lambda v: v.gy[0] * v.o * (1 - v.s**2))),
    Mutant("lstm_cell", "what h sends back to c forgotten", "gradient", lstm_cell(gnew=lambda v: v.gy[1])),
    Mutant("lstm_cell", "slope of tanh(c) missing", "gradient", lstm_cell(gnew=lambda v: v.gy[1] + v.gy[0] * v.o)),
    Mutant("lstm_cell", "slope of tanh(c) at c", "gradient", lstm_cell(gnew=lambda v: v.gy[1] + v.gy[0] * v.o * (1 - v.new**2))),
    Mutant("lstm_cell", "slope of f missing", "gradient", lstm_cell(gf=lambda v: v.gnew * v.c)),
    Mutant("lstm_cell", "slope of g missing", "gradient", lstm_cell(gt=lambda v: v.gnew * v.i)),
    Mutant("lstm_cell", "slope of o missing", "gradient", lstm_cell(go=lambda v: v.gy[0] * v.s)),
    Mutant("lstm_cell", "slope of a sigmoid in g", "gradient", lstm_cell(gt=lambda v: v.gnew * v.i * v.t * (1 - v.t))),
    Mutant("lstm_cell", "the new c in f's gradient", "gradient", lstm_cell(gf=lambda v: v.gnew * v.new * v.f * (1 - v.f))),
    Mutant("lstm_cell", "the new c in o's gradient", "gradient", lstm_cell(go=lambda v: v.gy[0] * v.new * v.o * (1 - v.o))),
    Mutant("lstm_cell", "gc not times f", "gradient", lstm_cell(gc=lambda v: v.gnew)),
    Mutant("lstm_cell", "gc of gy[1] alone", "gradient", lstm_cell(gc=lambda v: v.gy[1] * v.f)),
    Mutant("lstm_cell", "gh of the input gate alone", "gradient", lstm_cell(gh=lambda v: v.gi @ v.wh[:, : v.h.shape[1]].T)),
    Mutant("lstm_cell", "sigmoid that overflows", "stable", lstm_cell(o=lambda v: _naive(v.u[3]))),
    Mutant("lstm_cell", "new c in c", "pure", lstm_cell(
        new=lambda v: _kept(v, v.c) + _into(v.c, v.f * v.c + v.i * v.t), gf=lambda v: v.gnew * v.kept * v.f * (1 - v.f))),
]

RIGHT = []

SLOW = []
# fmt: on
