"""Level 10: known wrong and known right implementations of what trains a network.

A builder makes a step out of its parts, each the right one unless a row gives another. What is in none is a function below.
"""

import math
from collections.abc import Callable

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful


def mlp(
    *,
    hidden: Callable = lambda z: np.maximum(z, 0),
    last: Callable = lambda z: z,
    slope: Callable = lambda d, h: d * (h > 0),
    loss: Callable = lambda log_p, rows, labels: -log_p[rows, labels].mean(),
    start: Callable = lambda p, onehot, gL, n: gL * (p - onehot) / n,
    gw: Callable = lambda h, d: h.T @ d,
    gb: Callable = lambda d: d.sum(0, keepdims=True),
    back: Callable = lambda d, w: d @ w.T,
    found: Callable = lambda gradients: gradients,
) -> Callable:
    """A network of any depth. `slope(d, h)`: through the relu whose output is h; `found(gradients)`: what is returned of them."""

    def network(x, labels, params):
        weights, biases = params[::2], params[1::2]
        inputs = [x]
        for w, b in zip(weights[:-1], biases[:-1], strict=True):
            inputs.append(hidden(inputs[-1] @ w + b))
        z = last(inputs[-1] @ weights[-1] + biases[-1])
        z = z - z.max(1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        rows = np.arange(len(x))

        def grad(gL):
            onehot = np.eye(z.shape[1], dtype=z.dtype)[labels]
            d, gradients = start(np.exp(log_p), onehot, gL, len(x)), []
            for h, w in zip(inputs[::-1], weights[::-1], strict=True):
                gradients = [gw(h, d), gb(d), *gradients]
                if h is not x:
                    d = slope(back(d, w), h)
            return found(gradients)

        return loss(log_p, rows, labels), grad

    return network


def sgd(step: Callable = lambda w, gw, lr, decay: w - lr * (gw + decay * w)) -> Callable:
    """The new w."""
    return lambda w, gw, lr, weight_decay: step(w, gw, lr, weight_decay)


def momentum(
    *,
    velocity: Callable = lambda v, gw, lr, beta: beta * v + gw,
    along: Callable = lambda v, gw, lr, beta, nesterov, old: lr * (gw + beta * v if nesterov else v),
    found: Callable = lambda w, v: (w, v),
) -> Callable:
    """`along(v, gw, lr, beta, nesterov, old)`: what w goes down by, of the new v and the old."""

    def step(w, gw, v, lr, beta, nesterov):
        new = velocity(v, gw, lr, beta)
        return found(w - along(new, gw, lr, beta, nesterov, v), new)

    return step


def rmsprop(
    *,
    mean: Callable = lambda s, gw, a: a * s + (1 - a) * gw * gw,
    root: Callable = lambda s, eps, old: np.sqrt(s) + eps,
    found: Callable = lambda w, s: (w, s),
) -> Callable:
    """`root(s, eps, old)`: what stands below the fraction line, of the new s and the old."""

    def step(w, gw, s, lr, alpha, eps):
        new = mean(s, gw, alpha)
        return found(w - lr * gw / root(new, eps, s), new)

    return step


def adam(
    *,
    mean: Callable = lambda m, gw, b: b * m + (1 - b) * gw,
    square: Callable = lambda v, gw, b: b * v + (1 - b) * gw * gw,
    lacks1: Callable = lambda b, t: 1 - b**t,
    lacks2: Callable = lambda b, t: 1 - b**t,
    root: Callable = lambda v, c2, eps: np.sqrt(v / c2) + eps,
    found: Callable = lambda w, m, v, c1, c2: (w, m, v),
    decay: Callable = lambda w, gw, lr, weight_decay: (w, gw),
) -> Callable:
    """Adam, and with `decay(w, gw, lr, weight_decay)` for a first step AdamW."""

    def step(w, gw, m, v, t, lr, beta1, beta2, eps, weight_decay=0.0):
        w, gw = decay(w, gw, lr, weight_decay)
        m, v = mean(m, gw, beta1), square(v, gw, beta2)
        c1, c2 = lacks1(beta1, t), lacks2(beta2, t)
        return found(w - lr * (m / c1) / root(v, c2, eps), m, v, c1, c2)

    return step


def adamw(**parts: Callable) -> Callable:
    """Likewise, with its decay unless a row gives another."""
    return adam(**{"decay": lambda w, gw, lr, weight_decay: (w * (1 - lr * weight_decay), gw)} | parts)


def clip_grad_norm(
    *,
    norm: Callable = lambda grads: math.sqrt(sum(float((g * g).sum()) for g in grads)),
    factor: Callable = lambda norm, most: min(1.0, most / (norm + 1e-6)),
    found: Callable = lambda grads, factor: [g * factor for g in grads],
) -> Callable:
    """One norm, one factor."""
    return lambda grads, max_norm: found(grads, factor(norm(grads), max_norm))


def numeric_gradient(
    *,
    taken: Callable = lambda x: x.astype(np.float64),
    change: Callable = lambda f, up, down, x: f(up) - f(down),
    over: Callable = lambda eps: 2 * eps,
    entry: Callable = lambda change, gy, at: (change * gy).sum(),
    found: Callable = lambda gx, x: gx,
) -> Callable:
    """Central differences, one entry of x after another, each of fresh copies."""

    def gradient(f, x, gy, eps):
        wide = taken(x)
        gx = np.zeros(x.shape)
        for at in np.ndindex(x.shape):
            up, down = wide.copy(), wide.copy()
            up[at] += eps
            down[at] -= eps
            gx[at] = entry(change(f, up, down, wide) / over(eps), gy, at)
        return found(gx, x)

    return gradient


def _params_popped(x, labels, params):
    weights = []
    while params:
        weights.append((params.pop(0), params.pop(0)))
    return mlp()(x, labels, [p for pair in weights for p in pair])


def _three_layers_at_most(x, labels, params):
    return mlp()(x, labels, params[:4])


def _mlp_of_the_last_call():
    kept = {}

    def network(x, labels, params):
        kept["grad"] = mlp()(x, labels, params)[1]
        return mlp()(x, labels, params)[0], lambda gL: kept["grad"](gL)

    return network


def _mlp_unshifted(x, labels, params):
    _loss, grad = mlp()(x, labels, params)
    h = x
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        h = np.maximum(h @ w + b, 0)
    z = h @ params[-2] + params[-1]
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    return -np.log(p[np.arange(len(x)), labels]).mean(), grad


def _in_place(*names: int) -> Callable:
    """An optimiser's step that writes its new values into the arrays of these numbers, in their order, and returns these."""

    def build(step: Callable) -> Callable:
        def changed(*given):
            values = step(*given)
            for at, value in zip(names, values if isinstance(values, tuple) else (values,), strict=True):
                given[at][...] = value
            arrays = tuple(given[at] for at in names)
            return arrays if len(arrays) > 1 else arrays[0]

        return changed

    return build


def _buffer_is_changed(w, gw, v, lr, beta, nesterov):
    v *= beta
    v += gw
    return w - lr * (gw + beta * v if nesterov else v), v


def _moments_are_changed(w, gw, m, v, t, lr, beta1, beta2, eps):
    m *= beta1
    m += (1 - beta1) * gw
    v *= beta2
    v += (1 - beta2) * gw**2
    return w - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def _remembered(step: Callable, at: int, place: int) -> Stateful:
    """A step that keeps the state of number `at`, which it returns at `place`, from call to call, whatever it is given."""

    def make():
        kept = []

        def stateful(*given):
            if kept and kept[0].shape == given[at].shape:
                given = (*given[:at], kept[0], *given[at + 1 :])
            values = step(*given)
            kept[:] = [np.array(values[place])]
            return values

        return stateful

    return Stateful(make)


def _counting(step: Callable) -> Stateful:
    """A step that counts its calls, and takes that for t."""

    def make():
        calls = [0]

        def counted(w, gw, m, v, t, *rest):
            calls[0] += 1
            return step(w, gw, m, v, calls[0], *rest)

        return counted

    return Stateful(make)


def _list_is_changed(grads, max_norm):
    factor = min(1.0, max_norm / (math.sqrt(sum(float((g * g).sum()) for g in grads)) + 1e-6))
    for i, g in enumerate(grads):
        grads[i] = g * factor
    return grads


def _arrays_are_changed(grads, max_norm):
    factor = min(1.0, max_norm / (math.sqrt(sum(float((g * g).sum()) for g in grads)) + 1e-6))
    for g in grads:
        g *= factor
    return grads


def _norm_of_the_first(grads):
    return math.sqrt(float((grads[0] ** 2).sum()))


def _each_norm(grads, max_norm):
    return [g * min(1.0, max_norm / (float(np.linalg.norm(g)) + 1e-6)) for g in grads]


def _only_wide(grads, max_norm):
    norm = np.sqrt(sum((g.astype(np.float64) ** 2).sum() for g in grads))
    return [g * np.float64(min(1.0, max_norm / (norm + 1e-6))) for g in grads]


def _moved_and_put_back(f, x, gy, eps):
    gx = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        kept = x[at]
        x[at] = kept + eps
        up = f(x)
        x[at] = kept - eps
        down = f(x)
        x[at] = kept
        gx[at] = ((up - down) * gy).sum() / (2 * eps)
    return gx


def _not_put_back(first: int) -> Callable:
    """One copy, whose entries stay moved, first that way and then back to the other side: `first` is 1 or -1."""

    def gradient(f, x, gy, eps):
        gx, moved = np.zeros(x.shape), x.astype(np.float64)
        for at in np.ndindex(x.shape):
            moved[at] += first * eps
            one = f(moved)
            moved[at] -= 2 * first * eps
            gx[at] = ((one - f(moved)) * gy).sum() / (2 * first * eps)
        return gx

    return gradient


def _put_back_by_half(f, x, gy, eps):
    gx, moved = np.zeros(x.shape), x.astype(np.float64)
    for at in np.ndindex(x.shape):
        moved[at] += eps
        up = f(moved)
        moved[at] -= eps
        down = f(moved)
        gx[at] = ((up - down) * gy).sum() / eps
    return gx


def _all_at_once(f, x, gy, eps):
    wide = x.astype(np.float64)
    change = (f(wide + eps) - f(wide - eps)) * gy / (2 * eps)
    return change if change.shape == x.shape else np.broadcast_to(change[..., None], x.shape).copy()


def _small_eps(f, x, gy, eps):
    return numeric_gradient()(f, x, gy, 1e-6)


def _in_the_dtype_of_x(f, x, gy, eps):
    gx, moved = np.zeros(x.shape), x.copy()
    for at in np.ndindex(x.shape):
        kept = x[at]
        moved[at] = kept + eps
        up = f(moved)
        moved[at] = kept - eps
        gx[at] = ((up - f(moved)) * gy).sum() / (2 * eps)
        moved[at] = kept
    return gx


# fmt: off
WRONG = [
    Mutant("mlp", "relu behind the last layer too", "forward", mlp(last=lambda z: np.maximum(z, 0))),
    Mutant("mlp", "no relu", "forward", mlp(hidden=lambda z: z, slope=lambda d, h: d)),
    Mutant("mlp", "sigmoid inside", "forward", mlp(hidden=lambda z: 1 / (1 + np.exp(-z)), slope=lambda d, h: d * h * (1 - h))),
    Mutant("mlp", "sum over the batch", "forward", mlp(loss=lambda p, rows, labels: -p[rows, labels].sum(), start=lambda p, onehot, gL, n: gL * (p - onehot))),
    Mutant("mlp", "two layers at most", "forward", _three_layers_at_most),
    Mutant("mlp", "gradient of the sum", "gradient", mlp(start=lambda p, onehot, gL, n: gL * (p - onehot))),
    Mutant("mlp", "gL is not used", "gradient", mlp(start=lambda p, onehot, gL, n: (p - onehot) / n)),
    Mutant("mlp", "target minus prediction", "gradient", mlp(start=lambda p, onehot, gL, n: gL * (onehot - p) / n)),
    Mutant("mlp", "target is left out", "gradient", mlp(start=lambda p, onehot, gL, n: gL * p / n)),
    Mutant("mlp", "the relu's mask is left out", "gradient", mlp(slope=lambda d, h: d)),
    Mutant("mlp", "mask of the gradient's sign", "gradient", mlp(slope=lambda d, h: d * (d > 0))),
    Mutant("mlp", "mask turned round", "gradient", mlp(slope=lambda d, h: d * (h == 0))),
    Mutant("mlp", "bias as a mean", "gradient", mlp(gb=lambda d: d.mean(0, keepdims=True))),
    Mutant("mlp", "bias without its axis", "gradient", mlp(gb=lambda d: d.sum(0))),
    Mutant("mlp", "bias by rows", "gradient", mlp(gb=lambda d: d)),
    Mutant("mlp", "weights first, then biases", "gradient", mlp(found=lambda g: g[::2] + g[1::2])),
    Mutant("mlp", "last layer first", "gradient", mlp(found=lambda g: [part for n in range(len(g) - 2, -1, -2) for part in g[n:n + 2]])),
    Mutant("mlp", "only the weights", "gradient", mlp(found=lambda g: g[::2])),
    Mutant("mlp", "the list is emptied", "pure", _params_popped),
    Mutant("mlp", "gradient of the last call", "pure", Stateful(_mlp_of_the_last_call)),
    Mutant("mlp", "softmax without a shift", "stable", _mlp_unshifted),

    Mutant("sgd", "uphill", "forward", sgd(lambda w, gw, lr, d: w + lr * (gw + d * w))),
    Mutant("sgd", "decay without lr", "forward", sgd(lambda w, gw, lr, d: w - lr * gw - d * w)),
    Mutant("sgd", "no decay", "forward", sgd(lambda w, gw, lr, d: w - lr * gw)),
    Mutant("sgd", "decay negative", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw - d * w))),
    Mutant("sgd", "decay afterwards", "forward", sgd(lambda w, gw, lr, d: (w - lr * gw) * (1 - lr * d))),
    Mutant("sgd", "decay of w squared", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw + d * w * w))),
    Mutant("sgd", "twice the decay", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw + 2 * d * w))),
    Mutant("sgd", "decay of the gradient", "forward", sgd(lambda w, gw, lr, d: w - lr * (1 + d) * gw)),
    Mutant("sgd", "the step alone", "forward", sgd(lambda w, gw, lr, d: lr * (gw + d * w))),
    Mutant("sgd", "L1 decay", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw + d * np.sign(w)))),
    Mutant("sgd", "nothing returned", "forward", sgd(lambda w, gw, lr, d: None)),
    Mutant("sgd", "in place", "pure", _in_place(0)(sgd())),
    Mutant("sgd", "float64", "stable", sgd(lambda w, gw, lr, d: w - np.float64(lr) * (gw + d * w))),

    Mutant("momentum", "dampened", "forward", momentum(velocity=lambda v, gw, lr, b: b * v + (1 - b) * gw)),
    Mutant("momentum", "lr in the velocity", "forward", momentum(
        velocity=lambda v, gw, lr, b: b * v + lr * gw, along=lambda v, gw, lr, b, n, old: lr * gw + b * v if n else v)),
    Mutant("momentum", "velocity downhill", "forward", momentum(
        velocity=lambda v, gw, lr, b: b * v - lr * gw, along=lambda v, gw, lr, b, n, old: lr * gw - b * v if n else -v)),
    Mutant("momentum", "nesterov is ignored", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * v)),
    Mutant("momentum", "always nesterov", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + b * v))),
    Mutant("momentum", "nesterov of the old v", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + b * old if n else v))),
    Mutant("momentum", "nesterov without gw", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (b * v if n else v))),
    Mutant("momentum", "nesterov without beta", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + v if n else v))),
    Mutant("momentum", "step by the old v", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + b * old if n else old))),
    Mutant("momentum", "v first", "forward", momentum(found=lambda w, v: (v, w))),
    Mutant("momentum", "only w", "forward", momentum(found=lambda w, v: w)),
    Mutant("momentum", "v as it was", "forward", lambda w, gw, v, lr, beta, nesterov: (momentum()(w, gw, v, lr, beta, nesterov)[0], v)),
    Mutant("momentum", "v in place", "pure", _buffer_is_changed),
    Mutant("momentum", "v is remembered", "pure", _remembered(momentum(), 2, 1)),

    Mutant("rmsprop", "eps inside the root", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(s + eps))),
    Mutant("rmsprop", "no root", "forward", rmsprop(root=lambda s, eps, old: s + eps)),
    Mutant("rmsprop", "alpha exchanged", "forward", rmsprop(mean=lambda s, gw, a: (1 - a) * s + a * gw * gw)),
    Mutant("rmsprop", "Adagrad", "forward", rmsprop(mean=lambda s, gw, a: s + gw * gw)),
    Mutant("rmsprop", "gw without its square", "forward", rmsprop(mean=lambda s, gw, a: a * s + (1 - a) * abs(gw))),
    Mutant("rmsprop", "without 1 - alpha", "forward", rmsprop(mean=lambda s, gw, a: a * s + gw * gw)),
    Mutant("rmsprop", "step by the old s", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(old) + eps)),
    Mutant("rmsprop", "eps is left out", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(s))),
    Mutant("rmsprop", "eps = 1e-8 always", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(s) + 1e-8)),
    Mutant("rmsprop", "the root is returned", "forward", rmsprop(found=lambda w, s: (w, np.sqrt(s)))),
    Mutant("rmsprop", "one mean for all entries", "forward", rmsprop(mean=lambda s, gw, a: a * s + (1 - a) * (gw * gw).mean())),
    Mutant("rmsprop", "w and s in place", "pure", _in_place(0, 2)(rmsprop())),
    Mutant("rmsprop", "maximum with eps", "forward", rmsprop(root=lambda s, eps, old: np.maximum(np.sqrt(s), eps))),

    Mutant("adam", "no correction", "forward", adam(lacks1=lambda b, t: 1, lacks2=lambda b, t: 1)),
    Mutant("adam", "m alone corrected", "forward", adam(lacks2=lambda b, t: 1)),
    Mutant("adam", "v alone corrected", "forward", adam(lacks1=lambda b, t: 1)),
    Mutant("adam", "t counted from 0", "forward", adam(lacks1=lambda b, t: 1 - b ** (t + 1), lacks2=lambda b, t: 1 - b ** (t + 1))),
    Mutant("adam", "t - 1", "forward", adam(lacks1=lambda b, t: 1 - b ** max(t - 1, 1), lacks2=lambda b, t: 1 - b ** max(t - 1, 1))),
    Mutant("adam", "t is ignored", "forward", adam(lacks1=lambda b, t: 1 - b, lacks2=lambda b, t: 1 - b)),
    Mutant("adam", "beta t", "forward", adam(lacks1=lambda b, t: 1 - b * t if b * t != 1 else 1, lacks2=lambda b, t: abs(1 - b * t) + 1e-3)),
    Mutant("adam", "corrected for good", "forward", adam(found=lambda w, m, v, c1, c2: (w, m / c1, v / c2))),
    Mutant("adam", "eps inside the root", "forward", adam(root=lambda v, c2, eps: np.sqrt(v / c2 + eps))),
    Mutant("adam", "eps before the correction", "forward", adam(root=lambda v, c2, eps: (np.sqrt(v) + eps) / np.sqrt(c2))),
    Mutant("adam", "no root", "forward", adam(root=lambda v, c2, eps: v / c2 + eps)),
    Mutant("adam", "eps is left out", "stable", adam(root=lambda v, c2, eps: np.maximum(np.sqrt(v / c2), 1e-30))),
    Mutant("adam", "betas exchanged", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps: adam()(w, gw, m, v, t, lr, b2, b1, eps)),
    Mutant("adam", "betas 0.9 and 0.999", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps: adam()(w, gw, m, v, t, lr, 0.9, 0.999, eps)),
    Mutant("adam", "m without 1 - beta1", "forward", adam(mean=lambda m, gw, b: b * m + gw)),
    Mutant("adam", "v without the square", "forward", adam(square=lambda v, gw, b: b * v + (1 - b) * abs(gw))),
    Mutant("adam", "v of m", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps: adam(square=lambda v, g, b: b * v + (1 - b) * (b1 * m + (1 - b1) * gw) ** 2)(w, gw, m, v, t, lr, b1, b2, eps)),
    Mutant("adam", "states exchanged", "forward", adam(found=lambda w, m, v, c1, c2: (w, v, m))),
    Mutant("adam", "states before w", "forward", adam(found=lambda w, m, v, c1, c2: (m, v, w))),
    Mutant("adam", "uphill", "forward", lambda w, gw, m, v, t, lr, *rest: adam()(w, gw, m, v, t, -lr, *rest)),
    Mutant("adam", "AMSGrad", "forward", adam(square=lambda v, gw, b: np.maximum(v, b * v + (1 - b) * gw * gw))),
    Mutant("adam", "states in place", "pure", _moments_are_changed),
    Mutant("adam", "t is counted by itself", "forward", _counting(adam())),
    Mutant("adam", "t is an array", "stable", lambda w, gw, m, v, t, *rest: adam()(w, gw, m, v, np.float64(t), *rest)),

    Mutant("adamw", "coupled", "forward", adamw(decay=lambda w, gw, lr, d: (w, gw + d * w))),
    Mutant("adamw", "decay without lr", "forward", adamw(decay=lambda w, gw, lr, d: (w - d * w, gw))),
    Mutant("adamw", "no decay", "forward", adamw(decay=lambda w, gw, lr, d: (w, gw))),
    Mutant("adamw", "both", "forward", adamw(decay=lambda w, gw, lr, d: (w * (1 - lr * d), gw + d * w))),
    Mutant("adamw", "decay afterwards", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _decayed_after(adam()(w, gw, m, v, t, lr, b1, b2, eps), lr * d)),
    Mutant("adamw", "decay divided by the root", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _decay_in_the_step(w, gw, m, v, t, lr, b1, b2, eps, d)),
    Mutant("adamw", "decay in m alone", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps, d: adam(mean=lambda m, g, b: b * m + (1 - b) * (g + d * w))(w, gw, m, v, t, lr, b1, b2, eps)),
    Mutant("adamw", "decay grows w", "forward", adamw(decay=lambda w, gw, lr, d: (w * (1 + lr * d), gw))),
    Mutant("adamw", "no correction", "forward", adamw(lacks1=lambda b, t: 1, lacks2=lambda b, t: 1)),
    Mutant("adamw", "t counted from 0", "forward", adamw(lacks1=lambda b, t: 1 - b ** (t + 1), lacks2=lambda b, t: 1 - b ** (t + 1))),
    Mutant("adamw", "eps inside the root", "forward", adamw(root=lambda v, c2, eps: np.sqrt(v / c2 + eps))),
    Mutant("adamw", "w is changed in place", "pure", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _decay_in_place(w, gw, m, v, t, lr, b1, b2, eps, d)),
    Mutant("adamw", "m is remembered", "pure", _remembered(adamw(), 2, 1)),

    Mutant("clip_grad_norm", "a norm each", "forward", _each_norm),
    Mutant("clip_grad_norm", "norm of the first", "forward", clip_grad_norm(norm=_norm_of_the_first)),
    Mutant("clip_grad_norm", "always scaled", "forward", clip_grad_norm(factor=lambda norm, most: most / (norm + 1e-6))),
    Mutant("clip_grad_norm", "no 1e-6", "forward", clip_grad_norm(factor=lambda norm, most: min(1.0, most / norm) if norm else 1.0)),
    Mutant("clip_grad_norm", "only above, without 1e-6", "forward", clip_grad_norm(factor=lambda norm, most: most / norm if norm > most else 1.0)),
    Mutant("clip_grad_norm", "no root", "forward", clip_grad_norm(norm=lambda grads: sum(float((g * g).sum()) for g in grads))),
    Mutant("clip_grad_norm", "sum of norms", "forward", clip_grad_norm(norm=lambda grads: sum(math.sqrt(float((g * g).sum())) for g in grads))),
    Mutant("clip_grad_norm", "largest of the norms", "forward", clip_grad_norm(norm=lambda grads: max(math.sqrt(float((g * g).sum())) for g in grads))),
    Mutant("clip_grad_norm", "largest entry", "forward", clip_grad_norm(norm=lambda grads: max(float(abs(g).max()) for g in grads))),
    Mutant("clip_grad_norm", "each entry", "forward", lambda grads, max_norm: [np.clip(g, -max_norm, max_norm) for g in grads]),
    Mutant("clip_grad_norm", "to length 1", "forward", clip_grad_norm(factor=lambda norm, most: 1 / (norm + 1e-6) if norm > most else 1.0)),
    Mutant("clip_grad_norm", "one array", "forward", clip_grad_norm(found=lambda grads, factor: np.concatenate([(g * factor).ravel() for g in grads]))),
    Mutant("clip_grad_norm", "with the norm", "forward", clip_grad_norm(found=lambda grads, factor: ([g * factor for g in grads], factor))),
    Mutant("clip_grad_norm", "nothing returned", "forward", clip_grad_norm(found=lambda grads, factor: None)),
    Mutant("clip_grad_norm", "the list is changed", "pure", _list_is_changed),
    Mutant("clip_grad_norm", "the arrays are changed", "pure", _arrays_are_changed),
    Mutant("clip_grad_norm", "float64", "stable", _only_wide),

    Mutant("numeric_gradient", "forward difference", "forward", numeric_gradient(change=lambda f, up, down, x: f(up) - f(x), over=lambda eps: eps)),
    Mutant("numeric_gradient", "backward difference", "forward", numeric_gradient(change=lambda f, up, down, x: f(x) - f(down), over=lambda eps: eps)),
    Mutant("numeric_gradient", "over eps", "forward", numeric_gradient(over=lambda eps: eps)),
    Mutant("numeric_gradient", "not divided", "forward", numeric_gradient(over=lambda eps: 1)),
    Mutant("numeric_gradient", "gy is not used", "forward", numeric_gradient(entry=lambda change, gy, at: change.sum())),
    Mutant("numeric_gradient", "own entry alone", "forward", numeric_gradient(entry=lambda change, gy, at: (change * gy)[at[:change.ndim]] if change.shape else change * gy)),
    Mutant("numeric_gradient", "mean over y", "forward", numeric_gradient(entry=lambda change, gy, at: (change * gy).mean())),
    Mutant("numeric_gradient", "all entries at once", "forward", _all_at_once),
    Mutant("numeric_gradient", "not put back, up", "forward", _not_put_back(-1)),
    Mutant("numeric_gradient", "not put back, down", "forward", _not_put_back(1)),
    Mutant("numeric_gradient", "put back before the second", "forward", _put_back_by_half),
    Mutant("numeric_gradient", "eps = 1e-6 always", "forward", _small_eps),
    Mutant("numeric_gradient", "in the dtype of x", "forward", _in_the_dtype_of_x),
    Mutant("numeric_gradient", "x in float32", "forward", numeric_gradient(taken=lambda x: x.astype(np.float32))),
    Mutant("numeric_gradient", "dtype of x", "forward", numeric_gradient(found=lambda gx, x: gx.astype(x.dtype))),
    Mutant("numeric_gradient", "flat", "forward", numeric_gradient(found=lambda gx, x: gx.ravel())),
]


