"""Level 10: training. N batch, D features, C classes, H, G hidden units; parameters of optimisers are of any shape.

`mlp` is drawn with one, two and three layers. An optimiser is asked for one step from anywhere (v and s are at least 0), and
for ten, of which each goes on from what the one before returned. What torch.optim does is written out; test_training.py of
tests/meta holds it to torch.optim itself. Small t are drawn most: a large one hides the correction of the bias.
"""

import math

import numpy as np

from tests.harness.rows.forms import layers, several
from tests.harness.rows.kinds import choice, const, each_step, function, labels, numbers, squares, step_number
from tests.harness.rows.late import torch
from tests.harness.rows.spec import Op


def logits(x, params):
    """Of a network: affine layers, and a relu between two of them."""
    for w, b in zip(params[:-2:2], params[1:-2:2], strict=True):
        x = torch.relu(x @ w + b)
    return x @ params[-2] + params[-1]


def cross_entropy(z, labels):
    """The mean over the rows, in steps."""
    log_p = z - z.logsumexp(-1, keepdim=True)
    return -log_p[torch.arange(len(labels)), labels].mean()


def mlp(x, labels, *params):
    """The loss of a network of any depth."""
    return cross_entropy(logits(x, params), labels)


def sgd(w, gw, lr, weight_decay):
    """A step of torch.optim.SGD."""
    return w - lr * (gw + weight_decay * w)


def momentum(w, gw, v, lr, beta, nesterov):
    """Likewise with momentum and without dampening."""
    v = beta * v + gw
    return w - lr * (gw + beta * v if nesterov else v), v


def rmsprop(w, gw, s, lr, alpha, eps):
    """A step of torch.optim.RMSprop."""
    s = alpha * s + (1 - alpha) * gw**2
    return w - lr * gw / (torch.sqrt(s) + eps), s


def means(gw, m, v, beta1, beta2):
    """The running means of the gradient and of its square."""
    return beta1 * m + (1 - beta1) * gw, beta2 * v + (1 - beta2) * gw**2


def adam(w, gw, m, v, t, lr, beta1, beta2, eps):
    """A step of torch.optim.Adam."""
    m, v = means(gw, m, v, beta1, beta2)
    return w - lr * (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + eps), m, v


def adamw(w, gw, m, v, t, lr, beta1, beta2, eps, weight_decay):
    """A step of torch.optim.AdamW."""
    return adam(w - lr * weight_decay * w, gw, m, v, t, lr, beta1, beta2, eps)


def moved_mean(w, gw, s, lr, alpha, eps):
    """RMSprop whose mean is moved towards gw^2, which loses what cancels."""
    s = s + (1 - alpha) * (gw**2 - s)
    return w - lr * gw / (torch.sqrt(s) + eps), s


def adam_of_moved_means(w, gw, m, v, t, lr, beta1, beta2, eps):
    """Likewise Adam, as torch has it."""
    m, v = m + (1 - beta1) * (gw - m), v + (1 - beta2) * (gw**2 - v)
    return w - lr * (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + eps), m, v


def adamw_of_moved_means(w, gw, m, v, t, lr, beta1, beta2, eps, weight_decay):
    """Likewise AdamW."""
    return adam_of_moved_means(w - lr * weight_decay * w, gw, m, v, t, lr, beta1, beta2, eps)


def clip_grad_norm(*given):
    """What torch.nn.utils.clip_grad_norm_ makes of the gradients."""
    *grads, max_norm = given
    norm = sum((g * g).sum() for g in grads) ** 0.5
    return tuple(g * torch.clamp(max_norm / (norm + 1e-6), max=1.0) for g in grads)


SHARE, SHARE_OF_ALL, SUMS = "exp(x) / exp(x).sum(-1, keepdims=True)", "exp(x) / exp(x).sum()", "x.cumsum(-1)"
LOG_OF_SUM, SQUARES, TANH, SQUARE = "log(exp(x).sum(-1))", "(x ** 2).sum(-1)", "np.tanh(x)", "x ** 2"
FUNCTIONS = {
    SHARE: lambda x: torch.softmax(x, -1),
    SHARE_OF_ALL: lambda x: torch.softmax(x.reshape(len(x), -1), -1).reshape(x.shape),
    SUMS: lambda x: torch.cumsum(x, -1),
    TANH: torch.tanh,
    SQUARE: lambda x: x * x,
    LOG_OF_SUM: lambda x: torch.logsumexp(x, -1),
    SQUARES: lambda x: (x * x).sum(-1),
}
"""The functions of worker/given.py in torch, each of a stack of arrays."""


