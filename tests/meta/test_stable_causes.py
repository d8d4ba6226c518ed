"""What breaks at large numbers is named by the formula that breaks so, in whatever style it is written, and by none that does not."""

import numpy as np
import pytest

from tests import test_ops
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.harness.worker.observation import Call
from tests.harness.worker.observe import observe
from tests.meta.late import diagnose
from tests.meta.share import share

ROWS = {op.name: op for ops in operations().values() for op in ops}


def _sigmoid(x):
    e = np.exp(-abs(x))
    return np.where(x >= 0, 1, e).astype(x.dtype) / (1 + e)


def sigmoid(x):
    t = np.exp(x)
    y = t / (t + 1)
    return y, lambda gy: gy * y * (1 - y)


def tanh_in_grad(x):
    def grad(gy):
        c = np.cosh(x)
        return gy / (c * c)

    return np.tanh(x), grad


def softplus_of_a_sigmoid(x):
    return -np.log(1 - 1 / (1 + np.exp(-x))), lambda gy: gy * _sigmoid(x)


def softplus_chosen_late(x):
    return np.where(x > 20, x, np.log1p(np.exp(x))), lambda gy: gy * _sigmoid(x)


def softmax(x):
    powers = np.exp(x)
    y = powers / np.sum(powers, axis=-1, keepdims=True)

    def grad(gy):
        return y * gy - y * np.einsum("...k,...k->...", gy, y)[..., None]

    return y, grad


def softmax_of_the_mean(x):
    powers = np.exp(x - x.mean(-1, keepdims=True))
    y = powers / powers.sum(-1, keepdims=True)
    return y, lambda gy: y * (gy - (gy * y).sum(-1, keepdims=True))


def softmax_of_half_the_maximum(x):
    powers = np.exp(x - x.max(-1, keepdims=True) / 2)
    y = powers / powers.sum(-1, keepdims=True)
    return y, lambda gy: y * (gy - (gy * y).sum(-1, keepdims=True))


def logsumexp(x):
    e = np.exp(x)
    total = e.sum(-1)
    return np.log(total), lambda gy: gy[..., None] * e / total[..., None]