def _decayed_after(values, share):
    w, m, v = values
    return w * (1 - share), m, v


def _decay_in_the_step(w, gw, m, v, t, lr, b1, b2, eps, d):
    new, m, v = adam()(w, gw, m, v, t, lr, b1, b2, eps)
    return new - lr * d * w / (np.sqrt(v / (1 - b2**t)) + eps), m, v


def _decay_in_place(w, gw, m, v, t, lr, b1, b2, eps, d):
    w *= 1 - lr * d
    return adam()(w, gw, m, v, t, lr, b1, b2, eps)


def _mlp_by_recursion(x, labels, params):
    def run(h, rest):
        w, b, *rest = rest
        z = h @ w + b
        if not rest:
            top = z.max(1, keepdims=True)
            lse = top[:, 0] + np.log(np.exp(z - top).sum(1))
            rows = np.arange(len(z))

            def back(gL):
                d = np.exp(z - lse[:, None])
                d[rows, labels] -= 1
                d *= gL / len(z)
                return d @ w.T, (h.T @ d, d.sum(0, keepdims=True))

            return (lse - z[rows, labels]).mean(), back
        loss, deeper = run(np.where(z > 0, z, 0), rest)

        def back(gL):
            gh, found = deeper(gL)
            d = np.where(z > 0, gh, 0)
            return d @ w.T, (h.T @ d, d.sum(0, keepdims=True), *found)

        return loss, back

    loss, back = run(x, params)
    return loss, lambda gL: back(gL)[1]