def size(x):
    """How many entries it has."""
    return math.prod(x.shape)


def moved(x, step):
    """A stack of as many copies of x as it has entries, in each of which another one is moved."""
    entries = torch.arange(size(x))
    return torch.where((entries[:, None] == entries).reshape(-1, *x.shape), x + step, x)


def weighed(x, gy, change):
    """The sum of each of a stack of changes of y, weighed by gy, in the shape of x."""
    return (gy * change).reshape(size(x), -1).sum(-1).reshape(x.shape)


def numeric_gradient(f, x, gy, eps):
    """Central differences, all of them at once."""
    x = x.double()
    return weighed(x, gy, FUNCTIONS[f](moved(x, eps)) - FUNCTIONS[f](moved(x, -eps))) / (2 * eps)


# fmt: off
def adam_otherwise(step):
    """A step like Adam's: `step(m, v, c1, c2, lr, eps)`, of the new means and the corrections, is what w goes down by."""

    def otherwise(w, gw, m, v, t, lr, beta1, beta2, eps):
        m, v = means(gw, m, v, beta1, beta2)
        return w - step(m, v, 1 - beta1**t, 1 - beta2**t, lr, eps), m, v

    return otherwise


def at(change):
    """Adam as if t were another number."""
    return lambda w, gw, m, v, t, *rest: adam(w, gw, m, v, change(t), *rest)


def of_the_mean_squared(w, gw, m, v, t, lr, beta1, beta2, eps):
    """Adam whose v is a mean of m squared."""
    m = beta1 * m + (1 - beta1) * gw
    v = beta2 * v + (1 - beta2) * m**2
    return w - lr * (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + eps), m, v


def corrected_for_good(w, gw, m, v, t, lr, beta1, beta2, eps):
    """Adam that returns the corrected means."""
    new, m, v = adam(w, gw, m, v, t, lr, beta1, beta2, eps)
    return new, m / (1 - beta1**t), v / (1 - beta2**t)


def exchanged(w, gw, m, v, t, lr, beta1, beta2, eps):
    """Adam with beta2 for the mean, and beta1 for the mean square."""
    return adam(w, gw, m, v, t, lr, beta2, beta1, eps)


def of_old_means(w, gw, m, v, t, lr, beta1, beta2, eps):
    """Adam that steps by the means as they were before this gradient."""
    now = means(gw, m, v, beta1, beta2)
    return w - lr * (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + eps), *now


def of_maximum(w, gw, m, v, t, lr, beta1, beta2, eps):
    """AMSGrad that takes v for its maximum so far."""
    m, new = means(gw, m, v, beta1, beta2)
    v = torch.maximum(v, new)
    return w - lr * (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + eps), m, v


ADAM = {
    "the maximum of the old v and the new, as in AMSGrad": of_maximum,
    "eps inside the root": adam_otherwise(lambda m, v, c1, c2, lr, eps: lr * (m / c1) / torch.sqrt(v / c2 + eps)),
    "eps added to the root of v before its correction": adam_otherwise(lambda m, v, c1, c2, lr, eps: lr * (m / c1) * c2**0.5 / (torch.sqrt(v) + eps)),
    "no correction of the bias": adam_otherwise(lambda m, v, c1, c2, lr, eps: lr * m / (torch.sqrt(v) + eps)),
    "a correction of the bias of m alone": adam_otherwise(lambda m, v, c1, c2, lr, eps: lr * (m / c1) / (torch.sqrt(v) + eps)),
    "a correction of the bias of v alone": adam_otherwise(lambda m, v, c1, c2, lr, eps: lr * m / (torch.sqrt(v / c2) + eps)),
    "a bias correction off by a step: t + 1, but t is 1 at the first step": at(lambda t: t + 1),
    "a bias correction off by a step: t - 1, but t is 1 at the first step": at(lambda t: t - 1),
    "a bias correction off by a step: t - 1 where t > 1": at(lambda t: max(t - 1, 1)),
    "the correction of the first step, whatever t is": at(lambda t: 1),
    "means that are returned with their correction, and so corrected again and again": corrected_for_good,
    "beta1 and beta2 exchanged": exchanged,
    "a step by the old m and v: this gradient comes first": of_old_means,
    "v of the new m squared, where gw squared is due": of_the_mean_squared,
    "beta1 = 0.9 and beta2 = 0.999, whatever they are": lambda w, gw, m, v, t, lr, beta1, beta2, eps: adam(w, gw, m, v, t, lr, 0.9, 0.999, eps),
    "a step without the root of v": adam_otherwise(lambda m, v, c1, c2, lr, eps: lr * (m / c1) / (v / c2 + eps)),
}
"""What is taken for Adam."""


