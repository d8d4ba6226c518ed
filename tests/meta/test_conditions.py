"""A condition holds of all that differs, not only of what the tolerance refuses."""

import numpy as np
import pytest

from tests import test_ops
from tests.harness.judgement.examiner import Examiner
from tests.harness.judgement.tolerance import RTOL
from tests.harness.rows.catalogue import operations
from tests.harness.submissions.here import Here
from tests.meta.late import diagnose
from tests.meta.share import share
from tests.specs.normalization import EPS

OPERATIONS = {op.name: op for ops in operations().values() for op in ops}
HIDDEN = RTOL["float64"] / 3  # relative: what the tolerance lets pass


def _log_softmax(z):
    return z - z.max(-1, keepdims=True) - np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True))


def _cross_entropy(probabilities):
    """Cross entropy of probabilities that are changed first."""

    def cross_entropy(logits, labels):
        p = probabilities(np.exp(_log_softmax(logits)))
        return -np.log(p[np.arange(len(labels)), labels]).mean(), abs

    return cross_entropy


def _affine(also: float):
    """An affine that is off by 1 where N = K, and in a share `also` of itself wherever."""

    def affine(x, w, b):
        y = x @ w + b
        return y * (1 + also) + (x.shape[0] == x.shape[1]), abs

    return affine


def _relu(also: float):
    """A relu that is twice too large above 1, and in a share `also` of itself wherever."""
    return lambda x: (np.maximum(x, 0) * (1 + (x > 1) + also), abs)


def _layer_norm(also: float):
    """A layer norm with something added where it divides."""

    def layer_norm(x, gamma, beta, eps):
        scale = np.sqrt(x.var(-1, keepdims=True) + eps) + also
        return (x - x.mean(-1, keepdims=True)) / scale * gamma + beta, abs

    return layer_norm


# fmt: off
SLIGHT = [
    ("cross_entropy", "probabilities clipped at 1e-7", _cross_entropy(lambda p: np.clip(p, 1e-7, 1 - 1e-7))),
    ("cross_entropy", "probabilities clipped at 1e-12", _cross_entropy(lambda p: np.clip(p, 1e-12, 1 - 1e-12))),
    ("cross_entropy", "1e-12 added to probabilities", _cross_entropy(lambda p: p + 1e-12)),
    ("log_softmax", "1e-12 added to probabilities", lambda x: (np.log(np.exp(_log_softmax(x)) + 1e-12), abs)),
    ("logsumexp", "1e-12 added to the sum", lambda x: (np.log(np.exp(x).sum(-1) + 1e-12), abs)),
    ("layer_norm", "1e-10 added to the root", _layer_norm(min(EPS.options) * 1e-5)),
    ("affine", "1 added where N = K, all else off", _affine(HIDDEN)),
    ("relu", "doubled above 1, all else off", _relu(HIDDEN)),
]
# fmt: on


def _forward(op: str, function):
    return Examiner(Here("s", {op: function}.get), 0, explain=diagnose).verdict(
        test_ops.test_forward.property, OPERATIONS[op]
    )


@pytest.mark.parametrize(
    ("op", "function"), share([pytest.param(op, f, id=f"{op}: {name}") for op, name, f in SLIGHT], 4)
)
def test_no_condition_is_drawn_by_the_tolerance(op, function):
    """Where something small is added or clipped, or differs elsewhere as well, nothing is wrong "only where" it is too much."""
    verdict = _forward(op, function)
    assert verdict.status == "fail"
    assert not any(word in verdict.why for word in ("only where", "unless", "only in", "except"))


def test_rounding_is_no_difference():
    """What is right but for rounding, by another formula too, leaves a condition as it is."""
    assert _forward("affine", _affine(0)).why.startswith("y is wrong only where N == K")
    assert _forward("affine", _affine(4e-16)).why.startswith("y is wrong only where N == K")
    wide = _forward("layer_norm", _by_products)
    assert wide.why.startswith("y is wrong only where D == 1")


def _by_products(x, gamma, beta, eps):
    """A layer norm that takes a difference of products, which cancel, and is wrong for one feature."""
    scale = gamma / np.sqrt(x.var(-1, keepdims=True) + eps)
    return x * scale - x.mean(-1, keepdims=True) * scale + beta + (x.shape[-1] == 1), abs