def _probabilities(logits):
    e = np.exp(logits - logits.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _less_the_label(p, labels):
    hot = np.eye(p.shape[1], dtype=p.dtype)[labels]
    return lambda gl: gl * (p - hot) / len(labels)


def cross_entropy(logits, labels):
    p = _probabilities(logits)
    return -np.sum(np.log(p[np.arange(len(labels)), labels])) / len(labels), _less_the_label(p, labels)


def cross_entropy_of_a_one_hot(logits, labels):
    p, hot = _probabilities(logits), np.eye(logits.shape[1], dtype=logits.dtype)[labels]
    return -(hot * np.log(p)).sum() / len(labels), _less_the_label(p, labels)


def cross_entropy_with_eps(logits, labels):
    p = _probabilities(logits)
    return -np.log(p[np.arange(len(labels)), labels] + 1e-12).mean(), _less_the_label(p, labels)


def binary_cross_entropy(logits, targets):
    p = np.clip(1 / (1 + np.exp(-np.clip(logits, -80, 80))), 1e-12, 1 - 1e-12)
    loss = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean()
    return loss, lambda gl: gl * (_sigmoid(logits) - targets) / logits.size


def layer_norm(x, gamma, beta, eps):
    mu = x.mean(-1, keepdims=True)
    s = np.sqrt(np.square(x).mean(-1, keepdims=True) - np.square(mu) + eps)
    z = (x - mu) / s

    def grad(gy):
        gz, rows = gy * gamma, tuple(range(x.ndim - 1))
        gx = (gz - gz.mean(-1, keepdims=True) - z * (gz * z).mean(-1, keepdims=True)) / s
        return gx, (gy * z).sum(rows), gy.sum(rows)

    return z * gamma + beta, grad


CASES = [
    ("sigmoid", sigmoid, "exp overflows, as in exp(x) / (1 + exp(x))", "exp see negative numbers"),
    ("tanh", tanh_in_grad, "the square overflows, as in 1 / cosh(x)**2", "1 - tanh(x)**2"),
    ("softplus", softplus_of_a_sigmoid, "the logarithm is taken of a sigmoid", "log1p(exp(-abs(x)))"),
    ("softplus", softplus_chosen_late, "np.where computes both its sides", "choose before"),
    ("softmax", softmax, "the maximum is not subtracted before exp", "maximum of each row"),
    ("softmax", softmax_of_the_mean, "the mean is subtracted, but should be the maximum", "maximum of each row"),
    ("logsumexp", logsumexp, "the maximum is not subtracted before exp", "maximum of each row"),
    ("cross_entropy", cross_entropy, "the logarithm is taken of a softmax, which rounds to 0", "log-sum-exp"),
    ("cross_entropy", cross_entropy_of_a_one_hot, "the logarithm is taken of a softmax", "log-sum-exp"),
    ("cross_entropy", cross_entropy_with_eps, "the logarithm is taken of the softmax plus 1e-12", "log-sum-exp"),
    ("binary_cross_entropy_with_logits", binary_cross_entropy, "a sigmoid is clipped at 1e-12", "log1p"),
    ("layer_norm", layer_norm, "the variance is E[x^2] - E[x]^2", "take the mean off first"),
]  # fmt: skip


def _verdict(op: str, function) -> Verdict:
    """The first verdict that is no pass."""
    examiner = Examiner(Here("yours", {op: function}.get), seed=0, explain=diagnose)
    tests = (test_ops.test_forward, test_ops.test_gradient, test_ops.test_stable)
    return next(v for v in (examiner.verdict(t.property, ROWS[op]) for t in tests) if v.status != "pass")


@pytest.mark.parametrize(
    ("op", "function", "said", "hint"), share(CASES, 4), ids=lambda v: getattr(v, "__name__", None)
)
def test_the_formula_is_named(op, function, said, hint):
    """A formula that breaks at large numbers is named, in a style of its own, with the hint that mends it."""
    verdict = _verdict(op, function)
    assert said in verdict.why
    assert hint in " ".join(verdict.hints)


def test_a_formula_that_breaks_otherwise_is_not_taken_for_one():
    """Half the maximum subtracted is neither none, nor the mean, nor that of everything: nothing is said of it."""
    verdict = _verdict("softmax", softmax_of_half_the_maximum)
    assert "warning in forward" in verdict.why
    assert "subtracted" not in verdict.why


def test_no_hint_speaks_of_a_function_that_is_not_there():
    """What overflows in a power of ten is not told to let exp see negative numbers."""

    def tanh(x):
        def grad(gy):
            return gy + 0 * np.minimum(np.power(np.float32(10), x).astype(x.dtype), 1)

        y = np.tanh(x)
        return y, lambda gy: grad(gy * (1 - y) * (1 + y))

    verdict = _verdict("tanh", tanh)
    assert "overflow warning in grad" in verdict.why
    assert not any("exp" in hint or "cosh" in hint for hint in verdict.hints)


@pytest.mark.parametrize("dtype", share([np.float32, np.float64], 2))
def test_a_border_is_that_of_the_example_that_is_shown(dtype):
    """Where exp overflows is said for the dtype of the counterexample."""

    def softplus(x):
        large = x if x.dtype == dtype else np.minimum(x, 50)
        return np.maximum(x, 0) + np.log1p(np.exp(-abs(x))) + 0 * np.minimum(
            np.exp(large), 1
        ), lambda gy: gy * _sigmoid(x)

    verdict = _verdict("softplus", softplus)
    assert verdict.trial.example.dtype == dtype
    assert f"from x = {709.78 if dtype == np.float64 else '88.723'} up" in verdict.why


def test_a_warning_comes_with_its_line():
    """NumPy's warning is reported with the number and the text of the candidate's line."""

    def function(x):
        return np.exp(x), None

    (answer,) = observe(lambda x: (function(x)[0], lambda gy: gy), [(np.array(1e4),)], [], (Call(0),)).answers
    what, file, _, source = answer.warnings[0]
    assert (what, file) == ("overflow", __file__)
    assert source == "return np.exp(x), None"


def test_float64_for_float32_is_called_a_promotion():
    """The hint names the three usual sources of float64 at once."""
    verdict = _verdict(
        "leaky_relu", lambda x, slope: (np.where(x > 0, x, slope * x), lambda gy: gy * np.where(x > 0, 1, slope))
    )
    assert verdict.why == "gx has dtype float64, but should be float32, like the inputs"
    assert all(words in verdict.hints[0] for words in ("promotes", "np.where(", "np.sqrt(2 / np.pi)", "np.zeros"))