def _mlp_of_operations(x, labels, params):
    h, tape = x, []
    for at in range(0, len(params), 2):
        if at:
            tape.append(("relu", h > 0))
            h = h * (h > 0)
        tape.append(("affine", h, params[at]))
        h = np.einsum("nk,km->nm", h, params[at]) + params[at + 1]
    z = h - h.max(-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))

    def grad(gL):
        d = (np.exp(log_p) - np.eye(z.shape[1], dtype=z.dtype)[labels]) * (gL / len(z))
        found = []
        for kind, *kept in reversed(tape):
            if kind == "relu":
                d = d * kept[0]
            else:
                found += [d.sum(0)[None], kept[0].T @ d]
                d = d @ kept[1].T
        return (found[::-1],)

    return np.mean(-log_p[range(len(z)), labels]), grad


def _mlp_row_by_row(x, labels, params):
    calls = [mlp()(x[n : n + 1], labels[n : n + 1], params) for n in range(len(x))]

    def grad(gL):
        found = [call[1](gL / len(x)) for call in calls]
        return [np.sum(parts, axis=0) for parts in zip(*found, strict=True)]

    return np.mean([call[0] for call in calls]), grad


def _adam_rearranged(w, gw, m, v, t, lr, beta1, beta2, eps):
    m = m + (gw - m) * (1 - beta1)
    v = np.add(beta2 * v, np.square(gw) * (1 - beta2))
    size = lr / (1 - math.pow(beta1, t))
    return [w - size * m / (np.sqrt(v) / math.sqrt(1 - math.pow(beta2, t)) + eps), m, v]