def decayed(step):
    """AdamW's arguments for another function, of which `step` gets them with adam's apart: (w, gw, others, lr, weight_decay)."""

    def otherwise(w, gw, m, v, t, lr, beta1, beta2, eps, weight_decay):
        return step(w, gw, (m, v, t, lr, beta1, beta2, eps), lr, weight_decay)

    return otherwise


def afterwards(w, gw, others, lr, weight_decay):
    """Decay of what the step has made."""
    w, m, v = adam(w, gw, *others)
    return w - lr * weight_decay * w, m, v


def coupled_but_for(moment):
    """Decay in the gradient of one moment alone: 1 or 2."""

    def step(w, gw, others, lr, weight_decay):
        m, v, t, _, beta1, beta2, eps = others
        wide = gw + weight_decay * w
        m, v = (beta1 * m + (1 - beta1) * (wide if moment == 1 else gw), beta2 * v + (1 - beta2) * (wide if moment == 2 else gw) ** 2)
        return w - lr * (m / (1 - beta1**t)) / (torch.sqrt(v / (1 - beta2**t)) + eps), m, v

    return step


def divided(w, gw, others, lr, weight_decay):
    """Decay inside of the step, beside m."""
    (_, _, _, _, _, beta2, eps), t = others, others[2]
    new, m, v = adam(w, gw, *others)
    return new - lr * weight_decay * w / (torch.sqrt(v / (1 - beta2**t)) + eps), m, v


ADAMW = {
    "weight decay twice, in the gradient and apart": decayed(lambda w, gw, others, lr, decay: adam(w - lr * decay * w, gw + decay * w, *others)),
    "weight decay that is divided by the root of v with m: it is to be apart, w - lr * weight_decay * w": decayed(divided),
    "weight decay inside of the gradient, as in plain Adam: it is to be apart, w - lr * weight_decay * w": decayed(lambda w, gw, others, lr, decay: adam(w, gw + decay * w, *others)),
    "weight decay inside of m alone: it is to be apart, w - lr * weight_decay * w": decayed(coupled_but_for(1)),
    "weight decay without lr: w - lr * weight_decay * w is due": decayed(lambda w, gw, others, lr, decay: adam(w - decay * w, gw, *others)),
    "weight decay of the new w, after the step": decayed(afterwards),
    "no weight decay": decayed(lambda w, gw, others, lr, decay: adam(w, gw, *others)),
    "weight decay with the wrong sign": decayed(lambda w, gw, others, lr, decay: adam(w + lr * decay * w, gw, *others)),
    "lr twice in the weight decay": decayed(lambda w, gw, others, lr, decay: adam(w - lr**2 * decay * w, gw, *others)),
} | {words: decayed(lambda w, gw, others, lr, decay, f=f: f(w - lr * decay * w, gw, *others)) for words, f in ADAM.items()}


def momentum_otherwise(velocity, step):
    """Momentum with `velocity(v, gw, lr, beta)` and `step(v, gw, lr, beta, nesterov, old)`, which w goes down by."""

    def otherwise(w, gw, v, lr, beta, nesterov):
        new = velocity(v, gw, lr, beta)
        return w - step(new, gw, lr, beta, nesterov, v), new

    return otherwise


def heavy(v, gw, lr, beta):
    """The velocity that is due."""
    return beta * v + gw


def along(v, gw, lr, beta, nesterov, old):
    """The step that is due."""
    return lr * (gw + beta * v if nesterov else v)


