"""Level 2: known wrong and known right implementations of activations, and of softmax and its relatives.

A builder makes an operation out of two parts, each the right one unless a row gives another: `y` gets the inputs, `gx`
gets gy, the inputs and the output. The rows of the last axis are "rows" here, whatever stands before it.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tests.mutants import Alternative, Mutant, Stateful

ROOT = math.sqrt(2 / math.pi)


def tanh(*, y: Callable = np.tanh, gx: Callable = lambda gy, x, y: gy * (1 - y * y)) -> Callable:
    """y = tanh(x)."""
    return _with_one_gradient(y, gx)


def leaky_relu(
    *,
    y: Callable = lambda x, slope: np.where(x > 0, x, slope * x),
    gx: Callable = lambda gy, x, slope, y: np.where(x > 0, gy, slope * gy),
) -> Callable:
    """y = x where x > 0, slope x elsewhere."""
    return _with_one_gradient(y, gx)


def elu(
    *,
    y: Callable = lambda x, alpha: np.where(x > 0, x, alpha * _exp_less_one(x)),
    gx: Callable = lambda gy, x, alpha, y: gy * np.where(x > 0, np.ones_like(x), alpha * _exp_below(x)),
) -> Callable:
    """y = x where x > 0, alpha (exp(x) - 1) elsewhere."""
    return _with_one_gradient(y, gx)


def softplus(
    *, y: Callable = lambda x: np.logaddexp(0, x), gx: Callable = lambda gy, x, y: gy * _sigmoid(x)
) -> Callable:
    """y = log(1 + exp(x))."""
    return _with_one_gradient(y, gx)


def silu(
    *,
    y: Callable = lambda x: x * _sigmoid(x),
    gx: Callable = lambda gy, x, y: gy * (y + _sigmoid(x) * (1 - y)),
) -> Callable:
    """y = x sigmoid(x)."""
    return _with_one_gradient(y, gx)


def gelu(
    *,
    y: Callable = lambda x: x / 2 * (1 + np.tanh(_cubic(x))),
    gx: Callable = lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _tanh_slope(x) * _cubic_slope(x)),
) -> Callable:
    """y = x (1 + tanh(u)) / 2, with u a cubic polynomial of x."""
    return _with_one_gradient(y, gx)


def softmax(
    *, y: Callable = lambda x: _normalized(_shifted_exp(x)), gx: Callable = lambda gy, x, y: y * (gy - _sum(gy * y))
) -> Callable:
    """y = exp(x) / sum exp(x)."""
    return _with_one_gradient(y, gx)


def log_softmax(
    *,
    y: Callable = lambda x: x - _max(x) - np.log(_sum(_shifted_exp(x))),
    gx: Callable = lambda gy, x, y: gy - np.exp(y) * _sum(gy),
) -> Callable:
    """y = x - log sum exp(x)."""
    return _with_one_gradient(y, gx)


def logsumexp(
    *,
    y: Callable = lambda x: x.max(-1) + np.log(_shifted_exp(x).sum(-1)),
    gx: Callable = lambda gy, x, y: gy[..., None] * _normalized(_shifted_exp(x)),
) -> Callable:
    """y = log sum exp(x)."""
    return _with_one_gradient(y, gx)


def _with_one_gradient(y: Callable, gx: Callable) -> Callable:
    def operation(*inputs):
        output = y(*inputs)
        return output, lambda gy: gx(gy, *inputs, output)

    return operation


def _sigmoid(x: NDArray) -> NDArray:
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-abs(x)))


def _exp_below(x: NDArray) -> NDArray:
    return np.exp(np.minimum(x, 0))


def _exp_less_one(x: NDArray) -> NDArray:
    return np.expm1(np.minimum(x, 0))


def _cubic(x: NDArray) -> NDArray:
    return ROOT * (x + 0.044715 * x**3)


def _cubic_slope(x: NDArray) -> NDArray:
    return ROOT * (1 + 3 * 0.044715 * x**2)


def _tanh_slope(x: NDArray) -> NDArray:
    return 1 - np.tanh(_cubic(x)) ** 2


def _max(x: NDArray) -> NDArray:
    return x.max(-1, keepdims=True)


def _sum(x: NDArray) -> NDArray:
    return x.sum(-1, keepdims=True)


def _shifted_exp(x: NDArray) -> NDArray:
    return np.exp(x - _max(x))


def _normalized(x: NDArray) -> NDArray:
    return x / _sum(x)


def _along_first(function: Callable) -> Callable:
    """The function along the first axis instead of the last."""
    return lambda x: np.moveaxis(function(np.moveaxis(x, 0, -1)), -1, 0)


def _over_everything(function: Callable) -> Callable:
    """The function of all entries in one row."""
    return lambda x: function(x.ravel()).reshape(x.shape)


def _into(array: NDArray, value: NDArray) -> NDArray:
    array[...] = value
    return array


def _in_order_of_memory(array: NDArray) -> NDArray:
    return array.ravel("K").reshape(array.shape)


def _spent(forward: Callable, slope: Callable) -> Callable:
    """Keeps y for grad, which computes the slope in it."""

    def operation(*inputs):
        kept = np.array(forward(*inputs))

        def grad(gy):
            kept[...] = slope(kept, *inputs)
            return gy * kept

        return kept.copy(), grad

    return operation


def _remembered(forward: Callable, gx: Callable) -> Callable:
    """Keeps what backward needs in one place for all calls."""

    def make():
        saved = {}

        def operation(*inputs):
            saved["all"] = *inputs, forward(*inputs)
            return saved["all"][-1], lambda gy: gx(gy, *saved["all"])

        return operation

    return make


def _written_into_x(right: Callable) -> Callable:
    """Gives the place of x to y, but does not need x any more."""

    def operation(x, *constants):
        y, grad = right(x.copy(), *constants)
        x[...] = y
        return y, grad

    return operation


def _answered_once(right: Callable) -> Callable:
    """Computes the gradient once, whatever gy it is asked for later."""

    def operation(*inputs):
        output, right_grad = right(*inputs)
        answers = []

        def grad(gy):
            answers.append(right_grad(gy))
            return answers[0].copy()

        return output, grad

    return operation


def _exponential_kept(x: NDArray) -> tuple[NDArray, Callable]:
    """Takes the exponential of the y that it keeps, in place, each time grad is called."""
    y = log_softmax()(x)[0]
    kept = y.copy()

    def grad(gy):
        np.exp(kept, out=kept)
        return gy - kept * _sum(gy)

    return y, grad


def _erf(x: NDArray) -> NDArray:
    return np.array([math.erf(v) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)


def _winner(x: NDArray) -> NDArray:
    return (x == _max(x)).astype(x.dtype)


def _erf_slope(x: NDArray) -> NDArray:
    """The slope of gelu's other form, x times the distribution function of the normal distribution."""
    return (1 + _erf(x / math.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _jacobian(y: NDArray) -> NDArray:
    """softmax's Jacobian, a matrix for each row."""
    return y[..., None] * (np.eye(y.shape[-1], dtype=y.dtype) - y[..., None, :])


def _terms_overwritten(gy: NDArray, x: NDArray, y: NDArray) -> NDArray:
    """Sets each entry once for every term of its sum, and so keeps the last term."""
    gx = np.zeros_like(y)
    for at in np.ndindex(y.shape):
        for j in range(y.shape[-1]):
            gx[at] = gy[*at[:-1], j] * y[at] * ((at[-1] == j) - y[*at[:-1], j])
    return gx


# fmt: off
WRONG = [
    Mutant("tanh", "sigmoid instead", "forward", tanh(y=_sigmoid), diagnosis="y is what sigmoid in place of tanh in tanh(x) would give"),
    Mutant("tanh", "of half of x", "forward", tanh(y=lambda x: 2 * _sigmoid(x) - 1), diagnosis="y is what x / 2 in place of x would give"),
    Mutant("tanh", "1 not subtracted", "forward", tanh(y=lambda x: 2 * _sigmoid(2 * x)), diagnosis="y is off by a constant: 1 is added"),
    Mutant("tanh", "minus below", "forward", tanh(y=lambda x: np.tanh(abs(x))), diagnosis="y is what abs(x) in place of x would give"),
    Mutant("tanh", "1 - y", "gradient", tanh(gx=lambda gy, x, y: gy * (1 - y)), diagnosis="in gx, the factor (1 + y) is missing"),
    Mutant("tanh", "1 + y^2", "gradient", tanh(gx=lambda gy, x, y: gy * (1 + y**2)), diagnosis="in gx, there is (1 + y**2) where (1 - y**2) should be"),
    Mutant("tanh", "1 - x^2", "gradient", tanh(gx=lambda gy, x, y: gy * (1 - x**2)), diagnosis="in gx, there is (1 - x**2) where (1 - y**2) should be"),
    Mutant("tanh", "y^2 - 1", "gradient", tanh(gx=lambda gy, x, y: gy * (y**2 - 1)), diagnosis="gx is negated"),
    Mutant("tanh", "the sigmoid's slope", "gradient", tanh(gx=lambda gy, x, y: gy * y * (1 - y)), diagnosis="in gx, there is y * (1 - y) where (1 - y**2) should be"),
    Mutant("tanh", "slope at y", "gradient", tanh(gx=lambda gy, x, y: gy * (1 - np.tanh(y) ** 2)), diagnosis="gx is what y in place of x would give: the derivative is taken at the output"),
    Mutant("tanh", "gy missing", "gradient", tanh(gx=lambda gy, x, y: 1 - y**2), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("tanh", "a power of gy", "gradient", tanh(gx=lambda gy, x, y: (gy * (1 - y)) ** 2), diagnosis="in gx, gy is used non-linearly"),
    Mutant("tanh", "y written into x", "pure", tanh(y=lambda x: np.tanh(x, out=x)), diagnosis="forward changes x in place"),
    Mutant("tanh", "grad spends y", "pure", _spent(np.tanh, lambda y, x: 1 - y**2), diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("tanh", "exp(x) and exp(-x) overflow", "stable", tanh(y=lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))), diagnosis="exp overflows, as in (exp(x) - exp(-x)) / (exp(x) + exp(-x))"),
    Mutant("tanh", "exp(2 x) overflows", "stable", tanh(y=lambda x: 1 - 2 / (np.exp(2 * x) + 1)), diagnosis="exp overflows, as in 1 - 2 / (exp(2 * x) + 1)"),
    Mutant("tanh", "cosh overflows in grad", "stable", tanh(gx=lambda gy, x, y: gy / np.cosh(x) ** 2), diagnosis="the square overflows, as in 1 / cosh(x)**2"),
    Mutant("tanh", "ones in float64", "stable", tanh(gx=lambda gy, x, y: gy * (np.ones(x.shape) - y**2)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("tanh", "the arctangent's slope", "gradient", tanh(gx=lambda gy, x, y: gy / (1 + x**2)), diagnosis="gx is gy * 1 / (1 + x**2): the derivative of something else"),
    Mutant("tanh", "1 / cosh, not its square", "gradient", tanh(gx=lambda gy, x, y: gy * np.sqrt(1 - y**2)), diagnosis="gx is gy * sqrt(1 - y**2): the derivative of something else"),
    Mutant("tanh", "row by row, without a row for a number", "forward", tanh(y=lambda x: np.stack([np.tanh(row) for row in x])), diagnosis="TypeError: iteration over a 0-d array"),
    Mutant("tanh", "both sides of np.where", "stable", tanh(
        y=lambda x: np.where(x > 0, 1 - 2 / (np.exp(2 * x) + 1), 2 / (np.exp(-2 * x) + 1) - 1)), diagnosis="overflow warning in forward from x = "),

    Mutant("leaky_relu", "slope not used", "forward", leaky_relu(y=lambda x, slope: np.where(x > 0, x, 0.01 * x)), diagnosis="y is what slope = 0.01 would give: slope is not used"),
    Mutant("leaky_relu", "relu", "forward", leaky_relu(y=lambda x, slope: np.maximum(x, 0)), diagnosis="y is what slope = 0 would give: slope is not used"),
    Mutant("leaky_relu", "minus slope", "forward", leaky_relu(y=lambda x, slope: np.where(x > 0, x, -slope * x)), diagnosis="y is what -slope in place of slope would give"),
    Mutant("leaky_relu", "one line", "forward", leaky_relu(y=lambda x, slope: slope * x), diagnosis="y is what x * slope everywhere in where(x > 0, x, x * slope) would give: nothing is chosen"),
    Mutant("leaky_relu", "x divided by slope", "forward", leaky_relu(y=lambda x, slope: np.where(x > 0, x, x / slope)), diagnosis="y is what 1 / slope in place of slope would give"),
    Mutant("leaky_relu", "relu's mask", "gradient", leaky_relu(gx=lambda gy, x, slope, y: gy * (x > 0)), diagnosis="gx is what slope = 0 would give: slope is not used"),
    Mutant("leaky_relu", "slope not used in grad", "gradient", leaky_relu(gx=lambda gy, x, slope, y: np.where(x > 0, gy, 0.01 * gy)), diagnosis="gx is what slope = 0.01 would give: slope is not used"),
    Mutant("leaky_relu", "gy on both sides", "gradient", leaky_relu(gx=lambda gy, x, slope, y: gy), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("leaky_relu", "slope twice", "gradient", leaky_relu(gx=lambda gy, x, slope, y: np.where(x > 0, gy, slope * slope * gy)), diagnosis="gx is what slope**2 in place of slope would give"),
    Mutant("leaky_relu", "slope times y", "gradient", leaky_relu(gx=lambda gy, x, slope, y: np.where(x > 0, gy, y * gy)), diagnosis="in gx, the term that comes through x * slope in where(x > 0, x, x * slope) has the factor x once too often"),
    Mutant("leaky_relu", "both slopes at 0", "gradient", leaky_relu(gx=lambda gy, x, slope, y: gy * (x >= 0) + slope * gy * (x <= 0)), diagnosis="gx is wrong only where x == 0"),
    Mutant("leaky_relu", "sides by gy", "gradient", leaky_relu(gx=lambda gy, x, slope, y: np.where(gy > 0, gy, slope * gy)), diagnosis="in gx, gy is used non-linearly"),
    Mutant("leaky_relu", "gradient of slope too", "gradient", leaky_relu(
        gx=lambda gy, x, slope, y: (np.where(x > 0, gy, slope * gy), (gy * np.minimum(x, 0)).sum())), diagnosis="grad returns 2 gradients, number 2 is too many: only gx is due"),
    Mutant("leaky_relu", "scaled in x", "gradient", leaky_relu(y=lambda x, slope: np.multiply(x, slope, out=x, where=x < 0)), diagnosis="forward changes x in place"),
    Mutant("leaky_relu", "scaled in gy", "pure", leaky_relu(gx=lambda gy, x, slope, y: np.multiply(gy, slope, out=gy, where=x <= 0)), diagnosis="grad changes gy in place"),
    Mutant("leaky_relu", "a float64 array of slopes", "stable", leaky_relu(gx=lambda gy, x, slope, y: gy * np.where(x > 0, 1, slope)), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("leaky_relu", "the larger of x and slope x", "forward", leaky_relu(y=lambda x, slope: np.maximum(x, slope * x)), diagnosis="y is wrong only where slope > 1"),
    Mutant("leaky_relu", "sides by y", "gradient", leaky_relu(gx=lambda gy, x, slope, y: np.where(y > 0, gy, slope * gy)), diagnosis="gx is wrong only where slope < 0: there, gx is what y in place of x would give: the derivative is taken at the output"),
    Mutant("leaky_relu", "slope added below", "forward", leaky_relu(y=lambda x, slope: np.where(x > 0, x, slope + x)), diagnosis="y is what x + slope in place of x * slope would give"),
    Mutant("leaky_relu", "slope x in grad", "gradient", leaky_relu(gx=lambda gy, x, slope, y: np.where(x > 0, gy, gy * slope * x)), diagnosis="in gx, the term that comes through x * slope in where(x > 0, x, x * slope) has the factor x once too often"),

    Mutant("elu", "alpha not used", "forward", elu(y=lambda x, alpha: np.where(x > 0, x, _exp_less_one(x))), diagnosis="y is what alpha = 1 would give: alpha is not used"),
    Mutant("elu", "1 not subtracted", "forward", elu(y=lambda x, alpha: np.where(x > 0, x, alpha * _exp_below(x))), diagnosis="y is what leaving out the term 1 would give: the term 1 is missing"),
    Mutant("elu", "alpha e^x - 1", "forward", elu(y=lambda x, alpha: np.where(x > 0, x, alpha * _exp_below(x) - 1)), diagnosis="y is what exp(min(x, 0)) * alpha - 1 would give: brackets are missing"),
    Mutant("elu", "alpha on both sides", "forward", elu(y=lambda x, alpha: alpha * np.where(x > 0, x, _exp_less_one(x))), diagnosis="y is wrong only where x > 0"),
    Mutant("elu", "1 - e^x", "forward", elu(y=lambda x, alpha: np.where(x > 0, x, -alpha * _exp_less_one(x))), diagnosis="y is what -alpha in place of alpha would give"),
    Mutant("elu", "alpha not used in grad", "gradient", elu(gx=lambda gy, x, alpha, y: gy * _exp_below(x)), diagnosis="gx is what alpha = 1 would give: alpha is not used"),
    Mutant("elu", "y + 1 for y + alpha", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy, gy * (y + 1))), diagnosis="gx is wrong only where x < 0"),
    Mutant("elu", "y for y + alpha", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy, gy * y)), diagnosis="in gx, the derivative of exp(...) - 1, s = (exp(min(x, 0)) - 1), is s, but should be exp(min(x, 0))"),
    Mutant("elu", "no gradient below", "gradient", elu(gx=lambda gy, x, alpha, y: gy * (x > 0)), diagnosis="gx is what alpha = 0 would give: alpha is not used"),
    Mutant("elu", "alpha twice", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy, gy * alpha**2 * _exp_below(x))), diagnosis="gx is what alpha**2 in place of alpha would give"),
    Mutant("elu", "both slopes at 0", "gradient", elu(gx=lambda gy, x, alpha, y: gy * (x >= 0) + alpha * _exp_below(x) * gy * (x <= 0)), diagnosis="gx is wrong only where x == 0"),
    Mutant("elu", "gy missing", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, 1, alpha * _exp_below(x))), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("elu", "gy missing below", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy, alpha * _exp_below(x))), diagnosis="gx is wrong only where x <= 0"),
    Mutant("elu", "y written into x", "pure", _written_into_x(elu()), diagnosis="forward changes x in place"),
    Mutant("elu", "exp(x) overflows", "stable", elu(y=lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1))), diagnosis="np.where computes both its sides"),
    Mutant("elu", "exp(x) overflows in grad", "stable", elu(gx=lambda gy, x, alpha, y: gy * np.where(x > 0, 1, alpha * np.exp(x))), diagnosis="np.where computes both its sides"),
    Mutant("elu", "alpha + x below", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy, gy * (x + alpha))), diagnosis="gx is wrong only where x < 0"),
    Mutant("elu", "x times the slope", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy * x, gy * alpha * _exp_below(x))), diagnosis="in gx, the term that comes through x has the factor x once too often"),
    Mutant("elu", "sides by y", "gradient", elu(gx=lambda gy, x, alpha, y: np.where(y > 0, gy, gy * (y + alpha))), diagnosis="gx is wrong only where alpha < 0: there, gx is what y in place of x would give: the derivative is taken at the output"),

    Mutant("softplus", "log(1 + e^-x)", "forward", softplus(y=lambda x: np.logaddexp(0, -x)), diagnosis="y is what -x in place of x would give"),
    Mutant("softplus", "logarithm of base 2", "forward", softplus(y=lambda x: np.logaddexp(0, x) / np.log(2)), diagnosis="y is 1.44269504 times what it should be"),
    Mutant("softplus", "log(2 + e^x)", "forward", softplus(y=lambda x: np.logaddexp(math.log(2), x)), diagnosis="y is what y in place of x would give: the operation is applied twice"),
    Mutant("softplus", "log missing", "forward", softplus(y=lambda x: 1 + np.exp(x)), diagnosis="y is exp of what it should be: a log is missing"),
    Mutant("softplus", "gy itself", "gradient", softplus(gx=lambda gy, x, y: gy), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("softplus", "1 - sigmoid", "gradient", softplus(gx=lambda gy, x, y: gy * (1 - _sigmoid(x))), diagnosis="gx is what -x in place of x would give"),
    Mutant("softplus", "inner derivative missing", "gradient", softplus(gx=lambda gy, x, y: gy / (1 + np.exp(np.minimum(x, 700)))), diagnosis="gx is what -x in place of x would give"),
    Mutant("softplus", "sigmoid of y", "gradient", softplus(gx=lambda gy, x, y: gy * _sigmoid(y)), diagnosis="gx is what y in place of x would give: the derivative is taken at the output"),
    Mutant("softplus", "the sigmoid's slope", "gradient", softplus(gx=lambda gy, x, y: gy * _sigmoid(x) * _sigmoid(-x)), diagnosis="gx is gy * sigmoid(x) * (1 - sigmoid(x)): the derivative of something else"),
    Mutant("softplus", "e for both sides", "gradient", softplus(gx=lambda gy, x, y: gy * _sigmoid(-abs(x))), diagnosis="gx is what -abs(x) in place of x would give"),
    Mutant("softplus", "gy missing", "gradient", softplus(gx=lambda gy, x, y: _sigmoid(x)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("softplus", "y written into x", "pure", _written_into_x(softplus()), diagnosis="forward changes x in place"),
    Mutant("softplus", "saved in one place for all calls", "pure",
           Stateful(_remembered(lambda x: np.logaddexp(0, x), lambda gy, x, y: gy * _sigmoid(x))), diagnosis="grad reads the last call's inputs"),
    Mutant("softplus", "log(1 + exp(x)) overflows", "stable", softplus(y=lambda x: np.log(1 + np.exp(x))), diagnosis="exp overflows, as in log(1 + exp(x))"),
    Mutant("softplus", "exp of the other side overflows", "stable", softplus(
        y=lambda x: np.maximum(x, 0) + np.where(x > 0, np.log1p(np.exp(-x)), np.log1p(np.exp(-abs(x))))), diagnosis="np.where computes both its sides"),
    Mutant("softplus", "exp(x) overflows in grad", "stable", softplus(gx=lambda gy, x, y: gy * np.exp(x) / (1 + np.exp(x))), diagnosis="exp overflows, as in exp(x) / (1 + exp(x))"),
    Mutant("softplus", "clipped at 30", "stable", softplus(y=lambda x: np.log1p(np.exp(np.minimum(x, 30)))), diagnosis="y no longer changes from x = 30 up: is something clipped?"),
    Mutant("softplus", "maximum forgotten", "forward", softplus(y=lambda x: np.log1p(np.exp(-abs(x)))), diagnosis="y is what -abs(x) in place of x would give"),
    Mutant("softplus", "x for the maximum", "forward", softplus(y=lambda x: x + np.log1p(np.exp(-abs(x)))), diagnosis="y is what x everywhere in max(x, 0) would give: nothing is chosen"),
    Mutant("softplus", "tanh for the sigmoid", "gradient", softplus(gx=lambda gy, x, y: gy * np.tanh(x)), diagnosis="gx is gy * tanh(x): the derivative of something else"),
    Mutant("softplus", "1 / (1 + y)", "gradient", softplus(gx=lambda gy, x, y: gy / (1 + y)), diagnosis="gx is gy * 1 / (1 + y): the derivative of something else"),
    Mutant("softplus", "both sides of np.where", "stable", softplus(
        y=lambda x: np.where(x > 0, x + np.log1p(np.exp(-x)), np.log1p(np.exp(x)))), diagnosis="overflow warning in forward from x = "),

    Mutant("silu", "x missing", "forward", silu(y=_sigmoid), diagnosis="in y, the factor x is missing"),
    Mutant("silu", "x twice", "forward", silu(y=lambda x: x * x * _sigmoid(x)), diagnosis="in y, there is a factor x too many"),
    Mutant("silu", "sigmoid of -x", "forward", silu(y=lambda x: x * _sigmoid(-x)), diagnosis="in y, the factor exp(x) is missing"),
    Mutant("silu", "sigmoid as a constant", "gradient", silu(gx=lambda gy, x, y: gy * _sigmoid(x)), diagnosis="in gx, sigmoid(x) is treated as a constant: its own derivative is missing"),
    Mutant("silu", "x as a constant", "gradient", silu(gx=lambda gy, x, y: gy * y * (1 - _sigmoid(x))), diagnosis="in gx, x in x * sigmoid(x) is treated as a constant: the product rule has two terms"),
    Mutant("silu", "terms subtracted", "gradient", silu(gx=lambda gy, x, y: gy * (_sigmoid(x) - y * (1 - _sigmoid(x)))), diagnosis="in gx, the term that comes through sigmoid(x) has the wrong sign"),
    Mutant("silu", "y (1 - y)", "gradient", silu(gx=lambda gy, x, y: gy * y * (1 - y)), diagnosis="gx is gy * y * (1 - y): the derivative of something else"),
    Mutant("silu", "the sigmoid's slope", "gradient", silu(gx=lambda gy, x, y: gy * _sigmoid(x) * _sigmoid(-x)), diagnosis="gx is what leaving out x in x * sigmoid(x) would give"),
    Mutant("silu", "slope at y", "gradient", silu(gx=lambda gy, x, y: gy * (_sigmoid(y) + y * _sigmoid(y) * _sigmoid(-y))), diagnosis="gx is what y in place of x would give: the derivative is taken at the output"),
    Mutant("silu", "gy once only", "gradient", silu(gx=lambda gy, x, y: gy * _sigmoid(x) + y * (1 - _sigmoid(x))), diagnosis="in gx, a term is not multiplied by gy: for gy = 0 it should be 0, but is not"),
    Mutant("silu", "gy missing", "gradient", silu(gx=lambda gy, x, y: y + _sigmoid(x) * (1 - y)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("silu", "y written into x", "pure", _written_into_x(silu()), diagnosis="forward changes x in place"),
    Mutant("silu", "gy multiplied in place", "pure", silu(gx=lambda gy, x, y: np.multiply(gy, y + _sigmoid(x) * (1 - y), out=gy)), diagnosis="grad changes gy in place"),
    Mutant("silu", "exp(-x) overflows", "stable", silu(y=lambda x: x / (1 + np.exp(-x))), diagnosis="exp overflows, as in x / (1 + exp(-x))"),
    Mutant("silu", "exp(x) overflows", "stable", silu(y=lambda x: x * np.exp(x) / (1 + np.exp(x))), diagnosis="exp overflows, as in x * exp(x) / (1 + exp(x))"),
    Mutant("silu", "exp(-x) overflows in grad", "stable", silu(gx=lambda gy, x, y: gy * (y + (1 - y) / (1 + np.exp(-x)))), diagnosis="exp overflows, as in s * (1 + x * (1 - s)), s = 1 / (1 + exp(-x))"),
    Mutant("silu", "x missing in the product rule", "gradient", silu(gx=lambda gy, x, y: gy * _sigmoid(x) * (1 + _sigmoid(-x))), diagnosis="in gx, the term that comes through sigmoid(x) lacks the factor x"),
    Mutant("silu", "1 - s missing in the product rule", "gradient", silu(gx=lambda gy, x, y: gy * (_sigmoid(x) + y)), diagnosis="in gx, the derivative of sigmoid, s = sigmoid(x), is s, but should be s * (1 - s)"),
    Mutant("silu", "s missing in the product rule", "gradient", silu(gx=lambda gy, x, y: gy * (_sigmoid(x) + x * _sigmoid(-x))), diagnosis="in gx, the derivative of sigmoid, s = sigmoid(x), is 1 - s, but should be s * (1 - s)"),
    Mutant("silu", "y + s (1 - s)", "gradient", silu(gx=lambda gy, x, y: gy * (y + _sigmoid(x) * _sigmoid(-x))), diagnosis="(all entries are wrong)"),
    Mutant("silu", "1 + s for 1 - s", "gradient", silu(gx=lambda gy, x, y: gy * _sigmoid(x) * (1 + x * (1 + _sigmoid(x)))), diagnosis="in gx, the derivative of sigmoid, s = sigmoid(x), is s * (1 + s), but should be s * (1 - s)"),
    Mutant("silu", "tanh for the sigmoid", "forward", silu(y=lambda x: x * np.tanh(x)), diagnosis="y is what tanh in place of sigmoid in sigmoid(x) would give"),

    Mutant("gelu", "with the error function", "forward", gelu(y=lambda x: x / 2 * (1 + _erf(x / math.sqrt(2)))), diagnosis="y is that of gelu's other form, with the error function"),
    Mutant("gelu", "1/2 missing", "forward", gelu(y=lambda x: x * (1 + np.tanh(_cubic(x)))), diagnosis="y is twice what it should be"),
    Mutant("gelu", "1 missing", "forward", gelu(y=lambda x: x / 2 * np.tanh(_cubic(x))), diagnosis="y is what leaving out the term 1 would give: the term 1 is missing"),
    Mutant("gelu", "root inverted", "forward", gelu(y=lambda x: x / 2 * (1 + np.tanh(_cubic(x) / ROOT**2))), diagnosis="y is what 1 / sqrt(2 / pi) in place of sqrt(2 / pi) in (x + x**3 * 0.044715) * sqrt(2 / pi) would give"),
    Mutant("gelu", "x missing", "forward", gelu(y=lambda x: (1 + np.tanh(_cubic(x))) / 2), diagnosis="in y, the factor x is missing"),
    Mutant("gelu", "gate as a constant", "gradient", gelu(gx=lambda gy, x, y: gy * (1 + np.tanh(_cubic(x))) / 2), diagnosis="in gx, tanh is treated as a constant: its own derivative is missing"),
    Mutant("gelu", "x as a constant", "gradient", gelu(gx=lambda gy, x, y: gy * x / 2 * _tanh_slope(x) * _cubic_slope(x)), diagnosis="in gx, x * 0.5 is treated as a constant: the product rule has two terms"),
    Mutant("gelu", "slope of the tanh missing", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _cubic_slope(x))), diagnosis="in gx, the derivative of tanh is missing: the gradient passes through it unchanged"),
    Mutant("gelu", "slope of the cube missing", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _tanh_slope(x) * ROOT)), diagnosis="in gx, x**3 is treated as a constant: its own derivative is missing"),
    Mutant("gelu", "1 + tanh^2", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * (2 - _tanh_slope(x)) * _cubic_slope(x))), diagnosis="in gx, the derivative of s = tanh(v), is 1 + s**2, but should be 1 - s**2"),
    Mutant("gelu", "gy missing", "gradient", gelu(
        gx=lambda gy, x, y: (1 + np.tanh(_cubic(x))) / 2 + x / 2 * _tanh_slope(x) * _cubic_slope(x)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("gelu", "y written into x", "pure", _written_into_x(gelu()), diagnosis="forward changes x in place"),
    Mutant("gelu", "gradient computed once", "pure", _answered_once(gelu()), diagnosis="grad called again returns its first answer, whatever gy is"),
    Mutant("gelu", "a root of NumPy's in float64", "stable", gelu(
        y=lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("gelu", "cosh overflows in grad", "stable", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _cubic_slope(x) / np.cosh(_cubic(x)) ** 2)), diagnosis="the square overflows, as in 1 / cosh(z)**2"),
    Mutant("gelu", "exp overflows", "stable", gelu(y=lambda x: x / (1 + np.exp(-2 * _cubic(x)))), diagnosis="exp overflows, as in 2 / (1 + exp(-2 * z))"),
    Mutant("gelu", "the error function's slope", "gradient", gelu(gx=lambda gy, x, y: gy * _erf_slope(x)), diagnosis="gx is that of gelu's other form, with the error function"),
    Mutant("gelu", "sigmoid of 1.702 x", "forward", gelu(y=lambda x: x * _sigmoid(1.702 * x)), diagnosis="y is that of x * sigmoid(1.702 * x)"),
    Mutant("gelu", "0.0447", "forward", gelu(y=lambda x: x / 2 * (1 + np.tanh(ROOT * (x + 0.0447 * x**3)))), diagnosis="y is what 0.044715 rounded to 3 digits in place of 0.044715 in x**3 * 0.044715 would give"),
    Mutant("gelu", "root rounded to 0.8", "forward", gelu(y=lambda x: x / 2 * (1 + np.tanh(0.8 * (x + 0.044715 * x**3)))), diagnosis="y is what sqrt(2 / pi) rounded to 1 digit in place of sqrt(2 / pi) in (x + x**3 * 0.044715) * sqrt(2 / pi) would give"),
    Mutant("gelu", "root rounded to 0.7979", "forward", gelu(y=lambda x: x / 2 * (1 + np.tanh(0.7979 * (x + 0.044715 * x**3)))), diagnosis="y is what sqrt(2 / pi) rounded to 4 digits in place of sqrt(2 / pi) in (x + x**3 * 0.044715) * sqrt(2 / pi) would give"),
    Mutant("gelu", "square for cube", "forward", gelu(y=lambda x: x / 2 * (1 + np.tanh(ROOT * (x + 0.044715 * x**2)))), diagnosis="y is what 2 in place of 3 in x**3 would give"),
    Mutant("gelu", "3 missing in the cube's slope", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _tanh_slope(x) * ROOT * (1 + 0.044715 * x**2))), diagnosis="in gx, the derivative of x**3 lacks its factor 3"),
    Mutant("gelu", "3 x for 3 x^2", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _tanh_slope(x) * ROOT * (1 + 3 * 0.044715 * x))), diagnosis="in gx, the term that comes through x**3 lacks the factor x"),
    Mutant("gelu", "root missing in the inner slope", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _tanh_slope(x) * _cubic_slope(x) / ROOT)), diagnosis="in gx, the factor sqrt(2 / pi) is missing: it belongs to the derivative of (x + x**3 * 0.044715) * sqrt(2 / pi)"),
    Mutant("gelu", "x missing in the second term", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + _tanh_slope(x) * _cubic_slope(x) / 2)), diagnosis="in gx, the term that comes through tanh lacks the factor x"),
    Mutant("gelu", "1 - tanh for 1 - tanh^2", "gradient", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * (1 - np.tanh(_cubic(x))) * _cubic_slope(x))), diagnosis="in gx, the derivative of s = tanh(v), is 1 - s, but should be 1 - s**2"),

    Mutant("softmax", "along the first axis", "forward", softmax(y=_along_first(lambda x: _normalized(_shifted_exp(x)))), diagnosis="y is computed along axis 0, but should be along the last axis"),
    Mutant("softmax", "over everything", "forward", softmax(y=_over_everything(lambda x: _normalized(_shifted_exp(x)))), diagnosis="y is computed over all entries at once, but should be along the last axis"),
    Mutant("softmax", "not normalized", "forward", softmax(y=_shifted_exp), diagnosis="y is not divided by sum(exp(x - max(x)))"),
    Mutant("softmax", "1e-6 in the sum", "forward", softmax(y=lambda x: _shifted_exp(x) / (_sum(_shifted_exp(x)) + 1e-6)), diagnosis="y is off by a factor that is constant along axis -1"),
    Mutant("softmax", "log left over", "forward", softmax(y=lambda x: x - _max(x) - np.log(_sum(_shifted_exp(x)))), diagnosis="y is log of what it should be"),
    Mutant("softmax", "scores divided by their sum", "forward", softmax(y=lambda x: _normalized(np.where(x == 0, 1e-30, x))), diagnosis="y is wrong only where K > 1"),
    Mutant("softmax", "elementwise", "gradient", softmax(gx=lambda gy, x, y: gy * y * (1 - y)), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("softmax", "gy y", "gradient", softmax(gx=lambda gy, x, y: gy * y), diagnosis="in gx, the sum is treated as a constant: it depends on x too"),
    Mutant("softmax", "y missing in front", "gradient", softmax(gx=lambda gy, x, y: gy - _sum(gy * y)), diagnosis="in gx, the factor y is missing"),
    Mutant("softmax", "y once too often", "gradient", softmax(gx=lambda gy, x, y: y * y * (gy - _sum(gy * y))), diagnosis="in gx, there is a factor y too many"),
    Mutant("softmax", "sum of gy without y", "gradient", softmax(gx=lambda gy, x, y: y * (gy - _sum(gy))), diagnosis="in gx, the term that comes through the sum has a wrong factor, the same all along its axis"),
    Mutant("softmax", "mean for the sum", "gradient", softmax(gx=lambda gy, x, y: y * (gy - (gy * y).mean(-1, keepdims=True))), diagnosis="in gx, the term that comes through the sum is n times too small"),
    Mutant("softmax", "sum over everything", "gradient", softmax(gx=lambda gy, x, y: y * (gy - (gy * y).sum())), diagnosis="in gx, gy * y is summed over everything, but should be over the last axis"),
    Mutant("softmax", "terms exchanged", "gradient", softmax(gx=lambda gy, x, y: y * (_sum(gy * y) - gy)), diagnosis="gx is negated"),
    Mutant("softmax", "terms added", "gradient", softmax(gx=lambda gy, x, y: y * (gy + _sum(gy * y))), diagnosis="in gx, the term that comes through the sum has the wrong sign"),
    Mutant("softmax", "gy ignored", "gradient", softmax(gx=lambda gy, x, y: y * (1 - _sum(y))), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("softmax", "axis lost in the sum", "gradient", softmax(gx=lambda gy, x, y: y * (gy - (gy * y).sum(-1))), diagnosis="gx is wrong only where x has more than 1 dimension"),
    Mutant("softmax", "maximum subtracted in x", "pure", softmax(y=lambda x: _normalized(np.exp(np.subtract(x, _max(x), out=x)))), diagnosis="forward changes x in place"),
    Mutant("softmax", "gy y in gy", "pure", softmax(gx=lambda gy, x, y: y * (gy - _sum(gy * y)) + 0 * _into(gy, gy * y)), diagnosis="grad changes gy in place"),
    Mutant("softmax", "maximum not subtracted", "stable", softmax(y=lambda x: _normalized(np.exp(x))), diagnosis="the maximum is not subtracted before exp"),
    Mutant("softmax", "maximum of everything", "stable", softmax(y=lambda x: _normalized(np.exp(x - x.max()))), diagnosis="the maximum over everything is subtracted"),
    Mutant("softmax", "identity in float64", "stable", softmax(
        gx=lambda gy, x, y: np.einsum("...i,...ij->...j", gy, y[..., None] * (np.eye(x.shape[-1]) - y[..., None, :]))), diagnosis="gx has dtype float64, but should be float32, like the inputs"),
    Mutant("softmax", "in the order of memory", "layout", softmax(gx=lambda gy, x, y: _in_order_of_memory(y) * (gy - _sum(gy * y)))),
    Mutant("softmax", "the Jacobian itself", "gradient", softmax(gx=lambda gy, x, y: _jacobian(y)), diagnosis="it is the Jacobian J, and gy is not used"),
    Mutant("softmax", "the Jacobian's rows added up", "gradient", softmax(gx=lambda gy, x, y: _jacobian(y).sum(-1)), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("softmax", "the Jacobian times the matrix of gy", "gradient", softmax(gx=lambda gy, x, y: _jacobian(y) * gy[..., None, :]), diagnosis="gx is not summed over axis 3"),
    Mutant("softmax", "terms overwritten", "gradient", softmax(gx=_terms_overwritten), diagnosis="in gx, contributions overwrite each other instead of adding up: only the last one stays"),
    Mutant("softmax", "cross entropy's gradient", "gradient", softmax(gx=lambda gy, x, y: y - gy), diagnosis="gx is y - gy: gy is subtracted as if it were a target, but should multiply"),
    Mutant("softmax", "log_softmax's gradient", "gradient", softmax(gx=lambda gy, x, y: gy - y * _sum(gy)), diagnosis="gx is the gradient of log(y), but should be that of y"),
    Mutant("softmax", "the exponential's slope", "gradient", softmax(gx=lambda gy, x, y: gy * _shifted_exp(x)), diagnosis="gx is what leaving out sum(exp(x - max(x))) in exp(x - max(x)) / sum(exp(x - max(x))) would give"),
    Mutant("softmax", "slope at x", "gradient", softmax(gx=lambda gy, x, y: gy * y * (1 - x)), diagnosis="(all entries are wrong)"),
    Mutant("softmax", "maximum along the first axis", "forward", softmax(y=lambda x: _normalized(np.exp(x - x.max(0)))), diagnosis="y is what the maximum along axis 0 would give, but it should go along the last axis"),
    Mutant("softmax", "mean for the maximum", "stable", softmax(y=lambda x: _normalized(np.exp(x - x.mean(-1, keepdims=True)))), diagnosis="overflow warning in forward from x = "),
    Mutant("softmax", "largest magnitude for the maximum", "stable", softmax(y=lambda x: _normalized(np.exp(x - _max(abs(x))))), diagnosis="invalid value warning in forward from x = "),
    Mutant("softmax", "powers of 2", "forward", softmax(y=lambda x: _normalized(2 ** (x - _max(x)))), diagnosis="y is wrong only where K > 1"),

    Mutant("log_softmax", "softmax", "forward", log_softmax(y=lambda x: _normalized(_shifted_exp(x))), diagnosis="y is exp of what it should be: a log is missing"),
    Mutant("log_softmax", "along the first axis", "forward", log_softmax(
        y=_along_first(lambda x: x - _max(x) - np.log(_sum(_shifted_exp(x))))), diagnosis="y is computed along axis 0, but should be along the last axis"),
    Mutant("log_softmax", "over everything", "forward", log_softmax(
        y=_over_everything(lambda x: x - _max(x) - np.log(_sum(_shifted_exp(x))))), diagnosis="y is computed over all entries at once, but should be along the last axis"),
    Mutant("log_softmax", "maximum twice", "forward", log_softmax(y=lambda x: x - 2 * _max(x) - np.log(_sum(_shifted_exp(x)))), diagnosis="y is too small by the maximum of x along the last axis"),
    Mutant("log_softmax", "log missing", "forward", log_softmax(y=lambda x: x - _sum(np.exp(x))), diagnosis="y is what exp of logsumexp(x) would give: one exp too many"),
    Mutant("log_softmax", "the normalizer as a constant", "gradient", log_softmax(gx=lambda gy, x, y: gy), diagnosis="gx is gy itself: the derivative of the operation is missing"),
    Mutant("log_softmax", "elementwise", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y) * gy), diagnosis="in gx, only the diagonal of the Jacobian is used: the terms with i != j are missing"),
    Mutant("log_softmax", "sum of gy missing", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y)), diagnosis="in gx, a term is not multiplied by gy: for gy = 0 it should be 0, but is not"),
    Mutant("log_softmax", "sum of gy over everything", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y) * gy.sum()), diagnosis="in gx, gy is summed over everything, but should be over the last axis"),
    Mutant("log_softmax", "mean of gy", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y) * gy.mean(-1, keepdims=True)), diagnosis="in gx, the term that comes through logsumexp(x) is K times too small: mean instead of sum?"),
    Mutant("log_softmax", "y for exp(y)", "gradient", log_softmax(gx=lambda gy, x, y: gy - y * _sum(gy)), diagnosis="in gx, the derivative of logsumexp, s = logsumexp(x), is x - s, but should be exp(x - s)"),
    Mutant("log_softmax", "softmax's gradient", "gradient", log_softmax(gx=lambda gy, x, y: np.exp(y) * (gy - _sum(gy * np.exp(y)))), diagnosis="gx is the gradient of exp(y), but should be that of y"),
    Mutant("log_softmax", "terms exchanged", "gradient", log_softmax(gx=lambda gy, x, y: np.exp(y) * _sum(gy) - gy), diagnosis="gx is negated"),
    Mutant("log_softmax", "axis lost in the sum", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y) * gy.sum(-1)), diagnosis="gx is wrong only where x has more than 1 dimension"),
    Mutant("log_softmax", "maximum subtracted in x", "pure", log_softmax(
        y=lambda x: np.subtract(x, _max(x), out=x) - np.log(_sum(np.exp(x)))), diagnosis="forward changes x in place"),
    Mutant("log_softmax", "grad spends y", "pure", _exponential_kept, diagnosis="grad called again answers differently: it changes something it needs"),
    Mutant("log_softmax", "log of softmax", "stable", log_softmax(y=lambda x: np.log(_normalized(_shifted_exp(x)))), diagnosis="the logarithm is taken of a softmax, which rounds to 0"),
    Mutant("log_softmax", "maximum not subtracted", "stable", log_softmax(y=lambda x: x - np.log(_sum(np.exp(x)))), diagnosis="the maximum is not subtracted before exp"),
    Mutant("log_softmax", "1e-6 in the logarithm", "forward", log_softmax(y=lambda x: np.log(_normalized(_shifted_exp(x)) + 1e-6)), diagnosis="the logarithm is taken of the softmax plus 1e-06"),
    Mutant("log_softmax", "log of softmax plus 1e-12", "forward", log_softmax(y=lambda x: np.log(_normalized(_shifted_exp(x)) + 1e-12)), diagnosis="the logarithm is taken of the softmax plus 1e-12"),
    Mutant("log_softmax", "maximum of everything", "stable", log_softmax(y=lambda x: x - x.max() - np.log(_sum(np.exp(x - x.max())))), diagnosis="y loses its accuracy from x = "),
    Mutant("log_softmax", "through 1 / softmax", "stable", log_softmax(
        gx=lambda gy, x, y: np.exp(y) * (gy / np.exp(y) - _sum(gy))), diagnosis="invalid value warning in grad from x = "),
    Mutant("log_softmax", "gy exp(y) in the sum", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y) * _sum(gy * np.exp(y))), diagnosis="in gx, what is added up for logsumexp(x) in x - logsumexp(x) has a factor exp(y) too many"),
    Mutant("log_softmax", "gy y in the sum", "gradient", log_softmax(gx=lambda gy, x, y: gy - np.exp(y) * _sum(gy * y)), diagnosis="in gx, what is added up for logsumexp(x) in x - logsumexp(x) has a factor y too many"),
    Mutant("log_softmax", "softmax's gradient with y", "gradient", log_softmax(gx=lambda gy, x, y: y * (gy - _sum(gy * y))), diagnosis="(all entries are wrong)"),
    Mutant("log_softmax", "1 - softmax", "gradient", log_softmax(gx=lambda gy, x, y: 1 - np.exp(y)), diagnosis="gy is not used: gx is the same for every gy"),

    Mutant("logsumexp", "maximum not added back", "forward", logsumexp(y=lambda x: np.log(_shifted_exp(x).sum(-1))), diagnosis="y is too small by the maximum of x along the last axis"),
    Mutant("logsumexp", "axis kept", "forward", logsumexp(y=lambda x: _max(x) + np.log(_sum(_shifted_exp(x)))), diagnosis="y is right but for the shape: an axis of length 1 is kept"),
    Mutant("logsumexp", "of the mean", "forward", logsumexp(y=lambda x: x.max(-1) + np.log(_shifted_exp(x).mean(-1))), diagnosis="y is what the sum divided by n would give, n the number of entries that it is over: mean instead of sum?"),
    Mutant("logsumexp", "log missing", "forward", logsumexp(y=lambda x: np.exp(x).sum(-1)), diagnosis="y is exp of what it should be: a log is missing"),
    Mutant("logsumexp", "maximum", "forward", logsumexp(y=lambda x: x.max(-1)), diagnosis="y is the maximum of x along the last axis"),
    Mutant("logsumexp", "over everything", "forward", logsumexp(y=lambda x: x.max() + np.log(np.exp(x - x.max()).sum())), diagnosis="y is computed over all entries at once, but should be along the last axis"),
    Mutant("logsumexp", "along the first axis", "forward", logsumexp(y=lambda x: x.max(0) + np.log(np.exp(x - x.max(0)).sum(0))), diagnosis="y is computed along axis 0, but should be along the last axis"),
    Mutant("logsumexp", "gy ignored", "gradient", logsumexp(gx=lambda gy, x, y: _normalized(_shifted_exp(x))), diagnosis="gx is what gy = ones would give: gy is ignored"),
    Mutant("logsumexp", "gy without the missing axis", "gradient", logsumexp(gx=lambda gy, x, y: gy * _normalized(_shifted_exp(x))), diagnosis="in gx, gy multiplies along the features, not along the batch: gy has an axis less, use gy[..., None]"),
    Mutant("logsumexp", "not normalized", "gradient", logsumexp(gx=lambda gy, x, y: gy[..., None] * _shifted_exp(x)), diagnosis="gx is off by a factor that is constant along axis -1"),
    Mutant("logsumexp", "shared out", "gradient", logsumexp(gx=lambda gy, x, y: gy[..., None] * np.ones_like(x) / x.shape[-1]), diagnosis="gx is what x = 0 would give: x is not used"),
    Mutant("logsumexp", "to the maximum", "gradient", logsumexp(gx=lambda gy, x, y: gy[..., None] * _winner(x)), diagnosis="in gx, the sum is treated as a constant: it depends on x too"),
    Mutant("logsumexp", "softmax's gradient", "gradient", logsumexp(
        gx=lambda gy, x, y: gy[..., None] * _normalized(_shifted_exp(x)) * (1 - _normalized(_shifted_exp(x)))), diagnosis="in gx, the derivative of logsumexp, s = logsumexp(x), is exp(x - s) * (1 - exp(x - s)), but should be exp(x - s)"),
    Mutant("logsumexp", "log softmax", "gradient", logsumexp(gx=lambda gy, x, y: gy[..., None] * (x - y[..., None])), diagnosis="in gx, the derivative of logsumexp, s = logsumexp(x), is x - s, but should be exp(x - s)"),
    Mutant("logsumexp", "exp in x", "pure", logsumexp(y=lambda x: np.log(np.exp(x, out=x).sum(-1)), gx=lambda gy, x, y: gy[..., None] * _normalized(x)), diagnosis="forward changes x in place"),
    Mutant("logsumexp", "saved in one place for all calls", "pure",
           Stateful(_remembered(lambda x: x.max(-1) + np.log(_shifted_exp(x).sum(-1)), lambda gy, x, y: gy[..., None] * _normalized(_shifted_exp(x)))),
           diagnosis="grad reads the last call's inputs"),
    Mutant("logsumexp", "maximum not subtracted", "stable", logsumexp(y=lambda x: np.log(np.exp(x).sum(-1))), diagnosis="the maximum is not subtracted before exp"),
    Mutant("logsumexp", "maximum not subtracted in grad", "stable", logsumexp(gx=lambda gy, x, y: gy[..., None] * _normalized(np.exp(x))), diagnosis="the maximum is not subtracted before exp"),
    Mutant("logsumexp", "y in float64", "stable", logsumexp(
        y=lambda x: (x.max(-1) + np.log(_shifted_exp(x).sum(-1))).astype(float)), diagnosis="y has dtype float64, but should be float32, like the inputs"),
    Mutant("logsumexp", "maximum's own slope too", "gradient", logsumexp(gx=lambda gy, x, y: gy[..., None] * (_normalized(_shifted_exp(x)) + _winner(x))), diagnosis="in gx, max(x) in x - max(x) (part of logsumexp(x)) is treated as a constant: its own derivative is missing"),
    Mutant("logsumexp", "1 in the sum", "forward", logsumexp(y=lambda x: np.logaddexp(0, np.logaddexp.reduce(x, -1))), diagnosis="(all entries are wrong)"),
    Mutant("logsumexp", "maximum of everything", "stable", logsumexp(y=lambda x: x.max() + np.log(np.exp(x - x.max()).sum(-1))), diagnosis="the maximum over everything is subtracted"),
    Mutant("logsumexp", "mean for the maximum", "stable", logsumexp(
        y=lambda x: x.mean(-1) + np.log(np.exp(x - x.mean(-1, keepdims=True)).sum(-1))), diagnosis="overflow warning in forward from x = "),
    Mutant("logsumexp", "1e-12 in the logarithm", "forward", logsumexp(y=lambda x: np.log(np.exp(x).sum(-1) + 1e-12)), diagnosis="y is 1.00009e-12, but should be 0"),
    Mutant("logsumexp", "softmax of everything in grad", "gradient", logsumexp(
        gx=lambda gy, x, y: gy[..., None] * np.exp(x - x.max()) / np.exp(x - x.max()).sum()), diagnosis="gx is off by a factor that is constant along axis -1"),
]
# fmt: on