def _adam_entry_by_entry(w, gw, m, v, t, lr, beta1, beta2, eps):
    made = [np.empty_like(w) for _ in range(3)]
    for at in np.ndindex(w.shape):
        values = adam()(*(array[at] for array in (w, gw, m, v)), t, lr, beta1, beta2, eps)
        for array, value in zip(made, values, strict=True):
            array[at] = value
    return tuple(made)


def _adam_on_copies(w, gw, m, v, t, lr, beta1, beta2, eps):
    w, m, v = w.copy(), m.copy(), v.copy()
    m *= beta1
    m += (1 - beta1) * gw
    v *= beta2
    v += (1 - beta2) * gw**2
    w -= lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return w, m, v


def _one_vector(grads, max_norm):
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in grads]))
    factor = max_norm / (float(norm) + 1e-6)
    return tuple(grads) if factor >= 1 else tuple(g * factor for g in grads)


def _scaled_first(grads, max_norm):
    largest = max(float(np.max(np.abs(g))) for g in grads)
    if largest == 0:
        return grads
    norm = largest * sum(float(np.square(g / largest).sum()) for g in grads) ** 0.5
    return [g * min(max_norm / (norm + 1e-6), 1.0) for g in grads]


def _norm_of_norms(grads, max_norm):
    norm = np.linalg.norm([np.linalg.norm(g.ravel()) for g in grads])
    factor = float(np.clip(max_norm / (norm + 1e-6), None, 1.0))
    return [(g * factor).astype(g.dtype) for g in grads]


