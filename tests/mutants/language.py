"""Level 9: known wrong and known right implementations of what language models add.

An operation is built of named parts, computed one after another, forward and then backward. A part gets `v`, which holds
the inputs and all that was computed before it; a row gives other parts, or further ones.
"""

import math

import numpy as np

from tests.mutants import Alternative, Mutant, built

tied_logits = built(
    "w indices",
    "gw",
    x=lambda v: v.w[v.indices],
    y=lambda v: v.x @ v.w.T,
    g_output=lambda v: _rows(v.gy).T @ _rows(v.x),
    gx=lambda v: v.gy @ v.w,
    g_embedding=lambda v: _added_at(v.w, v.indices, v.gx),
    gw=lambda v: v.g_output + v.g_embedding,
)

smoothed_cross_entropy = built(
    "logits labels smoothing ignore_index",
    "glogits",
    upstream="gl",
    counts=lambda v: v.labels != v.ignore_index,
    n=lambda v: max(1, int(v.counts.sum())),
    classes=lambda v: v.logits.shape[1],
    one_hot=lambda v: np.eye(v.classes, dtype=v.logits.dtype)[np.where(v.counts, v.labels, 0)],
    t=lambda v: (1 - v.smoothing) * v.one_hot + v.smoothing / v.classes,
    log_p=lambda v: _log_softmax(v.logits),
    losses=lambda v: -(v.t * v.log_p).sum(1),
    l=lambda v: np.where(v.counts, v.losses, 0).sum() / v.n,
    gz=lambda v: v.gl * (np.exp(v.log_p) - v.t) / v.n,
    glogits=lambda v: np.where(v.counts[:, None], v.gz, 0),
)

grouped_query_attention = built(
    "q k v",
    "gq gk gv",
    heads=lambda v: v.q.shape[1] // v.k.shape[1],
    keys=lambda v: np.repeat(v.k, v.heads, axis=1),
    values=lambda v: np.repeat(v.v, v.heads, axis=1),
    scale=lambda v: 1 / math.sqrt(v.q.shape[-1]),
    z=lambda v: v.q @ _turned(v.keys) * v.scale,
    p=lambda v: _softmax(v.z),
    y=lambda v: v.p @ v.values,
    gp=lambda v: v.gy @ _turned(v.values),
    gz=lambda v: v.p * (v.gp - (v.p * v.gp).sum(-1, keepdims=True)) * v.scale,
    gq=lambda v: v.gz @ v.keys,
    gkeys=lambda v: _turned(v.gz) @ v.q,
    gvalues=lambda v: _turned(v.p) @ v.gy,
    gk=lambda v: _by_group(v, v.gkeys).sum(2),
    gv=lambda v: _by_group(v, v.gvalues).sum(2),
)

lora_linear = built(
    "x w a b scale",
    "gx ga gb",
    u=lambda v: v.x @ v.a,
    y=lambda v: v.x @ v.w + v.scale * (v.u @ v.b),
    gu=lambda v: v.scale * (v.gy @ v.b.T),
    gx=lambda v: v.gy @ v.w.T + v.gu @ v.a.T,
    ga=lambda v: _rows(v.x).T @ _rows(v.gu),
    gb=lambda v: v.scale * (_rows(v.u).T @ _rows(v.gy)),
)

linear_recurrence = built(
    "a b h",
    "ga gb gh",
    y=lambda v: _scan(v.a, v.b, v.h),
    before=lambda v: np.concatenate([v.h[None], v.y[:-1]]),
    later=lambda v: np.concatenate([v.a[1:], np.zeros_like(v.a[:1])]),
    gb=lambda v: _scan_back(v.later, v.gy),
    ga=lambda v: v.gb * v.before,
    gh=lambda v: v.a[0] * v.gb[0],
)

dpo_loss = built(
    "chosen rejected chosen_ref rejected_ref beta",
    "gchosen grejected",
    upstream="gl",
    z=lambda v: v.beta * ((v.chosen - v.chosen_ref) - (v.rejected - v.rejected_ref)),
    l=lambda v: np.logaddexp(0, -v.z).mean(),
    gz=lambda v: -v.gl * _sigmoid(-v.z) / len(v.z),
    gchosen=lambda v: v.beta * v.gz,
    grejected=lambda v: -v.beta * v.gz,
)

ppo_clip_loss = built(
    "log_p log_p_old advantage clip",
    "glog_p",
    upstream="gl",
    change=lambda v: v.log_p - v.log_p_old,
    r=lambda v: np.exp(np.where(v.advantage < 0, v.change, np.minimum(v.change, 1))),
    clipped=lambda v: np.clip(v.r, 1 - v.clip, 1 + v.clip),
    surrogate=lambda v: np.minimum(v.r * v.advantage, v.clipped * v.advantage),
    l=lambda v: -v.surrogate.mean(),
    gfree=lambda v: np.where(v.advantage < 0, v.change >= np.log1p(-v.clip), v.change <= np.log1p(v.clip)),
    glog_p=lambda v: -v.gl * np.where(v.gfree, v.r * v.advantage, 0) / len(v.r),
)

mixture_of_experts = built(
    "x w_gate w k",
    "gx gw_gate gw",
    score=lambda v: v.x @ v.w_gate,
    chosen=lambda v: v.score >= np.sort(v.score, axis=1)[:, -v.k, None],
    p=lambda v: _softmax(np.where(v.chosen, v.score, -np.inf)),
    o=lambda v: np.einsum("nd,edm->nem", v.x, v.w),
    y=lambda v: np.einsum("ne,nem->nm", v.p, v.o),
    gp=lambda v: np.einsum("nm,nem->ne", v.gy, v.o),
    gscore=lambda v: v.p * (v.gp - (v.p * v.gp).sum(1, keepdims=True)),
    gweight=lambda v: v.p,
    gx_by_gates=lambda v: v.gscore @ v.w_gate.T,
    gx_by_experts=lambda v: np.einsum("ne,nm,edm->nd", v.gweight, v.gy, v.w),
    gx=lambda v: v.gx_by_gates + v.gx_by_experts,
    gw_gate=lambda v: v.x.T @ v.gscore,
    gw=lambda v: np.einsum("ne,nd,nm->edm", v.gweight, v.x, v.gy),
)

matrix_products = built(
    "x",
    "gx",
    y=lambda v: _prefixes(v.x),
    before=lambda v: np.concatenate([_identity(v.x), v.y[:-1]]),
    after=lambda v: np.concatenate([_turned(v.x)[1:], 0 * _identity(v.x)]),
    gu=lambda v: _sent_back(v.gy, v.after),
    gx=lambda v: _turned(v.before) @ v.gu,
)


def _rows(array):
    return array.reshape(-1, array.shape[-1])


def _turned(array):
    """Matrices transposed."""
    return array.swapaxes(-1, -2)


def _softmax(z, axis=-1):
    e = np.exp(z - z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def _sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z)))


def _one_hot(v):
    return (v.indices[..., None] == np.arange(len(v.w))).astype(v.w.dtype)


def _added_at(w, indices, rows):
    total = np.zeros_like(w)
    np.add.at(total, indices, rows)
    return total


def _assigned_at(total, indices, rows):
    total = total.copy()
    total[indices] = rows
    return total


def _added_once(total, indices, rows):
    total = total.copy()
    total[indices] += rows
    return total