def _entry_by_entry(function: Callable, slope: Callable) -> Callable:
    """An elementwise operation, one number at a time."""

    def operation(x, *constants):
        def each(one):
            return np.array([one(v, *constants) for v in x.ravel().tolist()], x.dtype).reshape(x.shape)

        return each(function), lambda gy: gy * each(slope)

    return operation


def _row_by_row(x: NDArray) -> tuple[NDArray, Callable]:
    """softmax, one row at a time, with the Jacobian of each row."""
    rows = [_normalized(_shifted_exp(row)) for row in x.reshape(-1, x.shape[-1])]

    def grad(gy):
        gys = gy.reshape(-1, x.shape[-1])
        jacobians = (np.diag(y) - np.outer(y, y) for y in rows)
        return np.array([gy @ jacobian for gy, jacobian in zip(gys, jacobians, strict=True)]).reshape(x.shape)

    return np.array(rows).reshape(x.shape), grad


def _differences(operation: Callable) -> Callable:
    """Takes the gradient by central differences, one entry of x after the other."""

    def numeric(x):
        y = operation(x)[0]

        def grad(gy):
            gx = np.empty(x.shape)
            for at in np.ndindex(x.shape):
                up, down = x.copy(), x.copy()
                up[at] += 1e-6
                down[at] -= 1e-6
                gx[at] = ((operation(up)[0] - operation(down)[0]) * gy).sum() / 2e-6
            return gx

        return y, grad

    return numeric


