"""Level 5: known wrong and known right implementations of normalization, and of dropout.

An operation is built of named parts, computed one after another, forward and then backward. A part gets `v`, which holds
the inputs and all that was computed before it; a row gives other parts, or further ones. s is what x - mu, or x, is
divided by, z is the quotient. The parts of group_norm that are called rows see x as (N, groups, entries of a group).
"""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from tests.mutants import Alternative, Mutant, Stateful, built

batch_norm = built(
    "x gamma beta eps",
    "gx ggamma gbeta",
    mu=lambda v: v.x.mean(0),
    c=lambda v: v.x - v.mu,
    var=lambda v: (v.c**2).mean(0),
    s=lambda v: np.sqrt(v.var + v.eps),
    z=lambda v: v.c / v.s,
    y=lambda v: v.gamma * v.z + v.beta,
    gz=lambda v: v.gy * v.gamma,
    g_mu=lambda v: v.gz.mean(0),
    g_var=lambda v: v.z * (v.gz * v.z).mean(0),
    gx=lambda v: (v.gz - v.g_mu - v.g_var) / v.s,
    ggamma=lambda v: (v.gy * v.z).sum(0, keepdims=True),
    gbeta=lambda v: v.gy.sum(0, keepdims=True),
)

layer_norm = built(
    "x gamma beta eps",
    "gx ggamma gbeta",
    mu=lambda v: _row_mean(v.x),
    c=lambda v: v.x - v.mu,
    var=lambda v: _row_mean(v.c**2),
    s=lambda v: np.sqrt(v.var + v.eps),
    z=lambda v: v.c / v.s,
    y=lambda v: v.gamma * v.z + v.beta,
    gz=lambda v: v.gy * v.gamma,
    g_mu=lambda v: _row_mean(v.gz),
    g_var=lambda v: v.z * _row_mean(v.gz * v.z),
    gx=lambda v: (v.gz - v.g_mu - v.g_var) / v.s,
    ggamma=lambda v: _row_sum(v.gy * v.z),
    gbeta=lambda v: _row_sum(v.gy),
)

rms_norm = built(
    "x gamma eps",
    "gx ggamma",
    s=lambda v: np.sqrt(_row_mean(v.x**2) + v.eps),
    z=lambda v: v.x / v.s,
    y=lambda v: v.gamma * v.z,
    gz=lambda v: v.gy * v.gamma,
    g_s=lambda v: v.z * _row_mean(v.gz * v.z),
    gx=lambda v: (v.gz - v.g_s) / v.s,
    ggamma=lambda v: _row_sum(v.gy * v.z),
)

group_norm = built(
    "x gamma beta groups eps",
    "gx ggamma gbeta",
    rows=lambda v: v.x.reshape(len(v.x), v.groups, -1),
    mu=lambda v: _row_mean(v.rows),
    c=lambda v: v.rows - v.mu,
    var=lambda v: _row_mean(v.c**2),
    s=lambda v: np.sqrt(v.var + v.eps),
    z_rows=lambda v: v.c / v.s,
    z=lambda v: v.z_rows.reshape(v.x.shape),
    y=lambda v: v.gamma[:, None] * v.z + v.beta[:, None],
    gz=lambda v: v.gy * v.gamma[:, None],
    gz_rows=lambda v: v.gz.reshape(v.rows.shape),
    g_mu=lambda v: _row_mean(v.gz_rows),
    g_var=lambda v: v.z_rows * _row_mean(v.gz_rows * v.z_rows),
    gx=lambda v: ((v.gz_rows - v.g_mu - v.g_var) / v.s).reshape(v.x.shape),
    ggamma=lambda v: (v.gy * v.z).sum((0, 2)),
    gbeta=lambda v: v.gy.sum((0, 2)),
)

l2_normalize = built(
    "x eps",
    "gx",
    r=lambda v: np.sqrt((v.x**2).sum(-1, keepdims=True)),
    s=lambda v: np.maximum(v.r, v.eps),
    y=lambda v: v.x / v.s,
    g_along=lambda v: np.where(v.r > v.eps, v.y * (v.gy * v.y).sum(-1, keepdims=True), 0),
    gx=lambda v: (v.gy - v.g_along) / v.s,
)

dropout = built(
    "x mask p",
    "gx",
    y=lambda v: np.where(v.mask, v.x / (1 - v.p), 0),
    gx=lambda v: np.where(v.mask, v.gy / (1 - v.p), 0),
)


def _row_mean(array):
    """The mean of each row, along the last axis, which stays."""
    return array.mean(-1, keepdims=True)


def _row_sum(array):
    """The sum of all rows: over all axes but the last."""
    return array.sum(tuple(range(array.ndim - 1)))


def _zero(v):
    return 0


def _into(array, value):
    array[...] = value
    return array


def _only_diagonal(size: str) -> Callable:
    """A gx of the Jacobian's diagonal alone; `size(v)` entries are normalized together."""
    return lambda v: v.gz * (1 - (1 + v.z**2) / size(v)) / v.s


def _without_eps(v):
    """gx of a scale that is computed again, and without eps."""
    s = np.sqrt(np.maximum(v.var, 1e-30))
    z = v.c / s
    return (v.gz - v.g_mu - z * (v.gz * z).mean(0)) / s