MOMENTUM = {
    "dampening, (1 - beta) * gw in v: gw counts whole": momentum_otherwise(lambda v, gw, lr, beta: beta * v + (1 - beta) * gw, along),
    "lr inside of the velocity: v = beta * v + gw has none": momentum_otherwise(
        lambda v, gw, lr, beta: beta * v + lr * gw, lambda v, gw, lr, beta, nesterov, old: lr * gw + beta * v if nesterov else v
    ),
    "a velocity that goes down, v = beta * v - lr * gw": momentum_otherwise(lambda v, gw, lr, beta: beta * v - lr * gw, lambda v, gw, lr, beta, nesterov, old: lr * gw - beta * v if nesterov else -v),
    "nesterov = False, whatever it is": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: lr * v),
    "nesterov = True, whatever it is": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: lr * (gw + beta * v)),
    "nesterov the other way round": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: along(v, gw, lr, beta, not nesterov, old)),
    "a step with nesterov along beta * v alone: gw is missing": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: lr * (beta * v if nesterov else v)),
    "a step with nesterov along gw + v: beta is missing": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: lr * (gw + v if nesterov else v)),
    "a step along the old v: this gradient comes first": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: along(old, gw, lr, beta, nesterov, old)),
    "a step along gw, without v": momentum_otherwise(heavy, lambda v, gw, lr, beta, nesterov, old: lr * gw),
}


def rmsprop_otherwise(mean, root):
    """RMSprop with `mean(s, gw, alpha)`, and `root(s, eps, old)` below the fraction line."""

    def otherwise(w, gw, s, lr, alpha, eps):
        new = mean(s, gw, alpha)
        return w - lr * gw / root(new, eps, s), new

    return otherwise


def square_mean(s, gw, alpha):
    """The running mean that is due."""
    return alpha * s + (1 - alpha) * gw**2


def rooted(w, gw, s, lr, alpha, eps):
    """RMSprop that returns the root of s."""
    w, s = rmsprop(w, gw, s, lr, alpha, eps)
    return w, torch.sqrt(s)


RMSPROP = {
    "a mean square that is returned as its root": rooted,
    "eps inside the root": rmsprop_otherwise(square_mean, lambda s, eps, old: torch.sqrt(s + eps)),
    "alpha and 1 - alpha exchanged": rmsprop_otherwise(lambda s, gw, a: (1 - a) * s + a * gw**2, lambda s, eps, old: torch.sqrt(s) + eps),
    "a sum of squares, s + gw^2, as in Adagrad": rmsprop_otherwise(lambda s, gw, a: s + gw**2, lambda s, eps, old: torch.sqrt(s) + eps),
    "gw^2 without its share 1 - alpha": rmsprop_otherwise(lambda s, gw, a: a * s + gw**2, lambda s, eps, old: torch.sqrt(s) + eps),
    "a mean of |gw|: its square is missing": rmsprop_otherwise(lambda s, gw, a: a * s + (1 - a) * abs(gw), lambda s, eps, old: torch.sqrt(s) + eps),
    "a step by s without its root": rmsprop_otherwise(square_mean, lambda s, eps, old: s + eps),
    "a step by the old s: this gradient comes first": rmsprop_otherwise(square_mean, lambda s, eps, old: torch.sqrt(old) + eps),
}


def clipped(factor):
    """Clipping by `factor(norm, max_norm)`, where norm is that of all arrays."""

    def clip(*given):
        *grads, max_norm = given
        norm = sum((g * g).sum() for g in grads) ** 0.5
        return tuple(g * factor(norm, max_norm) for g in grads)

    return clip


def each_by(factor):
    """Likewise with a norm for each array."""

    def clip(*given):
        *grads, max_norm = given
        return tuple(g * factor(((g * g).sum()) ** 0.5, max_norm) for g in grads)

    return clip


def bounded(norm, max_norm):
    """The factor that is due."""
    return torch.clamp(max_norm / (norm + 1e-6), max=1.0)


def other_norm(of):
    """Clipping by another norm, `of` all gradients."""

    def clip(*given):
        *grads, max_norm = given
        return tuple(g * bounded(of(grads), max_norm) for g in grads)

    return clip