def _clip_entry_by_entry(grads, max_norm):
    norm = math.sqrt(math.fsum(float(value) ** 2 for g in grads for value in g.ravel()))
    factor = min(1.0, max_norm / (norm + 1e-6))
    return [np.array([value * factor for value in g.ravel()], g.dtype).reshape(g.shape) for g in grads]


def _of_unit_arrays(f, x, gy, eps):
    x, unit = np.asarray(x, dtype=float), np.zeros(np.shape(x))
    gx = np.empty_like(unit)
    for at in np.ndindex(x.shape):
        unit[at] = eps
        gx[at] = np.vdot(f(x + unit) - f(x - unit), gy) / (2 * eps)
        unit[at] = 0
    return gx


def _flat_and_put_back(f, x, gy, eps):
    flat = np.array(x, dtype=np.float64).ravel()
    gx = []
    for n in range(flat.size):
        kept = flat[n]
        flat[n] = kept + eps
        up = np.array(f(flat.reshape(x.shape)))
        flat[n] = kept - eps
        down = np.array(f(flat.reshape(x.shape)))
        flat[n] = kept
        gx.append(np.sum(gy * (up - down)) / (2 * eps))
    return np.array(gx).reshape(x.shape)


def _by_a_jacobian(f, x, gy, eps):
    x = x.astype(np.float64)
    rows = [(f(x + eps * e.reshape(x.shape)) - f(x - eps * e.reshape(x.shape))).ravel() for e in np.eye(x.size)]
    return (np.array(rows) @ np.asarray(gy, np.float64).ravel() / (2 * eps)).reshape(x.shape)