def _by_group(v, array):
    """The heads of each group along an axis of their own."""
    n, heads, *rest = array.shape
    return array.reshape(n, heads // v.heads, v.heads, *rest)


def _by_turns(v, array):
    """Likewise, as if heads took the groups by turns."""
    n, heads, *rest = array.shape
    return array.reshape(n, v.heads, heads // v.heads, *rest)


def _scan(a, b, h):
    y, state = [], h
    for at in range(len(a)):
        state = a[at] * state + b[at]
        y.append(state)
    return np.stack(y)


def _scan_back(a, b):
    return np.flip(_scan(np.flip(a, 0), np.flip(b, 0), np.zeros_like(b[0])), 0)


def _prefixes(x):
    y = [x[0]]
    for at in range(1, len(x)):
        y.append(y[-1] @ x[at])
    return np.stack(y)


def _sent_back(gy, after):
    u = [gy[-1]]
    for at in range(len(gy) - 2, -1, -1):
        u.append(gy[at] + u[-1] @ after[at])
    return np.stack(u[::-1])


def _identity(x):
    return np.eye(x.shape[-1], dtype=x.dtype)[None]


def _accumulating(w, indices):
    """One array of zeros for all calls of grad."""
    x, gw = w[indices], np.zeros_like(w)

    def grad(gy):
        np.add.at(gw, indices, gy @ w)
        return gw + _rows(gy).T @ _rows(x)

    return x @ w.T, grad


def _by_quotients(v):
    p = np.cumprod(v.a, axis=0)
    return p * (v.h + np.cumsum(v.b / p, axis=0))


def _back_by_quotients(v):
    p = np.cumprod(v.a, axis=0)
    return np.flip(np.cumsum(np.flip(v.gy * p, 0), axis=0), 0) / p


def _state_changed_in_place(a, b, h):
    state, states = h.copy(), []
    for at in range(len(a)):
        state *= a[at]
        state += b[at]
        states.append(state)
    return np.stack(states)


def _h_changed_in_place(v):
    v.kept, y = v.h[None].copy(), np.empty_like(v.b)
    for at in range(len(v.a)):
        v.h *= v.a[at]
        v.h += v.b[at]
        y[at] = v.h
    return y


def _gy_changed_in_place(v):
    for at in range(len(v.gy) - 2, -1, -1):
        v.gy[at] += v.a[at + 1] * v.gy[at + 1]
    return v.gy.copy()


def _reversed_products(x):
    y = [x[0]]
    for at in range(1, len(x)):
        y.append(x[at] @ y[-1])
    return np.stack(y)


def _products_in_place(v):
    v.kept = v.x.copy()
    for at in range(1, len(v.x)):
        v.x[at] = v.x[at - 1] @ v.x[at]
    return v.x.copy()


def _in_identity(x):
    total, y = np.eye(x.shape[-1]), []
    for matrix in x:
        total = total @ matrix
        y.append(total)
    return np.stack(y)


def _sent_back_in_place(v):
    for at in range(len(v.gy) - 2, -1, -1):
        v.gy[at] += v.gy[at + 1] @ v.x[at + 1].T
    return v.gy


def _last_row_of_each(v):
    """gw of an expert is that of the last row that chose it."""
    gw = np.zeros_like(v.w)
    for n in range(len(v.x)):
        for e in np.flatnonzero(v.chosen[n]):
            gw[e] = v.p[n, e] * np.outer(v.x[n], v.gy[n])
    return gw


def _ignored_set_to_0(v):
    v.labels[~v.counts] = 0
    return v.labels


def _scaled_in_place(v):
    v.q *= v.scale
    return v.q


def _merged(v):
    v.w += v.scale * (v.a @ v.b)
    return v.w


def _of_each_matrix(rows, gradients):
    """The product of each matrix in a stack; where there is no stack, it is right."""
    return _turned(rows) @ gradients if rows.ndim > 1 else _rows(rows).T @ _rows(gradients)


def _weights_in_another_order(v):
    """The largest gate's weight goes to the first of the chosen, whichever it is."""
    p, order = np.zeros_like(v.score), np.argsort(-v.score, axis=1)[:, : v.k]
    weights = _softmax(np.take_along_axis(v.score, order, 1))
    np.put_along_axis(p, np.sort(order, axis=1), weights, 1)
    return p


def _sums_of_runs(v):
    """The rows of gx in the order of their indices: where an index begins, a sum begins."""
    order = np.argsort(v.indices, axis=None, kind="stable")
    taken, starts = np.unique(v.indices.reshape(-1)[order], return_index=True)
    total = np.zeros_like(v.w)
    total[taken] = np.add.reduceat(_rows(v.gx)[order], starts, axis=0)
    return total


def _row_by_row(v):
    total = np.zeros_like(v.w)
    for at in np.ndindex(v.indices.shape):
        total[v.indices[at]] += v.gx[at]
    return total


def _smoothed_row_by_row(logits, labels, smoothing, ignore_index):
    n, classes = max(1, sum(int(label) != ignore_index for label in labels)), logits.shape[1]
    loss, slope = logits.dtype.type(0), np.zeros_like(logits)
    for i, label in enumerate(labels):
        if label != ignore_index:
            log_p = _log_softmax(logits[i])
            loss -= (1 - smoothing) * log_p[label] + smoothing * log_p.mean()
            slope[i] = np.exp(log_p) - smoothing / classes
            slope[i, label] -= 1 - smoothing
    return loss / n, lambda gl: gl * slope / n


def _attention_of_five_axes(q, k, v):
    n, groups, size = q.shape[0], k.shape[1], q.shape[-1]
    split = q.reshape(n, groups, -1, *q.shape[2:])
    z = np.einsum("ngrtd,ngsd->ngrts", split, k) / math.sqrt(size)
    p = _softmax(z)

    def grad(gy):
        gy = gy.reshape(*split.shape[:-1], v.shape[-1])
        gp = np.einsum("ngrte,ngse->ngrts", gy, v)
        gz = p * (gp - np.einsum("ngrts,ngrts->ngrt", p, gp)[..., None]) / math.sqrt(size)
        gq = np.einsum("ngrts,ngsd->ngrtd", gz, k).reshape(q.shape)
        return gq, np.einsum("ngrts,ngrtd->ngsd", gz, split), np.einsum("ngrts,ngrte->ngse", p, gy)

    return np.einsum("ngrts,ngse->ngrte", p, v).reshape(*q.shape[:-1], v.shape[-1]), grad


def _attention_head_by_head(q, k, v):
    heads, scale = q.shape[1] // k.shape[1], 1 / math.sqrt(q.shape[-1])
    p = [_softmax(scale * q[:, h] @ _turned(k[:, h // heads])) for h in range(q.shape[1])]

    def grad(gy):
        gq, gk, gv = np.zeros_like(q), np.zeros_like(k), np.zeros_like(v)
        for h in range(q.shape[1]):
            gp = gy[:, h] @ _turned(v[:, h // heads])
            gz = scale * p[h] * (gp - (p[h] * gp).sum(-1, keepdims=True))
            gq[:, h] = gz @ k[:, h // heads]
            gk[:, h // heads] += _turned(gz) @ q[:, h]
            gv[:, h // heads] += _turned(p[h]) @ gy[:, h]
        return gq, gk, gv

    return np.stack([p[h] @ v[:, h // heads] for h in range(q.shape[1])], 1), grad


def _doubled(a, b):
    """The states of a recurrence that starts from 0, in log T steps: each combines pairs that are twice as far apart."""
    a, b, apart = a.copy(), b.copy(), 1
    while apart < len(a):
        b[apart:] = a[apart:] * b[:-apart] + b[apart:]
        a[apart:] = a[apart:] * a[:-apart]
        apart *= 2
    return b


def _recurrence_by_doubling(a, b, h):
    first = b.copy()
    first[0] += a[0] * h
    y = _doubled(a, first)

    def grad(gy):
        later = np.concatenate([a[1:], np.zeros_like(a[:1])])
        gb = np.flip(_doubled(np.flip(later, 0), np.flip(gy, 0)), 0)
        return gb * np.concatenate([h[None], y[:-1]]), gb, a[0] * gb[0]

    return y, grad


def _recurrence_by_a_triangle(a, b, h):
    """Every product of successive a in one array, (T, T, N)."""
    steps = len(a)
    carry = np.zeros((steps, *a.shape), a.dtype)
    for s in range(steps):
        carry[s, s] = 1
        for t in range(s + 1, steps):
            carry[t, s] = carry[t - 1, s] * a[t]
    y = np.einsum("tsn,sn->tn", carry, b) + carry[:, 0] * a[0] * h

    def grad(gy):
        gb = np.einsum("tsn,tn->sn", carry, gy)
        return gb * np.concatenate([h[None], y[:-1]]), gb, a[0] * gb[0]

    return y, grad


def _dpo_as_cross_entropy(chosen, rejected, chosen_ref, rejected_ref, beta):
    rewards = beta * np.stack([chosen - chosen_ref, rejected - rejected_ref], 1)
    log_p = _log_softmax(rewards)

    def grad(gl):
        wrong = gl * np.exp(log_p[:, 1]) / len(chosen)
        return -beta * wrong, beta * wrong

    return -log_p[:, 0].mean(), grad


def _ppo_one_by_one(log_p, log_p_old, advantage, clip):
    total, slope = log_p.dtype.type(0), np.zeros_like(log_p)
    for i, (change, a) in enumerate(zip(log_p - log_p_old, advantage, strict=True)):
        if (a >= 0 and change > math.log1p(clip)) or (a < 0 and change < math.log1p(-clip)):
            total += (1 + clip if a >= 0 else 1 - clip) * a
        else:
            slope[i] = np.exp(change) * a
            total += slope[i]
    return -total / len(log_p), lambda gl: -gl * slope / len(log_p)


def _experts_gathered(x, w_gate, w, k):
    """Of all experts' outputs, those of each row's best."""
    score, rows = x @ w_gate, np.arange(len(x))[:, None]
    best = np.argsort(-score, axis=1)[:, :k]
    p = _softmax(score[rows, best])
    each = np.moveaxis(x @ w, 0, 1)[rows, best]

    def grad(gy):
        gp = np.einsum("nm,nkm->nk", gy, each)
        gscore, weights = np.zeros_like(score), np.zeros_like(score)
        gscore[rows, best] = p * (gp - (p * gp).sum(1, keepdims=True))
        weights[rows, best] = p
        weighed = weights.T[:, :, None] * gy
        gx = gscore @ w_gate.T + (weighed @ _turned(w)).sum(0)
        return gx, x.T @ gscore, x.T @ weighed

    return np.einsum("nk,nkm->nm", p, each), grad


def _chosen_by_partition(score, k):
    chosen = np.zeros(score.shape, bool)
    np.put_along_axis(chosen, np.argpartition(score, -k, axis=1)[:, -k:], True, 1)
    return chosen


def _expert_by_expert(x, w_gate, w, k):
    """Each expert sees those rows that chose it."""
    score = x @ w_gate
    chosen = _chosen_by_partition(score, k)
    p = _softmax(np.where(chosen, score, -np.inf))
    y = np.zeros((len(x), w.shape[2]), x.dtype)
    for e in range(len(w)):
        rows = chosen[:, e]
        y[rows] += p[rows, e, None] * (x[rows] @ w[e])

    def grad(gy):
        gx, gw, gp = np.zeros_like(x), np.zeros_like(w), np.zeros_like(p)
        for e in range(len(w)):
            rows = chosen[:, e]
            gp[rows, e] = (gy[rows] * (x[rows] @ w[e])).sum(1)
            weighed = p[rows, e, None] * gy[rows]
            gw[e] = x[rows].T @ weighed
            gx[rows] += weighed @ w[e].T
        gscore = p * (gp - (p * gp).sum(1, keepdims=True))
        return gx + gscore @ w_gate.T, x.T @ gscore, gw

    return y, grad


def _products_by_doubling(x):
    """Prefixes in log T steps; then the gradients as a recurrence."""
    y, apart = x.copy(), 1
    while apart < len(x):
        y[apart:] = y[:-apart] @ y[apart:]
        apart *= 2

    def grad(gy):
        u = gy.copy()
        for s in range(len(x) - 2, -1, -1):
            u[s] += np.einsum("ij,kj->ik", u[s + 1], x[s + 1])
        return np.concatenate([u[:1], np.einsum("tki,tkj->tij", y[:-1], u[1:])])

    return y, grad


def _products_pair_by_pair(x):
    """What each prefix sends to each of its factors."""
    y = _prefixes(x)

    def grad(gy):
        gx = np.zeros_like(x)
        for t in range(len(x)):
            u = gy[t]
            for s in range(t, -1, -1):
                gx[s] += y[s - 1].T @ u if s else u
                u = u @ x[s].T
        return gx

    return y, grad


def _numeric_products(v):
    gx, step = np.zeros_like(v.x), 1e-6
    for at in np.ndindex(v.x.shape):
        sides = []
        for sign in (1, -1):
            moved = v.x.copy()
            moved[at] += sign * step
            sides.append((v.gy * _prefixes(moved)).sum())
        gx[at] = (sides[0] - sides[1]) / (2 * step)
    return gx


# fmt: off
WRONG = [
    Mutant("tied_logits", "the embedding's use forgotten", "gradient", tied_logits(gw=lambda v: v.g_output), diagnosis="in gw, w[indices] in w[indices] @ w.T is treated as a constant: its own derivative is missing"),
    Mutant("tied_logits", "the output layer's use forgotten", "gradient", tied_logits(gw=lambda v: v.g_embedding), diagnosis="in gw, w.T in w[indices] @ w.T is treated as a constant: its own derivative is missing"),
    Mutant("tied_logits", "fancy +=", "gradient", tied_logits(gw=lambda v: _added_once(v.g_output, v.indices, v.gx)), diagnosis="gw is wrong only where indices repeat"),
    Mutant("tied_logits", "the embedding's set, not added", "gradient", tied_logits(gw=lambda v: _assigned_at(v.g_output, v.indices, v.gx)), diagnosis=""),
    Mutant("tied_logits", "rows assigned among zeros", "gradient", tied_logits(g_embedding=lambda v: _assigned_at(np.zeros_like(v.w), v.indices, v.gx)), diagnosis="gw is wrong only where indices repeat"),
    Mutant("tied_logits", "one use, doubled", "gradient", tied_logits(gw=lambda v: 2 * v.g_output), diagnosis="gw is that of the output layer's use alone, taken twice"),
    Mutant("tied_logits", "mean of both uses", "gradient", tied_logits(gw=lambda v: (v.g_output + v.g_embedding) / 2), diagnosis="gw is half of what it should be: a factor 2 is missing"),
    Mutant("tied_logits", "gy ignored by the embedding", "gradient", tied_logits(gx=lambda v: np.ones_like(v.gy) @ v.w), diagnosis="in gw, a term is not multiplied by gy: for gy = 0 it should be 0, but is not"),
    Mutant("tied_logits", "probabilities", "forward", tied_logits(y=lambda v: _softmax(v.x @ v.w.T)), diagnosis="y is that of probabilities, but these are logits"),
    Mutant("tied_logits", "scaled by sqrt(D)", "forward", tied_logits(y=lambda v: v.x @ v.w.T / math.sqrt(v.w.shape[1])), diagnosis="y is that of logits divided by sqrt(D)"),
    Mutant("tied_logits", "indices from 1", "forward", tied_logits(x=lambda v: v.w[v.indices.astype(int) - 1]), diagnosis="y is what indices - 1 in place of indices would give"),
    Mutant("tied_logits", "positions flattened", "forward", tied_logits(y=lambda v: _rows(v.x) @ v.w.T), diagnosis="y is right but for the shape: all entries are there, in their order"),
    Mutant("tied_logits", "accumulates in one array", "pure", _accumulating, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("tied_logits", "one-hot in float64", "stable", tied_logits(x=lambda v: _one_hot(v).astype(float) @ v.w), diagnosis="y has dtype float64, but should be float32, like the inputs"),

    Mutant("smoothed_cross_entropy", "smoothing over the other classes alone", "forward", smoothed_cross_entropy(
        t=lambda v: (1 - v.smoothing) * v.one_hot + v.smoothing * (1 - v.one_hot) / max(v.classes - 1, 1)), diagnosis="l is that of smoothing spread over the C - 1 other classes"),
    Mutant("smoothed_cross_entropy", "the label without its share", "forward", smoothed_cross_entropy(
        t=lambda v: np.where(v.one_hot == 1, 1 - v.smoothing, v.one_hot.dtype.type(v.smoothing / v.classes))), diagnosis="l is that of 1 - smoothing for the label, without its share of smoothing"),
    Mutant("smoothed_cross_entropy", "mean over all rows", "forward", smoothed_cross_entropy(n=lambda v: len(v.logits)), diagnosis="l is that of a mean over all rows, those that are ignored too"),
    Mutant("smoothed_cross_entropy", "ignored rows in the sum", "forward", smoothed_cross_entropy(l=lambda v: v.losses.sum() / v.n), diagnosis="l is that of all rows, those that are ignored too, in the sum"),
    Mutant("smoothed_cross_entropy", "mean of nothing", "forward", smoothed_cross_entropy(
        l=lambda v: v.losses[v.counts].mean() if len(v.losses) else 0), diagnosis=""),
    Mutant("smoothed_cross_entropy", "only -100 is ignored", "forward", smoothed_cross_entropy(counts=lambda v: v.labels != -100), diagnosis="l is that of ignore_index = -100, whatever it is"),
    Mutant("smoothed_cross_entropy", "nothing smoothed", "forward", smoothed_cross_entropy(t=lambda v: v.one_hot), diagnosis="l is what smoothing = 0 would give: smoothing is not used"),
    Mutant("smoothed_cross_entropy", "sum over the classes, not mean", "forward", smoothed_cross_entropy(
        t=lambda v: (1 - v.smoothing) * v.one_hot + v.smoothing), diagnosis="l is what the sum would give, in place of the mean"),
    Mutant("smoothed_cross_entropy", "smoothing and its rest exchanged", "forward", smoothed_cross_entropy(
        t=lambda v: v.smoothing * v.one_hot + (1 - v.smoothing) / v.classes), diagnosis="l is what 1 - smoothing in place of smoothing would give"),
    Mutant("smoothed_cross_entropy", "sum over the rows", "forward", smoothed_cross_entropy(n=lambda v: 1), diagnosis="l is not divided by max(sum(labels != 1), 1)"),
    Mutant("smoothed_cross_entropy", "gradient of the ignored rows", "gradient", smoothed_cross_entropy(glogits=lambda v: v.gz), diagnosis="glogits is that of all rows, those that are ignored too, in the sum"),
    Mutant("smoothed_cross_entropy", "gradient a mean over all rows", "gradient", smoothed_cross_entropy(
        gz=lambda v: v.gl * (np.exp(v.log_p) - v.t) / len(v.logits)), diagnosis="glogits is that of a mean over all rows, those that are ignored too"),
    Mutant("smoothed_cross_entropy", "gradient of the label alone", "gradient", smoothed_cross_entropy(
        gz=lambda v: v.gl * (np.exp(v.log_p) - v.one_hot) / v.n), diagnosis="glogits is what smoothing = 0 would give: smoothing is not used"),
    Mutant("smoothed_cross_entropy", "the uniform part's gradient forgotten", "gradient", smoothed_cross_entropy(
        gz=lambda v: v.gl * (1 - v.smoothing) * (np.exp(v.log_p) - v.one_hot) / v.n), diagnosis="in glogits, the mean is treated as a constant: its own derivative is missing"),
    Mutant("smoothed_cross_entropy", "gl ignored", "gradient", smoothed_cross_entropy(gz=lambda v: (np.exp(v.log_p) - v.t) / v.n), diagnosis="glogits is what gl = ones would give: gl is ignored"),
    Mutant("smoothed_cross_entropy", "gradient negated", "gradient", smoothed_cross_entropy(gz=lambda v: v.gl * (v.t - np.exp(v.log_p)) / v.n), diagnosis="glogits is negated"),
    Mutant("smoothed_cross_entropy", "logarithm of a softmax", "stable", smoothed_cross_entropy(log_p=lambda v: np.log(_softmax(v.logits))), diagnosis="divide by zero warning in forward | l loses its accuracy"),
    Mutant("smoothed_cross_entropy", "no maximum subtracted", "stable", smoothed_cross_entropy(
        log_p=lambda v: v.logits - np.log(np.exp(v.logits).sum(1, keepdims=True))), diagnosis="l loses its accuracy | overflow warning in forward | divide by zero warning in forward"),
    Mutant("smoothed_cross_entropy", "target in float64", "stable", smoothed_cross_entropy(
        one_hot=lambda v: np.eye(v.classes)[np.where(v.counts, v.labels, 0)]), diagnosis="l has dtype float64, but should be float32, like the inputs"),
    Mutant("smoothed_cross_entropy", "ignored labels set to 0", "pure", smoothed_cross_entropy(
        one_hot=lambda v: np.eye(v.classes, dtype=v.logits.dtype)[_ignored_set_to_0(v)]), diagnosis="forward changes labels in place"),

    Mutant("grouped_query_attention", "groups by turns", "forward", grouped_query_attention(
        keys=lambda v: np.tile(v.k, (1, v.heads, 1, 1)), values=lambda v: np.tile(v.v, (1, v.heads, 1, 1))), diagnosis="y is that of heads that take the groups by turns, h % G: head h reads group h // R"),
    Mutant("grouped_query_attention", "gk and gv by head", "gradient", grouped_query_attention(gk=lambda v: v.gkeys, gv=lambda v: v.gvalues), diagnosis="gk is not summed over those that share an entry of k: it has several for each that is due; gv is not summed over those that share an entry of v: it has several for each that is due"),
    Mutant("grouped_query_attention", "of a group's heads, the first", "gradient", grouped_query_attention(
        gk=lambda v: _by_group(v, v.gkeys)[:, :, 0], gv=lambda v: _by_group(v, v.gvalues)[:, :, 0]), diagnosis="gk and gv are that of a group's first head alone, but all its heads read these"),
    Mutant("grouped_query_attention", "mean over a group's heads", "gradient", grouped_query_attention(
        gk=lambda v: _by_group(v, v.gkeys).mean(2), gv=lambda v: _by_group(v, v.gvalues).mean(2)), diagnosis="gk and gv are R times too small: mean instead of sum?"),
    Mutant("grouped_query_attention", "gradients of heads by turns", "gradient", grouped_query_attention(
        gk=lambda v: _by_turns(v, v.gkeys).sum(1), gv=lambda v: _by_turns(v, v.gvalues).sum(1)), diagnosis="gk and gv are that of heads that read group h // R, and give its gradient to group h % G"),
    Mutant("grouped_query_attention", "gv of heads by turns", "gradient", grouped_query_attention(gv=lambda v: _by_turns(v, v.gvalues).sum(1)), diagnosis="gv is that of heads that read group h // R, and give its gradient to group h % G"),
    Mutant("grouped_query_attention", "no scale", "forward", grouped_query_attention(scale=lambda v: 1), diagnosis="y is what leaving out the divisor "),
    Mutant("grouped_query_attention", "divided by D", "forward", grouped_query_attention(scale=lambda v: 1 / v.q.shape[-1]), diagnosis="y is what "),
    Mutant("grouped_query_attention", "softmax over the queries", "forward", grouped_query_attention(p=lambda v: _softmax(v.z, -2)), diagnosis="softmax along axis -2 would give | , but should be"),
    Mutant("grouped_query_attention", "no scale in gq and gk", "gradient", grouped_query_attention(
        gz=lambda v: v.p * (v.gp - (v.p * v.gp).sum(-1, keepdims=True))), diagnosis="in gq and gk, the derivative of the divisor "),
    Mutant("grouped_query_attention", "scale in gk twice", "gradient", grouped_query_attention(gkeys=lambda v: _turned(v.gz) @ v.q * v.scale), diagnosis="in gk, the derivative is what "),
    Mutant("grouped_query_attention", "no scale in gq", "gradient", grouped_query_attention(gq=lambda v: v.gz @ v.keys / v.scale), diagnosis="in gq, the derivative of the divisor "),
    Mutant("grouped_query_attention", "the softmax's diagonal", "gradient", grouped_query_attention(gz=lambda v: v.p * (1 - v.p) * v.gp * v.scale), diagnosis="should be s[i] * ([i = j] - s[j]) | , but should be"),
    Mutant("grouped_query_attention", "softmax not differentiated", "gradient", grouped_query_attention(gz=lambda v: v.p * v.gp * v.scale), diagnosis="the sum is treated as a constant: it depends on q too | , but should be"),
    Mutant("grouped_query_attention", "gradient through the softmax over the queries", "gradient", grouped_query_attention(
        gz=lambda v: v.p * (v.gp - (v.p * v.gp).sum(-2, keepdims=True)) * v.scale), diagnosis="the derivative of softmax: its sum, of the gradients times the weights, is over the axis before the last one | , but should be"),
    Mutant("grouped_query_attention", "gv of the scores", "gradient", grouped_query_attention(gvalues=lambda v: _turned(v.z) @ v.gy), diagnosis="gv is what leaving out softmax would give: softmax is missing"),
    Mutant("grouped_query_attention", "no maximum subtracted", "stable", grouped_query_attention(
        p=lambda v: np.exp(v.z) / np.exp(v.z).sum(-1, keepdims=True)), diagnosis="the maximum is not subtracted before exp | invalid value warning in forward | overflow warning in forward"),
    Mutant("grouped_query_attention", "NumPy's root", "stable", grouped_query_attention(scale=lambda v: 1 / np.sqrt(np.float64(v.q.shape[-1]))), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("grouped_query_attention", "q scaled in place", "pure", grouped_query_attention(
        z=lambda v: _scaled_in_place(v) @ _turned(v.keys), gkeys=lambda v: _turned(v.gz) @ v.q / v.scale), diagnosis="forward changes q in place"),

    Mutant("lora_linear", "no scale", "forward", lora_linear(y=lambda v: v.x @ v.w + v.u @ v.b), diagnosis="y is what scale = 1 would give: scale is not used"),
    Mutant("lora_linear", "scale on both terms", "forward", lora_linear(y=lambda v: v.scale * (v.x @ v.w + v.u @ v.b)), diagnosis="y is that of scale on both terms"),
    Mutant("lora_linear", "scale divided by R", "forward", lora_linear(y=lambda v: v.x @ v.w + v.scale / v.a.shape[1] * (v.u @ v.b)), diagnosis="y is that of scale / R"),
    Mutant("lora_linear", "the frozen weight alone", "forward", lora_linear(y=lambda v: v.x @ v.w), diagnosis="y is what scale = 0 would give: scale is not used"),
    Mutant("lora_linear", "gx past a and b", "gradient", lora_linear(gx=lambda v: v.gy @ v.w.T), diagnosis="gx is what scale = 0 would give: scale is not used"),
    Mutant("lora_linear", "gx past the frozen weight", "gradient", lora_linear(gx=lambda v: v.gu @ v.a.T), diagnosis="gx is what w = 0 would give: w is not used"),
    Mutant("lora_linear", "no scale in ga", "gradient", lora_linear(ga=lambda v: _rows(v.x).T @ _rows(v.gy @ v.b.T)), diagnosis="ga is what scale = 1 would give: scale is not used"),
    Mutant("lora_linear", "no scale in gb", "gradient", lora_linear(gb=lambda v: _rows(v.u).T @ _rows(v.gy)), diagnosis="gb is what scale = 1 would give: scale is not used"),
    Mutant("lora_linear", "no scale in any gradient", "gradient", lora_linear(
        gu=lambda v: v.gy @ v.b.T, gb=lambda v: _rows(v.u).T @ _rows(v.gy)), diagnosis="gx, ga and gb are what scale = 1 would give: scale is not used"),
    Mutant("lora_linear", "scale in ga twice", "gradient", lora_linear(ga=lambda v: v.scale * (_rows(v.x).T @ _rows(v.gu))), diagnosis="ga is what scale**2 in place of scale would give"),
    Mutant("lora_linear", "a gradient for w", "gradient", lora_linear(grads="gx gw ga gb", gw=lambda v: _rows(v.x).T @ _rows(v.gy)), diagnosis="grad returns 4 gradients, number 2 is too many: only gx, ga and gb are due"),
    Mutant("lora_linear", "ga and gb exchanged", "gradient", lora_linear(grads="gx gb ga"), diagnosis="gradients come in the order (gx, gb, ga)"),
    Mutant("lora_linear", "gb and ga of one stack alone", "gradient", lora_linear(
        ga=lambda v: _of_each_matrix(v.x, v.gu), gb=lambda v: v.scale * _of_each_matrix(v.u, v.gy)), diagnosis="ga and gb are not summed over axis 0"),
    Mutant("lora_linear", "ga a mean over the batch", "gradient", lora_linear(ga=lambda v: _rows(v.x).T @ _rows(v.gu) / len(_rows(v.x))), diagnosis="ga is off by a factor, the same for all entries, but another one in another example"),
    Mutant("lora_linear", "merged into w", "pure", lora_linear(y=lambda v: v.x @ _merged(v), gx=lambda v: v.gy @ v.w.T), diagnosis="forward changes w in place"),
    Mutant("lora_linear", "scale of NumPy", "stable", lora_linear(gu=lambda v: np.float64(v.scale) * (v.gy @ v.b.T)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),

    Mutant("linear_recurrence", "quotients of products", "forward", linear_recurrence(y=_by_quotients), diagnosis="y is wrong only where a holds a 0"),
    Mutant("linear_recurrence", "h left out", "forward", linear_recurrence(y=lambda v: _scan(v.a, v.b, 0 * v.h)), diagnosis="y is what h = 0 would give: h is not used"),
    Mutant("linear_recurrence", "states before the step", "forward", linear_recurrence(y=lambda v: np.concatenate([v.h[None], _scan(v.a, v.b, v.h)[:-1]])), diagnosis="y is that of the states before each step, h first"),
    Mutant("linear_recurrence", "b multiplied too", "forward", linear_recurrence(y=lambda v: _scan(v.a, v.a * v.b, v.h)), diagnosis="y is that of a * (y + b)"),
    Mutant("linear_recurrence", "moving average", "forward", linear_recurrence(y=lambda v: _scan(v.a, (1 - v.a) * v.b, v.h)), diagnosis="y is that of a * y + (1 - a) * b"),
    Mutant("linear_recurrence", "one array for all states", "forward", linear_recurrence(y=lambda v: _state_changed_in_place(v.a, v.b, v.h)), diagnosis="y is that of the last state at every step: are all of them one array?"),
    Mutant("linear_recurrence", "the last state", "forward", linear_recurrence(y=lambda v: _scan(v.a, v.b, v.h)[-1]), diagnosis="ValueError: all the input arrays must have same number of dimensions"),
    Mutant("linear_recurrence", "a[t] for a[t+1]", "gradient", linear_recurrence(gb=lambda v: _scan_back(v.a, v.gy)), diagnosis="ga, gb and gh are that of a[t] where a[t+1] is due, which leads to the next state"),
    Mutant("linear_recurrence", "a forward scan", "gradient", linear_recurrence(gb=lambda v: _scan(v.a, v.gy, 0 * v.h)), diagnosis="gb is that of a scan from the start, but it must come from the end"),
    Mutant("linear_recurrence", "back by quotients", "gradient", linear_recurrence(gb=_back_by_quotients), diagnosis="ga is wrong only where a holds a 0"),
    Mutant("linear_recurrence", "nothing through time", "gradient", linear_recurrence(gb=lambda v: v.gy.copy()), diagnosis="gb is gy itself: the derivative of the operation is missing"),
    Mutant("linear_recurrence", "a taken for 1 going back", "gradient", linear_recurrence(gb=lambda v: _scan_back(np.ones_like(v.a), v.gy)), diagnosis="ga and gh are that of sums from the end: a, by which the next state goes back, is missing; gb is what a = 1 would give: a is not used"),
    Mutant("linear_recurrence", "ga by the state itself", "gradient", linear_recurrence(ga=lambda v: v.gb * v.y), diagnosis="ga is that of the state itself where the state before is due"),
    Mutant("linear_recurrence", "ga without h", "gradient", linear_recurrence(before=lambda v: np.concatenate([0 * v.h[None], v.y[:-1]])), diagnosis="ga is wrong only in the first row: it is 0 there"),
    Mutant("linear_recurrence", "gh without a[0]", "gradient", linear_recurrence(gh=lambda v: v.gb[0]), diagnosis="gh is that of h without its factor a[0]"),
    Mutant("linear_recurrence", "gh of the first state's own gy", "gradient", linear_recurrence(gh=lambda v: v.a[0] * v.gy[0]), diagnosis="gh is that of states that are constants for the next step: nothing flows back through time | gh is what gy[0] alone"),
    Mutant("linear_recurrence", "gh of the last state alone", "gradient", linear_recurrence(gh=lambda v: v.a.prod(0) * v.gy[-1]), diagnosis="gh is that of the last state alone, but all of them have a gradient | gh is what gy[-1] alone"),
    Mutant("linear_recurrence", "h changed in place", "pure", linear_recurrence(
        y=_h_changed_in_place, before=lambda v: np.concatenate([v.kept, v.y[:-1]])), diagnosis="forward changes h in place"),
    Mutant("linear_recurrence", "gy changed in place", "pure", linear_recurrence(gb=_gy_changed_in_place), diagnosis="grad changes gy in place"),
    Mutant("linear_recurrence", "states in float64", "stable", linear_recurrence(y=lambda v: _scan(v.a.astype(float), v.b, v.h)), diagnosis="y has dtype float64, but should be float32, like the inputs"),

    Mutant("dpo_loss", "references ignored", "forward", dpo_loss(z=lambda v: v.beta * (v.chosen - v.rejected)), diagnosis="l is that of chosen - rejected alone: the reference is not used"),
    Mutant("dpo_loss", "references added", "forward", dpo_loss(z=lambda v: v.beta * ((v.chosen - v.rejected) + (v.chosen_ref - v.rejected_ref))), diagnosis="l is what you get with chosen_ref and rejected_ref exchanged"),
    Mutant("dpo_loss", "rejected preferred", "forward", dpo_loss(z=lambda v: v.beta * ((v.rejected - v.rejected_ref) - (v.chosen - v.chosen_ref))), diagnosis="l is what -beta in place of beta would give"),
    Mutant("dpo_loss", "no beta", "forward", dpo_loss(z=lambda v: (v.chosen - v.chosen_ref) - (v.rejected - v.rejected_ref)), diagnosis="l is what beta = 1 would give: beta is not used"),
    Mutant("dpo_loss", "sum over the pairs", "forward", dpo_loss(l=lambda v: np.logaddexp(0, -v.z).sum()), diagnosis="l is N times too large: sum instead of mean?"),
    Mutant("dpo_loss", "the logarithm itself", "forward", dpo_loss(l=lambda v: -np.logaddexp(0, -v.z).mean()), diagnosis="l is negated"),
    Mutant("dpo_loss", "loss of the mean margin", "forward", dpo_loss(l=lambda v: np.logaddexp(0, -v.z.mean())), diagnosis="l is that of the mean margin"),
    Mutant("dpo_loss", "a hinge", "forward", dpo_loss(l=lambda v: np.maximum(1 - v.z, 0).mean()), diagnosis="l is that of the hinge max(1 - z, 0), z being the margin"),
    Mutant("dpo_loss", "sigmoid(z)", "gradient", dpo_loss(gz=lambda v: -v.gl * _sigmoid(v.z) / len(v.z)), diagnosis="gchosen and grejected are that of log(sigmoid(-z)), z being the margin"),
    Mutant("dpo_loss", "no beta in the gradient", "gradient", dpo_loss(gchosen=lambda v: v.gz, grejected=lambda v: -v.gz), diagnosis="gchosen and grejected are divided by beta once too often"),
    Mutant("dpo_loss", "grejected with the same sign", "gradient", dpo_loss(grejected=lambda v: v.beta * v.gz), diagnosis="grejected is negated"),
    Mutant("dpo_loss", "both negated", "gradient", dpo_loss(gz=lambda v: v.gl * _sigmoid(-v.z) / len(v.z)), diagnosis="gradients come in the order (grejected, gchosen)"),
    Mutant("dpo_loss", "gradient of a sum", "gradient", dpo_loss(gz=lambda v: -v.gl * _sigmoid(-v.z)), diagnosis="gchosen and grejected are N times too large: sum instead of mean?"),
    Mutant("dpo_loss", "s (1 - s)", "gradient", dpo_loss(gz=lambda v: -v.gl * _sigmoid(v.z) * _sigmoid(-v.z) / len(v.z)), diagnosis="gchosen and grejected are that of -sigmoid(z), z being the margin: the logarithm is missing"),
    Mutant("dpo_loss", "gradients for the references", "gradient", dpo_loss(
        grads="gchosen grejected gchosen_ref grejected_ref", gchosen_ref=lambda v: -v.gchosen, grejected_ref=lambda v: -v.grejected), diagnosis="grad returns 4 gradients, number 3 and number 4 are too many: only gchosen and grejected are due"),
    Mutant("dpo_loss", "logarithm of a sigmoid", "stable", dpo_loss(l=lambda v: -np.log(_sigmoid(v.z)).mean()), diagnosis="the logarithm is taken of a sigmoid, which rounds to 0 | divide by zero warning in forward"),
    Mutant("dpo_loss", "log(1 + exp(-z))", "stable", dpo_loss(l=lambda v: np.log1p(np.exp(-v.z)).mean()), diagnosis="exp overflows, as in log(1 + exp(z))"),
    Mutant("dpo_loss", "1 / (1 + exp(z)) in the gradient", "stable", dpo_loss(gz=lambda v: -v.gl / (1 + np.exp(v.z)) / len(v.z)), diagnosis="exp overflows, as in 1 / (1 + exp(-z))"),
    Mutant("dpo_loss", "reference subtracted in place", "pure", dpo_loss(
        z=lambda v: v.beta * (np.subtract(v.chosen, v.chosen_ref, out=v.chosen) - (v.rejected - v.rejected_ref))), diagnosis="forward changes chosen in place"),

    Mutant("ppo_clip_loss", "clipped alone", "forward", ppo_clip_loss(surrogate=lambda v: v.clipped * v.advantage), diagnosis="l is that of c A alone, c being r clipped and A the advantage: the minimum with r A is missing"),
    Mutant("ppo_clip_loss", "nothing clipped", "forward", ppo_clip_loss(r=lambda v: np.exp(v.change), surrogate=lambda v: v.r * v.advantage), diagnosis="l is that of r A alone, c being r clipped and A the advantage: nothing is clipped"),
    Mutant("ppo_clip_loss", "the maximum", "forward", ppo_clip_loss(r=lambda v: np.exp(v.change), surrogate=lambda v: np.maximum(v.r * v.advantage, v.clipped * v.advantage)), diagnosis="l is that of max(r A, c A), c being r clipped and A the advantage: a minimum is due"),
    Mutant("ppo_clip_loss", "minimum before the advantage", "forward", ppo_clip_loss(surrogate=lambda v: np.minimum(v.r, v.clipped) * v.advantage), diagnosis="l is that of min(r, c) A, c being r clipped and A the advantage: A comes first"),
    Mutant("ppo_clip_loss", "sign forgotten", "forward", ppo_clip_loss(l=lambda v: v.surrogate.mean()), diagnosis="l is negated"),
    Mutant("ppo_clip_loss", "sum", "forward", ppo_clip_loss(l=lambda v: -v.surrogate.sum()), diagnosis="l is N times too large: sum instead of mean?"),
    Mutant("ppo_clip_loss", "ratio the other way", "forward", ppo_clip_loss(change=lambda v: v.log_p_old - v.log_p), diagnosis="l is what you get with log_p and log_p_old exchanged"),
    Mutant("ppo_clip_loss", "difference for the ratio", "forward", ppo_clip_loss(r=lambda v: v.change), diagnosis="l is that of log r where r is due"),
    Mutant("ppo_clip_loss", "logarithms clipped", "forward", ppo_clip_loss(clipped=lambda v: np.exp(np.clip(v.change, -v.clip, v.clip))), diagnosis="l is that of log r clipped to [-clip, clip]"),
    Mutant("ppo_clip_loss", "advantage normalized", "forward", ppo_clip_loss(
        r=lambda v: np.exp(v.change), surrogate=lambda v: (lambda a: np.minimum(v.r * a, v.clipped * a))((v.advantage - v.advantage.mean()) / (v.advantage.std() + 1e-8))), diagnosis="l is that of advantages with mean 0 and variance 1"),
    Mutant("ppo_clip_loss", "gradient where it is clipped", "gradient", ppo_clip_loss(glog_p=lambda v: -v.gl * np.exp(v.change) * v.advantage / len(v.r)), diagnosis="glog_p is that of r A alone, c being r clipped and A the advantage: nothing is clipped"),
    Mutant("ppo_clip_loss", "clipped on both sides", "gradient", ppo_clip_loss(
        gfree=lambda v: (v.r >= 1 - v.clip) & (v.r <= 1 + v.clip)), diagnosis="glog_p is that of c A alone, c being r clipped and A the advantage: the minimum with r A is missing"),
    Mutant("ppo_clip_loss", "nothing where both sides are alike", "gradient", ppo_clip_loss(
        gfree=lambda v: v.r * v.advantage < v.clipped * v.advantage), diagnosis="glog_p is that of c A where r A and c A are alike, so nothing is left inside the clip"),
    Mutant("ppo_clip_loss", "sides exchanged", "gradient", ppo_clip_loss(
        r=lambda v: np.exp(v.change), gfree=lambda v: np.where(v.advantage < 0, v.r <= 1 + v.clip, v.r >= 1 - v.clip)), diagnosis="glog_p is that of max(r A, c A), c being r clipped and A the advantage: a minimum is due"),
    Mutant("ppo_clip_loss", "ratio missing in the gradient", "gradient", ppo_clip_loss(
        glog_p=lambda v: -v.gl * v.gfree * v.advantage / len(v.r)), diagnosis="in glog_p, the derivative of exp is missing: the gradient passes through it unchanged"),
    Mutant("ppo_clip_loss", "gradient without its sign", "gradient", ppo_clip_loss(
        glog_p=lambda v: v.gl * v.gfree * v.r * v.advantage / len(v.r)), diagnosis="glog_p is negated"),
    Mutant("ppo_clip_loss", "gradient of a sum", "gradient", ppo_clip_loss(glog_p=lambda v: -v.gl * v.gfree * v.r * v.advantage), diagnosis="glog_p is N times too large: sum instead of mean?"),
    Mutant("ppo_clip_loss", "a gradient for log_p_old", "gradient", ppo_clip_loss(grads="glog_p glog_p_old", glog_p_old=lambda v: -v.glog_p), diagnosis="grad returns 2 gradients, number 2 is too many: only glog_p is due"),
    Mutant("ppo_clip_loss", "exp of what is clipped later", "stable", ppo_clip_loss(r=lambda v: np.exp(v.change)), diagnosis="overflow warning in forward"),
    Mutant("ppo_clip_loss", "quotient of the probabilities", "stable", ppo_clip_loss(r=lambda v: np.exp(v.log_p) / np.exp(v.log_p_old)), diagnosis="overflow warning in forward | invalid value warning in forward | divide by zero warning in forward"),
    Mutant("ppo_clip_loss", "difference in place", "pure", ppo_clip_loss(change=lambda v: np.subtract(v.log_p, v.log_p_old, out=v.log_p)), diagnosis="forward changes log_p in place"),

    Mutant("mixture_of_experts", "softmax over all, not normalized again", "forward", mixture_of_experts(
        p=lambda v: np.where(v.chosen, _softmax(v.score), 0)), diagnosis="y is that of the softmax over all experts: its k largest are not normalized again"),
    Mutant("mixture_of_experts", "all experts", "forward", mixture_of_experts(p=lambda v: _softmax(v.score)), diagnosis="y is that of the softmax over all experts: k is not used"),
    Mutant("mixture_of_experts", "the best one", "forward", mixture_of_experts(chosen=lambda v: v.score == v.score.max(1, keepdims=True)), diagnosis="y is what k = 1 would give: k is not used"),
    Mutant("mixture_of_experts", "the smallest gates", "forward", mixture_of_experts(chosen=lambda v: v.score <= np.sort(v.score, axis=1)[:, v.k - 1, None]), diagnosis="y is that of the k smallest gates"),
    Mutant("mixture_of_experts", "equal weights", "forward", mixture_of_experts(p=lambda v: v.chosen.astype(v.x.dtype) / v.k), diagnosis="y is that of the k experts' mean, not weighed"),
    Mutant("mixture_of_experts", "sum of experts, not weighed", "forward", mixture_of_experts(p=lambda v: v.chosen.astype(v.x.dtype)), diagnosis="y is that of the k experts' sum, not weighed"),
    Mutant("mixture_of_experts", "sigmoids", "forward", mixture_of_experts(p=lambda v: np.where(v.chosen, _sigmoid(v.score), 0)), diagnosis="y is that of sigmoids of the gates"),
    Mutant("mixture_of_experts", "gates as weights", "forward", mixture_of_experts(p=lambda v: np.where(v.chosen, v.score, 0)), diagnosis="y is that of the gates themselves as weights: their softmax is missing"),
    Mutant("mixture_of_experts", "weights sorted, experts not", "forward", mixture_of_experts(p=_weights_in_another_order), diagnosis="y is wrong only where k > 1"),
    Mutant("mixture_of_experts", "weights held constant", "gradient", mixture_of_experts(gscore=lambda v: 0 * v.p), diagnosis="in gx, x in x @ w_gate is treated as a constant: its own derivative is missing; gw_gate is zero everywhere"),
    Mutant("mixture_of_experts", "gx past the gates", "gradient", mixture_of_experts(gx=lambda v: v.gx_by_experts), diagnosis="in gx, x in x @ w_gate is treated as a constant: its own derivative is missing"),
    Mutant("mixture_of_experts", "gx past the experts", "gradient", mixture_of_experts(gx=lambda v: v.gx_by_gates), diagnosis="in gx, x in einsum(x, w) is treated as a constant: its own derivative is missing"),
    Mutant("mixture_of_experts", "the softmax's diagonal", "gradient", mixture_of_experts(gscore=lambda v: v.p * (1 - v.p) * v.gp), diagnosis="should be s[i] * ([i = j] - s[j]) | gx is wrong only where k > 1"),
    Mutant("mixture_of_experts", "softmax not differentiated", "gradient", mixture_of_experts(gscore=lambda v: v.p * v.gp), diagnosis="the sum is treated as a constant: it depends on x too | , but should be"),
    Mutant("mixture_of_experts", "gates' gradient of all experts", "gradient", mixture_of_experts(
        gscore=lambda v: (lambda p: p * (v.gp - (p * v.gp).sum(1, keepdims=True)))(_softmax(v.score))), diagnosis="gx is that of the softmax over all experts, in the gates' gradient; gw_gate is that of the softmax over all experts: k is not used"),
    Mutant("mixture_of_experts", "gw not weighed", "gradient", mixture_of_experts(
        gw=lambda v: np.einsum("ne,nd,nm->edm", v.chosen, v.x, v.gy)), diagnosis="gw is that of the k experts' sum, not weighed"),
    Mutant("mixture_of_experts", "gw of all experts", "gradient", mixture_of_experts(
        gw=lambda v: np.einsum("ne,nd,nm->edm", _softmax(v.score), v.x, v.gy)), diagnosis="gw is that of the softmax over all experts: k is not used"),
    Mutant("mixture_of_experts", "gw of the last row", "gradient", mixture_of_experts(gw=_last_row_of_each), diagnosis="in gw, contributions overwrite each other instead of adding up: only the last one stays"),
    Mutant("mixture_of_experts", "a gradient for k", "gradient", mixture_of_experts(grads="gx gw_gate gw gk", gk=lambda v: None), diagnosis="grad returns 4 gradients, number 4 is too many: only gx, gw_gate and gw are due"),
    Mutant("mixture_of_experts", "no maximum subtracted", "stable", mixture_of_experts(
        p=lambda v: (lambda e: e / e.sum(1, keepdims=True))(np.where(v.chosen, np.exp(v.score), 0))), diagnosis="invalid value warning in forward | overflow warning in forward | the maximum is not subtracted before exp"),
    Mutant("mixture_of_experts", "mask in float64", "stable", mixture_of_experts(p=lambda v: _softmax(v.score + np.where(v.chosen, 0.0, -np.inf).astype(float))), diagnosis="y has dtype float64, but should be float32, like the inputs"),

    Mutant("matrix_products", "products from the left", "forward", matrix_products(y=lambda v: _reversed_products(v.x)), diagnosis="y is that of x[t] @ ... @ x[0]: the factors stand the other way round"),
    Mutant("matrix_products", "entry by entry", "forward", matrix_products(y=lambda v: np.cumprod(v.x, axis=0)), diagnosis="y is that of products entry by entry"),
    Mutant("matrix_products", "without the matrix itself", "forward", matrix_products(y=lambda v: np.concatenate([_identity(v.x), _prefixes(v.x)[:-1]])), diagnosis="y is that of the products of what comes before x[t], without it"),
    Mutant("matrix_products", "the whole product", "forward", matrix_products(y=lambda v: _prefixes(v.x)[-1], before=lambda v: v.x), diagnosis="y has shape (1, 1), but should be (1, 1, 1)"),
    Mutant("matrix_products", "suffixes", "forward", matrix_products(y=lambda v: np.flip(_reversed_products(np.flip(v.x, 0)), 0)), diagnosis="y is that of x[t] @ ... @ x[T-1], from the other end"),
    Mutant("matrix_products", "own prefix alone", "gradient", matrix_products(gu=lambda v: v.gy), diagnosis="gx is that of y[t] alone, of those that x[t] is in: nothing comes from later products"),
    Mutant("matrix_products", "whole product alone", "gradient", matrix_products(gu=lambda v: _sent_back(v.gy * (np.arange(len(v.gy)) == len(v.gy) - 1)[:, None, None], v.after)), diagnosis="gx is that of the last product alone, but all of them have a gradient | gx is what gy[-1] alone"),
    Mutant("matrix_products", "prefix not transposed", "gradient", matrix_products(gx=lambda v: v.before @ v.gu), diagnosis="gx is that of y[t-1] where y[t-1].T is due | is not transposed in the product with the gradient"),
    Mutant("matrix_products", "what comes after not transposed", "gradient", matrix_products(after=lambda v: np.concatenate([v.x[1:], 0 * _identity(v.x)])), diagnosis="gx is that of x[t+1] where x[t+1].T is due | is not transposed in the product with the gradient"),
    Mutant("matrix_products", "nothing transposed", "gradient", matrix_products(
        after=lambda v: np.concatenate([v.x[1:], 0 * _identity(v.x)]), gx=lambda v: v.before @ v.gu), diagnosis="gx is that of matrices that are not transposed"),
    Mutant("matrix_products", "x[t] for x[t+1]", "gradient", matrix_products(after=lambda v: _turned(v.x)), diagnosis="gx is that of x[t] where x[t+1] is due"),
    Mutant("matrix_products", "prefix with the matrix itself", "gradient", matrix_products(before=lambda v: np.concatenate([_identity(v.x), v.y[1:]])), diagnosis="gx is that of y[t] where y[t-1] is due: x[t] itself is not among the factors before it"),
    Mutant("matrix_products", "factors exchanged", "gradient", matrix_products(gx=lambda v: v.gu @ _turned(v.before)), diagnosis="gx is that of a product whose two factors are exchanged"),
    Mutant("matrix_products", "prefix by an inverse", "gradient", matrix_products(before=lambda v: v.x, gx=lambda v: _turned(v.y @ np.linalg.inv(v.x)) @ v.gu), diagnosis="LinAlgError: Singular matrix"),
    Mutant("matrix_products", "prefix by a pseudo-inverse", "gradient", matrix_products(before=lambda v: v.y @ np.linalg.pinv(v.x)), diagnosis=""),
    Mutant("matrix_products", "no gradient for the first", "gradient", matrix_products(before=lambda v: np.concatenate([0 * _identity(v.x), v.y[:-1]])), diagnosis="gx is wrong only in the first slice along axis 0: it is 0 there"),
    Mutant("matrix_products", "products in place", "pure", matrix_products(
        y=_products_in_place, after=lambda v: np.concatenate([_turned(v.kept)[1:], 0 * _identity(v.x)])), diagnosis="forward changes x in place"),
    Mutant("matrix_products", "gy changed in place", "pure", matrix_products(gu=_sent_back_in_place), diagnosis="grad changes gy in place"),
    Mutant("matrix_products", "identity in float64", "stable", matrix_products(y=lambda v: _in_identity(v.x)), diagnosis="y has dtype float64, but should be float32, like the inputs"),
]
RIGHT = [
    Alternative("tied_logits", "a use each, added up", tied_logits()),
    Alternative("tied_logits", "one-hot matrices", tied_logits(
        x=lambda v: _one_hot(v) @ v.w, g_embedding=lambda v: _rows(_one_hot(v)).T @ _rows(v.gx))),
    Alternative("tied_logits", "einsum", tied_logits(
        y=lambda v: np.einsum("...k,vk->...v", v.x, v.w), g_output=lambda v: np.einsum("nv,nk->vk", _rows(v.gy), _rows(v.x)))),
    Alternative("tied_logits", "indices sorted, runs added up", tied_logits(g_embedding=_sums_of_runs)),
    Alternative("tied_logits", "position by position", tied_logits(g_embedding=_row_by_row), slow=True),

    Alternative("smoothed_cross_entropy", "np.where", smoothed_cross_entropy()),
    Alternative("smoothed_cross_entropy", "two losses, mixed", smoothed_cross_entropy(
        losses=lambda v: -(1 - v.smoothing) * (v.one_hot * v.log_p).sum(1) - v.smoothing * v.log_p.mean(1))),
    Alternative("smoothed_cross_entropy", "weights of 0 and 1", smoothed_cross_entropy(
        weight=lambda v: v.counts.astype(v.logits.dtype) / v.n, l=lambda v: (v.losses * (v.counts.astype(v.logits.dtype) / v.n)).sum(),
        glogits=lambda v: v.gl * v.weight[:, None] * (np.exp(v.log_p) - v.t))),
    Alternative("smoothed_cross_entropy", "row by row", _smoothed_row_by_row, slow=True),

    Alternative("grouped_query_attention", "keys repeated, gradients added up", grouped_query_attention()),
    Alternative("grouped_query_attention", "five axes, einsum", _attention_of_five_axes),
    Alternative("grouped_query_attention", "logarithms of the softmax", grouped_query_attention(p=lambda v: np.exp(_log_softmax(v.z)))),
    Alternative("grouped_query_attention", "head by head", _attention_head_by_head, slow=True),

    Alternative("lora_linear", "two paths", lora_linear()),
    Alternative("lora_linear", "by the gradient of w", lora_linear(
        gw=lambda v: _rows(v.x).T @ _rows(v.gy), ga=lambda v: v.scale * (_rows(v.x).T @ _rows(v.gy)) @ v.b.T,
        gb=lambda v: v.scale * v.a.T @ (_rows(v.x).T @ _rows(v.gy)))),
    Alternative("lora_linear", "einsum", lora_linear(
        y=lambda v: np.einsum("...k,km->...m", v.x, v.w) + v.scale * np.einsum("...r,rm->...m", v.u, v.b),
        ga=lambda v: np.einsum("nk,nr->kr", _rows(v.x), _rows(v.gu)))),
    Alternative("lora_linear", "x merged from both", lora_linear(gx=lambda v: v.gy @ (v.w + v.scale * (v.a @ v.b)).T)),
    Alternative("lora_linear", "row by row", lora_linear(
        ga=lambda v: sum(np.outer(x, gu) for x, gu in zip(_rows(v.x), _rows(v.gu), strict=True))), slow=True),

    Alternative("linear_recurrence", "lists and stack", linear_recurrence()),
    Alternative("linear_recurrence", "doubling steps", _recurrence_by_doubling),
    Alternative("linear_recurrence", "all products of a", _recurrence_by_a_triangle, slow=True),
    Alternative("linear_recurrence", "gh with the others", linear_recurrence(
        gh=lambda v: (v.a[:1] * v.gb[:1]).sum(0), ga=lambda v: np.concatenate([(v.gb[0] * v.h)[None], v.gb[1:] * v.y[:-1]]))),

    Alternative("dpo_loss", "stable sigmoid", dpo_loss()),
    Alternative("dpo_loss", "maximum and log1p", dpo_loss(l=lambda v: (np.maximum(-v.z, 0) + np.log1p(np.exp(-abs(v.z)))).mean())),
    Alternative("dpo_loss", "tanh", dpo_loss(gz=lambda v: -v.gl * (1 - np.tanh(v.z / 2)) / 2 / len(v.z))),
    Alternative("dpo_loss", "log-ratios of the answers", dpo_loss(
        z=lambda v: v.beta * ((v.chosen - v.rejected) - (v.chosen_ref - v.rejected_ref)))),
    Alternative("dpo_loss", "cross entropy of two", _dpo_as_cross_entropy),
    Alternative("dpo_loss", "pair by pair", dpo_loss(gz=lambda v: np.array([-v.gl * _sigmoid(-z) / len(v.z) for z in v.z], v.z.dtype)), slow=True),

    Alternative("ppo_clip_loss", "one edge for each sign", ppo_clip_loss()),
    Alternative("ppo_clip_loss", "the edge counts, not the ratio", ppo_clip_loss(
        gfree=lambda v: np.where(v.advantage < 0, v.r > 1 - v.clip, v.r < 1 + v.clip))),
    Alternative("ppo_clip_loss", "the minimum's own side", ppo_clip_loss(gfree=lambda v: v.r * v.advantage <= v.clipped * v.advantage)),
    Alternative("ppo_clip_loss", "exp of clipped logarithms", ppo_clip_loss(
        r=lambda v: np.exp(np.where(v.advantage < 0, v.change, np.minimum(v.change, math.log1p(v.clip)))),
        surrogate=lambda v: np.where(v.advantage < 0, np.maximum(v.r, 1 - v.clip), v.r) * v.advantage,
        gfree=lambda v: np.where(v.advantage < 0, v.r >= 1 - v.clip, v.change < np.log1p(v.clip)))),
    Alternative("ppo_clip_loss", "sample by sample", _ppo_one_by_one, slow=True),

    Alternative("mixture_of_experts", "all experts, zeros for weights", mixture_of_experts()),
    Alternative("mixture_of_experts", "the chosen gathered", _experts_gathered),
    Alternative("mixture_of_experts", "argpartition", mixture_of_experts(
        chosen=lambda v: _chosen_by_partition(v.score, v.k))),
    Alternative("mixture_of_experts", "expert by expert", _expert_by_expert, slow=True),

    Alternative("matrix_products", "lists and stack", matrix_products()),
    Alternative("matrix_products", "doubling steps", _products_by_doubling),
    Alternative("matrix_products", "transposed throughout", matrix_products(gx=lambda v: _turned(_turned(v.gu) @ v.before))),
    Alternative("matrix_products", "each pair of steps by itself", _products_pair_by_pair, slow=True),
]

SLOW = [
    Alternative("matrix_products", "entry by entry", matrix_products(gx=_numeric_products), slow=True),
]
# fmt: on