CLIP = {
    "a norm for each array, but all arrays have one together": each_by(bounded),
    "gradients that are always scaled to max_norm, short ones too": clipped(lambda norm, most: most / (norm + 1e-6)),
    "the norm without 1e-6: max_norm / (norm + 1e-6) is due": clipped(lambda norm, most: torch.clamp(most / norm, max=1.0)),
    "the factor 1 / norm: max_norm is missing": clipped(lambda norm, most: torch.where(norm > most, 1 / (norm + 1e-6), 1.0)),
    "the sum of squares in the place of the norm: its root is missing": other_norm(lambda grads: sum((g * g).sum() for g in grads)),
    "the sum of the arrays' norms": other_norm(lambda grads: sum((g * g).sum() ** 0.5 for g in grads)),
    "the largest of the arrays' norms": other_norm(lambda grads: torch.stack([(g * g).sum() ** 0.5 for g in grads]).max()),
    "the sum of |g| in the place of the norm": other_norm(lambda grads: sum(abs(g).sum() for g in grads)),
    "the largest |g| in the place of the norm": other_norm(lambda grads: torch.stack([abs(g).max() for g in grads]).max()),
    "the norm of a mean of squares, not of their sum": other_norm(lambda grads: (sum((g * g).sum() for g in grads) / sum(size(g) for g in grads)) ** 0.5),
    "each entry clipped by itself, to max_norm": lambda *given: tuple(torch.clamp(g, -given[-1], given[-1]) for g in given[:-1]),
    "1e-6 added outside, max_norm / norm + 1e-6": clipped(lambda norm, most: torch.clamp(most / norm + 1e-6, max=1.0)),
}


def difference(of, gy_used=True):
    """A numeric gradient by `of(f, x, eps)`, a stack of differences over their distance."""

    def gradient(f, x, gy, eps):
        return weighed(x, gy if gy_used else torch.ones_like(gy), of(FUNCTIONS[f], x.double(), eps))

    return gradient


def central(f, x, eps):
    """The differences that are due."""
    return (f(moved(x, eps)) - f(moved(x, -eps))) / (2 * eps)


def piled_up(sign):
    """Differences where entries that stay moved to that side while the next ones are moved."""

    def differences(f, x, eps):
        entries = torch.arange(size(x))
        before = (entries < entries[:, None]).reshape(-1, *x.shape)
        own = (entries == entries[:, None]).reshape(-1, *x.shape)
        stack = torch.where(before, x + sign * eps, x)
        return (f(torch.where(own, x + eps, stack)) - f(torch.where(own, x - eps, stack))) / (2 * eps)

    return differences


def own_entry(f, x, gy, eps):
    """Only the output's entry at the same place, as if f were elementwise."""
    x = x.double()
    change = central(FUNCTIONS[f], x, eps)
    return gy * torch.diagonal(change.reshape(size(x), -1)).reshape(x.shape) if gy.shape == x.shape else weighed(x, gy, change)


NUMERIC = {
    "a difference to one side, (f(x + eps) - f(x)) / eps": difference(lambda f, x, eps: (f(moved(x, eps)) - f(moved(x, 0))) / eps),
    "a difference to one side, (f(x) - f(x - eps)) / eps": difference(lambda f, x, eps: (f(moved(x, 0)) - f(moved(x, -eps))) / eps),
    "differences over eps: they span 2 eps": difference(lambda f, x, eps: 2 * central(f, x, eps)),
    "differences that are not divided by 2 eps": difference(lambda f, x, eps: 2 * eps * central(f, x, eps)),
    "differences over half of what they span, eps to either side": difference(lambda f, x, eps: central(f, x, eps / 2)),
    "the sum over all of f(x): gy is not used": difference(central, gy_used=False),
    "the entry of f(x) at the same place alone, as of an elementwise f": own_entry,
    "all entries moved at once": difference(lambda f, x, eps: (f(moved(x, 0) + eps) - f(moved(x, 0) - eps)) / (2 * eps)),
    "entries that are not put back: each stays moved up by eps": difference(piled_up(1)),
    "entries that are not put back: each stays moved down by eps": difference(piled_up(-1)),
}

_LR = choice(0.1, 0.5, beyond=(0.01, 1.0, 0.001))
_EPS = choice(1e-8, 0.1, beyond=(1e-3, 1.0))
_STEP = step_number(1, 2, 3, 10, beyond=(100, 1000))
_ADAM = {"m": const("..."), "v": squares("..."), "t": _STEP, "lr": _LR, "beta1": choice(0.9, 0.5, beyond=(0.1, 0.99)), "beta2": choice(0.999, 0.9, beyond=(0.5, 0.1)), "eps": _EPS}