def _by_index(x: NDArray, slope: float) -> NDArray:
    y = x.copy()
    y[x < 0] *= slope
    return y


def _elu_by_index(x: NDArray, alpha: float) -> tuple[NDArray, Callable]:
    below = x < 0
    y, slope = x.copy(), np.ones_like(x)
    y[below] = alpha * np.expm1(x[below])
    slope[below] = y[below] + alpha
    return y, lambda gy: gy * slope


def _softplus_by_sides(x: NDArray) -> NDArray:
    y, right = np.empty_like(x), x > 0
    y[right] = x[right] + np.log1p(np.exp(-x[right]))
    y[~right] = np.log1p(np.exp(x[~right]))
    return y


def _between(x: NDArray, below: float) -> NDArray:
    """1 where x > 0, `below` where x < 0, and at 0 a number between the two, another one at each place."""
    share = np.random.default_rng(x.size).random(x.shape)
    return np.where(x > 0, 1, np.where(x < 0, below, share + (1 - share) * below)).astype(x.dtype)


def _gated(x: NDArray) -> tuple[NDArray, Callable]:
    """gelu as a gate, with the chain rule one step at a time."""
    square = x * x
    u = ROOT * x * (1 + 0.044715 * square)
    gate = _sigmoid(2 * u)

    def grad(gy):
        gx, g_gate = gy * gate, gy * x
        gu = g_gate * 2 * gate * _sigmoid(-2 * u)
        gx = gx + gu * ROOT * (1 + 0.044715 * square)
        return gx + gu * ROOT * x * 0.044715 * 2 * x

    return x * gate, grad