def _by_nditer(f, x, gy, eps):
    wide = np.array(x, np.float64)
    gx = np.zeros_like(wide)
    it = np.nditer(wide, flags=["multi_index"])
    for _ in it:
        at = it.multi_index
        kept = float(wide[at])
        wide[at] = kept + eps
        up = f(wide.copy())
        wide[at] = kept - eps
        down = f(wide.copy())
        wide[at] = kept
        gx[at] = np.sum((up - down) * gy) / (2 * eps)
    return gx


def _velocity_on_a_copy(w, gw, v, lr, beta, nesterov):
    v = v.copy()
    v *= beta
    v += gw
    step = beta * v + gw if nesterov else v
    return [w - lr * step, v]


def _by_entries(step: Callable, arrays: int) -> Callable:
    """A step that is taken entry by entry: the first so many arguments are arrays."""

    def each(*given):
        rows = [step(*entries, *given[arrays:]) for entries in zip(*(a.ravel().tolist() for a in given[:arrays]), strict=True)]
        rows = [row if isinstance(row, tuple) else (row,) for row in rows]
        made = tuple(np.array(values, given[0].dtype).reshape(given[0].shape) for values in zip(*rows, strict=True))
        return made if len(made) > 1 else made[0]

    return each


RIGHT = [
    Alternative("mlp", "a loop and a list", mlp()),
    Alternative("mlp", "recursion", _mlp_by_recursion),
    Alternative("mlp", "a tape, and the list in a tuple", _mlp_of_operations),
    Alternative("mlp", "gradients as a tuple", mlp(found=tuple)),
    Alternative("mlp", "row by row", _mlp_row_by_row, slow=True),

    Alternative("sgd", "w shrinks first", lambda w, gw, lr, d: (1 - lr * d) * w - lr * gw),
    Alternative("sgd", "on a copy, in a tuple", lambda w, gw, lr, d: (np.subtract(w.copy(), lr * (d * w + gw)),)),
    Alternative("sgd", "multiply and add", lambda w, gw, lr, d: np.add(w, np.multiply(-lr, np.add(gw, np.multiply(d, w))))),
    Alternative("sgd", "entry by entry", _by_entries(sgd(), 2), slow=True),

    Alternative("momentum", "in one line", momentum()),
    Alternative("momentum", "on a copy", _velocity_on_a_copy),
    Alternative("momentum", "nesterov by a factor", momentum(
        along=lambda v, gw, lr, b, n, old: lr * (np.where(n, gw, 0).astype(gw.dtype) + (b if n else 1) * v))),
    Alternative("momentum", "entry by entry", _by_entries(momentum(), 3), slow=True),

    Alternative("rmsprop", "in one line", rmsprop()),
    Alternative("rmsprop", "moved towards the square", rmsprop(mean=lambda s, gw, a: s + (1 - a) * (gw**2 - s))),
    Alternative("rmsprop", "a list", rmsprop(found=lambda w, s: [w, s], root=lambda s, eps, old: eps + s**0.5)),
    Alternative("rmsprop", "entry by entry", _by_entries(rmsprop(), 3), slow=True),

    Alternative("adam", "in one line", adam()),
    Alternative("adam", "rearranged as torch does", _adam_rearranged),
    Alternative("adam", "on copies", _adam_on_copies),
    Alternative("adam", "corrections by expm1", adam(
        lacks1=lambda b, t: -math.expm1(t * math.log(b)) if b else 1.0, lacks2=lambda b, t: -math.expm1(t * math.log(b)) if b else 1.0)),
    Alternative("adam", "entry by entry", _adam_entry_by_entry, slow=True),

    Alternative("adamw", "w shrinks first", adamw()),
    Alternative("adamw", "both taken away at once", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _both_at_once(w, gw, m, v, t, lr, b1, b2, eps, d)),
    Alternative("adamw", "decay subtracted", adamw(decay=lambda w, gw, lr, d: (w - d * lr * w, gw), root=lambda v, c2, eps: eps + np.sqrt(v) / math.sqrt(c2))),
    Alternative("adamw", "entry by entry", _by_entries(lambda *given: adamw()(*map(np.float64, given[:4]), *given[4:]), 4), slow=True),

    Alternative("clip_grad_norm", "one factor", clip_grad_norm()),
    Alternative("clip_grad_norm", "one vector, returned as it is where it is short", _one_vector),
    Alternative("clip_grad_norm", "scaled by the largest first", _scaled_first),
    Alternative("clip_grad_norm", "norm of norms", _norm_of_norms),
    Alternative("clip_grad_norm", "entry by entry", _clip_entry_by_entry, slow=True),

    Alternative("numeric_gradient", "fresh copies", numeric_gradient()),
    Alternative("numeric_gradient", "unit arrays", _of_unit_arrays),
    Alternative("numeric_gradient", "flat, and put back", _flat_and_put_back),
    Alternative("numeric_gradient", "a Jacobian", _by_a_jacobian),
    Alternative("numeric_gradient", "nditer", _by_nditer),
]


def _both_at_once(w, gw, m, v, t, lr, b1, b2, eps, d):
    stepped, m, v = adam()(np.zeros_like(w), gw, m, v, t, lr, b1, b2, eps)
    return w + (stepped - lr * d * w), m, v


SLOW: list[Alternative] = []
# fmt: on
