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


def _accumulating(x, labels, params):
    loss, grad = mlp()(x, labels, params)
    sums = [np.zeros_like(p) for p in params]

    def accumulating(gL):
        for total, part in zip(sums, grad(gL), strict=True):
            total += part
        return [total.copy() for total in sums]

    return loss, accumulating


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
    """A step that goes on from the state of number `at`, returned at `place`, when it is asked the same again."""

    def make():
        kept = {}

        def stateful(*given):
            key = repr(given)
            values = step(*given[:at], kept.get(key, given[at]), *given[at + 1 :])
            kept[key] = np.array(values[place])
            return values

        return stateful

    return Stateful(make)


def _one_buffer(step: Callable) -> Stateful:
    """A step that writes its values into the same arrays in every call of one shape."""

    def make():
        kept = {}

        def buffered(*given):
            values = step(*given)
            arrays = kept.setdefault((np.shape(given[0]), given[0].dtype), tuple(np.array(value) for value in values))
            for array, value in zip(arrays, values, strict=True):
                array[...] = value
            return arrays

        return buffered

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
    x = np.asarray(x, np.float64)
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
    Mutant("mlp", "relu behind the last layer too", "forward", mlp(last=lambda z: np.maximum(z, 0)), "L is that of a relu behind the last layer too"),
    Mutant("mlp", "no relu", "forward", mlp(hidden=lambda z: z, slope=lambda d, h: d), "L is what leaving out relu would give: relu is missing"),
    Mutant("mlp", "sigmoid inside", "forward", mlp(hidden=lambda z: 1 / (1 + np.exp(-z)), slope=lambda d, h: d * h * (1 - h)), "L is what sigmoid in place of relu in relu(x @ w1 + b1) would give"),
    Mutant("mlp", "sum over the batch", "forward", mlp(loss=lambda p, rows, labels: -p[rows, labels].sum(), start=lambda p, onehot, gL, n: gL * (p - onehot)), "L is N times too large: sum instead of mean?"),
    Mutant("mlp", "two layers at most", "forward", _three_layers_at_most),
    Mutant("mlp", "gradient of the sum", "gradient", mlp(start=lambda p, onehot, gL, n: gL * (p - onehot)), "gw1, gb1, gw2 and gb2 are N times too large: sum instead of mean?"),
    Mutant("mlp", "gL is not used", "gradient", mlp(start=lambda p, onehot, gL, n: (p - onehot) / n), "gw1, gb1, gw2 and gb2 are what gL = ones would give: gL is ignored"),
    Mutant("mlp", "target minus prediction", "gradient", mlp(start=lambda p, onehot, gL, n: gL * (onehot - p) / n), "gw1, gb1, gw2 and gb2 are negated"),
    Mutant("mlp", "target is left out", "gradient", mlp(start=lambda p, onehot, gL, n: gL * p / n), "in gw1, gb1, gw2 and gb2, relu(x @ w1 + b1) @ w2 + b2 is treated as a constant: its own derivative is missing"),
    Mutant("mlp", "the relu's mask is left out", "gradient", mlp(slope=lambda d, h: d), "in gw1 and gb1, the derivative of relu is missing: the gradient passes through it unchanged"),
    Mutant("mlp", "mask of the gradient's sign", "gradient", mlp(slope=lambda d, h: d * (d > 0)), "in gw1 and gb1, relu's mask is taken from the gradient's sign, but should be from that of what goes into relu"),
    Mutant("mlp", "mask turned round", "gradient", mlp(slope=lambda d, h: d * (h == 0)), "in gw1 and gb1, the derivative of relu(x @ w1 + b1) is what min(x, 0) in place of relu in relu(x @ w1 + b1) would give"),
    Mutant("mlp", "bias as a mean", "gradient", mlp(gb=lambda d: d.mean(0, keepdims=True)), "gb1 and gb2 are N times too small: mean instead of sum?"),
    Mutant("mlp", "bias without its axis", "gradient", mlp(gb=lambda d: d.sum(0)), "an axis of length 1 is lost"),
    Mutant("mlp", "bias by rows", "gradient", mlp(gb=lambda d: d), "gb1 and gb2 are not summed over axis 0"),
    Mutant("mlp", "weights first, then biases", "gradient", mlp(found=lambda g: g[::2] + g[1::2]), "gradients come in the order (gw1, gw2, gb1, gb2)"),
    Mutant("mlp", "last layer first", "gradient", mlp(found=lambda g: [part for n in range(len(g) - 2, -1, -2) for part in g[n:n + 2]]), "gradients come in the order (gw2, gb2, gw1, gb1)"),
    Mutant("mlp", "only the weights", "gradient", mlp(found=lambda g: g[::2]), "gb1 and gb2 are missing: grad returns only gw1, gw2"),
    Mutant("mlp", "the list is emptied", "pure", _params_popped, "forward changes w1 in place"),
    Mutant("mlp", "gradient of the last call", "pure", Stateful(_mlp_of_the_last_call), "grad reads the last call's inputs"),
    Mutant("mlp", "gradients add up", "pure", _accumulating, "accumulate: called again, grad returns twice as much"),
    Mutant("mlp", "one-hot in float64", "stable", mlp(start=lambda p, onehot, gL, n: gL * (p - onehot.astype(np.float64)) / n), "has dtype float64, but should be float32"),

    Mutant("sgd", "uphill", "forward", sgd(lambda w, gw, lr, d: w + lr * (gw + d * w)), "the step is what -lr in place of lr would give"),
    Mutant("sgd", "decay without lr", "forward", sgd(lambda w, gw, lr, d: w - lr * gw - d * w), "the step is that of weight decay without lr: lr * (gw + weight_decay * w) is due"),
    Mutant("sgd", "no decay", "forward", sgd(lambda w, gw, lr, d: w - lr * gw), "the step is what weight_decay = 0 would give: weight_decay is not used"),
    Mutant("sgd", "decay negative", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw - d * w)), "the step is what -weight_decay in place of weight_decay would give"),
    Mutant("sgd", "decay afterwards", "forward", sgd(lambda w, gw, lr, d: (w - lr * gw) * (1 - lr * d)), "the step is that of weight decay of the new w, after the step"),
    Mutant("sgd", "decay of w squared", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw + d * w * w)), "that of weight decay of w squared"),
    Mutant("sgd", "twice the decay", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw + 2 * d * w)), "the step is what 2 * weight_decay in place of weight_decay would give"),
    Mutant("sgd", "decay of the gradient", "forward", sgd(lambda w, gw, lr, d: w - lr * (1 + d) * gw), "that of weight decay of gw"),
    Mutant("sgd", "the step alone", "forward", sgd(lambda w, gw, lr, d: lr * (gw + d * w)), "the step is negated; besides, the step is what leaving out w in w - (gw + w * weight_decay) * lr would give"),
    Mutant("sgd", "L1 decay", "forward", sgd(lambda w, gw, lr, d: w - lr * (gw + d * np.sign(w))), "the step is that of weight decay by the signs of w"),
    Mutant("sgd", "nothing returned", "forward", sgd(lambda w, gw, lr, d: None), "is None, but should be an array of floats"),
    Mutant("sgd", "in place", "pure", _in_place(0)(sgd()), "forward changes w in place"),
    Mutant("sgd", "float64", "stable", sgd(lambda w, gw, lr, d: w - np.float64(lr) * (gw + d * w)), "has dtype float64, but should be float32, like the inputs"),

    Mutant("momentum", "dampened", "forward", momentum(velocity=lambda v, gw, lr, b: b * v + (1 - b) * gw), "the step is that of dampening, (1 - beta) * gw in v: gw counts whole"),
    Mutant("momentum", "lr in the velocity", "forward", momentum(
        velocity=lambda v, gw, lr, b: b * v + lr * gw, along=lambda v, gw, lr, b, n, old: lr * gw + b * v if n else v), "the step is that of lr inside of the velocity: v = beta * v + gw has none"),
    Mutant("momentum", "velocity downhill", "forward", momentum(
        velocity=lambda v, gw, lr, b: b * v - lr * gw, along=lambda v, gw, lr, b, n, old: lr * gw - b * v if n else -v), "the step is that of a velocity that goes down, v = beta * v - lr * gw"),
    Mutant("momentum", "nesterov is ignored", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * v), "the step is what nesterov = False would give: nesterov is not used"),
    Mutant("momentum", "always nesterov", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + b * v)), "the step is what nesterov = True would give: nesterov is not used"),
    Mutant("momentum", "nesterov of the old v", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + b * old if n else v)), "the step is what nesterov = False would give: nesterov is not used"),
    Mutant("momentum", "nesterov without gw", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (b * v if n else v)), "the step is that of a step with nesterov along beta * v alone: gw is missing"),
    Mutant("momentum", "nesterov without beta", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + v if n else v)), "the step is that of a step with nesterov along gw + v: beta is missing"),
    Mutant("momentum", "step by the old v", "forward", momentum(along=lambda v, gw, lr, b, n, old: lr * (gw + b * old if n else old)), "the step is that of a step along the old v: this gradient comes first"),
    Mutant("momentum", "v first", "forward", momentum(found=lambda w, v: (v, w)), "the values come in the order (the new v, the new w)"),
    Mutant("momentum", "only w", "forward", momentum(found=lambda w, v: w), "returns one number, but should return 2 values: the new w, the new v"),
    Mutant("momentum", "v as it was", "forward", lambda w, gw, v, lr, beta, nesterov: (momentum()(w, gw, v, lr, beta, nesterov)[0], v), "the new v is v as given: nothing is made new there"),
    Mutant("momentum", "v in place", "pure", _buffer_is_changed, "forward changes v in place"),
    Mutant("momentum", "v is remembered", "pure", _remembered(momentum(), 2, 1), "the step is another one when the same inputs are given again: is it random, or kept from an earlier call?"),

    Mutant("rmsprop", "eps inside the root", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(s + eps)), "the step is that of eps inside the root"),
    Mutant("rmsprop", "no root", "forward", rmsprop(root=lambda s, eps, old: s + eps), "the step is that of a step by s without its root"),
    Mutant("rmsprop", "alpha exchanged", "forward", rmsprop(mean=lambda s, gw, a: (1 - a) * s + a * gw * gw), "the step is what 1 - alpha in place of alpha would give"),
    Mutant("rmsprop", "Adagrad", "forward", rmsprop(mean=lambda s, gw, a: s + gw * gw), "the step is that of a sum of squares, s + gw^2, as in Adagrad"),
    Mutant("rmsprop", "gw without its square", "forward", rmsprop(mean=lambda s, gw, a: a * s + (1 - a) * abs(gw)), "the step is that of a mean of |gw|: its square is missing"),
    Mutant("rmsprop", "without 1 - alpha", "forward", rmsprop(mean=lambda s, gw, a: a * s + gw * gw), "the step is that of gw^2 without its share 1 - alpha"),
    Mutant("rmsprop", "step by the old s", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(old) + eps), "the step is that of a step by the old s: this gradient comes first"),
    Mutant("rmsprop", "eps is left out", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(s)), "the step is what eps = 0 would give: eps is not used"),
    Mutant("rmsprop", "eps = 1e-8 always", "forward", rmsprop(root=lambda s, eps, old: np.sqrt(s) + 1e-8), "the step is what eps = 1e-08 would give: eps is not used"),
    Mutant("rmsprop", "the root is returned", "forward", rmsprop(found=lambda w, s: (w, np.sqrt(s))), "the step is that of a mean square that is returned as its root"),
    Mutant("rmsprop", "one mean for all entries", "forward", rmsprop(mean=lambda s, gw, a: a * s + (1 - a) * (gw * gw).mean()), "the step is wrong unless w has a single entry"),
    Mutant("rmsprop", "w and s in place", "pure", _in_place(0, 2)(rmsprop()), "forward changes w in place"),
    Mutant("rmsprop", "maximum with eps", "forward", rmsprop(root=lambda s, eps, old: np.maximum(np.sqrt(s), eps)), "the step is what max in place of + would give"),

    Mutant("adam", "no correction", "forward", adam(lacks1=lambda b, t: 1, lacks2=lambda b, t: 1), "the step is that of no correction of the bias"),
    Mutant("adam", "m alone corrected", "forward", adam(lacks2=lambda b, t: 1), "the step is that of a correction of the bias of m alone"),
    Mutant("adam", "v alone corrected", "forward", adam(lacks1=lambda b, t: 1), "the step is that of a correction of the bias of v alone"),
    Mutant("adam", "t counted from 0", "forward", adam(lacks1=lambda b, t: 1 - b ** (t + 1), lacks2=lambda b, t: 1 - b ** (t + 1)), "the step is that of a bias correction off by a step: t + 1, but t is 1 at the first step"),
    Mutant("adam", "t - 1", "forward", adam(lacks1=lambda b, t: 1 - b ** max(t - 1, 1), lacks2=lambda b, t: 1 - b ** max(t - 1, 1)), "the step is that of a bias correction off by a step: t - 1 where t > 1"),
    Mutant("adam", "t - 1, which is 0 at first", "forward", adam(lacks1=lambda b, t: 1 - b ** (t - 1), lacks2=lambda b, t: 1 - b ** (t - 1)), "a bias correction off by a step: t - 1"),
    Mutant("adam", "one buffer for all calls", "pure", _one_buffer(adam()), "shares its memory with an earlier one"),
    Mutant("adam", "t is ignored", "forward", adam(lacks1=lambda b, t: 1 - b, lacks2=lambda b, t: 1 - b), "the step is what t = 1 would give: t is not used"),
    Mutant("adam", "beta t", "forward", adam(lacks1=lambda b, t: 1 - b * t if b * t != 1 else 1, lacks2=lambda b, t: abs(1 - b * t) + 1e-3)),
    Mutant("adam", "corrected for good", "forward", adam(found=lambda w, m, v, c1, c2: (w, m / c1, v / c2)), "the step is that of means that are returned with their correction, and so corrected again and again"),
    Mutant("adam", "eps inside the root", "forward", adam(root=lambda v, c2, eps: np.sqrt(v / c2 + eps)), "the step is that of eps inside the root"),
    Mutant("adam", "eps before the correction", "forward", adam(root=lambda v, c2, eps: (np.sqrt(v) + eps) / np.sqrt(c2)), "the step is that of eps added to the root of v before its correction"),
    Mutant("adam", "no root", "forward", adam(root=lambda v, c2, eps: v / c2 + eps), "the step is that of a step without the root of v"),
    Mutant("adam", "eps is left out", "forward", adam(root=lambda v, c2, eps: np.maximum(np.sqrt(v / c2), 1e-30)), "the step is what eps = 0 would give: eps is not used"),
    Mutant("adam", "betas exchanged", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps: adam()(w, gw, m, v, t, lr, b2, b1, eps), "the step is that of beta1 and beta2 exchanged"),
    Mutant("adam", "betas 0.9 and 0.999", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps: adam()(w, gw, m, v, t, lr, 0.9, 0.999, eps), "beta1 = 0.9 and beta2 = 0.999, whatever they are"),
    Mutant("adam", "m without 1 - beta1", "forward", adam(mean=lambda m, gw, b: b * m + gw), "the step is what leaving out the factor 1 - beta1 would give: the factor 1 - beta1 is missing"),
    Mutant("adam", "v without the square", "forward", adam(square=lambda v, gw, b: b * v + (1 - b) * abs(gw)), "the step is what abs in place of the power 2 in gw**2 would give"),
    Mutant("adam", "v of m", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps: adam(square=lambda v, g, b: b * v + (1 - b) * (b1 * m + (1 - b1) * gw) ** 2)(w, gw, m, v, t, lr, b1, b2, eps), "v of the new m squared, where gw squared is due"),
    Mutant("adam", "states exchanged", "forward", adam(found=lambda w, m, v, c1, c2: (w, v, m)), "the values come in the order (the new w, the new v, the new m)"),
    Mutant("adam", "states before w", "forward", adam(found=lambda w, m, v, c1, c2: (m, v, w)), "the values come in the order (the new m, the new v, the new w)"),
    Mutant("adam", "uphill", "forward", lambda w, gw, m, v, t, lr, *rest: adam()(w, gw, m, v, t, -lr, *rest), "the step is what -lr in place of lr would give"),
    Mutant("adam", "AMSGrad", "forward", adam(square=lambda v, gw, b: np.maximum(v, b * v + (1 - b) * gw * gw)), "the step is that of the maximum of the old v and the new, as in AMSGrad"),
    Mutant("adam", "states in place", "pure", _moments_are_changed, "forward changes m in place"),
    Mutant("adam", "t is counted by itself", "forward", _counting(adam()), "the step is another one when the same inputs are given again: is it random, or kept from an earlier call?"),
    Mutant("adam", "t is an array", "stable", lambda w, gw, m, v, t, *rest: adam()(w, gw, m, v, np.float64(t), *rest), "has dtype float64, but should be float32, like the inputs"),

    Mutant("adamw", "coupled", "forward", adamw(decay=lambda w, gw, lr, d: (w, gw + d * w)), "the step is that of weight decay inside of the gradient, as in plain Adam: it is to be apart, w - lr * weight_decay * w"),
    Mutant("adamw", "decay without lr", "forward", adamw(decay=lambda w, gw, lr, d: (w - d * w, gw)), "the step is that of weight decay without lr: w - lr * weight_decay * w is due"),
    Mutant("adamw", "no decay", "forward", adamw(decay=lambda w, gw, lr, d: (w, gw)), "the step is what weight_decay = 0 would give: weight_decay is not used"),
    Mutant("adamw", "both", "forward", adamw(decay=lambda w, gw, lr, d: (w * (1 - lr * d), gw + d * w)), "the step is that of weight decay twice, in the gradient and apart"),
    Mutant("adamw", "decay afterwards", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _decayed_after(adam()(w, gw, m, v, t, lr, b1, b2, eps), lr * d), "the step is that of weight decay of the new w, after the step"),
    Mutant("adamw", "decay divided by the root", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _decay_in_the_step(w, gw, m, v, t, lr, b1, b2, eps, d), "the step is that of weight decay that is divided by the root of v with m: it is to be apart, w - lr * weight_decay * w"),
    Mutant("adamw", "decay in m alone", "forward", lambda w, gw, m, v, t, lr, b1, b2, eps, d: adam(mean=lambda m, g, b: b * m + (1 - b) * (g + d * w))(w, gw, m, v, t, lr, b1, b2, eps), "the step is that of weight decay inside of m alone: it is to be apart, w - lr * weight_decay * w"),
    Mutant("adamw", "decay grows w", "forward", adamw(decay=lambda w, gw, lr, d: (w * (1 + lr * d), gw)), "the step is what -weight_decay in place of weight_decay would give"),
    Mutant("adamw", "no correction", "forward", adamw(lacks1=lambda b, t: 1, lacks2=lambda b, t: 1), "the step is that of no correction of the bias"),
    Mutant("adamw", "t counted from 0", "forward", adamw(lacks1=lambda b, t: 1 - b ** (t + 1), lacks2=lambda b, t: 1 - b ** (t + 1)), "the step is that of a bias correction off by a step: t + 1, but t is 1 at the first step"),
    Mutant("adamw", "eps inside the root", "forward", adamw(root=lambda v, c2, eps: np.sqrt(v / c2 + eps)), "the step is that of eps inside the root"),
    Mutant("adamw", "w is changed in place", "pure", lambda w, gw, m, v, t, lr, b1, b2, eps, d: _decay_in_place(w, gw, m, v, t, lr, b1, b2, eps, d), "forward changes w in place"),
    Mutant("adamw", "m is remembered", "pure", _remembered(adamw(), 2, 1), "the step is another one when the same inputs are given again: is it random, or kept from an earlier call?"),

    Mutant("clip_grad_norm", "a norm each", "forward", _each_norm, "what is returned is that of a norm for each array, but all arrays have one together"),
    Mutant("clip_grad_norm", "norm of the first", "forward", clip_grad_norm(norm=_norm_of_the_first), "what is returned is what leaving out the term 0 would give: the term 0 is missing"),
    Mutant("clip_grad_norm", "always scaled", "forward", clip_grad_norm(factor=lambda norm, most: most / (norm + 1e-6)), "what is returned is that of gradients that are always scaled to max_norm, short ones too"),
    Mutant("clip_grad_norm", "no 1e-6", "forward", clip_grad_norm(factor=lambda norm, most: min(1.0, most / norm) if norm else 1.0), "what is returned is that of the norm without 1e-6: max_norm / (norm + 1e-6) is due"),
    Mutant("clip_grad_norm", "only above, without 1e-6", "forward", clip_grad_norm(factor=lambda norm, most: most / norm if norm > most else 1.0), "what is returned is that of the norm without 1e-6: max_norm / (norm + 1e-6) is due"),
    Mutant("clip_grad_norm", "no root", "forward", clip_grad_norm(norm=lambda grads: sum(float((g * g).sum()) for g in grads)), "what is returned is that of the sum of squares in the place of the norm: its root is missing"),
    Mutant("clip_grad_norm", "sum of norms", "forward", clip_grad_norm(norm=lambda grads: sum(math.sqrt(float((g * g).sum())) for g in grads)), "what is returned is that of the sum of the arrays' norms"),
    Mutant("clip_grad_norm", "largest of the norms", "forward", clip_grad_norm(norm=lambda grads: max(math.sqrt(float((g * g).sum())) for g in grads)), "what is returned is that of the largest of the arrays' norms"),
    Mutant("clip_grad_norm", "largest entry", "forward", clip_grad_norm(norm=lambda grads: max(float(abs(g).max()) for g in grads)), "what is returned is that of the largest |g| in the place of the norm"),
    Mutant("clip_grad_norm", "each entry", "forward", lambda grads, max_norm: [np.clip(g, -max_norm, max_norm) for g in grads], "what is returned is that of each entry clipped by itself, to max_norm"),
    Mutant("clip_grad_norm", "to length 1", "forward", clip_grad_norm(factor=lambda norm, most: 1 / (norm + 1e-6) if norm > most else 1.0), "what is returned is that of the factor 1 / norm: max_norm is missing"),
    Mutant("clip_grad_norm", "one array", "forward", clip_grad_norm(found=lambda grads, factor: np.concatenate([(g * factor).ravel() for g in grads])), "returns one array, but should return 2 values: the new grads[0], the new grads[1]"),
    Mutant("clip_grad_norm", "with the norm", "forward", clip_grad_norm(found=lambda grads, factor: ([g * factor for g in grads], factor)), "is a list of 2, but should be an array of floats"),
    Mutant("clip_grad_norm", "nothing returned", "forward", clip_grad_norm(found=lambda grads, factor: None), "returns None, but should return 2 values: the new grads[0], the new grads[1]"),
    Mutant("clip_grad_norm", "the list is changed", "pure", _list_is_changed, "forward changes grads[0] in place"),
    Mutant("clip_grad_norm", "the arrays are changed", "pure", _arrays_are_changed, "forward changes grads[0] in place"),
    Mutant("clip_grad_norm", "float64", "stable", _only_wide, "has dtype float64, but should be float32, like the inputs"),

    Mutant("numeric_gradient", "forward difference", "forward", numeric_gradient(change=lambda f, up, down, x: f(up) - f(x), over=lambda eps: eps), "gx is that of a difference to one side, (f(x + eps) - f(x)) / eps"),
    Mutant("numeric_gradient", "backward difference", "forward", numeric_gradient(change=lambda f, up, down, x: f(x) - f(down), over=lambda eps: eps), "gx is that of a difference to one side, (f(x) - f(x - eps)) / eps"),
    Mutant("numeric_gradient", "over eps", "forward", numeric_gradient(over=lambda eps: eps), "gx is twice what it should be"),
    Mutant("numeric_gradient", "not divided", "forward", numeric_gradient(over=lambda eps: 1), "gx is that of differences that are not divided by 2 eps"),
    Mutant("numeric_gradient", "gy is not used", "forward", numeric_gradient(entry=lambda change, gy, at: change.sum()), "gx is what gy = 1 would give: gy is not used"),
    Mutant("numeric_gradient", "own entry alone", "forward", numeric_gradient(entry=lambda change, gy, at: (change * gy)[at[:change.ndim]] if change.shape else change * gy), "gx is that of the entry of f(x) at the same place alone, as of an elementwise f"),
    Mutant("numeric_gradient", "mean over y", "forward", numeric_gradient(entry=lambda change, gy, at: (change * gy).mean()), "gx is n times too small, n the number of entries: mean instead of sum?"),
    Mutant("numeric_gradient", "all entries at once", "forward", _all_at_once, "gx is wrong unless x has a single entry"),
    Mutant("numeric_gradient", "not put back, up", "forward", _not_put_back(-1), "gx is that of entries that are not put back: each stays moved up by eps"),
    Mutant("numeric_gradient", "not put back, down", "forward", _not_put_back(1), "gx is that of entries that are not put back: each stays moved down by eps"),
    Mutant("numeric_gradient", "put back before the second", "forward", _put_back_by_half, "gx is that of a difference to one side, (f(x + eps) - f(x)) / eps"),
    Mutant("numeric_gradient", "eps = 1e-6 always", "forward", _small_eps, "gx is what eps = 1e-05 would give: eps is not used"),
    Mutant("numeric_gradient", "in the dtype of x", "forward", _in_the_dtype_of_x, "gx is wrong only where x holds integers"),
    Mutant("numeric_gradient", "x in float32", "forward", numeric_gradient(taken=lambda x: x.astype(np.float32))),
    Mutant("numeric_gradient", "dtype of x", "forward", numeric_gradient(found=lambda gx, x: gx.astype(x.dtype)), "gx has dtype int32, but should be float64 | gx has dtype int64, but should be float64"),
    Mutant("numeric_gradient", "x itself moved and put back", "layout", _moved_and_put_back, "ValueError: assignment destination is read-only"),
    Mutant("numeric_gradient", "flat", "forward", numeric_gradient(found=lambda gx, x: gx.ravel()), "gx is wrong only where x has more than 1 dimension"),
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
