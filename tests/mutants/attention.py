"""Level 8: known wrong and known right implementations of attention, and of the transformer's other parts.

An operation is built of named parts, computed one after another, forward and then backward. A part gets `a`, which holds
the inputs and all that was computed before it; a row gives other parts, or further ones. s are scores, p the weights that
they become, o what a head's values make.
"""

from math import erf, pi, sqrt
from types import SimpleNamespace

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful, built


def _t(array):
    """The last two axes exchanged."""
    return array.swapaxes(-1, -2)


def _sum(array):
    """The sum of each row, along the last axis, which stays."""
    return array.sum(-1, keepdims=True)


def _softmax(s, axis=-1):
    e = np.exp(s - s.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _seen(s, mask):
    """The softmax of what a mask lets through; 0 where that is nothing."""
    top = np.where(mask, s, s.min(-1, keepdims=True)).max(-1, keepdims=True)
    e = np.where(mask, np.exp(np.where(mask, s - top, 0)), 0)
    total = _sum(e)
    return e / np.where(total > 0, total, 1)


BACKWARD = {
    "gp": lambda a: a.gy @ _t(a.v),
    "gs": lambda a: a.p * (a.gp - _sum(a.gp * a.p)),
    "gq": lambda a: a.gs @ a.k * a.scale,
    "gk": lambda a: _t(a.gs) @ a.q * a.scale,
    "gv": lambda a: _t(a.p) @ a.gy,
}

attention = built(
    "q k v",
    "gq gk gv",
    scale=lambda a: 1 / sqrt(a.q.shape[-1]),
    s=lambda a: a.q @ _t(a.k) * a.scale,
    p=lambda a: _softmax(a.s),
    y=lambda a: a.p @ a.v,
    **BACKWARD,
)

masked = built(
    "q k v mask",
    "gq gk gv",
    scale=lambda a: 1 / sqrt(a.q.shape[-1]),
    s=lambda a: a.q @ _t(a.k) * a.scale,
    p=lambda a: _seen(a.s, a.mask),
    y=lambda a: a.p @ a.v,
    **BACKWARD,
)

causal = built(
    "q k v",
    "gq gk gv",
    scale=lambda a: 1 / sqrt(a.q.shape[-1]),
    mask=lambda a: np.tri(a.q.shape[-2], dtype=bool),
    s=lambda a: a.q @ _t(a.k) * a.scale,
    p=lambda a: _seen(a.s, a.mask),
    y=lambda a: a.p @ a.v,
    **BACKWARD,
)

rotary = built(
    "x base",
    "gx",
    half=lambda a: a.x.shape[-1] // 2,
    at=lambda a: np.arange(a.x.shape[-2])[:, None],
    turn=lambda a: a.base ** (-np.arange(a.half) / a.half),
    cos=lambda a: np.cos(a.at * a.turn).astype(a.x.dtype),
    sin=lambda a: np.sin(a.at * a.turn).astype(a.x.dtype),
    y=lambda a: _turned(a.x, a.cos, a.sin),
    gx=lambda a: _turned(a.gy, a.cos, -a.sin),
)

multi_head = built(
    "x wq wk wv wo heads",
    "gx gwq gwk gwv gwo",
    scale=lambda a: 1 / sqrt(a.x.shape[-1] // a.heads),
    q=lambda a: _split(a.x @ a.wq, a.heads),
    k=lambda a: _split(a.x @ a.wk, a.heads),
    v=lambda a: _split(a.x @ a.wv, a.heads),
    s=lambda a: a.q @ _t(a.k) * a.scale,
    p=lambda a: _softmax(a.s),
    o=lambda a: _joined(a.p @ a.v),
    y=lambda a: a.o @ a.wo,
    go=lambda a: _split(a.gy @ a.wo.T, a.heads),
    gp=lambda a: a.go @ _t(a.v),
    gs=BACKWARD["gs"],
    gq=lambda a: _joined(a.gs @ a.k * a.scale),
    gk=lambda a: _joined(_t(a.gs) @ a.q * a.scale),
    gv=lambda a: _joined(_t(a.p) @ a.go),
    gx=lambda a: a.gq @ a.wq.T + a.gk @ a.wk.T + a.gv @ a.wv.T,
    gwq=lambda a: _rows(a.x).T @ _rows(a.gq),
    gwk=lambda a: _rows(a.x).T @ _rows(a.gk),
    gwv=lambda a: _rows(a.x).T @ _rows(a.gv),
    gwo=lambda a: _rows(a.o).T @ _rows(a.gy),
)

swiglu = built(
    "x w_gate w_up w_down",
    "gx gw_gate gw_up gw_down",
    z=lambda a: a.x @ a.w_gate,
    u=lambda a: a.x @ a.w_up,
    s=lambda a: _sigmoid(a.z),
    h=lambda a: a.z * a.s * a.u,
    y=lambda a: a.h @ a.w_down,
    gh=lambda a: a.gy @ a.w_down.T,
    gu=lambda a: a.gh * a.z * a.s,
    g_slope=lambda a: a.s * (1 + a.z * _sigmoid(-a.z)),
    gz=lambda a: a.gh * a.u * a.g_slope,
    gx=lambda a: a.gz @ a.w_gate.T + a.gu @ a.w_up.T,
    gw_gate=lambda a: _rows(a.x).T @ _rows(a.gz),
    gw_up=lambda a: _rows(a.x).T @ _rows(a.gu),
    gw_down=lambda a: _rows(a.h).T @ _rows(a.gy),
)


def blockwise(
    *, blocks=None, scale=None, mended=None, u=None, t=None, top=None, gc=None, gp=None, gq=None, gk=None, keep=None
):
    """blockwise_attention, of which each part may be another one."""
    kept = {}

    def operation(q, k, v, block):
        a = SimpleNamespace(q=q, k=k, v=v, block=block)
        a.scale = scale(a) if scale else 1 / sqrt(q.shape[-1])
        parts = blocks(a) if blocks else [slice(i, i + block) for i in range(0, k.shape[-2], block)]
        a.m, total = np.full_like(q[..., :1], -np.inf), t(a) if t else np.zeros_like(q[..., :1])
        y = np.zeros((*q.shape[:-1], v.shape[-1]), q.dtype)
        for at in parts:
            s = q @ _t(k[..., at, :]) * a.scale
            old, a.m = a.m, np.maximum(a.m, s.max(-1, keepdims=True)) if not top else top(a, s)
            e, factor = np.exp(s - a.m), (mended or (lambda a, m, old: np.exp(old - m)))(a, a.m, old)
            total = total * factor + _sum(e)
            y = (u or (lambda a, u, f, e, v: u * f + e @ v))(a, y, factor, e, v[..., at, :])
        y = y / total

        def grad(gy):
            sum_q, sum_k, sum_v = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
            if keep:
                sum_q = kept.setdefault((q.shape, q.dtype), sum_q)
                sum_q[...] = 0
            c = _sum(gy * y)
            for at in parts:
                s = q @ _t(k[..., at, :]) * a.scale
                p = gp(a, s) if gp else np.exp(s - a.m) / total
                g = gy @ _t(v[..., at, :])
                gs = p * (g - (gc(a, c, p, g) if gc else c))
                new = gs @ k[..., at, :] * a.scale
                sum_q[...] = gq(a, sum_q, new) if gq else sum_q + new
                sum_k[..., at, :] = (gk or (lambda a, gk: gk))(a, _t(gs) @ q * a.scale)
                sum_v[..., at, :] = _t(p) @ gy
            return sum_q, sum_k, sum_v

        return y, grad

    return operation


def _blocks_by_themselves(q, k, v, block):
    """The mean of what each block alone would give."""
    parts = [slice(i, i + block) for i in range(0, k.shape[-2], block)]
    each = [attention()(q, k[..., at, :], v[..., at, :]) for at in parts]

    def grad(gy):
        gradients = [grad(gy / len(parts)) for _, grad in each]
        return sum(g[0] for g in gradients), *(np.concatenate([g[i] for g in gradients], -2) for i in (1, 2))

    return sum(y for y, _ in each) / len(parts), grad


def _normed(x, gamma, beta):
    """Normalized rows with their gamma and beta, and what gives the gradients of the three."""
    c = x - x.mean(-1, keepdims=True)
    s = np.sqrt((c**2).mean(-1, keepdims=True) + 1e-5)
    z = c / s

    def grad(gy):
        gz = gy * gamma
        gx = (gz - gz.mean(-1, keepdims=True) - z * (gz * z).mean(-1, keepdims=True)) / s
        return gx, _rows(gy * z).sum(0), _rows(gy).sum(0)

    return gamma * z + beta, grad


def _gelu(x):
    """gelu in its tanh form, and its slope."""
    near = np.clip(x, -30, 30)
    s = _sigmoid(2 * sqrt(2 / pi) * (near + 0.044715 * near**3))
    return x * s, s * (1 + near * (1 - s) * 2 * sqrt(2 / pi) * (1 + 3 * 0.044715 * near**2))


def _gelu_share(x):
    return _sigmoid(2 * sqrt(2 / pi) * (x + 0.044715 * x**3))


def _phi(x):
    return np.vectorize(lambda value: (1 + erf(value / sqrt(2))) / 2)(x).astype(x.dtype)


def _dealt(x, heads):
    """Every heads-th feature together, beside the batch."""
    return x.reshape(*x.shape[:2], -1, heads).transpose(0, 3, 1, 2)


def _cut(x, heads):
    """(N, T, D) as (N, heads, T, D / heads) in the order of memory."""
    return x.reshape(x.shape[0], heads, x.shape[1], -1)


transformer = built(
    "x gamma1 beta1 wq wk wv wo gamma2 beta2 w1 b1 w2 b2 heads",
    "gx ggamma1 gbeta1 gwq gwk gwv gwo ggamma2 gbeta2 gw1 gb1 gw2 gb2",
    norm1=lambda a: _normed(a.x, a.gamma1, a.beta1),
    z1=lambda a: a.norm1[0],
    attend=lambda a: causal(),
    count=lambda a: a.heads,
    inside=lambda a: a.attend(*(_split(a.z1 @ w, a.count) for w in (a.wq, a.wk, a.wv))),
    o=lambda a: _joined(a.inside[0]),
    a=lambda a: a.o @ a.wo,
    r=lambda a: a.x + a.a,
    norm2=lambda a: _normed(a.r, a.gamma2, a.beta2),
    z2=lambda a: a.norm2[0],
    h=lambda a: a.z2 @ a.w1 + a.b1,
    act=lambda a: _gelu(a.h)[0],
    f=lambda a: a.act @ a.w2 + a.b2,
    y=lambda a: a.r + a.f,
    gb2=lambda a: _rows(a.gy).sum(0)[None],
    gw2=lambda a: _rows(a.act).T @ _rows(a.gy),
    gg=lambda a: a.gy @ a.w2.T,
    gh=lambda a: a.gg * _gelu(a.h)[1],
    gb1=lambda a: _rows(a.gh).sum(0)[None],
    gw1=lambda a: _rows(a.z2).T @ _rows(a.gh),
    gn2=lambda a: a.norm2[1](a.gh @ a.w1.T),
    gr2=lambda a: a.gn2[0],
    ggamma2=lambda a: a.gn2[1],
    gbeta2=lambda a: a.gn2[2],
    gr=lambda a: a.gy + a.gr2,
    gwo=lambda a: _rows(a.o).T @ _rows(a.gr),
    gin=lambda a: [_joined(g) for g in a.inside[1](_split(a.gr @ a.wo.T, a.count))],
    gwq=lambda a: _rows(a.z1).T @ _rows(a.gin[0]),
    gwk=lambda a: _rows(a.z1).T @ _rows(a.gin[1]),
    gwv=lambda a: _rows(a.z1).T @ _rows(a.gin[2]),
    gn1=lambda a: a.norm1[1](a.gin[0] @ a.wq.T + a.gin[1] @ a.wk.T + a.gin[2] @ a.wv.T),
    gx1=lambda a: a.gn1[0],
    ggamma1=lambda a: a.gn1[1],
    gbeta1=lambda a: a.gn1[2],
    gx=lambda a: a.gr + a.gx1,
)


def _turned(x, cos, sin):
    first, second = np.split(x, 2, axis=-1)
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)


def _split(x, heads):
    """(N, T, D) as (N, heads, T, D / heads)."""
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def _joined(x):
    """Likewise back."""
    return x.swapaxes(1, 2).reshape(x.shape[0], x.shape[2], -1)


def _rows(x):
    return x.reshape(-1, x.shape[-1])


def _sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _interleaved(x, cos, sin):
    """Pairs of neighbours: 0 and 1, 2 and 3, ..."""
    y = np.empty_like(x)
    y[..., ::2] = x[..., ::2] * cos - x[..., 1::2] * sin
    y[..., 1::2] = x[..., ::2] * sin + x[..., 1::2] * cos
    return y


def _silent(run):
    with np.errstate(all="ignore"):
        return run()


def _divided(e):
    """Rows divided by their sums, and left as they are where that is 0."""
    total = _sum(e)
    return e / np.where(total > 0, total, 1)


def _turned_in_place(a):
    first, second = np.split(a.x, 2, axis=-1)
    first[...], second[...] = first * a.cos - second * a.sin, first * a.sin + second * a.cos
    return a.x


def _grad_of_last_call():
    """Keeps what backward needs in one place for all calls with inputs of a shape."""
    saved = {}

    def operation(*inputs):
        key = (inputs[0].shape, inputs[0].dtype, inputs[-1])
        y, saved[key] = multi_head()(*inputs)
        return y, lambda gy: saved[key](gy)

    return operation


def _attention_by_einsum(q, k, v):
    s = np.einsum("...td,...sd->...ts", q, k) / sqrt(q.shape[-1])
    p = _softmax(s)

    def grad(gy):
        gp = np.einsum("...te,...se->...ts", gy, v)
        gs = (p * gp - p * np.einsum("...ts,...ts->...t", p, gp)[..., None]) / sqrt(q.shape[-1])
        return [
            np.einsum("...ts,...sd->...td", gs, k),
            np.einsum("...ts,...td->...sd", gs, q),
            np.einsum("...ts,...te->...se", p, gy),
        ]

    return np.einsum("...ts,...se->...te", p, v), grad


def _attention_by_jacobians(q, k, v):
    """Each query by itself, with the matrix of its softmax's derivatives."""
    scale = 1 / sqrt(q.shape[-1])
    p = np.zeros((*q.shape[:-1], k.shape[-2]), q.dtype)
    for at in np.ndindex(q.shape[:-1]):
        p[at] = _softmax(k[at[:-1]] @ q[at] * scale)

    def grad(gy):
        gq, gk, gv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        for at in np.ndindex(q.shape[:-1]):
            n = at[:-1]
            gs = (np.diag(p[at]) - np.outer(p[at], p[at])) @ (v[n] @ gy[at]) * scale
            gq[at] = gs @ k[n]
            gk[n] += np.outer(gs, q[at])
            gv[n] += np.outer(p[at], gy[at])
        return gq, gk, gv

    return p @ v, grad


def _causal_position_by_position(q, k, v):
    """Each position attends to what it sees, with attention without a mask."""
    steps = [attention()(q[..., t : t + 1, :], k[..., : t + 1, :], v[..., : t + 1, :]) for t in range(q.shape[-2])]

    def grad(gy):
        gq, gk, gv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        for t, (_, grad) in enumerate(steps):
            gq[..., t : t + 1, :], own_k, own_v = grad(gy[..., t : t + 1, :])
            gk[..., : t + 1, :] += own_k
            gv[..., : t + 1, :] += own_v
        return gq, gk, gv

    return np.concatenate([y for y, _ in steps], -2), grad


def _hidden(s, mask):
    """Minus infinity added in the scores' own dtype, and rows without a number set to 0."""
    p = _silent(lambda: _softmax(s + np.where(mask, 0, -np.inf).astype(s.dtype)))
    return np.where(np.isnan(p) & ~mask.any(-1, keepdims=True), 0, p)


def _lowest(s, mask):
    """The least number of the dtype for what is not seen."""
    return _softmax(np.where(mask, s, np.finfo(s.dtype).min)) * mask.any(-1, keepdims=True)


def _rotary_of_complex_numbers(x, base):
    half = x.shape[-1] // 2
    turn = np.exp(1j * np.arange(x.shape[-2])[:, None] * base ** (-2.0 * np.arange(half) / x.shape[-1]))

    def turned(x, turn):
        z = (x[..., :half] + 1j * x[..., half:]) * turn
        return np.concatenate([z.real, z.imag], axis=-1).astype(x.dtype)

    return turned(x, turn), lambda gy: turned(gy, turn.conj())


def _rotary_of_halves(x, base):
    """x cos + (its halves exchanged, the first negated) sin, as in many models."""
    d = x.shape[-1]
    angle = np.outer(np.arange(x.shape[-2]), 1 / base ** (np.arange(0, d, 2) / d))
    cos, sin = (np.tile(f(angle), 2).astype(x.dtype) for f in (np.cos, np.sin))

    def exchanged(x):
        return np.concatenate([-x[..., d // 2 :], x[..., : d // 2]], -1)

    return x * cos + exchanged(x) * sin, lambda gy: gy * cos - exchanged(gy * sin)


def _rotary_by_matrices(x, base):
    """A matrix for each position."""
    d, half = x.shape[-1], x.shape[-1] // 2
    matrices = np.zeros((x.shape[-2], d, d), x.dtype)
    for t in range(x.shape[-2]):
        for i in range(half):
            c, s = np.cos(t * base ** (-2 * i / d)), np.sin(t * base ** (-2 * i / d))
            matrices[t, i, i] = matrices[t, i + half, i + half] = c
            matrices[t, i, i + half], matrices[t, i + half, i] = -s, s
    y = np.einsum("tij,...tj->...ti", matrices, x)
    return y, lambda gy: np.einsum("tij,...ti->...tj", matrices, gy)


def _multi_head_by_einsum(x, wq, wk, wv, wo, heads):
    """Weights seen as (D, heads, features), and one product for the three."""
    size = x.shape[-1] // heads
    w = np.stack([wq, wk, wv]).reshape(3, x.shape[-1], heads, size)
    q, k, v = np.einsum("ntc,wchd->wnhtd", x, w)
    out = wo.reshape(heads, size, -1)
    y, attend_grad = attention()(q, k, v)

    def grad(gy):
        go = np.einsum("nte,hde->nhtd", gy, out)
        g = np.stack(attend_grad(go))
        gw = np.einsum("ntc,wnhtd->wchd", x, g).reshape(3, *wq.shape)
        return np.einsum("wnhtd,wchd->ntc", g, w), *gw, np.einsum("nhtd,nte->hde", y, gy).reshape(wo.shape)

    return np.einsum("nhtd,hde->nte", y, out), grad


def _multi_head_head_by_head(x, wq, wk, wv, wo, heads):
    size = x.shape[-1] // heads
    parts = [slice(h * size, (h + 1) * size) for h in range(heads)]
    each = [attention()(x @ wq[:, at], x @ wk[:, at], x @ wv[:, at]) for at in parts]

    def grad(gy):
        gx, gwq, gwk, gwv, gwo = (np.zeros_like(a) for a in (x, wq, wk, wv, wo))
        for at, (o, back) in zip(parts, each, strict=True):
            gwo[at] = _rows(o).T @ _rows(gy)
            for g, w, gw in zip(back(gy @ wo[at].T), (wq, wk, wv), (gwq, gwk, gwv), strict=True):
                gx += g @ w[:, at].T
                gw[:, at] = _rows(x).T @ _rows(g)
        return gx, gwq, gwk, gwv, gwo

    return sum(o @ wo[at] for at, (o, _) in zip(parts, each, strict=True)), grad


def _swiglu_of_one_product(x, w_gate, w_up, w_down):
    """Both weights side by side."""
    w, hidden = np.concatenate([w_gate, w_up], 1), w_gate.shape[1]
    both = x @ w
    z, u = both[..., :hidden], both[..., hidden:]
    s = _sigmoid(z)

    def grad(gy):
        gh = gy @ w_down.T
        g = np.concatenate([gh * u * (s + z * s * _sigmoid(-z)), gh * z * s], -1)
        gw = np.tensordot(x, g, (range(x.ndim - 1), range(x.ndim - 1)))
        return (
            g @ w.T,
            gw[:, :hidden],
            gw[:, hidden:],
            np.tensordot(z * s * u, gy, (range(x.ndim - 1), range(x.ndim - 1))),
        )

    return (z * s * u) @ w_down, grad


def _swiglu_row_by_row(x, w_gate, w_up, w_down):
    """Each row by itself."""
    rows = _rows(x)
    each = [swiglu()(row[None], w_gate, w_up, w_down) for row in rows]

    def grad(gy):
        found = [grad(g[None]) for (_, grad), g in zip(each, _rows(gy), strict=True)]
        return np.stack([g[0][0] for g in found]).reshape(x.shape), *(sum(g[i] for g in found) for i in (1, 2, 3))

    return np.stack([y[0] for y, _ in each]).reshape(x.shape), grad


def _blocks_of_both(q, k, v, block):
    """Queries are taken block by block as well, as many as keys."""
    scale = 1 / sqrt(q.shape[-1])
    rows, columns = ([slice(i, i + block) for i in range(0, a.shape[-2], block)] for a in (q, k))
    y, lse = np.zeros((*q.shape[:-1], v.shape[-1]), q.dtype), np.full_like(q[..., :1], -np.inf)
    for r in rows:
        for c in columns:
            s = q[..., r, :] @ _t(k[..., c, :]) * scale
            top = s.max(-1, keepdims=True)
            own = top + np.log(_sum(np.exp(s - top)))
            new = np.logaddexp(lse[..., r, :], own)
            y[..., r, :] = y[..., r, :] * np.exp(lse[..., r, :] - new) + np.exp(s - new) @ v[..., c, :]
            lse[..., r, :] = new

    def grad(gy):
        gq, gk, gv, delta = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v), _sum(gy * y)
        for c in columns:
            for r in rows:
                p = np.exp(q[..., r, :] @ _t(k[..., c, :]) * scale - lse[..., r, :])
                gs = p * (gy[..., r, :] @ _t(v[..., c, :]) - delta[..., r, :]) * scale
                gq[..., r, :] += gs @ k[..., c, :]
                gk[..., c, :] += _t(gs) @ q[..., r, :]
                gv[..., c, :] += _t(p) @ gy[..., r, :]
        return gq, gk, gv

    return y, grad


def _blocks_in_two_passes(q, k, v, block):
    """First the largest score of each row, then the sums."""
    q_scaled, starts = q / sqrt(q.shape[-1]), range(0, k.shape[-2], block)

    def scores():
        return ((slice(i, i + block), q_scaled @ _t(k[..., i : i + block, :])) for i in starts)

    top = np.maximum.reduce([s.max(-1, keepdims=True) for _, s in scores()])
    total = sum(_sum(np.exp(s - top)) for _, s in scores())
    y = sum(np.exp(s - top) / total @ v[..., at, :] for at, s in scores())

    def grad(gy):
        delta, gq, gk, gv = _sum(gy * y), 0, [], []
        for at, s in scores():
            p = np.exp(s - top) / total
            gs = p * (gy @ _t(v[..., at, :]) - delta)
            gq = gq + gs @ k[..., at, :]
            gk.append(_t(gs) @ q_scaled)
            gv.append(_t(p) @ gy)
        return gq / sqrt(q.shape[-1]), np.concatenate(gk, -2), np.concatenate(gv, -2)

    return y, grad


def _blocks_kept(q, k, v, block):
    """Right, but the weights of all blocks are kept for grad: T x S numbers in pieces."""
    y, _ = _blocks_in_two_passes(q, k, v, block)
    scale, starts = 1 / sqrt(q.shape[-1]), range(0, k.shape[-2], block)
    pieces = [q @ _t(k[..., i : i + block, :]) * scale for i in starts]
    top = np.maximum.reduce([s.max(-1, keepdims=True) for s in pieces])
    total = sum(_sum(np.exp(s - top)) for s in pieces)
    for s in pieces:
        s[...] = np.exp(s - top) / total

    def grad(gy):
        gq, gk, gv, delta = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v), _sum(gy * y)
        for i, p in zip(starts, pieces, strict=True):
            at = slice(i, i + block)
            gs = p * (gy @ _t(v[..., at, :]) - delta) * scale
            gq += gs @ k[..., at, :]
            gk[..., at, :] = _t(gs) @ q
            gv[..., at, :] = _t(p) @ gy
        return gq, gk, gv

    return y, grad


def _example_by_example(x, *weights):
    """A transformer block of each example, and the weights' gradients added up."""
    each = [transformer()(one[None], *weights) for one in x]

    def grad(gy):
        found = [grad(g[None]) for (_, grad), g in zip(each, gy, strict=True)]
        return np.concatenate([g[0] for g in found]), *(sum(g[i] for g in found) for i in range(1, 13))

    return np.concatenate([y for y, _ in each]), grad


# fmt: off
WRONG = [
    Mutant("scaled_dot_product_attention", "scale forgotten", "forward", attention(scale=lambda a: 1), diagnosis="y is what leaving out the divisor sqrt(D) would give: the divisor sqrt(D) is missing"),
    Mutant("scaled_dot_product_attention", "divided by D", "forward", attention(scale=lambda a: 1 / a.q.shape[-1]), diagnosis="y is what D in place of sqrt(D) in q @ transpose(k) / sqrt(D) would give"),
    Mutant("scaled_dot_product_attention", "multiplied by sqrt(D)", "forward", attention(scale=lambda a: sqrt(a.q.shape[-1])), diagnosis="y is what 1 / sqrt(D) in place of sqrt(D) in q @ transpose(k) / sqrt(D) would give"),
    Mutant("scaled_dot_product_attention", "scale of the values' features", "forward", attention(scale=lambda a: 1 / sqrt(a.v.shape[-1])), diagnosis="y is what sqrt(E) in place of sqrt(D) in q @ transpose(k) / sqrt(D) would give"),
    Mutant("scaled_dot_product_attention", "scale of the number of keys", "forward", attention(scale=lambda a: 1 / sqrt(a.k.shape[-2])), diagnosis="y is what sqrt(S) in place of sqrt(D) in q @ transpose(k) / sqrt(D) would give"),
    Mutant("scaled_dot_product_attention", "softmax over the queries", "forward", attention(p=lambda a: _softmax(a.s, -2)), diagnosis="y is what softmax along axis -2 would give, but it should go along the last axis"),
    Mutant("scaled_dot_product_attention", "softmax of everything", "forward", attention(p=lambda a: np.exp(a.s - a.s.max()) / np.exp(a.s - a.s.max()).sum()), diagnosis="y is off by a factor that is constant along axis -1"),
    Mutant("scaled_dot_product_attention", "no softmax", "forward", attention(p=lambda a: a.s), diagnosis="y is what leaving out softmax would give: softmax is missing"),
    Mutant("scaled_dot_product_attention", "scale missing in gq", "gradient", attention(gq=lambda a: a.gs @ a.k), diagnosis="in gq, the derivative of the divisor sqrt(D) is missing: the gradient passes through it unchanged"),
    Mutant("scaled_dot_product_attention", "scale missing in gk", "gradient", attention(gk=lambda a: _t(a.gs) @ a.q), diagnosis="in gk, the derivative of the divisor sqrt(D) is missing: the gradient passes through it unchanged"),
    Mutant("scaled_dot_product_attention", "scale missing in gq and gk", "gradient", attention(gq=lambda a: a.gs @ a.k, gk=lambda a: _t(a.gs) @ a.q), diagnosis="in gq and gk, the derivative of the divisor sqrt(D) is missing: the gradient passes through it unchanged"),
    Mutant("scaled_dot_product_attention", "scale twice in gk", "gradient", attention(gk=lambda a: _t(a.gs) @ (a.q * a.scale) * a.scale), diagnosis="in gk, the derivative of q @ transpose(k) / sqrt(D) is what sqrt(D)**2 in place of sqrt(D) in q @ transpose(k) / sqrt(D) would give"),
    Mutant("scaled_dot_product_attention", "softmax's gradient elementwise", "gradient", attention(gs=lambda a: a.gp * a.p * (1 - a.p)), diagnosis="in gq and gk, the derivative of softmax, s = softmax(q @ transpose(k) / sqrt(D)), is s * (1 - s), but should be s[i] * ([i = j] - s[j])"),
    Mutant("scaled_dot_product_attention", "softmax's sum missing", "gradient", attention(gs=lambda a: a.gp * a.p), diagnosis="in gq, the sum is treated as a constant: it depends on q too; in gk, the sum is treated as a constant: it depends on k too"),
    Mutant("scaled_dot_product_attention", "softmax's sum without the weights", "gradient", attention(gs=lambda a: a.p * (a.gp - _sum(a.gp))), diagnosis="in gq and gk, the derivative of softmax: its sum is of the gradients alone, without the weights"),
    Mutant("scaled_dot_product_attention", "softmax's sum over the queries", "gradient", attention(gs=lambda a: a.p * (a.gp - (a.gp * a.p).sum(-2, keepdims=True))), diagnosis="in gq and gk, the derivative of softmax: its sum, of the gradients times the weights, is over the axis before the last one"),
    Mutant("scaled_dot_product_attention", "softmax's gradient left out", "gradient", attention(gs=lambda a: a.gp), diagnosis="gq and gk are what leaving out softmax would give: softmax is missing"),
    Mutant("scaled_dot_product_attention", "gv of weights that are not transposed", "gradient", attention(gv=lambda a: a.p @ a.gy), diagnosis="in gv, softmax(q @ transpose(k) / 1.41421) is not transposed in the product with the gradient"),
    Mutant("scaled_dot_product_attention", "gv of the scores", "gradient", attention(gv=lambda a: _t(a.s) @ a.gy), diagnosis="gv is what leaving out softmax would give: softmax is missing"),
    Mutant("scaled_dot_product_attention", "gq and gk exchanged", "gradient", attention(grads="gk gq gv"), diagnosis="like q: (..., T, D): gradients come in the order (gk, gq, gv)"),
    Mutant("scaled_dot_product_attention", "gv first", "gradient", attention(grads="gv gk gq"), diagnosis="like q: (..., T, D): gradients come in the order (gv, gk, gq)"),
    Mutant("scaled_dot_product_attention", "all axes of k transposed", "forward", attention(s=lambda a: a.q @ a.k.T * a.scale), diagnosis="y is wrong only where q has more than 2 dimensions: ValueError: matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?)"),
    Mutant("scaled_dot_product_attention", "q scaled in place", "pure", attention(s=lambda a: np.multiply(a.q, a.scale, out=a.q) @ _t(a.k), gk=lambda a: _t(a.gs) @ a.q), diagnosis="forward changes q in place"),
    Mutant("scaled_dot_product_attention", "scale a NumPy float64", "stable", attention(s=lambda a: a.q @ _t(a.k) / np.sqrt(a.q.shape[-1])), diagnosis="has dtype float64, but should be float32, like the inputs"),
    Mutant("scaled_dot_product_attention", "maximum not subtracted", "stable", attention(p=lambda a: np.exp(a.s) / _sum(np.exp(a.s))), diagnosis="the maximum is not subtracted before exp"),
    Mutant("scaled_dot_product_attention", "maximum of everything subtracted", "stable", attention(p=lambda a: np.exp(a.s - a.s.max()) / _sum(np.exp(a.s - a.s.max()))), diagnosis="the maximum over everything is subtracted, but should be that of each row: far below it, exp rounds to 0"),

    Mutant("masked_attention", "mask after the softmax", "forward", masked(p=lambda a: _softmax(a.s) * a.mask), diagnosis="y is that of a mask after the softmax: the weights that are left do not add up to 1"),
    Mutant("masked_attention", "mask inverted", "forward", masked(p=lambda a: _seen(a.s, ~a.mask)), diagnosis="y is what ~mask in place of mask would give: True and False are exchanged"),
    Mutant("masked_attention", "not a number where nothing is seen", "forward", masked(p=lambda a: _softmax(np.where(a.mask, a.s, -np.inf))), diagnosis="y is wrong only where a row of mask is False throughout"),
    Mutant("masked_attention", "-1e9: the mean where nothing is seen", "forward", masked(p=lambda a: _softmax(np.where(a.mask, a.s, -1e9))), diagnosis="y is wrong only where a row of mask is False throughout"),
    Mutant("masked_attention", "-1e9 added: everything where nothing is seen", "forward", masked(p=lambda a: _softmax(a.s - 1e9 * ~a.mask)), diagnosis="y is wrong only where a row of mask is False throughout"),
    Mutant("masked_attention", "score 0 for what is not seen", "forward", masked(p=lambda a: _softmax(a.s * a.mask)), diagnosis="y is that of scores that are 0 where the mask is False: exp(0) is 1"),
    Mutant("masked_attention", "mask not used", "forward", masked(p=lambda a: _softmax(a.s)), diagnosis="y is what mask = True everywhere would give: mask is not used"),
    Mutant("masked_attention", "mask added to the scores", "forward", masked(p=lambda a: _softmax(a.s + a.mask)), diagnosis="y is that of scores to which the mask is added as 0 and 1"),
    Mutant("masked_attention", "mask of keys that any query sees", "forward", masked(p=lambda a: _seen(a.s, a.mask.any(0))), diagnosis="y is wrong only where T > 1"),
    Mutant("masked_attention", "mask transposed", "forward", masked(p=lambda a: _seen(a.s, a.mask.T if a.mask.shape[0] == a.mask.shape[1] else a.mask)), diagnosis="y is wrong only where T == S"),
    Mutant("masked_attention", "what is not seen is left in the sum", "forward", masked(p=lambda a: np.where(a.mask, _softmax(np.where(a.mask, a.s, 0)), 0)), diagnosis="y is off by a factor that is constant along axis -1"),
    Mutant("masked_attention", "scale forgotten", "forward", masked(scale=lambda a: 1), diagnosis="y is what leaving out the divisor sqrt(D) would give: the divisor sqrt(D) is missing"),
    Mutant("masked_attention", "nothing seen: only y is mended", "gradient", masked(
        p=lambda a: _silent(lambda: _softmax(np.where(a.mask, a.s, -np.inf))), y=lambda a: np.nan_to_num(a.p @ a.v)), diagnosis="gq is wrong only where a row of mask is False throughout"),
    Mutant("masked_attention", "weights without the mask in grad", "gradient", masked(
        gs=lambda a: _softmax(a.s) * (a.gp - _sum(a.gp * _softmax(a.s)))), diagnosis="gq and gk are what mask = True everywhere would give: mask is not used"),
    Mutant("masked_attention", "mask forgotten in gv", "gradient", masked(gv=lambda a: _t(_softmax(a.s)) @ a.gy), diagnosis="gv is what mask = True everywhere would give: mask is not used"),
    Mutant("masked_attention", "scale missing in gq", "gradient", masked(gq=lambda a: a.gs @ a.k), diagnosis="in gq, the derivative of the divisor sqrt(D) is missing: the gradient passes through it unchanged"),
    Mutant("masked_attention", "softmax's gradient elementwise", "gradient", masked(gs=lambda a: a.gp * a.p * (1 - a.p)), diagnosis="in gq and gk, the derivative of s = softmax(v), is s * (1 - s), but should be s[i] * ([i = j] - s[j])"),
    Mutant("masked_attention", "mask inverted in place", "pure", masked(p=lambda a: _seen(a.s, ~np.logical_not(a.mask, out=a.mask))), diagnosis="forward changes mask in place"),
    Mutant("masked_attention", "the least float64 for -inf", "stable", masked(p=lambda a: _softmax(np.where(a.mask, a.s, np.finfo(np.float64).min)) * a.mask.any(-1, keepdims=True)), diagnosis="has dtype float64, but should be float32, like the inputs"),
    Mutant("masked_attention", "the largest of all scores subtracted", "stable", masked(p=lambda a: _divided(np.exp(a.s - a.s.max(-1, keepdims=True)) * a.mask)), diagnosis="y no longer changes | gv no longer changes | is 0, but should be"),

    Mutant("causal_attention", "strict: a position does not see itself", "forward", causal(mask=lambda a: np.tri(a.q.shape[-2], k=-1, dtype=bool)), diagnosis="y is that of a triangle without its diagonal: a position sees those before it, but not itself"),
    Mutant("causal_attention", "sees the next one too", "forward", causal(mask=lambda a: np.tri(a.q.shape[-2], k=1, dtype=bool)), diagnosis="y is that of a triangle with one diagonal more: a position sees the next one too"),
    Mutant("causal_attention", "sees what comes after it", "forward", causal(mask=lambda a: np.tri(a.q.shape[-2], dtype=bool).T), diagnosis="y is that of the other triangle: a position sees itself and those after it"),
    Mutant("causal_attention", "no mask", "forward", causal(p=lambda a: _softmax(a.s)), diagnosis="y is that of no mask"),
    Mutant("causal_attention", "sees itself alone", "forward", causal(mask=lambda a: np.eye(a.q.shape[-2], dtype=bool)), diagnosis="y is that of the diagonal: a position sees itself alone"),
    Mutant("causal_attention", "triangle after the softmax", "forward", causal(p=lambda a: _softmax(a.s) * a.mask), diagnosis="y is that of a mask after the softmax: the weights that are left do not add up to 1"),
    Mutant("causal_attention", "scores times the triangle", "forward", causal(p=lambda a: _softmax(a.s * a.mask)), diagnosis="y is that of scores that are 0 where the mask is False: exp(0) is 1"),
    Mutant("causal_attention", "0 times -inf", "forward", causal(p=lambda a: _silent(lambda: _softmax(a.s + ~a.mask * -np.inf)))),
    Mutant("causal_attention", "triangle of the number of leading axes", "forward", causal(mask=lambda a: np.tri(len(a.q), dtype=bool)), diagnosis="y is wrong only where q has more than 2 dimensions: there, y is that of no mask"),
    Mutant("causal_attention", "scale forgotten", "forward", causal(scale=lambda a: 1), diagnosis="y is what leaving out the divisor sqrt(D) would give: the divisor sqrt(D) is missing"),
    Mutant("causal_attention", "scale missing in gq and gk", "gradient", causal(gq=lambda a: a.gs @ a.k, gk=lambda a: _t(a.gs) @ a.q), diagnosis="in gq and gk, the derivative of the divisor sqrt(D) is missing: the gradient passes through it unchanged"),
    Mutant("causal_attention", "triangle forgotten in gv", "gradient", causal(gv=lambda a: _t(_softmax(a.s)) @ a.gy), diagnosis="gv is that of no mask"),
    Mutant("causal_attention", "triangle transposed in gv", "gradient", causal(gv=lambda a: _t(_seen(a.s, a.mask.T)) @ a.gy), diagnosis="gv is that of the other triangle: a position sees itself and those after it"),
    Mutant("causal_attention", "softmax's sum missing", "gradient", causal(gs=lambda a: a.gp * a.p), diagnosis="in gq, the sum is treated as a constant: it depends on q too; in gk, the sum is treated as a constant: it depends on k too"),
    Mutant("causal_attention", "gk of gs that is not transposed", "gradient", causal(gk=lambda a: a.gs @ a.q * a.scale), diagnosis="in gk, the gradient of q @ transpose(k) is transposed in the product with q"),
    Mutant("causal_attention", "triangle of float64 added", "stable", causal(p=lambda a: _softmax(a.s + np.where(a.mask, 0.0, -np.inf))), diagnosis="has dtype float64, but should be float32, like the inputs"),
    Mutant("causal_attention", "maximum not subtracted", "stable", causal(p=lambda a: _divided(np.exp(a.s) * a.mask)), diagnosis="overflow warning in forward | y no longer changes"),

    Mutant("rotary_embedding", "pairs of neighbours", "forward", rotary(y=lambda a: _interleaved(a.x, a.cos, a.sin), gx=lambda a: _interleaved(a.gy, a.cos, -a.sin)), diagnosis="y is that of pairs of neighbours, features 2 i and 2 i + 1"),
    Mutant("rotary_embedding", "turned the other way", "forward", rotary(sin=lambda a: -np.sin(a.at * a.turn).astype(a.x.dtype)), diagnosis="y is that of a rotation by the opposite angles"),
    Mutant("rotary_embedding", "positions from 1", "forward", rotary(at=lambda a: 1 + np.arange(a.x.shape[-2])[:, None]), diagnosis="y is that of positions that count from 1"),
    Mutant("rotary_embedding", "positions along the first axis", "forward", rotary(at=lambda a: np.arange(len(a.x)).reshape(-1, *[1] * (a.x.ndim - 1))), diagnosis="y is wrong only where x has more than 2 dimensions"),
    Mutant("rotary_embedding", "2 forgotten in the exponent", "forward", rotary(turn=lambda a: a.base ** (-np.arange(a.half) / (2 * a.half))), diagnosis="y is what sqrt(base) in place of base would give"),
    Mutant("rotary_embedding", "2 twice in the exponent", "forward", rotary(turn=lambda a: a.base ** (-2 * np.arange(a.half) / a.half)), diagnosis="y is what base**2 in place of base would give"),
    Mutant("rotary_embedding", "faster and faster", "forward", rotary(turn=lambda a: a.base ** (np.arange(a.half) / a.half)), diagnosis="y is what 1 / base in place of base would give"),
    Mutant("rotary_embedding", "base 10000 always", "forward", rotary(turn=lambda a: 10000.0 ** (-np.arange(a.half) / a.half)), diagnosis="y is what base = 10000 would give: base is not used"),
    Mutant("rotary_embedding", "exponents from 1", "forward", rotary(turn=lambda a: a.base ** (-(1 + np.arange(a.half)) / a.half)), diagnosis="y is that of exponents that count from 1"),
    Mutant("rotary_embedding", "one angle for all pairs", "forward", rotary(turn=lambda a: 1), diagnosis="y is what base = 1 would give: base is not used"),
    Mutant("rotary_embedding", "minus forgotten", "forward", rotary(y=lambda a: np.concatenate([
        a.x[..., :a.half] * a.cos + a.x[..., a.half:] * a.sin, a.x[..., :a.half] * a.sin + a.x[..., a.half:] * a.cos], -1)), diagnosis="y is what + in place of - would give"),
    Mutant("rotary_embedding", "sin and cos exchanged", "forward", rotary(y=lambda a: _turned(a.x, a.sin, a.cos)), diagnosis="y is that of sin in the place of cos, and cos in that of sin"),
    Mutant("rotary_embedding", "halves left interleaved", "forward", rotary(y=lambda a: np.stack(np.split(_turned(a.x, a.cos, a.sin), 2, -1), -1).reshape(a.x.shape)), diagnosis="y is that of halves that are put together entry by entry"),
    Mutant("rotary_embedding", "gradient turned forward", "gradient", rotary(gx=lambda a: _turned(a.gy, a.cos, a.sin)), diagnosis="gx is what the operation itself makes of gy: that is forward once more"),
    Mutant("rotary_embedding", "gradient passes unchanged", "gradient", rotary(gx=lambda a: a.gy.copy()), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("rotary_embedding", "partner's term missing in gx", "gradient", rotary(gx=lambda a: a.gy * np.tile(a.cos, 2)), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("rotary_embedding", "gradient in pairs of neighbours", "gradient", rotary(gx=lambda a: _interleaved(a.gy, a.cos, -a.sin)), diagnosis="gx is that of pairs of neighbours, features 2 i and 2 i + 1"),
    Mutant("rotary_embedding", "turned in place", "pure", rotary(y=_turned_in_place), diagnosis="forward changes x in place"),
    Mutant("rotary_embedding", "angles in float64", "stable", rotary(cos=lambda a: np.cos(a.at * a.turn), sin=lambda a: np.sin(a.at * a.turn)), diagnosis="has dtype float64, but should be float32, like the inputs"),

    Mutant("multi_head_attention", "every heads-th feature a head", "forward", multi_head(
        q=lambda a: _dealt(a.x @ a.wq, a.heads), k=lambda a: _dealt(a.x @ a.wk, a.heads), v=lambda a: _dealt(a.x @ a.wv, a.heads)), diagnosis="y is that of heads of every heads-th feature, but a head's features follow each other"),
    Mutant("multi_head_attention", "heads not used", "forward", multi_head(scale=lambda a: 1 / sqrt(a.x.shape[-1]), q=lambda a: (a.x @ a.wq)[:, None], k=lambda a: (a.x @ a.wk)[:, None], v=lambda a: (a.x @ a.wv)[:, None]), diagnosis="y is what heads = 1 would give: heads is not used"),
    Mutant("multi_head_attention", "scale of D", "forward", multi_head(scale=lambda a: 1 / sqrt(a.x.shape[-1])), diagnosis="y is what sqrt(D) in place of sqrt(D / heads) would give"),
    Mutant("multi_head_attention", "scale of the number of heads", "forward", multi_head(scale=lambda a: 1 / sqrt(a.heads)), diagnosis="y is what sqrt(heads) in place of sqrt(D / heads) would give"),
    Mutant("multi_head_attention", "scale forgotten", "forward", multi_head(scale=lambda a: 1), diagnosis="y is what leaving out the divisor sqrt(D / heads) would give: the divisor sqrt(D / heads) is missing"),
    Mutant("multi_head_attention", "split without exchanging axes", "forward", multi_head(
        q=lambda a: _cut(a.x @ a.wq, a.heads), k=lambda a: _cut(a.x @ a.wk, a.heads), v=lambda a: _cut(a.x @ a.wv, a.heads)), diagnosis="y is that of heads made by reshape alone: the axes of heads and positions must be exchanged too"),
    Mutant("multi_head_attention", "joined without exchanging axes", "forward", multi_head(o=lambda a: (a.p @ a.v).reshape(a.x.shape)), diagnosis="y is what leaving out transpose would give: transpose is missing"),
    Mutant("multi_head_attention", "wo forgotten", "forward", multi_head(y=lambda a: a.o), diagnosis="y is that of attention without wo"),
    Mutant("multi_head_attention", "weights transposed, as in torch's Linear", "forward", multi_head(
        q=lambda a: _split(a.x @ a.wq.T, a.heads), k=lambda a: _split(a.x @ a.wk.T, a.heads), v=lambda a: _split(a.x @ a.wv.T, a.heads), y=lambda a: a.o @ a.wo.T), diagnosis="y is that of weights that are transposed, as torch.nn.Linear has them"),
    Mutant("multi_head_attention", "wo transposed", "forward", multi_head(y=lambda a: a.o @ a.wo.T), diagnosis="y is what wo.T in place of wo would give: transpose wo"),
    Mutant("multi_head_attention", "wq and wk exchanged", "forward", multi_head(q=lambda a: _split(a.x @ a.wk, a.heads), k=lambda a: _split(a.x @ a.wq, a.heads)), diagnosis="y is what you get with wq and wk exchanged"),
    Mutant("multi_head_attention", "causal", "forward", multi_head(p=lambda a: _seen(a.s, np.tri(a.s.shape[-1], dtype=bool))), diagnosis="y is that of causal attention"),
    Mutant("multi_head_attention", "softmax over the heads", "forward", multi_head(p=lambda a: _softmax(a.s, 1)), diagnosis="y is that of a softmax over the heads, but it is over the keys"),
    Mutant("multi_head_attention", "gx without the values' path", "gradient", multi_head(gx=lambda a: a.gq @ a.wq.T + a.gk @ a.wk.T), diagnosis="in gx, x in x @ wv is treated as a constant: its own derivative is missing"),
    Mutant("multi_head_attention", "gx without the keys' path", "gradient", multi_head(gx=lambda a: a.gq @ a.wq.T + a.gv @ a.wv.T), diagnosis="in gx, x in x @ wk is treated as a constant: its own derivative is missing"),
    Mutant("multi_head_attention", "gx of the values' path alone", "gradient", multi_head(gx=lambda a: a.gv @ a.wv.T), diagnosis="in gx, softmax is treated as a constant: its own derivative is missing"),
    Mutant("multi_head_attention", "gx with weights that are not transposed", "gradient", multi_head(gx=lambda a: a.gq @ a.wq + a.gk @ a.wk + a.gv @ a.wv)),
    Mutant("multi_head_attention", "scale missing in gwq", "gradient", multi_head(gwq=lambda a: _rows(a.x).T @ _rows(a.gq) / a.scale), diagnosis="in gwq, the derivative of the divisor sqrt(D / heads) is missing: the gradient passes through it unchanged"),
    Mutant("multi_head_attention", "softmax's gradient elementwise", "gradient", multi_head(gs=lambda a: a.gp * a.p * (1 - a.p)), diagnosis="in gx, gwq and gwk, the derivative of s = softmax(v), is s * (1 - s), but should be s[i] * ([i = j] - s[j])"),
    Mutant("multi_head_attention", "softmax's sum missing", "gradient", multi_head(gs=lambda a: a.gp * a.p), diagnosis="in gx, the sum is treated as a constant: it depends on x too; in gwq, the sum is treated as a constant: it depends on wq too; in gwk, the sum is treated as a constant: it depends on wk too"),
    Mutant("multi_head_attention", "weights' gradients averaged over the batch", "gradient", multi_head(**{
        f"gw{w}": lambda a, w=w: _rows(a.x).T @ _rows(getattr(a, f"g{w}")) / len(a.x) for w in "qkv"}), diagnosis="gwq, gwk and gwv are N times too small: mean instead of sum?"),
    Mutant("multi_head_attention", "gwo of the first example", "gradient", multi_head(gwo=lambda a: a.o[0].T @ a.gy[0]), diagnosis="gwo is what gy[0] alone, and 0 elsewhere, in place of gy would give"),
    Mutant("multi_head_attention", "gwo of x", "gradient", multi_head(gwo=lambda a: _rows(a.x).T @ _rows(a.gy)), diagnosis="in gwo, x stands where transpose(softmax(transpose(x @ wq)  ... should be"),
    Mutant("multi_head_attention", "gwq and gwk exchanged", "gradient", multi_head(grads="gx gwk gwq gwv gwo"), diagnosis="gradients come in the order (gx, gwk, gwq, gwv, gwo)"),
    Mutant("multi_head_attention", "wo left out on the way back", "gradient", multi_head(go=lambda a: _split(a.gy, a.heads)), diagnosis="gx, gwq, gwk and gwv are that of attention without wo"),
    Mutant("multi_head_attention", "heads left apart in gwv", "gradient", multi_head(gwv=lambda a: _rows(a.x).T @ _rows((_t(a.p) @ a.go).reshape(a.x.shape))), diagnosis="gwv is what leaving out transpose would give: transpose is missing"),
    Mutant("multi_head_attention", "saved in one place for all calls of a shape", "pure", Stateful(_grad_of_last_call), diagnosis="grad reads the last call's inputs"),
    Mutant("multi_head_attention", "scale a NumPy float64", "stable", multi_head(scale=lambda a: 1 / np.sqrt(a.x.shape[-1] // a.heads)), diagnosis="has dtype float64, but should be float32, like the inputs"),
    Mutant("multi_head_attention", "maximum not subtracted", "forward", multi_head(p=lambda a: np.exp(a.s) / _sum(np.exp(a.s)))),

    Mutant("swiglu", "w_gate and w_up exchanged", "forward", swiglu(z=lambda a: a.x @ a.w_up, u=lambda a: a.x @ a.w_gate), diagnosis="y is what you get with w_gate and w_up exchanged"),
    Mutant("swiglu", "sigmoid for silu", "forward", swiglu(h=lambda a: a.s * a.u), diagnosis="y is that of a gate with sigmoid for silu"),
    Mutant("swiglu", "relu for silu", "forward", swiglu(h=lambda a: np.maximum(a.z, 0) * a.u), diagnosis="y is that of a gate with relu for silu"),
    Mutant("swiglu", "gelu for silu", "forward", swiglu(s=lambda a: _gelu_share(a.z)), diagnosis="y is that of a gate with gelu for silu"),
    Mutant("swiglu", "silu of both", "forward", swiglu(h=lambda a: a.z * a.s * a.u * _sigmoid(a.u)), diagnosis="y is that of silu of both"),
    Mutant("swiglu", "silu of the product", "forward", swiglu(h=lambda a: a.z * a.u * _sigmoid(a.z * a.u)), diagnosis="y is that of silu of the product"),
    Mutant("swiglu", "added for multiplied", "forward", swiglu(h=lambda a: a.z * a.s + a.u), diagnosis="y is what + in place of * would give"),
    Mutant("swiglu", "w_up forgotten", "forward", swiglu(h=lambda a: a.z * a.s), diagnosis="y is what leaving out x @ w_up would give"),
    Mutant("swiglu", "sigmoid treated as a constant", "gradient", swiglu(g_slope=lambda a: a.s), diagnosis="in gx and gw_gate, sigmoid(x @ w_gate) is treated as a constant: its own derivative is missing"),
    Mutant("swiglu", "silu's derivative that of sigmoid", "gradient", swiglu(g_slope=lambda a: a.s * (1 - a.s)), diagnosis="in gx, the derivative of x @ w_gate * sigmoid(x @ w_gate) is what leaving out x @ w_gate in x @ w_gate * sigmoid(x @ w_gate) would give; gw_gate is that of a gate with sigmoid for silu"),
    Mutant("swiglu", "z forgotten in silu's derivative", "gradient", swiglu(g_slope=lambda a: a.s + a.s * (1 - a.s)), diagnosis="the factor x @ w_gate is missing in the gradient of sigmoid(x @ w_gate)"),
    Mutant("swiglu", "silu passed unchanged", "gradient", swiglu(g_slope=lambda a: 1), diagnosis="in gx, the derivative of x @ w_gate * sigmoid(x @ w_gate) is what leaving out sigmoid(x @ w_gate) in x @ w_gate * sigmoid(x @ w_gate) would give; gw_gate is what leaving out sigmoid(x @ w_gate) in x @ w_gate * sigmoid(x @ w_gate) would give"),
    Mutant("swiglu", "gx without the gate's path", "gradient", swiglu(gx=lambda a: a.gu @ a.w_up.T), diagnosis="in gx, x in x @ w_gate is treated as a constant: its own derivative is missing"),
    Mutant("swiglu", "gx without w_up's path", "gradient", swiglu(gx=lambda a: a.gz @ a.w_gate.T), diagnosis="in gx, x in x @ w_up is treated as a constant: its own derivative is missing"),
    Mutant("swiglu", "gate left out of gu", "gradient", swiglu(gu=lambda a: a.gh), diagnosis="gw_up is what leaving out x @ w_gate * sigmoid(x @ w_gate) would give"),
    Mutant("swiglu", "z for silu in gu", "gradient", swiglu(gu=lambda a: a.gh * a.z), diagnosis="in gx, x @ w_gate stands where x @ w_gate * sigmoid(x @ w_gate) should be; gw_up is what leaving out sigmoid(x @ w_gate) in x @ w_gate * sigmoid(x @ w_gate) would give"),
    Mutant("swiglu", "u left out of gz", "gradient", swiglu(gz=lambda a: a.gh * a.g_slope), diagnosis="gw_gate is what leaving out x @ w_up would give"),
    Mutant("swiglu", "gw_gate and gw_up exchanged", "gradient", swiglu(grads="gx gw_up gw_gate gw_down"), diagnosis="gradients come in the order (gx, gw_up, gw_gate, gw_down)"),
    Mutant("swiglu", "gw_down of the gate alone", "gradient", swiglu(gw_down=lambda a: _rows(a.z * a.s).T @ _rows(a.gy)), diagnosis="gw_down is what leaving out x @ w_up would give"),
    Mutant("swiglu", "gw_down averaged over the rows", "gradient", swiglu(gw_down=lambda a: _rows(a.h).T @ _rows(a.gy) / len(_rows(a.x))), diagnosis="in gw_down, contributions are averaged, but they add up"),
    Mutant("swiglu", "a batch of matrices assumed", "gradient", swiglu(gw_up=lambda a: np.einsum("ntd,nth->dh", a.x, a.gu)), diagnosis="ValueError: einstein sum subscripts string contains too many subscripts"),
    Mutant("swiglu", "sigmoid overflows", "stable", swiglu(s=lambda a: 1 / (1 + np.exp(-a.z))), diagnosis="exp overflows, as in z / (1 + exp(-z))"),
    Mutant("swiglu", "one in float64", "stable", swiglu(s=lambda a: np.float64(1) * _sigmoid(a.z)), diagnosis="has dtype float64, but should be float32, like the inputs"),

    Mutant("blockwise_attention", "sums so far not mended", "forward", blockwise(mended=lambda a, m, old: 1 + 0 * m), diagnosis="y is wrong only where block < S"),
    Mutant("blockwise_attention", "only the sum of exponentials mended", "forward", blockwise(u=lambda a, u, f, e, v: u + e @ v), diagnosis="y is wrong only where block < S"),
    Mutant("blockwise_attention", "mended the wrong way", "forward", blockwise(mended=lambda a, m, old: np.where(np.isinf(old), 0, np.exp(np.minimum(m - old, 50)))), diagnosis="y is wrong only where block < S"),
    Mutant("blockwise_attention", "what does not fill a block is dropped", "forward", blockwise(blocks=lambda a: [slice(i * a.block, (i + 1) * a.block) for i in range(max(1, a.k.shape[-2] // a.block))]), diagnosis="y is wrong only where S is more than block, and no multiple of it"),
    Mutant("blockwise_attention", "the mean of the blocks' attentions", "forward", _blocks_by_themselves, diagnosis="y is wrong only where block < S"),
    Mutant("blockwise_attention", "the last block alone", "forward", blockwise(mended=lambda a, m, old: 0 * m), diagnosis="y is wrong only where block < S"),
    Mutant("blockwise_attention", "scale forgotten", "forward", blockwise(scale=lambda a: 1), diagnosis="y is what leaving out the divisor sqrt(D) would give: the divisor sqrt(D) is missing"),
    Mutant("blockwise_attention", "divided in each block", "forward", blockwise(u=lambda a, u, f, e, v: u * f + e @ v / _sum(e)), diagnosis="y is wrong only where S > 1"),
    Mutant("blockwise_attention", "the row's sum of a block alone in grad", "gradient", blockwise(gc=lambda a, c, p, gp: _sum(p * gp)), diagnosis="gq is wrong only where block < S"),
    Mutant("blockwise_attention", "weights of a block by themselves in grad", "gradient", blockwise(gp=lambda a, s: _softmax(s)), diagnosis="gq is wrong only where block < S"),
    Mutant("blockwise_attention", "softmax's sum missing", "gradient", blockwise(gc=lambda a, c, p, gp: 0 * c), diagnosis="in gq, the sum is treated as a constant: it depends on q too; in gk, the sum is treated as a constant: it depends on k too"),
    Mutant("blockwise_attention", "gq of the last block", "gradient", blockwise(gq=lambda a, old, new: new), diagnosis="gq is wrong only where block < S"),
    Mutant("blockwise_attention", "scale missing in gk", "gradient", blockwise(gk=lambda a, gk: gk / a.scale), diagnosis="in gk, the derivative of the divisor sqrt(D) is missing: the gradient passes through it unchanged"),
    Mutant("blockwise_attention", "scale twice in gk", "gradient", blockwise(gk=lambda a, gk: gk * a.scale), diagnosis="in gk, the derivative of q @ transpose(k) / sqrt(D) is what sqrt(D)**2 in place of sqrt(D) in q @ transpose(k) / sqrt(D) would give"),
    Mutant("blockwise_attention", "weights not divided in grad", "gradient", blockwise(gp=lambda a, s: np.exp(s - a.m)), diagnosis="gq is not divided by sum(exp(q @ transpose(k) / sqrt(D) - max(q @ transpose(k) / sqrt(D)))), as y is; gv is what leaving out sum(exp(q @ transpose(k) / sqrt(D) - max(q @ transpose(k) / sqrt(D)))) would give; gk is wrong too"),
    Mutant("blockwise_attention", "gq in one place for all calls", "pure", blockwise(keep=lambda a: "gq"), diagnosis="a gradient is overwritten by a later call"),
    Mutant("blockwise_attention", "maximum not subtracted", "stable", blockwise(top=lambda a, s: 0 * s[..., :1]), diagnosis="invalid value warning in forward"),
    Mutant("blockwise_attention", "sums in float64", "stable", blockwise(t=lambda a: np.zeros((*a.q.shape[:-1], 1))), diagnosis="has dtype float64, but should be float32, like the inputs"),

    Mutant("transformer_block", "normalized afterwards", "forward", transformer(z1=lambda a: a.x, r=lambda a: _normed(a.x + a.a, a.gamma1, a.beta1)[0], z2=lambda a: a.r, y=lambda a: _normed(a.r + a.f, a.gamma2, a.beta2)[0]), diagnosis="y is that of a block that normalizes after each residual, not before attention and layer"),
    Mutant("transformer_block", "no mask", "forward", transformer(attend=lambda a: attention()), diagnosis="y is that of a block without the causal mask"),
    Mutant("transformer_block", "gelu with the error function", "forward", transformer(act=lambda a: a.h * _phi(a.h)), diagnosis="y is that of a block with gelu's other form, with the error function"),
    Mutant("transformer_block", "scale of D", "forward", transformer(attend=lambda a: causal(scale=lambda b: 1 / sqrt(a.x.shape[-1]))), diagnosis="y is what sqrt(D) in place of sqrt(D / heads) would give"),
    Mutant("transformer_block", "first residual forgotten", "forward", transformer(r=lambda a: a.a), diagnosis="y is that of a block whose first residual is missing: r = attention"),
    Mutant("transformer_block", "second residual from x", "forward", transformer(y=lambda a: a.x + a.f), diagnosis="y is that of a block whose second residual adds x, not r"),
    Mutant("transformer_block", "heads not used", "forward", transformer(count=lambda a: 1), diagnosis="y is what heads = 1 would give: heads is not used"),
    Mutant("transformer_block", "second residual's path missing", "gradient", transformer(gr=lambda a: a.gr2), diagnosis="gx, ggamma1, gbeta1, gwq and gwk are that of a block whose second residual is missing; gwv and gwo are wrong too"),
    Mutant("transformer_block", "first residual's path missing", "gradient", transformer(gx=lambda a: a.gx1), diagnosis="in gx, x is treated as a constant: its own derivative is missing"),
    Mutant("transformer_block", "gradients of the norms' parameters exchanged", "gradient", transformer(
        grads="gx ggamma2 gbeta2 gwq gwk gwv gwo ggamma1 gbeta1 gw1 gb1 gw2 gb2"), diagnosis="gradients come in the order (gx, ggamma2, gbeta2, gwq, gwk, gwv, gwo, ggamma1, gbeta1, gw1, gb1, gw2, gb2)"),
    Mutant("transformer_block", "gb1 lost its axis", "gradient", transformer(gb1=lambda a: _rows(a.gh).sum(0)), diagnosis="gb1 is right but for the shape: an axis of length 1 is lost"),
    Mutant("transformer_block", "x changed by the residual", "pure", transformer(r=lambda a: np.add(a.x, a.a, out=a.x)), diagnosis="forward changes x in place"),
    Mutant("transformer_block", "root of 2 / pi a NumPy float64", "stable", transformer(act=lambda a: np.float64(1) * _gelu(a.h)[0]), diagnosis="has dtype float64, but should be float32, like the inputs"),
]

RIGHT = [
    Alternative("scaled_dot_product_attention", "monolithic", attention()),
    Alternative("scaled_dot_product_attention", "einsum", _attention_by_einsum),
    Alternative("scaled_dot_product_attention", "the row's sum of gy and y", attention(gs=lambda a: a.p * (a.gp - _sum(a.gy * a.y)))),
    Alternative("scaled_dot_product_attention", "log-sum-exp", attention(
        p=lambda a: np.exp(a.s - a.s.max(-1, keepdims=True) - np.log(_sum(np.exp(a.s - a.s.max(-1, keepdims=True))))))),
    Alternative("scaled_dot_product_attention", "query by query, with Jacobians", _attention_by_jacobians, slow=True),

    Alternative("masked_attention", "monolithic", masked()),
    Alternative("masked_attention", "minus infinity added, numbers mended", masked(p=lambda a: _hidden(a.s, a.mask))),
    Alternative("masked_attention", "the least number of the dtype", masked(p=lambda a: _lowest(a.s, a.mask))),
    Alternative("masked_attention", "the mask once more backward", masked(gs=lambda a: np.where(a.mask, a.p * (a.gp - _sum(a.gy * a.y)), 0))),

    Alternative("causal_attention", "monolithic", causal()),
    Alternative("causal_attention", "minus infinity above the diagonal", causal(p=lambda a: _softmax(a.s + np.triu(np.full(a.s.shape[-2:], -np.inf, a.s.dtype), 1)))),
    Alternative("causal_attention", "the least number of the dtype", causal(mask=lambda a: ~np.triu(np.ones((a.q.shape[-2],) * 2, bool), 1), p=lambda a: _lowest(a.s, a.mask))),
    Alternative("causal_attention", "position by position", _causal_position_by_position, slow=True),

    Alternative("rotary_embedding", "monolithic", rotary()),
    Alternative("rotary_embedding", "complex numbers", _rotary_of_complex_numbers),
    Alternative("rotary_embedding", "halves exchanged", _rotary_of_halves),
    Alternative("rotary_embedding", "a matrix for each position", _rotary_by_matrices, slow=True),

    Alternative("multi_head_attention", "monolithic", multi_head()),
    Alternative("multi_head_attention", "einsum, one product for three", _multi_head_by_einsum),
    Alternative("multi_head_attention", "the row's sum of gy and y", multi_head(gs=lambda a: a.p * (a.gp - _sum(a.go * (a.p @ a.v))))),
    Alternative("multi_head_attention", "head by head", _multi_head_head_by_head, slow=True),

    Alternative("swiglu", "monolithic", swiglu()),
    Alternative("swiglu", "one product for both", _swiglu_of_one_product),
    Alternative("swiglu", "einsum", swiglu(
        gw_gate=lambda a: np.einsum("nd,nh->dh", _rows(a.x), _rows(a.gz)), gw_down=lambda a: np.einsum("nh,nd->hd", _rows(a.h), _rows(a.gy)))),
    Alternative("swiglu", "row by row", _swiglu_row_by_row, slow=True),

    Alternative("blockwise_attention", "online, monolithic", blockwise()),
    Alternative("blockwise_attention", "blocks of queries too", _blocks_of_both),
    Alternative("blockwise_attention", "in two passes", _blocks_in_two_passes),
    Alternative("blockwise_attention", "all scores at once", lambda q, k, v, block: attention()(q, k, v), slow=True),
    Alternative("blockwise_attention", "all blocks kept", _blocks_kept, slow=True),

    Alternative("transformer_block", "monolithic", transformer()),
    Alternative("transformer_block", "least number of the dtype, einsum", transformer(
        attend=lambda a: causal(p=lambda b: _lowest(b.s, b.mask)), gw1=lambda a: np.einsum("nd,nh->dh", _rows(a.z2), _rows(a.gh)))),
    Alternative("transformer_block", "the row's sum of gy and y", transformer(attend=lambda a: causal(gs=lambda b: b.p * (b.gp - _sum(b.gy * b.y))))),
    Alternative("transformer_block", "example by example", _example_by_example, slow=True),
]

SLOW = []
# fmt: on