def _transposed_to_groups(v):
    """Every groups-th channel is a row: channels i, i + groups, ..."""
    n, c, length = v.x.shape
    return v.x.reshape(n, c // v.groups, v.groups, length).swapaxes(1, 2).reshape(n, v.groups, -1)


def _back_from_groups(v, array):
    n, c, length = v.x.shape
    return array.reshape(n, v.groups, c // v.groups, length).swapaxes(1, 2).reshape(v.x.shape)


def _running(momentum: float) -> Callable:
    """Normalizes by averages over all calls so far, as at test time."""

    def make():
        average = {}

        def kept(name, new):
            old = average.get((name, new.shape), new)
            average[name, new.shape] = momentum * old + (1 - momentum) * new
            return average[name, new.shape]

        return batch_norm(mu=lambda v: kept("mu", v.x.mean(0)), var=lambda v: kept("var", v.x.var(0)))

    return make


def _by_shape() -> Callable:
    """Computes y once for inputs of a shape."""
    known = {}
    return rms_norm(y=lambda v: known.setdefault(v.x.shape, v.gamma * v.z))


def _mask_of_last_call() -> Callable:
    """Keeps the mask in one place for all calls."""
    saved = {}

    def y(v):
        saved["mask"] = v.mask
        return v.x * v.mask / (1 - v.p)

    return dropout(y=y, gx=lambda v: v.gy * saved["mask"] / (1 - v.p) if saved["mask"].shape == v.gy.shape else v.gy)


def _grad_of_last_call() -> Callable:
    """Keeps what backward needs in one place for all calls with inputs of a shape."""
    saved = {}

    def operation(x, gamma, beta, eps):
        y, saved[x.shape] = layer_norm()(x, gamma, beta, eps)
        return y, lambda gy: saved[x.shape](gy)

    return operation


def _in_one_buffer() -> Callable:
    buffers = {}

    def y(v):
        return np.divide(v.x, v.s, out=buffers.setdefault((v.x.shape, v.x.dtype), np.empty_like(v.x)))

    return l2_normalize(
        y=y, g_along=lambda v: np.where(v.r > v.eps, v.x / v.s**2 * (v.gy * v.x).sum(-1, keepdims=True), 0)
    )


def _gradient_accumulated(x, gamma, beta, eps):
    """Adds ggamma up in a buffer of the call, as .grad does."""
    y, grad = layer_norm()(x, gamma, beta, eps)
    total = np.zeros_like(gamma)

    def accumulating(gy):
        nonlocal total
        gx, ggamma, gbeta = grad(gy)
        total = total + ggamma
        return gx, total, gbeta

    return y, accumulating


def _gz_in_gy(v):
    v.kept = v.gy.copy()
    return np.multiply(v.gy, v.gamma, out=v.gy)


def _written_through_a_view(v):
    """Fills y by a view of it in rows, which is a copy where y is not in C order."""
    z = np.zeros_like(v.x)
    z.reshape(v.rows.shape)[...] = v.c / v.s
    return z


def _masked_through_a_view(v):
    """Sets entries of a flat view of gx, which is a copy where gx is not in C order."""
    gx = np.array(v.gy / (1 - v.p), order="A")
    gx.reshape(-1)[~v.mask.reshape(-1)] = 0
    return gx


def _but_the_first(array):
    """The axes behind the first, which are normalized together in images."""
    return tuple(range(1, array.ndim)) or (0,)


def _drawn(v):
    """A mask of its own, other than the one that is given."""
    return v.x * (np.random.random(v.x.shape) >= v.p) / (1 - v.p)


def _dropped_by_index(v):
    """Sets entries of a quotient, which is no array where x is a number."""
    y = v.x / (1 - v.p)
    y[~v.mask] = 0
    return y


# fmt: off
WRONG = [
    Mutant("batch_norm", "statistics of each row", "forward", batch_norm(mu=lambda v: _row_mean(v.x), var=lambda v: _row_mean(v.c**2)), diagnosis="y is what you get with the mean and the variance over axis 1, but should be with the mean and the variance over axis 0"),
    Mutant("batch_norm", "statistics of everything", "forward", batch_norm(mu=lambda v: v.x.mean(), var=lambda v: (v.c**2).mean()), diagnosis="y is what you get with the mean and the variance over everything, but should be with the mean and the variance over axis 0"),
    Mutant("batch_norm", "sample variance", "forward", batch_norm(var=lambda v: (v.c**2).sum(0) / max(len(v.x) - 1, 1)), diagnosis="y is what the variance of a sample would give, divided by n - 1"),
    Mutant("batch_norm", "sample variance, not a number for a batch of one", "forward", batch_norm(var=lambda v: v.x.var(0, ddof=1)), diagnosis="y is what the variance of a sample would give, divided by n - 1"),
    Mutant("batch_norm", "eps outside the root", "forward", batch_norm(s=lambda v: np.sqrt(v.var) + v.eps), diagnosis="y is what sqrt before the addition would give: the order is wrong"),
    Mutant("batch_norm", "eps missing", "forward", batch_norm(s=lambda v: np.sqrt(v.var)), diagnosis="y is what eps = 0 would give: eps is not used"),
    Mutant("batch_norm", "divided by the variance", "forward", batch_norm(s=lambda v: v.var + v.eps), diagnosis="y is what leaving out sqrt would give: sqrt is missing"),
    Mutant("batch_norm", "mean not subtracted", "forward", batch_norm(z=lambda v: v.x / v.s), diagnosis="y is what the mean = 0 would give: the mean is left out"),
    Mutant("batch_norm", "gamma missing", "forward", batch_norm(y=lambda v: v.z + v.beta), diagnosis="y is what gamma = 1 would give: gamma is not used"),
    Mutant("batch_norm", "beta missing", "forward", batch_norm(y=lambda v: v.gamma * v.z), diagnosis="y is what beta = 0 would give: beta is not used"),
    Mutant("batch_norm", "running averages", "forward", Stateful(_running(0.9)), diagnosis="y is another one when the same inputs are given again: is it random, or kept from an earlier call?"),
    Mutant("batch_norm", "mean constant", "gradient", batch_norm(g_mu=_zero), diagnosis="in gx, the mean is treated as a constant: it depends on x too"),
    Mutant("batch_norm", "variance constant", "gradient", batch_norm(g_var=_zero), diagnosis="in gx, the variance is treated as a constant: it depends on x too"),
    Mutant("batch_norm", "mean and variance constant", "gradient", batch_norm(g_mu=_zero, g_var=_zero), diagnosis="in gx, the mean and the variance are treated as constants: they depend on x too"),
    Mutant("batch_norm", "only the diagonal", "gradient", batch_norm(gx=_only_diagonal(lambda v: len(v.x))), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("batch_norm", "variance's term added", "gradient", batch_norm(gx=lambda v: (v.gz - v.g_mu + v.g_var) / v.s), diagnosis="in gx, the term that comes through the variance has the wrong sign"),
    Mutant("batch_norm", "sums for means on the paths", "gradient", batch_norm(
        g_mu=lambda v: v.gz.sum(0), g_var=lambda v: v.z * (v.gz * v.z).sum(0)), diagnosis="in gx, the terms of the mean and the variance are n times too large, n the number of entries that they are over: sum instead of mean?"),
    Mutant("batch_norm", "means over the features on the paths", "gradient", batch_norm(
        g_mu=lambda v: _row_mean(v.gz), g_var=lambda v: v.z * _row_mean(v.gz * v.z))),
    Mutant("batch_norm", "not divided by s", "gradient", batch_norm(gx=lambda v: v.gz - v.g_mu - v.g_var), diagnosis="gx is not divided by sqrt(var(x) + eps), as y is"),
    Mutant("batch_norm", "divided by s squared", "gradient", batch_norm(gx=lambda v: (v.gz - v.g_mu - v.g_var) / v.s**2), diagnosis="gx is divided by sqrt(var(x) + eps) once too often"),
    Mutant("batch_norm", "gamma missing in gx", "gradient", batch_norm(gz=lambda v: v.gy), diagnosis="gx is what gamma = 1 would give: gamma is not used"),
    Mutant("batch_norm", "eps missing in gx", "gradient", batch_norm(gx=_without_eps), diagnosis="gx is what eps = 0 would give: eps is not used"),
    Mutant("batch_norm", "c for z on the variance's path", "gradient", batch_norm(g_var=lambda v: v.c * (v.gz * v.c).mean(0)), diagnosis="in gx, the term that comes through the variance should be divided by sqrt(var(x) + eps) twice more"),
    Mutant("batch_norm", "ggamma not summed", "gradient", batch_norm(ggamma=lambda v: v.gy * v.z), diagnosis="ggamma is not summed over axis 0"),
    Mutant("batch_norm", "ggamma lost its axis", "gradient", batch_norm(ggamma=lambda v: (v.gy * v.z).sum(0)), diagnosis="ggamma is right but for the shape: an axis of length 1 is lost"),
    Mutant("batch_norm", "ggamma of x", "gradient", batch_norm(ggamma=lambda v: (v.gy * v.x).sum(0, keepdims=True)), diagnosis="in ggamma, x stands where (x - mean(x)) / sqrt(var(x) + eps) should be"),
    Mutant("batch_norm", "ggamma of y", "gradient", batch_norm(ggamma=lambda v: (v.gy * v.y).sum(0, keepdims=True)), diagnosis="in ggamma, y stands where (x - mean(x)) / sqrt(var(x) + eps) should be"),
    Mutant("batch_norm", "gbeta a mean", "gradient", batch_norm(gbeta=lambda v: v.gy.mean(0, keepdims=True)), diagnosis="gbeta is N times too small: mean instead of sum?"),
    Mutant("batch_norm", "gx, gbeta, ggamma", "gradient", batch_norm(grads="gx gbeta ggamma"), diagnosis="gradients come in the order (gx, gbeta, ggamma)"),
    Mutant("batch_norm", "centred in place", "pure", batch_norm(c=lambda v: np.subtract(v.x, v.mu, out=v.x)), diagnosis="forward changes x in place"),
    Mutant("batch_norm", "gz in place", "pure", batch_norm(
        gz=_gz_in_gy, ggamma=lambda v: (v.kept * v.z).sum(0, keepdims=True), gbeta=lambda v: v.kept.sum(0, keepdims=True)), diagnosis="grad changes gy in place"),
    Mutant("batch_norm", "mean of squares less square of mean", "stable", batch_norm(
        var=lambda v: np.maximum((v.x**2).mean(0) - v.mu**2, 0)), diagnosis="the variance is E[x^2] - E[x]^2"),
    Mutant("batch_norm", "eps an array of float64", "stable", batch_norm(s=lambda v: np.sqrt(v.var + np.array([v.eps]))), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("batch_norm", "mean of squares less square of mean, below 0", "stable", batch_norm(var=lambda v: (v.x**2).mean(0) - v.mu**2), diagnosis="the variance is E[x^2] - E[x]^2"),
    Mutant("batch_norm", "eps a floor of the variance", "forward", batch_norm(s=lambda v: np.sqrt(np.maximum(v.var, v.eps))), diagnosis="y is what max(var(x), eps) in place of var(x) + eps would give"),
    Mutant("batch_norm", "eps in and outside the root", "forward", batch_norm(s=lambda v: np.sqrt(v.var + v.eps) + v.eps), diagnosis="y is wrong only where N > 1"),
    Mutant("batch_norm", "eps outside the root in gx", "gradient", batch_norm(gx=lambda v: (v.gz - v.g_mu - v.g_var) / (np.sqrt(v.var) + v.eps)), diagnosis="gx is off by a factor that is constant along axis -2"),
    Mutant("batch_norm", "gamma on the paths only", "gradient", batch_norm(gx=lambda v: (v.gy - v.g_mu - v.g_var) / v.s), diagnosis="in gx, gamma is in the terms that come through the mean and the variance only, but is missing in the rest"),
    Mutant("batch_norm", "N forgotten in front of gy", "gradient", batch_norm(gx=lambda v: (v.gz / len(v.x) - v.g_mu - v.g_var) / v.s), diagnosis="in gx, the term that comes through x in x - mean(x) is N times too small: mean instead of sum?"),
    Mutant("batch_norm", "N - 1 on the variance's path", "gradient", batch_norm(g_var=lambda v: v.z * (v.gz * v.z).sum(0) / max(len(v.x) - 1, 1)), diagnosis="in gx, the term that comes through the variance has a wrong factor, the same all along its axis"),
    Mutant("batch_norm", "x for z on the variance's path", "gradient", batch_norm(g_var=lambda v: v.z * (v.gz * v.x).mean(0)), diagnosis="in gx, the term that comes through the variance has a wrong factor, the same all along its axis"),
    Mutant("batch_norm", "gbeta with gamma", "gradient", batch_norm(gbeta=lambda v: v.gz.sum(0, keepdims=True)), diagnosis="in gbeta, the term that comes through beta has the factor gamma once too often"),

    Mutant("layer_norm", "statistics over the first axis", "forward", layer_norm(
        mu=lambda v: v.x.mean(0), var=lambda v: (v.c**2).mean(0)), diagnosis="y is what you get with the mean and the variance over axis 0, but should be with the mean and the variance over the last axis"),
    Mutant("layer_norm", "statistics of everything", "forward", layer_norm(mu=lambda v: v.x.mean(), var=lambda v: (v.c**2).mean()), diagnosis="y is what you get with the mean and the variance over everything, but should be with the mean and the variance over the last axis"),
    Mutant("layer_norm", "sample variance", "forward", layer_norm(
        var=lambda v: (v.c**2).sum(-1, keepdims=True) / max(v.x.shape[-1] - 1, 1)), diagnosis="y is what the variance of a sample would give, divided by n - 1"),
    Mutant("layer_norm", "eps outside the root", "forward", layer_norm(s=lambda v: np.sqrt(v.var) + v.eps), diagnosis="y is what sqrt before the addition would give: the order is wrong"),
    Mutant("layer_norm", "root missing", "forward", layer_norm(s=lambda v: v.var + v.eps), diagnosis="y is what leaving out sqrt would give: sqrt is missing"),
    Mutant("layer_norm", "beta scaled too", "forward", layer_norm(y=lambda v: v.gamma * (v.z + v.beta)), diagnosis="y is off by a term that is constant along axis -2"),
    Mutant("layer_norm", "mean not subtracted", "forward", layer_norm(c=lambda v: v.x)),
    Mutant("layer_norm", "eps squared", "forward", layer_norm(s=lambda v: np.sqrt(v.var + v.eps**2)), diagnosis="y is what eps**2 in place of eps would give"),
    Mutant("layer_norm", "mean constant", "gradient", layer_norm(g_mu=_zero), diagnosis="in gx, the mean is treated as a constant: it depends on x too"),
    Mutant("layer_norm", "variance constant", "gradient", layer_norm(g_var=_zero), diagnosis="in gx, the variance is treated as a constant: it depends on x too"),
    Mutant("layer_norm", "mean and variance constant", "gradient", layer_norm(g_mu=_zero, g_var=_zero), diagnosis="in gx, the mean and the variance are treated as constants: they depend on x too"),
    Mutant("layer_norm", "only the diagonal", "gradient", layer_norm(gx=_only_diagonal(lambda v: v.x.shape[-1])), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("layer_norm", "gamma outside the means", "gradient", layer_norm(
        gz=lambda v: v.gy, gx=lambda v: v.gamma * (v.gy - v.g_mu - v.g_var) / v.s), diagnosis="in gx, gamma multiplies at the end, after the sums, but belongs inside them: multiply gy by gamma first"),
    Mutant("layer_norm", "gamma missing in gx", "gradient", layer_norm(gz=lambda v: v.gy), diagnosis="gx is what gamma = 1 would give: gamma is not used"),
    Mutant("layer_norm", "sum for mean on the mean's path", "gradient", layer_norm(g_mu=lambda v: v.gz.sum(-1, keepdims=True)), diagnosis="in gx, the term that comes through the mean is n times too large, n the number of entries that it is over: sum instead of mean?"),
    Mutant("layer_norm", "sum for mean on the variance's path", "gradient", layer_norm(
        g_var=lambda v: v.z * (v.gz * v.z).sum(-1, keepdims=True)), diagnosis="in gx, the term that comes through the variance is n times too large, n the number of entries that it is over: sum instead of mean?"),
    Mutant("layer_norm", "twice the variance's term", "gradient", layer_norm(g_var=lambda v: 2 * v.z * _row_mean(v.gz * v.z)), diagnosis="in gx, the term that comes through the variance is twice what it should be"),
    Mutant("layer_norm", "scale of y, gamma included, on the variance's path", "gradient", layer_norm(
        g_var=lambda v: v.gamma * v.z * _row_mean(v.gz * v.z)), diagnosis="in gx, the term that comes through the variance has the factor gamma once too often"),
    Mutant("layer_norm", "statistics over the first axis in gx", "gradient", layer_norm(
        g_mu=lambda v: v.gz.mean(0), g_var=lambda v: v.z * (v.gz * v.z).mean(0)), diagnosis="gx is wrong only where x has more than 1 dimension"),
    Mutant("layer_norm", "ggamma not summed", "gradient", layer_norm(ggamma=lambda v: v.gy * v.z), diagnosis="ggamma is not summed over axes 0 and 1"),
    Mutant("layer_norm", "ggamma summed over the first axis only", "gradient", layer_norm(ggamma=lambda v: (v.gy * v.z).sum(0)), diagnosis="in ggamma, only axis 0 is summed, but all leading axes are due"),
    Mutant("layer_norm", "ggamma of x", "gradient", layer_norm(ggamma=lambda v: _row_sum(v.gy * v.x)), diagnosis="in ggamma, x stands where (x - mean(x)) / sqrt(var(x) + eps) should be"),
    Mutant("layer_norm", "ggamma a mean over the rows", "gradient", layer_norm(
        ggamma=lambda v: _row_sum(v.gy * v.z) / (v.x.size // v.x.shape[-1])), diagnosis="in ggamma, contributions are averaged, but they add up"),
    Mutant("layer_norm", "gbeta not summed", "gradient", layer_norm(gbeta=lambda v: v.gy), diagnosis="gbeta is gy itself: the sum over the axes that beta does not have is missing"),
    Mutant("layer_norm", "gbeta summed over the last axis", "gradient", layer_norm(gbeta=lambda v: v.gy.sum(-1)), diagnosis="in gbeta, the last axis is summed, but all leading axes are due"),
    Mutant("layer_norm", "ggamma and gbeta exchanged", "gradient", layer_norm(grads="gx gbeta ggamma"), diagnosis="gradients come in the order (gx, gbeta, ggamma)"),
    Mutant("layer_norm", "gbeta missing", "gradient", layer_norm(grads="gx ggamma"), diagnosis="gbeta is missing: grad returns only gx, ggamma"),
    Mutant("layer_norm", "z in x", "pure", layer_norm(z=lambda v: _into(v.x, v.c / v.s)), diagnosis="forward changes x in place"),
    Mutant("layer_norm", "saved in one place for all calls of a shape", "pure", Stateful(_grad_of_last_call), diagnosis="grad reads the last call's inputs"),
    Mutant("layer_norm", "ggamma accumulated", "pure", _gradient_accumulated, diagnosis="ggamma accumulates: called again, grad returns twice as much"),
    Mutant("layer_norm", "mean of squares less square of mean", "stable", layer_norm(
        var=lambda v: np.maximum(_row_mean(v.x**2) - v.mu**2, 0)), diagnosis="the variance is E[x^2] - E[x]^2"),
    Mutant("layer_norm", "rows of float64", "stable", layer_norm(ggamma=lambda v: _row_sum(v.gy * v.z.astype(float))), diagnosis="ggamma has dtype float64, but should be float32, like the inputs"),
    Mutant("layer_norm", "statistics over all axes but the first", "forward", layer_norm(
        mu=lambda v: v.x.mean(_but_the_first(v.x), keepdims=True), var=lambda v: (v.c**2).mean(_but_the_first(v.x), keepdims=True)), diagnosis="y is wrong only where x has more than 2 dimensions"),
    Mutant("layer_norm", "axis lost in the mean", "forward", layer_norm(mu=lambda v: v.x.mean(-1)), diagnosis="y is wrong only where x has more than 1 dimension"),
    Mutant("layer_norm", "gbeta and ggamma summed over the first axis only", "gradient", layer_norm(
        ggamma=lambda v: (v.gy * v.z).sum(0), gbeta=lambda v: v.gy.sum(0)), diagnosis="in ggamma and gbeta, only axis 0 is summed, but all leading axes are due"),
    Mutant("layer_norm", "variance about 0", "forward", layer_norm(var=lambda v: _row_mean(v.x**2)), diagnosis="y is what leaving out mean(x) in x - mean(x) (part of var(x)) would give"),
    Mutant("layer_norm", "mean absolute deviation", "forward", layer_norm(s=lambda v: _row_mean(abs(v.c)) + v.eps), diagnosis="y is wrong only where D > 1"),
    Mutant("layer_norm", "mean's path scaled by z", "gradient", layer_norm(g_mu=lambda v: v.z * _row_mean(v.gz)), diagnosis="in gx, the term that comes through the mean has the factor (x - mean(x)) / sqrt(var(x) + eps) too many"),
    Mutant("layer_norm", "z missing after the mean", "gradient", layer_norm(g_var=lambda v: _row_mean(v.gz * v.z)), diagnosis="in gx, the term that comes through the variance lacks the factor (x - mean(x)) / sqrt(var(x) + eps)"),

    Mutant("rms_norm", "mean subtracted", "forward", rms_norm(
        s=lambda v: np.sqrt(v.x.var(-1, keepdims=True) + v.eps), z=lambda v: (v.x - _row_mean(v.x)) / v.s), diagnosis="y is what x less its mean along the last axis would give"),
    Mutant("rms_norm", "sum for mean", "forward", rms_norm(s=lambda v: np.sqrt((v.x**2).sum(-1, keepdims=True) + v.eps)), diagnosis="y is what the mean times n would give, n the number of entries that it is over: sum instead of mean?"),
    Mutant("rms_norm", "eps outside the root", "forward", rms_norm(s=lambda v: np.sqrt(_row_mean(v.x**2)) + v.eps), diagnosis="y is what sqrt before the addition would give: the order is wrong"),
    Mutant("rms_norm", "eps missing", "forward", rms_norm(s=lambda v: np.sqrt(_row_mean(v.x**2))), diagnosis="y is what eps = 0 would give: eps is not used"),
    Mutant("rms_norm", "root missing", "forward", rms_norm(s=lambda v: _row_mean(v.x**2) + v.eps), diagnosis="y is what leaving out sqrt would give: sqrt is missing"),
    Mutant("rms_norm", "over the first axis", "forward", rms_norm(s=lambda v: np.sqrt((v.x**2).mean(0) + v.eps)), diagnosis="y is what you get with the mean over axis 0, but should be with the mean over the last axis"),
    Mutant("rms_norm", "over everything", "forward", rms_norm(s=lambda v: np.sqrt((v.x**2).mean() + v.eps)), diagnosis="y is what you get with the mean over everything, but should be with the mean over the last axis"),
    Mutant("rms_norm", "gamma missing", "forward", rms_norm(y=lambda v: v.z), diagnosis="y is what gamma = 1 would give: gamma is not used"),
    Mutant("rms_norm", "1 + gamma", "forward", rms_norm(y=lambda v: (1 + v.gamma) * v.z), diagnosis="y is what 1 + gamma in place of gamma would give"),
    Mutant("rms_norm", "mean of absolute values", "forward", rms_norm(s=lambda v: _row_mean(abs(v.x)) + v.eps), diagnosis="y is off by a factor that is constant along axis -1"),
    Mutant("rms_norm", "root constant", "gradient", rms_norm(g_s=_zero), diagnosis="in gx, the mean is treated as a constant: it depends on x too"),
    Mutant("rms_norm", "only the diagonal", "gradient", rms_norm(g_s=lambda v: v.gz * v.z**2 / v.x.shape[-1]), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("rms_norm", "sum for mean on the root's path", "gradient", rms_norm(g_s=lambda v: v.z * (v.gz * v.z).sum(-1, keepdims=True)), diagnosis="in gx, the term that comes through the mean is n times too large, n the number of entries that it is over: sum instead of mean?"),
    Mutant("rms_norm", "gamma outside the mean", "gradient", rms_norm(
        gx=lambda v: v.gamma * (v.gy - v.z * _row_mean(v.gy * v.z)) / v.s), diagnosis="in gx, gamma multiplies at the end, after the sums, but belongs inside them: multiply gy by gamma first"),
    Mutant("rms_norm", "gamma missing in gx", "gradient", rms_norm(gz=lambda v: v.gy), diagnosis="gx is what gamma = 1 would give: gamma is not used"),
    Mutant("rms_norm", "gamma missing on the root's path", "gradient", rms_norm(g_s=lambda v: v.z * _row_mean(v.gy * v.z)), diagnosis="in gx, gamma is missing in the term that comes through the mean"),
    Mutant("rms_norm", "x for z on the root's path", "gradient", rms_norm(g_s=lambda v: v.x * _row_mean(v.gz * v.x)), diagnosis="in gx, the term that comes through the mean should be divided by sqrt(mean(square(x)) + eps) twice more"),
    Mutant("rms_norm", "root's term added", "gradient", rms_norm(gx=lambda v: (v.gz + v.g_s) / v.s), diagnosis="in gx, the term that comes through the mean has the wrong sign"),
    Mutant("rms_norm", "mean's term too, as in layer_norm", "gradient", rms_norm(
        gx=lambda v: (v.gz - _row_mean(v.gz) - v.g_s) / v.s), diagnosis="gx is off by a term that is constant along axis -1 (the mean's own derivative?)"),
    Mutant("rms_norm", "ggamma not summed", "gradient", rms_norm(ggamma=lambda v: v.gy * v.z), diagnosis="ggamma is not summed over axes 0 and 1"),
    Mutant("rms_norm", "ggamma summed over the first axis only", "gradient", rms_norm(ggamma=lambda v: (v.gy * v.z).sum(0)), diagnosis="in ggamma, only axis 0 is summed, but all leading axes are due"),
    Mutant("rms_norm", "ggamma of x", "gradient", rms_norm(ggamma=lambda v: _row_sum(v.gy * v.x)), diagnosis="ggamma is what leaving out sqrt(mean(square(x)) + eps) in x / sqrt(mean(square(x)) + eps) would give"),
    Mutant("rms_norm", "ggamma of y", "gradient", rms_norm(ggamma=lambda v: _row_sum(v.gy * v.y)), diagnosis="in ggamma, there is a factor gamma too many"),
    Mutant("rms_norm", "ggamma first", "gradient", rms_norm(grads="ggamma gx"), diagnosis="gradients come in the order (ggamma, gx)"),
    Mutant("rms_norm", "scaled in place", "pure", rms_norm(z=lambda v: np.divide(v.x, v.s, out=v.x)), diagnosis="forward changes x in place"),
    Mutant("rms_norm", "gy scaled in place", "pure", rms_norm(
        ggamma=lambda v: _row_sum(np.multiply(v.gy, v.z, out=v.gy))), diagnosis="grad changes gy in place"),
    Mutant("rms_norm", "y kept by shape", "forward", Stateful(_by_shape), diagnosis="a call returns the y of an earlier call with inputs of the same shape"),
    Mutant("rms_norm", "scale in float64", "stable", rms_norm(s=lambda v: np.sqrt(_row_mean(v.x.astype(float) ** 2) + v.eps)), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("rms_norm", "squares' mean in half precision", "stable", rms_norm(
        s=lambda v: np.sqrt(_row_mean(v.x**2).clip(0, 65504) + v.eps)), diagnosis="loses its accuracy from x"),
    Mutant("rms_norm", "eps a floor", "forward", rms_norm(s=lambda v: np.sqrt(np.maximum(_row_mean(v.x**2), v.eps))), diagnosis="y is what max(mean(square(x)), eps) in place of mean(square(x)) + eps would give"),
    Mutant("rms_norm", "square of the mean", "forward", rms_norm(s=lambda v: np.sqrt(_row_mean(v.x) ** 2 + v.eps)), diagnosis="y is what the mean before the square would give: the order is wrong, in mean(square(x))"),
    Mutant("rms_norm", "mean of gz for that of gz z", "gradient", rms_norm(g_s=lambda v: v.z * _row_mean(v.gz)), diagnosis="in gx, the term that comes through the mean has a wrong factor, the same all along its axis"),
    Mutant("rms_norm", "square of s for its cube", "gradient", rms_norm(gx=lambda v: v.gz / v.s - v.x * _row_mean(v.gz * v.x) / v.s**2), diagnosis="in gx, the term that comes through the mean should be divided by sqrt(mean(square(x)) + eps) once more"),
    Mutant("rms_norm", "eps missing in gx", "gradient", rms_norm(
        gx=lambda v: (v.gz - v.x * _row_mean(v.gz * v.x) / np.maximum(_row_mean(v.x**2), 1e-30)) / v.s), diagnosis="in gx, the term that comes through the mean has a wrong factor, the same all along its axis"),
    Mutant("rms_norm", "mean over everything on the root's path", "gradient", rms_norm(g_s=lambda v: v.z * (v.gz * v.z).mean()), diagnosis="gx is off by a multiple of x in each row: is a length's own derivative wrong, or missing?"),

    Mutant("group_norm", "groups ignored: all channels together", "forward", group_norm(rows=lambda v: v.x.reshape(len(v.x), 1, -1)), diagnosis="y is what groups = 1 would give: groups is not used"),
    Mutant("group_norm", "each channel by itself", "forward", group_norm(rows=lambda v: v.x), diagnosis="y is what C in place of groups would give"),
    Mutant("group_norm", "groups the size of a group", "forward", group_norm(
        rows=lambda v: v.x.reshape(len(v.x), v.x.shape[1] // v.groups, -1)), diagnosis="y is what (C / groups) in place of groups would give"),
    Mutant("group_norm", "channels dealt out in turn", "forward", group_norm(
        rows=_transposed_to_groups, z=lambda v: _back_from_groups(v, v.z_rows), gz_rows=lambda v: _transposed_to_groups(
            SimpleNamespace(x=v.gz, groups=v.groups)),
        gx=lambda v: _back_from_groups(v, (v.gz_rows - v.g_mu - v.g_var) / v.s)), diagnosis="y is wrong only where (C / groups) > 1"),
    Mutant("group_norm", "statistics over the batch too", "forward", group_norm(
        mu=lambda v: v.rows.mean((0, 2), keepdims=True), var=lambda v: (v.c**2).mean((0, 2), keepdims=True)), diagnosis="y is wrong only where N > 1"),
    Mutant("group_norm", "statistics of each position", "forward", group_norm(
        rows=lambda v: v.x.reshape(len(v.x), v.groups, -1, v.x.shape[2]),
        mu=lambda v: v.rows.mean(2, keepdims=True), var=lambda v: (v.c**2).mean(2, keepdims=True)), diagnosis="y is wrong only where L > 1"),
    Mutant("group_norm", "sample variance", "forward", group_norm(
        var=lambda v: (v.c**2).sum(-1, keepdims=True) / max(v.rows.shape[-1] - 1, 1)), diagnosis="y is what the variance of a sample would give, divided by n - 1"),
    Mutant("group_norm", "eps outside the root", "forward", group_norm(s=lambda v: np.sqrt(v.var) + v.eps), diagnosis="y is what sqrt before the addition would give: the order is wrong"),
    Mutant("group_norm", "gamma missing", "forward", group_norm(y=lambda v: v.z + v.beta[:, None]), diagnosis="y is what gamma = 1 would give: gamma is not used"),
    Mutant("group_norm", "mean constant", "gradient", group_norm(g_mu=_zero), diagnosis="in gx, the mean is treated as a constant: it depends on x too"),
    Mutant("group_norm", "variance constant", "gradient", group_norm(g_var=_zero), diagnosis="in gx, the variance is treated as a constant: it depends on x too"),
    Mutant("group_norm", "mean and variance constant", "gradient", group_norm(g_mu=_zero, g_var=_zero), diagnosis="in gx, the mean and the variance are treated as constants: they depend on x too"),
    Mutant("group_norm", "means of each channel in gx", "gradient", group_norm(
        gx=lambda v: ((v.gz - _row_mean(v.gz) - v.z * _row_mean(v.gz * v.z)).reshape(v.rows.shape) / v.s).reshape(v.x.shape)), diagnosis="gx is wrong only where (C / groups) > 1"),
    Mutant("group_norm", "gamma outside the means", "gradient", group_norm(
        gz=lambda v: v.gy, gx=lambda v: v.gamma[:, None] * ((v.gz_rows - v.g_mu - v.g_var) / v.s).reshape(v.x.shape)), diagnosis="in gx, gamma multiplies at the end, after the sums, but belongs inside them: multiply gy by gamma first"),
    Mutant("group_norm", "gamma missing in gx", "gradient", group_norm(gz=lambda v: v.gy), diagnosis="gx is what gamma = 1 would give: gamma is not used"),
    Mutant("group_norm", "sum for mean on the mean's path", "gradient", group_norm(g_mu=lambda v: v.gz_rows.sum(-1, keepdims=True)), diagnosis="in gx, the term that comes through the mean is n times too large, n the number of entries that it is over: sum instead of mean?"),
    Mutant("group_norm", "divided by the channels, not by the entries of a group", "gradient", group_norm(
        g_mu=lambda v: v.gz_rows.sum(-1, keepdims=True) * v.groups / v.x.shape[1],
        g_var=lambda v: v.z_rows * (v.gz_rows * v.z_rows).sum(-1, keepdims=True) * v.groups / v.x.shape[1]), diagnosis="in gx, the terms that come through the mean and the variance are L times too large"),
    Mutant("group_norm", "ggamma not summed over the positions", "gradient", group_norm(ggamma=lambda v: (v.gy * v.z).sum(0)), diagnosis="in ggamma, only axis 0 is summed, but axes 0 and 2 are due"),
    Mutant("group_norm", "ggamma not summed over the batch", "gradient", group_norm(ggamma=lambda v: (v.gy * v.z).sum(2)), diagnosis="in ggamma, only the last axis is summed, but axes 0 and 2 are due"),
    Mutant("group_norm", "ggamma not summed", "gradient", group_norm(ggamma=lambda v: v.gy * v.z), diagnosis="ggamma is not summed over axes 0 and 2"),
    Mutant("group_norm", "ggamma of x", "gradient", group_norm(ggamma=lambda v: (v.gy * v.x).sum((0, 2))), diagnosis="in ggamma, x stands where (x - mean(x)) / sqrt(var(x) + eps) should be"),
    Mutant("group_norm", "gbeta a mean over the positions", "gradient", group_norm(gbeta=lambda v: v.gy.mean(2).sum(0)), diagnosis="gbeta is L times too small: mean instead of sum?"),
    Mutant("group_norm", "gbeta of shape (1, C, 1)", "gradient", group_norm(gbeta=lambda v: v.gy.sum((0, 2), keepdims=True)), diagnosis="gbeta is right but for the shape: an axis of length 1 is kept"),
    Mutant("group_norm", "gx left in groups", "gradient", group_norm(gx=lambda v: (v.gz_rows - v.g_mu - v.g_var) / v.s), diagnosis="gx is right but for the shape: all entries are there, in their order"),
    Mutant("group_norm", "gx, gbeta, ggamma", "gradient", group_norm(grads="gx gbeta ggamma"), diagnosis="gradients come in the order (gx, gbeta, ggamma)"),
    Mutant("group_norm", "centred in place", "pure", group_norm(c=lambda v: np.subtract(v.rows, v.mu, out=v.rows)), diagnosis="forward changes x in place"),
    Mutant("group_norm", "z spent in grad", "pure", group_norm(
        z=lambda v: v.z_rows.reshape(v.x.shape).copy(),
        gx=lambda v: _into(v.z_rows, (v.gz_rows - v.g_mu - v.g_var) / v.s).reshape(v.x.shape).copy()), diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("group_norm", "mean of squares less square of mean", "stable", group_norm(
        var=lambda v: np.maximum(_row_mean(v.rows**2) - v.mu**2, 0)), diagnosis="the variance is E[x^2] - E[x]^2"),
    Mutant("group_norm", "gamma in float64", "stable", group_norm(gz=lambda v: v.gy * v.gamma.astype(float)[:, None]), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("group_norm", "y filled through a view", "layout", group_norm(z=_written_through_a_view)),
    Mutant("group_norm", "divided by the positions in grad", "gradient", group_norm(
        g_mu=lambda v: v.gz_rows.sum(-1, keepdims=True) / v.x.shape[2], g_var=lambda v: v.z_rows * (v.gz_rows * v.z_rows).sum(-1, keepdims=True) / v.x.shape[2]), diagnosis="in gx, the terms that come through the mean and the variance are (C / groups) times too large"),
    Mutant("group_norm", "divided by the size of the batch in grad", "gradient", group_norm(
        g_mu=lambda v: v.gz_rows.sum(-1, keepdims=True) / len(v.x), g_var=lambda v: v.z_rows * (v.gz_rows * v.z_rows).sum(-1, keepdims=True) / len(v.x)), diagnosis="(all entries are wrong)"),
    Mutant("group_norm", "means over the whole example in gx", "gradient", group_norm(
        g_mu=lambda v: v.gz_rows.mean((1, 2), keepdims=True), g_var=lambda v: v.z_rows * (v.gz_rows * v.z_rows).mean((1, 2), keepdims=True)), diagnosis="gx is wrong only where groups > 1"),
    Mutant("group_norm", "gamma along the positions where C = L", "forward", group_norm(
        y=lambda v: v.gamma * v.z + v.beta if v.x.shape[1] == v.x.shape[2] else v.gamma[:, None] * v.z + v.beta[:, None])),
    Mutant("group_norm", "eps a floor of the variance", "forward", group_norm(s=lambda v: np.sqrt(np.maximum(v.var, v.eps))), diagnosis="y is what max(var(x), eps) in place of var(x) + eps would give"),
    Mutant("group_norm", "ggamma one a group", "gradient", group_norm(
        ggamma=lambda v: np.repeat((v.gy * v.z).sum((0, 2)).reshape(v.groups, -1).mean(1), v.x.shape[1] // v.groups)), diagnosis="ggamma is wrong only where (C / groups) > 1"),

    Mutant("l2_normalize", "eps added to the length", "forward", l2_normalize(s=lambda v: v.r + v.eps), diagnosis="y is what |x| + eps in place of max(|x|, eps) would give"),
    Mutant("l2_normalize", "eps added in the root", "forward", l2_normalize(s=lambda v: np.sqrt(v.r**2 + v.eps)), diagnosis="y is off by a factor that is constant along axis -1"),
    Mutant("l2_normalize", "eps for the square's maximum", "forward", l2_normalize(s=lambda v: np.sqrt(np.maximum(v.r**2, v.eps))), diagnosis="y is what sqrt(eps) in place of eps would give"),
    Mutant("l2_normalize", "eps missing", "forward", l2_normalize(s=lambda v: v.r), diagnosis="y is what eps = 0 would give: eps is not used"),
    Mutant("l2_normalize", "eps missing but for zero", "forward", l2_normalize(s=lambda v: np.where(v.r > 0, v.r, 1)), diagnosis="y is what eps = 0 would give: eps is not used"),
    Mutant("l2_normalize", "divided by the squared length", "forward", l2_normalize(s=lambda v: np.maximum(v.r**2, v.eps)), diagnosis="y is what leaving out sqrt would give: sqrt is missing"),
    Mutant("l2_normalize", "length of everything", "forward", l2_normalize(r=lambda v: np.sqrt((v.x**2).sum())), diagnosis="y is what you get with the norm over everything, but should be with the norm over the last axis"),
    Mutant("l2_normalize", "length along the first axis", "forward", l2_normalize(r=lambda v: np.sqrt((v.x**2).sum(0))), diagnosis="y is what you get with the norm over axis 0, but should be with the norm over the last axis"),
    Mutant("l2_normalize", "sum of absolute values", "forward", l2_normalize(r=lambda v: abs(v.x).sum(-1, keepdims=True)), diagnosis="y is what sqrt before the sum would give: the order is wrong, in sqrt(sum(square(x)))"),
    Mutant("l2_normalize", "mean of squares", "forward", l2_normalize(r=lambda v: np.sqrt(_row_mean(v.x**2))), diagnosis="y is what the norm divided by sqrt(n) would give, n the number of entries that it is over: mean instead of sum?"),
    Mutant("l2_normalize", "length constant", "gradient", l2_normalize(g_along=_zero), diagnosis="in gx, the norm is treated as a constant: it depends on x too"),
    Mutant("l2_normalize", "only the diagonal", "gradient", l2_normalize(g_along=lambda v: np.where(v.r > v.eps, v.gy * v.y**2, 0)), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("l2_normalize", "length varies below eps too", "gradient", l2_normalize(
        g_along=lambda v: v.y * (v.gy * v.y).sum(-1, keepdims=True)), diagnosis="gx is off by a multiple of x in each row: is a length's own derivative wrong, or missing?"),
    Mutant("l2_normalize", "no gradient below eps", "gradient", l2_normalize(gx=lambda v: (v.r > v.eps) * (v.gy - v.g_along) / v.s), diagnosis="gx is wrong only where the length of x along the last axis is below eps"),
    Mutant("l2_normalize", "no gradient at zero", "gradient", l2_normalize(gx=lambda v: (v.r > 0) * (v.gy - v.g_along) / v.s), diagnosis="gx is wrong only where all of x along the last axis is 0"),
    Mutant("l2_normalize", "not a number at zero", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, v.y, 0) * (v.gy * v.x).sum(-1, keepdims=True) / v.r), diagnosis="gx is wrong only where all of x along the last axis is 0"),
    Mutant("l2_normalize", "part along y added", "gradient", l2_normalize(gx=lambda v: (v.gy + v.g_along) / v.s), diagnosis="in gx, the term that comes through the norm has the wrong sign"),
    Mutant("l2_normalize", "not divided by the length", "gradient", l2_normalize(gx=lambda v: v.gy - v.g_along), diagnosis="gx is not divided by max(|x|, eps), as y is"),
    Mutant("l2_normalize", "x for y", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, v.x * (v.gy * v.x).sum(-1, keepdims=True), 0)), diagnosis="in gx, the term that comes through the norm should be divided by max(|x|, eps) twice more"),
    Mutant("l2_normalize", "part along y of all rows", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, v.y * (v.gy * v.y).sum(), 0)), diagnosis="in gx, the term that comes through the norm has a wrong factor, the same all along its axis"),
    Mutant("l2_normalize", "mean for sum", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, v.y * _row_mean(v.gy * v.y), 0)), diagnosis="in gx, the term that comes through the norm is n times too small, n the number of entries that it is over: mean instead of sum?"),
    Mutant("l2_normalize", "twice the part along y", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, 2 * v.y * (v.gy * v.y).sum(-1, keepdims=True), 0)), diagnosis="in gx, the term that comes through the norm is twice what it should be"),
    Mutant("l2_normalize", "divided in place", "pure", l2_normalize(y=lambda v: np.divide(v.x, v.s, out=v.x)), diagnosis="forward changes x in place"),
    Mutant("l2_normalize", "y in one buffer for all calls of a shape", "pure", Stateful(_in_one_buffer), diagnosis="y is overwritten by a later call"),
    Mutant("l2_normalize", "projected in gy", "pure", l2_normalize(gx=lambda v: np.subtract(v.gy, v.g_along, out=v.gy) / v.s), diagnosis="grad changes gy in place"),
    Mutant("l2_normalize", "eps an array of float64", "stable", l2_normalize(s=lambda v: np.maximum(v.r, np.full_like(v.r, v.eps, float))), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("l2_normalize", "sum of gy without y", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, v.y * v.gy.sum(-1, keepdims=True), 0)), diagnosis="in gx, the term that comes through the norm has a wrong factor, the same all along its axis"),
    Mutant("l2_normalize", "square of the length for its cube", "gradient", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, v.x * (v.gy * v.x).sum(-1, keepdims=True) / v.s, 0)), diagnosis="in gx, the term that comes through the norm should be divided by max(|x|, eps) once more"),
    Mutant("l2_normalize", "as if each row were of length 1", "gradient", l2_normalize(gx=lambda v: v.gy - v.g_along), diagnosis="gx is not divided by max(|x|, eps), as y is"),
    Mutant("l2_normalize", "sum of the entries", "forward", l2_normalize(y=lambda v: v.x / np.maximum(v.x.sum(-1, keepdims=True), v.eps)), diagnosis="y is what the sum would give, in place of the norm"),
    Mutant("l2_normalize", "largest entry", "forward", l2_normalize(y=lambda v: v.x / np.maximum(abs(v.x).max(-1, keepdims=True), v.eps)), diagnosis="y is what the largest would give, in place of the sum"),
    Mutant("l2_normalize", "both sides of np.where", "stable", l2_normalize(y=lambda v: np.where(v.r > v.eps, v.x / v.r, v.x / v.eps)), diagnosis="invalid value warning in forward"),

    Mutant("dropout", "not rescaled", "forward", dropout(y=lambda v: v.x * v.mask), diagnosis="y is what p = 0 would give: p is not used"),
    Mutant("dropout", "divided by p", "forward", dropout(y=lambda v: v.x * v.mask / max(v.p, 1e-3)), diagnosis="y is what 1 - p in place of p would give"),
    Mutant("dropout", "multiplied by 1 - p", "forward", dropout(y=lambda v: v.x * v.mask * (1 - v.p)), diagnosis="y is multiplied by (1 - p) twice too often"),
    Mutant("dropout", "True drops", "forward", dropout(y=lambda v: v.x * ~v.mask / (1 - v.p)), diagnosis="y is what ~mask in place of mask would give: True and False are exchanged"),
    Mutant("dropout", "mask ignored", "forward", dropout(y=lambda v: v.x / (1 - v.p)), diagnosis="y is what mask = True everywhere would give: mask is not used"),
    Mutant("dropout", "rescaled by what the mask keeps", "forward", dropout(y=lambda v: v.x * v.mask / max(v.mask.mean(), 1e-3)), diagnosis="y is that of x * mask, divided by the share that the mask keeps"),
    Mutant("dropout", "what is dropped kept as it is", "forward", dropout(y=lambda v: np.where(v.mask, v.x / (1 - v.p), v.x)), diagnosis="y is wrong only where mask is False"),
    Mutant("dropout", "gx not rescaled", "gradient", dropout(gx=lambda v: v.gy * v.mask), diagnosis="gx is what p = 0 would give: p is not used"),
    Mutant("dropout", "gx not masked", "gradient", dropout(gx=lambda v: v.gy / (1 - v.p)), diagnosis="gx is what mask = True everywhere would give: mask is not used"),
    Mutant("dropout", "gx gy itself", "gradient", dropout(gx=lambda v: v.gy), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("dropout", "gx masked the other way", "gradient", dropout(gx=lambda v: v.gy * ~v.mask / (1 - v.p)), diagnosis="gx is what ~mask in place of mask would give: True and False are exchanged"),
    Mutant("dropout", "gx rescaled twice", "gradient", dropout(gx=lambda v: v.gy * v.mask / (1 - v.p) ** 2), diagnosis="gx is divided by (1 - p) once too often"),
    Mutant("dropout", "gx multiplied by 1 - p", "gradient", dropout(gx=lambda v: v.gy * v.mask * (1 - v.p)), diagnosis="gx is multiplied by (1 - p) twice too often"),
    Mutant("dropout", "mask read off y", "gradient", dropout(gx=lambda v: v.gy * (v.y != 0) / (1 - v.p)), diagnosis="gx is wrong only where x == 0"),
    Mutant("dropout", "gx ignores gy", "gradient", dropout(gx=lambda v: v.mask / (1 - v.p)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("dropout", "gx times y", "gradient", dropout(gx=lambda v: v.gy * v.y), diagnosis="in gx, there is a factor x too many"),
    Mutant("dropout", "a gradient for the mask", "gradient", dropout(grads="gx gmask", gmask=lambda v: v.gy * v.x / (1 - v.p)), diagnosis="grad returns 2 gradients, number 2 is too many: only gx is due"),
    Mutant("dropout", "dropped in x", "pure", dropout(y=lambda v: np.multiply(v.x, v.mask, out=v.x) / (1 - v.p)), diagnosis="forward changes x in place"),
    Mutant("dropout", "dropped in gy", "pure", dropout(gx=lambda v: np.multiply(v.gy, v.mask, out=v.gy) / (1 - v.p)), diagnosis="grad changes gy in place"),
    Mutant("dropout", "mask turned in place", "pure", dropout(
        y=lambda v: np.where(np.logical_not(v.mask, out=v.mask), 0, v.x / (1 - v.p)), gx=lambda v: np.where(v.mask, 0, v.gy / (1 - v.p))), diagnosis="forward changes mask in place"),
    Mutant("dropout", "mask of the last call", "pure", Stateful(_mask_of_last_call), diagnosis="grad reads the last call's inputs"),
    Mutant("dropout", "mask in float64", "stable", dropout(y=lambda v: v.x * (v.mask.astype(float) / (1 - v.p))), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("dropout", "gx dropped through a view", "layout", dropout(gx=_masked_through_a_view)),
    Mutant("dropout", "mask drawn, not given", "forward", dropout(y=_drawn), diagnosis="y is another one when the same inputs are given again: is it random, or kept from an earlier call?"),
    Mutant("dropout", "p of each, in place of the mask", "forward", dropout(y=lambda v: v.x * (1 - v.p)), diagnosis="y is that of x * (1 - p), what is kept on average: mask is not used"),
    Mutant("dropout", "mask divided by a number", "stable", dropout(gx=lambda v: v.gy * (v.mask / (1 - v.p))), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("dropout", "entries set, in a number", "forward", dropout(y=_dropped_by_index), diagnosis="TypeError: 'numpy.float64' object does not support item assignment"),
    Mutant("dropout", "np.where of numbers", "stable", dropout(gx=lambda v: v.gy * np.where(v.mask, 1 / (1 - v.p), 0)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
]
# fmt: on


def _batch_norm_step_by_step(x, gamma, beta, eps):
    """The backward pass of each line of the forward pass, in reverse order."""
    n = len(x)
    mu = x.sum(0) / n
    c = x - mu
    var = (c * c).sum(0) / n
    s = np.sqrt(var + eps)
    inverse = 1 / s
    z = c * inverse

    def grad(gy):
        gz = gy * gamma
        ginverse = (gz * c).sum(0)
        gs = -ginverse * inverse**2
        gvar = gs / (2 * s)
        gc = gz * inverse + np.ones_like(x) * gvar / n * 2 * c
        gmu = -gc.sum(0)
        gx = gc + np.ones_like(x) * gmu / n
        return gx, (gy * z).sum(0)[None], gy.sum(0)[None]

    return gamma * z + beta, grad


def _batch_norm_by_jacobians(x, gamma, beta, eps):
    """One channel after the other, each with the matrix of its derivatives."""
    n = len(x)
    s = np.sqrt(x.var(0) + eps)
    z = (x - x.mean(0)) / s

    def grad(gy):
        gx = np.empty_like(x)
        for j in range(x.shape[1]):
            jacobian = (np.eye(n, dtype=x.dtype) - x.dtype.type(1 / n) - np.outer(z[:, j], z[:, j]) / n) / s[j]
            gx[:, j] = jacobian @ (gy[:, j] * gamma[0, j])
        return gx, np.einsum("ij,ij->j", gy, z)[None], np.einsum("ij->j", gy)[None]

    return gamma * z + beta, grad


def _layer_norm_of_columns(x, gamma, beta, eps):
    """batch_norm of the transposed rows, without its gamma and beta."""
    rows = x.reshape(-1, x.shape[-1])
    ones = np.ones_like(rows[:, :1].T)
    z, z_grad = batch_norm()(rows.T, ones, 0 * ones, eps)

    def grad(gy):
        g = gy.reshape(rows.shape)
        return z_grad((g * gamma).T)[0].T.reshape(x.shape), np.einsum("nd,dn->d", g, z), g.sum(0)

    return z.T.reshape(x.shape) * gamma + beta, grad


def _layer_norm_centred_then_scaled(x, gamma, beta, eps):
    """Centring is its own backward pass; what is left is rms_norm."""
    y, scale_grad = rms_norm()(x - _row_mean(x), gamma, eps)

    def grad(gy):
        gc, ggamma = scale_grad(gy)
        return gc - _row_mean(gc), ggamma, _row_sum(gy)

    return y + beta, grad


def _layer_norm_row_by_row(x, gamma, beta, eps):
    d = x.shape[-1]
    z, scale = np.zeros_like(x), np.zeros(x.shape[:-1], x.dtype)
    for at in np.ndindex(x.shape[:-1]):
        mu = sum(x[at]) / d
        scale[at] = np.sqrt(sum((k - mu) ** 2 for k in x[at]) / d + eps)
        z[at] = (x[at] - mu) / scale[at]

    def grad(gy):
        gx, ggamma, gbeta = np.zeros_like(x), np.zeros_like(gamma), np.zeros_like(beta)
        for at in np.ndindex(x.shape[:-1]):
            gz = gy[at] * gamma
            gx[at] = (gz - gz.mean() - z[at] * (gz @ z[at]) / d) / scale[at]
            ggamma += gy[at] * z[at]
            gbeta += gy[at]
        return gx, ggamma, gbeta

    return z * gamma + beta, grad


def _rms_norm_by_quotient_rule(x, gamma, eps):
    """Never makes z: works with the inverse root and its cube."""
    inverse = (np.square(x).mean(-1, keepdims=True) + eps) ** -0.5

    def grad(gy):
        along = np.sum(gy * gamma * x, axis=-1, keepdims=True) / x.shape[-1]
        return inverse * gamma * gy - inverse * inverse**2 * along * x, _row_sum(gy * inverse * x)

    return inverse * x * gamma, grad


def _rms_norm_by_jacobians(x, gamma, eps):
    """One row after the other, each with the matrix of its derivatives."""
    d = x.shape[-1]
    r = np.sqrt(_row_mean(x**2) + eps)
    z = x / r

    def grad(gy):
        gx = np.empty_like(x)
        for at in np.ndindex(x.shape[:-1]):
            gx[at] = (gy[at] * gamma) @ (np.eye(d, dtype=x.dtype) - np.outer(z[at], z[at]) / d) / r[at]
        return gx, _row_sum(gy * z)

    return z * gamma, grad


def _group_norm_group_by_group(x, gamma, beta, groups, eps):
    """Each group is sliced out, and normalized on its own."""
    size = x.shape[1] // groups
    parts = [slice(g * size, (g + 1) * size) for g in range(groups)]
    z, s = np.empty_like(x), np.empty_like(x[:, :, :1])
    for part in parts:
        c = x[:, part] - x[:, part].mean((1, 2), keepdims=True)
        s[:, part] = np.sqrt((c**2).mean((1, 2), keepdims=True) + eps)
        z[:, part] = c / s[:, part]

    def grad(gy):
        gx = np.empty_like(x)
        for part in parts:
            g = gy[:, part] * gamma[part, None]
            gx[:, part] = g - g.mean((1, 2), keepdims=True) - z[:, part] * (g * z[:, part]).mean((1, 2), keepdims=True)
        return gx / s, np.einsum("ncl,ncl->c", gy, z), np.einsum("ncl->c", gy)

    return z * gamma[:, None] + beta[:, None], grad


def _group_norm_by_layer_norm(x, gamma, beta, groups, eps):
    rows = x.reshape(-1, x.shape[1] // groups * x.shape[2])
    one = np.ones_like(rows[0])
    z, z_grad = layer_norm()(rows, one, 0 * one, eps)
    z = z.reshape(x.shape)

    def grad(gy):
        gx = z_grad((gy * gamma.reshape(-1, 1)).reshape(rows.shape))[0].reshape(x.shape)
        return [gx, (gy * z).sum(2).sum(0), gy.sum(0).sum(-1)]

    return z * gamma.reshape(1, -1, 1) + beta.reshape(1, -1, 1), grad


def _l2_normalize_by_cases(x, eps):
    """Long vectors and short ones are computed apart."""
    r = np.linalg.norm(x, axis=-1)
    long = r > eps
    y = x / x.dtype.type(eps)
    y[long] = x[long] / r[long][:, None]

    def grad(gy):
        gx = gy / gy.dtype.type(eps)
        g, u = gy[long], y[long]
        gx[long] = (g - u * np.einsum("nd,nd->n", g, u)[:, None]) / r[long][:, None]
        return gx

    return y, grad


def _into_copy(array, where, value):
    array = np.array(array)
    array[where] = value
    return array


def _entry_by_entry(array, mask, p):
    kept = np.zeros_like(array)
    for at in np.ndindex(array.shape):
        if mask[at]:
            kept[at] = array[at] / (1 - p)
    return kept


def _numeric_gx(v):
    def loss(x):
        return (v.gy * v.gamma * x / np.sqrt(_row_mean(x**2) + v.eps)).sum()

    gx = np.zeros_like(v.x)
    for at in np.ndindex(v.x.shape):
        step = np.zeros_like(v.x)
        step[at] = 1e-6
        gx[at] = (loss(v.x + step) - loss(v.x - step)) / 2e-6
    return gx


def _l2_normalize_by_projections(x, eps):
    """Each row of gy is projected by a matrix, at right angles to y."""
    r = np.linalg.norm(x, axis=-1)
    u = np.maximum(r, x.dtype.type(eps))
    y = x / u[..., None]

    def grad(gy):
        gx = np.empty_like(x)
        for at in np.ndindex(r.shape):
            along = np.outer(y[at], y[at]) if r[at] >= u[at] else 0
            gx[at] = (np.eye(x.shape[-1], dtype=x.dtype) - along) @ gy[at] / u[at]
        return gx

    return y, grad


# fmt: off
RIGHT = [
    Alternative("batch_norm", "by paths, monolithic", batch_norm()),
    Alternative("batch_norm", "step by step back through the forward pass", _batch_norm_step_by_step),
    Alternative("batch_norm", "explicit Jacobians", _batch_norm_by_jacobians, slow=True),
    Alternative("batch_norm", "N times everything, divided by N at the end", batch_norm(
        gx=lambda v: v.gamma / (len(v.x) * v.s) * (len(v.x) * v.gy - v.gy.sum(0) - v.z * (v.gy * v.z).sum(0)))),
    Alternative("batch_norm", "gx by ggamma and gbeta", batch_norm(
        gx=lambda v: v.gamma / v.s * (v.gy - v.gy.mean(0) - v.z * (v.gy * v.z).mean(0)))),
    Alternative("batch_norm", "np.var", batch_norm(var=lambda v: v.x.var(0), s=lambda v: (v.var + v.eps) ** 0.5)),

    Alternative("layer_norm", "by paths, monolithic", layer_norm()),
    Alternative("layer_norm", "batch_norm of the transpose", _layer_norm_of_columns),
    Alternative("layer_norm", "centred, then rms_norm", _layer_norm_centred_then_scaled),
    Alternative("layer_norm", "row by row", _layer_norm_row_by_row, slow=True),
    Alternative("layer_norm", "projected twice", layer_norm(
        gx=lambda v: (lambda g: g - _row_mean(g))((v.gz - v.g_var) / v.s))),

    Alternative("rms_norm", "monolithic", rms_norm()),
    Alternative("rms_norm", "quotient rule, no z", _rms_norm_by_quotient_rule),
    Alternative("rms_norm", "explicit Jacobians", _rms_norm_by_jacobians, slow=True),
    Alternative("rms_norm", "einsum", rms_norm(
        s=lambda v: np.sqrt(np.einsum("...d,...d->...", v.x, v.x)[..., None] / v.x.shape[-1] + v.eps),
        ggamma=lambda v: np.einsum("nd,nd->d", *(a.reshape(-1, a.shape[-1]) for a in (v.gy, v.z))))),

    Alternative("group_norm", "rows, monolithic", group_norm()),
    Alternative("group_norm", "each group sliced out", _group_norm_group_by_group, slow=True),
    Alternative("group_norm", "by layer_norm", _group_norm_by_layer_norm),
    Alternative("group_norm", "four axes", group_norm(
        rows=lambda v: v.x.reshape(len(v.x), v.groups, -1, v.x.shape[2]), mu=lambda v: v.rows.mean((2, 3), keepdims=True),
        var=lambda v: v.rows.var((2, 3), keepdims=True), g_mu=lambda v: v.gz_rows.mean((2, 3), keepdims=True),
        g_var=lambda v: v.z_rows * (v.gz_rows * v.z_rows).mean((2, 3), keepdims=True))),

    Alternative("l2_normalize", "monolithic, constant at the kink", l2_normalize()),
    Alternative("l2_normalize", "all of the length's derivative at the kink", l2_normalize(
        g_along=lambda v: np.where(v.r >= v.eps, v.y * (v.gy * v.y).sum(-1, keepdims=True), 0))),
    Alternative("l2_normalize", "a third of it at the kink", l2_normalize(
        g_along=lambda v: np.where(v.r > v.eps, 1, np.where(v.r == v.eps, v.x.dtype.type(1 / 3), 0)).astype(v.x.dtype)
        * v.y * (v.gy * v.y).sum(-1, keepdims=True))),
    Alternative("l2_normalize", "long and short vectors apart", _l2_normalize_by_cases),
    Alternative("l2_normalize", "projection matrices", _l2_normalize_by_projections, slow=True),

    Alternative("dropout", "np.where", dropout()),
    Alternative("dropout", "the factor first", dropout(
        y=lambda v: v.x * (v.mask / (1 - v.p)).astype(v.x.dtype), gx=lambda v: v.gy * (v.mask / (1 - v.p)).astype(v.x.dtype))),
    Alternative("dropout", "what is dropped set to zero in a copy", dropout(
        y=lambda v: _into_copy(v.x / (1 - v.p), ~v.mask, 0), gx=lambda v: _into_copy(v.gy / (1 - v.p), ~v.mask, 0))),
    Alternative("dropout", "entry by entry", dropout(
        y=lambda v: _entry_by_entry(v.x, v.mask, v.p), gx=lambda v: _entry_by_entry(v.gy, v.mask, v.p)), slow=True),
]

SLOW = [
    Alternative("rms_norm", "numeric differences", rms_norm(gx=_numeric_gx), slow=True),
]
# fmt: on