OPS = [
    Op("mlp", x=const("N D"), labels=labels("N", below="C"), params=layers("D", "C"), par=25, output="L", torch=mlp,
       mistaken={"a relu behind the last layer too": lambda x, labels, *params: cross_entropy(torch.relu(logits(x, params)), labels),
                 "the sum over the batch: a mean is due": lambda x, labels, *params: mlp(x, labels, *params) * len(x)}),
    Op("sgd", w=const("..."), gw=each_step("..."), lr=_LR, weight_decay=choice(0.1, 0.5, beyond=(0.0, 0.01)), par=4, output="the step",
       values={"the new w": "w"}, torch=sgd,
       mistaken={"weight decay without lr: lr * (gw + weight_decay * w) is due": lambda w, gw, lr, decay: w - lr * gw - decay * w,
                 "no weight decay": lambda w, gw, lr, decay: w - lr * gw,
                 "weight decay with the wrong sign": lambda w, gw, lr, decay: w - lr * (gw - decay * w),
                 "weight decay of the new w, after the step": lambda w, gw, lr, decay: (w - lr * gw) * (1 - lr * decay),
                 "weight decay of twice the size: the penalty is weight_decay / 2 * sum w^2": lambda w, gw, lr, decay: w - lr * (gw + 2 * decay * w),
                 "weight decay of half the size: the penalty is weight_decay / 2 * sum w^2": lambda w, gw, lr, decay: w - lr * (gw + decay / 2 * w),
                 "weight decay of w squared": lambda w, gw, lr, decay: w - lr * (gw + decay * w * w),
                 "weight decay of gw, weight_decay * gw, where weight_decay * w is due": lambda w, gw, lr, decay: w - lr * (1 + decay) * gw,
                 "weight decay by the signs of w": lambda w, gw, lr, decay: w - lr * (gw + decay * torch.sign(w)),
                 "a step uphill, w + lr * (gw + weight_decay * w)": lambda w, gw, lr, decay: w + lr * (gw + decay * w)}),
    Op("momentum", w=const("..."), gw=each_step("..."), v=const("..."), lr=_LR, beta=choice(0.9, 0.5, beyond=(0.0, 0.99)),
       nesterov=choice(False, True), par=7, output="the step", values={"the new w": "w", "the new v": "v"}, torch=momentum, mistaken=MOMENTUM),
    Op("rmsprop", w=const("..."), gw=each_step("..."), s=squares("..."), lr=_LR, alpha=choice(0.9, 0.5, beyond=(0.1, 0.99)), eps=_EPS,
       par=7, output="the step", values={"the new w": "w", "the new s": "s"}, torch=rmsprop, mistaken=RMSPROP, otherwise=(moved_mean,)),
    Op("adam", w=const("..."), gw=each_step("..."), **_ADAM, par=10, output="the step",
       values={"the new w": "w", "the new m": "m", "the new v": "v"}, torch=adam, mistaken=ADAM, otherwise=(adam_of_moved_means,)),
    Op("adamw", w=const("..."), gw=each_step("..."), **_ADAM, weight_decay=choice(0.1, 0.5, beyond=(0.0, 0.01)), par=8, output="the step",
       values={"the new w": "w", "the new m": "m", "the new v": "v"}, torch=adamw, mistaken=ADAMW, otherwise=(adamw_of_moved_means,)),
    Op("clip_grad_norm", grads=several("grads"), max_norm=choice(1.0, 5.0, beyond=(0.1, 100.0)), par=8, output="what is returned",
       values={"the new grads": "grads"}, torch=clip_grad_norm, mistaken=CLIP),
    Op("numeric_gradient", f=function(SHARE, SUMS, SHARE_OF_ALL), x=numbers("... K"), gy=const("... K"), eps=choice(0.25, 1e-3, beyond=(1e-5,)),
       others=({"f": function(LOG_OF_SUM, SQUARES), "gy": const("...")},
               {"f": function(TANH, SQUARE), "x": numbers("..."), "gy": const("...")}),
       par=12, output="gx", values={"gx": "x"}, dtype=np.float64, torch=numeric_gradient, mistaken=NUMERIC,
       unasked={"fast": "differences take a loop over the entries: forward has this point"}),
]
