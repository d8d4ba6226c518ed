"""Level 3: known wrong and known right implementations of the losses.

A builder makes an operation out of its parts, each the right one unless a row gives another. Parts get the inputs, those
of a gradient also gl before them.
"""

import math
from collections.abc import Callable

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful


def mean_square_error(
    *,
    loss: Callable = lambda x, y: ((x - y) ** 2).mean(),
    gx: Callable = lambda gl, x, y: 2 * gl * (x - y) / x.size,
) -> Callable:
    """l = mean of (x - y)^2."""
    return _of_parts(loss, gx)


def huber_loss(
    *,
    loss: Callable = lambda x, y, delta: _by_pieces(x - y, delta).mean(),
    gx: Callable = lambda gl, x, y, delta: gl * np.clip(x - y, -delta, delta) / x.size,
) -> Callable:
    """l = mean of h(x - y)."""
    return _of_parts(loss, gx)


def hinge_loss(
    *,
    loss: Callable = lambda scores, labels, margin: np.maximum(_violation(scores, labels, margin), 0).mean(),
    marks: Callable = lambda violation: violation > 0,
    label: Callable = lambda slope, labels: -slope.sum(1),
    gscores: Callable = lambda gl, slope: gl * slope / slope.size,
) -> Callable:
    """`marks(violation)`: the terms that count. `label(slope, labels)`: the slope of the right classes' scores."""

    def backward(gl, scores, labels, margin):
        slope = marks(_violation(scores, labels, margin)).astype(scores.dtype)
        slope[np.arange(len(labels)), labels] = label(slope, labels)
        return gscores(gl, slope)

    return _of_parts(loss, backward)


def binary_cross_entropy_with_logits(
    *,
    loss: Callable = lambda z, t: (np.maximum(z, 0) - z * t + np.log1p(np.exp(-abs(z)))).mean(),
    glogits: Callable = lambda gl, z, t: gl * (_sigmoid(z) - t) / z.size,
) -> Callable:
    """l = mean of -t log s(z) - (1 - t) log(1 - s(z))."""
    return _of_parts(loss, glogits)


def cross_entropy(
    *,
    loss: Callable = lambda logits, labels: -_picked(_log_softmax(logits), labels).mean(),
    glogits: Callable = lambda gl, logits, labels: (
        gl * (np.exp(_log_softmax(logits)) - _one_hot(logits, labels)) / len(logits)
    ),
) -> Callable:
    """l = mean of -log softmax(logits)[label]."""
    return _of_parts(loss, glogits)


def kl_divergence(
    *,
    loss: Callable = lambda log_q, p: (p * (np.log(p + (p == 0)) - log_q)).sum() / len(p),
    glog_q: Callable = lambda gl, log_q, p: -gl * p / len(p),
) -> Callable:
    """l = sum of p (log p - log_q) / N."""
    return _of_parts(loss, glog_q)


def cosine_similarity(
    *,
    cosine: Callable = lambda x, y: (_unit(x) * _unit(y)).sum(1),
    gx: Callable = lambda gc, u, v, c, r: gc * (v - c * u) / r,
    grads: Callable = lambda gx, gy: (gx, gy),
    **parts: Callable,
) -> Callable:
    """`gx(gc, u, v, c, r)`: gc and the cosine as columns, the directions of x and y, the lengths of x. `gy=`: the same for
    y, with the two exchanged."""

    def backward(gc, x, y):
        u, v, gc = _unit(x), _unit(y), gc[:, None]
        c = (u * v).sum(1, keepdims=True)
        return grads(gx(gc, u, v, c, _length(x)), parts.get("gy", gx)(gc, v, u, c, _length(y)))

    return _of_parts(cosine, backward)


def info_nce_loss(
    *,
    logits: Callable = lambda x, y, temperature: x @ y.T / temperature,
    loss: Callable = lambda z: -np.diag(_log_softmax(z)).mean(),
    gz: Callable = lambda gl, z: gl * (np.exp(_log_softmax(z)) - np.eye(len(z), dtype=z.dtype)) / len(z),
    gx: Callable = lambda gz, x, y, temperature: gz @ y / temperature,
    gy: Callable = lambda gz, x, y, temperature: gz.T @ x / temperature,
    grads: Callable = lambda gx, gy: (gx, gy),
) -> Callable:
    """l = cross entropy of the logits z = x y^T / temperature with the labels 0, 1, ..."""

    def operation(*inputs):
        z = logits(*inputs)
        return loss(z), lambda gl: grads(*(part(gz(gl, z), *inputs) for part in (gx, gy)))

    return operation


def _of_parts(forward: Callable, backward: Callable) -> Callable:
    def operation(*inputs):
        return forward(*inputs), lambda upstream: backward(upstream, *inputs)

    return operation


def _by_pieces(d, delta):
    return np.where(abs(d) <= delta, d**2 / 2, delta * (abs(d) - delta / 2))


def _violation(scores, labels, margin):
    v = margin - _picked(scores, labels)[:, None] + scores
    v[np.arange(len(labels)), labels] = 0
    return v


def _sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-abs(z)))


def _log_softmax(z, axis=-1):
    z = z - z.max(axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis, keepdims=True))


def _picked(array, labels):
    return array[np.arange(len(labels)), labels]


def _one_hot(array, labels):
    return np.eye(array.shape[1], dtype=array.dtype)[labels]


def _length(x):
    return np.sqrt((x * x).sum(1, keepdims=True))


def _unit(x):
    return x / _length(x)


def _difference_in_x(x, y):
    return (np.subtract(x, y, out=x) ** 2).mean()


def _spends_its_slope(x, y, delta):
    clipped = np.array(np.clip(x - y, -delta, delta))

    def grad(gl):
        np.multiply(clipped, gl / clipped.size, out=clipped)
        return clipped.copy()

    return _by_pieces(x - y, delta).mean(), grad


def _clips_x(x, y, delta):
    x[...] = np.clip(x, y - delta, y + delta)
    return _by_pieces(x - y, delta).mean()


def _shifts_the_scores(scores, labels, margin):
    scores -= _picked(scores, labels)[:, None]
    return np.maximum(_violation(scores, labels, margin), 0).mean()


def _shifts_the_logits(logits, labels):
    logits -= logits.max(1, keepdims=True)
    return -_picked(_log_softmax(logits), labels).mean()


def _negates_the_logits(z, t):
    np.negative(z, out=z)
    return (np.maximum(-z, 0) + z * t + np.log1p(np.exp(-abs(z)))).mean()


def _subtracts_in_the_softmax(logits, labels):
    log_p = _log_softmax(logits)
    p = np.exp(log_p)

    def grad(gl):
        p[np.arange(len(p)), labels] -= 1
        return gl * p / len(p)

    return -_picked(log_p, labels).mean(), grad


def _subtracts_in_the_diagonal(x, y, temperature):
    z = x @ y.T / temperature
    p = np.exp(_log_softmax(z))

    def grad(gl):
        p[np.diag_indices(len(p))] -= 1
        return gl * p @ y / temperature / len(p), gl * p.T @ x / temperature / len(p)

    return -np.diag(_log_softmax(z)).mean(), grad


def _subtracts_all_labels(gl, logits, labels):
    slope = np.exp(_log_softmax(logits))
    slope[:, labels] -= 1
    return gl * slope / len(logits)


def _label_set(gl, logits, labels):
    slope = np.exp(_log_softmax(logits))
    slope[np.arange(len(labels)), labels] = -1
    return gl * slope / len(logits)


def _but_its_own(slope, labels):
    return _picked(slope, labels) - slope.sum(1)


def _through_softmax_twice(gl, logits, labels):
    p = np.exp(_log_softmax(logits))
    g = gl * (p - _one_hot(logits, labels)) / len(logits)
    return p * (g - (g * p).sum(1, keepdims=True))


def _computed_in_p(log_q, p):
    kept = p.copy()
    p *= np.log(p + (p == 0)) - log_q
    return p.sum() / len(p), lambda gl: -gl * kept / len(p)


def _last_probabilities() -> Callable:
    """Keeps what backward needs in one place for all calls."""
    saved = {}

    def loss(log_q, p):
        saved["p"] = p
        return (p * (np.log(p + (p == 0)) - log_q)).sum() / len(p)

    return kl_divergence(loss=loss, glog_q=lambda gl, *_: -gl * saved["p"] / len(saved["p"]))


def _normalised_in_place(x, y):
    r, s = _length(x), _length(y)
    x /= r
    y /= s
    c = (x * y).sum(1, keepdims=True)
    u, v = x.copy(), y.copy()
    return c[:, 0], lambda gc: (gc[:, None] * (v - c * u) / r, gc[:, None] * (u - c * v) / s)


def _weighted(gl, x, y):
    weights = np.full(x.shape, 2 / x.size)
    return gl * weights * (x - y)


def _softmax(z):
    return np.exp(_log_softmax(z))


def _beyond_set_by_index(x, y, delta):
    """Sets entries of a difference, which is no array where x is a number."""
    d = x - y
    values = d**2 / 2
    values[abs(d) > delta] = delta * (abs(d[abs(d) > delta]) - delta / 2)
    return values.mean()


def _hinges(scores, labels, margin):
    return np.maximum(_violation(scores, labels, margin), 0).mean()