def _silenced(function: Callable) -> Callable:
    """The function, with NumPy's warnings of overflow, and of 0 times what it leads to, switched off."""

    def quiet(*arguments):
        with np.errstate(over="ignore", invalid="ignore"):
            return function(*arguments)

    return quiet


# fmt: off
RIGHT = [
    Alternative("tanh", "1 - y^2", tanh()),
    Alternative("tanh", "(1 - y) (1 + y)", tanh(gx=lambda gy, x, y: gy * (1 - y) * (1 + y))),
    Alternative("tanh", "by the sigmoid", tanh(y=lambda x: 2 * _sigmoid(2 * x) - 1, gx=lambda gy, x, y: 4 * gy * _sigmoid(2 * x) * _sigmoid(-2 * x))),
    Alternative("tanh", "cosh, clipped where nothing is left", tanh(gx=lambda gy, x, y: gy / np.cosh(np.clip(x, -40, 40)) ** 2)),
    Alternative("tanh", "entry by entry", _entry_by_entry(math.tanh, lambda v: 1 - math.tanh(v) ** 2), slow=True),

    Alternative("leaky_relu", "where", leaky_relu()),
    Alternative("leaky_relu", "slope 1 at the kink", leaky_relu(gx=lambda gy, x, slope, y: np.where(x >= 0, gy, slope * gy))),
    Alternative("leaky_relu", "any slope between at the kink", leaky_relu(gx=lambda gy, x, slope, y: gy * _between(x, slope))),
    Alternative("leaky_relu", "by index", leaky_relu(y=_by_index, gx=lambda gy, x, slope, y: np.where(x < 0, slope, np.ones_like(x)) * gy)),
    Alternative("leaky_relu", "two relus", leaky_relu(
        y=lambda x, slope: np.maximum(x, 0) - slope * np.maximum(-x, 0), gx=lambda gy, x, slope, y: gy * (x > 0) + slope * gy * (x < 0) + gy * (x == 0))),
    Alternative("leaky_relu", "entry by entry", _entry_by_entry(
        lambda v, slope: v if v > 0 else slope * v, lambda v, slope: 1 if v > 0 else slope), slow=True),

    Alternative("elu", "where", elu()),
    Alternative("elu", "y + alpha", elu(gx=lambda gy, x, alpha, y: np.where(x > 0, gy, gy * (y + alpha)))),
    Alternative("elu", "slope 1 at the kink", elu(gx=lambda gy, x, alpha, y: np.where(x >= 0, gy, gy * alpha * _exp_below(x)))),
    Alternative("elu", "any slope between at the kink", elu(gx=lambda gy, x, alpha, y: gy * np.where(x == 0, _between(x, alpha), np.where(x > 0, 1, alpha * _exp_below(x))))),
    Alternative("elu", "by index", _elu_by_index),
    Alternative("elu", "exp less 1, silenced", elu(y=_silenced(lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1))))),

    Alternative("softplus", "logaddexp", softplus()),
    Alternative("softplus", "by sides", softplus(y=_softplus_by_sides)),
    Alternative("softplus", "less the log of a sigmoid", softplus(y=lambda x: (x + abs(x)) / 2 - np.log(_sigmoid(abs(x))))),
    Alternative("softplus", "sigmoid from y", softplus(gx=lambda gy, x, y: gy * -np.expm1(-y))),
    Alternative("softplus", "exp(x - y)", softplus(gx=lambda gy, x, y: gy * np.exp(x - y))),
    Alternative("softplus", "entry by entry", _entry_by_entry(
        lambda v: max(v, 0) + math.log1p(math.exp(-abs(v))), lambda v: 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))), slow=True),

    Alternative("silu", "from y", silu()),
    Alternative("silu", "by tanh", silu(y=lambda x: x / 2 * (1 + np.tanh(x / 2)))),
    Alternative("silu", "overflow silenced", silu(y=_silenced(lambda x: x / (1 + np.exp(-x))))),
    Alternative("silu", "product rule", silu(gx=lambda gy, x, y: gy * _sigmoid(x) + gy * x * _sigmoid(x) * _sigmoid(-x))),

    Alternative("gelu", "by tanh", gelu()),
    Alternative("gelu", "a gate, step by step", _gated),
    Alternative("gelu", "sech^2, clipped where nothing is left", gelu(
        gx=lambda gy, x, y: gy * ((1 + np.tanh(_cubic(x))) / 2 + x / 2 * _cubic_slope(x) / np.cosh(np.clip(_cubic(x), -40, 40)) ** 2))),
    Alternative("gelu", "overflow silenced", gelu(y=_silenced(lambda x: x / (1 + np.exp(-2 * _cubic(x)))))),

    Alternative("softmax", "y gy - y sum", softmax(gx=lambda gy, x, y: gy * y - y * np.einsum("...k,...k->...", gy, y)[..., None])),
    Alternative("softmax", "exp of log softmax", softmax(y=lambda x: np.exp(x - _max(x) - np.log(_sum(_shifted_exp(x)))))),
    Alternative("softmax", "by quotient rule", softmax(
        gx=lambda gy, x, y: gy * _shifted_exp(x) / _sum(_shifted_exp(x)) - _shifted_exp(x) * _sum(gy * _shifted_exp(x)) / _sum(_shifted_exp(x)) ** 2)),
    Alternative("softmax", "Jacobians of all rows", softmax(gx=lambda gy, x, y: np.einsum(
        "...i,...ij->...j", gy, y[..., None] * (np.eye(x.shape[-1], dtype=x.dtype) - y[..., None, :]))), slow=True),
    Alternative("softmax", "row by row", _row_by_row, slow=True),

    Alternative("log_softmax", "maximum, then logarithm", log_softmax()),
    Alternative("log_softmax", "x - logsumexp", log_softmax(y=lambda x: x - np.logaddexp.reduce(x, -1, keepdims=True))),
    Alternative("log_softmax", "softmax kept from forward", log_softmax(gx=lambda gy, x, y: gy - _normalized(_shifted_exp(x)) * _sum(gy))),
    Alternative("log_softmax", "einsum", log_softmax(gx=lambda gy, x, y: gy - np.einsum("...k,...j->...k", np.exp(y), gy))),

    Alternative("logsumexp", "maximum, then logarithm", logsumexp()),
    Alternative("logsumexp", "logaddexp", logsumexp(y=lambda x: np.logaddexp.reduce(x, -1))),
    Alternative("logsumexp", "exp(x - y)", logsumexp(gx=lambda gy, x, y: gy[..., None] * np.exp(x - y[..., None]))),
    Alternative("logsumexp", "gy moved by einsum", logsumexp(gx=lambda gy, x, y: np.einsum("...,...k->...k", gy, _normalized(_shifted_exp(x))))),
]

SLOW = [
    Alternative("softmax", "numeric differences", _differences(softmax()), slow=True),
    Alternative("logsumexp", "numeric differences", _differences(logsumexp()), slow=True),
    Alternative("silu", "entry by entry", _entry_by_entry(
        lambda v: v / (1 + math.exp(-v)), lambda v: (1 + v / (1 + math.exp(v))) / (1 + math.exp(-v))), slow=True),
]
# fmt: on
