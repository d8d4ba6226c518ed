"""What is plain to see is told before any cause: exceptions, shapes, a Jacobian in the place of a gradient, an unused gy."""

import numpy as np
import pytest

from tests import test_ops
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.verdict import Verdict
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.meta.late import diagnose

ROWS = {op.name: op for ops in operations().values() for op in ops}
SCALAR = "only where x is a single number, of shape ()"


def _verdict(op: str, function) -> Verdict:
    """The first verdict on forward or gradient that is no pass."""
    examiner = Examiner(Here("yours", {op: function}.get), seed=0, explain=diagnose)
    verdicts = (examiner.verdict(test.property, ROWS[op]) for test in (test_ops.test_forward, test_ops.test_gradient))
    return next(v for v in verdicts if v.status != "pass")


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _flat_jacobian(x):
    y = _softmax(x)
    column = y.reshape(-1, 1)
    return y, lambda gy: np.diagflat(column) - column @ column.T


def _jacobian_a_row(x):
    y = _softmax(x)
    return y, lambda gy: y[..., None] * (np.eye(x.shape[-1]) - y[..., None, :])


def _jacobian_of_the_logarithm(x):
    y = _softmax(x)
    return np.log(y), lambda gy: np.eye(x.shape[-1]) - y[..., None, :]


@pytest.mark.parametrize(
    ("op", "function"),
    [("softmax", _flat_jacobian), ("softmax", _jacobian_a_row), ("log_softmax", _jacobian_of_the_logarithm)],
)
def test_a_jacobian_is_called_one(op, function):
    """A grad that returns its Jacobian is told so, with shapes that show it, and what makes a gradient of it."""
    verdict = _verdict(op, function)
    assert verdict.why == "gx has shape (5, 5), but should be (5,): it is the Jacobian J, and gy is not used"
    assert verdict.hints == ["multiply: gx = gy @ J"] or verdict.hints == ("multiply: gx = gy @ J",)


def test_an_array_that_is_no_jacobian_is_not_called_one():
    """An outer product that does not depend on gy, of the Jacobian's shape, is a wrong shape and an unused gy, no more."""

    def softmax(x):
        y = _softmax(x)
        return y, lambda gy: y[..., None] * y[..., None, :]

    verdict = _verdict("softmax", softmax)
    assert "has shape" in verdict.why
    assert "Jacobian" not in verdict.why


def test_an_exception_keeps_its_text_beside_another_fault():
    """`len()` of a single number is told with its text, line and place, and what is wrong elsewhere comes after it."""

    def mean_square_error(x, y):
        return ((x - y) ** 2).mean(), lambda gl: gl * 2 * (x - y) / len(x)

    verdict = _verdict("mean_square_error", mean_square_error)
    first, second = verdict.diagnosis.parts
    assert verdict.status == "error"
    assert first.startswith("TypeError: len() of unsized object (test_facts.py, line ")
    assert first.endswith(SCALAR)
    assert "divided by the length of the first axis" in second


def _long_forward(x):
    assert len(x) >= 0
    y = np.tanh(x)
    return y, lambda gy: gy * (1 - y) * (1 + y)


def _long_grad(x):
    y = np.tanh(x)
    return y, lambda gy: gy * (1 - y) * (1 + y) * min(1, len(gy) + 1)


@pytest.mark.parametrize("function", [_long_forward, _long_grad])
def test_an_exception_of_single_numbers_says_only_so(function):
    """What raises an exception for shape () alone says that, in forward and in grad."""
    (part,) = _verdict("tanh", function).diagnosis.parts
    assert part.startswith("TypeError: len() of unsized object")
    assert part.endswith(SCALAR)


def test_an_exception_everywhere_is_bound_to_no_place():
    """What always raises is not said to do so only somewhere."""

    def tanh(x):
        raise ValueError("of every shape")

    assert "only where" not in _verdict("tanh", tanh).why


def test_a_cause_keeps_the_shape():
    """Where a cause is found for an array of the wrong shape, the sentence begins with the shape."""

    def rms_norm(x, gamma, eps):
        r = np.sqrt((x * x).mean(-1, keepdims=True) + eps)
        z = x / r

        def grad(gy):
            gz = gy * gamma
            return (gz - z * (gz * z).mean(-1, keepdims=True)) / r, gy * z

        return gamma * z, grad

    assert _verdict("rms_norm", rms_norm).why == (
        "ggamma has shape (1, 1), but should be (1,), like gamma: (D,): ggamma is not summed over axes 0 and 1"
    )


def test_a_shape_without_a_cause_is_shown_on_a_larger_example_too():
    """The smallest example has lengths of 1 only, which say little."""

    def mean_square_error(x, y):
        return ((x - y) ** 2).mean(), lambda gl: np.stack([gl * (x - y), np.sin(x)])

    assert _verdict("mean_square_error", mean_square_error).why == (
        "gx has shape (2,), but should be (), like x: (...), and (2, 5) in place of (5,) on a larger example"
    )


def test_an_unused_gy_comes_before_other_faults():
    """A gradient that is the same for every gy is told so, whatever else is wrong with it."""

    def tanh(x):
        return np.tanh(x), lambda gy: 3 + np.sin(x)

    verdict = _verdict("tanh", tanh)
    assert verdict.diagnosis.parts[0] == "gy is not used: gx is the same for every gy"
    assert "multiply by gy" in verdict.hints[0]