def _labels_columns(gl, scores, labels, margin):
    """Gives the labels' columns of all rows what is due to one entry of each row."""
    slope = (_violation(scores, labels, margin) > 0).astype(scores.dtype)
    slope[:, labels] -= slope.sum(1, keepdims=True)
    return gl * slope / slope.size


def _of_the_violations(loss: Callable) -> Callable:
    return hinge_loss(loss=lambda s, labels, margin: loss(_violation(s, labels, margin)))


def _labels_from_the_front(gl, logits, labels):
    """Takes the labels for places in the array as it lies in memory."""
    slope = _softmax(logits)
    slope.flat[labels] -= 1
    return gl * slope / len(logits)


def _labels_as_rows(gl, logits, labels):
    slope = _softmax(logits)
    slope[labels] -= 1
    return gl * slope / len(logits)


# fmt: off
WRONG = [
    Mutant("mean_square_error", "a sum", "forward", mean_square_error(loss=lambda x, y: ((x - y) ** 2).sum()), diagnosis="l is n times too large, n the number of entries: sum instead of mean?"),
    Mutant("mean_square_error", "half of it", "forward", mean_square_error(loss=lambda x, y: ((x - y) ** 2).mean() / 2), diagnosis="l is half of what it should be: a factor 2 is missing"),
    Mutant("mean_square_error", "mean over the first axis only", "forward",
           mean_square_error(loss=lambda x, y: ((x - y) ** 2).sum() / len(np.atleast_1d(x))), diagnosis="l is divided by the length of the first axis, not by how many entries make one of l"),
    Mutant("mean_square_error", "a loss per row", "forward", mean_square_error(loss=lambda x, y: ((x - y) ** 2).mean(-1) if x.ndim else (x - y) ** 2), diagnosis="l is not averaged over axis 0"),
    Mutant("mean_square_error", "absolute error", "forward", mean_square_error(loss=lambda x, y: abs(x - y).mean()), diagnosis="l is what abs in place of the power 2 in (x - y)**2 would give"),
    Mutant("mean_square_error", "root", "forward", mean_square_error(loss=lambda x, y: np.sqrt(((x - y) ** 2).mean())), diagnosis="l is the square root of what it should be"),
    Mutant("mean_square_error", "of shape (1,)", "forward", mean_square_error(loss=lambda x, y: ((x - y) ** 2).mean().reshape(1)), diagnosis="l is right but for the shape: an axis of length 1 is kept"),
    Mutant("mean_square_error", "2 missing", "gradient", mean_square_error(gx=lambda gl, x, y: gl * (x - y) / x.size), diagnosis="gx is half of what it should be: a factor 2 is missing"),
    Mutant("mean_square_error", "1/N missing", "gradient", mean_square_error(gx=lambda gl, x, y: 2 * gl * (x - y)), diagnosis="gx is n times too large, n the number of entries: sum instead of mean?"),
    Mutant("mean_square_error", "divided by len", "gradient", mean_square_error(gx=lambda gl, x, y: 2 * gl * (x - y) / len(np.atleast_1d(x))), diagnosis="gx is divided by the length of the first axis, not by how many entries make one of l"),
    Mutant("mean_square_error", "gl ignored", "gradient", mean_square_error(gx=lambda gl, x, y: 2 * (x - y) / x.size), diagnosis="gx is what gl = ones would give: gl is ignored"),
    Mutant("mean_square_error", "y - x", "gradient", mean_square_error(gx=lambda gl, x, y: 2 * gl * (y - x) / x.size), diagnosis="gx is negated"),
    Mutant("mean_square_error", "mean of the differences", "gradient", mean_square_error(gx=lambda gl, x, y: np.full_like(x, 2 * gl * (x - y).mean())), diagnosis="every entry of gx is the sum of what the entries should be"),
    Mutant("mean_square_error", "gy as well", "gradient",
           mean_square_error(gx=lambda gl, x, y: (2 * gl * (x - y) / x.size, 2 * gl * (y - x) / x.size)), diagnosis="grad returns 2 gradients, number 2 is too many: only gx is due"),
    Mutant("mean_square_error", "difference in x", "pure", mean_square_error(
        loss=_difference_in_x, gx=lambda gl, x, y: 2 * gl * x / x.size), diagnosis="forward changes x in place"),
    Mutant("mean_square_error", "weights in float64", "stable", mean_square_error(gx=_weighted), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("mean_square_error", "len of a number", "forward", mean_square_error(loss=lambda x, y: ((x - y) ** 2).sum() / len(x)), diagnosis="TypeError: len() of unsized object"),
    Mutant("mean_square_error", "square of the mean", "forward", mean_square_error(loss=lambda x, y: (x - y).mean() ** 2), diagnosis="l is what the mean before the power would give: the order is wrong, in mean((x - y)**2)"),
    Mutant("mean_square_error", "x^2 - y^2", "forward", mean_square_error(loss=lambda x, y: (x**2 - y**2).mean()), diagnosis="l is what the power of each side of x - y would give: the order is wrong"),
    Mutant("mean_square_error", "sign of the difference", "gradient", mean_square_error(gx=lambda gl, x, y: gl * np.sign(x - y) / x.size), diagnosis="gx is what abs in place of the power 2 in (x - y)**2 would give"),
    Mutant("mean_square_error", "divided by np.prod of the shape", "stable", mean_square_error(gx=lambda gl, x, y: 2 * gl * (x - y) / np.prod(x.shape)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),

    Mutant("huber_loss", "tail not joined", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) <= delta, (x - y) ** 2 / 2, delta * abs(x - y)).mean()), diagnosis="l is what leaving out the term 0.5 * delta would give: the term 0.5 * delta is missing"),
    Mutant("huber_loss", "delta always 1", "forward", huber_loss(loss=lambda x, y, delta: _by_pieces(x - y, 1).mean()), diagnosis="l is what delta = 1 would give: delta is not used"),
    Mutant("huber_loss", "smooth l1", "forward", huber_loss(loss=lambda x, y, delta: _by_pieces(x - y, delta).mean() / delta), diagnosis="l is divided by delta once too often"),
    Mutant("huber_loss", "1/2 missing inside", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) <= delta, (x - y) ** 2, delta * (abs(x - y) - delta / 2)).mean()), diagnosis="l is what leaving out the factor 0.5 would give: the factor 0.5 is missing"),
    Mutant("huber_loss", "a sum", "forward", huber_loss(loss=lambda x, y, delta: _by_pieces(x - y, delta).sum()), diagnosis="l is n times too large, n the number of entries: sum instead of mean?"),
    Mutant("huber_loss", "not clipped", "gradient", huber_loss(gx=lambda gl, x, y, delta: gl * (x - y) / x.size), diagnosis="gx is what (x - y)**2 * 0.5 everywhere would give: nothing is chosen"),
    Mutant("huber_loss", "sign without delta", "gradient", huber_loss(
        gx=lambda gl, x, y, delta: gl * np.where(abs(x - y) <= delta, x - y, np.sign(x - y)) / x.size), diagnosis="gx is what leaving out the factor delta would give: the factor delta is missing"),
    Mutant("huber_loss", "no gradient beyond", "gradient", huber_loss(gx=lambda gl, x, y, delta: gl * (x - y) * (abs(x - y) <= delta) / x.size), diagnosis="in gx, abs(x - y) is treated as a constant: its own derivative is missing"),
    Mutant("huber_loss", "delta beyond, without the sign", "gradient", huber_loss(
        gx=lambda gl, x, y, delta: gl * np.where(abs(x - y) <= delta, x - y, delta) / x.size), diagnosis="gx is what leaving out abs would give: abs is missing"),
    Mutant("huber_loss", "clipped above only", "gradient", huber_loss(gx=lambda gl, x, y, delta: gl * np.minimum(x - y, delta) / x.size), diagnosis="gx is what leaving out abs would give: abs is missing"),
    Mutant("huber_loss", "the border at 1", "gradient", huber_loss(gx=lambda gl, x, y, delta: gl * np.clip(x - y, -1, 1) / x.size), diagnosis="gx is what delta = 1 would give: delta is not used"),
    Mutant("huber_loss", "1/N missing", "gradient", huber_loss(gx=lambda gl, x, y, delta: gl * np.clip(x - y, -delta, delta)), diagnosis="gx is n times too large, n the number of entries: sum instead of mean?"),
    Mutant("huber_loss", "y - x", "gradient", huber_loss(gx=lambda gl, x, y, delta: gl * np.clip(y - x, -delta, delta) / x.size), diagnosis="gx is negated"),
    Mutant("huber_loss", "gl ignored", "gradient", huber_loss(gx=lambda gl, x, y, delta: np.clip(x - y, -delta, delta) / x.size), diagnosis="gx is what gl = ones would give: gl is ignored"),
    Mutant("huber_loss", "gl clipped too", "gradient", huber_loss(gx=lambda gl, x, y, delta: np.clip(gl * (x - y), -delta, delta) / x.size), diagnosis="in gx, gl is used non-linearly"),
    Mutant("huber_loss", "grad spends its slope", "pure", _spends_its_slope, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("huber_loss", "delta in float64", "stable", huber_loss(
        loss=lambda x, y, delta: _by_pieces(x - y, np.float64(delta)).mean()), diagnosis="l has dtype float64, but should be float32, like the inputs"),
    Mutant("huber_loss", "the border without abs", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(x - y <= delta, (x - y) ** 2 / 2, delta * (abs(x - y) - delta / 2)).mean()), diagnosis="l is what leaving out abs would give: abs is missing"),
    Mutant("huber_loss", "pieces exchanged", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) > delta, (x - y) ** 2 / 2, delta * (abs(x - y) - delta / 2)).mean()), diagnosis="l is what exchanging (x - y)**2 * 0.5 and (abs(x - y) - 0.5 * delta) * delta would give"),
    Mutant("huber_loss", "delta missing in front of the tail", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) <= delta, (x - y) ** 2 / 2, abs(x - y) - delta / 2).mean()), diagnosis="l is what leaving out the factor delta would give: the factor delta is missing"),
    Mutant("huber_loss", "1/2 missing in the tail", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) <= delta, (x - y) ** 2 / 2, delta * (abs(x - y) - delta)).mean()), diagnosis="l is what 2 * 0.5 * delta in place of 0.5 * delta in abs(x - y) - 0.5 * delta would give"),
    Mutant("huber_loss", "1/2 without delta in the tail", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) <= delta, (x - y) ** 2 / 2, delta * abs(x - y) - 0.5).mean())),
    Mutant("huber_loss", "quadratic beyond too", "forward", huber_loss(loss=lambda x, y, delta: ((x - y) ** 2 / 2).mean()), diagnosis="l is what (x - y)**2 * 0.5 everywhere would give: nothing is chosen"),
    Mutant("huber_loss", "abs missing in the tail", "forward", huber_loss(
        loss=lambda x, y, delta: np.where(abs(x - y) <= delta, (x - y) ** 2 / 2, delta * (x - y - delta / 2)).mean()), diagnosis="l is what leaving out abs would give: abs is missing"),
    Mutant("huber_loss", "entries set, in a number", "forward", huber_loss(loss=_beyond_set_by_index), diagnosis="TypeError: 'numpy.float64' object does not support item assignment"),
    Mutant("huber_loss", "2 d inside", "gradient", huber_loss(
        gx=lambda gl, x, y, delta: gl * np.where(abs(x - y) <= delta, 2 * (x - y), delta * np.sign(x - y)) / x.size), diagnosis="gx is what leaving out the factor 0.5 would give: the factor 0.5 is missing"),
    Mutant("huber_loss", "abs d inside", "gradient", huber_loss(
        gx=lambda gl, x, y, delta: gl * np.where(abs(x - y) <= delta, abs(x - y), delta * np.sign(x - y)) / x.size), diagnosis="in gx, the derivative of (x - y)**2 is 2 * abs((x - y)), but should be 2 * (x - y)"),
    Mutant("huber_loss", "border by x", "gradient", huber_loss(
        gx=lambda gl, x, y, delta: gl * np.where(abs(x) <= delta, x - y, delta * np.sign(x - y)) / x.size)),

    Mutant("hinge_loss", "the right class counts", "forward", hinge_loss(
        loss=lambda s, labels, margin: np.maximum(margin - _picked(s, labels)[:, None] + s, 0).mean()), diagnosis="margin / C is added to l once too often"),
    Mutant("hinge_loss", "divided by C - 1", "forward", hinge_loss(
        loss=lambda s, labels, margin: np.maximum(_violation(s, labels, margin), 0).sum() / len(s) / max(s.shape[1] - 1, 1)), diagnosis="l is divided by C - 1, but should be by C"),
    Mutant("hinge_loss", "sum over the classes", "forward", hinge_loss(
        loss=lambda s, labels, margin: np.maximum(_violation(s, labels, margin), 0).sum(1).mean()), diagnosis="l is C times too large: sum instead of mean?"),
    Mutant("hinge_loss", "sum over the batch", "forward", hinge_loss(
        loss=lambda s, labels, margin: np.maximum(_violation(s, labels, margin), 0).mean(1).sum()), diagnosis="l is N times too large: sum instead of mean?"),
    Mutant("hinge_loss", "the worst class only", "forward", hinge_loss(
        loss=lambda s, labels, margin: np.maximum(_violation(s, labels, margin), 0).max(1).mean() / s.shape[1]), diagnosis="l is what the largest would give, in place of the sum"),
    Mutant("hinge_loss", "margin always 1", "forward", hinge_loss(loss=lambda s, labels, margin: np.maximum(_violation(s, labels, 1), 0).mean()), diagnosis="l is what margin = 1 would give: margin is not used"),
    Mutant("hinge_loss", "sign of the scores", "forward", hinge_loss(loss=lambda s, labels, margin: np.maximum(_violation(-s, labels, margin), 0).mean()), diagnosis="l is what -scores in place of scores would give"),
    Mutant("hinge_loss", "right class without gradient", "gradient", hinge_loss(label=lambda slope, labels: 0), diagnosis="in gscores, margin - scores[rows, labels] in margin - scores[rows, labels] + scores is treated as a constant: its own derivative is missing"),
    Mutant("hinge_loss", "right class once", "gradient", hinge_loss(label=lambda slope, labels: -1), diagnosis="gscores is wrong only in the entry of each row that labels names"),
    Mutant("hinge_loss", "right class with a plus", "gradient", hinge_loss(label=lambda slope, labels: slope.sum(1)), diagnosis="in gscores, the term that comes through margin - scores[rows, labels] in margin - scores[rows, labels] + scores has the wrong sign"),
    Mutant("hinge_loss", "right class as the mean", "gradient", hinge_loss(label=lambda slope, labels: -slope.mean(1)), diagnosis="in gscores, the term that comes through margin - scores[rows, labels] in margin - scores[rows, labels] + scores is C times too small: mean instead of sum?"),
    Mutant("hinge_loss", "without a hinge", "gradient", hinge_loss(marks=lambda v: np.ones_like(v) - (v == 0)), diagnosis="gscores is what leaving out relu would give: relu is missing"),
    Mutant("hinge_loss", "weighted by the violation", "gradient", hinge_loss(marks=lambda v: np.maximum(v, 0)), diagnosis="in gscores, the derivative of s = relu(v), is s, but should be 1 or 0"),
    Mutant("hinge_loss", "twice at the hinge", "gradient", hinge_loss(marks=lambda v: np.heaviside(v, 2), label=_but_its_own), diagnosis="gscores is wrong only where several gradients are right"),
    Mutant("hinge_loss", "1/N missing", "gradient", hinge_loss(gscores=lambda gl, slope: gl * slope / slope.shape[1]), diagnosis="gscores is N times too large: sum instead of mean?"),
    Mutant("hinge_loss", "1/C missing", "gradient", hinge_loss(gscores=lambda gl, slope: gl * slope / len(slope)), diagnosis="gscores is C times too large: sum instead of mean?"),
    Mutant("hinge_loss", "gl ignored", "gradient", hinge_loss(gscores=lambda gl, slope: slope / slope.size), diagnosis="gscores is what gl = ones would give: gl is ignored"),
    Mutant("hinge_loss", "shifts the scores", "pure", hinge_loss(loss=_shifts_the_scores), diagnosis="forward changes scores in place"),
    Mutant("hinge_loss", "marks in float64", "stable", hinge_loss(gscores=lambda gl, slope: gl * slope.astype(float) / slope.size), diagnosis="gscores has dtype float64, but should be float32, like the inputs"),
    Mutant("hinge_loss", "without max", "forward", _of_the_violations(lambda v: v.mean()), diagnosis="l is what leaving out relu would give: relu is missing"),
    Mutant("hinge_loss", "max of the sum", "forward", _of_the_violations(lambda v: np.maximum(v.sum(1), 0).mean() / v.shape[1])),
    Mutant("hinge_loss", "squared", "forward", _of_the_violations(lambda v: (np.maximum(v, 0) ** 2).mean()), diagnosis="l is what the sum of squares would give, in place of the sum"),
    Mutant("hinge_loss", "absolute value for max", "forward", _of_the_violations(lambda v: abs(v).mean()), diagnosis="l is what abs in place of relu would give"),
    Mutant("hinge_loss", "the right class's own hinge counted in grad", "gradient", hinge_loss(label=lambda slope, labels: -slope.sum(1) - 1), diagnosis="gscores is wrong only in the entry of each row that labels names"),
    Mutant("hinge_loss", "labels' columns of all rows in grad", "gradient", _of_parts(_hinges, _labels_columns), diagnosis="gscores is wrong only where N > 1"),
    Mutant("hinge_loss", "numbers of violations as integers", "stable", hinge_loss(gscores=lambda gl, slope: gl * slope.astype(int) / slope.size), diagnosis="gscores has dtype float64, but should be float32, like the inputs"),

    Mutant("binary_cross_entropy_with_logits", "a sum", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (np.logaddexp(0, z) - z * t).sum()), diagnosis="l is n times too large, n the number of entries: sum instead of mean?"),
    Mutant("binary_cross_entropy_with_logits", "ones and zeros exchanged", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (np.logaddexp(0, z) - z * (1 - t)).mean()), diagnosis="l is what -logits in place of logits would give"),
    Mutant("binary_cross_entropy_with_logits", "sign forgotten", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (z * t - np.logaddexp(0, z)).mean()), diagnosis="l is negated"),
    Mutant("binary_cross_entropy_with_logits", "ones only", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (t * np.logaddexp(0, -z)).mean()), diagnosis="l is that of the first term alone, without 1 - t"),
    Mutant("binary_cross_entropy_with_logits", "targets rounded", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (np.logaddexp(0, z) - z * (t >= 0.5)).mean()), diagnosis="l is what targets rounded to whole numbers would give"),
    Mutant("binary_cross_entropy_with_logits", "1e-7 in the logarithm", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: -(t * np.log(_sigmoid(z) + 1e-7) + (1 - t) * np.log(_sigmoid(-z) + 1e-7)).mean()), diagnosis="1e-07 is added to a sigmoid before its logarithm is taken"),
    Mutant("binary_cross_entropy_with_logits", "times the sigmoid's slope", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (_sigmoid(z) - t) * _sigmoid(z) * _sigmoid(-z) / z.size), diagnosis="in glogits, there is a factor sigmoid(logits) * (1 - sigmoid(logits)) too many"),
    Mutant("binary_cross_entropy_with_logits", "for the probabilities", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (_sigmoid(z) - t) / (_sigmoid(z) * _sigmoid(-z)) / z.size), diagnosis="in glogits, the factor sigmoid(logits) * (1 - sigmoid(logits)) is missing"),
    Mutant("binary_cross_entropy_with_logits", "targets missing", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * _sigmoid(z) / z.size), diagnosis="glogits is what targets = 0 would give: targets is not used"),
    Mutant("binary_cross_entropy_with_logits", "logits - targets", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (z - t) / z.size), diagnosis="in glogits, logits stands where sigmoid(logits) should"),
    Mutant("binary_cross_entropy_with_logits", "target minus prediction", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (t - _sigmoid(z)) / z.size), diagnosis="glogits is negated"),
    Mutant("binary_cross_entropy_with_logits", "1/N missing", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (_sigmoid(z) - t)), diagnosis="glogits is n times too large, n the number of entries: sum instead of mean?"),
    Mutant("binary_cross_entropy_with_logits", "gl ignored", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: (_sigmoid(z) - t) / z.size), diagnosis="glogits is what gl = ones would give: gl is ignored"),
    Mutant("binary_cross_entropy_with_logits", "negates the logits", "pure", binary_cross_entropy_with_logits(
        loss=_negates_the_logits, glogits=lambda gl, z, t: gl * (_sigmoid(-z) - t) / z.size), diagnosis="forward changes logits in place"),
    Mutant("binary_cross_entropy_with_logits", "logarithm of the sigmoid", "stable", binary_cross_entropy_with_logits(
        loss=lambda z, t: -(t * np.log(_sigmoid(z)) + (1 - t) * np.log(1 - _sigmoid(z))).mean()), diagnosis="the logarithm is taken of a sigmoid, which rounds to 0 and to 1"),
    Mutant("binary_cross_entropy_with_logits", "exp(z) overflows", "stable", binary_cross_entropy_with_logits(
        loss=lambda z, t: (np.log(1 + np.exp(z)) - z * t).mean()), diagnosis="exp overflows, as in log(1 + exp(logits))"),
    Mutant("binary_cross_entropy_with_logits", "exp(-z) overflows in grad", "stable", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (1 / (1 + np.exp(-z)) - t) / z.size), diagnosis="exp overflows, as in the sigmoid 1 / (1 + exp(-logits))"),
    Mutant("binary_cross_entropy_with_logits", "probabilities clipped", "stable", binary_cross_entropy_with_logits(
        loss=lambda z, t: -(t * np.log(np.clip(_sigmoid(z), 1e-15, 1)) + (1 - t) * np.log(np.clip(_sigmoid(-z), 1e-15, 1))).mean()), diagnosis="a sigmoid is clipped at 1e-15 before its logarithm is taken"),
    Mutant("binary_cross_entropy_with_logits", "logits for probabilities", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: -(t * np.log(np.clip(z, 1e-12, 1)) + (1 - t) * np.log(np.clip(1 - z, 1e-12, 1))).mean()), diagnosis="l is that of probabilities, but these are logits"),
    Mutant("binary_cross_entropy_with_logits", "1 - t forgotten", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (t * np.logaddexp(0, -z) + np.logaddexp(0, z)).mean()), diagnosis="l is that of both terms, with 1 - t left out"),
    Mutant("binary_cross_entropy_with_logits", "second term subtracted", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (t * np.logaddexp(0, -z) - (1 - t) * np.logaddexp(0, z)).mean()), diagnosis="l is that of the logarithm with the wrong sign in its second term"),
    Mutant("binary_cross_entropy_with_logits", "max(z, 0) forgotten", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: (-z * t + np.log1p(np.exp(-abs(z)))).mean()), diagnosis="l is what 0 everywhere in max(logits, 0) would give: nothing is chosen"),
    Mutant("binary_cross_entropy_with_logits", "square error of the sigmoid", "forward", binary_cross_entropy_with_logits(
        loss=lambda z, t: ((_sigmoid(z) - t) ** 2).mean()), diagnosis="l is that of the square error of the sigmoid"),
    Mutant("binary_cross_entropy_with_logits", "1e-12 in the logarithm", "stable", binary_cross_entropy_with_logits(
        loss=lambda z, t: -(t * np.log(_sigmoid(z) + 1e-12) + (1 - t) * np.log(_sigmoid(-z) + 1e-12)).mean()), diagnosis="1e-12 is added to a sigmoid before its logarithm is taken"),
    Mutant("binary_cross_entropy_with_logits", "sigmoid (1 - t)", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * _sigmoid(z) * (1 - t) / z.size), diagnosis="glogits is wrong only where targets > 0"),
    Mutant("binary_cross_entropy_with_logits", "sigmoid twice in grad", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (_sigmoid(_sigmoid(z)) - t) / z.size), diagnosis="in glogits, the sigmoid of sigmoid(logits) stands where sigmoid(logits) should"),
    Mutant("binary_cross_entropy_with_logits", "divided by len", "gradient", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (_sigmoid(z) - t) / len(z)), diagnosis="TypeError: len() of unsized object"),
    Mutant("binary_cross_entropy_with_logits", "both sides of np.where", "stable", binary_cross_entropy_with_logits(
        glogits=lambda gl, z, t: gl * (np.where(z > 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z))) - t) / z.size), diagnosis="overflow warning in grad from logits = "),

    Mutant("cross_entropy", "a sum", "forward", cross_entropy(loss=lambda z, labels: -_picked(_log_softmax(z), labels).sum()), diagnosis="l is N times too large: sum instead of mean?"),
    Mutant("cross_entropy", "mean over the classes too", "forward", cross_entropy(
        loss=lambda z, labels: -(_log_softmax(z) * _one_hot(z, labels)).mean()), diagnosis="l is C times too small: mean instead of sum?"),
    Mutant("cross_entropy", "sign forgotten", "forward", cross_entropy(loss=lambda z, labels: _picked(_log_softmax(z), labels).mean()), diagnosis="l is negated"),
    Mutant("cross_entropy", "labels' columns of all rows", "forward", cross_entropy(loss=lambda z, labels: -_log_softmax(z)[:, labels].mean()), diagnosis="l is wrong only where N > 1"),
    Mutant("cross_entropy", "softmax over the batch", "forward", cross_entropy(loss=lambda z, labels: -_picked(_log_softmax(z, 0), labels).mean()), diagnosis="l is what logsumexp along axis 0 would give"),
    Mutant("cross_entropy", "a loss per example", "forward", cross_entropy(loss=lambda z, labels: -_picked(_log_softmax(z), labels)), diagnosis="l is not averaged over axis 0"),
    Mutant("cross_entropy", "probability, not its logarithm", "forward", cross_entropy(
        loss=lambda z, labels: -_picked(np.exp(_log_softmax(z)), labels).mean()), diagnosis="l is that of the label's probability: its logarithm is missing"),
    Mutant("cross_entropy", "label not subtracted", "gradient", cross_entropy(glogits=lambda gl, z, labels: gl * np.exp(_log_softmax(z)) / len(z)), diagnosis="in glogits, logits in logits - logsumexp(logits) is treated as a constant: its own derivative is missing"),
    Mutant("cross_entropy", "all labels subtracted in each row", "gradient", cross_entropy(glogits=_subtracts_all_labels), diagnosis="in glogits, [:, labels] stands where [rows, labels] should: each row gets an entry for every one of labels, not for its own"),
    Mutant("cross_entropy", "-1 for the label", "gradient", cross_entropy(glogits=_label_set), diagnosis="glogits is wrong only in the entry of each row that labels names"),
    Mutant("cross_entropy", "the label alone", "gradient", cross_entropy(glogits=lambda gl, z, labels: -gl * _one_hot(z, labels) / len(z)), diagnosis="in glogits, logsumexp(logits) is treated as a constant: its own derivative is missing"),
    Mutant("cross_entropy", "softmax twice", "gradient", cross_entropy(glogits=_through_softmax_twice)),
    Mutant("cross_entropy", "target minus prediction", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (_one_hot(z, labels) - np.exp(_log_softmax(z))) / len(z)), diagnosis="glogits is negated"),
    Mutant("cross_entropy", "1/N missing", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (np.exp(_log_softmax(z)) - _one_hot(z, labels))), diagnosis="glogits is N times too large: sum instead of mean?"),
    Mutant("cross_entropy", "divided by N C", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (np.exp(_log_softmax(z)) - _one_hot(z, labels)) / z.size), diagnosis="glogits is C times too small: mean instead of sum?"),
    Mutant("cross_entropy", "gl ignored", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: (np.exp(_log_softmax(z)) - _one_hot(z, labels)) / len(z)), diagnosis="glogits is what gl = ones would give: gl is ignored"),
    Mutant("cross_entropy", "subtracts in the saved softmax", "pure", _subtracts_in_the_softmax, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("cross_entropy", "shifts the logits", "pure", cross_entropy(loss=_shifts_the_logits), diagnosis="forward changes logits in place"),
    Mutant("cross_entropy", "maximum not subtracted", "stable", cross_entropy(
        loss=lambda z, labels: (np.log(np.exp(z).sum(1)) - _picked(z, labels)).mean()), diagnosis="the maximum is not subtracted before exp"),
    Mutant("cross_entropy", "logarithm of the softmax", "stable", cross_entropy(
        loss=lambda z, labels: -np.log(_picked(np.exp(_log_softmax(z)), labels)).mean()), diagnosis="the logarithm is taken of a softmax, which rounds to 0"),
    Mutant("cross_entropy", "maximum of the whole batch", "stable", cross_entropy(
        loss=lambda z, labels: (np.log(np.exp(z - z.max()).sum(1)) - _picked(z - z.max(), labels)).mean()), diagnosis="the maximum over everything is subtracted"),
    Mutant("cross_entropy", "one-hot in float64", "stable", cross_entropy(
        glogits=lambda gl, z, labels: gl * (np.exp(_log_softmax(z)) - np.eye(z.shape[1])[labels]) / len(z)), diagnosis="glogits has dtype float64, but should be float32, like the inputs"),
    Mutant("cross_entropy", "labels as weights", "forward", cross_entropy(loss=lambda z, labels: -(labels[:, None] * _log_softmax(z)).sum(1).mean()), diagnosis="l is that of labels as weights, but they are classes"),
    Mutant("cross_entropy", "labels as places in memory", "forward", cross_entropy(loss=lambda z, labels: -_log_softmax(z).take(labels).mean()), diagnosis="l is wrong only where N > 1"),
    Mutant("cross_entropy", "of the likeliest class", "forward", cross_entropy(loss=lambda z, labels: -_log_softmax(z).max(1).mean()), diagnosis="l is that of the likeliest class: labels is not used"),
    Mutant("cross_entropy", "softmax missing", "forward", cross_entropy(loss=lambda z, labels: -_picked(z, labels).mean()), diagnosis="l is what leaving out logsumexp(logits) in logits - logsumexp(logits) would give"),
    Mutant("cross_entropy", "maximum over the batch", "forward", cross_entropy(
        loss=lambda z, labels: -_picked(z - np.log(np.exp(z - z.max(0)).sum(1, keepdims=True)) - z.max(0), labels).mean()), diagnosis="l is what the maximum along axis 0 would give, but it should go along the last axis"),
    Mutant("cross_entropy", "1e-12 in the logarithm", "forward", cross_entropy(loss=lambda z, labels: -np.log(_picked(_softmax(z), labels) + 1e-12).mean()), diagnosis="the logarithm is taken of the softmax plus 1e-12"),
    Mutant("cross_entropy", "logits for probabilities", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (z - _one_hot(z, labels)) / len(z)), diagnosis="in glogits, the derivative of logsumexp, s = logsumexp(logits), is logits, but should be exp(logits - s)"),
    Mutant("cross_entropy", "log softmax for softmax", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (_log_softmax(z) - _one_hot(z, labels)) / len(z)), diagnosis="in glogits, the derivative of logsumexp, s = logsumexp(logits), is logits - s, but should be exp(logits - s)"),
    Mutant("cross_entropy", "for the probabilities", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: -gl * _one_hot(z, labels) / np.maximum(_softmax(z), 1e-30) / len(z)), diagnosis="(all entries are wrong)"),
    Mutant("cross_entropy", "labels subtracted as numbers", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (_softmax(z) - labels[:, None]) / len(z)), diagnosis="in glogits, labels stand as numbers where 1 at [rows, labels] should: they are classes"),
    Mutant("cross_entropy", "labels as rows in grad", "gradient", cross_entropy(glogits=_labels_as_rows)),
    Mutant("cross_entropy", "labels as places in memory in grad", "gradient", cross_entropy(glogits=_labels_from_the_front), diagnosis="glogits is wrong only where N > 1"),
    Mutant("cross_entropy", "softmax over the batch in grad", "gradient", cross_entropy(
        glogits=lambda gl, z, labels: gl * (np.exp(_log_softmax(z, 0)) - _one_hot(z, labels)) / len(z)), diagnosis="in glogits, softmax of logits along axis 0 stands where softmax(logits) should"),
    Mutant("cross_entropy", "exp(z) / sum overflows in grad", "stable", cross_entropy(
        glogits=lambda gl, z, labels: gl * (np.exp(z) / np.exp(z).sum(1, keepdims=True) - _one_hot(z, labels)) / len(z)), diagnosis="invalid value warning in grad | overflow warning in grad"),

    Mutant("kl_divergence", "mean over all entries", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p + (p == 0)) - q)).mean()), diagnosis="l is C times too small: mean instead of sum?"),
    Mutant("kl_divergence", "sum over the batch", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p + (p == 0)) - q)).sum()), diagnosis="l is N times too large: sum instead of mean?"),
    Mutant("kl_divergence", "sign", "forward", kl_divergence(loss=lambda q, p: (p * (q - np.log(p + (p == 0)))).sum() / len(p)), diagnosis="l is negated"),
    Mutant("kl_divergence", "a loss per row", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p + (p == 0)) - q)).sum(1)), diagnosis="l is not averaged over axis 0"),
    Mutant("kl_divergence", "without p's entropy", "forward", kl_divergence(loss=lambda q, p: -(p * q).sum() / len(p)), diagnosis="l is what leaving out p * log(p) in p * log(p) - p * log_q would give"),
    Mutant("kl_divergence", "the other direction", "forward", kl_divergence(loss=lambda q, p: (np.exp(q) * (q - np.log(p + (p == 0)))).sum() / len(p)), diagnosis="l is that of the other direction, of p from q"),
    Mutant("kl_divergence", "log 0", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p) - q)).sum() / len(p)), diagnosis="l is wrong only where p holds a 0"),
    Mutant("kl_divergence", "1/N missing", "gradient", kl_divergence(glog_q=lambda gl, q, p: -gl * p), diagnosis="glog_q is N times too large: sum instead of mean?"),
    Mutant("kl_divergence", "divided by N C", "gradient", kl_divergence(glog_q=lambda gl, q, p: -gl * p / p.size), diagnosis="glog_q is C times too small: mean instead of sum?"),
    Mutant("kl_divergence", "minus forgotten", "gradient", kl_divergence(glog_q=lambda gl, q, p: gl * p / len(p)), diagnosis="glog_q is negated"),
    Mutant("kl_divergence", "for q, not for log q", "gradient", kl_divergence(glog_q=lambda gl, q, p: -gl * p * np.exp(-np.maximum(q, -700)) / len(p)), diagnosis="in glog_q, the factor exp(log_q) is missing"),
    Mutant("kl_divergence", "q - p, as for logits", "gradient", kl_divergence(glog_q=lambda gl, q, p: gl * (np.exp(np.minimum(q, 80)) - p) / len(p)), diagnosis="in glog_q, there is a term exp(log_q) too many"),
    Mutant("kl_divergence", "gl ignored", "gradient", kl_divergence(glog_q=lambda gl, q, p: -p / len(p)), diagnosis="glog_q is what gl = ones would give: gl is ignored"),
    Mutant("kl_divergence", "gp as well", "gradient", kl_divergence(
        glog_q=lambda gl, q, p: (-gl * p / len(p), gl * (np.log(p + (p == 0)) - q + 1) / len(p))), diagnosis="grad returns 2 gradients, number 2 is too many: only glog_q is due"),
    Mutant("kl_divergence", "computed in p", "pure", _computed_in_p, diagnosis="forward changes p in place"),
    Mutant("kl_divergence", "saved in one place for all calls", "pure", Stateful(_last_probabilities), diagnosis="grad reads the last call's inputs"),
    Mutant("kl_divergence", "zeros in float64", "stable", kl_divergence(
        loss=lambda q, p: np.where(p > 0, p * (np.log(p + (p == 0)) - q), np.zeros(p.shape)).sum() / len(p)), diagnosis="l has dtype float64, but should be float32, like the inputs"),
    Mutant("kl_divergence", "p missing in the second term", "forward", kl_divergence(
        loss=lambda q, p: (p * np.log(p + (p == 0)) - q).sum() / len(p)), diagnosis="l is what leaving out p in p * log_q would give"),
    Mutant("kl_divergence", "q for log q", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p + (p == 0)) - np.exp(q))).sum() / len(p)), diagnosis="l is that of exp(log_q), but log_q is a logarithm already"),
    Mutant("kl_divergence", "q normalized", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p + (p == 0)) - _log_softmax(q))).sum() / len(p)), diagnosis="l is that of log_q normalized first"),
    Mutant("kl_divergence", "both directions", "forward", kl_divergence(
        loss=lambda q, p: ((p - np.exp(q)) * (np.log(p + (p == 0)) - q)).sum() / len(p) / 2), diagnosis="l is that of both directions, half of each"),
    Mutant("kl_divergence", "1e-8 in the logarithm", "forward", kl_divergence(loss=lambda q, p: (p * (np.log(p + 1e-8) - q)).sum() / len(p)), diagnosis="l is right to a few digits only, in every entry"),
    Mutant("kl_divergence", "of the other direction in grad", "gradient", kl_divergence(
        glog_q=lambda gl, q, p: gl * np.exp(q) * (q - np.log(np.maximum(p, 1e-30)) + 1) / len(p)), diagnosis="glog_q is that of the other direction, of p from q"),
    Mutant("kl_divergence", "both sides of np.where", "stable", kl_divergence(
        loss=lambda q, p: (np.where(p > 0, p * np.log(p), 0) - p * q).sum() / len(p)), diagnosis="divide by zero warning in forward"),

    Mutant("cosine_similarity", "scalar product", "forward", cosine_similarity(cosine=lambda x, y: (x * y).sum(1)), diagnosis="c is not divided by |x| * |y|"),
    Mutant("cosine_similarity", "by the length of x only", "forward", cosine_similarity(cosine=lambda x, y: (_unit(x) * y).sum(1)), diagnosis="c is what leaving out |y| in |x| * |y| would give"),
    Mutant("cosine_similarity", "by the squares", "forward", cosine_similarity(cosine=lambda x, y: (x * y).sum(1) / ((x**2).sum(1) * (y**2).sum(1))), diagnosis="c is divided by the lengths of x and y's rows once too often"),
    Mutant("cosine_similarity", "lengths of the whole arrays", "forward", cosine_similarity(
        cosine=lambda x, y: (x * y).sum(1) / np.linalg.norm(x) / np.linalg.norm(y)), diagnosis="c is wrong only where N > 1"),
    Mutant("cosine_similarity", "over the batch", "forward", cosine_similarity(cosine=lambda x, y: (_unit(x.T) * _unit(y.T)).sum(1)), diagnosis="c is reduced over axis 0, but should be over the last axis"),
    Mutant("cosine_similarity", "distance", "forward", cosine_similarity(cosine=lambda x, y: 1 - (_unit(x) * _unit(y)).sum(1)), diagnosis="c is 1 minus what it should be"),
    Mutant("cosine_similarity", "all pairs", "forward", cosine_similarity(cosine=lambda x, y: _unit(x) @ _unit(y).T), diagnosis="c is computed for all pairs of rows, but should be for each row and its partner"),
    Mutant("cosine_similarity", "axis kept", "forward", cosine_similarity(cosine=lambda x, y: (_unit(x) * _unit(y)).sum(1, keepdims=True)), diagnosis="c is right but for the shape: an axis of length 1 is kept"),
    Mutant("cosine_similarity", "1e-6 in the denominator", "forward", cosine_similarity(
        cosine=lambda x, y: (x * y).sum(1) / (_length(x) * _length(y) + 1e-6)[:, 0]), diagnosis="c is right to a few digits only, in every entry"),
    Mutant("cosine_similarity", "lengths as constants", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * v / r), diagnosis="in gx, |x| is treated as a constant: its own derivative is missing"),
    Mutant("cosine_similarity", "length of x a constant", "gradient", cosine_similarity(
        gx=lambda gc, u, v, c, r: gc * v / r, gy=lambda gc, u, v, c, r: gc * (v - c * u) / r), diagnosis="in gx, |x| is treated as a constant: its own derivative is missing"),
    Mutant("cosine_similarity", "not divided by the length", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * (v - c * u)), diagnosis="gx is not divided by the length of x's rows; gy is not divided by the length of y's rows"),
    Mutant("cosine_similarity", "v - u", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * (v - u) / r), diagnosis="in gx and gy, |x| * |y| stands where sum(x * y) should be"),
    Mutant("cosine_similarity", "v + c u", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * (v + c * u) / r), diagnosis="in gx, the term that comes through |x| has the wrong sign"),
    Mutant("cosine_similarity", "gy, gx", "gradient", cosine_similarity(grads=lambda gx, gy: (gy, gx)), diagnosis="gradients come in the order (gy, gx)"),
    Mutant("cosine_similarity", "gx only", "gradient", cosine_similarity(grads=lambda gx, gy: gx), diagnosis="gy is missing: grad returns only gx"),
    Mutant("cosine_similarity", "gx twice", "gradient", cosine_similarity(grads=lambda gx, gy: (gx, gx)), diagnosis="gy is gx: the wrong gradient stands there"),
    Mutant("cosine_similarity", "gy negated", "gradient", cosine_similarity(grads=lambda gx, gy: (gx, -gy)), diagnosis="gy is negated"),
    Mutant("cosine_similarity", "gc ignored", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: (v - c * u) / r), diagnosis="gx and gy are what gc = ones would give: gc is ignored"),
    Mutant("cosine_similarity", "mean of gc", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc.mean() * (v - c * u) / r), diagnosis="gx and gy are what gc's mean in place of gc would give"),
    Mutant("cosine_similarity", "normalised in place", "pure", _normalised_in_place, diagnosis="forward changes x in place"),
    Mutant("cosine_similarity", "lengths in float64", "stable", cosine_similarity(
        cosine=lambda x, y: (x * y).sum(1) / (np.array([math.hypot(*row) for row in x]) * _length(y)[:, 0])), diagnosis="c has dtype float64, but should be float32, like the inputs"),
    Mutant("cosine_similarity", "without the sign", "forward", cosine_similarity(cosine=lambda x, y: abs((_unit(x) * _unit(y)).sum(1))), diagnosis="c is what abs of sum(x * y) would give: one abs too many"),
    Mutant("cosine_similarity", "lengths added", "forward", cosine_similarity(
        cosine=lambda x, y: (x * y).sum(1) / (_length(x) + _length(y))[:, 0]), diagnosis="c is what |x| + |y| in place of |x| * |y| would give"),
    Mutant("cosine_similarity", "projected along the other", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * (v - c * v) / r), diagnosis="(all entries are wrong)"),
    Mutant("cosine_similarity", "c missing", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * (v - (u * u).sum(1, keepdims=True) * u) / r), diagnosis="in gx and gy, |x| * |y| stands where sum(x * y) should be"),
    Mutant("cosine_similarity", "own row for the other's", "gradient", cosine_similarity(gx=lambda gc, u, v, c, r: gc * (u - c * v) / r), diagnosis="(all entries are wrong)"),

    Mutant("info_nce_loss", "times the temperature", "forward", info_nce_loss(logits=lambda x, y, temperature: x @ y.T * temperature), diagnosis="l is what 1 / temperature in place of temperature would give"),
    Mutant("info_nce_loss", "temperature missing", "forward", info_nce_loss(logits=lambda x, y, temperature: x @ y.T), diagnosis="l is what temperature = 1 would give: temperature is not used"),
    Mutant("info_nce_loss", "a sum", "forward", info_nce_loss(loss=lambda z: -np.diag(_log_softmax(z)).sum()), diagnosis="l is N times too large: sum instead of mean?"),
    Mutant("info_nce_loss", "both directions", "forward", info_nce_loss(
        loss=lambda z: -(np.diag(_log_softmax(z)) + np.diag(_log_softmax(z.T))).mean() / 2), diagnosis="l is the mean of what it should be and of what you get with x and y exchanged"),
    Mutant("info_nce_loss", "softmax over the rows of x", "forward", info_nce_loss(loss=lambda z: -np.diag(_log_softmax(z, 0)).mean()), diagnosis="l is what you get with x and y exchanged"),
    Mutant("info_nce_loss", "the negatives only", "forward", info_nce_loss(
        loss=lambda z: (np.log((np.exp(z - z.max()) * (1 - np.eye(len(z)))).sum(1) + 1e-300) + z.max() - np.diag(z)).mean())),
    Mutant("info_nce_loss", "rows normalised", "forward", info_nce_loss(
        logits=lambda x, y, temperature: (x / (_length(x) + 1e-12)) @ (y / (_length(y) + 1e-12)).T / temperature), diagnosis="l is what x and y with rows of length 1 would give"),
    Mutant("info_nce_loss", "all entries averaged", "forward", info_nce_loss(loss=lambda z: -(_log_softmax(z) * np.eye(len(z), dtype=z.dtype)).mean()), diagnosis="l is N times too small: mean instead of sum?"),
    Mutant("info_nce_loss", "temperature missing in grad", "gradient", info_nce_loss(
        gx=lambda gz, x, y, temperature: gz @ y, gy=lambda gz, x, y, temperature: gz.T @ x), diagnosis="gx and gy are multiplied by temperature once too often"),
    Mutant("info_nce_loss", "temperature missing in gy", "gradient", info_nce_loss(gy=lambda gz, x, y, temperature: gz.T @ x), diagnosis="gy is multiplied by temperature once too often"),
    Mutant("info_nce_loss", "times the temperature in grad", "gradient", info_nce_loss(
        gx=lambda gz, x, y, temperature: gz @ y * temperature, gy=lambda gz, x, y, temperature: gz.T @ x * temperature), diagnosis="gx and gy are multiplied by temperature twice too often"),
    Mutant("info_nce_loss", "gy without the transpose", "gradient", info_nce_loss(gy=lambda gz, x, y, temperature: gz @ x / temperature), diagnosis="in gy, the gradient of x @ y.T is transposed in the product with x"),
    Mutant("info_nce_loss", "gy of its own row", "gradient", info_nce_loss(
        gy=lambda gz, x, y, temperature: np.diag(gz)[:, None] * x / temperature)),
    Mutant("info_nce_loss", "the positive pair only", "gradient", info_nce_loss(gz=lambda gl, z: -gl * np.eye(len(z), dtype=z.dtype) / len(z)), diagnosis="in gx and gy, logsumexp is treated as a constant"),
    Mutant("info_nce_loss", "the positive pair missing", "gradient", info_nce_loss(gz=lambda gl, z: gl * np.exp(_log_softmax(z)) / len(z)), diagnosis="in gx and gy, x @ y.T / temperature is treated as a constant: its own derivative is missing"),
    Mutant("info_nce_loss", "gy, gx", "gradient", info_nce_loss(grads=lambda gx, gy: (gy, gx)), diagnosis="gradients come in the order (gy, gx)"),
    Mutant("info_nce_loss", "gy missing", "gradient", info_nce_loss(grads=lambda gx, gy: (gx,)), diagnosis="gy is missing: grad returns only gx"),
    Mutant("info_nce_loss", "1/N missing", "gradient", info_nce_loss(
        gz=lambda gl, z: gl * (np.exp(_log_softmax(z)) - np.eye(len(z), dtype=z.dtype))), diagnosis="gx and gy are N times too large: sum instead of mean?"),
    Mutant("info_nce_loss", "gl ignored", "gradient", info_nce_loss(
        gz=lambda gl, z: (np.exp(_log_softmax(z)) - np.eye(len(z), dtype=z.dtype)) / len(z)), diagnosis="gx and gy are what gl = ones would give: gl is ignored"),
    Mutant("info_nce_loss", "subtracts in the saved softmax", "pure", _subtracts_in_the_diagonal, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("info_nce_loss", "maximum not subtracted", "stable", info_nce_loss(
        loss=lambda z: (np.log(np.exp(z).sum(1)) - np.diag(z)).mean()), diagnosis="the maximum is not subtracted before exp"),
    Mutant("info_nce_loss", "identity in float64", "stable", info_nce_loss(
        gz=lambda gl, z: gl * (np.exp(_log_softmax(z)) - np.eye(len(z))) / len(z)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("info_nce_loss", "1e-12 in the logarithm", "forward", info_nce_loss(loss=lambda z: -np.log(np.diag(_softmax(z)) + 1e-12).mean()), diagnosis="the logarithm is taken of the softmax plus 1e-12"),
    Mutant("info_nce_loss", "logarithm of the softmax", "stable", info_nce_loss(loss=lambda z: -np.log(np.diag(_softmax(z))).mean()), diagnosis="the logarithm is taken of a softmax"),
    Mutant("info_nce_loss", "distances for products", "forward", info_nce_loss(
        logits=lambda x, y, temperature: -((x[:, None] - y) ** 2).sum(-1) / temperature), diagnosis="l is that of the rows' squared distances, where their products are due"),
    Mutant("info_nce_loss", "the pairs' own gradient only", "gradient", info_nce_loss(
        gz=lambda gl, z: gl * np.diag(np.diag(_softmax(z)) - 1) / len(z)), diagnosis="; gy is wrong too"),
    Mutant("info_nce_loss", "own rows for the other's", "gradient", info_nce_loss(
        gx=lambda gz, x, y, temperature: gz @ x / temperature, gy=lambda gz, x, y, temperature: gz.T @ y / temperature), diagnosis="in gx, x.T stands where y.T should be in x @ y.T"),
]
# fmt: on


def _huber_entry_by_entry(x, y, delta):
    total, slope = 0.0, np.empty_like(x)
    for at in np.ndindex(x.shape):
        d = float(x[at] - y[at])
        total += d * d / 2 if abs(d) < delta else delta * (abs(d) - delta / 2)
        slope[at] = d if abs(d) < delta else math.copysign(delta, d)
    return x.dtype.type(total / x.size), lambda gl: gl * slope / x.size


def _huber_of_two_parts(x, y, delta):
    """A parabola of what lies inside, and a slope times what lies beyond."""
    far = abs(x - y)
    near = np.minimum(far, delta)
    return (near**2 / 2 + delta * (far - near)).mean(), lambda gl: gl / x.size * near * np.sign(x - y)


def _huber_by_masks(x, y, delta):
    d = np.atleast_1d(x - y)
    inside, values, slope = abs(d) < delta, np.empty_like(d), np.empty_like(d)
    values[inside], slope[inside] = d[inside] ** 2 / 2, d[inside]
    values[~inside], slope[~inside] = delta * abs(d[~inside]) - delta**2 / 2, delta * np.sign(d[~inside])
    return values.mean(), lambda gl: (gl * slope / d.size).reshape(x.shape)


def _hinge_pair_by_pair(scores, labels, margin):
    n, c = scores.shape
    total, slope = scores.dtype.type(0), np.zeros_like(scores)
    for i in range(n):
        for j in range(c):
            violation = margin - scores[i, labels[i]] + scores[i, j]
            if j != labels[i] and violation > 0:
                total += violation
                slope[i, j] += 1
                slope[i, labels[i]] -= 1
    return total / (n * c), lambda gl: gl * slope / (n * c)


def _hinge_of_differences(scores, labels, margin):
    """The loss is a function of the differences d = scores S, one matrix S an example."""
    n, c = scores.shape
    one_hot = _one_hot(scores, labels)
    difference = np.eye(c, dtype=scores.dtype) - one_hot[:, :, None]  # S[i,k,j] = [k = j] - [k = labels[i]]
    v = np.einsum("ik,ikj->ij", scores, difference) + margin * (1 - one_hot)
    return np.maximum(v, 0).sum() / (n * c), lambda gl: np.einsum("ij,ikj->ik", gl * (v > 0) / (n * c), difference)


def _hinge_along_axis(scores, labels, margin):
    at = labels[:, None]
    v = scores - np.take_along_axis(scores, at, 1) + margin
    np.put_along_axis(v, at, -1, 1)

    def grad(gl):
        gscores = np.where(v > 0, gl / v.size, 0).astype(v.dtype)
        np.subtract.at(gscores, (np.arange(len(v)), labels), gscores.sum(1))
        return gscores

    return v.clip(0).mean(), grad


def _uneven(violation):
    """Any weight between 0 and 1 at the hinge, another for each entry."""
    weights = np.random.default_rng(violation.size).random(violation.shape)
    return np.where(violation == 0, weights, violation > 0)


def _bce_entry_by_entry(z, t):
    def one(z, t):
        e = math.exp(-abs(z))
        s = 1 / (1 + e) if z >= 0 else e / (1 + e)
        return max(z, 0) - z * t + math.log1p(e), s - t

    both = np.array([one(*pair) for pair in zip(z.ravel().tolist(), t.ravel().tolist(), strict=True)], z.dtype)
    return both[:, 0].mean(), lambda gl: gl * both[:, 1].reshape(z.shape) / z.size


def _bce_by_sides(z, t):
    e = np.exp(-abs(z))
    likely, unlikely = 1 / (1 + e), e / (1 + e)
    loss = np.where(z > 0, z * (1 - t), -z * t) + np.log1p(e)
    return loss.sum() / loss.size, lambda gl: gl / z.size * (np.where(z > 0, likely, unlikely) - t)


def _bce_of_two_classes(z, t):
    """A softmax of the two logits 0 and z."""
    log_p = _log_softmax(np.stack([np.zeros_like(z), z], -1))
    target = np.stack([1 - t, t], -1)
    return -(target * log_p).sum(-1).mean(), lambda gl: (gl * (np.exp(log_p) - target) / z.size)[..., 1]


def _ce_row_by_row(logits, labels):
    loss, slope = logits.dtype.type(0), np.empty_like(logits)
    for i, label in enumerate(labels):
        shifted = logits[i] - logits[i].max()
        log_sum = np.log(np.exp(shifted).sum())
        loss += log_sum - shifted[label]
        slope[i] = np.exp(shifted - log_sum)
        slope[i, label] -= 1
    return loss / len(labels), lambda gl: gl * slope / len(labels)


def _ce_of_steps(logits, labels):
    """Backward through the mean, the label's entry and log_softmax, one after another."""
    log_p = _log_softmax(logits)

    def grad(gl):
        glog_p = -gl / len(logits) * _one_hot(logits, labels)
        return glog_p - np.exp(log_p) * glog_p.sum(1, keepdims=True)

    return np.einsum("ij,ij->", -log_p / len(logits), _one_hot(logits, labels)), grad


def _ce_of_differences(logits, labels):
    """log sum exp of the differences to the label's logit."""
    at = labels[:, None]
    log_sum = np.logaddexp.reduce(logits - np.take_along_axis(logits, at, 1), axis=1, keepdims=True)

    def grad(gl):
        p = np.exp(logits - np.take_along_axis(logits, at, 1) - log_sum)
        np.put_along_axis(p, at, np.take_along_axis(p, at, 1) - 1, 1)
        return p * (gl / len(p))

    return log_sum.mean(), grad


def _ce_without_cancelling(logits, labels):
    """The label's entry is minus the sum of the others."""
    log_p, rows = _log_softmax(logits), np.arange(len(labels))

    def grad(gl):
        p = np.exp(log_p)
        p[rows, labels] = 0
        p[rows, labels] = -p.sum(1)
        return gl / len(p) * p

    return (-log_p[rows, labels]).sum() / len(rows), grad


def _kl_entry_by_entry(log_q, p):
    terms = [a * (math.log(a) - b) for a, b in zip(p.ravel().tolist(), log_q.ravel().tolist(), strict=True) if a > 0]
    slope = np.array([-a / len(p) for a in p.ravel().tolist()], p.dtype).reshape(p.shape)
    return log_q.dtype.type(math.fsum(terms) / len(p)), lambda gl: gl * slope


def _kl_of_what_is_there(log_q, p):
    there = p > 0
    return (p[there] * (np.log(p[there]) - log_q[there])).sum() / len(p), lambda gl: np.where(
        there, -gl / len(p) * p, 0
    )


def _kl_silenced(log_q, p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(p * np.log(p)).sum(1).mean() - (p * log_q).sum(1).mean()


def _cosine_by_quotient(x, y):
    """The quotient rule on the whole fraction."""
    dot, xx, yy = ((a * b).sum(1, keepdims=True) for a, b in ((x, y), (x, x), (y, y)))
    length = np.sqrt(xx) * np.sqrt(yy)

    def grad(gc):
        g = gc[:, None] / length
        return g * y - g * dot / xx * x, g * x - g * dot / yy * y

    return (dot / length)[:, 0], grad


def _cosine_by_einsum(x, y):
    u, v = x / np.linalg.norm(x, axis=1, keepdims=True), y / np.linalg.norm(y, axis=1, keepdims=True)
    c = np.einsum("nd,nd->n", u, v)

    def one(gc, a, b, length):
        return np.einsum("n,nd->nd", gc / length, b) - np.einsum("n,n,nd->nd", gc / length, c, a)

    return c, lambda gc: [
        one(gc, u, v, np.linalg.norm(x, axis=1)),
        one(gc, v, u, np.linalg.norm(y, axis=1)),
    ]


def _cosine_by_projectors(x, y):
    """The Jacobian of a direction, written out: (1 - u u^T) / r."""
    one = np.eye(x.shape[1], dtype=x.dtype)

    def through(g, z):
        u = _unit(z)
        return np.einsum("nk,nkd->nd", g, one - u[:, :, None] * u[:, None]) / _length(z)

    return np.diag(_unit(x) @ _unit(y).T).copy(), lambda gc: (
        through(gc[:, None] * _unit(y), x),
        through(gc[:, None] * _unit(x), y),
    )


def _cosine_row_by_row(x, y):
    rows = [(a / np.sqrt(a @ a), b / np.sqrt(b @ b)) for a, b in zip(x, y, strict=True)]

    def grad(gc):
        gx, gy = np.empty_like(x), np.empty_like(y)
        for i, (u, v) in enumerate(rows):
            gx[i] = gc[i] * (v - (u @ v) * u) / np.sqrt(x[i] @ x[i])
            gy[i] = gc[i] * (u - (u @ v) * v) / np.sqrt(y[i] @ y[i])
        return gx, gy

    return np.array([u @ v for u, v in rows], x.dtype), grad


def _info_nce_by_einsum(x, y, temperature):
    z = np.einsum("id,jd->ij", x, y) / temperature
    log_sum = np.logaddexp.reduce(z, axis=1, keepdims=True)

    def grad(gl):
        p = np.exp(z - log_sum) * (gl / temperature / len(z))
        own = gl / temperature / len(z)
        return np.einsum("ij,jd->id", p, y) - own * y, np.einsum("ij,id->jd", p, x) - own * x

    return (log_sum[:, 0] - np.einsum("ii->i", z)).mean(), grad


def _info_nce_scaled_first(x, y, temperature):
    """x divided by the temperature once, and its gradient at the end."""
    xs = x / temperature
    z = xs @ y.T
    log_p, n = _log_softmax(z), len(z)

    def grad(gl):
        gz = np.exp(log_p)
        gz.flat[:: n + 1] -= 1
        gz *= gl / n
        return [gz @ y / temperature, gz.T @ xs]

    return -np.trace(log_p) / n, grad


def _info_nce_row_by_row(x, y, temperature):
    n, loss = len(x), x.dtype.type(0)
    p = []
    for i in range(n):
        log_p = _log_softmax(y @ x[i] / temperature)
        loss -= log_p[i] / n
        p.append(np.exp(log_p))

    def grad(gl):
        gx, gy = np.zeros_like(x), np.zeros_like(y)
        for i in range(n):
            for j in range(n):
                gz = gl * (p[i][j] - (i == j)) / n / temperature
                gx[i] += gz * y[j]
                gy[j] += gz * x[i]
        return gx, gy

    return loss, grad


# fmt: off
RIGHT = [
    Alternative("mean_square_error", "vdot", mean_square_error(
        loss=lambda x, y: np.vdot(x - y, x - y) / x.size, gx=lambda gl, x, y: (x - y) * (2 * gl / x.size))),
    Alternative("mean_square_error", "axis by axis", mean_square_error(
        loss=lambda x, y: np.square(x - y).reshape(len(np.atleast_1d(x)), -1).mean(1).mean())),
    Alternative("mean_square_error", "averages weights", mean_square_error(
        loss=lambda x, y: np.average(abs(x - y) ** 2), gx=lambda gl, x, y: np.full_like(x, gl / x.size) * 2 * (x - y))),
    Alternative("mean_square_error", "fsum", mean_square_error(
        loss=lambda x, y: x.dtype.type(math.fsum(v * v for v in (x - y).ravel().tolist()) / x.size)), slow=True),

    Alternative("huber_loss", "by pieces", huber_loss()),
    Alternative("huber_loss", "of two parts", _huber_of_two_parts),
    Alternative("huber_loss", "by masks", _huber_by_masks),
    Alternative("huber_loss", "entry by entry", _huber_entry_by_entry, slow=True),

    Alternative("hinge_loss", "no weight at the hinge", hinge_loss()),
    Alternative("hinge_loss", "full weight at the hinge", hinge_loss(marks=lambda v: v >= 0, label=_but_its_own)),
    Alternative("hinge_loss", "any weight at the hinge", hinge_loss(marks=_uneven, label=_but_its_own)),
    Alternative("hinge_loss", "pair by pair", _hinge_pair_by_pair, slow=True),
    Alternative("hinge_loss", "matrices of differences", _hinge_of_differences, slow=True),
    Alternative("hinge_loss", "take_along_axis", _hinge_along_axis),

    Alternative("binary_cross_entropy_with_logits", "the usual stable form", binary_cross_entropy_with_logits()),
    Alternative("binary_cross_entropy_with_logits", "by sides", _bce_by_sides),
    Alternative("binary_cross_entropy_with_logits", "softmax of two classes", _bce_of_two_classes),
    Alternative("binary_cross_entropy_with_logits", "logaddexp and tanh", binary_cross_entropy_with_logits(
        loss=lambda z, t: np.mean(np.logaddexp(0, z) - z * t), glogits=lambda gl, z, t: gl * ((1 + np.tanh(z / 2)) / 2 - t) / z.size)),
    Alternative("binary_cross_entropy_with_logits", "entry by entry", _bce_entry_by_entry, slow=True),

    Alternative("cross_entropy", "one-hot", cross_entropy()),
    Alternative("cross_entropy", "through log_softmax", _ce_of_steps),
    Alternative("cross_entropy", "differences to the label", _ce_of_differences),
    Alternative("cross_entropy", "without cancelling", _ce_without_cancelling),
    Alternative("cross_entropy", "row by row", _ce_row_by_row, slow=True),

    Alternative("kl_divergence", "1 added to zeros", kl_divergence()),
    Alternative("kl_divergence", "only where p is not 0", _kl_of_what_is_there),
    Alternative("kl_divergence", "log 0 silenced", kl_divergence(loss=_kl_silenced)),
    Alternative("kl_divergence", "maximum with the smallest number", kl_divergence(
        loss=lambda q, p: np.einsum("ij,ij->", p, np.log(np.maximum(p, np.finfo(p.dtype).tiny)) - q) / len(p),
        glog_q=lambda gl, q, p: p * (gl / -len(p)))),
    Alternative("kl_divergence", "entry by entry", _kl_entry_by_entry, slow=True),

    Alternative("cosine_similarity", "quotient rule", _cosine_by_quotient),
    Alternative("cosine_similarity", "einsum", _cosine_by_einsum),
    Alternative("cosine_similarity", "projectors", _cosine_by_projectors, slow=True),
    Alternative("cosine_similarity", "row by row", _cosine_row_by_row, slow=True),

    Alternative("info_nce_loss", "monolithic", info_nce_loss()),
    Alternative("info_nce_loss", "einsum and logaddexp", _info_nce_by_einsum),
    Alternative("info_nce_loss", "scaled first", _info_nce_scaled_first),
    Alternative("info_nce_loss", "pair by pair", _info_nce_row_by_row, slow=True),
]

SLOW: list[Alternative] = []
# fmt: on
